package form

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A definition that is accepted can be kept and read again as the same form.
func FuzzDefinition(f *testing.F) {
	files, err := filepath.Glob("../../../services/*/*/form.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("%v: no delivered form", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("format: 1\nsteps:\n- {id: a, title: A, fields: [{id: x, kind: text, label: &l L, pattern: '(a+)+$'}, {id: y, kind: text, label: *l}]}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Parse(raw)
		if err != nil {
			return
		}
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := FromJSON(kept)
		if err != nil {
			t.Fatalf("accepted, but not when read again: %v\n%s", err, kept)
		}
		if len(again.Steps) != len(d.Steps) {
			t.Errorf("%d steps became %d", len(d.Steps), len(again.Steps))
		}
	})
}
