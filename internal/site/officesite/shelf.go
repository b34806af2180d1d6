package officesite

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// shelf is a kind of thing that editors publish, entry by entry: agencies, centres, texts.
type shelf struct {
	tab   string // path of its tab
	at    string // path of its list
	names string // where the messages of its title, lead and «new» begin: "manage.agency"
	words string // where the others begin: "manage.directory"
}

func (h shelf) entry(code string) string { return h.at + "/entries/" + code }

// shelfList is the list's page without its rows.
func (s *Site) shelfList(w http.ResponseWriter, r *http.Request, o *officer.Officer, h shelf, query string, paging kit.Paging, shown int, head ...string) page.List {
	l := s.words(r)
	title := l.T(h.names + ".title")
	v := page.List{
		Manage: s.manage(w, r, o, h.tab, title, l.T(h.names+".lead")), Action: h.at, Query: query, SearchLabel: l.T(h.words + ".search"), Label: title,
		Empty: l.T(h.words + ".empty"), EmptyText: l.T(h.words + ".empty_text"), Shown: l.T("manage.shown", "n", shown, "of", paging.Total),
		Pager: paging.Pager(), Head: heads(l, head...),
	}
	if o.Edits(officer.WholePortal) {
		v.Buttons = []ui.ButtonProps{{Text: l.T(h.names + ".new"), Href: h.at + "/new", Class: "okno-m0"}}
	}
	return v
}

// shelfForm is the form of an entry, or why the officer has none.
func (w words) shelfForm(h shelf, mine bool, action string, seen int64, button string, fields []templ.Component) templ.Component {
	if !mine {
		return ui.Inset(ui.InsetProps{Text: w.T("officer.other_agency")})
	}
	return page.Panel("data", w.T(h.words+".data"), false, page.FormOf(page.Form{
		Action: action, Hidden: []ui.Hidden{version(seen)}, Fields: fields, Button: button, Back: &ui.Link{Text: w.T("manage.back"), Href: h.at},
	}))
}

// edition is a line of an entry's history. n is its number, and href where it can be read
// again: "" for the current one and those that took the entry off the pages.
type edition struct {
	title string
	at    time.Time
	by    string // id
	n     any
	href  string
}

// historyPanel lists the editions of an entry with who made them.
func (s *Site) historyPanel(r *http.Request, list []edition) (templ.Component, error) {
	l := s.words(r)
	var ids []string
	for _, e := range list {
		ids = append(ids, e.by)
	}
	who, err := s.who(r, ids)
	if err != nil {
		return nil, err
	}
	var past []page.Past
	for _, e := range list {
		p := page.Past{Title: e.title, When: l.moment(e.at), DateTime: l.machine(e.at), Text: who(e.by)}
		if e.href != "" {
			p.Links = []ui.Link{{Text: l.T("manage.version", "n", e.n), Href: e.href}}
		}
		past = append(past, p)
	}
	return page.Panel("history", l.T("manage.history"), false, page.PastList(past, "")), nil
}
