package idsite_test

import (
	"strings"
	"testing"
)

// The version for the visually impaired comes along from the portal, is kept in
// the profile and is told to nobody.
func TestVersionForTheVisuallyImpairedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, b := w.anna("anna@example.org")
	b.Get("/prefs/vi").Submit("form[action='/prefs/vi']", "size", "150", "scheme", "light")
	other := w.browser()
	if other.Get("/login").Has("html.okno-vi") {
		t.Error("a stranger's browser shows Anna's choice")
	}
	if page := signIn(other, "anna@example.org"); !page.Has("html.okno-vi-150.okno-vi-scheme-light") {
		t.Errorf("Anna's other browser shows %q", page.Attr("html", "class"))
	}
}

func TestVersionForTheVisuallyImpairedComesAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	page := b.Get("/oauth2/authorize?okno_vi=on.200.dark")
	if !page.Has("html.okno-vi-200") || !b.Get("/login").Has("html.okno-vi-200.okno-vi-scheme-dark") {
		t.Errorf("the sign-in shows %q", page.Attr("html", "class"))
	}
	// A choice made here is stronger, and nonsense is no choice.
	b.Get("/oauth2/authorize?okno_vi=on.125")
	if !b.Get("/login").Has("html.okno-vi-200") {
		t.Error("a client has changed the choice of the browser")
	}
	c := w.browser()
	c.Get("/oauth2/authorize?okno_vi=" + strings.Repeat("%22%3E.", 300))
	if got := c.Cookie("okno_vi"); got != "" {
		t.Errorf("nonsense was kept: %.60q", got)
	}
}

// The language of the site that sent somebody here stays on every page of
// registration; a choice made here and the language of a profile are stronger.
func TestLanguageOfTheClientComesAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Person("Тестова", "Анна", "anna@example.org")
	portal := w.Client("PORTAL_72", "https://uslugi.test")
	b := w.browser()
	b.Get(authorize(portal, "openid", "&prompt=create&ui_locales=de+tt")).WantPath("/registration").Want("html[lang=tt]", "")
	b.Get("/recovery").Want("html[lang=tt]", "")
	if p := signIn(b, "anna@example.org"); !p.Has("html[lang=ru]") {
		t.Error("the profile's own language was overruled")
	}
	c := w.browser()
	c.Get("/prefs/lang/en")
	c.Get(authorize(portal, "openid", "&ui_locales=tt")).Want("html[lang=en]", "")
	c.Get("/recovery").Want("html[lang=en]", "")
}
