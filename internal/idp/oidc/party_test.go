package oidc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
)

// site is a site of ours that signs people in by base/oidcrp.
type site struct {
	t     *testing.T
	w     *oidctest.World
	party *oidcrp.Party
	url   string
	b     *http.Client // a browser that follows everything
}

func newSite(t *testing.T, w *oidctest.World, id string, change ...func(*client.Client)) *site {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s := &site{t: t, w: w, url: srv.URL}
	w.Client(id, srv.URL, append([]func(*client.Client){func(c *client.Client) { c.BackchannelURI = srv.URL + "/backchannel" }}, change...)...)
	s.party = &oidcrp.Party{DB: w.DB, Clock: w.Clock, Keys: w.Keys, Config: oidcrp.Config{
		Issuer: w.URL, ClientID: id, ClientSecret: oidctest.Secret, RedirectURL: srv.URL + "/cb", PostLogoutURL: srv.URL + "/bye",
		Scopes: []string{"openid", "fullname"}, CookieName: "rp_" + id,
	}}
	answer := func(rw http.ResponseWriter, err error) {
		if err != nil {
			f, _ := fault.As(err)
			if f == nil {
				f = &fault.Error{Key: err.Error()}
			}
			rw.WriteHeader(500 + int(f.Kind))
			fmt.Fprint(rw, f.Key)
		}
	}
	mux.HandleFunc("/begin", func(rw http.ResponseWriter, r *http.Request) {
		answer(rw, s.party.Begin(rw, r, r.URL.Query().Get("to"), oidcrp.Options{Silent: r.URL.Query().Has("silent")}))
	})
	mux.HandleFunc("/cb", func(rw http.ResponseWriter, r *http.Request) { answer(rw, s.party.Callback(rw, r)) })
	mux.HandleFunc("POST /logout", func(rw http.ResponseWriter, r *http.Request) { answer(rw, s.party.Logout(rw, r)) })
	mux.HandleFunc("POST /backchannel", s.party.BackchannelLogout)
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		sess, err := s.party.Session(r)
		if err != nil || sess == nil {
			fmt.Fprintf(rw, "nobody at %s %v", r.URL.Path, err)
			return
		}
		fmt.Fprintf(rw, "%s at %s", sess.Claims.Name, r.URL.RequestURI())
	})
	s.b = s.browser()
	return s
}

func (s *site) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 10 * time.Second}
}

func (s *site) get(address string) (at *url.URL, body string) {
	s.t.Helper()
	res, err := s.b.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	return res.Request.URL, string(raw)
}

func (s *site) post(address string, form url.Values) (at *url.URL, body string) {
	s.t.Helper()
	res, err := s.b.PostForm(address, form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	return res.Request.URL, string(raw)
}

// signIn walks through the provider's pages and returns the last one.
func (s *site) signIn(to, login string) string {
	s.t.Helper()
	at, body := s.get(s.url + "/begin?to=" + url.QueryEscape(to))
	if at.Path == "/login" {
		at, body = s.post(at.String(), url.Values{"login": {login}, "password": {oidctest.Password}})
	}
	if at.Path == "/consent" {
		_, body = s.post(at.String(), url.Values{"grant": {"yes"}})
	}
	return body
}

// ID-LOG-01, ID-LOG-08, ID-LOG-09, ID-LOG-13, ID-LOG-16, ID-SSO-07
func TestSiteSignsInAndOut(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	portal, second := newSite(t, w, "PORTAL"), newSite(t, w, "SECOND")
	second.b = portal.b
	if got := portal.signIn("/lk/applications?year=2026", "anna@example.org"); got != "Соколова Анна at /lk/applications?year=2026" {
		t.Fatalf("after sign-in: %s", got)
	}
	second.signIn("/", "anna@example.org")
	if _, got := portal.get(portal.url + "/cb?code=x&state=y"); got != "Соколова Анна at /" {
		t.Errorf("a reloaded callback: %s", got)
	}
	at, _ := portal.post(portal.url+"/logout", nil)
	if at.String() != portal.url+"/bye" {
		t.Errorf("logout leads to %s", at)
	}
	if _, got := portal.get(portal.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("after logout: %s", got)
	}
	if err := w.Queue.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, got := second.get(second.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("the second site after the back channel: %s", got)
	}
	if at, _ := portal.get(portal.url + "/begin"); at.Path != "/login" {
		t.Errorf("the next sign-in leads to %s", at)
	}
	for _, to := range []string{"", "https://evil.example/", "//evil.example"} {
		if got := portal.signIn(to, "anna@example.org"); got != "Соколова Анна at /" {
			t.Errorf("without a starting page (%q): %s", to, got)
		}
	}
}

// ID-LOG-14
func TestSiteSessionEndsByItself(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	s := newSite(t, w, "PORTAL")
	s.signIn("/", "anna@example.org")
	for range 3 { // use every 25 minutes keeps it alive
		w.Clock.Advance(25 * time.Minute)
		if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "Соколова") {
			t.Fatalf("a used session ended: %s", got)
		}
	}
	w.Clock.Advance(31 * time.Minute)
	if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("after 31 idle minutes: %s", got)
	}
	s.signIn("/", "anna@example.org")
	for range 12 * 60 / 25 {
		w.Clock.Advance(25 * time.Minute)
		s.get(s.url + "/")
	}
	w.Clock.Advance(25 * time.Minute)
	if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("after twelve hours of use: %s", got)
	}
}

// ID-CNS-02
func TestSiteTellsRefusal(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	s := newSite(t, w, "PORTAL")
	at, _ := s.get(s.url + "/begin?to=/lk/")
	at, _ = s.post(at.String(), url.Values{"login": {"anna@example.org"}, "password": {oidctest.Password}})
	if _, got := s.post(at.String(), nil); got != "oidcrp.denied" {
		t.Errorf("refusal: %s", got)
	}
	if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("after the refusal: %s", got)
	}
}

func TestSilentSignInAsksNothing(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	one, two := newSite(t, w, "ONE"), newSite(t, w, "TWO", func(c *client.Client) { c.FirstParty = true })
	two.b = one.b
	if _, got := two.get(two.url + "/begin?silent&to=/x"); !strings.HasPrefix(got, "nobody at /x") {
		t.Errorf("silently without a session: %s", got)
	}
	one.signIn("/", "anna@example.org")
	if _, got := two.get(two.url + "/begin?silent&to=/x"); got != "Соколова Анна at /x" {
		t.Errorf("silently with a session: %s", got)
	}
}

// A callback of another browser, a foreign state and a changed state are refused.
func TestCallbackBelongsToTheBrowserThatBegan(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	s := newSite(t, w, "PORTAL")
	s.b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/cb" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	at, _ := s.get(s.url + "/begin?to=/")
	at, _ = s.post(at.String(), url.Values{"login": {"anna@example.org"}, "password": {oidctest.Password}})
	res, err := s.b.PostForm(at.String(), url.Values{"grant": {"yes"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	callback, err := res.Location()
	if err != nil || callback.Path != "/cb" {
		t.Fatalf("no answer for the site: %v, %v", callback, err)
	}
	own := s.b
	s.b = s.browser()
	if _, got := s.get(callback.String()); got != "oidcrp.again" {
		t.Errorf("another browser: %s", got)
	}
	s.b = own
	s.b.CheckRedirect = nil
	q := callback.Query()
	for name, v := range map[string]string{"state": "other", "iss": "https://evil.example"} {
		bad := *callback
		u := callback.Query()
		u.Set(name, v)
		bad.RawQuery = u.Encode()
		if _, got := s.get(bad.String()); got != "oidcrp.again" {
			t.Errorf("with another %s: %s", name, got)
		}
	}
	if q.Get("code") == "" {
		t.Error("no code")
	}
}

// Refresh: of many at once one asks the provider, and all get a working token.
func TestAccessTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	s := newSite(t, w, "PORTAL")
	var sess *oidcrp.Session
	s.party.OnLogin = func(_ context.Context, _ *db.Tx, opened *oidcrp.Session) error { sess = opened; return nil }
	short := &shortLived{}
	short.on.Store(true)
	s.party.HTTP = &http.Client{Timeout: 3 * time.Second, Transport: short}
	s.signIn("/", "anna@example.org")
	short.on.Store(false)
	short.asked.Store(0)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			own := *sess
			tok, err := s.party.AccessToken(context.Background(), &own)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := w.Issuer.Check(context.Background(), tok); err != nil {
				t.Errorf("the renewed token: %v", err)
			}
		})
	}
	all.Wait()
	if n := short.asked.Load(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	// The provider ended the session: so has the site, in words.
	short.on.Store(true)
	s.signIn("/", "anna@example.org")
	s.signIn("/again", "anna@example.org")
	if err := w.DB.InTx(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), `UPDATE token.family SET revoked_at=$1`, w.Clock.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.party.AccessToken(context.Background(), sess); !fault.Is(err, fault.KindUnauthenticated) {
		t.Errorf("after the provider's end: %v", err)
	}
	if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "nobody") {
		t.Errorf("the site's session lives: %s", got)
	}
}

// shortLived makes the provider's access tokens look as if they ended at once,
// and counts the calls of its token endpoint.
type shortLived struct {
	on    atomic.Bool
	asked atomic.Int32
}

func (l *shortLived) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || r.URL.Path != "/oauth2/token" {
		return res, err
	}
	l.asked.Add(1)
	if !l.on.Load() {
		return res, nil
	}
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	raw = regexp.MustCompile(`"expires_in":\d+`).ReplaceAll(raw, []byte(`"expires_in":1`))
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Del("Content-Length")
	return res, err
}

// When the provider is away the site says so, and nothing is lost.
func TestProviderAway(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t, oidcrp.Migrations())
	w.Person("Соколова", "Анна", "anna@example.org")
	s := newSite(t, w, "PORTAL")
	s.party.HTTP = &http.Client{Transport: failing{}}
	if _, got := s.get(s.url + "/begin"); got != "oidcrp.provider_away" {
		t.Errorf("begin: %s", got)
	}
	s.party.HTTP = nil
	s.signIn("/", "anna@example.org")
	s.party.HTTP = &http.Client{Transport: failing{}}
	if _, got := s.get(s.url + "/"); !strings.HasPrefix(got, "Соколова") {
		t.Errorf("a session needs the provider: %s", got)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}
