package form

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// linter walks a definition in the order in which the engine does, so that it knows which answers
// exist already.
type linter struct {
	def   *Definition
	out   Problems
	known map[string]*Field // fields before the place
	step  int
}

// problems finds everything that the engine could not carry out.
func (d *Definition) problems() Problems {
	l := &linter{def: d, known: map[string]*Field{}}
	if d.Format != 1 {
		l.add("format", "lint.format", "must be 1, is %d", d.Format)
	}
	if len(d.Steps) == 0 {
		l.add("steps", "lint.no_steps", "a form needs at least one step")
	}
	ids := map[string]bool{}
	for i := range d.Steps {
		st := &d.Steps[i]
		l.step = i
		at := "steps." + st.ID
		if !idPattern.MatchString(st.ID) {
			l.add("steps", "lint.bad_id", "id %q: lower-case Latin letters, digits and _, a letter first, 40 at most", st.ID)
		}
		if ids[st.ID] {
			l.add(at, "lint.second_step", "second step with this id")
		}
		ids[st.ID] = true
		if st.Title.RU == "" {
			l.add(at, "lint.no_title", "needs a title")
		}
		if len(st.Fields) == 0 {
			l.add(at, "lint.no_field", "needs a field")
		}
		l.condition(at+".when", st.When)
		for j := range st.Fields {
			l.field(at+".fields."+st.Fields[j].ID, &st.Fields[j])
		}
		for j := range st.Checks {
			l.check(fmt.Sprintf("%s.checks[%d]", at, j), st, &st.Checks[j])
		}
	}
	return l.out
}

func (l *linter) add(at, key, format string, args ...any) {
	l.out = append(l.out, ProblemOf(at, key, format, args...))
}

func (l *linter) check(at string, st *Step, c *Check) {
	if !slices.ContainsFunc(st.Fields, func(f Field) bool { return f.ID == c.At }) {
		l.add(at, "lint.check_at", "at: %q is no field of this step", c.At)
	}
	if c.Say.RU == "" {
		l.add(at, "lint.no_say", "needs words: say")
	}
	l.condition(at+".if", &c.If)
}

func (l *linter) field(at string, f *Field) {
	if !idPattern.MatchString(f.ID) {
		l.add(at, "lint.bad_id", "id %q: lower-case Latin letters, digits and _, a letter first, 40 at most", f.ID)
	}
	if l.known[f.ID] != nil {
		l.add(at, "lint.second_field", "second field with this id")
	}
	if !slices.Contains(kinds, f.Kind) {
		l.add(at, "lint.kind", "unknown kind %q; there are %v", f.Kind, kinds)
		return
	}
	if f.Label.RU == "" && f.Kind != KindInfo {
		l.add(at, "lint.no_label", "needs a label")
	}
	l.condition(at+".when", f.When)
	l.sameStep(at, f)
	l.settings(at, f)
	l.values(at, f)
	l.known[f.ID] = f
	l.choices(at, f)
}

var kinds = []Kind{
	KindText, KindTextarea, KindNumber, KindDate, KindChoice, KindSelect, KindCheckboxes, KindYesNo, KindAddress,
	KindPerson, KindChild, KindDocument, KindSNILS, KindINN, KindPhone, KindEmail, KindFile, KindConsent, KindInfo,
}

// sameStep: what appears on the same page must depend on one answer of one list there, so that the
// page can show it without asking the server.
func (l *linter) sameStep(at string, f *Field) {
	f.When.refs(func(ref string) {
		id, _, _ := strings.Cut(ref, ".")
		if i, ok := l.def.stepOf[id]; !ok || i != l.step {
			return
		}
		other := l.known[id]
		simple := other != nil && f.When.Field == ref && f.When.Is != "" &&
			slices.Contains([]Kind{KindChoice, KindYesNo, KindCheckboxes}, other.Kind)
		if !simple {
			l.add(at, "lint.when_same_step", "when: within a step only {field: <choice, yesno or checkboxes>, is: value}; else make it a step of its own")
		}
	})
}

// only says which kinds a setting is for.
func (l *linter) only(at, setting string, isSet bool, k Kind, allowed ...Kind) {
	if isSet && !slices.Contains(allowed, k) {
		l.add(at, "lint.setting_kind", "%s is not for kind %s", setting, k)
	}
}

func (l *linter) settings(at string, f *Field) {
	l.only(at, "options", len(f.Options) > 0, f.Kind, KindChoice, KindSelect, KindCheckboxes)
	l.only(at, "parts", len(f.Parts) > 0, f.Kind, KindPerson, KindChild, KindDocument, KindAddress)
	l.only(at, "documents", len(f.Documents) > 0, f.Kind, KindDocument)
	l.only(at, "min_length", f.MinLength != 0, f.Kind, KindText, KindTextarea)
	l.only(at, "max_length", f.MaxLength != 0, f.Kind, KindText, KindTextarea)
	l.only(at, "pattern", f.Pattern != "", f.Kind, KindText)
	l.only(at, "format", f.Format != "", f.Kind, KindText)
	l.only(at, "min", f.Min != "", f.Kind, KindNumber, KindDate)
	l.only(at, "max", f.Max != "", f.Kind, KindNumber, KindDate)
	l.only(at, "decimals", f.Decimals != 0, f.Kind, KindNumber)
	l.only(at, "unit", !f.Unit.IsZero(), f.Kind, KindNumber)
	l.only(at, "min_count", f.MinCount != 0, f.Kind, KindCheckboxes)
	l.only(at, "max_count", f.MaxCount != 0, f.Kind, KindCheckboxes)
	l.only(at, "min_age", f.MinAge != nil, f.Kind, KindDate, KindPerson, KindChild)
	l.only(at, "max_age", f.MaxAge != nil, f.Kind, KindDate, KindPerson, KindChild)
	l.only(at, "max_files", f.MaxFiles != 0, f.Kind, KindFile)
	l.only(at, "max_size_mb", f.MaxSizeMB != 0, f.Kind, KindFile)
	l.only(at, "types", len(f.Types) > 0, f.Kind, KindFile)
	l.only(at, "body", !f.Body.IsZero(), f.Kind, KindInfo, KindConsent)
	l.only(at, "default", f.Default != "", f.Kind, KindText, KindNumber, KindChoice, KindSelect, KindYesNo)
	if f.Kind == KindInfo && (f.Body.IsZero() || f.Required) {
		l.add(at, "lint.info", "an info needs a body and is never required")
	}
	if f.Kind == KindConsent && f.Body.IsZero() {
		l.add(at, "lint.consent", "a consent needs a body: the text that is agreed to")
	}
	if f.From != "" && !bindingFits(f.From, f.Kind) {
		l.add(at, "lint.from", "from: %q does not exist or does not fit kind %s", f.From, f.Kind)
	}
	if f.Editable && f.From == "" {
		l.add(at, "lint.editable", "editable means something only with from")
	}
	if f.Kind == KindChild && f.From != "profile.children" {
		l.add(at, "lint.child_from", "a child is chosen from profile.children: set from")
	}
}

func (l *linter) values(at string, f *Field) {
	if f.Pattern != "" {
		if _, err := regexp.Compile(f.Pattern); err != nil {
			l.add(at, "lint.pattern", "pattern: %v", err)
		}
		if f.Messages["pattern"].RU == "" && f.Hint.RU == "" {
			l.add(at, "lint.pattern_words", "a pattern needs messages.pattern or a hint that says how to fill the field in")
		}
	}
	if f.Format != "" && !slices.Contains(Formats(), f.Format) {
		l.add(at, "lint.field_format", "format: unknown %q; there are %v", f.Format, Formats())
	}
	for _, b := range []string{f.Min, f.Max} {
		if b == "" {
			continue
		}
		if f.Kind == KindNumber {
			if _, err := strconv.ParseFloat(b, 64); err != nil {
				l.add(at, "lint.bound_number", "bound %q is no number", b)
			}
		} else if _, err := ParseBound(b, time.Unix(0, 0)); f.Kind == KindDate && err != nil {
			l.add(at, "lint.bound_date", "%v", err)
		}
	}
	if f.MinLength < 0 || f.MaxLength < 0 || f.MaxLength > maxValue || f.MaxLength > 0 && f.MinLength > f.MaxLength {
		l.add(at, "lint.lengths", "min_length and max_length must be an interval within 0–%d", maxValue)
	}
	if f.MaxFiles < 0 || f.MaxFiles > 20 || f.MaxSizeMB < 0 || f.MaxSizeMB > 100 {
		l.add(at, "lint.files", "a slot takes 1–20 files of 1–100 MB")
	}
	for _, t := range f.Types {
		if !slices.Contains(FileTypes, t) {
			l.add(at, "lint.file_type", "types: %q is none of %v", t, FileTypes)
		}
	}
	if f.Decimals < 0 || f.Decimals > 6 {
		l.add(at, "lint.decimals", "decimals: 0–6")
	}
	for rule := range f.Messages {
		if !slices.Contains(rules, rule) {
			l.add(at, "lint.rule", "messages: unknown rule %q; there are %v", rule, rules)
		}
	}
	if !slices.Contains([]string{"", "short", "medium"}, f.Width) {
		l.add(at, "lint.width", "width: short or medium")
	}
	l.partNames(at, f)
}

var rules = []string{
	"required", "format", "checksum", "pattern", "min", "max", "min_length", "max_length", "min_age", "max_age",
	"min_count", "max_count", "option", "decimals", "type", "size", "infected",
}

func (l *linter) partNames(at string, f *Field) {
	table := partTable(f.Kind)
	for _, name := range f.Parts {
		name = strings.TrimSuffix(name, "?")
		if !slices.ContainsFunc(table, func(p part) bool { return p.name == name && (f.Kind != KindDocument || name != "type") }) {
			l.add(at, "lint.part", "parts: a %s has no %q", f.Kind, name)
		}
	}
	if f.Kind == KindDocument && len(f.Documents) == 0 {
		l.add(at, "lint.documents", "documents: name the permitted types, of %v", DocumentTypes())
	}
	for _, t := range f.Documents {
		if _, ok := documentTypes[t]; !ok {
			l.add(at, "lint.document_type", "documents: unknown type %q; there are %v", t, DocumentTypes())
		}
	}
	if (f.MinAge != nil || f.MaxAge != nil) && (f.Kind == KindPerson || f.Kind == KindChild) &&
		!slices.ContainsFunc(f.partsOf(""), func(p part) bool { return p.name == "birth_date" }) {
		l.add(at, "lint.age_part", "an age needs the part birth_date")
	}
}

func (l *linter) choices(at string, f *Field) {
	list := f.Kind == KindChoice || f.Kind == KindSelect || f.Kind == KindCheckboxes
	if !list {
		return
	}
	if len(f.Options) == 0 {
		l.add(at, "lint.no_options", "needs options")
	}
	values := map[string]bool{}
	for i := range f.Options {
		o := &f.Options[i]
		if o.Value == "" || len(o.Value) > 80 || values[o.Value] {
			l.add(at, "lint.option_value", "option %q: a value of its own, 80 bytes at most", o.Value)
		}
		values[o.Value] = true
		if o.Label.RU == "" {
			l.add(at, "lint.option_label", "option %q needs a label", o.Value)
		}
		l.condition(at+".options."+o.Value+".when", o.When)
		o.When.refs(func(ref string) {
			if id, _, _ := strings.Cut(ref, "."); l.known[id] != nil && l.def.stepOf[id] == l.step {
				l.add(at, "lint.option_when", "option %q: its condition must ask about an earlier step", o.Value)
			}
		})
	}
	if f.Default != "" && !values[f.Default] {
		l.add(at, "lint.default_option", "default %q is no option", f.Default)
	}
}

func (l *linter) condition(at string, c *Condition) {
	if c == nil {
		return
	}
	if n := c.forms(); n != 1 {
		l.add(at, "lint.condition_one", "exactly one of all, any, not, field, present, profile, age; has %d", n)
		return
	}
	for i := range c.All {
		l.condition(at+".all", &c.All[i])
	}
	for i := range c.Any {
		l.condition(at+".any", &c.Any[i])
	}
	if c.Not != nil {
		l.condition(at+".not", c.Not)
	}
	if c.Profile != "" && !slices.Contains([]string{"citizenship", "sex", "level"}, c.Profile) {
		l.add(at, "lint.condition_profile", "profile: citizenship, sex or level, not %q", c.Profile)
	}
	l.comparison(at, c)
	if c.Age != nil {
		l.ageRange(at, c.Age)
	}
	for _, ref := range []string{c.Field, c.Present} {
		if ref != "" {
			l.reference(at, ref, c)
		}
	}
}

func (c *Condition) forms() int {
	n := 0
	for _, is := range []bool{
		len(c.All) > 0, len(c.Any) > 0, c.Not != nil, c.Field != "", c.Present != "", c.Profile != "", c.Age != nil,
	} {
		if is {
			n++
		}
	}
	return n
}

func (l *linter) comparison(at string, c *Condition) {
	n := 0
	for _, is := range []bool{c.Is != "", len(c.In) > 0, c.Above != "", c.Below != ""} {
		if is {
			n++
		}
	}
	want := 0
	if c.Field != "" || c.Profile != "" {
		want = 1
	}
	if n != want {
		l.add(at, "lint.condition_value", "field and profile need exactly one of is, in, above, below; the others none")
	}
	for _, b := range []string{c.Above, c.Below} {
		if b == "" {
			continue
		}
		_, err1 := strconv.ParseFloat(b, 64)
		if _, err2 := ParseBound(b, time.Unix(0, 0)); err1 != nil && err2 != nil {
			l.add(at, "lint.bound", "bound %q is neither a number nor a date", b)
		}
	}
}

func (l *linter) ageRange(at string, a *AgeRange) {
	if a.From == nil && a.To == nil {
		l.add(at, "lint.age_range", "age: needs from or to")
	}
	if a.Of != "subject" && a.Of != "applicant" {
		l.reference(at, a.Of, nil)
	}
}

// reference: a condition asks only about fields before it, and only about values that they can have.
func (l *linter) reference(at, ref string, c *Condition) {
	id, name, hasPart := strings.Cut(ref, ".")
	f := l.known[id]
	if f == nil {
		l.add(at, "lint.no_reference", "field %q does not exist before this place", id)
		return
	}
	if hasPart && !slices.ContainsFunc(partTable(f.Kind), func(p part) bool { return p.name == name }) {
		l.add(at, "lint.no_part", "field %s has no part %q", id, name)
	}
	if c == nil || hasPart {
		return
	}
	for _, v := range append(slices.Clone(c.In), nonEmpty(c.Is)...) {
		known := true
		switch f.Kind {
		case KindChoice, KindSelect, KindCheckboxes:
			known = slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == v })
		case KindYesNo:
			known = v == "yes" || v == "no"
		case KindConsent:
			known = v == "yes"
		}
		if !known {
			l.add(at, "lint.never_value", "field %s never has the value %q", id, v)
		}
	}
}
