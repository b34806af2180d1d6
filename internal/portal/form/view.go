package form

import (
	"slices"
	"strings"
	"time"
)

// StepView is a step ready to be drawn: every text in the citizen's language.
type StepView struct {
	ID, Title, Lead string
	// Number and Total count the steps shown now; the page of checking is one more.
	Number, Total int
	// NextTitle is the title of the step after this one, empty before the page of checking.
	NextTitle string
	Fields    []FieldView
	// Errors are the mistakes of the step, empty before it was sent for the first time.
	Errors []FieldError
	// Sent tells whether the citizen has sent the step at least once.
	Sent bool
}

// FieldView is one question. A question that waits for an answer on the same page is there too,
// with Reveal and Shown = false: without script it is drawn open and ignored when not called for.
type FieldView struct {
	ID                string
	Kind              Kind
	Label, Hint, Body string
	Required, Shown   bool
	// Locked means that all of it comes from the verified profile: nothing to type, Known says it.
	Locked bool
	Mark   Mark
	Known  []Line
	Inputs []InputView
	Reveal *Reveal
	// Slot and Files are there for attachments only.
	Slot  *Slot
	Files []File
	Error string
}

// Reveal says which answer on the same page makes the question appear.
type Reveal struct{ Field, Value string }

// Line is a known or given value with its label.
type Line struct{ Label, Text string }

// InputView is one control. Name is its stable form name, ID its element's id; Kind is one of text,
// textarea, number, date, choice, select, checkboxes, snils, inn, phone, email, consent.
type InputView struct {
	Name, ID                       string
	Kind                           Kind
	Label, Hint                    string
	Value                          string
	Day, Month, Year               string // of a date, as typed
	Options                        []OptionView
	Required                       bool
	Error                          string
	Autocomplete, InputMode, Width string
	MaxLength                      int
	Unit                           string
}

// OptionView is one option of a control.
type OptionView struct {
	Value, Label, Hint string
	Selected           bool
}

// StepInfo is a step in the list of steps.
type StepInfo struct {
	ID, Title string
	Done      bool
}

// Steps lists the steps shown now.
func (s *State) Steps() []StepInfo {
	var out []StepInfo
	for i := range s.def.Steps {
		if s.shown[i] {
			st := &s.def.Steps[i]
			out = append(out, StepInfo{st.ID, st.Title.In(s.words.Lang()), s.done(i)})
		}
	}
	return out
}

// Step answers the view of a shown step; false where the form has no such step now.
func (s *State) Step(id string) (StepView, bool) {
	at := slices.IndexFunc(s.def.Steps, func(st Step) bool { return st.ID == id })
	if at < 0 || !s.shown[at] {
		return StepView{}, false
	}
	st := &s.def.Steps[at]
	lang := s.words.Lang()
	v := StepView{
		ID: st.ID, Title: st.Title.In(lang), Lead: st.Lead.In(lang),
		Sent: slices.Contains(s.in.Answers[seenKey], id),
	}
	infos := s.Steps()
	v.Total = len(infos)
	for i, info := range infos {
		if info.ID == id {
			v.Number = i + 1
			if i+1 < len(infos) {
				v.NextTitle = infos[i+1].Title
			}
		}
	}
	if v.Sent {
		v.Errors = s.errs[at]
	}
	for j := range st.Fields {
		if fv, ok := s.fieldView(&st.Fields[j], at, v.Sent); ok {
			v.Fields = append(v.Fields, fv)
		}
	}
	return v, true
}

func (s *State) fieldView(f *Field, step int, sent bool) (FieldView, bool) {
	r, lang := s.vals[f.ID], s.words.Lang()
	v := FieldView{
		ID: f.ID, Kind: f.Kind, Label: f.Label.In(lang), Hint: f.Hint.In(lang), Body: f.Body.In(lang),
		Required: f.Required, Shown: r.shown, Reveal: s.def.reveal(f, step), Mark: r.mark,
	}
	if !r.shown && (v.Reveal == nil || s.visible(v.Reveal.Field) == nil) {
		return v, false
	}
	if f.Kind == KindFile {
		slot := f.Slot()
		v.Slot, v.Files = &slot, r.files
	}
	if sent && r.shown && len(r.errs) > 0 {
		if !f.composite() {
			v.Error = r.errs[0].Text
		} else if i := slices.IndexFunc(r.errs, func(e FieldError) bool { return e.Input == f.ID }); i >= 0 {
			v.Error = r.errs[i].Text
		}
	}
	s.inputs(&v, r, sent && r.shown)
	v.Locked = f.Kind != KindInfo && f.Kind != KindFile && len(v.Inputs) == 0 && len(r.parts) > 0
	if slices.ContainsFunc(r.parts, func(p part) bool { return r.locked[p.name] }) {
		v.Known = s.lines(r, true)
	}
	return v, true
}

// inputs adds a control for each part that the profile does not rule.
func (s *State) inputs(v *FieldView, r *resolved, withErrors bool) {
	f := r.field
	if f.Kind == KindInfo || f.Kind == KindFile {
		return
	}
	if f.Kind == KindChild && len(s.in.Profile.Children) > 0 {
		v.Inputs = append(v.Inputs, s.childInput(r, withErrors))
	}
	if f.Kind == KindChild && r.one("") == "" {
		return
	}
	for _, p := range r.parts {
		if r.locked[p.name] {
			continue
		}
		in := InputView{
			Name: inputName(f.ID, p.name), Kind: p.kind, Label: v.Label, Hint: v.Hint,
			Required: f.Required && !p.optional, Autocomplete: p.autocomplete, Width: f.Width,
			MaxLength: p.max, Unit: f.Unit.In(s.words.Lang()),
		}
		in.ID = inputID(in.Name)
		s.describe(&in, f, p)
		s.fill(&in, r, p)
		if withErrors {
			in.Error = r.errorOf(in.Name)
		}
		v.Inputs = append(v.Inputs, in)
	}
}

func (s *State) describe(in *InputView, f *Field, p part) {
	if p.name != "" {
		in.Label, in.Hint, in.Width = s.words.T("form.part."+p.name), "", p.width
		if p.hinted {
			in.Hint = s.words.T("form.part." + hintKey(p) + ".hint")
		}
	} else {
		switch p.kind {
		case KindText, KindTextarea:
			in.MaxLength = f.textLimit()
		case KindPhone, KindEmail, KindSNILS, KindINN:
			if in.Hint == "" {
				in.Hint = s.words.T("form.hint." + string(p.kind))
			}
		}
	}
	switch {
	case p.kind == KindNumber && f.Decimals > 0:
		in.InputMode = "decimal"
	case p.kind == KindNumber, p.kind == KindSNILS, p.kind == KindINN, p.pattern == "postcode", p.pattern == "oms_policy":
		in.InputMode = "numeric"
	case p.kind == KindPhone:
		in.InputMode, in.Autocomplete = "tel", "tel"
	case p.kind == KindEmail:
		in.InputMode, in.Autocomplete = "email", "email"
	}
	if in.Width == "" && (p.kind == KindSNILS || p.kind == KindINN || p.kind == KindPhone || p.kind == KindNumber) {
		in.Width = "medium"
	}
}

// hintKey: the number of a document is explained by the document's kind of number.
func hintKey(p part) string {
	if p.name == "number" && p.pattern != "" {
		return "number." + p.pattern
	}
	return p.name
}

func (s *State) fill(in *InputView, r *resolved, p part) {
	raw := r.raw[p.name]
	if len(raw) > 0 {
		in.Value = raw[0]
	}
	lang := s.words.Lang()
	switch p.kind {
	case KindDate:
		in.Day, in.Month, in.Year = splitDate(in.Value)
		if t, ok := parseDate(in.Value); ok {
			in.Value = t.Format("02.01.2006")
		}
	case KindYesNo:
		for _, o := range []string{"yes", "no"} {
			in.Options = append(in.Options, OptionView{o, s.words.T("form." + o), "", in.Value == o})
		}
	case KindConsent:
		in.Options = []OptionView{{"yes", r.field.Label.In(lang), "", in.Value == "yes"}}
	case KindChoice, KindSelect, KindCheckboxes:
		if p.name != "" {
			for _, o := range p.options {
				in.Options = append(in.Options, OptionView{o, s.words.T(optionKey(p, o)), "", slices.Contains(r.canon[p.name], o)})
			}
			return
		}
		for i := range r.field.Options {
			if o := &r.field.Options[i]; o.When.holds(s) {
				in.Options = append(in.Options, OptionView{o.Value, o.Label.In(lang), o.Hint.In(lang), slices.Contains(raw, o.Value)})
			}
		}
	default:
		// A value that is understood is shown in its usual form: «112-233-445 95».
		if t := r.text[p.name]; t != "" {
			in.Value = t
		}
	}
}

// childInput is the choice among the children of the profile.
func (s *State) childInput(r *resolved, withErrors bool) InputView {
	in := InputView{
		Name: r.field.ID, ID: inputID(r.field.ID), Kind: KindChoice,
		Label: r.field.Label.In(s.words.Lang()), Hint: r.field.Hint.In(s.words.Lang()), Required: r.field.Required,
	}
	for i := range s.in.Profile.Children {
		c := &s.in.Profile.Children[i]
		o := OptionView{Value: c.ID, Label: joinNonEmpty(" ", c.Surname, c.Name, c.Patronymic), Selected: r.child == c}
		if t, ok := parseDate(c.BirthDate); ok {
			o.Hint = s.words.T("form.child.born", "date", s.words.Date(t))
		}
		in.Options = append(in.Options, o)
	}
	in.Options = append(in.Options, OptionView{
		Value: OtherChild, Label: s.words.T("form.child.other"), Hint: s.words.T("form.child.other.hint"),
		Selected: r.one("") == OtherChild,
	})
	if withErrors {
		in.Error = r.errorOf(in.Name)
	}
	return in
}

func (r *resolved) errorOf(input string) string {
	for _, e := range r.errs {
		if e.Input == input {
			return e.Text
		}
	}
	return ""
}

func splitDate(v string) (d, m, y string) {
	if t, ok := parseDate(v); ok {
		return formatInt(t.Day()), formatInt(int(t.Month())), formatInt(t.Year())
	}
	p := strings.SplitN(v, ".", 3)
	for len(p) < 3 {
		p = append(p, "")
	}
	return p[0], p[1], p[2]
}

// reveal answers the one answer on the same page that a field waits for, if that is its condition.
func (d *Definition) reveal(f *Field, step int) *Reveal {
	c := f.When
	if c == nil || c.Field == "" || c.Is == "" || d.stepOf[c.Field] != step {
		return nil
	}
	return &Reveal{c.Field, c.Is}
}

// lines prints the values of a field for people: a name, an address and a document are one line
// each. With known it prints only what the profile rules.
func (s *State) lines(r *resolved, known bool) []Line {
	f, lang := r.field, s.words.Lang()
	get := func(name string) string {
		if known && !r.locked[name] {
			return ""
		}
		return r.text[name]
	}
	label := f.Label.In(lang)
	var out []Line
	add := func(label, text string) {
		if text != "" {
			out = append(out, Line{label, text})
		}
	}
	switch f.Kind {
	case KindPerson, KindChild:
		add(label, joinNonEmpty(" ", get("surname"), get("name"), get("patronymic")))
		for _, p := range r.parts {
			if !slices.Contains([]string{"surname", "name", "patronymic"}, p.name) {
				add(s.words.T("form.part."+p.name), get(p.name))
			}
		}
	case KindAddress:
		a := Address{
			Region: get("region"), District: get("district"), City: get("city"), Street: get("street"),
			House: get("house"), Building: get("building"), Flat: get("flat"), Line: get("line"),
		}
		line := a.parts()["line"]
		if post := get("postcode"); !strings.HasPrefix(line, post) { // a line of the profile may begin with it
			line = joinNonEmpty(", ", post, line)
		}
		add(label, line)
	case KindDocument:
		add(label, s.documentLine(get))
	default:
		add(label, get(""))
	}
	return out
}

// documentLine: «Паспорт гражданина РФ 71 14 № 482106, выдан 21 июня 2014, УМВД …».
func (s *State) documentLine(get func(string) string) string {
	issued := joinNonEmpty(" ", get("issue_date"), get("issued_by"), get("issue_code"))
	if issued != "" {
		issued = s.words.T("form.document.issued", "by", issued)
	}
	expiry := get("expiry_date")
	if expiry != "" {
		expiry = s.words.T("form.document.expires", "date", expiry)
	}
	return joinNonEmpty(", ", joinNonEmpty(" ", get("type"), get("number")), issued, expiry)
}

// DateText prints a stored date ("2006-01-02") in the language of the words; what is no date is
// printed as it is.
func DateText(w Words, v string) string {
	t, err := time.Parse(time.DateOnly, v)
	if err != nil {
		return v
	}
	return w.Date(t)
}
