package kit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
	"github.com/okno-gov/okno/internal/ui/layout"
)

func bundle(t *testing.T) *i18n.Bundle {
	t.Helper()
	b, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "<h1>"+templ.EscapeString(s)+"</h1>")
		return err
	})
}

// site is a site with one page for each way to fail.
func site(t *testing.T, change func(*kit.Mux)) (*kittest.Browser, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	m := &kit.Mux{Name: "t", Bundle: bundle(t), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), API: []string{"/api/"}}
	if change != nil {
		change(m)
	}
	fail := func(err error) kit.HandlerFunc {
		return func(http.ResponseWriter, *http.Request) error { return err }
	}
	m.Handle("GET /{$}", func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text(kit.L(r).T("kit.error.home")))
	})
	m.Handle("POST /{$}", func(w http.ResponseWriter, r *http.Request) error {
		f, err := kit.FormOf(r)
		if err != nil {
			return err
		}
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text("got "+f.Text("x")))
	})
	m.Handle("POST /callback", func(w http.ResponseWriter, r *http.Request) error { return kit.See(w, r, "/") })
	m.Handle("GET /fail/internal", fail(errors.New(`template "profile_nav" not found in /srv/okno`)))
	m.Handle("GET /fail/crash", func(http.ResponseWriter, *http.Request) error { panic("nil map in profile_nav") })
	m.Handle("GET /fail/not_found", fail(fault.NotFound("no.such.key")))
	m.Handle("GET /fail/forbidden", fail(fault.Forbidden("no.such.key")))
	m.Handle("GET /fail/conflict", fail(fault.Conflict("no.such.key")))
	m.Handle("GET /fail/unauthenticated", fail(fault.Unauthenticated("no.such.key")))
	m.Handle("GET /fail/limited", fail(fault.Limited("kit.limited", 90*time.Second)))
	m.Handle("GET /fail/unavailable", fail(fault.Unavailable("no.such.key").Wrap(errors.New("dial tcp 10.0.0.1: refused"))))
	m.Handle("GET /fail/away", func(_ http.ResponseWriter, r *http.Request) error {
		_, err := db.Open(r.Context(), db.Config{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable"})
		return fmt.Errorf("read persons: %w", err)
	})
	m.Handle("GET /fail/invalid", fail(fault.Invalid("no.such.key")))
	m.Handle("GET /fail/render", func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, kit.Base(r), templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "half a page")
			return errors.New("profile_nav broke")
		}))
	})
	m.Handle("GET /slow", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}, kit.Deadline(time.Millisecond))
	m.Handle("GET /api/thing", fail(fault.Invalid("kit.bad_form", fault.F("name", "kit.too_large"))))
	m.Handle("GET /long", func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text(strings.Repeat("длинно ", 2000)))
	})
	m.Handle("GET /who", func(w http.ResponseWriter, r *http.Request) error {
		return kit.JSON(w, http.StatusOK, []string{kit.Address(r).String(), kit.Network(r)})
	})
	m.Handle("GET /flash", func(w http.ResponseWriter, r *http.Request) error {
		m.Flash(w, "kit.error.again")
		return kit.See(w, r, "/flashed")
	})
	m.Handle("GET /flashed", func(w http.ResponseWriter, r *http.Request) error {
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text("["+m.TakeFlash(w, r)+"]"))
	})
	return kittest.New(t, "t.test", m.Handler()), &log
}

// Nothing technical reaches a person: plain words, a short number, and the
// details in the log under the same number.
//
// PRT-13
func TestErrorPages(t *testing.T) {
	t.Parallel()
	b, log := site(t, nil)
	for path, want := range map[string]struct {
		status int
		title  string
	}{
		"/fail/internal":        {500, "Что-то сломалось у нас"},
		"/fail/crash":           {500, "Что-то сломалось у нас"},
		"/fail/render":          {500, "Что-то сломалось у нас"},
		"/fail/not_found":       {404, "Страница не нашлась"},
		"/nowhere":              {404, "Страница не нашлась"},
		"/fail/forbidden":       {403, "Сюда нельзя"},
		"/fail/conflict":        {409, "Это действие сейчас невозможно"},
		"/fail/unauthenticated": {401, "Сначала войдите"},
		"/fail/limited":         {429, "Слишком много попыток"},
		"/fail/unavailable":     {503, "Сервис временно недоступен"},
		"/fail/away":            {503, "Сервис временно недоступен"},
		"/fail/invalid":         {422, "Не получилось прочитать"},
		"/slow":                 {503, "Сервис временно недоступен"},
	} {
		p := b.Get(path).WantStatus(want.status).Want("main h1", want.title)
		for _, leak := range []string{"profile_nav", "no.such.key", "10.0.0.1", "127.0.0.1", "persons", "half a page", "goroutine", "panic", "/srv"} {
			if strings.Contains(p.Body, leak) {
				t.Errorf("%s shows %q", path, leak)
			}
		}
		if !p.Has("main a[href]") {
			t.Errorf("%s is a dead end", path)
		}
		if want.status == 500 {
			id := p.Attr("[data-error-id]", "data-error-id")
			if len(id) != 8 || !strings.Contains(log.String(), "request="+id) {
				t.Errorf("%s: number %q is not in the log", path, id)
			}
		}
	}
	if !strings.Contains(log.String(), "profile_nav") {
		t.Error("the log does not tell what broke")
	}
	p := b.Get("/fail/limited").Want("main", "2 минуты")
	if p.Header.Get("Retry-After") != "90" {
		t.Errorf("Retry-After %q", p.Header.Get("Retry-After"))
	}
}

func TestProblemForPrograms(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	p := b.Get("/api/thing").WantStatus(422)
	if ct := p.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q", ct)
	}
	for _, part := range []string{`"code":"kit.bad_form"`, `"field":"name"`, `"status":422`, `urn:okno:request:`} {
		if !strings.Contains(p.Body, part) {
			t.Errorf("no %s in %s", part, p.Body)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) { m.Secure = true })
	for _, path := range []string{"/", "/nowhere", "/fail/crash", "/api/thing"} {
		h := b.Get(path).Header
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: CSP %q lacks %s", path, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: CSP %q", path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	for _, name := range b.CookieNames() {
		if !strings.HasPrefix(name, "__Host-") {
			t.Errorf("cookie %s without the prefix", name)
		}
	}
}

func TestForeignPostIsRefused(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) { m.Exempt = []string{"POST /callback"} })
	b.PostFrom("https://evil.test", "/", url.Values{"x": {"1"}}).WantStatus(403).Want("main", "с чужого сайта")
	b.PostFrom("https://bank.test", "/callback", url.Values{}).WantStatus(200)
	b.Post("/", url.Values{"x": {" да\x00 "}}).WantStatus(200).Want("h1", "got да")
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	b.Post("/", url.Values{"x": {strings.Repeat("a", 1<<20)}}).WantStatus(422).Want("main", "слишком много данных")
	res := b.Raw(http.MethodPost, "/", []byte(`{"x":1}`), "application/json")
	if res.StatusCode != 422 {
		t.Errorf("JSON as a form: %d", res.StatusCode)
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	b.Header.Set("Accept-Language", "en-GB,en;q=0.8")
	b.Get("/?x=1").Want("h1", "To the main page")
	p := b.Get("/prefs/lang/tt?back=%2F%3Fx%3D1").Want("h1", "Баш биткә")
	if p.URL.RequestURI() != "/?x=1" {
		t.Errorf("came back to %s", p.URL)
	}
	if lang := p.Attr("html", "lang"); lang != "tt" {
		t.Errorf("lang %q", lang)
	}
	b.Get("/prefs/lang/xx").WantStatus(404)
	b.Get("/prefs/lang/ru?back=https%3A%2F%2Fevil.test%2F").Want("h1", "На главную")
}

func TestVisionPreferences(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	p := b.Get("/prefs/vi?back=/long").Submit("main form", "size", "150", "scheme", "dark", "noimages", "noimages")
	p.WantPath("/long")
	if class := p.Attr("html", "class"); !strings.Contains(class, "okno-vi-150") || !strings.Contains(class, "okno-vi-scheme-dark") || !strings.Contains(class, "okno-vi-noimages") {
		t.Errorf("class %q", class)
	}
	p = b.Get("/prefs/vi?back=//evil.test").Submit(`main button[name="vi"]`)
	if class := p.WantPath("/").Attr("html", "class"); strings.Contains(class, "okno-vi") {
		t.Errorf("still on: %q", class)
	}
}

func TestAddressBehindProxy(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) { m.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct{ peer, forwarded, want string }{
		{"198.51.100.7:1", "203.0.113.9", `["198.51.100.7","198.51.100.0/24"]`}, // an untrusted peer cannot choose
		{"10.0.0.1:1", "203.0.113.9, 10.0.0.2", `["203.0.113.9","203.0.113.0/24"]`},
		{"10.0.0.1:1", "6.6.6.6, 203.0.113.9", `["203.0.113.9","203.0.113.0/24"]`},
		{"10.0.0.1:1", "nonsense", `["10.0.0.1","10.0.0.0/24"]`},
		{"[2001:db8:1:2:3::4]:1", "", `["2001:db8:1:2:3::4","2001:db8:1::/56"]`},
	} {
		b.Addr = c.peer
		b.Header.Set("X-Forwarded-For", c.forwarded)
		if got := strings.TrimSpace(b.Get("/who").Body); got != c.want {
			t.Errorf("%s via %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// A foreign program that puts a slash before and after is answered, not sent
// elsewhere; pages are sent to their one address.
func TestDoubleSlashes(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) {
		m.Mount("GET /api/thing/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) }))
	})
	for _, path := range []string{"/api/thing/7", "/api//thing/7", "/api/thing///7"} {
		if res := b.Raw(http.MethodGet, path, nil, ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d to %q", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res := b.Raw(http.MethodGet, "/api/../who", nil, ""); res.StatusCode == http.StatusOK {
		t.Error("dots lead out of the API without a redirect")
	}
}

// The number that a request has at our proxy stands beside ours; nobody else may
// write into the log so.
func TestLogNamesTheCaller(t *testing.T) {
	t.Parallel()
	b, log := site(t, func(m *kit.Mux) { m.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct {
		peer, number string
		want         bool
	}{
		{"10.0.0.1:1", "9f86d081884c7d65", true},
		{"198.51.100.7:1", "9f86d081884c7d66", false},
		{"10.0.0.1:1", "anna@example.com", false},
		{"10.0.0.1:1", "short", false},
	} {
		b.Addr = c.peer
		b.Header.Set("X-Request-ID", c.number)
		b.Get("/who")
		if got := strings.Contains(log.String(), "caller="+c.number); got != c.want {
			t.Errorf("%s from %s: %t", c.number, c.peer, got)
		}
	}
}

func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	b, log := site(t, nil)
	b.Get("/?login=%2B79120000001&token=secret")
	b.Post("/", url.Values{"x": {"Соколова"}})
	for _, leak := range []string{"79120000001", "secret", "Соколова", "192.0.2.1"} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("the log holds %q", leak)
		}
	}
	if !strings.Contains(log.String(), `route="GET /{$}"`) {
		t.Errorf("no line for the request: %s", log)
	}
}

// Refusals stand in a log of the usual level, ordinary answers do not.
func TestRefusalsAreLogged(t *testing.T) {
	t.Parallel()
	for path, level := range map[string]string{
		"/": "DEBUG", "/fail/not_found": "DEBUG", "/fail/forbidden": "INFO", "/fail/unauthenticated": "INFO", "/fail/limited": "INFO", "/fail/internal": "ERROR",
	} {
		b, log := site(t, nil)
		b.Get(path)
		if !strings.Contains(log.String(), "level="+level+" msg=request ") {
			t.Errorf("%s: %s", path, log)
		}
	}
	b, log := site(t, nil)
	b.Header.Set("Sec-Fetch-Site", "cross-site")
	b.Post("/", url.Values{"x": {"y"}})
	if !strings.Contains(log.String(), "level=INFO msg=request ") {
		t.Errorf("a foreign page's POST: %s", log)
	}
}

func TestLivePagesAreCompressed(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	b.Header.Set("Accept-Encoding", "gzip, br")
	res := b.Raw(http.MethodGet, "/long", nil, "")
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Error("a long page is not compressed")
	}
	if raw, _ := io.ReadAll(res.Body); len(raw) > 8000 {
		t.Errorf("%d bytes", len(raw))
	}
	b.Header.Set("Accept-Encoding", "gzip;q=0")
	if res := b.Raw(http.MethodGet, "/long", nil, ""); res.Header.Get("Content-Encoding") != "" {
		t.Error("compressed against the browser's will")
	}
}

func TestFlash(t *testing.T) {
	t.Parallel()
	b, _ := site(t, nil)
	b.Get("/flash").Want("h1", "[Попробовать ещё раз]")
	b.Get("/flashed").Want("h1", "[]")
	b.SetCookie("okno_t_flash", "<script>")
	b.Get("/flashed").Want("h1", "[]")
}

// The error page cannot fail: not even when the site's frame panics.
func TestErrorPageCannotFail(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) { m.Frame = func(*http.Request, *layout.Page) { panic("frame") } })
	b.Get("/fail/not_found").WantStatus(404).Want("h1", "Страница не нашлась")
}

func TestAllowFormAction(t *testing.T) {
	t.Parallel()
	b, _ := site(t, func(m *kit.Mux) {
		m.Handle("GET /consent", func(w http.ResponseWriter, r *http.Request) error {
			kit.AllowFormAction(w, r, "https://portal.test", "https://evil.test; script-src *", "")
			return kit.Render(w, r, http.StatusOK, kit.Base(r), text("consent"))
		})
	})
	csp := b.Get("/consent").Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "form-action 'self' https://portal.test;") || strings.Contains(csp, "evil") {
		t.Errorf("CSP %q", csp)
	}
}

// What stands before a handler, such as who is signed in, waits no longer than
// the route may: a database that hangs becomes a page that says so, and neither
// does the frame of that page hang.
func TestMiddlewareHasTheDeadlineOfItsRoute(t *testing.T) {
	t.Parallel()
	m := &kit.Mux{Name: "t", Bundle: bundle(t), Log: slog.New(slog.DiscardHandler), Frame: func(r *http.Request, _ *layout.Page) {
		if _, bounded := r.Context().Deadline(); !bounded {
			t.Error("the frame of an error page may hang for ever")
		}
	}}
	m.Use(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // the session, asked of a database that hangs
			m.Fail(w, r, fmt.Errorf("find session: %w", r.Context().Err()))
		})
	})
	m.Handle("GET /slow", func(http.ResponseWriter, *http.Request) error { return nil }, kit.Deadline(time.Millisecond))
	kittest.New(t, "site.test", m.Handler()).Get("/slow").WantStatus(http.StatusServiceUnavailable).Want("h1", "временно недоступен")
}
