package directory

import (
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Town is the town that a place is or lies in, nil for a whole region.
func (p *Places) Town(code string) *Place {
	one := p.Find(code)
	if one == nil {
		return nil
	}
	return p.Find(p.townOf(*one))
}

// Region answers a region by its code, nil where there is none.
func (p *Places) Region(code string) *Region {
	if r := p.regionOf(code); r.Code != "" {
		return r
	}
	return nil
}

// Resolve answers the places that typed words mean: one where they are clear, such as «Тобольск»
// or «Киров, Кировская область», several where they are not, none where nothing fits.
func (p *Places) Resolve(typed string) []Place {
	name, _, _ := strings.Cut(typed, ",")
	found := Distinct(p.Suggest(name, len(p.all)))
	whole := rutext.MatchKey(typed)
	for _, keep := range []func(Place) bool{
		func(one Place) bool { return rutext.MatchKey(one.String()) == whole },
		func(one Place) bool {
			return rutext.MatchKey(one.In("en").String()) == whole || rutext.MatchKey(one.In("tt").String()) == whole
		},
		func(one Place) bool { return one.key == rutext.MatchKey(name) && name == typed },
	} {
		if exact := slices.DeleteFunc(slices.Clone(found), func(one Place) bool { return !keep(one) }); len(exact) > 0 {
			return exact
		}
	}
	return found
}

// Distinct leaves one of the places that read alike: of Москва the region and Москва the town, the
// town.
func Distinct(list []Place) []Place {
	var out []Place
	at := map[string]int{}
	for _, one := range list {
		i, double := at[one.String()]
		if double && len(one.Code) > len(out[i].Code) {
			out[i] = one
		}
		if !double {
			at[one.String()] = len(out)
			out = append(out, one)
		}
	}
	return out
}
