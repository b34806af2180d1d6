package opssite

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

type visitorKey struct{}

// visitor is who asks and whether he may see anything.
type visitor struct {
	session *oidcrp.Session
	allowed bool
	err     error // the rights could not be looked up
}

func visitorOf(r *http.Request) *visitor {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	return v
}

// recognised finds out once who sends a request. Errors are kept for the routes
// that need the answer: an error page must not depend on them.
func (s *Site) recognised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		v := &visitor{}
		if v.session, v.err = s.Party.Session(r); v.session != nil {
			v.allowed, v.err = s.Allowed(r.Context(), v.session.Subject)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, v)))
	})
}

// admin lets administrators through; strangers are led to the sign-in.
func (s *Site) admin(h kit.HandlerFunc) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch v := visitorOf(r); {
		case v.err != nil:
			return v.err
		case v.session == nil && r.Method == http.MethodGet:
			return s.Party.Begin(w, r, r.URL.RequestURI(), oidcrp.Options{Locale: kit.L(r).Lang()})
		case v.session == nil:
			return fault.Unauthenticated("kit.error.unauthenticated.text")
		case !v.allowed:
			return fault.Forbidden("ops.forbidden")
		}
		return h(w, r)
	}
}

func (s *Site) beginAuth(w http.ResponseWriter, r *http.Request) error {
	return s.Party.Begin(w, r, kit.LocalPath(r.URL.Query().Get("back"), "/"), oidcrp.Options{Locale: kit.L(r).Lang()})
}

// extend prolongs the session: recognising the visitor has done it already.
func (s *Site) extend(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r)
	if v.session == nil {
		return fault.Unauthenticated("kit.error.unauthenticated.text")
	}
	if r.Header.Get("Okno-Fragment") != "" {
		w.Header().Set("Okno-Session-Seconds", strconv.Itoa(int(s.left(v).Seconds())))
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return kit.See(w, r, kit.LocalPath(f.Text("back"), "/"))
}

func (s *Site) left(v *visitor) time.Duration {
	now := s.Clock.Now()
	return min(v.session.IdleUntil.Sub(now), v.session.ExpiresAt.Sub(now))
}

// frame is header and footer of every page.
func (s *Site) frame(r *http.Request, p *layout.Page) {
	l := i18n.From(r.Context())
	p.Kind, p.Brand, p.NoIndex = layout.Office, s.Brand, true
	p.Brand.Sub = l.T("ops.brand")
	v := visitorOf(r)
	if v == nil || v.session == nil {
		return
	}
	c := v.session.Claims
	p.User = &layout.User{Name: c.FamilyName, Initials: rutext.Initials("", c.GivenName, c.MiddleName), SignOut: &layout.SignOut{URL: "/auth/logout"}}
	p.Session = &layout.Session{
		Left: s.left(v), ExtendURL: "/auth/extend", SignInURL: "/auth/begin?back=" + r.URL.EscapedPath(),
		Hidden: []ui.Hidden{{Name: "back", Value: r.URL.Path}},
	}
	if !v.allowed {
		return
	}
	for _, n := range []struct{ key, path string }{
		{"ops.nav.home", "/"},
		{"ops.nav.jobs", "/jobs"},
		{"ops.nav.deliveries", "/deliveries"},
		{"ops.nav.outside", "/outside"},
		{"ops.nav.journals", "/journals"},
		{"ops.nav.searches", "/searches"},
		{"ops.nav.storage", "/storage"},
		{"ops.nav.pages", "/pages"},
	} {
		p.Nav = append(p.Nav, ui.Link{Text: l.T(n.key), Href: n.path, Current: r.URL.Path == n.path})
	}
}
