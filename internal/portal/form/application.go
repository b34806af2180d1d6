package form

import (
	"encoding/json"
	"time"
)

// Application is a filled form in the order and words that the citizen saw: what he checks, signs
// and the agency reads. Its JSON is stable: the same form gives the same bytes.
type Application struct {
	Lang     string    `json:"lang"`
	Sections []Section `json:"sections"`
}

// Section is the answers of one step.
type Section struct {
	Step    string   `json:"step"`
	Title   string   `json:"title"`
	Answers []Answer `json:"answers"`
}

// Answer is one question with its answer.
type Answer struct {
	Field string `json:"field"`
	Kind  Kind   `json:"kind"`
	Label string `json:"label"`
	// Values are canonical: dates as 2006-01-02, identifiers as digits, options by value.
	Values []string `json:"values,omitempty"`
	// Parts are the values of a composite field by part.
	Parts []PartAnswer `json:"parts,omitempty"`
	// Lines are the answer as people read it; empty means not answered.
	Lines []Line `json:"lines,omitempty"`
	Files []File `json:"files,omitempty"`
	// Known tells that a register vouches for it; then Source and On say which and when.
	Known  bool      `json:"known,omitempty"`
	Source string    `json:"source,omitempty"`
	On     time.Time `json:"on,omitzero"`
}

// PartAnswer is one part of a composite answer.
type PartAnswer struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
	Text  string `json:"text"`
	// Known tells that a register vouches for this part.
	Known bool `json:"known,omitempty"`
}

// Text is the answer in one line.
func (a Answer) Text() string {
	var all []string
	for _, l := range a.Lines {
		all = append(all, l.Text)
	}
	for _, f := range a.Files {
		all = append(all, f.Name)
	}
	return joinNonEmpty("; ", all...)
}

// Application answers the form as it stands; call it for sending only when Complete.
func (s *State) Application() Application {
	app := Application{Lang: s.words.Lang(), Sections: []Section{}}
	for i := range s.def.Steps {
		if !s.shown[i] {
			continue
		}
		st := &s.def.Steps[i]
		sec := Section{Step: st.ID, Title: st.Title.In(app.Lang), Answers: []Answer{}}
		for j := range st.Fields {
			if r := s.visible(st.Fields[j].ID); r != nil && r.field.Kind != KindInfo {
				sec.Answers = append(sec.Answers, s.answer(r))
			}
		}
		if len(sec.Answers) > 0 {
			app.Sections = append(app.Sections, sec)
		}
	}
	return app
}

func (s *State) answer(r *resolved) Answer {
	a := Answer{Field: r.field.ID, Kind: r.field.Kind, Label: r.field.Label.In(s.words.Lang()), Files: r.files}
	if r.field.Kind == KindFile {
		a.Files = make([]File, len(r.files))
		for i, f := range r.files {
			f.Waiting, f.Unchecked = false, false // the state of the scan is not part of what is signed
			a.Files[i] = f
		}
		return a
	}
	a.Lines = s.lines(r, false)
	a.Known = len(r.parts) > 0
	for _, p := range r.parts {
		a.Known = a.Known && r.locked[p.name]
	}
	if a.Known {
		a.Source, a.On = r.mark.Source, r.mark.On
	}
	if !r.field.composite() {
		a.Values = r.canon[""]
		return a
	}
	if r.field.Kind == KindChild {
		a.Values = r.canon[""]
	}
	for _, p := range r.parts {
		if v := r.one(p.name); v != "" {
			a.Parts = append(a.Parts, PartAnswer{p.name, s.words.T("form.part." + p.name), v, r.text[p.name], r.locked[p.name]})
		}
	}
	return a
}

// Bytes are the application as it is signed and stored.
func (a Application) Bytes() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic("form: an application of plain data cannot fail to marshal: " + err.Error())
	}
	return b
}
