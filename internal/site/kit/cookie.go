package kit

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// CookieName is the name under which the site keeps its cookie. On https it
// carries the prefix __Host- (RFC 6265bis): no other host can set it. The site's
// name is part of it, because sites on ports of one host share their cookies.
func (m *Mux) CookieName(name string) string {
	n := "okno_" + m.Name + "_" + name
	if m.Secure {
		return "__Host-" + n
	}
	return n
}

// SetCookie sets a cookie of the site: HttpOnly, SameSite=Lax, path "/", no
// domain. A life of zero means: until the browser is closed.
func (m *Mux) SetCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, m.cookie(m.CookieName(name), value, life))
}

// DropCookie removes a cookie of the site from the browser.
func (m *Mux) DropCookie(w http.ResponseWriter, name string) {
	c := m.cookie(m.CookieName(name), "", 0)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// Cookie is the value of a cookie of the site, "" without one.
func (m *Mux) Cookie(r *http.Request, name string) string {
	return cookieValue(r, m.CookieName(name))
}

func (m *Mux) cookie(name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/",
		MaxAge: int(life / time.Second), HttpOnly: true, Secure: m.Secure, SameSite: http.SameSiteLaxMode,
	}
}

func cookieValue(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// deviceLife is how long a browser is known by its device cookie: the longest
// life that browsers keep a cookie for.
const deviceLife = 400 * 24 * time.Hour

// Device is a random value that this browser carries, set at the first call. It
// says nothing about the person: it tells devices apart for limits and journals.
func (m *Mux) Device(w http.ResponseWriter, r *http.Request) string {
	v := m.Cookie(r, "device")
	if b, err := base64.RawURLEncoding.DecodeString(v); err == nil && len(b) == 32 {
		return v
	}
	v = crypt.Token()
	m.SetCookie(w, "device", v, deviceLife)
	return v
}
