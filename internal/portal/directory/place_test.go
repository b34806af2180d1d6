package directory_test

import (
	"os"
	"slices"
	"testing"

	"github.com/okno-gov/okno/internal/portal/directory"
)

func places(t *testing.T) *directory.Places {
	t.Helper()
	raw, err := os.ReadFile("../../../services/places.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := directory.ParsePlaces(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// GEO-05: typing the town at once and choosing the region first lead to the same place.
func TestTwoWaysToAPlace(t *testing.T) {
	t.Parallel()
	p := places(t)
	typed := p.Suggest("касим", 5)
	if len(typed) == 0 || typed[0].String() != "Касимов, Рязанская область" {
		t.Fatalf("%v", typed)
	}
	i := slices.IndexFunc(p.Regions(), func(r directory.Region) bool { return r.Name == "Рязанская область" })
	towns := p.Towns(p.Regions()[i].Code)
	j := slices.IndexFunc(towns, func(o directory.Place) bool { return o.Name == "Касимов" })
	if j < 0 || towns[j] != typed[0] || *p.Find("62-kasimov") != typed[0] {
		t.Errorf("%v, %v", towns, typed[0])
	}
}

func TestSuggestPlaces(t *testing.T) {
	t.Parallel()
	p := places(t)
	for typed, want := range map[string]string{
		"тюм":         "Тюменская область",
		"ТЮМЕНЬ":      "Тюмень, Тюменская область",
		"n.vtym":      "Тюмень, Тюменская область",
		"орел":        "Орёл, Орловская область",
		"сева":        "Севастополь",
		"нижний н":    "Нижний Новгород, Нижегородская область",
		"йошкар ола":  "Йошкар-Ола, Республика Марий Эл",
		"вахитовский": "Вахитовский, Казань, Республика Татарстан",
		"Tobolsk":     "Тобольск, Тюменская область",
		"kazan":       "Казань, Республика Татарстан",
		"tyumen":      "Тюмень, Тюменская область",
	} {
		got := p.Suggest(typed, 3)
		if len(got) == 0 || got[0].String() != want {
			t.Errorf("%q suggests %v, want %s", typed, got, want)
		}
	}
	for _, typed := range []string{"", "т", "щщщ"} {
		if got := p.Suggest(typed, 3); len(got) != 0 {
			t.Errorf("%q suggests %v", typed, got)
		}
	}
}

// Places have their names in Tatar and English, and are found by them as the page writes them.
func TestPlacesInLanguages(t *testing.T) {
	t.Parallel()
	p := places(t)
	for code, want := range map[string][2]string{
		"72":                 {"Төмән өлкәсе", "Tyumen Region"},
		"72-tobolsk":         {"Тубыл, Төмән өлкәсе", "Tobolsk, Tyumen Region"},
		"16-kazan-kirovskij": {"Кировский, Казан, Татарстан Республикасы", "Kirovsky, Kazan, Republic of Tatarstan"},
		"77-moskva":          {"Мәскәү", "Moscow"},
	} {
		one := p.Find(code)
		if one == nil {
			t.Fatalf("no place %s", code)
		}
		if tt, en := one.In("tt").String(), one.In("en").String(); tt != want[0] || en != want[1] || one.In("ru").String() != one.String() {
			t.Errorf("%s: %q, %q; want %q", code, tt, en, want)
		}
	}
	for _, r := range p.Regions() {
		if r.TT == "" || r.EN == "" {
			t.Errorf("region %s has no name in Tatar or English", r.Code)
		}
	}
	if got := p.Resolve("Tobolsk, Tyumen Region"); len(got) != 1 || got[0].Code != "72-tobolsk" {
		t.Errorf("the suggestion itself finds %v", got)
	}
}

// GEO-04, RPK-13: larger cities have districts; Kazan and 22 other towns of Tatarstan are there.
func TestTownsAndDistricts(t *testing.T) {
	t.Parallel()
	p := places(t)
	if d := p.Districts("72-tyumen"); len(d) != 4 || d[1].Name != "Ленинский" {
		t.Errorf("districts of Tyumen: %v", d)
	}
	towns := p.Towns("16")
	if len(towns) != 23 || towns[0].Name != "Казань" {
		t.Errorf("%d towns of Tatarstan: %v", len(towns), towns)
	}
	if n := len(p.Regions()); n != 89 {
		t.Errorf("%d regions", n)
	}
	if p.Find("72-nowhere") != nil || len(p.Towns("99")) != 0 {
		t.Error("a place that does not exist was found")
	}
}
