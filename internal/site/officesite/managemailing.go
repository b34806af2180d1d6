package officesite

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// mailingPanel offers to tell those who have asked for news, or says how far that is.
func (s *Site) mailingPanel(r *http.Request, l words, in *textForm) (templ.Component, error) {
	body := []templ.Component{}
	done, err := s.Notices.MailingOf(r.Context(), newsObject(in.Code))
	switch {
	case err != nil:
		return nil, err
	case done != nil && done.EndedAt != nil:
		body = append(body, ui.P(l.T("manage.text.mailed", "n", done.Sent, "at", l.moment(*done.EndedAt))))
	case done != nil:
		body = append(body, ui.P(l.T("manage.text.mailing", "n", done.Sent)))
	case in.Since.After(s.Clock.Now()):
		body = append(body, ui.P(l.T("manage.text.mail_later", "day", l.day(in.Since))))
	default:
		n, err := s.Notices.Subscribers(r.Context())
		if err != nil {
			return nil, err
		}
		body = append(body, ui.P(l.T("manage.text.mail_text", "n", n)))
		if n > 0 {
			f := field{l, in.bad, "manage.text."}
			body = append(body, page.FormOf(page.Form{
				Action: textAt(content.KindNews, in.Code) + "/mail", Hidden: []ui.Hidden{version(int64(in.number))}, Fields: []templ.Component{f.tick("mail_sure", false)}, Button: l.T("manage.text.mail"), Kind: "secondary",
			}))
		}
	}
	return page.Panel("mail-panel", l.T("manage.text.mail_title"), false, body...), nil
}

func newsObject(code string) string { return string(content.KindNews) + "/" + code }

// mailNews begins to tell of a news, once (NTS-02).
func (s *Site) mailNews(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	seen, err := versionOf(f)
	if err != nil {
		return err
	}
	// The edition that the editor has before him, as the database has it: what goes
	// out cannot be called back.
	e, err := s.Contents.Newest(r.Context(), content.KindNews, r.PathValue("code"))
	if err != nil {
		return err
	}
	if e.Withdrawn || e.Since.After(s.Clock.Now()) {
		return fault.NotFound("content.not_found")
	}
	at := textAt(content.KindNews, e.Code)
	if !f.Ticked("mail_sure") {
		err = fault.Invalid("manage.text.mail_unsure", fault.F("mail_sure", "manage.text.mail_unsure"))
	} else if int64(e.Number) != seen {
		err = fault.Conflict("content.changed_meanwhile")
	} else {
		err = s.Notices.Mail(r.Context(), notice.Mailing{
			Object: newsObject(e.Code), Topic: "news", Args: mailingArgs(&e.Entry), StartedBy: o.ID,
		}, func(ctx context.Context, tx *db.Tx) error {
			return s.Officers.Editing(o.ID, officer.DeedMailing, newsObject(e.Code), "")(ctx, tx, officer.WholePortal)
		})
	}
	return s.settled(w, r, err, "", "manage.text.mail_begun", at, func(status int, bad kit.Wrong) error {
		in := textForm{Entry: e.Entry, number: e.Number, since: e.Since.Format("02.01.2006"), bad: bad}
		return s.textPage(w, r, o, status, in)
	})
}

// longestHeadline is what of a title an SMS of two parts has room for.
const longestHeadline = 60

// mailingArgs are title, lead and headline of a news in all its languages.
func mailingArgs(e *content.Entry) map[string]string {
	out := map[string]string{}
	put := func(name string, t form.Text, cut int) {
		for suffix, v := range map[string]string{"": t.RU, ".tt": t.TT, ".en": t.EN} {
			if v = strings.TrimSpace(v); v != "" || suffix == "" {
				out[name+suffix] = shorten(v, cut)
			}
		}
	}
	put("title", e.Title, 0)
	put("headline", e.Title, longestHeadline)
	lead := e.Short
	if lead.RU == "" {
		lead = e.Title
	}
	put("lead", lead, 0)
	return out
}

// shorten cuts a text at a space; 0 leaves it.
func shorten(v string, most int) string {
	r := []rune(v)
	if most == 0 || len(r) <= most {
		return v
	}
	cut := string(r[:most-1])
	if i := strings.LastIndex(cut, " "); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.:;–-") + "…"
}
