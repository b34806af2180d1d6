package portalsite

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// showCheck shows all answers and files before they are signed (SVC-09).
func (s *Site) showCheck(w http.ResponseWriter, r *http.Request, v *visitor) error {
	return s.checkPage(w, r, v, http.StatusOK, kit.Wrong{})
}

func (s *Site) checkPage(w http.ResponseWriter, r *http.Request, v *visitor, status int, bad kit.Wrong) error {
	l := s.words(r)
	d, err := s.Applications.Open(r.Context(), v.acc.ID, r.PathValue("id"), l)
	if err != nil {
		return err
	}
	if next := d.State.Next(); next != "" {
		return kit.See(w, r, "/lk/drafts/"+d.ID+"/"+next+"?errors")
	}
	agency, err := s.Directory.Known(r.Context(), d.Card.Agency)
	if err != nil {
		return err
	}
	out := page.Check{
		Service: l.in(d.Title), Names: l.stepNames(d.State), Profile: s.IDP + "/profile/data", Errors: bad.Summary,
		Consent: l.t("check.confirm"), Sign: l.t("check.sign"), SaveURL: "/lk/applications", Action: "/lk/drafts/" + d.ID + "/check",
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.Itoa(d.Version)}}, Next: s.whatNext(l, d, agency.In(l.Lang()).Short),
	}
	out.Sections = append(out.Sections, l.parties(d))
	out.Sections = append(out.Sections, l.checkSections(d.State.Application(), func(step string) string { return "/lk/drafts/" + d.ID + "/" + step })...)
	if n := waiting(d); n > 0 {
		out.Waiting = l.t("check.waiting", "n", n)
	}
	p := s.page(r, l.t("check.title"))
	p.NoIndex = true
	if bad.Any() {
		p.Title = l.T("ui.error") + ": " + p.Title
	}
	p.Back = &ui.Link{Href: "/lk/drafts/" + d.ID + "/" + d.State.Before("")}
	return kit.Render(w, r, status, p, page.CheckPage(out))
}

// whatNext says until when the agency registers and answers.
func (s *Site) whatNext(l words, d *application.DraftView, agency string) string {
	if d.Card.Term.IsZero() {
		return l.t("check.next_now", "agency", agency)
	}
	cal := s.Applications.Calendar
	reg := d.Card.Registration
	if reg.IsZero() {
		reg = term.Term{Days: 1, Unit: term.WorkingDays}
	}
	registered := cal.Due(l.now, reg, l.zone)
	// The term of the service begins with the registration, at the latest.
	until := cal.LastDay(term.DueDay(registered, l.zone), d.Card.Term)
	return l.t("check.next", "agency", agency, "registered", l.lastDay(registered), "until", l.Date(until))
}

// parties says for whom the application is filed (SVC-26).
func (w words) parties(d *application.DraftView) page.CheckSection {
	p := d.Profile.Person
	row := ui.Row{Key: w.t("check.who"), Value: w.t("check.role.self")}
	if sub := d.State.Subject(); sub.Capacity == application.CapacityChild {
		row.Value = w.t("check.role.child", "name", join(sub.Person.Surname, sub.Person.Name, sub.Person.Patronymic))
	}
	return page.CheckSection{Title: w.t("check.applicant"), Rows: []ui.Row{
		{Key: w.t("lk.fields.name"), Value: join(p.Surname, p.Name, p.Patronymic)}, row,
	}}
}

// checkSections are the answers as rows; step gives the address where an answer
// is changed, "" where it cannot be.
func (w words) checkSections(app form.Application, step func(string) string) []page.CheckSection {
	var out []page.CheckSection
	for _, sec := range app.Sections {
		cs := page.CheckSection{Title: sec.Title, Known: true}
		for _, a := range sec.Answers {
			cs.Known = cs.Known && a.Known
			var change []ui.Link
			if to := step(sec.Step); to != "" && !a.Known {
				change = []ui.Link{{Text: w.t("check.change"), Href: to}}
			}
			cs.Rows = append(cs.Rows, w.answerRows(a, change)...)
		}
		out = append(out, cs)
	}
	return out
}

func (w words) answerRows(a form.Answer, change []ui.Link) []ui.Row {
	var rows []ui.Row
	for _, line := range a.Lines {
		rows = append(rows, ui.Row{Key: line.Label, Value: line.Text})
	}
	for _, f := range a.Files {
		rows = append(rows, ui.Row{Key: a.Label, Value: f.Name + ", " + w.size(f.Size)})
	}
	if len(rows) == 0 {
		rows = []ui.Row{{Key: a.Label, Value: w.t("check.none")}}
	}
	rows[0].Actions = change
	return rows
}

func waiting(d *application.DraftView) int {
	n := 0
	for _, id := range d.State.FileIDs() {
		if d.Files[id].Waiting {
			n++
		}
	}
	return n
}

// submit is «Подписать и отправить»: sent twice it is one application (SVC-10).
func (s *Site) submit(w http.ResponseWriter, r *http.Request, v *visitor) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if !f.Ticked("confirm") {
		bad, _ := kit.WrongOf(r, fault.Invalid("portal.check.confirm_error", fault.F("confirm", "portal.check.confirm_error")), nil)
		return s.checkPage(w, r, v, http.StatusUnprocessableEntity, bad)
	}
	version, err := strconv.Atoi(f.Text("version"))
	if err != nil {
		return fault.Invalid("kit.bad_form").Wrap(err)
	}
	c := v.sess.Claims
	app, err := s.Applications.Submit(r.Context(), application.Submission{
		Owner: v.acc.ID, Draft: r.PathValue("id"), Version: version, Consent: s.words(r).t("check.confirm"), Words: s.words(r),
		Auth: application.Auth{Session: v.sess.ID, ACR: c.ACR, AMR: slices.Clone(c.AMR), Time: c.AuthTime},
	})
	switch {
	case err == nil:
		return kit.See(w, r, "/lk/applications/"+app.ID+"/sent")
	case fault.Is(err, fault.KindConflict), fault.Is(err, fault.KindInvalid):
		bad, _ := kit.WrongOf(r, err, map[string]string{"": "confirm"})
		return s.checkPage(w, r, v, kit.Status(fault.KindOf(err)), bad)
	}
	return err
}

// showSent is the confirmation with number, time and what happens next (SVC-11).
func (s *Site) showSent(w http.ResponseWriter, r *http.Request, v *visitor) error {
	d, err := s.Applications.Get(r.Context(), v.acc.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	l := s.words(r)
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return err
	}
	d.Body = body(&d.Application, names)
	at := "/lk/applications/" + d.ID
	out := page.Sent{
		Number: d.Number, When: l.DateTime(d.SubmittedAt, l.zone), Text: l.t("sent.text"), Open: at, PDF: at + "/receipt.pdf",
		Next: []ui.Moment{
			{Title: l.t("sent.sent", "agency", d.Body), When: l.moment(d.SubmittedAt), DateTime: l.machine(d.SubmittedAt)},
			{Title: l.t("sent.register"), State: "future", When: l.t("sent.until", "date", l.lastDay(d.RegisterBy))},
		},
	}
	if sv, err := s.Services.Revision(r.Context(), d.Revision); err == nil && !sv.Term.IsZero() {
		until := s.Applications.Calendar.LastDay(term.DueDay(d.RegisterBy, l.zone), sv.Term)
		if d.DueAt != nil {
			until = term.DueDay(*d.DueAt, l.zone)
		}
		out.Next = append(out.Next, ui.Moment{Title: l.t("sent.answer"), State: "future", When: l.t("sent.until", "date", l.Date(until))})
	}
	if out.Check, err = s.Applications.ProofURL(r.Context(), v.acc.ID, d.ID); err != nil {
		return err
	}
	return kit.Render(w, r, http.StatusOK, s.page(r, l.t("sent.title")), page.SentPage(out))
}
