package idsite

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/oidc"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/idp/signin"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Site is the citizens' site of the identity provider.
type Site struct {
	Bundle         *i18n.Bundle
	Log            *slog.Logger
	Secure         bool // people reach it by https
	TrustedProxies []netip.Prefix
	Metrics        prometheus.Registerer
	Admission      *kit.Admission // who gets in when too many come; nil: everybody
	Clock          *clock.Clock
	Keys           *crypt.Keyring
	Zone           *time.Location // of printed times: Europe/Moscow by default

	Brand     layout.Brand
	HelpURL   string // of the portal's help, with slash at the end; "" leaves the links out
	ReportURL string // of the portal's error report; "" leaves the link out

	Dispatcher  *signin.Dispatcher
	Persons     *person.Persons
	Credentials *credential.Credentials
	Sessions    *session.Sessions
	Clients     *client.Clients
	Consents    *consent.Consents
	Journal     *journal.Journal
	Settings    *setting.Settings
	Enrolments  *enrol.Enrolments
	Notices     *notify.Notices
	Operators   *operator.Operators // for the list of centres

	// OIDC is the protocol front, whose pages this site is; REST the profile API.
	// Both write their own errors.
	OIDC *oidc.Provider
	REST http.Handler

	mux    *kit.Mux
	floods kit.Limiter // sign-in and registration per device and network
	town   kit.Limiter // the same per network alone: a town sits behind one address
}

// Handler builds the site. Call it once.
func (s *Site) Handler() http.Handler {
	if s.Zone == nil {
		s.Zone = must(time.LoadLocation("Europe/Moscow"))
	}
	s.floods = kit.Limiter{PerMinute: 20, Burst: 40}
	s.town = kit.Limiter{PerMinute: 600, Burst: 1200}
	s.mux = &kit.Mux{
		Name: "id", Bundle: s.Bundle, Log: s.Log, Secure: s.Secure, Zone: s.Zone,
		TrustedProxies: s.TrustedProxies, Metrics: s.Metrics, Frame: s.frame, LocaleChosen: s.localeChosen, VIChosen: s.viChosen,
		API: []string{"/rs/"}, Exempt: oidc.CrossOrigin, Early: s.early,
	}
	s.OIDC.Pages = pages{s}
	s.OIDC.Network = func(r *http.Request) string { return addressOf(r) }
	var started []string
	for _, name := range []string{sessionCookie, pendingCookie, registrationCookie, recoveryCookie} {
		started = append(started, s.mux.CookieName(name))
	}
	s.mux.Use(s.Admission.At(s.mux, kit.Entrance{
		Passing: []string{asset.Path, "/.well-known/", oidc.PathJWKS},
		// People come from a portal, which has let them in.
		Going: []string{"/oauth2/", "/rs/", "/login", "/logout", "/registration", "/recovery", "/link/", "/setup/"}, Cookies: started,
		Programs: []string{oidc.PathToken, oidc.PathIntrospect, oidc.PathRevoke, oidc.PathUserInfo}, Own: []string{"/login", "/logout"},
	}))
	s.mux.Use(s.visited)
	s.routes()
	return s.mux.Handler()
}

// early finds the documents of the protocol, which every portal reads.
func (s *Site) early(r *http.Request) *kit.Ready {
	if d := s.OIDC.Ready(r.URL.Path); d != nil {
		return &kit.Ready{Route: d.Route, Serve: d.ServeHTTP, Data: true}
	}
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // time/tzdata is embedded
	}
	return v
}

// visitor is who sends a request; it is looked up once, when a page needs it.
type visitor struct {
	once sync.Once
	sess *session.Session
	who  *person.Person
	err  error
}

type visitorKey struct{}

const sessionCookie = "session"

// visited puts the visitor into the request and, where the browser has made no
// choice, the person's language.
func (s *Site) visited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, &visitor{}))
		if !kit.HasLang(r) && isPage(r) {
			r = s.withLang(r)
		}
		if r.URL.Path == oidc.PathAuthorize {
			s.mux.CarryVI(w, r, r.URL.Query().Get("okno_vi"))
		}
		if !kit.HasVI(r) && s.mux.Cookie(r, sessionCookie) != "" && isPage(r) {
			if _, who, err := s.visitor(r); err == nil && who != nil && who.Look != "" {
				r = kit.WithVI(r, who.Look)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// askedLangCookie is the language that the last client asked for (ui_locales).
const askedLangCookie = "asked_lang"

// withLang shows the language of the person who is signed in, else the one that
// the client asked for, so that registration and recovery, which are several
// pages, stay in the language of the site that sent the person here.
func (s *Site) withLang(r *http.Request) *http.Request {
	if s.mux.Cookie(r, sessionCookie) != "" {
		if _, who, err := s.visitor(r); err == nil && who != nil {
			return kit.WithLang(r, who.Locale)
		}
	}
	if asked := s.mux.Cookie(r, askedLangCookie); slices.Contains(s.Bundle.Languages(), asked) {
		return kit.WithLang(r, asked)
	}
	return r
}

// inAskedLang turns to the first language of the client's ui_locales that this
// site speaks (OpenID Connect Core, section 3.1.2.1) where neither the browser
// nor a person who is signed in has chosen one, and keeps it for the next pages.
func (s *Site) inAskedLang(w http.ResponseWriter, r *http.Request, asked []string) *http.Request {
	if kit.HasLang(r) {
		return r
	}
	if _, who, err := s.visitor(r); err != nil || who != nil {
		return r
	}
	for _, l := range asked {
		if slices.Contains(s.Bundle.Languages(), l) {
			s.mux.SetCookie(w, askedLangCookie, l, askedLangLife)
			return kit.WithLang(r, l)
		}
	}
	return r
}

// askedLangLife covers a registration whose letter is answered the next day.
const askedLangLife = 24 * time.Hour

func isPage(r *http.Request) bool {
	for _, p := range []string{"/assets/", "/oauth2/", "/rs/", "/.well-known/"} {
		if len(r.URL.Path) >= len(p) && r.URL.Path[:len(p)] == p {
			return false
		}
	}
	return true
}

// visitor is the living session of the request and its person; nil for nobody.
func (s *Site) visitor(r *http.Request) (*session.Session, *person.Person, error) {
	v, ok := r.Context().Value(visitorKey{}).(*visitor)
	if !ok {
		return nil, nil, nil
	}
	v.once.Do(func() {
		v.sess, v.err = s.Sessions.ByToken(r.Context(), s.mux.Cookie(r, sessionCookie))
		if v.err != nil || v.sess == nil {
			return
		}
		v.who, v.err = s.Persons.Get(r.Context(), v.sess.OID)
		if fault.Is(v.err, fault.KindNotFound) { // deleted a moment ago
			v.sess, v.who, v.err = nil, nil, nil
		}
	})
	return v.sess, v.who, v.err
}

// me is the signed-in person of a request.
type me struct {
	sess *session.Session
	who  *person.Person
}

// Level is what this session may act with (C-53).
func (m me) Level() person.Level { return m.sess.Effective(m.who.Level) }

// signedIn leads whoever is not signed in to the sign-in and back to this very
// page (ID-LOG-15, ID-LOG-16). A session that may only set a password is led there.
func (s *Site) signedIn(h func(w http.ResponseWriter, r *http.Request, m me) error) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		sess, who, err := s.visitor(r)
		if err != nil {
			return err
		}
		switch {
		case sess == nil && r.Method != http.MethodGet:
			return fault.Unauthenticated("idsite.session_over")
		case sess == nil, sess.Restricted != "":
			return kit.See(w, r, flow{back: r.URL.RequestURI()}.url())
		}
		return h(w, r, me{sess, who})
	}
}

// fresh asks for the password again when the last proof is too old for a change
// of security (ID-SEC-13).
func (s *Site) fresh(h func(w http.ResponseWriter, r *http.Request, m me) error) kit.HandlerFunc {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, m me) error {
		ok, err := s.Sessions.Fresh(r.Context(), m.sess)
		if err != nil {
			return err
		}
		if !ok {
			return kit.See(w, r, flow{back: kit.Base(r).PageURL, again: true}.url())
		}
		return h(w, r, m)
	})
}

// visit is where the request comes from, for sessions, journals and limits.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) session.Visit {
	return session.Visit{Device: s.mux.Device(w, r), UserAgent: r.UserAgent(), Network: addressOf(r)}
}

// addressOf is the address that counts: of IPv6 the household's network, since a
// household has as many addresses as it likes.
func addressOf(r *http.Request) string {
	if a := kit.Address(r); a.Is4() {
		return a.String()
	}
	return kit.Network(r)
}

// unhurried slows floods down before any work is done.
func (s *Site) unhurried(w http.ResponseWriter, r *http.Request, weight float64) error {
	network := kit.Network(r)
	if err := s.town.Take(network, weight); err != nil {
		return err
	}
	return s.floods.Take(network+"|"+s.mux.Device(w, r), weight)
}

// rememberedLife is how long a login name stays on a device: the longest life
// of a cookie in browsers.
const rememberedLife = 400 * 24 * time.Hour

// remember keeps the login name, never more, on this device (C-54); "" forgets it.
func (s *Site) remember(w http.ResponseWriter, login string) {
	if login == "" {
		s.mux.DropCookie(w, "login")
		return
	}
	sealed := s.Keys.Seal([]byte(login), "idsite.login")
	s.mux.SetCookie(w, "login", base64.RawURLEncoding.EncodeToString(sealed), rememberedLife)
}

func (s *Site) remembered(r *http.Request) string {
	raw, err := base64.RawURLEncoding.DecodeString(s.mux.Cookie(r, "login"))
	if err != nil || len(raw) == 0 {
		return ""
	}
	login, err := s.Keys.Open(raw, "idsite.login")
	if err != nil {
		return ""
	}
	return string(login)
}

func (s *Site) localeChosen(r *http.Request, lang string) {
	_, who, err := s.visitor(r)
	if err != nil || who == nil || who.Locale == lang {
		return
	}
	if err := s.Persons.SetLocale(r.Context(), who.OID, lang); err != nil {
		s.log().WarnContext(r.Context(), "keep language", "error", err)
	}
}

// viChosen keeps the version for the visually impaired in the profile.
func (s *Site) viChosen(r *http.Request, choice string) {
	_, who, err := s.visitor(r)
	if err != nil || who == nil || who.Look == choice {
		return
	}
	if err := s.Persons.SetLook(r.Context(), who.OID, choice); err != nil {
		s.log().WarnContext(r.Context(), "keep the look", "error", err)
	}
}

func (s *Site) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

// flow is what the pages of a sign-in carry from one to the next.
type flow struct {
	request string // handle of the client's request; "": the provider itself
	back    string // local page to return to when there is no request
	again   bool   // prove yourself again
	snils   bool   // the tab «СНИЛС»
}

func flowOf(get func(string) string) flow {
	f := flow{request: get("request"), back: kit.LocalPath(get("back"), ""), again: get("again") != "", snils: get("way") == "snils"}
	if len(f.request) > 128 {
		f.request = ""
	}
	return f
}

func (f flow) query() url.Values {
	q := url.Values{}
	if f.request != "" {
		q.Set("request", f.request)
	} else if f.back != "" && f.back != "/" {
		q.Set("back", f.back)
	}
	if f.again {
		q.Set("again", "1")
	}
	if f.snils {
		q.Set("way", "snils")
	}
	return q
}

// at is an address of the flow.
func (f flow) at(path string) string {
	if q := f.query(); len(q) > 0 {
		return path + "?" + q.Encode()
	}
	return path
}

func (f flow) url() string { return f.at("/login") }

// hidden are the fields by which a form carries the flow on.
func (f flow) hidden() []ui.Hidden {
	var out []ui.Hidden
	for _, name := range []string{"request", "back", "again", "way"} {
		if v := f.query().Get(name); v != "" {
			out = append(out, ui.Hidden{Name: name, Value: v})
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
