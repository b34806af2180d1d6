package form

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Usual limits of texts in characters where a definition sets none.
const (
	defaultTextLength     = 255
	defaultTextareaLength = 2000
)

// canonicalise turns what was typed into canonical values and their printed form. What cannot be
// read becomes an error of the field; a field that is not shown keeps it to itself.
func (s *State) canonicalise(r *resolved) {
	if r.field.Kind == KindChild && r.child == nil && r.one("") != OtherChild {
		return
	}
	for _, p := range r.parts {
		raw := r.raw[p.name]
		if len(raw) == 0 || raw[0] == "" && len(raw) == 1 {
			continue
		}
		if p.kind == KindCheckboxes {
			r.canon[p.name] = s.chosen(r, raw)
			continue
		}
		canon, text, rule := s.read(r.field, p, raw[0])
		switch {
		case rule == "":
			r.canon[p.name], r.text[p.name] = []string{canon}, text
		case r.locked[p.name]:
			// A register wrote it in a form of its own: it stands as it is.
			r.canon[p.name], r.text[p.name] = []string{raw[0]}, raw[0]
		default:
			s.fail(r, p, rule, "value", raw[0])
		}
	}
}

// read parses one value; rule is the reason why it cannot be.
func (s *State) read(f *Field, p part, v string) (canon, text, rule string) {
	switch p.kind {
	case KindNumber:
		return readNumber(v, f.Decimals)
	case KindDate:
		t, ok := parseDate(v)
		if !ok {
			return "", "", "format"
		}
		return t.Format(time.DateOnly), s.words.Date(t), ""
	case KindChoice, KindSelect:
		return s.readOption(f, p, v)
	case KindYesNo:
		if v != "yes" && v != "no" {
			return "", "", "option"
		}
		return v, s.words.T("form." + v), ""
	case KindConsent:
		if v != "yes" {
			return "", "", "required"
		}
		return v, f.Body.In(s.words.Lang()), ""
	case KindSNILS, KindINN, KindPhone, KindEmail:
		return identifiers[string(p.kind)](v)
	}
	if check, ok := identifiers[p.pattern]; ok {
		return check(v)
	}
	if p.name == "citizenship" && v == "RUS" {
		return v, s.words.T("form.citizenship.rus"), ""
	}
	return v, v, ""
}

func (s *State) readOption(f *Field, p part, v string) (canon, text, rule string) {
	if p.name != "" {
		if !slices.Contains(p.options, v) {
			return "", "", "option"
		}
		return v, s.words.T(optionKey(p, v)), ""
	}
	for i := range f.Options {
		if o := &f.Options[i]; o.Value == v && o.When.holds(s) {
			return v, o.Label.In(s.words.Lang()), ""
		}
	}
	return "", "", "option"
}

func optionKey(p part, value string) string {
	if p.name == "type" {
		return "form.document." + value
	}
	return "form." + p.name + "." + strings.ToLower(value)
}

func (s *State) chosen(r *resolved, raw []string) []string {
	var out, texts []string
	for i := range r.field.Options {
		if o := &r.field.Options[i]; slices.Contains(raw, o.Value) && o.When.holds(s) {
			out, texts = append(out, o.Value), append(texts, o.Label.In(s.words.Lang()))
		}
	}
	r.text[""] = strings.Join(texts, "; ")
	return out
}

// readNumber reads "1 500,50"; the canonical form has a point and no leading zeros.
func readNumber(v string, decimals int) (canon, text, rule string) {
	v = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".", "−", "-").Replace(v)
	whole, frac, _ := strings.Cut(v, ".")
	if len(v) > 24 || !numberPattern.MatchString(v) {
		return "", "", "format"
	}
	if len(frac) > decimals {
		return "", "", "decimals"
	}
	x, _ := new(big.Rat).SetString(v)
	canon = x.FloatString(len(frac))
	text = canon
	if strings.TrimLeft(whole, "-0") == "" && x.Sign() == 0 {
		canon, text = "0", "0"
	}
	return canon, strings.ReplaceAll(text, ".", ","), ""
}

var numberPattern = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// validate applies the rules of the definition to a shown field.
func (s *State) validate(r *resolved) {
	f := r.field
	switch f.Kind {
	case KindInfo:
		return
	case KindFile:
		s.validateFiles(r)
		return
	case KindChild:
		if r.one("") == "" {
			if f.Required || len(r.raw[""]) > 0 {
				s.fail(r, part{kind: KindChoice}, "required")
			}
			return
		}
	}
	any := f.Required || slices.ContainsFunc(r.parts, func(p part) bool { return len(r.canon[p.name]) > 0 && p.name != "type" })
	for _, p := range r.parts {
		if r.failed(p) {
			continue
		}
		v := r.one(p.name)
		switch {
		case v != "":
			if !r.locked[p.name] {
				s.limits(r, p, v)
			}
			s.ages(r, p, v)
		case any && !p.optional && (f.Required || p.name != ""):
			s.fail(r, p, "required")
		}
	}
	if f.Kind == KindCheckboxes {
		s.validateCount(r, part{kind: f.Kind}, len(r.canon[""]), f.MinCount, f.MaxCount)
	}
	slices.SortStableFunc(r.errs, func(a, b FieldError) int { return r.order(a.Input) - r.order(b.Input) })
}

func (r *resolved) order(input string) int {
	return slices.IndexFunc(r.parts, func(p part) bool { return inputName(r.field.ID, p.name) == input })
}

func (r *resolved) failed(p part) bool {
	name := inputName(r.field.ID, p.name)
	return slices.ContainsFunc(r.errs, func(e FieldError) bool { return e.Input == name })
}

func (s *State) validateCount(r *resolved, p part, n, least, most int) {
	switch {
	case r.failed(p) || n == 0:
	case least > 0 && n < least:
		s.fail(r, p, "min_count", "min", least)
	case most > 0 && n > most:
		s.fail(r, p, "max_count", "max", most)
	}
}

func (s *State) validateFiles(r *resolved) {
	slot, p := r.field.Slot(), part{kind: KindFile}
	if len(r.files) == 0 && r.field.Required {
		s.fail(r, p, "required")
		return
	}
	for i := range r.files {
		if rule := slot.Check(r.files[i].Name, r.files[i].Size); rule != "" {
			s.fail(r, p, rule, "name", r.files[i].Name, "size", slot.MaxBytes>>20, "types", strings.Join(slot.Types, ", "))
			return
		}
		if r.files[i].Infected {
			s.fail(r, p, "infected", "name", r.files[i].Name)
			return
		}
	}
	if len(r.files) > slot.MaxFiles {
		s.fail(r, p, "max_count", "max", slot.MaxFiles)
	}
}

// Check answers the rule that a file of this name and size breaks: "type", "size", or empty.
// That the content is what the extension says is the business of who stores the file.
func (sl Slot) Check(name string, size int64) string {
	dot := strings.LastIndexByte(name, '.')
	switch {
	case dot < 0 || !slices.Contains(sl.Types, strings.ToLower(name[dot+1:])):
		return "type"
	case size > sl.MaxBytes:
		return "size"
	}
	return ""
}

// limits checks length, pattern and bounds of a value that the citizen gave.
func (s *State) limits(r *resolved, p part, v string) {
	f := r.field
	switch p.kind {
	case KindText, KindTextarea:
		most := p.max
		if p.name == "" {
			most = f.textLimit()
		}
		n := utf8.RuneCountInString(v)
		switch {
		case n > most:
			s.fail(r, p, "max_length", "max", most, "n", n)
		case p.name == "" && n < f.MinLength:
			s.fail(r, p, "min_length", "min", f.MinLength, "n", n)
		case p.name == "" && f.Pattern != "" && !fullPattern(f.Pattern).MatchString(v):
			s.fail(r, p, "pattern")
		}
	case KindNumber, KindDate:
		s.bounds(r, p, v)
	}
}

func (f *Field) textLimit() int {
	switch {
	case f.MaxLength > 0:
		return f.MaxLength
	case f.Kind == KindTextarea:
		return defaultTextareaLength
	}
	return defaultTextLength
}

// bounds compares with Min and Max. Parts have bounds of their own: nobody is born tomorrow, and
// no paper is issued tomorrow.
func (s *State) bounds(r *resolved, p part, v string) {
	least, most := r.field.Min, r.field.Max
	if p.name != "" {
		least, most = "", ""
		if p.name == "birth_date" || p.name == "issue_date" {
			most = "today"
		}
	}
	switch {
	case least != "" && compare(v, least, s.in.Today) < 0:
		s.fail(r, p, "min", "min", s.printBound(least))
	case most != "" && compare(v, most, s.in.Today) > 0:
		s.fail(r, p, "max", "max", s.printBound(most))
	}
}

func (s *State) printBound(b string) string {
	if t, err := ParseBound(b, s.in.Today); err == nil {
		return s.words.Date(t)
	}
	return strings.ReplaceAll(b, ".", ",")
}

func (s *State) ages(r *resolved, p part, v string) {
	f := r.field
	if p.kind != KindDate || p.name != "" && p.name != "birth_date" || f.MinAge == nil && f.MaxAge == nil {
		return
	}
	born, ok := parseDate(v)
	if !ok || r.failed(p) {
		return
	}
	years := Age(born, s.in.Today)
	at := p
	if r.child != nil || r.locked[p.name] {
		at = part{kind: f.Kind} // the birthday is no input then: the field as a whole has the mistake
	}
	switch {
	case f.MinAge != nil && years < *f.MinAge:
		s.fail(r, at, "min_age", "min", *f.MinAge, "age", years)
	case f.MaxAge != nil && years > *f.MaxAge:
		s.fail(r, at, "max_age", "max", *f.MaxAge, "age", years)
	}
}

// fail records a mistake with the definition's own words or the usual ones. The usual message is
// "form.<rule>.<what>", where what is the part's check or the kind.
func (s *State) fail(r *resolved, p part, rule string, args ...any) {
	e := FieldError{Input: inputName(r.field.ID, p.name), Rule: rule}
	label := r.field.Label.In(s.words.Lang())
	if p.name != "" {
		label = s.words.T("form.part." + p.name)
	}
	if own, ok := r.field.Messages[rule]; ok && (p.name == "" || rule != "required" && rule != "format") {
		e.Text = own.In(s.words.Lang())
	} else {
		e.Text = s.words.T("form."+rule+"."+messageKind(p, rule), append([]any{"label", label}, args...)...)
	}
	r.errs = append(r.errs, e)
}

// messageKind narrows the many kinds to the few ways of speaking about a rule.
func messageKind(p part, rule string) string {
	switch rule {
	case "format", "checksum":
		if p.pattern != "" {
			return p.pattern
		}
		return string(p.kind)
	case "required":
		switch p.kind {
		case KindChoice, KindSelect, KindCheckboxes, KindChild:
			return "choice"
		case KindYesNo, KindDate, KindFile, KindConsent:
			return string(p.kind)
		}
		return "text"
	case "min", "max", "max_count":
		return string(p.kind)
	}
	return "any"
}

var patterns sync.Map // source → *regexp.Regexp; definitions are few and live long

// fullPattern compiles a pattern of a definition, anchored at both ends.
func fullPattern(src string) *regexp.Regexp {
	if re, ok := patterns.Load(src); ok {
		return re.(*regexp.Regexp)
	}
	re, err := regexp.Compile(`^(?:` + src + `)$`)
	if err != nil {
		re = regexp.MustCompile(`$.`) // Parse refuses such a definition: matches nothing
	}
	patterns.Store(src, re)
	return re
}

// formatInt is for messages and views.
func formatInt(n int) string { return strconv.Itoa(n) }
