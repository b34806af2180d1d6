package kit

import (
	"log/slog"
	"net/http"
	"time"
)

// Ready is an answer that lies there as bytes, and the route that it belongs to.
type Ready struct {
	Route string
	Serve func(w http.ResponseWriter, r *http.Request)
	// Data marks what programs read: it goes without the headers that tell a
	// browser how to treat a page, which are more than half of such an answer.
	Data bool
}

// early answers with what is ready before anything else is done for a request:
// in a rush that is most of what is asked, and the way through the site would
// cost more than the answer. It is measured as all others; with the log at debug
// it takes the usual way and gets its line.
func (m *Mux) early(next http.Handler) http.Handler {
	if m.Early == nil && m.turnAway == nil {
		return next
	}
	page, data := m.securityHeaders(), m.dataHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || m.Log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		var ready *Ready
		if m.Early != nil {
			ready = m.Early(r)
		}
		if ready == nil && m.turnAway != nil {
			ready = m.turnAway(r)
		}
		if ready == nil {
			next.ServeHTTP(w, r)
			return
		}
		head, h := page, w.Header()
		if ready.Data {
			head = data
		}
		for _, one := range head {
			h[one.name] = one.value
		}
		rec := recorder{ResponseWriter: w}
		ready.Serve(&rec, r)
		m.meter.observe(ready.Route, rec.status(), time.Since(start))
	})
}

// header is one whose value all answers share: nobody may change it in place.
type header struct {
	name  string // canonical
	value []string
}

// securityHeaders are those of OWASP ASVS 5.0 chapter 3 on every answer.
func (m *Mux) securityHeaders() []header {
	out := []header{
		{"Content-Security-Policy", []string{contentPolicy("", m.Images)}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"same-origin"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), microphone=(), payment=(), usb=(), geolocation=(self)"}},
		{"X-Frame-Options", []string{"DENY"}},
	}
	return append(out, m.transport()...)
}

// dataHeaders are those of them that matter for what is no page (OWASP REST
// Security Cheat Sheet): nobody takes it for one, shows it in a frame or reads it
// without TLS.
func (m *Mux) dataHeaders() []header {
	return append([]header{
		{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
	}, m.transport()...)
}

func (m *Mux) transport() []header {
	if !m.Secure {
		return nil
	}
	return []header{{"Strict-Transport-Security", []string{"max-age=63072000; includeSubDomains"}}}
}

// LangOf is the language in which a request is answered before the person is
// known: cookie of this browser, then what the browser asks for.
func (m *Mux) LangOf(r *http.Request) string {
	if lang := cookieValue(r, langCookie); m.Bundle.Knows(lang) {
		return lang
	}
	return m.Bundle.Match(r.Header.Get("Accept-Language"))
}
