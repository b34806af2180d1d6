package officesite

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

const portalTab = "/manage/portal"

// portalRoutes are the region's own data: names, phones, links, colours (BO-29).
func (s *Site) portalRoutes() {
	s.mux.Handle("GET /manage/portal", s.admin(s.showPortal))
	s.mux.Handle("POST /manage/portal", s.admin(s.tryPortal))
	s.mux.Handle("POST /manage/portal/publish", s.admin(s.publishPortal))
	s.mux.Handle("POST /manage/portal/return", s.admin(s.returnPortal))
	s.mux.Handle("GET /manage/portal/preview.css", s.admin(s.previewSheet))
}

func colours(c *brand.Current) (int, map[string]string) { return c.Version, c.Colours }

// mainToken is the colour that the others are derived from.
const mainToken = "blue-700"

// portalForm is a portal's data as the form has them: one colour from which the
// others follow, and those that do not follow it.
type portalForm struct {
	brand   brand.Brand
	social  string // as typed, a line each
	main    string
	exact   map[string]string
	reason  string
	version int
	bad     kit.Wrong
	badBack kit.Wrong // of the way back to the file
}

func formOfBrand(b brand.Brand, version int) portalForm {
	in := portalForm{brand: b, version: version, exact: map[string]string{}}
	var lines []string
	for _, l := range b.Social {
		lines = append(lines, l.Name+" "+l.URL)
	}
	in.social = strings.Join(lines, "\n")
	in.exact = maps.Clone(b.Colours)
	palette, err := asset.Palette(b.Colours[mainToken])
	if err != nil || len(b.Colours) != len(palette) {
		return in
	}
	in.main = b.Colours[mainToken]
	maps.DeleteFunc(in.exact, func(token, value string) bool { return palette[token] == value })
	return in
}

// texts are the names of the fields with a text in each language, with the text.
func (in *portalForm) texts() []struct {
	name string
	text *form.Text
} {
	b := &in.brand
	return []struct {
		name string
		text *form.Text
	}{{"name", &b.Name}, {"sub", &b.Sub}, {"region", &b.Region}, {"phone_note", &b.PhoneNote}}
}

func readPortal(f kit.Form) (in portalForm, err error) {
	v, err := versionOf(f)
	if err != nil {
		return in, err
	}
	in = portalForm{version: int(v), reason: f.Text("reason"), social: f.Lines("social"), main: strings.ToLower(f.Text("base_colour")), exact: map[string]string{}}
	for _, x := range in.texts() {
		*x.text = form.Text{RU: f.Text(x.name), TT: f.Text(x.name + "_tt"), EN: f.Text(x.name + "_en")}
	}
	b := &in.brand
	b.Place, b.Phone, b.PhoneShort, b.AppealURL = f.Text("place"), f.Text("phone"), f.Text("phone_short"), f.Text("appeal_url")
	for line := range strings.Lines(in.social) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		// The address is the last word.
		i := strings.LastIndexAny(line, " \t") + 1
		b.Social = append(b.Social, brand.Link{Name: strings.TrimSpace(line[:i]), URL: line[i:]})
	}
	for _, t := range asset.Tokens() {
		if c := strings.ToLower(f.Text("colours." + t.Name)); c != "" {
			in.exact[t.Name] = c
		}
	}
	in.brand.Colours, err = in.colours()
	b.Tidy()
	return in, err
}

// colours are those that the main one gives, and over them what is exact. The
// product's own are no colours of the region.
func (in *portalForm) colours() (map[string]string, error) {
	out := map[string]string{}
	for _, t := range asset.Tokens() {
		if t.Name == mainToken && in.main == t.Value && len(in.exact) == 0 {
			return nil, nil
		}
	}
	if in.main != "" {
		palette, err := asset.Palette(in.main)
		if err != nil {
			return in.exact, fault.Invalid("kit.colour.invalid", fault.F("base_colour", "kit.colour.not_a_colour"))
		}
		out = palette
	}
	maps.Copy(out, in.exact)
	return out, nil
}

// atField moves what is wrong with a derived colour to the field that it is
// derived from.
func (in *portalForm) atField(err error) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	c := *e
	c.Fields = nil
	for _, f := range e.Fields {
		if token, is := strings.CutPrefix(f.Name, "colours."); is && in.exact[token] == "" {
			f.Name = "base_colour"
		}
		c.Fields = append(c.Fields, f)
	}
	return &c
}

func (s *Site) showPortal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	c := s.Brands.Refresh(r.Context())
	return s.portalPage(w, r, o, http.StatusOK, formOfBrand(c.Brand, c.Version))
}

func (s *Site) portalPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in portalForm) error {
	l, c := s.words(r), s.Brands.Now(r.Context())
	v := page.Sheet{Manage: s.manage(w, r, o, portalTab, l.T("manage.portal.title"), l.T("manage.portal.lead")), SideLabel: l.T("manage.history")}
	if !c.Published {
		v.Tags = []ui.TagProps{{Text: l.T("manage.portal.from_file"), Colour: "grey"}}
	}
	v.Main = []templ.Component{page.Panel("portal", l.T("manage.portal.data"), false, page.PortalFormOf(page.PortalForm{
		Action: portalTab, Hidden: []ui.Hidden{version(int64(in.version))}, Parts: s.portalFields(field{l, in.bad, "manage.portal."}, &in),
		Next: l.T("manage.portal.preview"), Palette: l.T("manage.portal.derive"),
	}))}
	history, err := s.portalHistory(r, l)
	if err != nil {
		return err
	}
	v.Side = []templ.Component{page.Panel("history", l.T("manage.history"), false, history)}
	if c.Published {
		v.Side = append(v.Side, page.Panel("return", l.T("manage.portal.return_title"), false, page.FormOf(page.Form{
			Action: portalTab + "/return", Hidden: []ui.Hidden{version(int64(c.Version))}, Button: l.T("manage.portal.return"), Kind: "warning",
			Fields: []templ.Component{ui.Input(ui.TextField{Field: ui.Field{
				ID: "return-reason", Name: "reason", Label: l.T("portal_setting.reason"), Hint: l.T("manage.portal.return_hint"), Error: in.badBack.Field("reason"),
			}, Autocomplete: "off"})},
		})))
	}
	return s.sheet(w, r, status, kit.Wrong{Summary: append(in.bad.Summary, in.badBack.Summary...)}, nil, v)
}

func (s *Site) portalFields(f field, in *portalForm) []templ.Component {
	b := &in.brand
	out := []templ.Component{
		f.line("name", b.Name.RU, "", true), f.line("sub", b.Sub.RU, "", true), f.line("region", b.Region.RU, "", true), f.line("place", b.Place, "20", false),
		f.line("phone", b.Phone, "20", false), f.line("phone_short", b.PhoneShort, "10", false), f.line("phone_note", b.PhoneNote.RU, "", false),
		f.line("appeal_url", b.AppealURL, "", false), f.area("social", in.social, 4),
	}
	for _, lang := range []string{"tt", "en"} {
		var fields []templ.Component
		open := false
		for _, x := range in.texts() {
			value := map[string]string{"tt": x.text.TT, "en": x.text.EN}[lang]
			p := ui.Field{Name: x.name + "_" + lang, Label: f.T("manage.portal." + x.name), Value: value, Error: f.bad.Field(x.name + "_" + lang)}
			fields = append(fields, ui.Input(ui.TextField{Field: p, Autocomplete: "off"}))
			open = open || p.Error != ""
		}
		out = append(out, page.Folded(f.T("manage.text.in_"+lang), open, fields...))
	}
	out = append(out, page.Swatches(f.T("manage.portal.swatches"), swatches(b.Colours)), f.line("base_colour", in.main, "10", false))
	var exact []templ.Component
	open := false
	for _, t := range asset.Tokens() {
		name := "colours." + t.Name
		p := ui.Field{Name: name, Label: f.T("manage.portal.colour."+t.Name) + " (" + t.Name + ")", Value: in.exact[t.Name], Error: f.bad.Field(name)}
		open = open || p.Error != ""
		exact = append(exact, ui.Input(ui.TextField{Field: p, Autocomplete: "off", Width: "10", Spellcheck: "false"}))
	}
	out = append(out, page.Folded(f.T("manage.portal.exact"), open, exact...))
	reason := ui.Field{Name: "reason", Label: f.T("portal_setting.reason"), Hint: f.T("portal_setting.reason_hint"), Value: in.reason, Error: f.bad.Field("reason"), Required: true}
	return append(out, ui.Input(ui.TextField{Field: reason, Autocomplete: "off"}))
}

// swatches are all colours as pages have them, those of the product where the
// region has none.
func swatches(tokens map[string]string) []string {
	var out []string
	for _, t := range asset.Tokens() {
		c := t.Value
		if own := tokens[t.Name]; own != "" {
			c = own
		}
		if _, err := asset.Palette(c); err != nil {
			c = t.Value
		}
		out = append(out, c)
	}
	return out
}

// fieldName is a field of a brand in words: sub_tt is «…, на татарском языке».
func (w words) fieldName(name string) string {
	if token, is := strings.CutPrefix(name, "colours."); is {
		return w.T("manage.portal.colour." + token)
	}
	for _, lang := range []string{"tt", "en"} {
		if base, is := strings.CutSuffix(name, "_"+lang); is {
			return w.T("manage.portal."+base) + ", " + w.T("manage.portal.in_"+lang)
		}
	}
	return w.T("manage.portal." + name)
}

func (s *Site) portalHistory(r *http.Request, l words) (templ.Component, error) {
	list, err := s.Brands.History(r.Context())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range list {
		ids = append(ids, v.SetBy)
	}
	who, err := s.who(r, ids)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return page.PastList(nil, l.T("manage.portal.never")), nil
	}
	var out []ui.Moment
	for _, v := range list {
		title := l.T("manage.published")
		if v.Returned {
			title = l.T("manage.portal.returned")
		}
		var lines []string
		for _, c := range v.Changes {
			lines = append(lines, l.T("manage.portal.changed", "field", l.fieldName(c.Field), "was", dash(c.Was), "now", dash(c.Now)))
		}
		out = append(out, ui.Moment{
			Title: title, When: l.moment(v.SetAt), DateTime: l.machine(v.SetAt), Body: page.PastChange(join(": ", who(v.SetBy), v.Reason), lines),
		})
	}
	return ui.Timeline(out), nil
}

// tryPortal shows the page as it would look; another button goes back to the form
// or derives the colours from the main one.
func (s *Site) tryPortal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in, err := readPortal(f)
	switch do := f.Text("do"); {
	case err != nil:
	case do == "edit":
		return s.portalPage(w, r, o, http.StatusOK, in)
	case do == "palette":
		in.exact = map[string]string{}
		if in.brand.Colours, err = in.colours(); err == nil {
			return s.portalPage(w, r, o, http.StatusOK, in)
		}
	default:
		if err = s.checkPortal(&in); err == nil {
			return s.previewPage(w, r, in)
		}
	}
	return s.portalAgain(w, r, o, in, err)
}

// checkPortal finds all mistakes of the form, also that the reason is missing.
func (s *Site) checkPortal(in *portalForm) error {
	err := in.atField(s.Brands.Check(&in.brand))
	if in.reason != "" {
		return err
	}
	missing := fault.F("reason", "setting.reason_missing")
	if e, ok := fault.As(err); ok {
		return fault.Invalid(e.Key, append(e.Fields, missing)...)
	}
	if err == nil {
		err = fault.Invalid("setting.reason_missing", missing)
	}
	return err
}

// portalAgain shows the form with what was typed and what is wrong with it.
func (s *Site) portalAgain(w http.ResponseWriter, r *http.Request, o *officer.Officer, in portalForm, err error) error {
	return s.settled(w, r, in.atField(err), "name", "", "", func(status int, bad kit.Wrong) error {
		if in.bad = bad; status == http.StatusConflict {
			in.version = s.Brands.Refresh(r.Context()).Version
		}
		return s.portalPage(w, r, o, status, in)
	})
}

// hidden carries the form through the preview.
func (in *portalForm) hidden() []ui.Hidden {
	out := []ui.Hidden{version(int64(in.version)), {Name: "reason", Value: in.reason}, {Name: "social", Value: in.social}, {Name: "base_colour", Value: in.main}}
	for _, x := range in.texts() {
		out = append(out, ui.Hidden{Name: x.name, Value: x.text.RU}, ui.Hidden{Name: x.name + "_tt", Value: x.text.TT}, ui.Hidden{Name: x.name + "_en", Value: x.text.EN})
	}
	b := &in.brand
	out = append(out, ui.Hidden{Name: "place", Value: b.Place}, ui.Hidden{Name: "phone", Value: b.Phone}, ui.Hidden{Name: "phone_short", Value: b.PhoneShort}, ui.Hidden{Name: "appeal_url", Value: b.AppealURL})
	for _, token := range slices.Sorted(maps.Keys(in.exact)) {
		out = append(out, ui.Hidden{Name: "colours." + token, Value: in.exact[token]})
	}
	return out
}

// previewPage is a page of the portal with the new data around it. Its sheet comes
// from an address of its own: nothing is stored before it is published.
func (s *Site) previewPage(w http.ResponseWriter, r *http.Request, in portalForm) error {
	l, b := s.words(r), &in.brand
	sheet, err := asset.NewBrand(b.Colours)
	if err != nil {
		return err // it was checked
	}
	q := url.Values{}
	for token, c := range b.Colours {
		q.Set(token, c)
	}
	p := kit.Base(r)
	p.Kind, p.Bare, p.NoIndex, p.Nav = layout.Portal, true, true, nil
	p.Brand = layout.Brand{
		Name: b.Name.In(l.Lang()), Sub: b.Sub.In(l.Lang()), Home: portalTab, Phone: b.Phone, PhoneShort: b.PhoneShort, PhoneNote: b.PhoneNote.In(l.Lang()),
		Sheet: sheet.At(portalTab + "/preview.css?" + q.Encode()),
	}
	p.Place = layout.Place{Short: b.Place}
	if b.Region.In(l.Lang()) != b.Place && b.Place != "" {
		p.Place.Long = ", " + b.Region.In(l.Lang())
	}
	column := layout.Column{Title: l.T("manage.portal.links")}
	if b.AppealURL != "" {
		column.Links = append(column.Links, link(l.T("manage.portal.appeal_url"), b.AppealURL))
	}
	for _, x := range b.Social {
		column.Links = append(column.Links, link(x.Name, x.URL))
	}
	if len(column.Links) > 0 {
		p.Footer.Columns = []layout.Column{column}
	}
	v := page.PortalPreview{
		Title: l.T("manage.portal.preview_title"), Text: l.T("manage.portal.preview_text"), ChangesTitle: l.T("manage.portal.changes"),
		Publish: l.T("manage.publish"), PublishURL: portalTab + "/publish", Edit: l.T("manage.portal.edit"), EditURL: portalTab, Hidden: in.hidden(),
		Sample: l.T("manage.portal.sample"), SampleInset: l.T("manage.portal.sample_inset"),
	}
	for i, name := range []icon.Name{icon.Doc, icon.Folder, icon.Bank} {
		v.Cards = append(v.Cards, ui.Card{Title: l.T("manage.portal.sample_" + strconv.Itoa(i+1)), Text: l.T("manage.portal.sample_text"), Href: s.PortalURL + "/", Icon: name})
	}
	for _, c := range brand.Changes(&s.Brands.Refresh(r.Context()).Brand, b) {
		v.Changes = append(v.Changes, page.Changed{Path: l.fieldName(c.Field), Was: c.Was, Now: c.Now})
	}
	p.Title = v.Title
	return kit.Render(w, r, http.StatusOK, p, page.PortalPreviewPage(v))
}

// previewSheet is the sheet of a preview. It is made of its address alone, so any
// process can answer; colours that could not be published make none.
func (s *Site) previewSheet(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	tokens := map[string]string{}
	for name := range r.URL.Query() {
		tokens[name] = r.URL.Query().Get(name)
	}
	sheet, err := asset.NewBrand(tokens)
	if err != nil || sheet == nil {
		return fault.NotFound("kit.no_page")
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(sheet.CSS()) // the browser may be gone
	return nil
}

func (s *Site) publishPortal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in, err := readPortal(f)
	if err == nil {
		err = s.checkPortal(&in)
	}
	if err == nil {
		err = s.Brands.Publish(r.Context(), in.version, &in.brand, o.ID, in.reason, s.Officers.Administering(o.ID, officer.DeedPortal, "brand", in.reason))
	}
	if err != nil {
		return s.portalAgain(w, r, o, in, err)
	}
	s.mux.Flash(w, "manage.published")
	return kit.See(w, r, portalTab)
}

// returnPortal makes the configuration file rule again.
func (s *Site) returnPortal(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	reason := f.Text("reason")
	err = s.Brands.Publish(r.Context(), int(v), nil, o.ID, reason, s.Officers.Administering(o.ID, officer.DeedPortal, "brand", reason))
	if err == nil {
		s.mux.Flash(w, "manage.portal.returned")
		return kit.See(w, r, portalTab)
	}
	if e, ok := fault.As(err); ok && e.Key == "officer.unknown" {
		return err
	}
	bad, ok := kit.WrongOf(r, err, map[string]string{"": "return-reason", "reason": "return-reason"})
	if !ok {
		return err
	}
	c := s.Brands.Refresh(r.Context())
	in := formOfBrand(c.Brand, c.Version)
	in.badBack = bad
	return s.portalPage(w, r, o, kit.Status(fault.KindOf(err)), in)
}
