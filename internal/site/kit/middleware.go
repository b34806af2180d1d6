package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// request is what the kit knows of a request; it travels in the context.
type request struct {
	mux     *Mux
	id      string
	addr    netip.Addr
	loc     *i18n.Localizer
	vi      layout.VI
	pattern string // of the route that answered, for log and metrics
	failed  error
}

type requestKey struct{}

func requestOf(r *http.Request) *request {
	q, _ := r.Context().Value(requestKey{}).(*request)
	return q
}

// RequestID names the request in the log; people see its head on error pages.
func RequestID(r *http.Request) string {
	if q := requestOf(r); q != nil {
		return q.id
	}
	return ""
}

// Route is the pattern of the route that answered, for log and metrics.
func Route(r *http.Request) string {
	if q := requestOf(r); q != nil {
		return q.pattern
	}
	return ""
}

// Routed names the route for middleware that answers in its place.
func Routed(r *http.Request, pattern string) {
	if q := requestOf(r); q != nil {
		q.pattern = pattern
	}
}

// observed gives the request its id and writes one line and one measurement per
// request: method, route, status, time. Never addresses, queries or names.
func (m *Mux) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		q := &request{mux: m, id: crypt.Token()[:16], addr: m.address(r)}
		rec := &recorder{ResponseWriter: w}
		ctx := obs.WithRequestID(context.WithValue(r.Context(), requestKey{}, q), q.id)
		next.ServeHTTP(rec, r.WithContext(ctx))
		took := time.Since(start)
		m.meter.observe(q.pattern, rec.status(), took)
		obs.Answered(ctx, m.Name, q.pattern, rec.status())
		level := slog.LevelDebug
		if refused(rec.status()) {
			level = slog.LevelInfo
		}
		attrs := []any{"site", m.Name, "method", r.Method, "route", q.pattern, "status", rec.status(), "ms", took.Milliseconds(), "bytes", rec.bytes, "request", q.id}
		if id := m.caller(r); id != "" {
			attrs = append(attrs, "caller", id)
		}
		if q.failed != nil {
			attrs = append(attrs, "error", q.failed)
			if rec.status() >= 500 {
				level = slog.LevelError
			}
		}
		m.Log.Log(r.Context(), level, "request", attrs...)
	})
}

// refused answers are written with each log: somebody asked for what he may not
// do, came from a foreign page, or too often (ASVS 5.0, 16.3.2 and 16.3.3).
func refused(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

// address walks X-Forwarded-For from the right past the trusted proxies.
func (m *Mux) address(r *http.Request) netip.Addr {
	a := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && m.trusted(a); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		a = next.Unmap()
	}
	return a
}

// requestNumber is the shape of a request's number, ours and the usual ones of
// proxies.
var requestNumber = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// caller is the number that a request has at our proxy, or at the site of ours
// that asks behind it: their log lines and ours belong together.
func (m *Mux) caller(r *http.Request) string {
	if id := r.Header.Get("X-Request-ID"); id != "" && m.trusted(peer(r)) && requestNumber.MatchString(id) {
		return id
	}
	return ""
}

func (m *Mux) trusted(a netip.Addr) bool {
	for _, p := range m.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func (m *Mux) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // the documented comparison
				panic(v)
			}
			m.Log.ErrorContext(r.Context(), "panic", "request", RequestID(r), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.code != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: break the connection
			}
			if err, ok := v.(error); ok && errors.Is(err, crypt.ErrDevice) {
				m.Fail(w, r, err) // nothing could be sealed, so nothing was stored
				return
			}
			m.Fail(w, r, fmt.Errorf("panic: %v", v))
		}()
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers of OWASP ASVS 5.0 chapter 3 on every answer.
func (m *Mux) secured(next http.Handler) http.Handler {
	head := m.securityHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, one := range head {
			h[one.name] = one.value
		}
		next.ServeHTTP(w, r)
	})
}

func contentPolicy(formAction string, images []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
		"img-src " + strings.Join(append([]string{"'self'", "data:"}, images...), " ") + "; " +
		"form-action 'self'" + formAction + "; frame-ancestors 'none'; base-uri 'none'"
}

// AllowFormAction lets forms of this answer end at origins (scheme://host[:port])
// besides the site itself. The sign-in and the consent page need it: browsers
// apply form-action to the redirect that follows the POST (see the CSP spec).
func AllowFormAction(w http.ResponseWriter, r *http.Request, origins ...string) {
	var b strings.Builder
	for _, o := range origins {
		// Only what is an origin by its letters: nothing can break out of the directive.
		if o != "" && !strings.ContainsFunc(o, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`;,'"`, c) }) {
			b.WriteString(" " + o)
		}
	}
	var images []string
	if q := requestOf(r); q != nil {
		images = q.mux.Images
	}
	w.Header().Set("Content-Security-Policy", contentPolicy(b.String(), images))
}

// sameOrigin refuses state-changing requests of other origins (CSRF) by
// Sec-Fetch-Site and Origin, see [http.CrossOriginProtection].
func (m *Mux) sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.cross.Check(r); err != nil {
			m.Fail(w, r, fault.Forbidden("kit.cross_origin").Wrap(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recorder remembers status and size of the answer.
type recorder struct {
	http.ResponseWriter
	code  int
	bytes int64
}

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 && code >= 200 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}

// meter measures requests by route; without a registry it does nothing.
type meter struct {
	seconds *prometheus.HistogramVec
	site    string
	known   sync.Map // series to prometheus.Observer: finding one by its labels costs more than the measurement
}

// series is one line of the measurement: a route of the site and a status class.
type series struct {
	route string
	class int
}

func newMeter(reg prometheus.Registerer, site string) *meter {
	if reg == nil {
		return &meter{}
	}
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "okno_http_seconds", Help: "Time to answer a request, by site, route and status class.",
		Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"site", "route", "status"})
	if err := reg.Register(h); err != nil {
		// Several sites of one process share the measurement.
		if are, ok := err.(prometheus.AlreadyRegisteredError); ok { //nolint:errorlint // documented as this type
			if old, ok := are.ExistingCollector.(*prometheus.HistogramVec); ok {
				h = old
			}
		}
	}
	return &meter{seconds: h, site: site}
}

func (m *meter) observe(route string, status int, took time.Duration) {
	if m == nil || m.seconds == nil {
		return
	}
	key := series{route, status / 100}
	o, ok := m.known.Load(key)
	if !ok { // as many as there are routes: the map needs no bound
		o, _ = m.known.LoadOrStore(key, m.seconds.WithLabelValues(m.site, route, fmt.Sprintf("%dxx", key.class)))
	}
	o.(prometheus.Observer).Observe(took.Seconds())
}
