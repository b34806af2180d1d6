package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// showReport is «Сообщить об ошибке» (ERR-01), open to everybody. Page and error
// id come from the link at the bottom of the page that it is about.
func (s *Site) showReport(w http.ResponseWriter, r *http.Request) error {
	if in, ok := s.kept(w, r); ok {
		return s.reportPage(w, r, http.StatusOK, in)
	}
	q := r.URL.Query()
	return s.reportPage(w, r, http.StatusOK, asked{
		key: kit.NewKey(), page: support.CleanPage(kit.Clean(q.Get("page"))), errorID: support.CleanErrorID(q.Get("error")),
	})
}

// sendReport makes a ticket of the report (ERR-02).
func (s *Site) sendReport(w http.ResponseWriter, r *http.Request) error {
	in, err := askedOf(r)
	if err != nil {
		return err
	}
	if out, err := s.signedOut(w, r, in); out {
		return err
	}
	x, err := s.openTicket(w, r, in, true)
	if err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "text"})
		if !ok {
			return err
		}
		in.bad = bad
		return s.reportPage(w, r, kit.Status(fault.KindOf(err)), in)
	}
	return s.sent(w, r, x, "/report/sent")
}

func (s *Site) showReportSent(w http.ResponseWriter, r *http.Request) error {
	return s.sentPage(w, r, "support.report.title", "/report", "support.sent.report")
}

// reportPage shows what will be sent along: nothing leaves unseen.
func (s *Site) reportPage(w http.ResponseWriter, r *http.Request, status int, in asked) error {
	s.mux.Device(w, r)
	l := s.words(r)
	out := page.ReportForm{
		Hidden: append(formHidden(r, in), ui.Hidden{Name: "page", Value: in.page}, ui.Hidden{Name: "error", Value: in.errorID}),
		Text:   in.text, Email: in.email, Trap: in.trap, Error: in.bad.Field, Anonymous: visitorOf(r) == nil,
	}
	or := func(s, none string) string {
		if s == "" {
			return l.T(none)
		}
		return s
	}
	if in.kept {
		out.Kept = l.t("session.kept")
	}
	out.With = []ui.Row{{Key: l.T("support.report.page"), Value: or(in.page, "support.report.page_none")}}
	if in.errorID != "" {
		out.With = append(out.With, ui.Row{Key: l.T("support.report.error"), Value: in.errorID})
	}
	out.With = append(out.With,
		ui.Row{Key: l.T("support.report.browser"), Value: or(r.UserAgent(), "support.report.browser_none")},
		ui.Row{Key: l.T("support.report.time"), Value: l.T("support.report.time_text")})
	p := s.page(r, l.T("support.report.title"))
	p.NoIndex, p.Errors = true, in.bad.Summary
	p.Breadcrumbs = l.crumbs(link(l.t("help.title"), "/help/"))
	return kit.Render(w, r, status, p, page.ReportPage(out))
}
