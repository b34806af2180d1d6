package form

import (
	"slices"
	"strings"
	"time"
)

// OtherChild is the answer of a child field for a child that is not in the profile.
const OtherChild = "other"

func inputName(field, part string) string {
	if part == "" {
		return field
	}
	return field + "." + part
}

func inputID(name string) string { return "f-" + strings.NewReplacer(".", "-", "_", "-").Replace(name) }

// resolve finds the values of the moment: verified profile first, then the answer, then a proposal.
func (s *State) resolve(f *Field) *resolved {
	r := &resolved{
		field: f, raw: map[string][]string{}, canon: map[string][]string{},
		text: map[string]string{}, locked: map[string]bool{},
	}
	if f.Kind == KindFile {
		for _, id := range s.in.Answers[f.ID] {
			if file, ok := s.in.Files[id]; ok {
				r.files = append(r.files, file)
			}
		}
		return r
	}
	b := s.in.Profile.lookup(f)
	if f.Kind == KindChild {
		b = s.resolveChild(r)
	}
	switch {
	case f.Kind == KindDocument:
		r.parts = s.resolveDocument(r, &b)
	case f.composite():
		r.parts = f.partsOf("")
	default:
		r.parts = []part{{kind: f.Kind, pattern: f.Format}}
	}
	bindable := slices.ContainsFunc(r.parts, func(p part) bool { return b.parts[p.name] != "" })
	if bindable {
		r.mark = b.mark
	}
	for _, p := range r.parts {
		r.locked[p.name] = bindable && b.mark.Verified && !f.Editable && (b.parts[p.name] != "" || p.optional)
		key := inputName(f.ID, p.name)
		given, ok := s.in.Answers[key]
		switch {
		case r.locked[p.name], !ok && b.parts[p.name] != "":
			r.raw[p.name] = nonEmpty(b.parts[p.name])
		case ok:
			r.raw[p.name] = given
		case f.Default != "" && p.name == "":
			r.raw[""] = []string{f.Default}
		}
	}
	s.canonicalise(r)
	return r
}

func (s *State) resolveChild(r *resolved) bound {
	id := s.in.Answers.first(r.field.ID)
	if len(s.in.Profile.Children) == 0 {
		id = OtherChild
	}
	r.raw[""] = nonEmpty(id)
	if r.child = s.in.Profile.child(id); r.child != nil {
		r.canon[""] = []string{id}
		return bound{r.child.parts(), r.child.Mark}
	}
	if id == OtherChild {
		r.canon[""] = []string{id}
	}
	return bound{}
}

// resolveDocument finds the type first, since the other parts follow from it. A document of the
// profile whose type this form does not accept is no proposal.
func (s *State) resolveDocument(r *resolved, b *bound) []part {
	f := r.field
	if !slices.Contains(f.Documents, b.parts["type"]) {
		*b = bound{}
	}
	t := b.parts["type"]
	if !b.mark.Verified || f.Editable || t == "" {
		if given := s.in.Answers.first(inputName(f.ID, "type")); slices.Contains(f.Documents, given) {
			if t = given; given != b.parts["type"] {
				*b = bound{}
			}
		}
	}
	if t == "" {
		t = f.Documents[0]
	}
	parts := f.partsOf(t)
	if len(f.Documents) > 1 && b.parts == nil {
		b.parts = map[string]string{"type": t}
	}
	r.canon["type"] = []string{t}
	return parts
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// The methods below let conditions ask (see facts).

func (s *State) today() time.Time { return s.in.Today }

func (s *State) canonical(ref string) []string {
	id, part, _ := strings.Cut(ref, ".")
	r := s.visible(id)
	if r == nil {
		return nil
	}
	if r.field.Kind == KindFile {
		ids := make([]string, len(r.files))
		for i := range r.files {
			ids[i] = r.files[i].ID
		}
		return ids
	}
	if part == "" && r.field.composite() && r.field.Kind != KindChild {
		for _, p := range r.parts {
			if len(r.canon[p.name]) > 0 && p.name != "type" {
				return r.canon[p.name]
			}
		}
		return nil
	}
	return r.canon[part]
}

func (s *State) birthOf(ref string) (time.Time, bool) {
	switch ref {
	case "subject":
		if r := s.childField(); r != nil {
			return parseDate(r.one("birth_date"))
		}
		return parseDate(s.in.Profile.Person.BirthDate)
	case "applicant":
		return parseDate(s.in.Profile.Person.BirthDate)
	}
	id, part, _ := strings.Cut(ref, ".")
	r := s.visible(id)
	if r == nil {
		return time.Time{}, false
	}
	if r.field.composite() && part == "" {
		part = "birth_date"
	}
	return parseDate(r.one(part))
}

func (s *State) profileFact(name string) string {
	switch name {
	case "citizenship":
		return s.in.Profile.Person.Citizenship
	case "sex":
		return s.in.Profile.Person.Sex
	case "level":
		return s.in.Profile.Level
	}
	return ""
}
