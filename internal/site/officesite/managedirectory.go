package officesite

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// directoryAt is where the entries of a kind are.
func directoryAt(k directory.Kind) string { return "/manage/directory/" + string(k) }

func directoryShelf(k directory.Kind) shelf {
	return shelf{tab: directoryAt(k), at: directoryAt(k), names: "manage." + string(k), words: "manage.directory"}
}

func entryAt(k directory.Kind, code string) string { return directoryShelf(k).entry(code) }

// kindOf reads the kind of entries in an address.
func kindOf(r *http.Request) (directory.Kind, error) {
	k := directory.Kind(r.PathValue("kind"))
	if k == "" {
		k = directory.KindAgency
	}
	if !slices.Contains(directory.Kinds, k) {
		return "", fault.NotFound("kit.no_page")
	}
	return k, nil
}

// showEntries lists agencies or service centres (BO-05, BO-13).
func (s *Site) showEntries(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := kindOf(r)
	if err != nil {
		return err
	}
	paging := kit.PagingOf(r, queueSize)
	query := kit.Clean(r.URL.Query().Get("q"))
	list, total, err := s.Directory.Entries(r.Context(), k, query, paging.Offset(), queueSize)
	if err != nil {
		return err
	}
	paging.Total = total
	l := s.words(r)
	v := s.shelfList(w, r, o, directoryShelf(k), query, paging, len(list), "manage.directory.name", "manage.directory.address", "manage.directory.phones", "manage.state")
	for i := range list {
		e := &list[i]
		tag := ui.TagProps{Text: l.T("manage.directory.shown"), Colour: "green"}
		if e.Hidden {
			tag = ui.TagProps{Text: l.T("manage.directory.hidden"), Colour: "grey"}
		}
		address, phones := "", []directory.Phone(nil)
		if e.Kind == directory.KindCentre {
			address, phones = join(", ", e.Centre.City, e.Centre.Address), e.Centre.Phones
		} else {
			phones = e.Agency.Phones
			if len(e.Agency.Offices) > 0 {
				address = e.Agency.Offices[0].Address
			}
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: page.Linked(e.Name(), entryAt(k, e.Code()), e.Code())},
			{Text: dash(address), Label: l.T("manage.directory.address")},
			{Text: dash(phoneText(phones)), Label: l.T("manage.directory.phones")},
			{Body: page.TagCell(tag), Label: l.T("manage.state")},
		}})
	}
	return s.list(w, r, v)
}

func phoneText(list []directory.Phone) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].String()
}

// entryForm is an entry with what was typed for it.
type entryForm struct {
	entry    directory.Entry
	office   directory.Office // the first one of a new agency
	phones   string
	week     directory.Week
	lat, lon string
	fresh    bool
	bad      kit.Wrong
}

func formOfEntry(e directory.Entry) entryForm {
	in := entryForm{entry: e}
	if e.Kind == directory.KindCentre {
		in.phones, in.week = directory.PhoneLines(e.Centre.Phones), directory.WeekOf(e.Centre.Hours)
		in.lat, in.lon = pointText(e.Centre.Point)
	} else {
		in.phones = directory.PhoneLines(e.Agency.Phones)
	}
	return in
}

func pointText(p directory.Point) (lat, lon string) {
	if p == (directory.Point{}) {
		return "", ""
	}
	return strconv.FormatFloat(p.Lat, 'f', -1, 64), strconv.FormatFloat(p.Lon, 'f', -1, 64)
}

func (s *Site) newEntry(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := kindOf(r)
	if err != nil {
		return err
	}
	if !o.Edits(officer.WholePortal) {
		return fault.Forbidden("officer.other_agency")
	}
	e := directory.Entry{Kind: k, Agency: &directory.Agency{Level: "regional", Appeals: directory.Appeals{Mode: "internal"}}, Centre: &directory.Centre{Functions: directory.Functions}}
	return s.entryPage(w, r, o, http.StatusOK, entryForm{entry: e, fresh: true})
}

func (s *Site) showEntry(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := kindOf(r)
	if err != nil {
		return err
	}
	e, err := s.Directory.Entry(r.Context(), k, r.PathValue("code"))
	if err != nil {
		return err
	}
	if v, err := strconv.ParseInt(r.URL.Query().Get("version"), 10, 64); err == nil {
		// An earlier version to be read and, if wanted, saved again.
		old, err := s.Directory.Past(r.Context(), k, e.Code(), v)
		if err != nil {
			return err
		}
		old.Version, old.Hidden = e.Version, e.Hidden
		e = old
	}
	return s.entryPage(w, r, o, http.StatusOK, formOfEntry(*e))
}

func (s *Site) entryPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in entryForm) error {
	l := s.words(r)
	k := in.entry.Kind
	f := field{l, in.bad, "manage.directory."}
	title, text, action := l.T("manage."+string(k)+".new"), "", directoryAt(k)+"/new"
	if !in.fresh {
		title, text, action = in.entry.Name(), in.entry.Code(), entryAt(k, in.entry.Code())
	}
	v := page.Sheet{Manage: s.manage(w, r, o, directoryAt(k), title, text), SideLabel: l.T("manage.history")}
	if in.entry.Hidden {
		v.Tags = []ui.TagProps{{Text: l.T("manage.directory.hidden"), Colour: "grey"}}
	}
	var fields []templ.Component
	if in.fresh {
		fields = append(fields, f.line("code", in.entry.Code(), "20", true))
	}
	if k == directory.KindAgency {
		fields = append(fields, agencyFields(f, &in)...)
	} else {
		fields = append(fields, centreFields(f, &in)...)
	}
	button := l.T("manage.publish")
	if in.entry.Hidden {
		button = l.T("manage.directory.show")
	}
	v.Main = append(v.Main, l.shelfForm(directoryShelf(k), o.Edits(in.agency()), action, in.entry.Version, button, fields))
	if !in.fresh {
		side, err := s.entrySide(r, o, l, &in)
		if err != nil {
			return err
		}
		v.Side = side
	}
	return s.sheet(w, r, status, in.bad, nil, v)
}

// entryAgency is whose thing an entry is: new ones and centres are the portal's.
func entryAgency(k directory.Kind, code string) string {
	if k == directory.KindAgency {
		return code
	}
	return officer.WholePortal
}

func (in *entryForm) agency() string {
	if in.fresh {
		return officer.WholePortal
	}
	return entryAgency(in.entry.Kind, in.entry.Code())
}

// entrySide is what belongs to an entry: its offices, its history, its end.
func (s *Site) entrySide(r *http.Request, o *officer.Officer, l words, in *entryForm) ([]templ.Component, error) {
	k, code := in.entry.Kind, in.entry.Code()
	history, err := s.Directory.History(r.Context(), k, code)
	if err != nil {
		return nil, err
	}
	var editions []edition
	for _, h := range history {
		e := edition{title: l.T("manage.directory.published"), at: h.At, by: h.By, n: h.Version}
		switch {
		case h.Hidden:
			e.title = l.T("manage.directory.was_hidden")
		case h.Version != in.entry.Version:
			e.href = entryAt(k, code) + "?version=" + strconv.FormatInt(h.Version, 10)
		}
		editions = append(editions, e)
	}
	past, err := s.historyPanel(r, editions)
	if err != nil {
		return nil, err
	}
	var out []templ.Component
	if k == directory.KindAgency {
		var links []ui.Link
		for _, x := range in.entry.Agency.Offices {
			links = append(links, ui.Link{Text: join(", ", x.Name, x.Address), Href: entryAt(k, code) + "/offices/" + x.Code})
		}
		parts := []templ.Component{ui.Links(links)}
		if o.Edits(code) && !in.entry.Hidden {
			parts = append(parts, ui.Button(ui.ButtonProps{Text: l.T("manage.office.new"), Href: entryAt(k, code) + "/offices/new", Kind: "secondary"}))
		}
		out = append(out, page.Panel("offices", l.T("manage.office.title"), false, parts...))
	}
	out = append(out, past)
	if !in.entry.Hidden && o.Edits(in.agency()) {
		parts := []templ.Component{ui.P(l.T("manage.directory.hide_text"))}
		if k == directory.KindAgency {
			facts, err := s.standing(r, l, code)
			if err != nil {
				return nil, err
			}
			parts = append(parts, ui.P(l.T("manage.directory.standing")), ui.Facts(facts))
		}
		out = append(out, page.Panel("hide-panel", l.T("manage.directory.hide_title"), false, append(parts, page.FormOf(page.Form{
			Action: entryAt(k, code) + "/hide", Hidden: []ui.Hidden{version(in.entry.Version)}, Button: l.T("manage.directory.hide"), Kind: "warning",
		}))...))
	}
	return out, nil
}

// standing is what stands in the way of taking an agency off the pages, and what may
// still come to it.
func (s *Site) standing(r *http.Request, l words, code string) ([]ui.Fact, error) {
	services, err := s.Services.ByAgency(r.Context(), code)
	if err != nil {
		return nil, err
	}
	var staff, invited int
	if err := s.Officers.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		staff, invited, err = s.Officers.AtAgency(r.Context(), tx, code)
		return err
	}); err != nil {
		return nil, err
	}
	begun, err := s.Cases.Applications.Begun(r.Context(), code)
	if err != nil {
		return nil, err
	}
	drafts := ui.Fact{Name: l.T("manage.directory.drafts"), Text: strconv.Itoa(begun.Drafts), Num: true}
	if begun.Drafts > 0 {
		drafts.Note = l.T("manage.directory.drafts_note", "day", l.lastDay(begun.LastDraft))
	}
	count := func(key string, n int) ui.Fact {
		return ui.Fact{Name: l.T("manage.directory." + key), Text: strconv.Itoa(n), Num: true}
	}
	return []ui.Fact{count("services", len(services)), count("staff", staff), count("invited", invited), count("open", begun.Open), drafts}, nil
}

func agencyFields(f field, in *entryForm) []templ.Component {
	a := in.entry.Agency
	var levels []ui.Option
	for _, x := range directory.Levels {
		levels = append(levels, ui.Option{Value: x, Text: f.T("manage.level." + x)})
	}
	appeals := []ui.Option{{Value: "internal", Text: f.T("manage.directory.appeals_internal")}, {
		Value: "external", Text: f.T("manage.directory.appeals_external"),
		Reveals: f.line("appeals_url", a.Appeals.URL, "", false),
	}}
	out := []templ.Component{
		f.line("name", a.Name, "", true), f.line("short", a.Short, "20", true), f.pick("level", a.Level, levels),
		f.line("head_name", a.Head.Name, "", true), f.line("head_post", a.Head.Post, "", true), f.area("about", a.About, 3), f.area("phones", in.phones, 3),
		f.line("email", a.Email, "20", false), f.line("site", a.Site, "", false), f.line("branch", a.Branch, "", false), f.line("former", strings.Join(a.Former, ", "), "", false),
		f.radios("appeals_mode", a.Appeals.Mode, appeals),
	}
	out = append(out, wordFields(f, agencyWords, a.TT, a.EN)...)
	if in.fresh {
		o := field{f.words, f.bad, "manage.office."}
		name := o.props("office_name", in.office.Name)
		name.Error, name.Required = f.bad.Field("office"), true
		out = append(out, ui.H2(f.T("manage.office.first"), "m"), ui.Input(ui.TextField{Field: name, Autocomplete: "off"}), o.line("office_address", in.office.Address, "", true))
	}
	return out
}

func centreFields(f field, in *entryForm) []templ.Component {
	c := in.entry.Centre
	var can []ui.Option
	for _, x := range directory.Functions {
		can = append(can, ui.Option{Value: string(x), Text: f.T("directory.function." + string(x))})
	}
	var does []string
	for _, x := range c.Functions {
		does = append(does, string(x))
	}
	out := []templ.Component{
		f.line("name", c.Name, "", true), f.line("operator", c.Operator, "20", true), f.line("city", c.City, "20", true), f.line("address", c.Address, "", true), f.area("phones", in.phones, 3),
	}
	out = append(out, weekFields(f, in.week, in.lat, in.lon)...)
	out = append(out, f.boxes("functions", does, can), f.area("note", c.Note, 2))
	return append(out, wordFields(f, centreWords, c.TT, c.EN)...)
}

// weekFields ask for hours and the place on the map.
func weekFields(f field, week directory.Week, lat, lon string) []templ.Component {
	days := []templ.Component{ui.P(f.T("manage.directory.hours_hint"))}
	for i := range week {
		name := "day" + strconv.Itoa(i+1)
		p := ui.Field{Name: name, Label: f.T("manage.day." + strconv.Itoa(i+1)), Value: week[i], Error: f.bad.Field(name)}
		if i == 0 && p.Error == "" {
			p.Error = f.bad.Field("hours")
		}
		days = append(days, ui.Input(ui.TextField{Field: p, Autocomplete: "off", Width: "20"}))
	}
	return []templ.Component{
		page.Fieldset(f.T("manage.directory.hours"), days...), f.line("lat", lat, "10", false), f.line("lon", lon, "10", false),
	}
}

// placeIn reads hours and the place; what cannot be read is a fault.
func placeIn(f kit.Form) (week directory.Week, hours []directory.Hours, p directory.Point, wrong []fault.Field) {
	for i := range week {
		week[i] = f.Text("day" + strconv.Itoa(i+1))
	}
	hours, day := week.Hours()
	if day >= 0 {
		wrong = append(wrong, fault.F("day"+strconv.Itoa(day+1), "directory.bad_hours"))
	}
	lat, lon := f.Text("lat"), f.Text("lon")
	if lat == "" && lon == "" {
		return week, hours, p, wrong
	}
	var okLat, okLon bool
	p.Lat, okLat = degrees(lat)
	p.Lon, okLon = degrees(lon)
	if !okLat || !okLon {
		wrong = append(wrong, fault.F("lat", "directory.bad_point"))
	}
	return week, hours, p, wrong
}

// degrees takes a comma as well as a point.
func degrees(s string) (float64, bool) {
	x, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", "."), 64)
	return x, err == nil && x == x && x > -181 && x < 181
}

func (s *Site) saveEntry(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := kindOf(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	in := entryForm{entry: directory.Entry{Kind: k}, fresh: code == "", phones: f.Lines("phones"), lat: f.Text("lat"), lon: f.Text("lon")}
	if in.entry.Version, err = versionOf(f); err != nil {
		return err
	}
	if in.fresh {
		code, in.entry.Version = f.Text("code"), 0
	}
	var wrong []fault.Field
	if !o.Edits(entryAgency(k, r.PathValue("code"))) {
		return fault.Forbidden("officer.other_agency")
	}
	if k == directory.KindAgency {
		err = s.readAgency(r, f, code, &in)
	} else {
		wrong, err = s.readCentre(r, f, code, &in)
	}
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		err = fault.Invalid("directory.invalid", append(wrong, in.entry.Centre.Check()...)...)
	} else {
		err = s.Directory.Save(r.Context(), s.directoryEdit(o, k, code, in.entry.Version), in.entry)
	}
	return s.settled(w, r, err, "name", "manage.published", entryAt(k, code), func(status int, bad kit.Wrong) error {
		in.bad = bad
		s.freshen(r, status, &in)
		return s.entryPage(w, r, o, status, in)
	})
}

// freshen lets the editor who was told of a change in between save on top of it: he
// has been told, and what he typed is still there.
func (s *Site) freshen(r *http.Request, status int, in *entryForm) {
	now, err := s.Directory.Entry(r.Context(), in.entry.Kind, in.entry.Code())
	if err == nil && !in.fresh {
		in.entry.Hidden = now.Hidden
		if status == http.StatusConflict {
			in.entry.Version = now.Version
		}
	}
}

func (s *Site) directoryEdit(o *officer.Officer, k directory.Kind, code string, v int64) directory.Edit {
	return directory.Edit{By: o.ID, Version: v, Within: s.Officers.Editing(o.ID, officer.DeedDirectory, string(k)+"/"+code, "")}
}

// readAgency reads the form of an agency; its offices have pages of their own.
func (s *Site) readAgency(r *http.Request, f kit.Form, code string, in *entryForm) error {
	a := &directory.Agency{Code: code}
	if in.fresh {
		in.office = directory.Office{Code: "main", Name: f.Text("office_name"), Address: f.Text("office_address")}
		if in.office.Name != "" && in.office.Address != "" {
			a.Offices = []directory.Office{in.office}
		}
	} else {
		now, err := s.Directory.Entry(r.Context(), directory.KindAgency, code)
		if err != nil {
			return err
		}
		a.Offices, a.TT, a.EN = now.Agency.Offices, now.Agency.TT, now.Agency.EN
	}
	a.TT, a.EN = readWords(f, agencyWords, "tt", a.TT), readWords(f, agencyWords, "en", a.EN)
	a.Name, a.Short, a.Level, a.About = f.Text("name"), f.Text("short"), f.Text("level"), f.Lines("about")
	a.Head = directory.Head{Name: f.Text("head_name"), Post: f.Text("head_post")}
	a.Phones, a.Email, a.Site, a.Branch = directory.ReadPhones(in.phones), f.Text("email"), f.Text("site"), f.Text("branch")
	a.Appeals = directory.Appeals{Mode: f.Text("appeals_mode")}
	if a.Appeals.Mode == "external" {
		a.Appeals.URL = f.Text("appeals_url")
	}
	for _, x := range strings.Split(f.Text("former"), ",") {
		if x = strings.TrimSpace(x); x != "" {
			a.Former = append(a.Former, x)
		}
	}
	in.entry.Agency = a
	return nil
}

func (s *Site) readCentre(r *http.Request, f kit.Form, code string, in *entryForm) (wrong []fault.Field, err error) {
	c := &directory.Centre{
		Code: code, Name: f.Text("name"), Operator: f.Text("operator"), City: f.Text("city"), Address: f.Text("address"), Phones: directory.ReadPhones(in.phones), Note: f.Text("note"),
	}
	in.week, c.Hours, c.Point, wrong = placeIn(f)
	for _, x := range f.All("functions") {
		c.Functions = append(c.Functions, directory.Function(x))
	}
	if !in.fresh {
		now, err := s.Directory.Entry(r.Context(), directory.KindCentre, code)
		if err != nil {
			return nil, err
		}
		c.TT, c.EN = now.Centre.TT, now.Centre.EN
	}
	c.TT, c.EN = readWords(f, centreWords, "tt", c.TT), readWords(f, centreWords, "en", c.EN)
	in.entry.Centre = c
	return wrong, nil
}

// hideEntry takes an entry off the pages; an agency that has staff, services or cases
// stays.
func (s *Site) hideEntry(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := kindOf(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	by := s.directoryEdit(o, k, code, v)
	if k == directory.KindAgency {
		editing := by.Within
		by.Within = func(ctx context.Context, tx *db.Tx, agencies ...string) error {
			if err := editing(ctx, tx, agencies...); err != nil {
				return err
			}
			if err := s.Officers.AgencyFree(ctx, tx, code); err != nil {
				return err
			}
			if err := s.Services.AgencyFree(ctx, tx, code); err != nil {
				return err
			}
			return s.Cases.Applications.AgencyFree(ctx, tx, code)
		}
	}
	err = s.Directory.Hide(r.Context(), by, k, code)
	return s.settled(w, r, err, "hide-panel", "manage.directory.now_hidden", directoryAt(k), func(status int, bad kit.Wrong) error {
		e, err := s.Directory.Entry(r.Context(), k, code)
		if err != nil {
			return err
		}
		in := formOfEntry(*e)
		in.bad = bad
		return s.entryPage(w, r, o, status, in)
	})
}
