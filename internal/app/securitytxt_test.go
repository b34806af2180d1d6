package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
)

// RFC 9116: contact and one end that lies within a year are mandatory, each site
// names its own address.
func TestSecurityTxt(t *testing.T) {
	t.Parallel()
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	a := &App{clock: clock.New(), cfg: Config{Security: SecurityConfig{
		Contacts: []string{"mailto:security@example.org", "https://example.org/report"}, Policy: "https://example.org/policy",
	}}}
	get := func(h http.Handler, method, path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
		return rec
	}
	h := a.withSecurityTxt("https://esia.example.org", site)
	rec := get(h, http.MethodGet, "/.well-known/security.txt")
	if ct := rec.Header().Get("Content-Type"); rec.Code != http.StatusOK || ct != "text/plain; charset=utf-8" {
		t.Fatalf("%d %s", rec.Code, ct)
	}
	fields := map[string][]string{}
	for line := range strings.Lines(rec.Body.String()) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			t.Errorf("line %q", line)
		}
		fields[name] = append(fields[name], value)
	}
	if c := fields["Contact"]; len(c) != 2 || c[0] != "mailto:security@example.org" {
		t.Errorf("contacts %q", c)
	}
	if e := fields["Expires"]; len(e) != 1 {
		t.Errorf("expires %q", e)
	} else if at, err := time.Parse(time.RFC3339, e[0]); err != nil || time.Until(at) < 30*24*time.Hour || time.Until(at) > 365*24*time.Hour {
		t.Errorf("expires %v, %v", at, err)
	}
	for name, want := range map[string]string{
		"Canonical": "https://esia.example.org/.well-known/security.txt", "Preferred-Languages": "ru, en", "Policy": "https://example.org/policy",
	} {
		if got := fields[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, c := range []struct{ method, path string }{{http.MethodPost, securityPath}, {http.MethodGet, "/security.txt"}} {
		if rec := get(h, c.method, c.path); rec.Code != http.StatusTeapot {
			t.Errorf("%s %s does not reach the site: %d", c.method, c.path, rec.Code)
		}
	}
	nobody := &App{clock: clock.New()}
	if rec := get(nobody.withSecurityTxt("https://x.example", site), http.MethodGet, securityPath); rec.Code != http.StatusTeapot {
		t.Errorf("a file without a contact: %d", rec.Code)
	}
}

func TestSecurityContactsAreChecked(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"security: {contacts: [security@example.org]}":                                        "mailto",
		"security: {contacts: ['http://example.org']}":                                        "https",
		"security: {contacts: ['https://']}":                                                  "https",
		"security: {contacts: [\"mailto:a@b\\nExpires: never\"]}":                             "mailto",
		"security: {policy: 'example.org'}":                                                   "policy",
		"security: {languages: ['русский']}":                                                  "languages",
		"security: {contacts: ['mailto:a@example.org', 'tel:+78001007010'], languages: [ru]}": "",
	} {
		_, err := ParseConfig([]byte(minimal+change+"\n"), "x")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", change, err)
		}
	}
}
