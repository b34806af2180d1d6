package portalsite_test

import (
	"net/url"
	"strings"
	"testing"
)

// The version for the visually impaired goes with who is signed in into every
// browser; for others it stays in theirs.
func TestVersionForTheVisuallyImpairedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(2))
	page := b.Get("/prefs/vi?back=/help/").Submit("form[action='/prefs/vi']", "size", "200", "scheme", "dark", "noimages", "noimages")
	page.WantPath("/help/")
	const on = "html.okno-vi-200.okno-vi-scheme-dark.okno-vi-noimages"
	if !page.Has(on) {
		t.Errorf("the page has the classes %q", page.Attr("html", "class"))
	}
	other := w.signedIn(anna(2))
	if !other.Get("/services").Has(on) {
		t.Error("another browser of the same person shows the usual look")
	}
	for name, stranger := range map[string]string{"signed in": w.signedIn(boris(2)).Get("/").Attr("html", "class"), "nobody": w.visitor().Get("/").Attr("html", "class")} {
		if strings.Contains(stranger, "okno-vi") {
			t.Errorf("%s: %q", name, stranger)
		}
	}
	// The provider shows its pages so too.
	res := b.Raw("GET", "/auth/again", nil, "")
	u, err := url.Parse(res.Header.Get("Location"))
	must(t, err)
	if got := u.Query().Get("okno_vi"); got != "on.200.dark.noimages" {
		t.Errorf("the provider is told %q", got)
	}
	// Off is off everywhere.
	other.Get("/prefs/vi").Submit("button[name=vi]")
	if w.signedIn(anna(2)).Get("/").Has("html.okno-vi") {
		t.Error("what was switched off comes back")
	}
}
