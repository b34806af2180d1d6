package oidc_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
)

// post sends a form to an endpoint of the provider and decodes the JSON answer.
func post(t *testing.T, w *oidctest.World, path string, form url.Values, change ...func(*http.Request)) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range change {
		f(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	var out map[string]any
	if len(bytes.TrimSpace(raw)) > 0 && json.Unmarshal(raw, &out) != nil {
		t.Fatalf("%s answers %d %s", path, res.StatusCode, raw)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be cached", path)
	}
	return res.StatusCode, out
}

func form(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q
}

// Whoever cannot show that client and address belong together gets a page; all
// other errors go to the client.
func TestAuthorizeRefusesHostileRequests(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Client("PORTAL", rp)
	w.Client("BANK", rp+"/bank", func(c *client.Client) { c.Kind = client.Commercial })
	good := form("response_type", "code", "client_id", "PORTAL", "redirect_uri", rp+"/cb", "scope", "openid", "state", "s",
		"code_challenge", oauth2.S256ChallengeFromVerifier("v"), "code_challenge_method", "S256")
	b := w.Browser()
	for _, c := range []struct {
		name  string
		set   url.Values
		want  string // page status, or error code at the client
		extra string // appended to the query as it is
	}{
		{"unknown client", form("client_id", "NOBODY"), "#404", ""},
		{"client that waits for approval", form("client_id", "BANK", "redirect_uri", rp+"/bank/cb"), "#404", ""},
		{"no client", form("client_id", ""), "#404", ""},
		{"foreign address", form("redirect_uri", "https://evil.example/cb"), "#422", ""},
		{"longer address", form("redirect_uri", rp+"/cb/../evil"), "#422", ""},
		{"address with query", form("redirect_uri", rp+"/cb?x=1"), "#422", ""},
		{"other case", form("redirect_uri", strings.ToUpper(rp)+"/cb"), "#422", ""},
		{"no address", form("redirect_uri", ""), "#422", ""},
		{"two addresses", nil, "#422", "&redirect_uri=https://evil.example"},
		{"two clients", nil, "#422", "&client_id=OTHER"},
		{"implicit flow", form("response_type", "id_token"), "unsupported_response_type", ""},
		{"fragment mode", form("response_mode", "fragment"), "invalid_request", ""},
		{"no PKCE", form("code_challenge", ""), "invalid_request", ""},
		{"plain PKCE", form("code_challenge_method", "plain"), "invalid_request", ""},
		{"short challenge", form("code_challenge", "abc"), "invalid_request", ""},
		{"no openid", form("scope", "fullname"), "invalid_scope", ""},
		{"request object", form("request", "e30."), "request_not_supported", ""},
		{"request by reference", form("request_uri", "https://evil.example/r"), "request_uri_not_supported", ""},
		{"two scopes parameters", nil, "invalid_request", "&scope=snils"},
		{"unknown prompt", form("prompt", "dance"), "invalid_request", ""},
		{"none and login", form("prompt", "none login"), "invalid_request", ""},
		{"none without a session", form("prompt", "none"), "login_required", ""},
		{"create and login", form("prompt", "create login"), "invalid_request", ""},
		{"max_age of words", form("max_age", "ten"), "invalid_request", ""},
		{"foreign hint", form("id_token_hint", "a.b.c"), "invalid_request", ""},
		{"long state", form("state", strings.Repeat("s", 3000)), "invalid_request", ""},
	} {
		q := url.Values{}
		for k, v := range good {
			q[k] = v
		}
		for k, v := range c.set {
			q[k] = v
		}
		at := b.Follow(w.URL + "/oauth2/authorize?" + q.Encode() + c.extra)
		u, _ := url.Parse(at)
		switch {
		case strings.HasPrefix(c.want, "#"):
			if !strings.HasPrefix(at, w.URL) || !strings.HasSuffix(at, c.want) {
				t.Errorf("%s: %s", c.name, at)
			}
		case !strings.HasPrefix(at, rp+"/cb?") || u.Query().Get("error") != c.want || u.Query().Get("iss") != w.URL || u.Query().Get("code") != "":
			t.Errorf("%s: %s", c.name, at)
		}
	}
}

// A POST to authorize comes without the Lax cookie and still finds the session.
func TestAuthorizeByPostFindsTheSession(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	p.signIn(b, "anna@example.org")
	v := oauth2.GenerateVerifier()
	u, _ := url.Parse(p.address(v))
	foreign := w.Browser() // posts without cookies
	res, err := foreign.HTTP.PostForm(w.URL+"/oauth2/authorize", u.Query())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil || to.Path != "/oauth2/continue" {
		t.Fatalf("POST leads to %v, %v", to, err)
	}
	p.redeem(p.callback(b.Follow(to.String())).Get("code"), v)
}

// code gets a fresh code for the party's own verifier.
func (p *party) code(b *oidctest.Browser) (code, verifier string) {
	p.t.Helper()
	v := oauth2.GenerateVerifier()
	return p.callback(b.SignIn(p.address(v), "anna@example.org")).Get("code"), v
}

func TestTokenEndpointRefusesHostileExchanges(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	w.Client("THIEF", "https://thief.example")
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	good := func() url.Values {
		code, v := p.code(b)
		return form("grant_type", "authorization_code", "code", code, "redirect_uri", rp+"/cb", "code_verifier", v, "client_id", "PORTAL", "client_secret", oidctest.Secret)
	}
	for _, c := range []struct {
		name   string
		set    url.Values
		status int
		code   string
	}{
		{"wrong verifier", form("code_verifier", oauth2.GenerateVerifier()), 400, "invalid_grant"},
		{"no verifier", form("code_verifier", ""), 400, "invalid_grant"},
		{"other address", form("redirect_uri", rp+"/other"), 400, "invalid_grant"},
		{"no address", form("redirect_uri", ""), 400, "invalid_grant"},
		{"foreign client", form("client_id", "THIEF"), 400, "invalid_grant"},
		{"invented code", form("code", "nonsense"), 400, "invalid_grant"},
		{"no code", form("code", ""), 400, "invalid_request"},
		{"wrong secret", form("client_secret", "guess-guess-guess-guess-guess"), 401, "invalid_client"},
		{"no secret", form("client_secret", ""), 401, "invalid_client"},
		{"unknown client", form("client_id", "NOBODY"), 401, "invalid_client"},
		{"two codes", url.Values{"code": {"a", "b"}}, 400, "invalid_request"},
		{"password grant", form("grant_type", "password"), 400, "unsupported_grant_type"},
		{"no grant", form("grant_type", ""), 400, "unsupported_grant_type"},
		{"secret and assertion", form("client_assertion", "x.y.z"), 400, "invalid_request"},
	} {
		q := good()
		for k, v := range c.set {
			q[k] = v
		}
		status, got := post(t, w, "/oauth2/token", q)
		if status != c.status || got["error"] != c.code || got["access_token"] != nil {
			t.Errorf("%s: %d %v", c.name, status, got)
		}
	}
	q := good()
	if status, got := post(t, w, "/oauth2/token?"+q.Encode(), nil); status != 401 || got["error"] != "invalid_client" {
		t.Errorf("parameters in the address: %d %v", status, got)
	}
	if status, got := post(t, w, "/oauth2/token", q, func(r *http.Request) { r.SetBasicAuth("PORTAL", oidctest.Secret) }); status != 400 || got["error"] != "invalid_request" {
		t.Errorf("secret by two ways: %d %v", status, got)
	}
	old := good()
	w.Clock.Advance(61 * time.Second)
	if status, got := post(t, w, "/oauth2/token", old); status != 400 || got["error"] != "invalid_grant" {
		t.Errorf("an old code: %d %v", status, got)
	}
	if status, got := post(t, w, "/oauth2/token", good()); status != 200 || got["token_type"] != "Bearer" || got["refresh_token"] == nil {
		t.Errorf("the honest exchange: %d %v", status, got)
	}
}

func TestReplayedCodeRevokesItsTokens(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	code, v := p.code(w.Browser())
	tok, _ := p.redeem(code, v)
	if !p.alive(tok) {
		t.Fatal("a fresh token does not work")
	}
	if _, err := p.oauth.Exchange(context.Background(), code, oauth2.VerifierOption(v)); err == nil {
		t.Error("the code worked twice")
	}
	if p.alive(tok) {
		t.Error("the tokens survived the replay")
	}
}

func refreshForm(tok string, more ...string) url.Values {
	return form(append([]string{"grant_type", "refresh_token", "refresh_token", tok, "client_id", "PORTAL", "client_secret", oidctest.Secret}, more...)...)
}

// Rotation: the successor works; a repeat within the grace gets the same one;
// later or branching use ends everything.
func TestRefreshRotation(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	w.Client("THIEF", "https://thief.example")
	p, b := newParty(t, w, "PORTAL", "fullname"), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	next := func(r string, more ...string) (int, map[string]any) {
		return post(t, w, "/oauth2/token", refreshForm(r, more...))
	}
	if status, got := post(t, w, "/oauth2/token", form("grant_type", "refresh_token", "refresh_token", tok.RefreshToken, "client_id", "THIEF", "client_secret", oidctest.Secret)); status != 400 || got["error"] != "invalid_grant" {
		t.Errorf("a thief's refresh: %d %v", status, got)
	}
	if _, got := next(tok.RefreshToken, "scope", "openid snils"); got["error"] != "invalid_scope" {
		t.Errorf("a wider scope: %v", got)
	}
	_, one := next(tok.RefreshToken, "scope", "openid")
	r1, _ := one["refresh_token"].(string)
	if r1 == "" || r1 == tok.RefreshToken || one["scope"] != "openid" || one["id_token"] == nil {
		t.Fatalf("first refresh: %v", one)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, again := next(tok.RefreshToken); again["refresh_token"] != r1 {
				t.Errorf("a repeat within the grace: %v", again)
			}
		})
	}
	all.Wait()
	_, two := next(r1)
	r2, _ := two["refresh_token"].(string)
	if r2 == "" || !p.alive(&oauth2.Token{AccessToken: two["access_token"].(string)}) {
		t.Fatalf("second refresh: %v", two)
	}
	// The first token's successor is used: whoever comes with the first is a thief.
	if status, got := next(tok.RefreshToken); status != 400 || got["error"] != "invalid_grant" {
		t.Errorf("branching use: %d %v", status, got)
	}
	if _, got := next(r2); got["error"] != "invalid_grant" {
		t.Errorf("the family lives after reuse: %v", got)
	}

	late, _ := p.signIn(b, "anna@example.org")
	_, first := next(late.RefreshToken)
	w.Clock.Advance(31 * time.Second)
	if _, got := next(late.RefreshToken); got["error"] != "invalid_grant" {
		t.Errorf("a repeat after the grace: %v", got)
	}
	if _, got := next(first["refresh_token"].(string)); got["error"] != "invalid_grant" {
		t.Errorf("the family lives after late reuse: %v", got)
	}
}

// An app that refreshes every day signs in anew once a year all the same.
func TestOfflineAccessEnds(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp, func(c *client.Client) { c.FirstParty, c.Scopes = true, append(c.Scopes, client.ScopeOffline) })
	p, b := newParty(t, w, "PORTAL", client.ScopeOffline), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	refresh, days := tok.RefreshToken, 0
	for ; days < 400; days += 20 {
		w.Clock.Advance(20 * 24 * time.Hour)
		_, got := post(t, w, "/oauth2/token", refreshForm(refresh))
		next, ok := got["refresh_token"].(string)
		if !ok {
			break
		}
		refresh = next
	}
	if days < 340 || days > 365 {
		t.Errorf("the family ended after %d days", days)
	}
}

// What looks like a token and is none opens nothing.
func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	tok, _ := p.signIn(w.Browser(), "anna@example.org")
	parts := strings.Split(tok.AccessToken, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	obj, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := obj.CompactSerialize()
	for name, forged := range map[string]string{
		"alg none":      b64([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".",
		"alg HS256":     b64([]byte(`{"alg":"HS256","typ":"at+jwt"}`)) + "." + parts[1] + "." + parts[2],
		"own key":       own,
		"cut signature": parts[0] + "." + parts[1] + ".",
		"other payload": parts[0] + "." + b64([]byte(strings.Replace(string(payload), `"sub":"`, `"sub":"1`, 1))) + "." + parts[2],
		"id token":      tok.Extra("id_token").(string),
		"refresh token": tok.RefreshToken,
	} {
		if p.alive(&oauth2.Token{AccessToken: forged}) {
			t.Errorf("%s opens user info", name)
		}
	}
	if !p.alive(tok) {
		t.Error("the real token does not work")
	}
}

func TestIntrospectAndRevoke(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	w.Client("OTHER", "https://other.example")
	p := newParty(t, w, "PORTAL")
	tok, id := p.signIn(w.Browser(), "anna@example.org")
	ask := func(c string) map[string]any {
		_, got := post(t, w, "/oauth2/introspect", form("token", tok.AccessToken, "client_id", c, "client_secret", oidctest.Secret))
		return got
	}
	if got := ask("PORTAL"); got["active"] != true || got["sub"] != id.Subject || got["okno_level"] != 1.0 || got["client_id"] != "PORTAL" {
		t.Errorf("own token: %v", got)
	}
	if got := ask("OTHER"); len(got) != 1 || got["active"] != false {
		t.Errorf("foreign token: %v", got)
	}
	if status, _ := post(t, w, "/oauth2/introspect", form("token", tok.AccessToken)); status != 401 {
		t.Errorf("introspection without a client: %d", status)
	}
	if status, _ := post(t, w, "/oauth2/revoke", form("token", tok.RefreshToken, "client_id", "OTHER", "client_secret", oidctest.Secret)); status != 200 || !p.alive(tok) {
		t.Errorf("a foreign revocation: %d, alive %v", status, p.alive(tok))
	}
	if status, _ := post(t, w, "/oauth2/revoke", form("token", tok.RefreshToken, "client_id", "PORTAL", "client_secret", oidctest.Secret)); status != 200 || p.alive(tok) {
		t.Errorf("revocation: %d, alive %v", status, p.alive(tok))
	}
	if got := ask("PORTAL"); len(got) != 1 || got["active"] != false {
		t.Errorf("after revocation: %v", got)
	}
	if status, _ := post(t, w, "/oauth2/revoke", form("token", "unknown", "client_id", "PORTAL", "client_secret", oidctest.Secret)); status != 200 {
		t.Errorf("revocation of nothing: %d", status)
	}
}

func TestSuspendedClientGetsNothing(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	if err := w.Clients.Suspend(context.Background(), "PORTAL"); err != nil {
		t.Fatal(err)
	}
	if p.alive(tok) {
		t.Error("its tokens work")
	}
	if status, got := post(t, w, "/oauth2/token", refreshForm(tok.RefreshToken)); status != 401 {
		t.Errorf("refresh: %d %v", status, got)
	}
	if at := b.Follow(p.address("v")); !strings.HasSuffix(at, "#404") {
		t.Errorf("sign-in: %s", at)
	}
}

// A client may sign with the key of its certificate; each assertion works once.
func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "PORTAL"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Clients.AddCertificate(context.Background(), "PORTAL", der); err != nil {
		t.Fatal(err)
	}
	assertion := func(claims map[string]any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(claims)
		obj, err := s.Sign(raw)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := obj.CompactSerialize()
		return out
	}
	claims := func(jti string, change ...any) map[string]any {
		c := map[string]any{"iss": "PORTAL", "sub": "PORTAL", "aud": w.URL + "/oauth2/token", "exp": time.Now().Add(time.Minute).Unix(), "jti": jti}
		for i := 0; i < len(change); i += 2 {
			c[change[i].(string)] = change[i+1]
		}
		return c
	}
	exchange := func(a string) int {
		code, v := p.code(b)
		status, _ := post(t, w, "/oauth2/token", form("grant_type", "authorization_code", "code", code, "redirect_uri", rp+"/cb", "code_verifier", v,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", a))
		return status
	}
	if got := exchange(assertion(claims("1"))); got != 200 {
		t.Errorf("an honest assertion: %d", got)
	}
	for name, a := range map[string]string{
		"used id":        assertion(claims("1")),
		"no id":          assertion(claims("")),
		"other audience": assertion(claims("2", "aud", "https://other.example")),
		"expired":        assertion(claims("3", "exp", time.Now().Add(-time.Second).Unix())),
		"far future":     assertion(claims("4", "exp", time.Now().Add(time.Hour).Unix())),
		"other subject":  assertion(claims("5", "sub", "OTHER")),
		"other client":   assertion(claims("6", "sub", "OTHER", "iss", "OTHER")),
	} {
		if got := exchange(a); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// prompt, max_age and id_token_hint ask for a proof again.
func TestFreshProofIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Person("Иванов", "Пётр", "petr@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	other, _ := p.signIn(w.Browser(), "petr@example.org")
	w.Clock.Advance(2 * time.Minute)
	opt := func(k, v string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam(k, v) }
	for name, asks := range map[string]struct {
		opt  oauth2.AuthCodeOption
		want string
	}{
		"nothing":        {opt("display", "page"), rp},
		"young enough":   {opt("max_age", "300"), rp},
		"too old":        {opt("max_age", "60"), w.URL + "/login"},
		"prompt login":   {opt("prompt", "login"), w.URL + "/login"},
		"choose account": {opt("prompt", "select_account"), w.URL + "/login"},
		"prompt consent": {opt("prompt", "consent"), w.URL + "/consent"},
		"prompt create":  {opt("prompt", "create"), rp},
		"own hint":       {opt("id_token_hint", tok.Extra("id_token").(string)), rp},
		"another's hint": {opt("id_token_hint", other.Extra("id_token").(string)), w.URL + "/login"},
	} {
		if at := b.Follow(p.address(oauth2.GenerateVerifier(), asks.opt)); !strings.HasPrefix(at, asks.want) {
			t.Errorf("%s leads to %s", name, at)
		}
	}
	if at := w.Browser().Follow(p.address(oauth2.GenerateVerifier(), opt("prompt", "create"))); !strings.HasPrefix(at, w.URL+"/registration?request=") {
		t.Errorf("a stranger who wants an account is led to %s", at)
	}
	v := oauth2.GenerateVerifier()
	at := b.SignIn(p.address(v, opt("prompt", "login")), "anna@example.org")
	if _, id := p.redeem(p.callback(at).Get("code"), v); time.Since(id.IssuedAt) > time.Minute {
		t.Error("no fresh token")
	}
	at = b.SignIn(p.address(v, opt("prompt", "consent")), "anna@example.org")
	p.redeem(p.callback(at).Get("code"), v)
}

// A family is known by its tokens alone: one that we never gave out ends nothing,
// however much it looks like ours, and one that we gave out long ago ends all.
func TestInventedAndAncientRefreshTokens(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	tok, _ := p.signIn(w.Browser(), "anna@example.org")
	raw, err := base64.RawURLEncoding.DecodeString(tok.RefreshToken)
	if err != nil || len(raw) != 64 {
		t.Fatalf("a token of %d bytes, %v", len(raw), err)
	}
	for at := range raw { // family, secret, tag
		forged := slices.Clone(raw)
		forged[at] ^= 1
		if status, got := post(t, w, "/oauth2/token", refreshForm(base64.RawURLEncoding.EncodeToString(forged))); status != 400 || got["error"] != "invalid_grant" {
			t.Fatalf("byte %d changed: %d %v", at, status, got)
		}
		if status, _ := post(t, w, "/oauth2/revoke", form("token", base64.RawURLEncoding.EncodeToString(forged), "client_id", "PORTAL", "client_secret", oidctest.Secret)); status != 200 {
			t.Fatalf("byte %d changed: revocation %d", at, status)
		}
	}
	if !p.alive(tok) {
		t.Fatal("invented tokens ended the family")
	}
	living := tok.RefreshToken
	for range 3 {
		_, got := post(t, w, "/oauth2/token", refreshForm(living))
		living, _ = got["refresh_token"].(string)
	}
	if living == "" {
		t.Fatal("three rotations failed")
	}
	if _, got := post(t, w, "/oauth2/token", refreshForm(tok.RefreshToken)); got["error"] != "invalid_grant" {
		t.Errorf("the first token works: %v", got)
	}
	if _, got := post(t, w, "/oauth2/token", refreshForm(living)); got["error"] != "invalid_grant" {
		t.Errorf("the family lives after the use of its first token: %v", got)
	}
}

// A refresh that cannot be answered, since the database has a fault, may be tried
// again whenever the client comes.
func TestRefreshThatFailsUsesNothingUp(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	tok, _ := p.signIn(w.Browser(), "anna@example.org")
	rename := func(from, to string) {
		t.Helper()
		if err := w.DB.InTx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `ALTER TABLE person.`+from+` RENAME TO `+to)
			return cmp.Or(err, tx.Changed(t.Context(), "person", person.FormatOID(oid)))
		}); err != nil {
			t.Fatal(err)
		}
	}
	rename("person", "gone")
	if status, got := post(t, w, "/oauth2/token", refreshForm(tok.RefreshToken)); status < 500 {
		t.Fatalf("without the accounts: %d %v", status, got)
	}
	rename("gone", "person")
	w.Clock.Advance(time.Minute) // longer than a repeat is honest
	if status, got := post(t, w, "/oauth2/token", refreshForm(tok.RefreshToken)); status != 200 {
		t.Errorf("the next try: %d %v", status, got)
	}
}

// Many clients refresh at the same moment: each gets its own, and what is wrong
// with one harms no other.
func TestRefreshingTogether(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	const families = 12
	var held [families]string
	b := w.Browser()
	for n := range held {
		tok, _ := p.signIn(b, "anna@example.org")
		held[n] = tok.RefreshToken
	}
	if status, _ := post(t, w, "/oauth2/revoke", form("token", held[0], "client_id", "PORTAL", "client_secret", oidctest.Secret)); status != 200 {
		t.Fatalf("revocation: %d", status)
	}
	for range 4 {
		var all sync.WaitGroup
		for n := range held {
			all.Go(func() {
				_, got := post(t, w, "/oauth2/token", refreshForm(held[n]))
				next, ok := got["refresh_token"].(string)
				if ok != (n > 0) {
					t.Errorf("family %d: %v", n, got)
				}
				if ok && !p.alive(&oauth2.Token{AccessToken: got["access_token"].(string)}) {
					t.Errorf("family %d: the access token does not work", n)
				}
				if ok {
					held[n] = next
				}
			})
		}
		all.Wait()
	}
	seen := map[string]bool{}
	for _, r := range held {
		seen[r] = true
	}
	if len(seen) != families {
		t.Errorf("%d different tokens of %d", len(seen), families)
	}
}

// Tokens of the release before, which kept a row for each, go on once, as they
// would have: whoever comes with a used one ends the family.
func TestOlderRefreshTokensGoOn(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	w.Client("THIEF", "https://thief.example")
	p := newParty(t, w, "PORTAL")
	old := func() string {
		t.Helper()
		tok, _ := p.signIn(w.Browser(), "anna@example.org")
		raw, secret := crypt.Token(), crypt.HashToken(tok.RefreshToken)
		if _, err := w.DB.Pool().Exec(t.Context(), `WITH f AS (UPDATE token.family SET refresh_hash = NULL WHERE refresh_hash = $1 RETURNING id)
			INSERT INTO token.refresh (hash, family_id, created_at, expires_at) SELECT $2, id, $3, $4 FROM f`,
			secret, crypt.HashToken(raw), w.Clock.Now(), w.Clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		return raw
	}
	first := old()
	if _, got := post(t, w, "/oauth2/token", form("grant_type", "refresh_token", "refresh_token", first, "client_id", "THIEF", "client_secret", oidctest.Secret)); got["error"] != "invalid_grant" {
		t.Errorf("a thief's refresh: %v", got)
	}
	_, one := post(t, w, "/oauth2/token", refreshForm(first))
	_, again := post(t, w, "/oauth2/token", refreshForm(first))
	next, _ := one["refresh_token"].(string)
	if next == "" || again["refresh_token"] != next {
		t.Fatalf("an older token gives %v, then %v", one, again)
	}
	_, two := post(t, w, "/oauth2/token", refreshForm(next))
	if two["refresh_token"] == nil {
		t.Fatalf("its successor gives %v", two)
	}
	if _, got := post(t, w, "/oauth2/token", refreshForm(first)); got["error"] != "invalid_grant" {
		t.Errorf("the older token works twice: %v", got)
	}
	if _, got := post(t, w, "/oauth2/token", refreshForm(two["refresh_token"].(string))); got["error"] != "invalid_grant" {
		t.Errorf("the family lives after the reuse: %v", got)
	}
	revoked := old()
	if status, _ := post(t, w, "/oauth2/revoke", form("token", revoked, "client_id", "PORTAL", "client_secret", oidctest.Secret)); status != 200 {
		t.Errorf("revocation: %d", status)
	}
	if _, got := post(t, w, "/oauth2/token", refreshForm(revoked)); got["error"] != "invalid_grant" {
		t.Errorf("a revoked older token: %v", got)
	}
}
