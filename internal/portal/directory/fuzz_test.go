package directory_test

import (
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/portal/directory"
)

// Delivered and edited directories and places: what is accepted names everything.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"../../../services/region/72/directory.yaml", "../../../services/region/92/directory.yaml", "../../../services/places.yaml"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := directory.ParseFile(raw); err == nil {
			for _, a := range d.Agencies {
				if a.Code == "" || a.Name == "" {
					t.Errorf("an agency without code or name: %+v", a)
				}
			}
		}
		if p, err := directory.ParsePlaces(raw); err == nil && p == nil {
			t.Error("accepted, and nothing there")
		}
	})
}
