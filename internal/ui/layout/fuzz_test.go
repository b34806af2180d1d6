package layout_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/ui/layout"
)

// The cookie of the version for the visually impaired comes from anybody: what is
// read of it is written again as the same choice.
func FuzzParseVI(f *testing.F) {
	f.Add("on.150.spacing.dark.noimages")
	f.Add("on.\"><script>")
	f.Fuzz(func(t *testing.T, s string) {
		v := layout.ParseVI(s)
		if v.On && layout.ParseVI(v.String()) != v {
			t.Errorf("%q: %+v becomes %q", s, v, v.String())
		}
	})
}
