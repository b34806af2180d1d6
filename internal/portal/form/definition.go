package form

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Kind is what a field asks for. The kinds decide the inputs, the checks and the canonical value.
type Kind string

// The kinds of fields.
const (
	KindText       Kind = "text"
	KindTextarea   Kind = "textarea"
	KindNumber     Kind = "number"
	KindDate       Kind = "date"
	KindChoice     Kind = "choice"     // radio buttons
	KindSelect     Kind = "select"     // the same from a long list
	KindCheckboxes Kind = "checkboxes" // several of a list
	KindYesNo      Kind = "yesno"
	KindAddress    Kind = "address"
	KindPerson     Kind = "person"
	KindChild      Kind = "child" // one of the profile's children, or another entered by hand
	KindDocument   Kind = "document"
	KindSNILS      Kind = "snils"
	KindINN        Kind = "inn"
	KindPhone      Kind = "phone"
	KindEmail      Kind = "email"
	KindFile       Kind = "file"    // attachment slot; its answers are ids of files
	KindConsent    Kind = "consent" // one tick under a text
	KindInfo       Kind = "info"    // a text, no answer
)

// Definition is a form: an ordered list of steps. It is immutable once parsed and safe for
// concurrent use.
type Definition struct {
	// Format is the version of the file format, 1 now.
	Format int    `yaml:"format" json:"format"`
	Steps  []Step `yaml:"steps" json:"steps"`

	fields map[string]*Field
	stepOf map[string]int
}

// Step is one page of the form: one question or one small group.
type Step struct {
	ID     string     `yaml:"id" json:"id"`
	Title  Text       `yaml:"title" json:"title"`
	Lead   Text       `yaml:"lead,omitempty" json:"lead,omitzero"`
	When   *Condition `yaml:"when,omitempty" json:"when,omitempty"`
	Fields []Field    `yaml:"fields" json:"fields"`
	Checks []Check    `yaml:"checks,omitempty" json:"checks,omitempty"`
}

// Check is a rule over several answers: where If holds, the field At gets the error Say.
type Check struct {
	If  Condition `yaml:"if" json:"if"`
	At  string    `yaml:"at" json:"at"`
	Say Text      `yaml:"say" json:"say"`
}

// Field is one question. Which of its settings mean something depends on the kind; Lint refuses
// the others.
type Field struct {
	ID       string     `yaml:"id" json:"id"`
	Kind     Kind       `yaml:"kind" json:"kind"`
	Label    Text       `yaml:"label" json:"label,omitzero"`
	Hint     Text       `yaml:"hint,omitempty" json:"hint,omitzero"`
	Required bool       `yaml:"required,omitempty" json:"required,omitempty"`
	When     *Condition `yaml:"when,omitempty" json:"when,omitempty"`

	// From binds the field to the profile ("profile.person", "profile.snils" …). Verified values
	// are then read-only, others are a proposal. Editable makes verified ones a proposal too.
	From     string `yaml:"from,omitempty" json:"from,omitempty"`
	Editable bool   `yaml:"editable,omitempty" json:"editable,omitempty"`
	// Default is the first value of an answer that nobody gave yet.
	Default string `yaml:"default,omitempty" json:"default,omitempty"`

	Options []Option `yaml:"options,omitempty" json:"options,omitempty"`
	// Parts narrows what a person, child, document or address asks for; empty means the usual set.
	// "snils?" asks for a part without requiring it.
	Parts []string `yaml:"parts,omitempty" json:"parts,omitempty"`
	// Documents are the permitted types of a document field.
	Documents []string `yaml:"documents,omitempty" json:"documents,omitempty"`

	MinLength int    `yaml:"min_length,omitempty" json:"min_length,omitempty"` // characters
	MaxLength int    `yaml:"max_length,omitempty" json:"max_length,omitempty"` // characters
	Pattern   string `yaml:"pattern,omitempty" json:"pattern,omitempty"`       // RE2, the whole value
	// Format is a named check of a text: plate, vin, ogrn, postcode, name … (see [Formats]).
	Format string `yaml:"format,omitempty" json:"format,omitempty"`
	// Min and Max bound numbers ("0", "12.5") and dates ("2020-01-31", "today", "today-14y", "today+30d").
	Min      string `yaml:"min,omitempty" json:"min,omitempty"`
	Max      string `yaml:"max,omitempty" json:"max,omitempty"`
	Decimals int    `yaml:"decimals,omitempty" json:"decimals,omitempty"`
	Unit     Text   `yaml:"unit,omitempty" json:"unit,omitzero"`
	MinCount int    `yaml:"min_count,omitempty" json:"min_count,omitempty"` // checkboxes
	MaxCount int    `yaml:"max_count,omitempty" json:"max_count,omitempty"`
	// MinAge and MaxAge are completed years on the day of filing, of a date of birth, person or child.
	MinAge *int `yaml:"min_age,omitempty" json:"min_age,omitempty"`
	MaxAge *int `yaml:"max_age,omitempty" json:"max_age,omitempty"`

	MaxFiles  int      `yaml:"max_files,omitempty" json:"max_files,omitempty"`     // default 1
	MaxSizeMB int      `yaml:"max_size_mb,omitempty" json:"max_size_mb,omitempty"` // of one file, in 2^20 bytes; default 15
	Types     []string `yaml:"types,omitempty" json:"types,omitempty"`             // extensions; default the 19 of APL-06

	// Body is the text of an info or consent field, in Markdown.
	Body Text `yaml:"body,omitempty" json:"body,omitzero"`
	// Messages replace the usual words of an error by its rule: required, format, checksum, pattern,
	// option, decimals, min, max, min_length, max_length, min_count, max_count, min_age, max_age, type, size, infected.
	Messages map[string]Text `yaml:"messages,omitempty" json:"messages,omitempty"`
	// Width is a hint for the page: short, medium or empty for the full column.
	Width string `yaml:"width,omitempty" json:"width,omitempty"`
}

// Option is one possible answer of a choice, select or checkboxes field.
type Option struct {
	Value string     `yaml:"value" json:"value"`
	Label Text       `yaml:"label" json:"label"`
	Hint  Text       `yaml:"hint,omitempty" json:"hint,omitzero"`
	When  *Condition `yaml:"when,omitempty" json:"when,omitempty"`
}

// Parse reads a definition in YAML (or JSON, a subset of it), refuses unknown keys and everything
// that the engine could not carry out. Its errors name every mistake (see [Problems]).
func Parse(data []byte) (*Definition, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	d := &Definition{}
	if err := dec.Decode(d); err != nil {
		return nil, YAMLProblems("", err)
	}
	return d.ready()
}

// FromJSON reads a definition as the catalogue stores it.
func FromJSON(data []byte) (*Definition, error) {
	d := &Definition{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("read stored form definition: %w", err)
	}
	return d.ready()
}

func (d *Definition) ready() (*Definition, error) {
	d.fields = map[string]*Field{}
	d.stepOf = map[string]int{}
	for i := range d.Steps {
		for j := range d.Steps[i].Fields {
			f := &d.Steps[i].Fields[j]
			if _, double := d.fields[f.ID]; !double {
				d.fields[f.ID] = f
				d.stepOf[f.ID] = i
			}
		}
	}
	if p := d.problems(); len(p) > 0 {
		return nil, p
	}
	return d, nil
}

// Field finds a field by its id; nil where there is none.
func (d *Definition) Field(id string) *Field { return d.fields[id] }

// StepOf answers the id of the step that holds the field, empty where there is none.
func (d *Definition) StepOf(field string) string {
	if i, ok := d.stepOf[field]; ok {
		return d.Steps[i].ID
	}
	return ""
}

// Slots answers the attachment slots of the form, in order.
func (d *Definition) Slots() []*Field {
	var out []*Field
	for i := range d.Steps {
		for j := range d.Steps[i].Fields {
			if f := &d.Steps[i].Fields[j]; f.Kind == KindFile {
				out = append(out, f)
			}
		}
	}
	return out
}
