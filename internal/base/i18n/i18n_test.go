package i18n

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

func load(t *testing.T, files map[string]string) (*Bundle, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(fsys)
}

func mustLoad(t *testing.T, files map[string]string) *Bundle {
	t.Helper()
	b, err := load(t, files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

var sample = map[string]string{
	"feed.ru.yaml": `
feed.hello: "Здравствуйте, {name}"
feed.unread: "{n, one {# уведомление} few {# уведомления} many {# уведомлений}}"
feed.none: "{n, =0 {Новых нет} one {# новое} few {# новых} other {# новых}} у {who}"
letter.dear: "{sex, select, m {Уважаемый} f {Уважаемая} other {Здравствуйте,}} {name}"
literal: "'{'{name}'}' — «don't» '#' #"
only.ru: "Только по-русски"
paid: "Оплачено {day}"
`,
	"sub/feed.tt.yaml": "feed.hello: 'Исәнмесез, {name}'\nfeed.unread: '{n, other {# хәбәр}}'\n",
	"feed.en.yaml":     "feed.hello: 'Hello, {name}'\nfeed.unread: '{n, plural, one {# notice} other {# notices}}'\npaid: 'Paid {day}'\n",
}

func TestMessages(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, sample)
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		lang, key string
		args      []any
		want      string
	}{
		{"ru", "feed.hello", []any{"name", "Анна"}, "Здравствуйте, Анна"},
		{"tt", "feed.hello", []any{"name", "Анна"}, "Исәнмесез, Анна"},
		{"ru", "feed.unread", []any{"n", 1}, "1 уведомление"},
		{"ru", "feed.unread", []any{"n", int64(22)}, "22 уведомления"},
		{"ru", "feed.unread", []any{"n", uint8(11)}, "11 уведомлений"},
		{"ru", "feed.unread", []any{"n", 12345}, "12 345 уведомлений"},
		{"ru", "feed.unread", []any{"n", "много"}, "много уведомлений"},
		{"tt", "feed.unread", []any{"n", 1}, "1 хәбәр"},
		{"en", "feed.unread", []any{"n", 1}, "1 notice"},
		{"en", "feed.unread", []any{"n", 1234}, "1,234 notices"},
		{"ru", "feed.none", []any{"n", 0, "who", "Анны"}, "Новых нет у Анны"},
		{"ru", "feed.none", []any{"who", "Анны", "n", 2}, "2 новых у Анны"},
		{"ru", "letter.dear", []any{"sex", "f", "name", "Анна"}, "Уважаемая Анна"},
		{"ru", "letter.dear", []any{"sex", "", "name", "Анна"}, "Здравствуйте, Анна"},
		{"ru", "literal", []any{"name", "x"}, "{x} — «don't» # #"},
		{"en", "only.ru", nil, "Только по-русски"},
		{"en", "no.such", nil, "no.such"},
		{"ru", "feed.hello", nil, "Здравствуйте, {name}"},
		{"ru", "paid", []any{"day", day}, "Оплачено 21 ноября 2026"},
		{"en", "paid", []any{"day", day}, "Paid 21 November 2026"},
		{"xx", "feed.hello", []any{"name", "Анна"}, "Здравствуйте, Анна"},
	} {
		if got := plain(b.For(c.lang).T(c.key, c.args...)); got != c.want {
			t.Errorf("%s %s %v = %q, want %q", c.lang, c.key, c.args, got, c.want)
		}
	}
	missing := b.Missing()
	for _, key := range []string{"en only.ru", "en no.such", "ru no.such", "ru feed.hello {name}"} {
		if missing[key] != 1 {
			t.Errorf("missing[%q] = %d, want 1", key, missing[key])
		}
	}
	if len(missing) != 4 {
		t.Errorf("missing = %v", missing)
	}
	if !b.For("en").Has("only.ru") || b.For("en").Has("no.such") {
		t.Error("Has must see Base and nothing else")
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"duplicate key across files": {map[string]string{"a.ru.yaml": "k: a", "b.ru.yaml": "k: b"}, "stands already in a.ru.yaml"},
		"duplicate key in a file":    {map[string]string{"a.ru.yaml": "k: a\nk: b"}, "already"},
		"nested keys":                {map[string]string{"a.ru.yaml": "k:\n  l: a"}, "must be a text"},
		"empty value":                {map[string]string{"a.ru.yaml": "k:"}, "must be a text"},
		"list":                       {map[string]string{"a.ru.yaml": "- a"}, "key: text"},
		"unknown language":           {map[string]string{"a.yaml": "k: a"}, ".ru.yaml"},
		"open brace":                 {map[string]string{"a.ru.yaml": "k: 'a {b'"}, "expected , or }"},
		"stray brace":                {map[string]string{"a.ru.yaml": "k: 'a }'"}, "without an opening one"},
		"no name":                    {map[string]string{"a.ru.yaml": "k: 'a {}'"}, "needs a name"},
		"missing few":                {map[string]string{"a.ru.yaml": "k: '{n, one {a} many {b}}'"}, `needs "few"`},
		"foreign category":           {map[string]string{"a.en.yaml": "k: '{n, few {a} other {b}}'"}, `no plural category "few"`},
		"category twice":             {map[string]string{"a.en.yaml": "k: '{n, one {a} one {b} other {c}}'"}, "stands twice"},
		"select without other":       {map[string]string{"a.ru.yaml": "k: '{n, select, a {b}}'"}, "needs other"},
		"unclosed form":              {map[string]string{"a.ru.yaml": "k: '{n, other {a'"}, "not closed"},
	} {
		if _, err := load(t, c.files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: err = %v, want %q", name, err, c.want)
		}
	}
}

func TestCheckComparesTranslations(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, map[string]string{
		"a.ru.yaml": "one: '{n, other {# {who}}}'\ntwo: 'x'\nsame: '{a} {b}'",
		"a.tt.yaml": "one: '{n} {whom}'\nthree: 'y'\nsame: '{b} {a}'",
	})
	want := []string{"tt: one has placeholders [n whom], ru has [n who]", "tt: three is unknown in ru"}
	if got := b.Check(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("Check() = %q, want %q", got, want)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, sample)
	for header, want := range map[string]string{
		"": "ru", "en": "en", "en-US,en;q=0.9": "en", "de,fr;q=0.8": "ru", "tt-RU,ru;q=0.9": "tt", "ru;q=0.5, en;q=0.7": "en",
		"en;q=0": "ru", "en;q=2": "ru", "en;q=NaN": "ru", ";;;,": "ru", "EN": "en", "de, en;q=0.3": "en",
		strings.Repeat("de,", 50) + "en": "ru",
	} {
		if got := b.Match(header); got != want {
			t.Errorf("Match(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, sample)
	zone := time.FixedZone("Tyumen", 5*3600)
	at := time.Date(2026, 11, 20, 19, 40, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{b.For("ru").DateTime(at, zone), "21 ноября 2026 в 00:40"},
		{b.For("tt").DateTime(at, zone), "2026 елның 21 ноябре, сәгать 00:40"},
		{b.For("en").DateTime(at, zone), "21 November 2026 at 00:40"},
		{b.For("en").Time(at, time.UTC), "19:40"},
		{b.For("ru").Money(150000), "1 500,00 ₽"},
		{b.For("en").Money(-150005), "−₽1,500.05"},
		{b.For("en").N(-1234567), "−1,234,567"},
		{b.For("tt").N(1234567), "1 234 567"},
		{b.For("tt").Weekday(at), "җомга"},
		{b.For("en").Weekday(at), "Friday"},
		{b.For("ru").MonthYear(at), "ноябрь 2026"},
		{b.For("en").MonthYear(at), "November 2026"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	l := mustLoad(t, sample).For("tt")
	if got := From(With(context.Background(), l)); got != l {
		t.Errorf("From = %v", got)
	}
	none := From(context.Background())
	if none.T("any.key", "a", 1) != "any.key" || none.Lang() != Base || none.Has("any.key") || plain(none.Money(100)) != "1,00 ₽" {
		t.Error("without a localizer keys are shown")
	}
	var null *Localizer
	if null.T("k") != "k" || null.Lang() != Base {
		t.Error("a nil localizer shows keys")
	}
}

func TestBundleServesManyGoroutines(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, sample)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				b.For("en").T("only.ru")
				b.For("ru").T("feed.unread", "n", 3)
			}
		})
	}
	wg.Wait()
	if got := b.Missing()["en only.ru"]; got != 800 {
		t.Errorf("missing counted %d times, want 800", got)
	}
}

func TestPlaceholderTextIsNeverParsed(t *testing.T) {
	t.Parallel()
	b := mustLoad(t, sample)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if got := b.For("ru").T("feed.hello", "name", name); got != "Здравствуйте, "+name {
			t.Fatalf("got %q", got)
		}
	})
}

func FuzzParseMessage(f *testing.F) {
	f.Add("{n, one {# уведомление} few {# уведомления} many {# уведомлений}}")
	f.Add("{sex, select, m {a {b} '{'} other {c}}")
	f.Fuzz(func(t *testing.T, src string) {
		m, err := parseMessage("ru", src)
		if err != nil {
			return
		}
		b := &Bundle{messages: map[string]map[string]message{Base: {"k": m}}, languages: []string{Base}, missing: map[string]int{}}
		b.For(Base).T("k", "n", 3, "sex", "m")
		if !strings.ContainsAny(src, "{}'") && b.For(Base).T("k") != src {
			t.Fatalf("text without syntax changed: %q", src)
		}
	})
}

// Accept-Language comes from anybody: the answer is a language that there is.
func FuzzMatch(f *testing.F) {
	f.Add("tt-RU,tt;q=0.9,ru;q=0.8,en;q=0")
	f.Add("*;q=1e309,;;q=,,,")
	b, err := Load(os.DirFS("../../../locale"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if got := b.Match(header); !slices.Contains(b.Languages(), got) {
			t.Errorf("%q: %q", header, got)
		}
	})
}
