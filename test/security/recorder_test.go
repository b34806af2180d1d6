package security

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recorder judges the headers of every answer that any visitor got.
type recorder struct {
	inner http.RoundTripper

	mu      sync.Mutex
	answers int
	wrong   map[string]int
	cookies map[string]*http.Cookie // by site and name
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.inner.RoundTrip(req)
	if err == nil {
		r.judge(req, res)
	}
	return res, err
}

// ids are replaced, so that a fault of one route is told once.
var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_-]{40,}|[0-9]{4,}`)

// foreignReadable is what programs of other origins may read: public keys and metadata.
var foreignReadable = regexp.MustCompile(`^/(\.well-known/(openid-configuration|oauth-authorization-server)|oauth2/jwks)$`)

// judge is RFC 9110 and ASVS 5.0, chapters 3, 4 and 14.
func (r *recorder) judge(req *http.Request, res *http.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong == nil {
		r.wrong, r.cookies = map[string]int{}, map[string]*http.Cookie{}
	}
	r.answers++
	site, path := req.URL.Hostname(), req.URL.Path
	bad := func(format string, args ...any) {
		r.wrong[fmt.Sprintf("%s %s%s (%d): ", req.Method, site, ids.ReplaceAllString(path, "…"), res.StatusCode)+fmt.Sprintf(format, args...)]++
	}
	h := res.Header
	kind := h.Get("Content-Type")
	if kind == "" && res.ContentLength > 0 {
		bad("a body without Content-Type")
	}
	if strings.HasPrefix(kind, "text/") && !strings.Contains(strings.ToLower(kind), "charset=utf-8") {
		bad("Content-Type %q", kind)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" {
		bad("no nosniff")
	}
	if strings.HasPrefix(kind, "text/html") {
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				bad("Content-Security-Policy lacks %s: %q", want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			bad("Content-Security-Policy %q", csp)
		}
		if h.Get("Referrer-Policy") == "" || h.Get("Cross-Origin-Opener-Policy") == "" {
			bad("no Referrer-Policy or Cross-Origin-Opener-Policy")
		}
		if personal(path) && !strings.Contains(h.Get("Cache-Control"), "no-store") {
			bad("a person's page with Cache-Control %q", h.Get("Cache-Control"))
		}
	}
	if origin := h.Get("Access-Control-Allow-Origin"); origin != "" && !foreignReadable.MatchString(path) {
		bad("Access-Control-Allow-Origin %q", origin)
	}
	for _, name := range []string{"Server", "X-Powered-By"} {
		if v := h.Get(name); v != "" {
			bad("%s: %s", name, v)
		}
	}
	for _, c := range res.Cookies() {
		r.cookies[site+" "+ids.ReplaceAllString(c.Name, "…")] = c
	}
}

// personal pages are those below the cabinet, the profile and the staff's sites.
func personal(path string) bool {
	return strings.HasPrefix(path, "/lk/") || strings.HasPrefix(path, "/profile/") || strings.HasPrefix(path, "/cases/") ||
		strings.HasPrefix(path, "/visits/") || strings.HasPrefix(path, "/admin/") || strings.HasPrefix(path, "/support")
}

// Every answer of every site says how it is to be read. The other tests have
// asked by now; alone, this one walks the sites itself.
func TestEveryAnswer(t *testing.T) {
	w.walk(t, w.nobody, "uslugi", "/")
	w.walk(t, w.owner, "uslugi", "/lk/")
	w.walk(t, w.owner, "esia", "/")
	w.walk(t, w.clerk, "office", "/")
	w.walk(t, w.operator, "desk", "/")
	w.walk(t, w.boss, "ops", "/")
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	if w.seen.answers < 100 {
		t.Errorf("only %d answers were judged", w.seen.answers)
	}
	var all []string
	for what, n := range w.seen.wrong {
		all = append(all, fmt.Sprintf("%s  (%d times)", what, n))
	}
	slices.Sort(all)
	for _, s := range all {
		t.Error(s)
	}
}

// Cookies are HttpOnly, SameSite and of one host; on https they carry the prefix
// __Host-, which needs Secure, the path / and no domain.
func TestCookies(t *testing.T) {
	w.walk(t, w.owner, "esia", "/")
	w.seen.mu.Lock()
	cookies := len(w.seen.cookies)
	for name, c := range w.seen.cookies {
		if !c.HttpOnly || c.SameSite == http.SameSiteDefaultMode || c.SameSite == http.SameSiteNoneMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("%s: %s", name, c.Raw)
		}
		if strings.Contains(c.Value, "@") || strings.Contains(c.Value, "+7") || len(c.Name)+len(c.Value) > 4096 {
			t.Errorf("%s holds more than a random value: %s", name, c.Raw)
		}
	}
	w.seen.mu.Unlock()
	if cookies < 5 {
		t.Errorf("only %d kinds of cookies were seen", cookies)
	}

	res := w.nobody.ask(t, http.MethodGet, w.secureURL+"/auth/begin?back=/lk/", nil)
	if len(res.Cookies()) == 0 {
		t.Fatalf("the beginning of a sign-in sets no cookie: %d", res.StatusCode)
	}
	for _, c := range res.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure {
			t.Errorf("on https: %s", c.Raw)
		}
	}
	if hsts := res.Header.Get("Strict-Transport-Security"); !strings.Contains(hsts, "max-age=63072000") || !strings.Contains(hsts, "includeSubDomains") {
		t.Errorf("Strict-Transport-Security %q", hsts)
	}
}
