package idsite

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// journalsView is one page of one section of the journal.
type journalsView struct {
	Side    []ui.Link
	Tabs    []ui.Link
	Group   string
	Kinds   []ui.Link // filter by kind
	Entries []journalEntry
	Next    string
	Filter  bool
}

// journalEntry is a line with what the person may recognise it by.
type journalEntry struct {
	Text, When, DateTime, Where string
	Rows                        []ui.Row
}

var journalTabs = []struct {
	group journal.Group
	path  string
}{
	{journal.GroupAction, "/profile/actions"},
	{journal.GroupSignIn, "/profile/actions/logins"},
	{journal.GroupExchange, "/profile/actions/requests"},
	{journal.GroupAccess, "/profile/actions/looks"},
}

// showJournal pages through a section (ID-SEC-07…09, ID-VER-18, ID-MFC-07).
func (s *Site) showJournal(group journal.Group) kit.HandlerFunc {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, m me) error {
		l := kit.L(r)
		q := r.URL.Query()
		kinds := journal.Kinds(group)
		v := journalsView{Side: side(l, "/profile/actions"), Group: string(group)}
		for _, t := range journalTabs {
			v.Tabs = append(v.Tabs, ui.Link{Text: l.T("idsite.journal." + string(t.group)), Href: t.path, Current: t.group == group})
		}
		chosen := journal.Kind(q.Get("kind"))
		filter := journal.Filter{Kinds: kinds, After: q.Get("after"), Limit: 20}
		if slices.Contains(kinds, chosen) {
			filter.Kinds, v.Filter = []journal.Kind{chosen}, true
		}
		if len(kinds) > 1 {
			v.Kinds = append(v.Kinds, ui.Link{Text: l.T("idsite.journal.all"), Href: r.URL.Path, Current: !v.Filter})
			for _, k := range kinds {
				v.Kinds = append(v.Kinds, ui.Link{
					Text: l.T("idsite.kind." + string(k)), Href: r.URL.Path + "?" + url.Values{"kind": {string(k)}}.Encode(), Current: k == chosen,
				})
			}
		}
		page, err := s.Journal.List(r.Context(), m.who.OID, filter)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			v.Entries = append(v.Entries, s.journalEntry(l, e))
		}
		if page.Next != "" {
			next := url.Values{"after": {page.Next}}
			if v.Filter {
				next.Set("kind", string(chosen))
			}
			v.Next = r.URL.Path + "?" + next.Encode()
		}
		p := kit.Base(r)
		p.Title = l.T("idsite.journal." + string(group))
		return kit.Render(w, r, http.StatusOK, p, journalsPage(v))
	})
}

// detailOrder are the details that a line shows, in this order.
var detailOrder = []string{"name", "agency", "purpose", "result", "centre", "act", "reason", "document", "method", "place", "section", "level", "scopes"}

func (s *Site) journalEntry(l *i18n.Localizer, e journal.Entry) journalEntry {
	v := journalEntry{
		Text: l.T("idsite.kind." + string(e.Kind)), When: l.DateTime(e.At, s.Zone), DateTime: e.At.Format("2006-01-02T15:04:05Z07:00"),
		Where: joined(e.Device, e.Address),
	}
	for _, d := range detailOrder {
		if value := e.Details[d]; value != "" {
			v.Rows = append(v.Rows, ui.Row{Key: l.T("idsite.detail." + d), Value: detailText(l, d, value)})
		}
	}
	return v
}

// detailText turns codes into words where there are words for them.
func detailText(l *i18n.Localizer, name, value string) string {
	switch name {
	case "agency":
		return verifierName(l, value)
	case "method":
		return named(l, "idsite.proofing.", value)
	case "document":
		return named(l, "idsite.doc.", value)
	case "level":
		return named(l, "idsite.level.word.", value)
	case "result", "purpose", "section", "act":
		return named(l, "idsite."+name+".", value)
	}
	return value
}

// named is the text of a code, or the code itself when there is no text.
func named(l *i18n.Localizer, prefix, code string) string {
	if l.Has(prefix + code) {
		return l.T(prefix + code)
	}
	return code
}
