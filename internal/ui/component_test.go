package ui_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
)

func inRussian(t testing.TB) context.Context {
	t.Helper()
	bundle, err := i18n.Load(os.DirFS("../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	return i18n.With(t.Context(), bundle.For("ru"))
}

func page(t *testing.T, c templ.Component) *html.Node {
	t.Helper()
	var b strings.Builder
	if err := c.Render(inRussian(t), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func words(doc *html.Node, selector string) string {
	var b strings.Builder
	for _, n := range cascadia.QueryAll(doc, cascadia.MustCompile(selector)) {
		var walk func(*html.Node)
		walk = func(n *html.Node) {
			if n.Type == html.TextNode {
				b.WriteString(n.Data)
			}
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c)
			}
		}
		walk(n)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func has(doc *html.Node, selector string) bool {
	return cascadia.Query(doc, cascadia.MustCompile(selector)) != nil
}

func TestSteps(t *testing.T) {
	t.Parallel()
	names := []string{"Кто заявитель", "СНИЛС", "Проверка"}
	for n, want := range map[int]string{
		0: "", 1: "Шаг 1 из 3: Кто заявитель, дальше СНИЛС", 2: "Шаг 2 из 3: СНИЛС, дальше проверка", 3: "Шаг 3 из 3: Проверка", 4: "",
	} {
		if got := words(page(t, ui.Steps(n, names)), ".okno-steps__text"); got != want {
			t.Errorf("step %d: %q, want %q", n, got, want)
		}
	}
}

// A required field says so to eyes and to readers; a wrong one names its error
// and its hint.
func TestFieldSpeaks(t *testing.T) {
	t.Parallel()
	doc := page(t, ui.Input(ui.TextField{Field: ui.Field{Name: "snils", Label: "СНИЛС", Hint: "11 цифр", Error: "Введите 11 цифр", Value: "112", Required: true}, ReadOnly: true}))
	for _, selector := range []string{
		"input#snils[name=snils][value='112'][aria-required=true][aria-invalid=true][aria-describedby='snils-hint snils-error'][readonly]",
		"label[for=snils] span[aria-hidden=true]", "#snils-hint", "p#snils-error.govuk-error-message",
	} {
		if !has(doc, selector) {
			t.Errorf("no %s", selector)
		}
	}
	if got := words(doc, "#snils-error"); got != "Ошибка: Введите 11 цифр" {
		t.Errorf("the error reads %q", got)
	}
	if has(page(t, ui.Password(ui.PasswordField{Field: ui.Field{Name: "password", Label: "Пароль", Value: "secret"}})), "[value=secret]") {
		t.Error("a password goes back to the page")
	}
}

func TestErrorSummary(t *testing.T) {
	t.Parallel()
	if has(page(t, ui.ErrorSummary(nil)), "div") {
		t.Error("a summary without errors is drawn")
	}
	for n, want := range map[int]string{1: "Проверьте одно поле", 2: "Проверьте 2 поля", 5: "Проверьте 5 полей", 21: "Проверьте 21 поле"} {
		if got := words(page(t, ui.ErrorSummary(make([]ui.FieldError, n))), "h2"); got != want {
			t.Errorf("%d errors: %q, want %q", n, got, want)
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	doc := page(t, ui.Form(ui.FormProps{Action: "/lk/drafts", Upload: true, Hidden: []ui.Hidden{{Name: "key", Value: "0198"}}}))
	if !has(doc, "form[action='/lk/drafts'][method=post][enctype='multipart/form-data'][novalidate] input[type=hidden][name=key][value='0198']") {
		t.Error("the form does not carry its key")
	}
	if !has(doc, "form[data-upload] [data-upload-progress][hidden] progress[aria-label]") {
		t.Error("the form cannot show the progress of files")
	}
}

// Addresses come from data: what is no address of the web does not become a link.
func TestHostileAddress(t *testing.T) {
	t.Parallel()
	doc := page(t, ui.A(ui.Link{Text: "открыть", Href: "javascript:alert(1)"}))
	if has(doc, "a[href^='javascript']") {
		t.Error("a script became an address")
	}
	doc = page(t, ui.CardItem(ui.Card{Title: "<script>alert(1)</script>", Text: `"><img src=x>`, Href: "/a"}))
	if has(doc, "script") || has(doc, "img") {
		t.Error("a text became markup")
	}
}

func TestFeedTellsUnread(t *testing.T) {
	t.Parallel()
	doc := page(t, ui.Feed([]ui.FeedItem{{Title: "Ответ", Href: "/1", Unread: true, Act: true}, {Title: "Готово", Href: "/2"}}))
	if got := words(doc, "li.is-unread.is-action h3"); got != "Не прочитано: Ответ" {
		t.Errorf("an unread notice reads %q", got)
	}
	if got := words(doc, "li:not(.is-unread) h3"); got != "Готово" {
		t.Errorf("a read notice reads %q", got)
	}
}

// A day counter that is out of its range draws what it can and does not break.
func TestTermRange(t *testing.T) {
	t.Parallel()
	for _, p := range []ui.TermProps{{Day: 0, Of: 12}, {Day: 13, Of: 12}, {Day: 3, Of: 400}, {Title: "Срок не установлен"}} {
		doc := page(t, ui.Term(p))
		if n := len(cascadia.QueryAll(doc, cascadia.MustCompile("li"))); n > 60 || n != min(p.Of, 60) {
			t.Errorf("%+v draws %d days", p, n)
		}
	}
}

func BenchmarkFeed(b *testing.B) {
	ctx := inRussian(b)
	items := make([]ui.FeedItem, 20)
	for i := range items {
		items[i] = ui.FeedItem{Category: "Заявление", Title: "МВД просит заменить скан паспорта", Text: "Справка о судимости", Href: "/lk/1", When: "в 15:20", Icon: "doc", Tag: &ui.TagProps{Text: "В работе"}}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ui.Feed(items).Render(ctx, &strings.Builder{}); err != nil {
			b.Fatal(err)
		}
	}
}
