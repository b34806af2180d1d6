package kit

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/okno-gov/okno/internal/base/fault"
)

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/":                    "/",
		"/lk/drafts/1?x=1&y=/": "/lk/drafts/1?x=1&y=/",
		"":                     "/home",
		"lk":                   "/home",
		"//evil.test/":         "/home",
		"/\\evil.test":         "/home",
		"/\tevil":              "/home",
		"https://evil.test/":   "/home",
		"javascript:alert(1)":  "/home",
		"/%2f/evil.test":       "/home",
		"/%5cevil.test":        "/home",
		"/x/../..//evil":       "/home",
		"/a b":                 "/home",
		"/%zz":                 "/home",
	} {
		if got := LocalPath(in, "/home"); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("//evil")
	f.Add("/ok?x=//a")
	f.Fuzz(func(t *testing.T, in string) {
		got := LocalPath(in, "")
		if got == "" {
			return
		}
		base := httptest.NewRequest("GET", "https://okno.test/a/b", nil).URL
		u, err := base.Parse(got)
		if err != nil || u.Host != "okno.test" || u.Scheme != "https" {
			t.Fatalf("%q leads to %v (%v)", in, u, err)
		}
	})
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := Limiter{PerMinute: 6, Burst: 3, Now: func() time.Time { return now }}
	for i := range 3 {
		if err := l.Take("a", 1); err != nil {
			t.Fatalf("take %d: %v", i, err)
		}
	}
	err := l.Take("a", 1)
	e, ok := fault.As(err)
	if !ok || e.Kind != fault.KindLimited || e.RetryAfter != 10*time.Second {
		t.Fatalf("the fourth: %v, retry after %v", err, e.RetryAfter)
	}
	if err := l.Take("b", 3); err != nil {
		t.Errorf("another key: %v", err)
	}
	now = now.Add(10 * time.Second)
	if err := l.Take("a", 1); err != nil {
		t.Errorf("after the refill: %v", err)
	}
	now = now.Add(time.Hour)
	if err := l.Take("a", 3); err != nil {
		t.Errorf("a full bucket after an hour: %v", err)
	}
	if err := l.Take("a", 1); err == nil {
		t.Error("the bucket grew beyond its size")
	}
}

// However the times fall, nobody gets more than the burst and the refill.
func TestLimiterNeverGivesMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(0, 0)
		l := Limiter{PerMinute: 60, Burst: 5, Now: func() time.Time { return now }}
		given := 0.0
		start := now
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			w := rapid.Float64Range(0.5, 3).Draw(t, "w")
			if l.Take("k", w) == nil {
				given += w
			}
		}
		if most := 5 + now.Sub(start).Seconds() + 1e-6; given > most {
			t.Fatalf("gave %v in %v", given, now.Sub(start))
		}
	})
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p := PagingOf(httptest.NewRequest("GET", "/list?page=5&kind=login", nil), 20)
	p.Total = 199
	if p.Pages() != 10 || p.Offset() != 80 {
		t.Errorf("pages %d, offset %d", p.Pages(), p.Offset())
	}
	if got, want := p.Numbers(), []int{1, 0, 4, 5, 6, 0, 10}; !slices.Equal(got, want) {
		t.Errorf("numbers %v, want %v", got, want)
	}
	if got := p.URL(1); got != "/list?kind=login" {
		t.Errorf("first page at %q", got)
	}
	if got := p.URL(2); got != "/list?kind=login&page=2" {
		t.Errorf("second page at %q", got)
	}
	if pager := p.Pager(); pager.Prev != "/list?kind=login&page=4" || pager.Next != "/list?kind=login&page=6" || len(pager.Pages) != 7 || !pager.Pages[3].Current || !pager.Pages[1].Ellipsis {
		t.Errorf("pager %+v", pager)
	}
	if p.Total = 20; p.Pager() != nil {
		t.Error("a pager for one page")
	}
	for _, bad := range []string{"0", "-1", "x", "99999999999999999999", "1e9"} {
		if q := PagingOf(httptest.NewRequest("GET", "/list?page="+bad, nil), 20); q.Page != 1 {
			t.Errorf("page=%s gives %d", bad, q.Page)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Анна ": "Анна", "и\u0306": "й", "a\x00b": "a b", "\xff\xfeя": "я", "a\r\nb": "a  b",
		"\u202d+7 912 000-00-01\u202c": "+7 912 000-00-01", "Ан\u200bна\ufeff": "Анна", "мо\u00adсква": "москва", "\u202eавоналс": "авоналс",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
