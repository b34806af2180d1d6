package form

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxValue bounds one posted value in characters, before any rule of the form looks at it.
const maxValue = 10000

// Accept takes what was posted for a step into a copy of the answers and marks the step as sent.
// It takes only inputs of this step, nothing that the verified profile rules (SVC-07), and no files,
// which come and go by [Answers.Attach] and [Answers.Detach]. Wrong values are kept as typed, so
// that the citizen can mend them. A step that the form does not have leaves the answers as they are.
func (d *Definition) Accept(in Input, step string, posted map[string][]string) Answers {
	out := in.Answers.Clone()
	at := slices.IndexFunc(d.Steps, func(s Step) bool { return s.ID == step })
	if at < 0 {
		return out
	}
	for j := range d.Steps[at].Fields {
		takeField(out, &d.Steps[at].Fields[j], posted)
	}
	if !slices.Contains(out[seenKey], step) {
		out[seenKey] = append(out[seenKey], step)
	}
	in.Answers = out
	s := d.Evaluate(in)
	for j := range d.Steps[at].Fields {
		f := &d.Steps[at].Fields[j]
		for part, locked := range s.vals[f.ID].locked {
			if locked {
				delete(out, inputName(f.ID, part))
			}
		}
	}
	return out
}

func takeField(out Answers, f *Field, posted map[string][]string) {
	switch f.Kind {
	case KindFile, KindInfo:
		return
	case KindCheckboxes:
		// Boxes without a tick are not posted at all: the answer of a sent step is then none.
		out[f.ID] = clean(posted[f.ID], len(f.Options))
		return
	case KindConsent:
		out[f.ID] = clean(posted[f.ID], 1)
		return
	case KindChild:
		take(out, f.ID, posted, f.Kind)
	}
	if !f.composite() {
		take(out, f.ID, posted, f.Kind)
		return
	}
	for _, p := range partTable(f.Kind) {
		take(out, inputName(f.ID, p.name), posted, p.kind)
	}
}

func take(out Answers, name string, posted map[string][]string, k Kind) {
	if k == KindDate {
		if joined, ok := joinDate(name, posted); ok {
			out[name] = joined
			return
		}
	}
	if v, ok := posted[name]; ok {
		out[name] = clean(v, 1)
	}
}

// joinDate puts the three inputs of a date together as they were typed.
func joinDate(name string, posted map[string][]string) ([]string, bool) {
	d, ok1 := posted[name+".day"]
	m, ok2 := posted[name+".month"]
	y, ok3 := posted[name+".year"]
	if !ok1 && !ok2 && !ok3 {
		return nil, false
	}
	get := func(v []string) string { return strings.ReplaceAll(strings.Join(clean(v, 1), ""), ".", "") }
	joined := get(d) + "." + get(m) + "." + get(y)
	if joined == ".." {
		return []string{}, true
	}
	return []string{joined}, true
}

// clean normalises text and drops what nobody types: control characters, overlong values.
func clean(values []string, most int) []string {
	out := []string{}
	for _, v := range values {
		if len(out) == max(most, 1) {
			break
		}
		if !utf8.ValidString(v) {
			v = strings.ToValidUTF8(v, "")
		}
		v = strings.ReplaceAll(norm.NFC.String(v), "\r\n", "\n")
		v = strings.Map(func(r rune) rune {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				return -1
			}
			return r
		}, v)
		if utf8.RuneCountInString(v) > maxValue {
			v = string([]rune(v)[:maxValue])
		}
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Attach adds a file to a slot in a copy of the answers. It answers the rule that forbids it:
// "max_count", "type" or "size", else empty; then the answers are unchanged.
func (d *Definition) Attach(a Answers, slot string, file File) (Answers, string) {
	f := d.Field(slot)
	if f == nil || f.Kind != KindFile {
		return a, "max_count"
	}
	limits := f.Slot()
	if slices.Contains(a[slot], file.ID) {
		return a, ""
	}
	if len(a[slot]) >= limits.MaxFiles {
		return a, "max_count"
	}
	if rule := limits.Check(file.Name, file.Size); rule != "" {
		return a, rule
	}
	out := a.Clone()
	out[slot] = append(out[slot], file.ID)
	return out, ""
}

// Detach takes a file out of every slot in a copy of the answers.
func (d *Definition) Detach(a Answers, fileID string) Answers {
	out := a.Clone()
	for _, f := range d.Slots() {
		if _, ok := out[f.ID]; ok {
			out[f.ID] = slices.DeleteFunc(out[f.ID], func(id string) bool { return id == fileID })
		}
	}
	return out
}
