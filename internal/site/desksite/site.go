package desksite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/idp/token"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Site is the operators' site of the identity provider.
type Site struct {
	Bundle         *i18n.Bundle
	Log            *slog.Logger
	Secure         bool
	TrustedProxies []netip.Prefix
	Metrics        prometheus.Registerer
	Clock          *clock.Clock
	Zone           *time.Location // of printed times: Europe/Moscow by default
	Brand          layout.Brand
	ReportURL      string // of the portal's error report; "" leaves the link out

	URL       string        // of the site: the links of invitations begin with it
	Party     *oidcrp.Party // client of the identity provider; demands "2fa"
	Operators *operator.Operators
	// What administrators change besides.
	Clients     *client.Clients
	Settings    *setting.Settings
	SigningKeys *token.Keys

	mux *kit.Mux
}

// Handler builds the site. Call it once.
func (s *Site) Handler() http.Handler {
	if s.Zone == nil {
		zone, err := time.LoadLocation("Europe/Moscow")
		if err != nil {
			panic(err) // time/tzdata is embedded
		}
		s.Zone = zone
	}
	s.mux = &kit.Mux{
		Name: "desk", Bundle: s.Bundle, Log: s.Log, Secure: s.Secure, Zone: s.Zone, TrustedProxies: s.TrustedProxies,
		Metrics: s.Metrics, Frame: s.frame, Exempt: []string{"POST /auth/backchannel"},
	}
	s.mux.Use(s.visited)
	s.routes()
	return s.mux.Handler()
}

// visitor is who sends a request; looked up once, when a page needs it.
type visitor struct {
	once sync.Once
	sess *oidcrp.Session
	op   *operator.Operator
	err  error
}

type visitorKey struct{}

func (s *Site) visited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, &visitor{}))
		if !kit.HasLang(r) && !strings.HasPrefix(r.URL.Path, "/assets/") && !strings.HasPrefix(r.URL.Path, "/auth/") {
			if v := s.visitor(r); v.sess != nil && v.sess.Claims.Locale != "" {
				r = kit.WithLang(r, v.sess.Claims.Locale)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// visitor is the session and the operator's rights as they are now.
func (s *Site) visitor(r *http.Request) *visitor {
	v, ok := r.Context().Value(visitorKey{}).(*visitor)
	if !ok {
		return &visitor{}
	}
	v.once.Do(func() {
		if v.sess, v.err = s.Party.Session(r); v.err != nil || v.sess == nil {
			return
		}
		oid, err := person.ParseOID(v.sess.Subject)
		if err != nil {
			v.err = err
			return
		}
		v.op, v.err = s.Operators.Get(r.Context(), oid)
	})
	return v
}

// me is the operator at work.
type me struct {
	*operator.Operator
	sess *oidcrp.Session
}

// atDesk lets operators of a centre in, everybody else is led to the sign-in or
// told that he has no rights (ID-MFC-01).
func (s *Site) atDesk(h func(w http.ResponseWriter, r *http.Request, m me) error) kit.HandlerFunc {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, m me) error {
		switch {
		case m.Centre == nil && m.May(operator.Admin) && r.URL.Path == "/":
			return kit.See(w, r, adminStart)
		case m.Centre == nil:
			return fault.Forbidden("operator.not_permitted")
		}
		return h(w, r, m)
	})
}

// administrator lets administrators in; each use case looks the right up again.
func (s *Site) administrator(h func(w http.ResponseWriter, r *http.Request, m me) error) kit.HandlerFunc {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, m me) error {
		if !m.May(operator.Admin) {
			return fault.Forbidden("operator.not_permitted")
		}
		return h(w, r, m)
	})
}

// signedIn leads to the sign-in; what is posted then would be lost, and is refused.
func (s *Site) signedIn(h func(w http.ResponseWriter, r *http.Request, m me) error) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := s.visitor(r)
		switch {
		case v.err != nil:
			return v.err
		case v.sess == nil && r.Method != http.MethodGet:
			return fault.Unauthenticated("desk.session_over")
		case v.sess == nil:
			return s.Party.Begin(w, r, r.URL.RequestURI(), oidcrp.Options{Locale: kit.L(r).Lang()})
		}
		return h(w, r, me{v.op, v.sess})
	}
}

// frame is header and footer of every page of the site.
func (s *Site) frame(r *http.Request, p *layout.Page) {
	l := i18n.From(r.Context())
	p.Kind, p.Brand, p.NoIndex, p.ReportURL = layout.Office, s.Brand, true, kit.ReportURL(s.ReportURL, r)
	if p.Brand.Sub == "" {
		p.Brand.Sub = l.T("desk.brand")
	}
	v := s.visitor(r)
	if v.sess == nil {
		return
	}
	p.User = &layout.User{Name: v.sess.Claims.FamilyName, SignOut: &layout.SignOut{URL: "/auth/logout"}}
	left := min(v.sess.IdleUntil.Sub(s.Clock.Now()), v.sess.ExpiresAt.Sub(s.Clock.Now()))
	p.Session = &layout.Session{Left: left, ExtendURL: "/auth/extend", SignInURL: "/", Hidden: []ui.Hidden{{Name: "back", Value: p.PageURL}}}
	if v.op == nil {
		return
	}
	for _, x := range sections {
		if v.op.Centre == nil && x.right != operator.Admin {
			continue
		}
		if x.right != "" && !v.op.May(x.right) {
			continue
		}
		p.Nav = append(p.Nav, ui.Link{Text: l.T(x.key), Href: x.path, Current: x.path == r.URL.Path || x.right == operator.Admin && strings.HasPrefix(r.URL.Path, "/admin/")})
		p.User.Menu = append(p.User.Menu, ui.Link{Text: l.T(x.key), Href: x.path, Icon: x.icon})
	}
}

var sections = []struct {
	path, key string
	right     operator.Right
	icon      icon.Name
}{
	{"/", "desk.nav.people", "", icon.Family},
	{"/register", "desk.nav.register", operator.MayRegister, icon.Plus},
	{"/assist", "desk.nav.assist", operator.MayRegister, icon.Edit},
	{"/journal", "desk.nav.journal", "", icon.Clock},
	{adminStart, "admin.nav", operator.Admin, icon.Gear},
}

func itoa(n int) string { return strconv.Itoa(n) }

// callback takes the provider's answer to a sign-in.
func (s *Site) callback(w http.ResponseWriter, r *http.Request) error { return s.Party.Callback(w, r) }

func (s *Site) logout(w http.ResponseWriter, r *http.Request) error { return s.Party.Logout(w, r) }

// extend prolongs the session by its use.
func (s *Site) extend(w http.ResponseWriter, r *http.Request) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if r.Header.Get("Okno-Fragment") == "" {
		return kit.See(w, r, kit.LocalPath(f.Text("back"), "/"))
	}
	v := s.visitor(r)
	if v.sess == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	left := min(v.sess.IdleUntil.Sub(s.Clock.Now()), v.sess.ExpiresAt.Sub(s.Clock.Now()))
	w.Header().Set("Okno-Session-Seconds", itoa(int(left.Seconds())))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
