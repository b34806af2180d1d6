package directory

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/base/rutext"
)

// Region is a subject of the Federation with its towns, the capital first.
type Region struct {
	Code string `yaml:"code"` // two digits as in taxes and plates: "72"
	Name string `yaml:"name"`
	TT   string `yaml:"tt"`
	EN   string `yaml:"en"`
	// Portal tells that the region runs a portal of its own on this program (GEO-06).
	Portal bool   `yaml:"portal"`
	Towns  []Town `yaml:"towns"`
}

// Town is a settlement; larger cities have districts (GEO-04).
type Town struct {
	Name      string   `yaml:"name"`
	TT        string   `yaml:"tt"` // empty: as in Russian
	EN        string   `yaml:"en"` // empty: spelt in Latin letters
	Districts []string `yaml:"districts"`
}

// UnmarshalYAML reads a plain name or a town with districts.
func (t *Town) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		t.Name = n.Value
		return nil
	}
	type plain Town
	return n.Decode((*plain)(t))
}

// Place is a chosen place: a region, a town of it, a district of that.
type Place struct {
	// Code is stable and fit for cookies and addresses: "72", "72-tyumen", "72-tyumen-leninskij".
	Code     string
	Region   string // the region's code
	Name     string // the narrowest part: «Ленинский»
	Parent   string // what tells it from others of that name: «Тюмень, Тюменская область»
	key      string
	town     string // the code of the town that it is or belongs to; empty for a region
	isRegion bool
	tt, en   [2]string // name and parent
}

// String is the place with what it belongs to: «Касимов, Рязанская область».
func (p Place) String() string {
	if p.Parent == "" || p.Parent == p.Name {
		return p.Name
	}
	return p.Name + ", " + p.Parent
}

// Places is the dictionary of regions and towns. It is immutable.
type Places struct {
	regions []Region
	all     []Place
	byCode  map[string]int
}

var regionCode = regexp.MustCompile(`^\d{2}$`)

// ParsePlaces reads services/places.yaml.
func ParsePlaces(data []byte) (*Places, error) {
	p := &Places{byCode: map[string]int{}}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&p.regions); err != nil {
		return nil, fmt.Errorf("read places: %w", err)
	}
	for _, r := range p.regions {
		if !regionCode.MatchString(r.Code) || r.Name == "" || len(r.Towns) == 0 {
			return nil, fmt.Errorf("read places: region %q needs a code of two digits, a name and a town", r.Code)
		}
		if err := p.add(Place{
			Code: r.Code, Region: r.Code, Name: r.Name, isRegion: true, tt: [2]string{r.In("tt")}, en: [2]string{r.In("en")},
		}); err != nil {
			return nil, err
		}
		for _, t := range r.Towns {
			town := r.Code + "-" + slug(t.Name)
			if err := p.add(Place{
				Code: town, Region: r.Code, Name: t.Name, Parent: r.Name, town: town,
				tt: [2]string{t.in(r, "tt"), r.In("tt")}, en: [2]string{t.in(r, "en"), r.In("en")},
			}); err != nil {
				return nil, err
			}
			for _, d := range t.Districts {
				within := t.within(r, "ru")
				if err := p.add(Place{
					Code: town + "-" + slug(d), Region: r.Code, Name: d, Parent: within, town: town,
					tt: [2]string{d, t.within(r, "tt")}, en: [2]string{rutext.Romanize(d), t.within(r, "en")},
				}); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, nil
}

func (p *Places) add(one Place) error {
	if _, double := p.byCode[one.Code]; double {
		return fmt.Errorf("read places: %s stands twice", one.Code)
	}
	one.key = rutext.MatchKey(one.Name)
	p.byCode[one.Code] = len(p.all)
	p.all = append(p.all, one)
	return nil
}

// Find answers a place by its code, nil where there is none.
func (p *Places) Find(code string) *Place {
	if i, ok := p.byCode[code]; ok {
		return &p.all[i]
	}
	return nil
}

// Regions answers all regions by name: the first half of choosing region, then town (GEO-05).
func (p *Places) Regions() []Region {
	out := slices.Clone(p.regions)
	slices.SortFunc(out, func(a, b Region) int { return cmp.Compare(rutext.MatchKey(a.Name), rutext.MatchKey(b.Name)) })
	return out
}

// Towns answers the places of a region, without its districts: the second half.
func (p *Places) Towns(region string) []Place {
	var out []Place
	for _, one := range p.all {
		if one.Region == region && strings.Count(one.Code, "-") > 0 && p.townOf(one) == one.Code {
			out = append(out, one)
		}
	}
	return out
}

// TownNamed answers the town of a region by its name, nil where there is none.
func (p *Places) TownNamed(region, name string) *Place {
	for _, t := range p.regionOf(region).Towns {
		if t.Name == name {
			return p.Find(region + "-" + slug(name))
		}
	}
	return nil
}

// Districts answers the districts of a town.
func (p *Places) Districts(town string) []Place {
	var out []Place
	for _, one := range p.all {
		if strings.HasPrefix(one.Code, town+"-") && p.townOf(one) == town {
			out = append(out, one)
		}
	}
	return out
}

// townOf is the code of the town that a place is or belongs to.
func (p *Places) townOf(one Place) string { return one.town }

func (p *Places) regionOf(code string) *Region {
	for i := range p.regions {
		if p.regions[i].Code == code {
			return &p.regions[i]
		}
	}
	return &Region{}
}

// Suggest answers at most n places for typed letters (GEO-03): what begins with them first, then
// what has a word that does; nothing for fewer than two letters. The wrong keyboard layout and Latin
// letters are read too.
func (p *Places) Suggest(typed string, n int) []Place {
	key := rutext.MatchKey(typed)
	if len([]rune(key)) < 2 {
		return nil
	}
	// A whole name in Latin letters is that town, not what begins so: «tyumen».
	if out := p.named(slug(typed), n); len(out) > 0 && slug(typed) == strings.ToLower(typed) {
		return out
	}
	for _, reading := range []string{typed, rutext.ToCyrillicLayout(typed), rutext.FromTranslit(typed)} {
		if out := p.beginning(rutext.MatchKey(reading), n); len(out) > 0 {
			return out
		}
	}
	return p.spelt(slug(typed), n)
}

// named answers places whose whole name is so in Latin letters.
func (p *Places) named(typed string, n int) []Place {
	var out []Place
	for _, one := range p.all {
		if len(out) < n && slug(one.Name) == typed {
			out = append(out, one)
		}
	}
	return out
}

// spelt answers places whose name in Latin letters begins so: «Tobolsk», which has lost its soft sign.
func (p *Places) spelt(typed string, n int) []Place {
	var out []Place
	for _, one := range p.all {
		if len(out) < n && len(typed) >= 2 && !one.isRegion && strings.HasPrefix(slug(one.Name), typed) {
			out = append(out, one)
		}
	}
	return out
}

func (p *Places) beginning(key string, n int) []Place {
	var first, second []Place
	for _, one := range p.all {
		switch {
		case strings.HasPrefix(one.key, key):
			first = append(first, one)
		case strings.Contains(one.key, " "+key):
			second = append(second, one)
		}
	}
	slices.SortStableFunc(first, func(a, b Place) int { return cmp.Compare(len(a.Code), len(b.Code)) })
	out := append(first, second...)
	return out[:min(n, len(out))]
}

// slug writes a Russian name in Latin letters, as addresses do.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if s, ok := latin[r]; ok {
			b.WriteString(s)
		} else if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var latin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "e", 'ж': "zh", 'з': "z", 'и': "i", 'й': "j",
	'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ф': "f",
	'х': "h", 'ц': "c", 'ч': "ch", 'ш': "sh", 'щ': "shch", 'ы': "y", 'э': "e", 'ю': "yu", 'я': "ya",
}
