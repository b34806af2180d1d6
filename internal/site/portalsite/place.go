package portalsite

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

const (
	placeCookie = "place"
	// placeLife is the longest life that browsers grant a cookie.
	placeLife = 400 * 24 * time.Hour
	// placeChoices bounds a list of places that bear one name.
	placeChoices = 20
)

func (s *Site) placeRoutes() {
	if s.Places == nil {
		return
	}
	m := s.mux
	m.Handle("GET /place", s.showPlace)
	m.Handle("POST /place", s.choosePlace)
	m.Handle("GET /place/suggest", s.suggestPlaces)
	m.Handle("GET /place/{code}", s.showWithin)
}

// placeOf is where the visitor is: his choice in the profile, then that of the
// browser (GEO-07), then the capital of the region.
func (s *Site) placeOf(r *http.Request) directory.Place {
	if s.Places != nil {
		var codes []string
		if v := visitorOf(r); v != nil {
			codes = append(codes, v.acc.Place)
		}
		for _, code := range append(codes, s.mux.Cookie(r, placeCookie)) {
			if one := s.Places.Find(code); one != nil {
				return *one
			}
		}
	}
	b := s.brand(r.Context())
	if s.Places != nil {
		if one := s.Places.TownNamed(s.Region.Code, b.Place); one != nil {
			return *one
		}
	}
	return directory.Place{Region: s.Region.Code, Name: b.Place, Parent: b.Region.RU}
}

// regionName is the name of the portal's region in the visitor's language: as the
// region calls itself in it, else as the dictionary of places does.
func (s *Site) regionName(r *http.Request, l words) string {
	b := s.brand(r.Context())
	if name := b.Region.In(l.Lang()); name != "" && (l.Lang() == "ru" || name != b.Region.RU) {
		return name
	}
	if s.Places != nil {
		if region := s.Places.Region(s.Region.Code); region != nil {
			return region.In(l.Lang())
		}
	}
	return b.Region.RU
}

// townOf is the name of the visitor's town, by which offices and centres are
// put in order; "" when he has chosen a whole region.
func (s *Site) townOf(r *http.Request) string {
	one := s.placeOf(r)
	if s.Places == nil {
		return one.Name
	}
	if t := s.Places.Town(one.Code); t != nil {
		return t.Name
	}
	return ""
}

// framePlace is the place in the utility bar with the way to change it.
func (s *Site) framePlace(r *http.Request, p *layout.Page) {
	one := s.placeOf(r).In(s.words(r).Lang())
	p.Place.Short = one.Name
	if rest, ok := strings.CutPrefix(one.String(), one.Name); ok {
		p.Place.Long = rest
	}
	if s.Places != nil {
		p.Place.URL = placeURL("", p.PageURL)
	}
}

// placeURL is the choice of a place, or of one within another.
func placeURL(code, back string) string {
	u := "/place"
	if code != "" {
		u += "/" + code
	}
	if back != "" && back != "/" {
		u += "?back=" + url.QueryEscape(back)
	}
	return u
}

// backOf is where one goes after the choice; never to the choice again.
func backOf(s string) string {
	back := kit.LocalPath(s, "/")
	if path, _, _ := strings.Cut(back, "?"); path == "/place" || strings.HasPrefix(path, "/place/") {
		return "/"
	}
	return back
}

func (s *Site) showPlace(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	back := backOf(q.Get("back"))
	if code := q.Get("region"); s.Places.Region(code) != nil {
		return kit.See(w, r, placeURL(code, back))
	}
	return s.wherePage(w, r, http.StatusOK, back, page.Where{})
}

// wherePage is the beginning of the choice; v carries what was typed.
func (s *Site) wherePage(w http.ResponseWriter, r *http.Request, status int, back string, v page.Where) error {
	l, now := s.words(r), s.placeOf(r)
	v.Title, v.Lead, v.Search = l.t("place.title"), l.t("place.now", "place", now.In(l.Lang()).String()), true
	v.Hidden = hiddenBack(back)
	if t := s.Places.Town(now.Code); t != nil && len(s.Places.Districts(t.Code)) > 0 {
		v.More = link(l.t("place.districts", "town", t.In(l.Lang()).Name), placeURL(t.Code, back))
	}
	v.Portal = s.ownPortal(r, l, now)
	c := &ui.Choice{Field: ui.Field{Name: "region", Label: l.t("place.region"), Value: now.Region}}
	for _, one := range s.Places.Regions() {
		c.Options = append(c.Options, ui.Option{Value: one.Code, Text: one.In(l.Lang())})
	}
	v.Regions = c
	p := s.page(r, v.Title)
	p.NoIndex = true
	p.Breadcrumbs = l.crumbs()
	if v.Error != "" {
		p.Errors = []ui.FieldError{{Field: "q", Text: v.Error}}
	}
	return kit.Render(w, r, status, p, page.WherePage(v))
}

// nearer puts what is in the town before everything else and leaves the order
// otherwise. Addresses name the town as «г. Тобольск, ул. Ленина» or alone.
func nearer[T any](town string, addresses func(T) []string) func(a, b T) int {
	here := func(x T) int {
		for _, a := range addresses(x) {
			head, _, _ := strings.Cut(a, ",")
			if town != "" && strings.TrimPrefix(head, "г. ") == town {
				return 0
			}
		}
		return 1
	}
	return func(a, b T) int { return here(a) - here(b) }
}

func addresses(offices []directory.Office) []string {
	var out []string
	for _, o := range offices {
		out = append(out, o.Address)
	}
	return out
}

func hiddenBack(back string) []ui.Hidden { return []ui.Hidden{{Name: "back", Value: back}} }

// ownPortal is the door to the portal of the region that a place lies in, when
// that is another one (GEO-06).
func (s *Site) ownPortal(r *http.Request, l words, one directory.Place) *page.Door {
	address := s.Neighbours[one.Region]
	region := s.Places.Region(one.Region)
	if address == "" || region == nil || one.Region == s.Region.Code {
		return nil
	}
	return &page.Door{
		Title: l.t("place.portal_title", "region", region.In(l.Lang())), Text: l.t("place.portal_text", "own", s.regionName(r, l)),
		Link: ui.Link{Text: l.t("place.portal_link", "region", region.In(l.Lang())), Href: address + "/", Icon: icon.External},
	}
}

// showWithin are the towns of a region or the districts of a town.
func (s *Site) showWithin(w http.ResponseWriter, r *http.Request) error {
	one := s.Places.Find(r.PathValue("code"))
	if one == nil {
		return fault.NotFound("portal.place.unknown")
	}
	l, back := s.words(r), backOf(r.URL.Query().Get("back"))
	v := page.Where{Title: one.In(l.Lang()).String(), Hidden: hiddenBack(back), Portal: s.ownPortal(r, l, *one)}
	inside, whole, label := s.Places.Districts(one.Code), l.t("place.whole_town"), l.t("place.district")
	if one.Code == one.Region {
		inside, whole, label = s.Places.Towns(one.Code), l.t("place.whole_region"), l.t("place.town")
	}
	v.Choices = s.choices(r, append([]directory.Place{*one}, inside...), label)
	v.Choices.Options[0].Text = whole
	if len(inside) == 0 {
		v.Choices.Options[0].Text = one.In(l.Lang()).Name
	}
	for i, in := range inside {
		v.Choices.Options[i+1].Text = in.In(l.Lang()).Name
	}
	p := s.page(r, v.Title)
	p.NoIndex = true
	p.Breadcrumbs = l.crumbs(link(l.t("place.title"), placeURL("", back)))
	return kit.Render(w, r, http.StatusOK, p, page.WherePage(v))
}

func (s *Site) choices(r *http.Request, list []directory.Place, label string) *ui.Choice {
	c := &ui.Choice{Field: ui.Field{Name: "place", Label: label, LabelSize: "m", Value: s.placeOf(r).Code}}
	lang := s.words(r).Lang()
	for _, one := range list {
		c.Options = append(c.Options, ui.Option{Value: one.Code, Text: one.In(lang).String()})
	}
	return c
}

// choosePlace keeps the place, given by its code or by words (GEO-05, GEO-07).
func (s *Site) choosePlace(w http.ResponseWriter, r *http.Request) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	l, back := s.words(r), backOf(f.Text("back"))
	one, typed := s.Places.Find(f.Text("place")), f.Text("q")
	if one == nil {
		found := s.Places.Resolve(typed)
		switch {
		case typed == "":
			return s.wherePage(w, r, http.StatusUnprocessableEntity, back, page.Where{Error: l.t("place.empty")})
		case len(found) == 0:
			return s.wherePage(w, r, http.StatusUnprocessableEntity, back, page.Where{Query: typed, Error: l.t("place.nothing")})
		case len(found) > 1:
			found = found[:min(placeChoices, len(found))]
			return s.wherePage(w, r, http.StatusOK, back, page.Where{Query: typed, Choices: s.choices(r, found, l.t("place.which"))})
		}
		one = &found[0]
	}
	s.mux.SetCookie(w, placeCookie, one.Code, placeLife)
	if v := visitorOf(r); v != nil {
		if err := s.Accounts.SetPlace(r.Context(), v.acc.ID, one.Code); err != nil {
			return err
		}
	}
	if one.Region != s.Region.Code && s.Neighbours[one.Region] != "" {
		return kit.See(w, r, placeURL(one.Region, back))
	}
	return kit.See(w, r, back)
}

// suggestPlaces is the list under the line while one types (GEO-03).
func (s *Site) suggestPlaces(w http.ResponseWriter, r *http.Request) error {
	var out []ui.Suggestion
	for _, one := range directory.Distinct(s.Places.Suggest(kit.Clean(r.URL.Query().Get("q")), 8)) {
		out = append(out, ui.Suggestion{Text: one.In(s.words(r).Lang()).String(), Icon: icon.Pin})
	}
	return kit.Fragment(w, r, page.Suggestions(out))
}
