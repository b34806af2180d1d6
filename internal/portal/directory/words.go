package directory

import "slices"

// Words are the texts of an agency or centre in another language than Russian. What is empty is shown
// in Russian; addresses stay as they are written on the house.
type Words struct {
	Name  string `yaml:"name" json:"name,omitempty"`
	Short string `yaml:"short" json:"short,omitempty"`
	About string `yaml:"about" json:"about,omitempty"`
	// Post is what the head of the agency is.
	Post string `yaml:"post" json:"post,omitempty"`
	// Phones are the notes of the phones and Offices the names of the offices, in their order.
	Phones  []string `yaml:"phones" json:"phones,omitempty"`
	Offices []string `yaml:"offices" json:"offices,omitempty"`
	// Note is that of a centre.
	Note string `yaml:"note" json:"note,omitempty"`
}

// In answers the agency with its texts in the language, a copy that may be changed.
func (a Agency) In(lang string) Agency {
	w := pick(lang, a.TT, a.EN)
	if w == nil {
		return a
	}
	a.Name, a.Short, a.About = or(w.Name, a.Name), or(w.Short, a.Short), or(w.About, a.About)
	a.Head.Post = or(w.Post, a.Head.Post)
	a.Phones, a.Offices = slices.Clone(a.Phones), slices.Clone(a.Offices)
	for i := range min(len(a.Phones), len(w.Phones)) {
		a.Phones[i].Note = or(w.Phones[i], a.Phones[i].Note)
	}
	for i := range min(len(a.Offices), len(w.Offices)) {
		a.Offices[i].Name = or(w.Offices[i], a.Offices[i].Name)
	}
	return a
}

// In answers the centre with its texts in the language, a copy.
func (c Centre) In(lang string) Centre {
	if w := pick(lang, c.TT, c.EN); w != nil {
		c.Name, c.Note = or(w.Name, c.Name), or(w.Note, c.Note)
	}
	return c
}

// Untranslated names the entries of a file that lack a text in Tatar or English; a warning for editors.
func (f *File) Untranslated() []string {
	var out []string
	for _, lang := range []string{"tt", "en"} {
		for i := range f.Agencies {
			a := &f.Agencies[i]
			w := pick(lang, a.TT, a.EN)
			lacks := w == nil || w.Name == "" || w.Short == "" || w.About == "" && a.About != "" || w.Post == "" ||
				len(w.Offices) != len(a.Offices) || len(w.Phones) != len(a.Phones)
			if lacks {
				out = append(out, "agency "+a.Code+": "+lang)
			}
		}
		for i := range f.Centres {
			c := &f.Centres[i]
			if w := pick(lang, c.TT, c.EN); w == nil || w.Name == "" || w.Note == "" && c.Note != "" {
				out = append(out, "centre "+c.Code+": "+lang)
			}
		}
	}
	return out
}

func pick(lang string, tt, en *Words) *Words {
	switch lang {
	case "tt":
		return tt
	case "en":
		return en
	}
	return nil
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
