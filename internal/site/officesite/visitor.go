package officesite

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
	"github.com/okno-gov/okno/internal/ui/layout"
)

type sessionKey struct{}

func sessionOf(r *http.Request) *oidcrp.Session {
	s, _ := r.Context().Value(sessionKey{}).(*oidcrp.Session)
	return s
}

func (s *Site) recognised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			next.ServeHTTP(w, r)
			return
		}
		sess, err := s.Party.Session(r)
		if err != nil {
			s.mux.Fail(w, r, err)
			return
		}
		if sess != nil {
			r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, sess))
			// Leaving, and forms of a session that has ended, are led on to the provider.
			kit.AllowFormAction(w, r, s.IDP)
		}
		next.ServeHTTP(w, r)
	})
}

// handler is a handler for an officer at work.
type handler func(w http.ResponseWriter, r *http.Request, o *officer.Officer) error

type officerKey struct{}

// officerOf is who works here; nil on pages of errors and for anybody else.
func officerOf(r *http.Request) *officer.Officer {
	o, _ := r.Context().Value(officerKey{}).(*officer.Officer)
	return o
}

// clerk lets in the clerks of agencies, agent those who answer for the support,
// admin the portal's administrators.
func (s *Site) clerk(h handler) kit.HandlerFunc { return s.staff(h, officer.RoleClerk) }

func (s *Site) agent(h handler) kit.HandlerFunc { return s.staff(h, officer.RoleSupport) }

func (s *Site) admin(h handler) kit.HandlerFunc { return s.staff(h, officer.RoleAdmin) }

// workplace is where an officer without cases begins his day.
func workplace(o *officer.Officer) string {
	switch {
	case o.Has(officer.RoleSupport):
		return "/support"
	case o.Has(officer.RoleAdmin), o.Has(officer.RoleEditor):
		return "/manage"
	}
	return ""
}

// staff lets in officers with one of the roles; everybody else signs in, is led to
// his own workplace or is told that he has none here.
func (s *Site) staff(h handler, roles ...officer.Role) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		sess := sessionOf(r)
		if sess == nil {
			back := "/"
			if r.Method == http.MethodGet {
				back = kit.LocalPath(r.URL.RequestURI(), "/")
			}
			return s.Party.Begin(w, r, back, oidcrp.Options{Locale: kit.L(r).Lang()})
		}
		o, err := s.Officers.Acting(r.Context(), sess.Subject)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(roles, o.Has) {
			if to := workplace(o); to != "" && r.Method == http.MethodGet && r.URL.Path == "/" {
				return kit.See(w, r, to)
			}
			return fault.Forbidden("officer.unknown")
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r.WithContext(context.WithValue(r.Context(), officerKey{}, o)), o)
	}
}

func (s *Site) beginAuth(w http.ResponseWriter, r *http.Request) error {
	return s.Party.Begin(w, r, kit.LocalPath(r.URL.Query().Get("back"), "/"), oidcrp.Options{Locale: kit.L(r).Lang()})
}

// extend prolongs the session: recognising it has done so already.
func (s *Site) extend(w http.ResponseWriter, r *http.Request) error {
	sess := sessionOf(r)
	if sess == nil {
		return fault.Unauthenticated("kit.error.unauthenticated.text")
	}
	if r.Header.Get("Okno-Fragment") != "" {
		w.Header().Set("Okno-Session-Seconds", strconv.Itoa(int(s.left(sess).Seconds())))
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

func (s *Site) left(sess *oidcrp.Session) time.Duration {
	now := s.Clock.Now()
	return max(0, min(sess.IdleUntil.Sub(now), sess.ExpiresAt.Sub(now)))
}

// frame is header and footer of every page of the office.
func (s *Site) frame(r *http.Request, p *layout.Page) {
	l := kit.L(r)
	b := s.Brands.Now(r.Context())
	p.Kind, p.Brand = layout.Office, layout.Brand{Name: b.Name.In(l.Lang()), Phone: b.Phone, Sheet: s.sheets.Sheet(r.Context())}
	p.Brand.Sub, p.Brand.Home = l.T("office.brand"), "/"
	p.ReportURL = kit.ReportURL(s.ReportURL, r)
	if s.Agreement != "" {
		p.Footer.Legal = []ui.Link{link(l.T("office.agreement"), s.Agreement)}
	}
	sess := sessionOf(r)
	if sess == nil {
		p.SignIn = link(l.T("office.login"), "/auth/begin?back="+url.QueryEscape(p.PageURL))
		return
	}
	p.Nav = nav(r, l)
	c := sess.Claims
	p.User = &layout.User{
		Name: c.FamilyName, Initials: rutext.Initials("", c.GivenName, c.MiddleName), SignOut: &layout.SignOut{URL: "/auth/logout"},
		Menu: []ui.Link{
			{Text: l.T("office.queue.title"), Href: "/", Icon: icon.Doc},
			{Text: l.T("office.account"), Href: s.IDP + "/profile/settings", Icon: icon.Gear},
		},
	}
	p.Session = &layout.Session{
		Left: s.left(sess), ExtendURL: "/auth/extend", SignInURL: "/auth/begin?back=" + url.QueryEscape(p.PageURL),
		Hidden: []ui.Hidden{{Name: "back", Value: p.PageURL}},
	}
}

// nav is where the officer may work.
func nav(r *http.Request, l *i18n.Localizer) []ui.Link {
	o := officerOf(r)
	at := r.URL.Path
	var out []ui.Link
	if o == nil || o.Has(officer.RoleClerk) {
		out = append(out, ui.Link{Text: l.T("office.queue.title"), Href: "/", Current: at == "/" || strings.HasPrefix(at, "/cases/")})
	}
	if o.Has(officer.RoleSupport) {
		out = append(out, ui.Link{Text: l.T("support.desk.title"), Href: "/support", Current: at == "/support" || strings.HasPrefix(at, "/support/")})
	}
	if o.Has(officer.RoleAdmin) || o.Has(officer.RoleEditor) {
		out = append(out, ui.Link{Text: l.T("manage.title"), Href: "/manage", Current: at == "/manage" || strings.HasPrefix(at, "/manage/")})
	}
	if o.Has(officer.RoleAdmin) {
		out = append(out, ui.Link{Text: l.T("support.ratings.title"), Href: "/ratings", Current: at == "/ratings"},
			ui.Link{Text: l.T("portal_setting.title"), Href: "/settings", Current: at == "/settings" || strings.HasPrefix(at, "/settings/")})
	}
	return out
}

func link(text, href string) ui.Link { return ui.Link{Text: text, Href: href} }

// words are the texts of a request and what is printed in the portal's zone.
type words struct {
	*i18n.Localizer
	zone *time.Location
	now  time.Time
}

func (s *Site) words(r *http.Request) words { return words{kit.L(r), s.Zone, s.Clock.Now()} }

func (w words) t(key string, args ...any) string { return w.T("office."+key, args...) }

func (w words) in(t form.Text) string { return t.In(w.Lang()) }

func (w words) moment(at time.Time) string {
	if form.Day(at.In(w.zone)).Equal(form.Day(w.now.In(w.zone))) {
		return w.t("today_at", "time", w.Time(at, w.zone))
	}
	return w.DateTime(at, w.zone)
}

func (w words) day(at time.Time) string { return w.Date(at.In(w.zone)) }

// lastDay is the day that a term ends with: its end is the midnight after it.
func (w words) lastDay(due time.Time) string { return w.day(due.Add(-time.Microsecond)) }

func (w words) machine(at time.Time) string { return at.In(w.zone).Format(time.RFC3339) }

func join(sep string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, sep)
}
