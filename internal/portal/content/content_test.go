package content_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/form"
)

var now = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

func delivered(t *testing.T) (*content.Contents, []content.Entry) {
	t.Helper()
	entries, err := content.Load(os.DirFS("../../../services"), "content")
	if err != nil {
		t.Fatal(err)
	}
	c := &content.Contents{DB: dbtest.New(t, content.Migrations()), Clock: clock.At(now)}
	if n, err := c.Import(t.Context(), entries, "test"); err != nil || n != len(entries) {
		t.Fatalf("imported %d of %d: %v", n, len(entries), err)
	}
	return c, entries
}

// HLP-01, HLP-02, PRT-11, ID-CNF-02: the 17 questions are real articles, some of them for the main
// page; the one on access names cache, other browser and direct links; the one on confirmation has
// the three steps with deep links.
func TestHelp(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	ctx := t.Context()
	list, err := c.Articles(ctx)
	if err != nil || len(list) < 17 {
		t.Fatalf("%d articles: %v", len(list), err)
	}
	for i, e := range list {
		if e.Order != i+1 || len([]rune(e.Body.RU)) < 300 || e.Short.RU == "" || len(e.Keywords) == 0 {
			t.Errorf("article %s: order %d, %d characters", e.Code, e.Order, len([]rune(e.Body.RU)))
		}
	}
	popular, err := c.PopularQuestions(ctx, 5)
	if err != nil || len(popular) != 5 {
		t.Errorf("popular questions: %d %v", len(popular), err)
	}
	for code, words := range map[string][]string{
		"access-problems": {"кэш", "другом браузере", "(/lk/applications)"},
		"confirm":         {"Шаг 1", "Шаг 2", "Шаг 3", "(idp:/profile/data)", "(/centres)"},
		"levels":          {"прощённая", "тандартная", "одтверждённая"},
	} {
		a, err := c.Article(ctx, code)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(a.Body.RU, w) {
				t.Errorf("article %s does not say %q", code, w)
			}
		}
	}
	if _, err := c.Article(ctx, "nothing"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("missing article: %v", err)
	}
}

// HLP-01: the articles are found by the words of a question.
func TestSearchHelp(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	for query, want := range map[string]string{
		"где подтвердить личность":   "confirm",
		"не могу войти забыл пароль": "sign-in",
		"ребенок дневник":            "child-account",
		"kbxysq rf,bytn":             "cabinet",
		"кнопка оплатить":            "payment-button",
	} {
		got, err := c.SearchHelp(t.Context(), query)
		if err != nil || len(got) == 0 || got[0].Code != want {
			var codes []string
			for _, e := range got {
				codes = append(codes, e.Code)
			}
			t.Errorf("%q finds %v, want %s first (%v)", query, codes, want, err)
		}
	}
	for _, q := range []string{"", "и", "щщщ", strings.Repeat("ю ", 3000)} {
		if got, err := c.SearchHelp(t.Context(), q); err != nil || len(got) != 0 {
			t.Errorf("%.10q finds %d articles %v", q, len(got), err)
		}
	}
}

// LAW-01: the page of acts has the three named ones, and an editor can change them.
func TestActs(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	acts, err := c.Acts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"1555-р", "1993-р", "210-ФЗ"} {
		if !slices.ContainsFunc(acts, func(e content.Entry) bool { return strings.Contains(e.Title.RU, n) }) {
			t.Errorf("no act %s", n)
		}
	}
	first := acts[0]
	first.Short = form.Text{RU: "Изменено"}
	if err := c.Publish(t.Context(), first, "editor"); err != nil {
		t.Fatal(err)
	}
	if acts, _ := c.Acts(t.Context()); acts[0].Short.RU != "Изменено" {
		t.Error("the edited act is not shown")
	}
}

// ID-REG-20: the agreement in force is readable, and so is every edition that somebody accepted.
func TestAgreementEditions(t *testing.T) {
	t.Parallel()
	c, entries := delivered(t)
	ctx := t.Context()
	old, err := c.Agreement(ctx)
	if err != nil || old.Version == "" || old.Body.EN == "" || old.Body.TT == "" {
		t.Fatalf("agreement %q: %v", old.Version, err)
	}
	next := old
	next.Version, next.Body, next.Since = "2027-01", form.Text{RU: "Новая редакция"}, now
	if err := c.Publish(ctx, next, "editor"); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Agreement(ctx); err != nil || a.Version != "2027-01" {
		t.Errorf("in force: %q %v", a.Version, err)
	}
	got, err := c.Edition(ctx, content.KindAgreement, content.CodeUserAgreement, old.Version)
	if err != nil || got.Body != old.Body {
		t.Errorf("the accepted edition: %v", err)
	}
	if _, err := c.Edition(ctx, content.KindAgreement, content.CodeUserAgreement, "1999"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an edition that never was: %v", err)
	}
	if n, err := c.Import(ctx, entries, "test"); err != nil || n != 1 {
		t.Errorf("the delivered texts again: %d changed, want the agreement alone (%v)", n, err)
	}
	next.Version = ""
	if err := c.Publish(ctx, next, "editor"); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("an agreement without a version: %v", err)
	}
}

// LAW-02: the text of the consent names its legal basis.
func TestConsentNamesItsBasis(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	e, err := c.Get(t.Context(), content.KindConsent, "submit")
	if err != nil || !strings.Contains(e.Body.RU, "152-ФЗ") || !strings.Contains(e.Body.RU, "210-ФЗ") {
		t.Errorf("%q %v", e.Body.RU, err)
	}
}

// PRT-15: news, the newest first; one of tomorrow is not there yet; a withdrawn one is gone.
func TestNews(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	ctx := t.Context()
	tomorrow := content.Entry{Kind: content.KindNews, Code: "tomorrow", Title: form.Text{RU: "Завтра"}, Since: now.AddDate(0, 0, 1)}
	if err := c.Publish(ctx, tomorrow, "editor"); err != nil {
		t.Fatal(err)
	}
	list, n, err := c.News(ctx, 0, 10)
	if err != nil || n != 2 || len(list) != 2 || list[0].Since.Before(list[1].Since) {
		t.Errorf("%d news %v", n, err)
	}
	if _, err := c.NewsItem(ctx, "tomorrow"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("tomorrow's news today: %v", err)
	}
	c.Clock.Advance(25 * time.Hour)
	if _, err := c.NewsItem(ctx, "tomorrow"); err != nil {
		t.Errorf("tomorrow's news tomorrow: %v", err)
	}
	if err := c.Withdraw(ctx, content.KindNews, "tomorrow", "editor"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.NewsItem(ctx, "tomorrow"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a withdrawn one: %v", err)
	}
	if list, _, _ := c.News(ctx, 1, 10); len(list) != 1 {
		t.Errorf("second page: %d", len(list))
	}
	if list, _, _ := c.News(ctx, 99, 10); len(list) != 0 {
		t.Errorf("beyond the end: %d", len(list))
	}
}

// HLP-13: each voter counts once, with his last word.
func TestRatings(t *testing.T) {
	t.Parallel()
	c, _ := delivered(t)
	ctx := t.Context()
	for _, v := range []struct {
		voter  string
		useful bool
	}{{"a", true}, {"b", true}, {"b", false}, {"c", false}} {
		if err := c.Rate(ctx, "levels", []byte(v.voter), v.useful); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Rate(ctx, "nothing", []byte("a"), true); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("rating of a missing article: %v", err)
	}
	got, err := c.Ratings(ctx)
	if err != nil || len(got) != 1 || got[0] != (content.Rating{Code: "levels", Useful: 1, Useless: 2}) {
		t.Errorf("%+v %v", got, err)
	}
	c.Clock.Advance(4 * 365 * 24 * time.Hour)
	if n, err := c.ForgetRatings(ctx); err != nil || n != 3 {
		t.Errorf("erased %d %v", n, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"help/a.ru.md":      "no head",
		"help/b.ru.md":      "---\ntitle: T\ncolour: red\n---\nbody",
		"help/bad_.ru.md":   "---\ntitle: T\n---\nbody",
		"help/c.ru.md":      "---\ntitle: T\nrelated: [nothing]\n---\nbody",
		"agreement/x.ru.md": "---\ntitle: T\n---\nbody",
		"news/x.ru.md":      "---\ntitle: T\nsince: yesterday\n---\nbody",
		"acts.yaml":         "- {code: a-1}",
	} {
		if _, err := content.Load(fstest.MapFS{"content/" + name: {Data: []byte(src)}}, "content"); err == nil {
			t.Errorf("%s was taken: %s", name, src)
		}
	}
}

// Links to the identity provider become absolute; every other link of the delivered texts stays on
// the portal or names a scheme.
func TestLinks(t *testing.T) {
	t.Parallel()
	_, entries := delivered(t)
	for _, e := range entries {
		for _, lang := range []string{"ru", "tt", "en"} {
			md := e.Markdown(lang, "https://esia.example")
			for _, part := range strings.Split(md, "](")[1:] {
				target, _, _ := strings.Cut(part, ")")
				if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "https://") {
					t.Errorf("%s %s links to %q", e.Kind, e.Code, target)
				}
			}
		}
	}
	e := content.Entry{Body: form.Text{RU: "[данные](idp:/profile/data)"}}
	if got := e.Markdown("en", "https://esia.example"); got != "[данные](https://esia.example/profile/data)" {
		t.Errorf("%q", got)
	}
}
