package icon_test

import (
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/ui/icon"
)

func TestIcons(t *testing.T) {
	t.Parallel()
	render := func(n icon.Name, class ...string) string {
		var b strings.Builder
		if err := icon.Of(n, class...).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	seen := map[string]string{}
	for _, n := range icon.Names() {
		drawn := render(icon.Name(n))
		if other, ok := seen[drawn]; ok {
			t.Errorf("%s and %s look the same", n, other)
		}
		seen[drawn] = n
		if !icon.Known(n) || !strings.Contains(drawn, `aria-hidden="true"`) || strings.ContainsAny(drawn, "#") {
			t.Errorf("%s is not known, speaks, or has a colour of its own", n)
		}
	}
	if icon.Known("nothing") || render("nothing") != render(icon.Doc) {
		t.Error("an unknown name does not draw a document")
	}
	if !strings.Contains(render(icon.Doc, `a"b`), `class="okno-icon a&#34;b"`) {
		t.Error("a class is not escaped")
	}
}
