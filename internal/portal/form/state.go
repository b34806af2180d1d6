package form

import (
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Answers are what the citizen gave: values by input name ("old_name", "child.birth_date"). Files
// stand as their ids. The map is plain data for a draft's row; keys that begin with "_" are the
// engine's own.
type Answers map[string][]string

// seenKey holds the ids of the steps that were sent at least once.
const seenKey = "_seen"

// Clone copies the answers.
func (a Answers) Clone() Answers {
	out := make(Answers, len(a))
	for k, v := range a {
		out[k] = slices.Clone(v)
	}
	return out
}

func (a Answers) first(key string) string {
	if v := a[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Words gives the interface's words in the citizen's language; *i18n.Localizer fulfils it.
type Words interface {
	T(key string, args ...any) string
	Lang() string
	Date(t time.Time) string
}

// File is an uploaded file as forms see it. Infected ones are refused; Waiting ones are still being
// scanned and do not block the form; Unchecked ones are on a portal that has no scanner.
type File struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Type     string `json:"type"` // extension, lower case
	SHA256   string `json:"sha256,omitempty"`
	Infected bool   `json:"infected,omitempty"`
	Waiting  bool   `json:"waiting,omitempty"`

	Unchecked bool `json:"unchecked,omitempty"`
}

// Input is everything that an evaluation depends on.
type Input struct {
	Profile Profile
	Answers Answers
	// Files are the uploads that the answers name, by id. An answer that names another file
	// counts as not given.
	Files map[string]File
	// Today is the day in the portal's zone (see [Day]).
	Today time.Time
	// Words may be nil: then texts of the interface are their keys, dates are Russian.
	Words Words
}

// FieldError is one mistake in one input.
type FieldError struct {
	// Input is the name of the input, "child.birth_date", or of a field as a whole, "child".
	Input string
	// Rule is what failed: one of the keys of Field.Messages, or check.
	Rule string
	// Text is the message in the citizen's language.
	Text string
}

// ID is the id of the input's element on the page, for links of the error summary.
func (e FieldError) ID() string { return inputID(e.Input) }

// State is an evaluated form. It is a value of the moment: evaluate again after each change.
type State struct {
	def   *Definition
	in    Input
	words Words
	vals  map[string]*resolved
	shown []bool // by step
	errs  [][]FieldError
}

// resolved is one field with its values of the moment.
type resolved struct {
	field  *Field
	shown  bool
	parts  []part // of a composite; one nameless part otherwise
	raw    map[string][]string
	canon  map[string][]string
	text   map[string]string
	locked map[string]bool
	mark   Mark
	files  []File
	child  *Child // the chosen child of the profile
	errs   []FieldError
}

// Evaluate lays profile and answers over the definition.
func (d *Definition) Evaluate(in Input) *State {
	s := &State{
		def: d, in: in, words: in.Words, vals: map[string]*resolved{},
		shown: make([]bool, len(d.Steps)), errs: make([][]FieldError, len(d.Steps)),
	}
	if s.words == nil {
		s.words = bare{}
	}
	for i := range d.Steps {
		st := &d.Steps[i]
		s.shown[i] = st.When.holds(s)
		for j := range st.Fields {
			f := &st.Fields[j]
			r := s.resolve(f)
			r.shown = s.shown[i] && f.When.holds(s)
			s.vals[f.ID] = r
			if r.shown {
				s.validate(r)
				s.errs[i] = append(s.errs[i], r.errs...)
			}
		}
		if !s.shown[i] {
			continue
		}
		for j := range st.Checks {
			s.check(i, &st.Checks[j])
		}
	}
	return s
}

func (s *State) check(step int, c *Check) {
	r := s.visible(c.At)
	if r == nil || len(r.errs) > 0 || !c.If.holds(s) {
		return
	}
	e := FieldError{Input: r.firstInput(), Rule: "check", Text: c.Say.In(s.words.Lang())}
	r.errs = append(r.errs, e)
	s.errs[step] = append(s.errs[step], e)
}

func (s *State) visible(field string) *resolved {
	if r := s.vals[field]; r != nil && r.shown {
		return r
	}
	return nil
}

// Next is the id of the first step that still needs the citizen: not sent yet, or with a mistake.
// Empty means that all is answered and the page of checking comes.
func (s *State) Next() string {
	for i := range s.def.Steps {
		if s.shown[i] && !s.done(i) {
			return s.def.Steps[i].ID
		}
	}
	return ""
}

// Complete tells whether the form may be signed: every shown step was sent and holds no mistake.
func (s *State) Complete() bool { return s.Next() == "" }

func (s *State) done(i int) bool {
	return len(s.errs[i]) == 0 && slices.Contains(s.in.Answers[seenKey], s.def.Steps[i].ID)
}

// After is the id of the shown step after the given one, empty for the page of checking.
func (s *State) After(step string) string { return s.neighbour(step, 1) }

// Before is the id of the shown step before the given one, empty at the first.
// For the page of checking give the empty id: its predecessor is the last shown step.
func (s *State) Before(step string) string { return s.neighbour(step, -1) }

func (s *State) neighbour(step string, by int) string {
	at := slices.IndexFunc(s.def.Steps, func(st Step) bool { return st.ID == step })
	if at < 0 {
		if step != "" || by > 0 {
			return ""
		}
		at = len(s.def.Steps)
	}
	for i := at + by; i >= 0 && i < len(s.def.Steps); i += by {
		if s.shown[i] {
			return s.def.Steps[i].ID
		}
	}
	return ""
}

// Errors are the mistakes of all shown steps, in the order of the form.
func (s *State) Errors() []FieldError { return slices.Concat(s.errs...) }

// StepErrors are the mistakes of one step.
func (s *State) StepErrors(step string) []FieldError {
	for i := range s.def.Steps {
		if s.def.Steps[i].ID == step {
			return s.errs[i]
		}
	}
	return nil
}

// FileIDs are the files of all shown attachment slots: what goes with the application.
func (s *State) FileIDs() []string {
	var out []string
	for _, f := range s.def.Slots() {
		if r := s.visible(f.ID); r != nil {
			for _, file := range r.files {
				out = append(out, file.ID)
			}
		}
	}
	return out
}

// Subject is whom the application is about.
type Subject struct {
	// Capacity is "self" or "child".
	Capacity string
	Person   Person
	// ChildID is the child of the profile, empty for one entered by hand.
	ChildID string
}

// Subject answers the child that the form is about, or the applicant.
func (s *State) Subject() Subject {
	if r := s.childField(); r != nil {
		p := Person{
			Surname: r.one("surname"), Name: r.one("name"), Patronymic: r.one("patronymic"),
			BirthDate: r.one("birth_date"), BirthPlace: r.one("birth_place"), Sex: r.one("sex"),
		}
		sub := Subject{Capacity: "child", Person: p}
		if r.child != nil {
			sub.ChildID, sub.Person.Mark = r.child.ID, r.child.Mark
		}
		return sub
	}
	return Subject{Capacity: "self", Person: s.in.Profile.Person}
}

func (s *State) childField() *resolved {
	for i := range s.def.Steps {
		for j := range s.def.Steps[i].Fields {
			f := &s.def.Steps[i].Fields[j]
			if r := s.visible(f.ID); f.Kind == KindChild && r != nil {
				return r
			}
		}
	}
	return nil
}

func (r *resolved) one(part string) string {
	if v := r.canon[part]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (r *resolved) firstInput() string {
	if first := r.parts; r.field.composite() && r.field.Kind != KindChild && !r.locked[first[0].name] {
		return inputName(r.field.ID, first[0].name)
	}
	return r.field.ID
}

// bare is the Words of an evaluation without a language.
type bare struct{}

func (bare) T(key string, _ ...any) string { return key }
func (bare) Lang() string                  { return "ru" }
func (bare) Date(t time.Time) string       { return rutext.Date(t) }
