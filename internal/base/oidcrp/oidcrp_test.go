package oidcrp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/oidcrp"
)

// issuer is a provider of the test's own making, which lies as told.
type issuer struct {
	t     *testing.T
	url   string
	mu    sync.Mutex
	key   *ecdsa.PrivateKey
	kid   string
	lie   func(header, claims map[string]any) // bends the id token
	sign  func(header, claims map[string]any) string
	fail  int // status of the token endpoint
	nonce string
	posts []url.Values
	jwks  atomic.Int32 // how often the key set was read
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t}
	i.rotate("k1")
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	i.url = srv.URL
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/jwks",
			"end_session_endpoint": i.url + "/logout", "authorization_response_iss_parameter_supported": true,
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		i.jwks.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: i.kid, Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", i.token)
	return i
}

func (i *issuer) rotate(kid string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	i.key, i.kid = k, kid
	i.mu.Unlock()
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.posts = append(i.posts, r.PostForm)
	id, secret, _ := r.BasicAuth()
	if id != "PORTAL" || secret != "s+cret" {
		i.t.Errorf("the client came as %q %q", id, secret)
	}
	if i.fail != 0 {
		w.WriteHeader(i.fail)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	sum := sha256.Sum256([]byte("access"))
	header, claims := map[string]any{"alg": "ES256", "kid": i.kid, "typ": "JWT"}, map[string]any{
		"iss": i.url, "aud": "PORTAL", "sub": "1000000001", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"auth_time": time.Now().Unix(), "nonce": i.nonce, "acr": "2fa", "sid": "sid-1", "name": "Соколова Анна", "okno_level": 3, "okno_proofing": "centre",
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "locale": "tt",
	}
	if i.lie != nil {
		i.lie(header, claims)
	}
	sign := i.jws
	if i.sign != nil {
		sign = i.sign
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "access", "refresh_token": "refresh", "token_type": "Bearer", "expires_in": 600, "id_token": sign(header, claims),
	})
}

func b64(v any) string {
	raw, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// jws signs with the issuer's key whatever the header claims.
func (i *issuer) jws(header, claims map[string]any) string {
	input := b64(header) + "." + b64(claims)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		i.t.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(out)
}

type world struct {
	*issuer
	party *oidcrp.Party
	clock *clock.Clock
}

func open(t *testing.T) *world {
	t.Helper()
	i, c := newIssuer(t), clock.New()
	return &world{i, &oidcrp.Party{DB: dbtest.New(t, oidcrp.Migrations()), Clock: c, Keys: crypt.NewTestKeyring(), Config: oidcrp.Config{
		Issuer: i.url, ClientID: "PORTAL", ClientSecret: "s cret", RedirectURL: "https://p.example/cb", PostLogoutURL: "https://p.example/bye",
		Scopes: []string{"openid", "fullname"}, CookieName: "s", Secure: true, ACR: "2fa",
	}}, c}
}

// begin starts a sign-in and returns its cookie and what was asked.
func (w *world) begin(to string) (*http.Cookie, url.Values) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	if err := w.party.Begin(rec, httptest.NewRequest(http.MethodGet, "/auth", nil), to, oidcrp.Options{LoginHint: "x", Locale: "tt"}); err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), w.url+"/authorize?") {
		w.t.Fatalf("begin leads to %s", u)
	}
	return rec.Result().Cookies()[0], u.Query()
}

// callback brings the provider's answer; it returns the session cookie.
func (w *world) callback(c *http.Cookie, q url.Values) (*httptest.ResponseRecorder, *http.Cookie, error) {
	r := httptest.NewRequest(http.MethodGet, "/cb?"+q.Encode(), nil)
	r.AddCookie(c)
	rec := httptest.NewRecorder()
	err := w.party.Callback(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "__Host-s" && c.Value != "" {
			return rec, c, err
		}
	}
	return rec, nil, err
}

func (w *world) answer(asked url.Values) url.Values {
	w.nonce = asked.Get("nonce")
	return url.Values{"state": {asked.Get("state")}, "code": {"c"}, "iss": {w.url}}
}

func (w *world) session(c *http.Cookie) *oidcrp.Session {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if c != nil {
		r.AddCookie(c)
	}
	s, err := w.party.Session(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) signIn() *http.Cookie {
	w.t.Helper()
	c, asked := w.begin("/lk/")
	_, s, err := w.callback(c, w.answer(asked))
	if err != nil || s == nil {
		w.t.Fatalf("sign-in: %v", err)
	}
	return s
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := open(t)
	opened := ""
	w.party.OnLogin = func(_ context.Context, _ *db.Tx, s *oidcrp.Session) error { opened = s.Subject; return nil }
	c, asked := w.begin("/services/x?a=b#c")
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "PORTAL", "redirect_uri": "https://p.example/cb", "scope": "openid fullname", "code_challenge_method": "S256",
		"acr_values": "2fa", "login_hint": "x", "ui_locales": "tt",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q", name, asked.Get(name))
		}
	}
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || strings.Contains(c.Value, asked.Get("nonce")) {
		t.Errorf("cookie %+v", c)
	}
	rec, s, err := w.callback(c, w.answer(asked))
	if err != nil || s == nil || rec.Header().Get("Location") != "/services/x?a=b#c" || opened != "1000000001" {
		t.Fatalf("callback %v, %v, %s", err, s, rec.Header().Get("Location"))
	}
	if !s.HttpOnly || !s.Secure || s.MaxAge != 0 || !s.Expires.IsZero() { // C-54
		t.Errorf("session cookie %+v", s)
	}
	sum := sha256.Sum256([]byte(w.posts[0].Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || w.posts[0].Get("redirect_uri") != "https://p.example/cb" {
		t.Errorf("exchange %v", w.posts[0])
	}
	got := w.session(s)
	if got.Subject != "1000000001" || got.Claims.Name != "Соколова Анна" || got.Claims.Level != 3 || got.Claims.Proofing != "centre" || got.Claims.Locale != "tt" || got.Claims.ACR != "2fa" ||
		time.Since(got.Claims.AuthTime).Abs() > time.Minute {
		t.Errorf("session %+v", got)
	}
	if w.session(nil) != nil || w.session(&http.Cookie{Name: "__Host-s", Value: "guess"}) != nil {
		t.Error("somebody is signed in without the cookie")
	}
}

// An id token that is wrong in a single respect opens no session.
func TestLyingProvider(t *testing.T) {
	t.Parallel()
	set := func(name string, v any) func(_, c map[string]any) {
		return func(_, c map[string]any) { c[name] = v }
	}
	for name, lie := range map[string]func(header, claims map[string]any){
		"other issuer":       set("iss", "https://evil.example"),
		"other audience":     set("aud", "OTHER"),
		"two audiences":      set("aud", []string{"PORTAL", "OTHER"}),
		"other party":        set("azp", "OTHER"),
		"expired":            set("exp", time.Now().Add(-2*time.Minute).Unix()),
		"no end":             set("exp", 0),
		"from the future":    set("iat", time.Now().Add(time.Hour).Unix()),
		"other nonce":        set("nonce", "other"),
		"no nonce":           set("nonce", ""),
		"no subject":         set("sub", ""),
		"other access token": set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"weak proof":         set("acr", "1fa"),
		"logout token":       set("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}),
		"access token":       func(h, _ map[string]any) { h["typ"] = "at+jwt" },
		"unknown key":        func(h, _ map[string]any) { h["kid"] = "other" },
		"no algorithm":       func(h, _ map[string]any) { h["alg"] = "none" },
		"symmetric":          func(h, _ map[string]any) { h["alg"] = "HS256" },
		"other algorithm":    func(h, _ map[string]any) { h["alg"] = "RS256" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			w.lie = lie
			c, asked := w.begin("/")
			_, s, err := w.callback(c, w.answer(asked))
			if s != nil || err == nil {
				t.Fatalf("a session was opened: %v", err)
			}
			f, ok := fault.As(err)
			if !ok || f.Key != "oidcrp.again" && name != "weak proof" || name == "weak proof" && f.Key != "oidcrp.weak" {
				t.Errorf("told %v", err)
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		t.Parallel()
		w := open(t)
		w.sign = func(h, c map[string]any) string { return b64(h) + "." + b64(c) + "." }
		c, asked := w.begin("/")
		if _, s, err := w.callback(c, w.answer(asked)); s != nil || err == nil {
			t.Error("an unsigned token opened a session")
		}
	})
}

func TestAnswerMustBelongToTheBeginning(t *testing.T) {
	t.Parallel()
	w := open(t)
	c, asked := w.begin("/")
	other, _ := w.begin("/")
	for name, change := range map[string]func(q url.Values) *http.Cookie{
		"other state":      func(q url.Values) *http.Cookie { q.Set("state", "x"); return c },
		"no state":         func(q url.Values) *http.Cookie { q.Del("state"); return c },
		"other cookie":     func(url.Values) *http.Cookie { return other },
		"renamed cookie":   func(url.Values) *http.Cookie { o := *other; o.Name = c.Name; return &o },
		"damaged cookie":   func(url.Values) *http.Cookie { o := *c; o.Value = o.Value[:40] + "A" + o.Value[41:]; return &o },
		"other issuer":     func(q url.Values) *http.Cookie { q.Set("iss", "https://evil.example"); return c },
		"unnamed issuer":   func(q url.Values) *http.Cookie { q.Del("iss"); return c },
		"provider refuses": func(url.Values) *http.Cookie { w.fail = 400; return c },
	} {
		q := w.answer(asked)
		w.fail = 0
		cookie := change(q)
		if _, s, err := w.callback(cookie, q); s != nil || !fault.Is(err, fault.KindConflict) {
			t.Errorf("%s: session %v, %v", name, s, err)
		}
	}
	w.fail = 503
	if _, _, err := w.callback(c, w.answer(asked)); !fault.Is(err, fault.KindUnavailable) {
		t.Errorf("a broken provider: %v", err)
	}
	w.fail = 0
	if _, s, err := w.callback(c, w.answer(asked)); err != nil || s == nil {
		t.Errorf("the honest answer after all: %v", err)
	}
}

// A rotated key is found by itself; invented key ids do not make us ask the
// provider each time.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.signIn()
	w.rotate("k2")
	w.signIn()
	w.lie = func(h, _ map[string]any) { h["kid"] = "invented" }
	began := time.Now()
	before := w.jwks.Load()
	for range 20 {
		c, asked := w.begin("/")
		if _, s, err := w.callback(c, w.answer(asked)); s != nil || err == nil {
			t.Fatal("an invented key opened a session")
		}
	}
	if n, most := w.jwks.Load()-before, int32(time.Since(began)/(10*time.Second))+1; n > most {
		t.Errorf("the key set was read %d times, at most %d are due", n, most)
	}
}

// A slow provider holds a bounded number of callbacks; the rest is told to wait,
// keeps its beginning and succeeds later.
func TestCallbacksAreBounded(t *testing.T) {
	t.Parallel()
	w := open(t)
	const most = 64
	held, release := make(chan struct{}, most), make(chan struct{})
	w.party.HTTP = &http.Client{Transport: holding{held, release}}
	cookie, asked := w.begin("/")
	answer := w.answer(asked)
	var all sync.WaitGroup
	for range most {
		all.Go(func() { _, _, _ = w.callback(cookie, answer) })
	}
	for range most {
		<-held
	}
	rec, s, err := w.callback(cookie, answer)
	if s != nil || !fault.Is(err, fault.KindLimited) {
		t.Errorf("one too many: %v", err)
	}
	if len(rec.Result().Cookies()) != 0 {
		t.Error("the beginning was thrown away")
	}
	close(release)
	all.Wait()
	w.party.HTTP = nil
	if _, s, err := w.callback(cookie, answer); err != nil || s == nil {
		t.Errorf("later: %v", err)
	}
}

// holding holds every exchange until it is released.
type holding struct{ held, release chan struct{} }

func (h holding) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/token" {
		h.held <- struct{}{}
		<-h.release
		return nil, errors.New("too late")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestRefusalOfAnOnLogin(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.party.OnLogin = func(context.Context, *db.Tx, *oidcrp.Session) error { return fault.Forbidden("officer.unknown") }
	c, asked := w.begin("/")
	_, s, err := w.callback(c, w.answer(asked))
	if f, _ := fault.As(err); s != nil || f == nil || f.Key != "officer.unknown" {
		t.Errorf("session %v, %v", s, err)
	}
	var n int
	if err := w.party.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT count(*) FROM rp.session`).Scan(&n)
	}); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	w := open(t)
	event := map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
	token := func(change ...any) string {
		header, claims := map[string]any{"alg": "ES256", "kid": w.kid, "typ": "logout+jwt"}, map[string]any{
			"iss": w.url, "aud": "PORTAL", "sub": "1000000001", "sid": "sid-1", "jti": "j", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "events": event,
		}
		for i := 0; i < len(change); i += 2 {
			if k := change[i].(string); k == "typ" {
				header[k] = change[i+1]
			} else {
				claims[k] = change[i+1]
			}
		}
		return w.jws(header, claims)
	}
	send := func(raw string) int {
		r := httptest.NewRequest(http.MethodPost, "/backchannel", strings.NewReader(url.Values{"logout_token": {raw}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.party.BackchannelLogout(rec, r)
		return rec.Code
	}
	s := w.signIn()
	for name, raw := range map[string]string{
		"nothing": "", "words": "logout", "other audience": token("aud", "OTHER"), "other issuer": token("iss", "https://evil.example"),
		"expired": token("exp", time.Now().Add(-time.Hour).Unix()), "with a nonce": token("nonce", "n"), "no events": token("events", nil),
		"other event": token("events", map[string]any{"x": 1}), "no id": token("jti", ""), "nobody": token("sid", "", "sub", ""), "access token": token("typ", "at+jwt"),
	} {
		if got := send(raw); got != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got)
		}
	}
	if w.session(s) == nil {
		t.Fatal("a bad logout token ended the session")
	}
	if got := send(token("sid", "another")); got != http.StatusOK || w.session(s) == nil {
		t.Errorf("another session's logout: %d", got)
	}
	for range 2 {
		if got := send(token()); got != http.StatusOK || w.session(s) != nil {
			t.Errorf("logout: %d", got)
		}
	}
	s = w.signIn()
	if got := send(token("sid", "")); got != http.StatusOK || w.session(s) != nil {
		t.Errorf("logout of the person: %d", got)
	}
}

func TestEndSubject(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.signIn()
	ctx := context.Background()
	end := func(subject string) {
		if err := w.party.DB.InTx(ctx, func(tx *db.Tx) error { return w.party.EndSubject(ctx, tx, subject) }); err != nil {
			t.Fatal(err)
		}
	}
	end("1000000002")
	if w.session(s) == nil {
		t.Fatal("another person's session ended")
	}
	end("1000000001")
	if w.session(s) != nil {
		t.Error("the session lives")
	}
	var sealed int
	if err := w.party.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT max(length(sealed)) FROM rp.session`).Scan(&sealed)
	}); err != nil || sealed != 0 {
		t.Errorf("%d bytes of claims are left, %v", sealed, err)
	}
	w.clock.Advance(40 * time.Hour)
	q := job.New(w.party.DB, w.clock)
	w.party.Work(q)
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := w.party.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, `SELECT count(*) FROM rp.session`).Scan(&rows) }); err != nil || rows != 0 {
		t.Errorf("%d rows are left, %v", rows, err)
	}
}

// Two parties of one database do not take each other's cookies.
func TestPartiesAreApart(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.signIn()
	office := &oidcrp.Party{DB: w.party.DB, Clock: w.clock, Keys: w.party.Keys, Config: w.party.Config}
	office.Config.ClientID = "OFFICE"
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(s)
	if got, err := office.Session(r); err != nil || got != nil {
		t.Errorf("the office takes the portal's session: %+v, %v", got, err)
	}
}

func TestLogoutWhileProviderIsAway(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := w.signIn()
	fresh := &oidcrp.Party{DB: w.party.DB, Clock: w.clock, Keys: w.party.Keys, Config: w.party.Config, HTTP: &http.Client{Transport: gone{}}}
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.AddCookie(s)
	rec := httptest.NewRecorder()
	if err := fresh.Logout(rec, r); !fault.Is(err, fault.KindUnavailable) {
		t.Errorf("logout: %v", err)
	}
	if w.session(s) != nil {
		t.Error("the session here lives")
	}
	again := httptest.NewRequest(http.MethodPost, "/logout", nil)
	again.AddCookie(w.signIn())
	rec = httptest.NewRecorder()
	if err := w.party.Logout(rec, again); err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(rec.Header().Get("Location"))
	if q := u.Query(); q.Get("logout_hint") != "sid-1" || q.Get("client_id") != "PORTAL" || q.Get("post_logout_redirect_uri") != "https://p.example/bye" || q.Get("id_token_hint") != "" {
		t.Errorf("logout leads to %s", u)
	}
}

type gone struct{}

func (gone) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"/": true, "/lk/drafts/1?step=2": true, "/search?q=https://x": true, "/a#b": true,
		"": false, "//evil.example": false, "/\\evil.example": false, "\\\\evil": false, "https://evil.example/": false, "lk": false, "/%2Fevil.example": false,
		"/\tx": false, "/\nSet-Cookie: a": false, "javascript:alert(1)": false, "/a\\b": false, "/" + strings.Repeat("a", 2001): false, "/%zz": false,
	} {
		if got := oidcrp.LocalPath(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "/a?b#c", "https://x", "/%2f%2fx"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://p.example/auth/callback")
	f.Fuzz(func(t *testing.T, s string) {
		if !oidcrp.LocalPath(s) {
			return
		}
		u, err := base.Parse(s)
		if err != nil || u.Host != "p.example" || u.Scheme != "https" {
			t.Errorf("%q leads to %v, %v", s, u, err)
		}
	})
}
