package layout_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

func inRussian(t *testing.T) context.Context {
	t.Helper()
	bundle, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	return i18n.With(t.Context(), bundle.For("ru"))
}

func render(t *testing.T, p layout.Page) *html.Node {
	t.Helper()
	var b strings.Builder
	if err := layout.Render(p, ui.H1("Заголовок", "")).Render(inRussian(t), &b); err != nil {
		t.Fatal(err)
	}
	return parse(t, b.String())
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func count(t *testing.T, doc *html.Node, selector string) int {
	t.Helper()
	s, err := cascadia.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	return len(cascadia.QueryAll(doc, s))
}

// What a page does not give is left out: no dead link, no empty frame.
func TestEmptyPage(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.Page{})
	for selector, want := range map[string]int{
		"html[lang=ru]": 1, "main#main h1": 1, "a.govuk-skip-link[href='#main']": 1, "title": 1,
		".okno-utility": 0, ".okno-nav": 0, ".okno-menu": 0, ".okno-session": 0, ".govuk-breadcrumbs": 0, ".govuk-back-link": 0,
		"a[href='']": 0, ".okno-footer__cols": 0, "meta[name=robots]": 0,
	} {
		if got := count(t, doc, selector); got != want {
			t.Errorf("%s occurs %d times, want %d", selector, got, want)
		}
	}
}

// Sign-in and registration stand at the top right of a portal; the link
// «Сообщить об ошибке» stands at the bottom of every frame.
func TestFrames(t *testing.T) {
	t.Parallel()
	for _, kind := range []layout.Kind{layout.Portal, layout.Auth, layout.Office, layout.Demo} {
		doc := render(t, layout.Page{Kind: kind, ReportURL: "/report?from=%2F"})
		if count(t, doc, "footer a[href^='/report']") != 1 {
			t.Errorf("frame %d: no link to report an error", kind)
		}
	}
	doc := render(t, layout.Page{SignIn: ui.Link{Text: "Войти", Href: "/login"}, Register: ui.Link{Text: "Зарегистрироваться", Href: "/registration"}})
	if count(t, doc, ".okno-header__end a[href='/login']") != 1 || count(t, doc, ".okno-header__end > a[href='/registration']") != 1 {
		t.Error("sign-in and registration do not stand at the top right")
	}
	user := &layout.User{Name: "Соколова", Initials: "А.", FeedURL: "/lk/notifications", Unread: 3, SignOut: &layout.SignOut{URL: "/logout"}}
	doc = render(t, layout.Page{User: user, SignIn: ui.Link{Text: "Войти", Href: "/login"}})
	if count(t, doc, "a[href='/login']") != 0 || count(t, doc, "details.okno-menu form[action='/logout'][method=post] button[type=submit]") != 1 {
		t.Error("the menu of a signed-in person has no way out, or still offers to sign in")
	}
}

func TestErrorsComeFirst(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.Page{Title: "Шаг", Errors: []ui.FieldError{{Field: "snils", Text: "Введите 11 цифр"}}})
	if count(t, doc, "main > .okno-prose:first-child .govuk-error-summary a[href='#snils']") != 1 {
		t.Error("the summary of errors does not come first")
	}
	title := cascadia.Query(doc, cascadia.MustCompile("title")).FirstChild.Data
	if !strings.HasPrefix(title, "Ошибка: ") {
		t.Errorf("the title %q does not tell of the error", title)
	}
}

func TestSessionWarning(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.Page{Session: &layout.Session{Left: 20 * time.Minute, ExtendURL: "/session", Hidden: []ui.Hidden{{Name: "key", Value: "k"}}}})
	if count(t, doc, ".okno-session[hidden][data-session-seconds='1200'][data-session-warn='120'] form[action='/session'] input[name=key]") != 1 {
		t.Error("the page does not know when the session ends")
	}
}

func TestVIRoundTrip(t *testing.T) {
	t.Parallel()
	for _, v := range []layout.VI{
		{},
		{On: true},
		{On: true, Size: 150, Scheme: "dark"},
		{On: true, Size: 200, Spacing: true, Scheme: "blue", NoImages: true},
	} {
		if got := layout.ParseVI(v.String()); got != v {
			t.Errorf("%+v is written %q and read %+v", v, v.String(), got)
		}
	}
	if got := layout.ParseVI(`on.150" onload="x.dark`); got != (layout.VI{On: true}) && got.Size != 0 {
		t.Errorf("a foreign cookie is read as %+v", got)
	}
	form := url.Values{"size": {"150"}, "scheme": {"own"}, "spacing": {"spacing"}}
	if got := layout.VIFromForm(form.Get); got != (layout.VI{On: true, Size: 150, Spacing: true}) {
		t.Errorf("the form is read as %+v", got)
	}
	if got := layout.VIFromForm(url.Values{"vi": {"off"}, "size": {"200"}}.Get); got != (layout.VI{}) {
		t.Errorf("switching off leaves %+v", got)
	}
}

// The version for the visually impaired is classes of the root element.
func TestVIClasses(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.Page{VI: layout.VI{On: true, Size: 150, Spacing: true, Scheme: "dark", NoImages: true, URL: "/vi"}})
	if count(t, doc, "html.okno-vi.okno-vi-150.okno-vi-spacing.okno-vi-scheme-dark.okno-vi-noimages") != 1 || count(t, doc, "header .okno-vibar a[href='/vi']") != 1 {
		t.Error("the root does not carry the classes, or the way to the settings is missing")
	}
}

// The error page cannot fail: not without a catalogue, not when a part of the
// frame is broken.
func TestFaultPage(t *testing.T) {
	t.Parallel()
	f := layout.Fault{Title: "У нас что-то сломалось", Text: "Мы уже чиним <b>", Code: "7F3K-92QD", Retry: "/lk", Ours: true}
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { return errors.New("no mark") })
	panics := templ.ComponentFunc(func(context.Context, io.Writer) error { panic("no mark") })
	for name, p := range map[string]layout.Page{
		"whole":  {Brand: layout.Brand{Phone: "8 800 100-70-10"}},
		"broken": {Brand: layout.Brand{Mark: broken}},
		"panics": {Brand: layout.Brand{Mark: panics}},
	} {
		doc := parse(t, string(layout.FaultPage(inRussian(t), p, f)))
		if count(t, doc, "main h1") != 1 || count(t, doc, "main a[href='/']") != 1 || count(t, doc, "main b") != 0 {
			t.Errorf("%s: no heading, no next door, or markup in a text", name)
		}
		if page := string(layout.FaultPage(t.Context(), p, f)); !strings.Contains(page, "7F3K-92QD") {
			t.Errorf("%s, without a catalogue: the code is missing", name)
		}
	}
}
