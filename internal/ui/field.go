package ui

import "github.com/a-h/templ"

// Field is what all controls of a form share: name, label, hint, error, value.
// Name alone is enough: ID follows it. An error summary links to "#"+ID.
type Field struct {
	ID   string // default: Name
	Name string

	Label     string
	LabelBody templ.Component
	LabelSize string // "", "s", "m", "l", "xl"
	Heading   bool   // the label is the h1 of a page with one question
	LabelHide bool   // only readers hear the label (a search field with an icon)

	Hint     string
	HintBody templ.Component

	Error string // how to mend it, e.g. «Введите 11 цифр, например 112-233-445 95»

	Value    string
	Required bool // asterisk and aria-required; the server checks
	Disabled bool

	DescribedBy string // ids of further texts that describe the control
	Class       string // of the control
	GroupClass  string // of the whole group
	Attrs       Attrs  // of the control
	GroupAttrs  Attrs

	Before, After templ.Component // beside the control, inside the group
}

func (f Field) id() string { return or(f.ID, f.Name) }

// describedBy lists the ids of what describes the control, in reading order.
func (f Field) describedBy() string {
	hint, fault := "", ""
	if f.Hint != "" || f.HintBody != nil {
		hint = f.id() + "-hint"
	}
	if f.Error != "" {
		fault = f.id() + "-error"
	}
	return Class(f.DescribedBy, hint, fault)
}

func (f Field) labelClass() string {
	return Class("govuk-label", sized("govuk-label--", f.LabelSize), when(f.LabelHide, "govuk-visually-hidden"))
}

// TextField is an input of one line.
type TextField struct {
	Field
	Type           string // default text; number is not used: it eats leading zeros
	Autocomplete   string // HTML token, e.g. "given-name", "one-time-code", "off"
	InputMode      string // "numeric", "email", "tel"
	Autocapitalize string
	Pattern        string
	Spellcheck     string // "false" for names, numbers, codes
	MaxLength      int    // 0: none
	ReadOnly       bool   // known data: shown, sent, not edited
	Width          string // "2" "3" "4" "5" "10" "20" "30" characters; "" full
	Prefix, Suffix string
	InputClass     string // "extra-letter-spacing" for codes and numbers
	WrapperClass   string
}

func (f TextField) class() string {
	return Class("govuk-input", sized("govuk-input--width-", f.Width), sized("govuk-input--", f.InputClass), f.Class,
		when(f.Error != "", "govuk-input--error"))
}

func (f TextField) wrapped() bool {
	return f.Prefix != "" || f.Suffix != "" || f.Before != nil || f.After != nil
}

// TextArea is an input of many lines. Limit adds the count of characters left.
type TextArea struct {
	Field
	Rows         int // default 5
	Autocomplete string
	Spellcheck   string // "true", "false"
	Limit        int    // characters; 0: no count. The server checks, the field takes more.
}

func (f TextArea) rows() int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 5
}

// PasswordField is an input of a password with a button that shows it.
type PasswordField struct {
	Field
	New bool // a new password: autocomplete new-password instead of current-password
}

// FileField is an input of files.
type FileField struct {
	Field
	Accept   string // e.g. ".pdf,.jpg"
	Multiple bool
	Drop     bool // in a dashed frame: the field for one more file in a list
}

// Option is one answer of a choice.
type Option struct {
	Value string
	Text  string
	Body  templ.Component // instead of Text; not for Select
	ID    string          // default: id of the choice, from the second on with -2, -3 …
	Name  string          // checkboxes with names of their own

	Hint     string
	HintBody templ.Component

	Checked   bool // or by Value/Values of the choice
	Disabled  bool
	Divider   string          // instead of an option: a word between options («или»)
	Exclusive bool            // checkboxes: «Ничего из перечисленного»
	Reveals   templ.Component // further questions that belong to this answer
	Attrs     Attrs
}

// Choice is a question with answers to pick from: Radios, Checkboxes, Select.
// Label is the legend (Select: the label).
type Choice struct {
	Field
	Options []Option
	Values  []string // what is ticked, for Checkboxes
	Small   bool
	Inline  bool // Radios with two short answers
	Plain   bool // no fieldset: the context gives the name (a single checkbox)

	FieldsetClass string
	LegendHide    bool // only readers hear the legend
}

func (c Choice) optionID(i int, o Option) string {
	if o.ID != "" {
		return o.ID
	}
	if i == 0 {
		return c.id()
	}
	return c.id() + "-" + itoa(i+1)
}

func (c Choice) on(o Option) bool {
	if o.Checked {
		return true
	}
	if c.Value != "" && o.Value == c.Value {
		return true
	}
	for _, v := range c.Values {
		if v == o.Value {
			return true
		}
	}
	return false
}

func (o Option) hasHint() bool { return o.Hint != "" || o.HintBody != nil }

// DateField asks for a date by day, month and year: three fields named
// Name-day, Name-month, Name-year.
type DateField struct {
	Field
	Day, Month, Year string
	Birthday         bool // autocomplete by the parts of the birth date
	// BadDay, BadMonth, BadYear tell which parts are wrong; with Error set and
	// none of them, all fields are marked.
	BadDay, BadMonth, BadYear bool
	Plain                     bool // no fieldset
	FieldsetClass             string
}

// FieldError is one line of the error summary. Field is the id of the control
// (the first one of a group); without it the line is no link.
type FieldError struct {
	Field string
	Text  string
}
