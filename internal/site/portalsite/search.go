package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// showSearch finds services by words (CAT-04).
func (s *Site) showSearch(w http.ResponseWriter, r *http.Request) error {
	q := kit.Clean(r.URL.Query().Get("q"))
	found, err := s.Services.Search(r.Context(), q, catalogue.Filter{})
	if err != nil {
		return err
	}
	if q != "" && len(found.Services) == 0 && s.Missed != nil {
		s.Missed(q, searcher(r))
	}
	l := s.words(r)
	title := l.t("search.crumb")
	if q != "" {
		title = l.t("search.title", "q", q)
	}
	p := s.page(r, title)
	p.NoIndex = true
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"))
	c := page.Catalogue{Title: l.t("catalogue.title"), Tabs: l.catalogueTabs(""), Query: q, Search: true}
	if q != "" && found.Query != q {
		c.Similar = l.t("search.switched", "q", found.Query)
	}
	return s.showList(w, r, p, c, found.Services, true)
}

// searcher tells visitors of a day apart: by their account, or else by network and
// browser. It is hashed for the day and stored nowhere.
func searcher(r *http.Request) string {
	if v := visitorOf(r); v != nil && v.acc != nil {
		return v.acc.ID
	}
	return kit.Address(r).String() + " " + r.UserAgent()
}

// suggest is the list under the search line while one types.
func (s *Site) suggest(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Services.Suggest(r.Context(), kit.Clean(r.URL.Query().Get("q")), 6)
	if err != nil {
		return err
	}
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	var out []ui.Suggestion
	for _, sv := range list {
		out = append(out, ui.Suggestion{Text: l.in(sv.Title), Note: names[sv.Agency], Href: "/services/" + sv.Code, Icon: icon.Doc})
	}
	return kit.Fragment(w, r, page.Suggestions(out))
}
