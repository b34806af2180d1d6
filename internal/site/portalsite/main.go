package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// How much of each list the main page shows.
const (
	mainPopular    = 6
	mainSituations = 8
	mainShelf      = 4
	mainQuestions  = 5
)

// showMain is the main page (PRT-01).
func (s *Site) showMain(w http.ResponseWriter, r *http.Request) error {
	l, v := s.words(r), visitorOf(r)
	m, err := s.mainPage(r, l)
	if err != nil {
		return err
	}
	p := s.page(r, l.t("main.window", "region", s.regionName(r, l)))
	p.Bare = true
	if v != nil {
		if err := s.greet(r, l, v, &m); err != nil {
			return err
		}
		p.Title = l.t("nav.home")
	}
	return kit.Render(w, r, http.StatusOK, p, page.MainPage(m))
}

func (s *Site) mainPage(r *http.Request, l words) (page.Main, error) {
	ctx := r.Context()
	all, err := s.Services.All(ctx)
	if err != nil {
		return page.Main{}, err
	}
	m := page.Main{Total: len(all)}
	popular, err := s.Services.Popular(ctx, mainPopular)
	if err != nil {
		return m, err
	}
	for i, sv := range popular {
		m.Popular = append(m.Popular, l.popularCard(sv, s.icons(r, sv)))
		if i < 4 {
			m.Hints = append(m.Hints, link(hint(sv, l), "/services/"+sv.Code))
		}
	}
	events, err := s.Services.LifeEvents(ctx)
	if err != nil {
		return m, err
	}
	m.Situations = l.situationCards(events, 3)
	m.Situations = m.Situations[:min(mainSituations, len(m.Situations))]
	if m.Views, err = s.mainViews(r, l, events); err != nil {
		return m, err
	}
	if m.Questions, err = s.popularQuestions(r, mainQuestions); err != nil {
		return m, err
	}
	centres, err := s.Directory.Centres(ctx, "", nil)
	m.Centres = len(centres)
	return m, err
}

// hint is how people call a service: its first keyword.
func hint(sv *catalogue.Service, l words) string {
	if l.Lang() == "ru" && len(sv.Keywords) > 0 {
		return sv.Keywords[0]
	}
	return l.in(sv.Title)
}

func (w words) popularCard(sv *catalogue.Service, i icon.Name) ui.Card {
	return ui.Card{Title: w.in(sv.Title), Text: w.in(sv.Short), Href: "/services/" + sv.Code, Icon: i}
}

// icons is the icon of the first category of a service.
func (s *Site) icons(r *http.Request, sv *catalogue.Service) icon.Name {
	if len(sv.Categories) > 0 {
		if c, err := s.Services.Category(r.Context(), sv.Categories[0]); err == nil {
			return iconOf(c.Icon, icon.Doc)
		}
	}
	return icon.Doc
}

// mainViews are the three ways into the catalogue.
func (s *Site) mainViews(r *http.Request, l words, events []catalogue.Shelf[catalogue.LifeEvent]) ([]ui.View, error) {
	cats, err := s.Services.Categories(r.Context())
	if err != nil {
		return nil, err
	}
	agencies, err := s.Services.Agencies(r.Context())
	if err != nil {
		return nil, err
	}
	views := []ui.View{
		{Title: l.t("catalogue.by_category"), Icon: icon.Folder},
		{Title: l.t("catalogue.by_agency"), Icon: icon.Bank},
		{Title: l.t("catalogue.by_situation"), Icon: icon.Home},
	}
	n := [3]int{}
	add := func(i, count int, text, href string) {
		if count == 0 {
			return
		}
		if n[i]++; n[i] <= mainShelf {
			views[i].Links = append(views[i].Links, ui.Link{Text: text, Href: href, Count: count})
		}
	}
	for _, c := range cats {
		add(0, c.Count, l.in(c.Item.Title), "/categories/"+c.Item.Code)
	}
	for _, a := range agencies {
		add(1, a.Count, a.Item.In(l.Lang()).Short, "/agencies/"+a.Item.Code)
	}
	for _, e := range events {
		add(2, e.Count, l.in(e.Item.Title), "/situations/"+e.Item.Code)
	}
	views[0].More = link(l.t("catalogue.all_categories", "n", n[0]), "/categories")
	views[1].More = link(l.t("catalogue.all_agencies", "n", n[1]), "/agencies")
	views[2].More = link(l.t("catalogue.all_situations", "n", n[2]), "/situations")
	return views, nil
}

// greeting says good day by the hour in the region.
func (w words) greeting(name string) string {
	key := "main.night"
	switch h := w.now.In(w.zone).Hour(); {
	case h >= 5 && h < 12:
		key = "main.morning"
	case h >= 12 && h < 18:
		key = "main.day"
	case h >= 18 && h < 23:
		key = "main.evening"
	}
	return w.t(key, "name", name)
}
