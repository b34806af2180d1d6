package directory_test

import (
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/portal/directory"
)

// The delivered directories have their texts in Tatar and English, the pages show them, and what a region
// leaves out is shown in Russian.
func TestDirectoryInLanguages(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"72", "92"} {
		raw, err := os.ReadFile("../../../services/region/" + region + "/directory.yaml")
		if err != nil {
			t.Fatal(err)
		}
		f, err := directory.ParseFile(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range f.Untranslated() {
			t.Errorf("region %s: %s", region, at)
		}
		for _, a := range f.Agencies {
			en := a.In("en")
			if en.Name == a.Name || en.Head.Post == a.Head.Post || en.Head.Name != a.Head.Name || en.Offices[0].Address != a.Offices[0].Address {
				t.Errorf("%s in English: %+v", a.Code, en)
			}
			if ru := a.In("ru"); ru.Name != a.Name || a.Offices[0].Name == en.Offices[0].Name {
				t.Errorf("%s: the Russian texts changed: %+v", a.Code, ru)
			}
		}
	}
	part := directory.Agency{
		Name: "Архив", Short: "Архив", Phones: []directory.Phone{{Number: "112", Note: "приёмная"}},
		EN: &directory.Words{Name: "Archive"},
	}
	if en := part.In("en"); en.Name != "Archive" || en.Short != "Архив" || en.Phones[0].Note != "приёмная" {
		t.Errorf("half translated: %+v", en)
	}
	if tt := part.In("tt"); tt.Name != "Архив" {
		t.Errorf("not translated: %+v", tt)
	}
}
