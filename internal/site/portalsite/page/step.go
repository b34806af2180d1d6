package page

import (
	"context"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/ui"
)

// Step is one page of a service's form.
type Step struct {
	Service string // title of the service, above the heading
	View    form.StepView
	Names   []string // of all steps, the page of checking last
	Action  string   // where the answers go
	Hidden  []ui.Hidden
	Errors  []ui.FieldError // of uploads, beside those of the form
	Slots   map[string]string
	// Profile is where verified data can be changed.
	Profile string
	// Note is told once, above the questions.
	Note string
	// Saved says when the draft was saved and how long it is kept.
	Saved string
	// File is the address of an attachment that is there.
	File func(id string) string
	// Size writes a number of bytes for people.
	Size func(n int64) string
}

// summary is the list of errors at the top: those of the form, then of uploads.
func (s Step) summary() []ui.FieldError {
	var out []ui.FieldError
	for _, e := range s.View.Errors {
		out = append(out, ui.FieldError{Field: s.target(e), Text: e.Text})
	}
	return append(out, s.Errors...)
}

// target is the control that the error's link leads to: of a date it is the day.
func (s Step) target(e form.FieldError) string {
	for _, f := range s.View.Fields {
		if f.Kind == form.KindFile && f.ID == e.Input {
			return fileID(f)
		}
		for _, in := range f.Inputs {
			if in.Name == e.Input && in.Kind == form.KindDate {
				return in.ID + "-day"
			}
		}
	}
	return e.ID()
}

// SlotID is the id of the control of an attachment slot.
func SlotID(field string) string { return "f-" + strings.ReplaceAll(field, "_", "-") }

func fileID(f form.FieldView) string { return SlotID(f.ID) }

// hasFiles tells whether the form carries uploads.
func (s Step) hasFiles() bool {
	return slices.ContainsFunc(s.View.Fields, func(f form.FieldView) bool { return f.Kind == form.KindFile })
}

// known are the verified values of the step, as rows.
func (s Step) known() []ui.Row {
	var rows []ui.Row
	for _, f := range s.View.Fields {
		if !f.Shown {
			continue
		}
		for _, l := range f.Known {
			rows = append(rows, ui.Row{Key: l.Label, Value: l.Text})
		}
	}
	return rows
}

// sources says where the known values come from: «МВД, 3 сентября 2026».
func (s Step) sources(ctx context.Context) string {
	l := i18n.From(ctx)
	var names []string
	for _, f := range s.View.Fields {
		if len(f.Known) == 0 || f.Mark.Source == "" {
			continue
		}
		name := f.Mark.Source
		if !f.Mark.On.IsZero() {
			name += ", " + l.Date(f.Mark.On)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return t(ctx, "step.known.text")
	}
	return t(ctx, "step.known.sources", "sources", strings.Join(names, "; "))
}

// top are the fields that do not hang on an answer of the same page.
func (s Step) top() []form.FieldView {
	return slices.DeleteFunc(slices.Clone(s.View.Fields), func(f form.FieldView) bool { return f.Reveal != nil && s.reveals(f) })
}

// under are the fields that the answer value of field makes appear.
func (s Step) under(field, value string) []form.FieldView {
	return slices.DeleteFunc(slices.Clone(s.View.Fields), func(f form.FieldView) bool {
		return f.Reveal == nil || f.Reveal.Field != field || f.Reveal.Value != value
	})
}

// reveals tells whether the field that f hangs on is drawn as radios: only they
// can carry it. Under a list it stands as a question of its own.
func (s Step) reveals(f form.FieldView) bool {
	return slices.ContainsFunc(s.View.Fields, func(o form.FieldView) bool {
		return o.ID == f.Reveal.Field && (o.Kind == form.KindChoice || o.Kind == form.KindYesNo) && len(o.Inputs) > 0
	})
}

// alone tells whether the step is one question, whose label is the heading of
// the group rather than of a field.
func (s Step) alone() bool {
	n := 0
	for _, f := range s.top() {
		if len(f.Inputs) > 0 || f.Kind == form.KindFile {
			n++
		}
	}
	return n == 1
}

func width(w string) string {
	switch w {
	case "short":
		return "10"
	case "medium":
		return "20"
	}
	return ""
}

func base(in form.InputView) ui.Field {
	return ui.Field{ID: in.ID, Name: in.Name, Label: in.Label, Hint: in.Hint, Error: in.Error, Value: in.Value, Required: in.Required}
}

func textField(in form.InputView) ui.TextField {
	f := ui.TextField{
		Field: base(in), Autocomplete: in.Autocomplete, InputMode: in.InputMode, Width: width(in.Width), Suffix: in.Unit,
	}
	if in.Kind == form.KindEmail {
		f.Type = "email"
	}
	if in.Kind == form.KindPhone {
		f.Type = "tel"
	}
	if f.Autocomplete == "" {
		f.Autocomplete = "off"
	}
	return f
}

func date(in form.InputView) ui.DateField {
	f := base(in)
	f.LabelSize = "s"
	return ui.DateField{Field: f, Day: in.Day, Month: in.Month, Year: in.Year, Birthday: in.Autocomplete == "bday"}
}

func (s Step) choice(ctx context.Context, f form.FieldView, in form.InputView) ui.Choice {
	c := ui.Choice{Field: base(in)}
	c.LabelSize = "s"
	if s.alone() {
		c.LabelSize = "m"
	}
	if in.Kind == form.KindSelect {
		c.LabelSize = ""
		c.Options = append(c.Options, ui.Option{Value: "", Text: t(ctx, "step.choose")})
	}
	for _, o := range in.Options {
		op := ui.Option{Value: o.Value, Text: o.Label, Hint: o.Hint, Checked: o.Selected}
		if under := s.under(f.ID, o.Value); len(under) > 0 && in.Kind != form.KindSelect && in.Kind != form.KindCheckboxes {
			op.Reveals = s.fields(under)
		}
		c.Options = append(c.Options, op)
	}
	c.Value = ""
	return c
}

// composite tells whether a field has several controls under one question.
func composite(f form.FieldView) bool {
	switch f.Kind {
	case form.KindPerson, form.KindAddress, form.KindDocument, form.KindChild:
		return true
	}
	return false
}

// slotHint says what may be attached: «PDF, JPG или PNG, до 15 МБ».
func (s Step) slotHint(ctx context.Context, f form.FieldView) string {
	types := strings.Join(f.Slot.Types, ", ")
	key := "step.file.hint"
	if f.Slot.MaxFiles > 1 {
		key = "step.file.hint_many"
	}
	hint := t(ctx, key, "types", types, "size", s.Size(f.Slot.MaxBytes), "n", f.Slot.MaxFiles)
	if f.Hint != "" {
		hint = strings.TrimRight(f.Hint, ". ") + ". " + hint
	}
	return hint
}

func (s Step) slotError(f form.FieldView) string {
	if e := s.Slots[f.ID]; e != "" {
		return e
	}
	return f.Error
}

// Accept is the attribute of a file field that permits the types.
func Accept(types []string) string {
	out := make([]string, len(types))
	for i, x := range types {
		out[i] = "." + x
	}
	return strings.Join(out, ",")
}

func (s Step) fileNote(ctx context.Context, f form.File) string {
	switch {
	case f.Infected:
		return t(ctx, "file.infected", "size", s.Size(f.Size))
	case f.Waiting:
		return t(ctx, "file.waiting", "size", s.Size(f.Size))
	case f.Unchecked:
		return t(ctx, "file.unchecked", "size", s.Size(f.Size))
	}
	return t(ctx, "file.there", "size", s.Size(f.Size))
}

func (s Step) open(ctx context.Context, f form.File) []ui.Link {
	if s.File == nil || f.Infected {
		return nil
	}
	return []ui.Link{link(t(ctx, "file.open"), s.File(f.ID))}
}
