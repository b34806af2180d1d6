package officesite

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// maxParts bounds the documents, places and prices that the card's form reads.
const maxParts = 60

// cardForm is the form of a card: what editors change most often, without the files.
// It writes the same definition, which goes the same way: check, comparison, publishing.
type cardForm struct {
	version   int64
	card      catalogue.Service // as typed
	fee       string            // the one price, as typed
	prices    []string          // of the variants, as typed
	days      string
	problems  catalogue.Problems
	meanwhile *catalogue.Meanwhile
	bad       kit.Wrong
}

// cardText is a text of the card in three languages; the name of its Russian field.
type cardText struct {
	name string
	rows int // of a text area; 0: one line
	must bool
	at   func(*catalogue.Service) *form.Text
}

var cardTexts = []cardText{
	{"title", 0, true, func(s *catalogue.Service) *form.Text { return &s.Title }},
	{"short", 2, true, func(s *catalogue.Service) *form.Text { return &s.Short }},
	{"result", 2, true, func(s *catalogue.Service) *form.Text { return &s.Result }},
	{"body", 12, true, func(s *catalogue.Service) *form.Text { return &s.Body }},
	{"term_note", 2, false, func(s *catalogue.Service) *form.Text { return &s.TermNote }},
	{"fee_note", 2, false, func(s *catalogue.Service) *form.Text { return &s.Fee.Note }},
}

func (s *Site) showCard(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	x, err := s.Services.Edited(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	if !o.Edits(x.Agency) {
		return fault.Forbidden("officer.other_agency")
	}
	in := cardForm{version: x.Version, card: *x.Service}
	if x.Fee.Amount > 0 {
		in.fee = rutext.MoneyNumber(x.Fee.Amount)
	}
	for _, p := range x.Fee.Variants {
		in.prices = append(in.prices, rutext.MoneyNumber(p.Amount))
	}
	if x.Term.Days > 0 {
		in.days = strconv.Itoa(x.Term.Days)
	}
	return s.cardPage(w, r, o, http.StatusOK, in)
}

func (s *Site) cardPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in cardForm) error {
	l := s.words(r)
	code := r.PathValue("code")
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, l.T("manage.catalogue.edit"), l.T("manage.card.lead"))}
	v.Buttons = []ui.ButtonProps{{Text: l.T("manage.card.files"), Href: serviceAt(code) + "/edit", Kind: "secondary", Class: "okno-m0"}}
	if len(in.problems) > 0 {
		v.Main = append(v.Main, page.Panel("report", l.T("manage.catalogue.report"), true, page.Report(l.T("manage.catalogue.report_text", "n", len(in.problems)), l.problems(in.problems))))
	}
	if in.meanwhile != nil {
		panel, err := s.meanwhile(r, l, in.meanwhile)
		if err != nil {
			return err
		}
		v.Main = append(v.Main, panel)
	}
	agencies, err := s.agencies(r)
	if err != nil {
		return err
	}
	f := field{l, in.bad, "manage.card."}
	hidden := append(key(), version(in.version))
	fields := f.cardTexts(&in)
	fields = append(fields, f.area("keywords", strings.Join(in.card.Keywords, "\n"), 4), f.pick("agency", in.card.Agency, agencies), f.pick("min_level", in.card.MinLevel, f.levels()),
		f.line("term_days", in.days, "5", false), f.pick("term_unit", string(in.card.Term.Unit), f.units()))
	fields = append(fields, f.prices(&in)...)
	documents, more := f.documents(in.card.Documents)
	fields, hidden = append(fields, documents...), append(hidden, more...)
	fields = append(fields, f.places(in.card.Places)...)
	v.Main = append(v.Main, page.Panel("card", l.T("manage.card.title_panel"), false, page.FormOf(page.Form{
		Action: serviceAt(code) + "/card", Hidden: hidden, Fields: fields, Button: l.T("manage.catalogue.check"), Back: &ui.Link{Text: l.T("manage.back"), Href: serviceAt(code)},
	})))
	return s.sheet(w, r, status, in.bad, nil, v)
}

// text is the field of a text; key names its label.
func (f field) text(name, key, value string, rows int, must bool) templ.Component {
	p := f.props(key, value)
	p.ID, p.Name, p.Error, p.Required = name, name, f.bad.Field(name), must
	if rows > 0 {
		return ui.Textarea(ui.TextArea{Field: p, Rows: rows, Spellcheck: "true"})
	}
	return ui.Input(ui.TextField{Field: p, Autocomplete: "off"})
}

// cardTexts ask for the Russian texts; the other languages open on demand.
func (f field) cardTexts(in *cardForm) []templ.Component {
	var ru, tt, en []templ.Component
	for _, x := range cardTexts {
		t := x.at(&in.card)
		ru = append(ru, f.text(x.name, x.name, t.RU, x.rows, x.must))
		tt = append(tt, f.text(x.name+"_tt", x.name, t.TT, x.rows, false))
		en = append(en, f.text(x.name+"_en", x.name, t.EN, x.rows, false))
	}
	return append(ru, page.Folded(f.T("manage.text.in_tt"), false, tt...), page.Folded(f.T("manage.text.in_en"), false, en...))
}

func (f field) levels() (out []ui.Option) {
	for i, x := range []string{"simplified", "standard", "confirmed"} {
		out = append(out, ui.Option{Value: x, Text: f.T("ui.level." + strconv.Itoa(i+1))})
	}
	return out
}

func (f field) units() (out []ui.Option) {
	for _, u := range []term.Unit{term.WorkingDays, term.CalendarDays} {
		out = append(out, ui.Option{Value: string(u), Text: f.T("manage.card.unit." + string(u))})
	}
	return out
}

// languages are a text's three fields, in one line each.
func (f field) languages(name, key string, t form.Text) []templ.Component {
	out := []templ.Component{f.text(name, key, t.RU, 0, false)}
	for _, x := range []struct{ lang, text string }{{"tt", t.TT}, {"en", t.EN}} {
		p := ui.Field{ID: name + "_" + x.lang, Name: name + "_" + x.lang, Label: f.T("manage.card.in_"+x.lang, "what", f.T(f.prefix+key)), Value: x.text}
		out = append(out, ui.Input(ui.TextField{Field: p, Autocomplete: "off"}))
	}
	return out
}

// prices are the one price, or several with names.
func (f field) prices(in *cardForm) []templ.Component {
	out := []templ.Component{f.line("fee", in.fee, "10", false)}
	for i := range len(in.card.Fee.Variants) + 1 {
		name, p, typed := "price"+strconv.Itoa(i), catalogue.Price{}, ""
		title := f.T("manage.card.price_more")
		if i < len(in.card.Fee.Variants) {
			p, typed = in.card.Fee.Variants[i], in.prices[i]
			title = f.T("manage.card.price_named", "name", f.in(p.Label))
		}
		parts := append(f.languages(name, "price_label", p.Label), f.text(name+"_amount", "price_amount", typed, 0, false))
		out = append(out, page.Folded(title, f.bad.Field(name+"_amount") != "", parts...))
	}
	return out
}

// documents are those that the service needs, and room for one more. What of the
// profile covers one is not asked for: it goes along.
func (f field) documents(list []catalogue.Document) (out []templ.Component, hidden []ui.Hidden) {
	for i := range len(list) + 1 {
		name, d, title := "doc"+strconv.Itoa(i), catalogue.Document{By: "citizen"}, f.T("manage.card.doc_more")
		if i < len(list) {
			d = list[i]
			title = f.T("manage.card.doc_named", "name", f.in(d.Label))
			hidden = append(hidden, ui.Hidden{Name: name + "_profile", Value: d.Profile})
		}
		var by []ui.Option
		for _, x := range []string{"citizen", "agency", "form"} {
			by = append(by, ui.Option{Value: x, Text: f.T("manage.card.by." + x)})
		}
		parts := append(f.languages(name, "doc_label", d.Label), f.languages(name+"_note", "doc_note", d.Note)...)
		parts = append(parts, ui.Select(ui.Choice{Field: ui.Field{ID: name + "_by", Name: name + "_by", Label: f.T("manage.card.doc_by"), Value: d.By}, Options: by}))
		out = append(out, page.Folded(title, false, parts...))
	}
	return out, hidden
}

// places are the addresses to go to, and room for one more.
func (f field) places(list []catalogue.Place) (out []templ.Component) {
	for i := range len(list) + 1 {
		name, p, title := "place"+strconv.Itoa(i), catalogue.Place{}, f.T("manage.card.place_more")
		if i < len(list) {
			p = list[i]
			title = f.T("manage.card.place_named", "name", f.in(p.Name))
		}
		parts := append(f.languages(name, "place_name", p.Name), f.languages(name+"_address", "place_address", p.Address)...)
		parts = append(parts, f.languages(name+"_hours", "place_hours", p.Hours)...)
		parts = append(parts, f.text(name+"_phones", "place_phones", strings.Join(p.Phones, "\n"), 2, false))
		out = append(out, page.Folded(title, false, parts...))
	}
	return out
}

// checkCard checks a typed card and keeps it to be compared, like checkSource.
func (s *Site) checkCard(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	k, err := f.Key()
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	base, err := s.Services.At(r.Context(), code, v)
	if err != nil {
		return err
	}
	in, wrong := readCard(f, base)
	in.version = v
	again := func(status int, err error) error {
		in.bad, _ = kit.WrongOf(r, err, map[string]string{"": "card"})
		return s.cardPage(w, r, o, status, in)
	}
	if len(wrong) > 0 {
		return again(http.StatusUnprocessableEntity, fault.Invalid("manage.card.wrong", wrong...))
	}
	source, err := in.card.Source()
	if err != nil {
		return err
	}
	files, problems := catalogue.OneService(source, s.Code, code)
	if len(problems) == 0 {
		if _, problems, err = s.Services.Check(r.Context(), s.Code, files); err != nil {
			return err
		}
	}
	if in.problems = problems; len(problems) > 0 {
		return again(http.StatusUnprocessableEntity, fault.Invalid("manage.catalogue.has_problems"))
	}
	if in.meanwhile, err = s.Services.Meanwhile(r.Context(), code, v, &in.card); err != nil {
		return err
	}
	if in.meanwhile != nil {
		in.version = in.meanwhile.Now.Version
		return again(http.StatusConflict, fault.Conflict("manage.catalogue.meanwhile_told"))
	}
	id, problems, err := s.Services.Propose(r.Context(), k, o.ID, s.Code, files)
	if err != nil {
		return err
	}
	if in.problems = problems; len(problems) > 0 {
		return again(http.StatusUnprocessableEntity, fault.Invalid("manage.catalogue.has_problems"))
	}
	return kit.See(w, r, proposalAt(id))
}

// readCard puts what was typed over a service; what the form does not ask for stays.
func readCard(f kit.Form, base *catalogue.Service) (in cardForm, wrong []fault.Field) {
	in.card = *base
	for _, x := range cardTexts {
		t := form.Text{RU: f.Lines(x.name), TT: f.Lines(x.name + "_tt"), EN: f.Lines(x.name + "_en")}
		if x.must && t.RU == "" {
			wrong = append(wrong, fault.F(x.name, "manage.card.missing"))
		}
		*x.at(&in.card) = t
	}
	in.card.Keywords = linesOf(f.Lines("keywords"))
	in.card.Agency, in.card.MinLevel = f.Text("agency"), f.Text("min_level")
	in.days, in.card.Term = f.Text("term_days"), term.Term{}
	if in.days != "" {
		n, err := strconv.Atoi(in.days)
		in.card.Term = term.Term{Days: n, Unit: term.Unit(f.Text("term_unit"))}
		if err != nil || in.card.Term.Check() != nil {
			wrong = append(wrong, fault.F("term_days", "manage.card.bad_days"))
		}
	}
	in.fee, in.card.Fee.Amount, in.card.Fee.Variants = f.Text("fee"), 0, nil
	if in.fee != "" {
		n, err := rutext.ParseMoney(in.fee)
		if in.card.Fee.Amount = n; err != nil {
			wrong = append(wrong, fault.F("fee", "manage.card.bad_money"))
		}
	}
	in.card.Documents, in.card.Places = nil, nil
	for i := range maxParts {
		n := strconv.Itoa(i)
		if label := languagesOf(f, "price"+n); !label.IsZero() {
			typed := f.Text("price" + n + "_amount")
			amount, err := rutext.ParseMoney(typed)
			if err != nil {
				wrong = append(wrong, fault.F("price"+n+"_amount", "manage.card.bad_money"))
			}
			in.card.Fee.Variants, in.prices = append(in.card.Fee.Variants, catalogue.Price{Label: label, Amount: amount}), append(in.prices, typed)
		}
		if label := languagesOf(f, "doc"+n); !label.IsZero() {
			in.card.Documents = append(in.card.Documents, catalogue.Document{Label: label, Note: languagesOf(f, "doc"+n+"_note"), By: f.Text("doc" + n + "_by"), Profile: f.Text("doc" + n + "_profile")})
		}
		p := catalogue.Place{Name: languagesOf(f, "place"+n), Address: languagesOf(f, "place"+n+"_address"), Hours: languagesOf(f, "place"+n+"_hours"), Phones: linesOf(f.Lines("place" + n + "_phones"))}
		if !p.Name.IsZero() || !p.Address.IsZero() {
			in.card.Places = append(in.card.Places, p)
		}
	}
	if in.card.Fee.Amount > 0 && len(in.card.Fee.Variants) > 0 {
		wrong = append(wrong, fault.F("fee", "manage.card.two_fees"))
	}
	return in, wrong
}

func languagesOf(f kit.Form, name string) form.Text {
	return form.Text{RU: f.Text(name), TT: f.Text(name + "_tt"), EN: f.Text(name + "_en")}
}

// linesOf are the lines of a text that are not empty.
func linesOf(s string) (out []string) {
	for _, line := range strings.Split(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
