package kit

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// HandlerFunc answers a request or returns why it cannot. What it returns
// becomes a page or a problem by the kind of the fault; it must not have
// written anything then.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Mux is a site: its routes and what is common to all its pages. Fill the
// exported fields, call Handle for each route, then serve it.
type Mux struct {
	Name   string       // short name of the site, part of its cookie names
	Bundle *i18n.Bundle // the texts
	Log    *slog.Logger // nil: slog.Default
	Secure bool         // people reach the site by https
	Zone   *time.Location

	// Frame fills in the site's frame (brand, navigation, user, footer). It must
	// not fail: the error page uses it too.
	Frame func(r *http.Request, p *layout.Page)
	// LocaleChosen is told about a new choice, to keep it in the person's profile.
	LocaleChosen func(r *http.Request, lang string)
	// VIChosen is told about a new choice of the version for the visually
	// impaired, in the form of layout.VI.String; "" is the usual look.
	VIChosen func(r *http.Request, vi string)

	API            []string       // path prefixes whose errors are JSON problems
	Exempt         []string       // patterns that other origins may POST to (callbacks, token endpoint)
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For counts
	Metrics        prometheus.Registerer
	// Early finds what is ready for a request without asking or waiting for
	// anything; nil when nothing is.
	Early  func(r *http.Request) *Ready
	Images []string // further sources of pictures for the CSP, such as a map server

	table      []entry
	middleware []func(http.Handler) http.Handler
	cross      *http.CrossOriginProtection
	meter      *meter
	served     http.Handler
	turnAway   func(r *http.Request) *Ready // of the queue, see Admission
}

// Defaults of every route. A page that waits longer than its deadline tells the
// person so, instead of hanging.
const (
	defaultBody    = 1 << 20
	defaultTimeout = 30 * time.Second
)

type route struct {
	body    int64
	timeout time.Duration
}

// Option changes the limits of a route.
type Option func(*route)

// Body sets how many bytes a request may carry, default 1 MiB.
func Body(n int64) Option { return func(o *route) { o.body = n } }

// Deadline sets how long the handler may take, default 30 s.
func Deadline(d time.Duration) Option { return func(o *route) { o.timeout = d } }

// Handle adds a route; the pattern is that of [http.ServeMux].
func (m *Mux) Handle(pattern string, h HandlerFunc, opts ...Option) {
	m.Mount(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			m.Fail(w, r, err)
		}
	}), opts...)
}

// Mount adds a handler that writes its answers, errors included, itself:
// protocol fronts and assets.
func (m *Mux) Mount(pattern string, h http.Handler, opts ...Option) {
	m.table = append(m.table, entry{pattern, h, opts})
}

// Use puts mw around all routes, within the kit's own middleware and the limits
// of the route: the session, the signed-in person. The first one added is the
// outermost.
func (m *Mux) Use(mw func(http.Handler) http.Handler) { m.middleware = append(m.middleware, mw) }

type entry struct {
	pattern string
	h       http.Handler
	opts    []Option
}

// routed builds the route table. Middleware asks the database as handlers do, so
// it stands within the deadline of its route.
func (m *Mux) routed() http.Handler {
	mux := http.NewServeMux()
	for _, e := range m.table {
		h := e.h
		for i := len(m.middleware) - 1; i >= 0; i-- {
			h = m.middleware[i](h)
		}
		mux.Handle(e.pattern, m.limited(h, e.opts))
	}
	return m.collapsed(mux)
}

var slashes = regexp.MustCompile(`/{2,}`)

// collapsed answers «/rs//prns/1» like «/rs/prns/1»: foreign programs put a slash
// before and after, and ServeMux would send them elsewhere, which many do not
// follow with their token.
func (m *Mux) collapsed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "//") && m.isAPI(r) {
			u := *r.URL
			u.Path, u.RawPath = slashes.ReplaceAllString(u.Path, "/"), slashes.ReplaceAllString(u.RawPath, "/")
			c := *r
			c.URL = &u
			r = &c
		}
		next.ServeHTTP(w, r)
	})
}

func (m *Mux) limited(h http.Handler, opts []Option) http.Handler {
	o := route{body: defaultBody, timeout: defaultTimeout}
	for _, f := range opts {
		f(&o)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), o.timeout)
		defer cancel()
		if q := requestOf(r); q != nil {
			q.pattern = r.Pattern
		}
		r = r.WithContext(ctx)
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, o.body)
		}
		h.ServeHTTP(w, r)
	})
}

// Handler closes the route table and returns the site. Call it once.
func (m *Mux) Handler() http.Handler {
	if m.served != nil {
		return m.served
	}
	if m.Log == nil {
		m.Log = slog.Default()
	}
	if m.Zone == nil {
		m.Zone = time.UTC
	}
	m.meter = newMeter(m.Metrics, m.Name)
	m.cross = http.NewCrossOriginProtection()
	for _, p := range m.Exempt {
		m.cross.AddInsecureBypassPattern(p)
	}
	m.preferenceRoutes()
	m.Handle("/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
	m.served = m.early(m.observed(m.preferred(m.recovered(m.secured(m.sameOrigin(m.routed()))))))
	return m.served
}
