package directory

import "github.com/okno-gov/okno/internal/base/rutext"

// In answers the place with its names in the language. Its code stays.
func (p Place) In(lang string) Place {
	switch {
	case lang == "tt" && p.tt[0] != "":
		p.Name, p.Parent = p.tt[0], p.tt[1]
	case lang == "en" && p.en[0] != "":
		p.Name, p.Parent = p.en[0], p.en[1]
	}
	return p
}

// In answers the region's name in the language.
func (r Region) In(lang string) string {
	switch lang {
	case "tt":
		return or(r.TT, r.Name)
	case "en":
		return or(r.EN, rutext.Romanize(r.Name))
	}
	return r.Name
}

// In answers the town's name in the language.
func (t Town) In(lang string) string {
	switch lang {
	case "tt":
		return or(t.TT, t.Name)
	case "en":
		return or(t.EN, rutext.Romanize(t.Name))
	}
	return t.Name
}

// in is the town's name in the language; a city that is a region bears the region's.
func (t Town) in(r Region, lang string) string {
	if t.Name == r.Name {
		return r.In(lang)
	}
	return t.In(lang)
}

// within is what a district of the town lies in.
func (t Town) within(r Region, lang string) string {
	if t.Name == r.Name {
		return r.In(lang)
	}
	return t.in(r, lang) + ", " + r.In(lang)
}
