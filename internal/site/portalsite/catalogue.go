package portalsite

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/art"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// pageSize is how many services a page of a list shows.
const pageSize = 20

// catalogueTabs are the three views and the registry (CAT-02, CAT-03).
func (w words) catalogueTabs(current string) []ui.Link {
	return []ui.Link{
		{Text: w.t("catalogue.registry"), Href: "/services", Current: current == "registry"},
		{Text: w.t("catalogue.categories"), Href: "/categories", Current: current == "categories"},
		{Text: w.t("catalogue.agencies"), Href: "/agencies", Current: current == "agencies"},
		{Text: w.t("catalogue.situations"), Href: "/situations", Current: current == "situations"},
	}
}

// showRegistry is the whole list with filters: «Реестр услуг».
func (s *Site) showRegistry(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Services.All(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.t("catalogue.title"))
	p.Breadcrumbs = l.crumbs()
	return s.showList(w, r, p, page.Catalogue{Title: l.t("catalogue.title"), Tabs: l.catalogueTabs("registry")}, all, true)
}

// showList renders services under the filters of the request, page by page.
func (s *Site) showList(w http.ResponseWriter, r *http.Request, p layoutPage, c page.Catalogue, all []*catalogue.Service, agencies bool) error {
	l := s.words(r)
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return err
	}
	f := filterOf(r)
	found := f.apply(all)
	paging := kit.PagingOf(r, pageSize)
	paging.Total = len(found)
	c.Found = len(found)
	c.Filter, c.Chosen = l.filter(r, f, all, names, agencies), l.chosen(r, f, names)
	from := min(paging.Offset(), len(found))
	for _, sv := range found[from:min(from+pageSize, len(found))] {
		c.Cards = append(c.Cards, l.resultCard(sv, names))
	}
	c.Pager = paging.Pager()
	return kit.Render(w, r, http.StatusOK, p, page.CataloguePage(c))
}

// agencyNames are the short names of the agencies by code.
func (s *Site) agencyNames(ctx context.Context) (map[string]string, error) {
	list, err := s.Directory.Agencies(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(list))
	for i := range list {
		out[list[i].Code] = list[i].In(i18n.From(ctx).Lang()).Short
	}
	return out, nil
}

// filters are what a list of services can be narrowed by (CAT-07, CAT-08).
type filters struct {
	delivery, level []string
	free            bool
	agency          string
}

func filterOf(r *http.Request) filters {
	q := r.URL.Query()
	return filters{delivery: q["how"], level: q["level"], free: q.Get("free") != "", agency: q.Get("agency")}
}

func (f filters) count() int {
	n := len(f.delivery) + len(f.level)
	if f.free {
		n++
	}
	if f.agency != "" {
		n++
	}
	return n
}

func (f filters) apply(all []*catalogue.Service) []*catalogue.Service {
	return slices.DeleteFunc(slices.Clone(all), func(sv *catalogue.Service) bool {
		return len(f.delivery) > 0 && !slices.Contains(f.delivery, sv.Delivery) ||
			len(f.level) > 0 && !slices.Contains(f.level, sv.Level) ||
			f.free && !sv.Fee.Free() || f.agency != "" && sv.Agency != f.agency
	})
}

var (
	deliveries = []string{catalogue.DeliveryRemote, catalogue.DeliveryInPerson, catalogue.DeliveryExternal}
	levels     = []string{"federal", "regional", "municipal"}
)

func (w words) filter(r *http.Request, f filters, all []*catalogue.Service, names map[string]string, agencies bool) *page.Filter {
	out := &page.Filter{Action: r.URL.Path, Count: f.count()}
	if q := kit.Clean(r.URL.Query().Get("q")); q != "" {
		out.Hidden = append(out.Hidden, ui.Hidden{Name: "q", Value: q})
	}
	boxes := func(name, label string, values []string, text func(string) string) {
		c := ui.Choice{Field: ui.Field{ID: "f-" + name, Name: name, Label: label, LabelSize: "s"}, Small: true, Values: r.URL.Query()[name]}
		for _, v := range values {
			c.Options = append(c.Options, ui.Option{Value: v, Text: text(v)})
		}
		out.Choices = append(out.Choices, c)
	}
	boxes("how", w.t("filter.channel"), deliveries, func(v string) string { return w.t("filter.channel." + v) })
	boxes("level", w.t("filter.level"), levels, func(v string) string { return w.t("filter.level." + v) })
	boxes("free", w.t("filter.cost"), []string{"1"}, func(string) string { return w.t("filter.cost.free") })
	if agencies {
		c := ui.Choice{Field: ui.Field{ID: "f-agency", Name: "agency", Label: w.t("filter.agency"), Value: f.agency}}
		c.Options = append(c.Options, ui.Option{Text: w.t("filter.agency.any")})
		var codes []string
		for _, sv := range all {
			if !slices.Contains(codes, sv.Agency) {
				codes = append(codes, sv.Agency)
			}
		}
		slices.SortFunc(codes, func(a, b string) int { return compare(names[a], names[b]) })
		for _, code := range codes {
			c.Options = append(c.Options, ui.Option{Value: code, Text: names[code]})
		}
		out.Agency = &c
	}
	return out
}

func compare(a, b string) int {
	a, b = rutext.MatchKey(a), rutext.MatchKey(b)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// chosen are the filters in force, each with the address without it.
func (w words) chosen(r *http.Request, f filters, names map[string]string) []ui.Link {
	var out []ui.Link
	add := func(name, value, text string) {
		q := url.Values{}
		for k, vs := range r.URL.Query() {
			for _, v := range vs {
				if k != "page" && (k != name || v != value) {
					q.Add(k, v)
				}
			}
		}
		href := r.URL.Path
		if len(q) > 0 {
			href += "?" + q.Encode()
		}
		out = append(out, ui.Link{Text: text, Href: href})
	}
	for _, v := range f.delivery {
		if slices.Contains(deliveries, v) {
			add("how", v, w.t("filter.channel."+v))
		}
	}
	for _, v := range f.level {
		if slices.Contains(levels, v) {
			add("level", v, w.t("filter.level."+v))
		}
	}
	if f.free {
		add("free", r.URL.Query().Get("free"), w.t("filter.cost.free"))
	}
	if n := names[f.agency]; n != "" {
		add("agency", f.agency, n)
	}
	return out
}

// resultCard is a service in a list: what it is, who gives it, how long, how much.
func (w words) resultCard(sv *catalogue.Service, names map[string]string) ui.Card {
	c := ui.Card{Title: w.in(sv.Title), Text: w.in(sv.Short), Href: "/services/" + sv.Code}
	add := func(i icon.Name, text string) {
		if text != "" {
			c.Meta = append(c.Meta, ui.MetaItem{Icon: i, Text: text})
		}
	}
	add(icon.Bank, names[sv.Agency])
	if sv.Delivery != catalogue.DeliveryExternal {
		add(icon.Clock, w.term(sv))
	}
	add(icon.Ruble, w.price(sv.Fee))
	switch {
	case sv.Delivery == catalogue.DeliveryInPerson:
		add(icon.Pin, w.t("filter.channel.in_person"))
	case sv.Delivery == catalogue.DeliveryExternal:
		add(icon.External, w.t("filter.channel.external"))
	case sv.MinLevel != "simplified":
		add(icon.Shield, w.t("card.level."+sv.MinLevel))
	}
	return c
}

// term says how long a service takes at the longest.
func (w words) term(sv *catalogue.Service) string {
	if sv.Term.IsZero() {
		return ""
	}
	return w.t("days."+string(sv.Term.Unit), "n", sv.Term.Days)
}

// price says what a service costs.
func (w words) price(f catalogue.Fee) string {
	switch {
	case f.Free():
		return w.t("service.free")
	case f.Amount > 0:
		return w.Money(f.Amount)
	}
	least := f.Variants[0].Amount
	for _, v := range f.Variants {
		least = min(least, v.Amount)
	}
	return w.t("service.from", "sum", w.Money(least))
}

func (s *Site) showCategories(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Services.Categories(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	c := page.Catalogue{Title: l.t("catalogue.title"), Tabs: l.catalogueTabs("categories")}
	g := page.Group{}
	for _, x := range list {
		if x.Count > 0 {
			g.Cards = append(g.Cards, ui.Card{
				Title: l.in(x.Item.Title), Text: l.t("catalogue.count", "n", x.Count), Href: "/categories/" + x.Item.Code,
				Icon: iconOf(x.Item.Icon, icon.Folder), Level: 2,
			})
		}
	}
	c.Groups = []page.Group{g}
	return s.renderView(w, r, c, l.t("catalogue.categories"))
}

func (s *Site) showCategory(w http.ResponseWriter, r *http.Request) error {
	cat, err := s.Services.Category(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	list, err := s.Services.ByCategory(r.Context(), cat.Code)
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.in(cat.Title))
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"), link(l.t("catalogue.categories"), "/categories"))
	return s.showList(w, r, p, page.Catalogue{Title: l.in(cat.Title), Lead: l.in(cat.Short)}, list, true)
}

func (s *Site) showAgencies(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Services.Agencies(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	slices.SortStableFunc(list, nearer(s.townOf(r), func(x catalogue.Shelf[directory.Agency]) []string { return addresses(x.Item.Offices) }))
	c := page.Catalogue{Title: l.t("catalogue.title"), Tabs: l.catalogueTabs("agencies")}
	for _, level := range levels {
		g := page.Group{Title: l.t("agencies." + level)}
		for _, x := range list {
			if x.Item.Level == level {
				g.Cards = append(g.Cards, l.agencyCard(x))
			}
		}
		if len(g.Cards) > 0 {
			c.Groups = append(c.Groups, g)
		}
	}
	return s.renderView(w, r, c, l.t("catalogue.agencies"))
}

func (w words) agencyCard(x catalogue.Shelf[directory.Agency]) ui.Card {
	return ui.Card{Title: x.Item.In(w.Lang()).Name, Text: w.t("catalogue.count", "n", x.Count), Href: "/agencies/" + x.Item.Code, Icon: icon.Bank}
}

func (s *Site) showSituations(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Services.LifeEvents(r.Context())
	if err != nil {
		return err
	}
	l := s.words(r)
	c := page.Catalogue{Title: l.t("catalogue.title"), Tabs: l.catalogueTabs("situations")}
	c.Groups = []page.Group{{Tiles: true, Cards: l.situationCards(list, 2)}}
	return s.renderView(w, r, c, l.t("catalogue.situations"))
}

// situationCards are the life situations that have services.
func (w words) situationCards(list []catalogue.Shelf[catalogue.LifeEvent], level int) []ui.Card {
	var out []ui.Card
	for _, x := range list {
		if x.Count > 0 {
			out = append(out, ui.Card{
				Title: w.in(x.Item.Title), Text: w.t("catalogue.count", "n", x.Count), Href: "/situations/" + x.Item.Code,
				Scene: sceneOf(x.Item.Art), Level: level,
			})
		}
	}
	return out
}

func (s *Site) showSituation(w http.ResponseWriter, r *http.Request) error {
	ev, err := s.Services.LifeEvent(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	list, err := s.Services.ByLifeEvent(r.Context(), ev.Code)
	if err != nil {
		return err
	}
	l := s.words(r)
	p := s.page(r, l.in(ev.Title))
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"), link(l.t("catalogue.situations"), "/situations"))
	lead := l.in(ev.Body)
	if lead == "" {
		lead = l.in(ev.Short)
	}
	return s.showList(w, r, p, page.Catalogue{Title: l.in(ev.Title), Lead: lead}, list, true)
}

func (s *Site) renderView(w http.ResponseWriter, r *http.Request, c page.Catalogue, title string) error {
	l := s.words(r)
	p := s.page(r, title)
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"))
	return kit.Render(w, r, http.StatusOK, p, page.CataloguePage(c))
}

func iconOf(name string, otherwise icon.Name) icon.Name {
	if icon.Known(name) {
		return icon.Name(name)
	}
	return otherwise
}

func sceneOf(name string) art.Scene { return art.Scene(name) }

// showAgency is the page of an authority (AGY-03, AGY-04).
func (s *Site) showAgency(w http.ResponseWriter, r *http.Request) error {
	found, err := s.Directory.Agency(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	list, err := s.Services.ByAgency(r.Context(), found.Code)
	if err != nil {
		return err
	}
	l := s.words(r)
	a := found.In(l.Lang())
	out := page.Agency{Name: a.Name, Level: l.t("agency_level." + a.Level), About: a.About}
	out.Facts = append(out.Facts, ui.Fact{Name: l.t("agency.head"), Text: a.Head.Name, Note: a.Head.Post})
	for _, ph := range a.Phones {
		out.Facts = append(out.Facts, ui.Fact{Name: l.t("agency.phone"), Text: ph.String(), Note: ph.Note, Num: true})
	}
	if a.Email != "" {
		out.Facts = append(out.Facts, ui.Fact{Name: l.t("agency.email"), Body: ui.A(link(a.Email, "mailto:"+a.Email))})
	}
	if a.Site != "" {
		out.Links = append(out.Links, ui.Link{Text: l.t("agency.site"), Href: a.Site, Icon: icon.External})
	}
	if a.Branch != "" {
		out.Links = append(out.Links, ui.Link{Text: l.t("agency.branch"), Href: a.Branch, Icon: icon.External})
	}
	if a.Appeals.Mode == "external" {
		out.Links = append(out.Links, ui.Link{Text: l.t("agency.appeal"), Href: a.Appeals.URL, Icon: icon.Message})
	}
	offices := slices.Clone(a.Offices)
	slices.SortStableFunc(offices, nearer(s.townOf(r), func(o directory.Office) []string { return []string{o.Address} }))
	for _, o := range offices {
		out.Places = append(out.Places, page.Place{Name: o.Name, Address: o.Address, Hours: l.timetable(o.Hours), Phone: phones(o.Phones)})
	}
	for _, sv := range list {
		out.Services = append(out.Services, l.resultCard(sv, nil))
	}
	p := s.page(r, a.Name)
	p.Breadcrumbs = l.crumbs(link(l.t("catalogue.title"), "/services"), link(l.t("catalogue.agencies"), "/agencies"))
	return kit.Render(w, r, http.StatusOK, p, page.AgencyPage(out))
}

func phones(list []directory.Phone) string {
	text := ""
	for i, p := range list {
		if i > 0 {
			text += "; "
		}
		text += p.String()
		if p.Note != "" {
			text += " (" + p.Note + ")"
		}
	}
	return text
}

// timetable writes hours: «Пн–Пт 09:00–18:00, перерыв 13:00–14:00; Сб 10:00–14:00».
func (w words) timetable(hours []directory.Hours) string {
	text := ""
	for i, h := range hours {
		if i > 0 {
			text += "; "
		}
		days := w.t("weekday." + strconv.Itoa(h.From))
		if h.To != h.From {
			days += "–" + w.t("weekday."+strconv.Itoa(h.To))
		}
		text += days + " " + h.Open + "–" + h.Close
		if h.Break != "" {
			text += ", " + w.t("hours.break", "hours", h.Break)
		}
	}
	return text
}

// showCentres lists the service centres, the same data as on a map (MAP-05).
func (s *Site) showCentres(w http.ResponseWriter, r *http.Request) error {
	return s.centresPage(w, r, r.URL.Query().Get, nil)
}

// nearCentres lists them by their distance from where the visitor is. That is
// posted, so that it stands in no address and no log, and is not kept (G-28).
func (s *Site) nearCentres(w http.ResponseWriter, r *http.Request) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return s.centresPage(w, r, f.Text, pointOf(f))
}

func (s *Site) centresPage(w http.ResponseWriter, r *http.Request, asked func(string) string, from *directory.Point) error {
	does := directory.Function(asked("does"))
	if !slices.Contains(directory.Functions, does) {
		does = ""
	}
	list, err := s.Directory.Centres(r.Context(), does, from)
	if err != nil {
		return err
	}
	l := s.words(r)
	if from == nil {
		slices.SortStableFunc(list, nearer(s.townOf(r), func(c directory.Placed) []string { return []string{c.City} }))
	}
	town := kit.Clean(asked("town"))
	out := page.Centres{Lead: l.t("centres.lead"), Hidden: []ui.Hidden{{Name: "does", Value: string(does)}, {Name: "town", Value: town}}}
	var towns []string
	for _, c := range list {
		if !slices.Contains(towns, c.City) {
			towns = append(towns, c.City)
		}
		if town == "" || c.City == town {
			out.List = append(out.List, l.centre(c))
		}
	}
	out.Found = len(out.List)
	chip := func(text, does, town string, on bool) ui.Link {
		q := url.Values{}
		if does != "" {
			q.Set("does", does)
		}
		if town != "" {
			q.Set("town", town)
		}
		href := "/centres"
		if len(q) > 0 {
			href += "?" + q.Encode()
		}
		return ui.Link{Text: text, Href: href, Current: on}
	}
	out.Purpose = append(out.Purpose, chip(l.t("centres.any"), "", town, does == ""))
	for _, f := range directory.Functions {
		out.Purpose = append(out.Purpose, chip(l.T("directory.function."+string(f)), string(f), town, does == f))
	}
	if len(towns) > 1 {
		slices.SortFunc(towns, compare)
		out.Towns = append(out.Towns, chip(l.t("centres.any"), string(does), "", town == ""))
		for _, x := range towns {
			out.Towns = append(out.Towns, chip(x, string(does), x, town == x))
		}
	}
	p := s.page(r, l.t("centres.title"))
	p.Breadcrumbs = l.crumbs()
	return kit.Render(w, r, http.StatusOK, p, page.CentresPage(out))
}

// pointOf reads where the visitor said he is; nil for what is no place.
func pointOf(f kit.Form) *directory.Point {
	lat, err1 := strconv.ParseFloat(f.Text("lat"), 64)
	lon, err2 := strconv.ParseFloat(f.Text("lon"), 64)
	if err1 != nil || err2 != nil || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) {
		return nil
	}
	return &directory.Point{Lat: lat, Lon: lon}
}

// away tells a distance as one would say it: metres below a kilometre, then
// kilometres with one digit, without it from ten on.
func (w words) away(metres float64) string {
	switch km := metres / 1000; {
	case metres < 950:
		return w.t("centres.away_m", "m", int(math.Round(metres/50)*50))
	case km < 9.95:
		whole, tenth := math.Modf(math.Round(km*10) / 10)
		return w.t("centres.away_tenth", "km", int(whole), "tenth", int(math.Round(tenth*10)))
	default:
		return w.t("centres.away_km", "km", int(math.Round(km)))
	}
}

func (w words) centre(c directory.Placed) page.Place {
	in := c.In(w.Lang())
	out := page.Place{Name: in.Name, Address: c.City + ", " + c.Address, Hours: w.timetable(c.Hours), Phone: phones(c.Phones), Note: in.Note}
	for _, f := range c.Functions {
		out.Functions = append(out.Functions, w.T("directory.function."+string(f)))
	}
	if c.Metres >= 0 {
		out.Away = w.away(c.Metres)
	}
	return out
}
