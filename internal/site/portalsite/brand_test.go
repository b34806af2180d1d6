package portalsite_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/site/kit"
)

// What an administrator publishes is on every page at once, also on those that are
// prepared, in each language, with its style sheet.
//
// BO-29 RPG-01
func TestPublishedBrand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := text(t, ask(t, w.http, "/"))
	if !strings.Contains(before, "8 800 100-70-10") || strings.Contains(before, "/assets/brand.") {
		t.Fatal("the file does not rule in the beginning")
	}
	// Another process publishes: this one has a page prepared and no reason to ask.
	d, c := w.db, w.clock
	other := &brand.Brands{DB: d, Clock: c, Settings: &setting.Settings{DB: d, Clock: c}, Configured: w.site.Brands.Configured, Colours: kit.CheckColours}
	next := brand.Brand{
		Name: form.Text{RU: "Ключ", EN: "Key"}, Sub: form.Text{RU: "Услуги <края>", TT: "Край хезмәтләре", EN: "Krai services"}, Region: form.Text{RU: "Пермский край", EN: "Perm Krai"}, Place: "Пермь",
		Phone: "8 (342) 211-70-10", PhoneShort: "117", PhoneNote: form.Text{RU: "Бесплатно"}, AppealURL: "https://permkrai.ru/appeals",
		Social: []brand.Link{{Name: "vk", URL: "https://vk.com/perm"}}, Colours: map[string]string{"blue-700": "#0a5c4a", "deep": "#063b30"},
	}
	allowed := func(context.Context, *db.Tx) error { return nil }
	if err := other.Publish(t.Context(), 0, &next, "o1", "opening", allowed); err != nil {
		t.Fatal(err)
	}
	w.site.Brands.Forget() // as after a second
	page := text(t, ask(t, w.http, "/", "Accept-Encoding", "br"))
	for _, want := range []string{"Ключ</title>", "Услуги &lt;края&gt;", "8 (342) 211-70-10", "117", "Бесплатно", "https://permkrai.ru/appeals", "Пермь", "Пермский край"} {
		if !strings.Contains(page, want) {
			t.Errorf("the main page lacks %q", want)
		}
	}
	if strings.Contains(page, "8 800 100-70-10") {
		t.Error("the main page still has the old phone")
	}
	for lang, want := range map[string]string{"tt": "Край хезмәтләре", "en": "Krai services"} {
		if got := text(t, ask(t, w.http, "/services", "Cookie", "okno_lang="+lang)); !strings.Contains(got, want) {
			t.Errorf("in %s the page lacks %q", lang, want)
		}
	}
	if help := text(t, ask(t, w.http, "/help/")); !strings.Contains(help, "https://vk.com/perm") || !strings.Contains(help, "ВКонтакте") {
		t.Error("the support's page in the network is not named")
	}
	_, rest, found := strings.Cut(page, `href="/assets/brand.`)
	name, _, _ := strings.Cut(rest, `"`)
	sheet := ask(t, w.http, "/assets/brand."+name)
	if css := text(t, sheet); !found || sheet.StatusCode != http.StatusOK || css != ":root{--okno-blue-700:#0a5c4a;--okno-deep:#063b30;}\n" || !strings.Contains(sheet.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the sheet brand.%s: %d %q", name, sheet.StatusCode, css)
	}

	// New colours: a page that is still open finds its old sheet, one from another
	// process a sheet that this process has not seen yet.
	next.Colours = map[string]string{"blue-700": "#7a1f5c"}
	if err := other.Publish(t.Context(), 1, &next, "o1", "plum", allowed); err != nil {
		t.Fatal(err)
	}
	w.site.Brands.Forget()
	late := kit.Sheets{Now: func(ctx context.Context) (int, map[string]string) {
		b := other.Now(ctx)
		return b.Version, b.Colours
	}}
	for _, address := range []string{late.Sheet(t.Context()).URL(), "/assets/brand." + name} {
		if res := ask(t, w.http, address); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", address, res.StatusCode)
		}
	}
	if res := ask(t, w.http, "/assets/brand.0000000000.css"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a sheet of nobody: %d", res.StatusCode)
	}

	// Back to the file.
	if err := other.Publish(t.Context(), 2, nil, "o1", "mistake", allowed); err != nil {
		t.Fatal(err)
	}
	w.site.Brands.Forget() // as after a second
	if got := text(t, ask(t, w.http, "/")); got != before {
		t.Error("back to the file, the main page is not what it was")
	}
}
