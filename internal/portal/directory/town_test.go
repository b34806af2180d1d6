package directory_test

import (
	"strings"
	"testing"
)

// GEO-05
func TestResolveTypedPlace(t *testing.T) {
	t.Parallel()
	p := places(t)
	for typed, want := range map[string]string{
		"Тобольск":    "72-tobolsk",
		"  тобольск ": "72-tobolsk",
		"Тобольск, Тюменская область": "72-tobolsk",
		"тюмень":            "72-tyumen",
		"Тюменская область": "72",
		"Вахитовский, Казань, Республика Татарстан": "16-kazan-vahitovskij",
		"москва": "77-moskva",
		"тобол":  "72-tobolsk",
	} {
		if got := p.Resolve(typed); len(got) != 1 || got[0].Code != want {
			t.Errorf("%q means %v, want %s", typed, got, want)
		}
	}
	if got := p.Resolve("ленинский"); len(got) < 2 || strings.Count(got[0].Code, "-") != 2 {
		t.Errorf("a name that several districts bear is not clear: %v", got)
	}
	for _, typed := range []string{"", "щ", "щщщщ", ",,,", strings.Repeat("т", 10_000)} {
		if got := p.Resolve(typed); len(got) != 0 {
			t.Errorf("%.20q means %v", typed, got)
		}
	}
}

func TestTownOfAPlace(t *testing.T) {
	t.Parallel()
	p := places(t)
	for code, want := range map[string]string{"72-tyumen-leninskij": "72-tyumen", "72-tobolsk": "72-tobolsk", "72": "", "xx": ""} {
		got := p.Town(code)
		if (got == nil) != (want == "") || got != nil && got.Code != want {
			t.Errorf("the town of %s is %v", code, got)
		}
	}
	if r := p.Region("92"); r == nil || r.Name != "Севастополь" || !r.Portal || p.Region("00") != nil {
		t.Errorf("region 92 is %v", r)
	}
}
