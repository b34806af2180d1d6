package oidc_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

const rp = "https://rp.example"

// party is a relying party made of coreos/go-oidc and x/oauth2, which judge us.
type party struct {
	t        *testing.T
	w        *oidctest.World
	provider *goidc.Provider
	oauth    oauth2.Config
}

func newParty(t *testing.T, w *oidctest.World, id string, scopes ...string) *party {
	t.Helper()
	p, err := goidc.NewProvider(context.Background(), w.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &party{t, w, p, oauth2.Config{
		ClientID: id, ClientSecret: oidctest.Secret, Endpoint: p.Endpoint(), RedirectURL: rp + "/cb", Scopes: append([]string{"openid"}, scopes...),
	}}
}

func (p *party) address(verifier string, opts ...oauth2.AuthCodeOption) string {
	return p.oauth.AuthCodeURL("st-1", append(opts, oauth2.S256ChallengeOption(verifier), goidc.Nonce("n-1"))...)
}

// callback checks that the browser came to us with a code.
func (p *party) callback(at string) url.Values {
	p.t.Helper()
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, rp+"/cb") {
		p.t.Fatalf("the browser is at %s", at)
	}
	q := u.Query()
	if q.Get("state") != "st-1" || q.Get("iss") != p.w.URL {
		p.t.Errorf("answer %s lacks state or iss", at)
	}
	return q
}

func (p *party) signIn(b *oidctest.Browser, login string) (*oauth2.Token, *goidc.IDToken) {
	p.t.Helper()
	v := oauth2.GenerateVerifier()
	q := p.callback(b.SignIn(p.address(v), login))
	return p.redeem(q.Get("code"), v)
}

func (p *party) redeem(code, verifier string) (*oauth2.Token, *goidc.IDToken) {
	p.t.Helper()
	tok, err := p.oauth.Exchange(context.Background(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		p.t.Fatal(err)
	}
	raw, _ := tok.Extra("id_token").(string)
	id, err := p.provider.Verifier(&goidc.Config{ClientID: p.oauth.ClientID}).Verify(context.Background(), raw)
	if err != nil {
		p.t.Fatal(err)
	}
	if id.Nonce != "n-1" {
		p.t.Errorf("nonce %q", id.Nonce)
	}
	if err := id.VerifyAccessToken(tok.AccessToken); err != nil {
		p.t.Error(err)
	}
	return tok, id
}

func (p *party) alive(tok *oauth2.Token) bool {
	p.t.Helper()
	_, err := p.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(tok))
	return err == nil
}

// ID-LOG-03, ID-LOG-08, ID-CNS-01, ID-CNS-09, ID-SSO-03
func TestSignInWithForeignClient(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL", "fullname", "email")
	b := w.Browser()

	v := oauth2.GenerateVerifier()
	at := b.Follow(p.address(v))
	if !strings.HasPrefix(at, w.URL+"/login") {
		t.Fatalf("nobody was asked to sign in: %s", at)
	}
	at = b.Submit(at, url.Values{"login": {"Anna@Example.org"}, "password": {oidctest.Password}})
	if !strings.HasPrefix(at, w.URL+"/consent") {
		t.Fatalf("no consent was asked: %s", at)
	}
	tok, id := p.redeem(p.callback(b.Submit(at, url.Values{"grant": {"yes"}})).Get("code"), v)
	if id.Subject != person.FormatOID(oid) {
		t.Errorf("subject %s, want %d", id.Subject, oid)
	}
	var claims struct {
		Name     string   `json:"name"`
		Level    int      `json:"okno_level"`
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
		Locale   string   `json:"locale"`
		SID      string   `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if claims.Name != "Соколова Анна" || claims.Level != 1 || claims.ACR != "1fa" || claims.AMR[0] != "pwd" || claims.Locale != "ru" || claims.SID == "" ||
		time.Since(time.Unix(claims.AuthTime, 0)).Abs() > time.Minute {
		t.Errorf("claims %+v", claims)
	}
	info, err := p.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(tok))
	if err != nil || info.Subject != id.Subject || info.Email != "anna@example.org" || !info.EmailVerified {
		t.Errorf("user info %+v, %v", info, err)
	}

	// The second time nothing is asked, and a second person is another subject.
	again, id2 := p.redeem(p.callback(b.Follow(p.address(v))).Get("code"), v)
	if id2.Subject != id.Subject || again.AccessToken == tok.AccessToken {
		t.Error("the second sign-in differs")
	}
	w.Person("Иванов", "Пётр", "petr@example.org")
	if _, other := p.signIn(w.Browser(), "petr@example.org"); other.Subject == id.Subject {
		t.Error("two persons share a subject")
	}
}

// ID-SSO-01: a second relying party asks for no password, only for consent.
func TestSecondPartyAsksOnlyConsent(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("ONE", rp)
	w.Client("TWO", rp)
	b := w.Browser()
	newParty(t, w, "ONE").signIn(b, "anna@example.org")
	if at := b.Follow(newParty(t, w, "TWO").address(oauth2.GenerateVerifier())); !strings.HasPrefix(at, w.URL+"/consent") {
		t.Errorf("the second party leads to %s", at)
	}
}

// ID-CNS-02
func TestRefusedConsentComesBackAsAccessDenied(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL", "fullname"), w.Browser()
	at := b.Submit(b.Follow(p.address(oauth2.GenerateVerifier())), url.Values{"login": {"anna@example.org"}, "password": {oidctest.Password}})
	if q := p.callback(b.Submit(at, url.Values{})); q.Get("error") != "access_denied" || q.Get("code") != "" {
		t.Errorf("refusal answers %v", q)
	}
}

// ID-CNS-03: after withdrawal tokens stop working and the next sign-in asks again.
func TestWithdrawalKillsTokens(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL", "fullname"), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	if !p.alive(tok) {
		t.Fatal("a fresh token does not work")
	}
	// A wider consent in between must not end the first sign-in.
	wide := newParty(t, w, "PORTAL", "fullname", "snils")
	wide.signIn(b, "anna@example.org")
	if !p.alive(tok) {
		t.Error("widening the consent ended the older tokens")
	}
	list, err := w.Consents.List(context.Background(), oid, 10, 0)
	if err != nil || len(list) != 2 || list[0].Status(w.Clock.Now()) != "in_force" || list[1].Status(w.Clock.Now()) != "replaced" {
		t.Fatalf("consents %+v, %v", list, err)
	}
	if err := w.Consents.Withdraw(context.Background(), oid, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if p.alive(tok) {
		t.Error("the token works after the withdrawal")
	}
	if _, err := p.oauth.TokenSource(context.Background(), &oauth2.Token{RefreshToken: tok.RefreshToken}).Token(); err == nil {
		t.Error("the refresh token works after the withdrawal")
	}
	at := b.Follow(p.address(oauth2.GenerateVerifier()))
	if !strings.HasPrefix(at, w.URL+"/consent") {
		t.Errorf("the next sign-in leads to %s", at)
	}
	b.Submit(at, url.Values{"grant": {"yes"}})
	if p.alive(tok) {
		t.Error("a new consent woke the old token")
	}
}

// ID-LOG-10, ID-LOG-15
func TestWrongPasswordOpensNoSession(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	at := b.Follow(p.address(oauth2.GenerateVerifier()))
	for _, login := range []string{"anna@example.org", "nobody@example.org", "это не логин"} {
		if got := b.Submit(at, url.Values{"login": {login}, "password": {"Wrong-2026!"}}); !strings.HasSuffix(got, "#422") {
			t.Errorf("%s: %s", login, got)
		}
	}
	if again := b.Follow(p.address(oauth2.GenerateVerifier())); !strings.HasPrefix(again, w.URL+"/login") {
		t.Errorf("after wrong passwords: %s", again)
	}
}

// ID-SSO-07, ID-LOG-13: RP-initiated logout ends the session, the tokens and,
// by the back channel, the other parties' sessions.
func TestSingleLogout(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	got := make(chan string, 4)
	w.Mux.HandleFunc("POST /other/backchannel", func(_ http.ResponseWriter, r *http.Request) { got <- r.PostFormValue("logout_token") })
	w.Client("ONE", rp)
	w.Client("TWO", rp, func(c *client.Client) { c.BackchannelURI = w.URL + "/other/backchannel" })
	b := w.Browser()
	one, two := newParty(t, w, "ONE"), newParty(t, w, "TWO")
	tok1, id := one.signIn(b, "anna@example.org")
	tok2, _ := two.signIn(b, "anna@example.org")
	raw := tok1.Extra("id_token").(string)
	end := w.URL + "/oauth2/logout?id_token_hint=" + raw + "&post_logout_redirect_uri=" + url.QueryEscape(rp+"/bye") + "&state=s1"

	stranger := w.Browser()
	if at := stranger.Follow(end); at != rp+"/bye?state=s1" {
		t.Errorf("logout without a session leads to %s", at)
	}
	if !one.alive(tok1) {
		t.Fatal("a stranger's logout ended the session")
	}
	if at := b.Follow(end); at != rp+"/bye?state=s1" {
		t.Errorf("logout leads to %s", at)
	}
	if one.alive(tok1) || two.alive(tok2) {
		t.Error("tokens live after the logout")
	}
	if at := b.Follow(one.address(oauth2.GenerateVerifier())); !strings.HasPrefix(at, w.URL+"/login") {
		t.Errorf("after logout: %s", at)
	}
	if err := w.Queue.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case lt := <-got:
		v := two.provider.Verifier(&goidc.Config{ClientID: "TWO"})
		tok, err := v.Verify(context.Background(), lt)
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			SID    string         `json:"sid"`
			Events map[string]any `json:"events"`
			Nonce  *string        `json:"nonce"`
		}
		if err := tok.Claims(&claims); err != nil || tok.Subject != id.Subject || claims.SID == "" || claims.Nonce != nil ||
			claims.Events["http://schemas.openid.net/event/backchannel-logout"] == nil {
			t.Errorf("logout token %+v, %v", claims, err)
		}
	default:
		t.Error("the second party was not told")
	}
	page, err := w.Journal.List(context.Background(), oid, journal.Filter{})
	if err != nil || page.Entries[0].Kind != journal.SignedOut {
		t.Errorf("journal %+v, %v", page.Entries, err)
	}
}

// Without a hint the person is asked, since any page could send him here.
func TestLogoutWithoutHintAsks(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p, b := newParty(t, w, "PORTAL"), w.Browser()
	tok, _ := p.signIn(b, "anna@example.org")
	at := b.Follow(w.URL + "/oauth2/logout?client_id=PORTAL&post_logout_redirect_uri=" + url.QueryEscape(rp+"/bye"))
	if !strings.HasPrefix(at, w.URL+"/logout") || !p.alive(tok) {
		t.Fatalf("at %s, token alive %v", at, p.alive(tok))
	}
	if at = b.Submit(at, url.Values{}); at != rp+"/bye" || p.alive(tok) {
		t.Errorf("after «Выйти»: %s, token alive %v", at, p.alive(tok))
	}
	if at := b.Follow(w.URL + "/oauth2/logout?client_id=PORTAL&post_logout_redirect_uri=" + url.QueryEscape("https://evil.example/")); !strings.HasSuffix(at, "#422") {
		t.Errorf("a foreign address after logout: %s", at)
	}
}

// ID-SSO-05: a lower level gets an explanation and no code.
func TestLowLevelGetsNoCode(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("ROSREESTR", rp, func(c *client.Client) { c.MinLevel = person.Confirmed })
	p, b := newParty(t, w, "ROSREESTR"), w.Browser()
	at := b.Submit(b.Follow(p.address(oauth2.GenerateVerifier())), url.Values{"login": {"anna@example.org"}, "password": {oidctest.Password}})
	if !strings.HasPrefix(at, w.URL+"/login") || !strings.HasSuffix(at, "#200") {
		t.Fatalf("the level page is at %s", at)
	}
	res, err := b.HTTP.Get(strings.TrimSuffix(at, "#200"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "level" {
		t.Errorf("the step is %s", body)
	}
}

// ID-MFC-01: a staff site gets nobody with one factor.
func TestStaffSiteDemandsSecondFactor(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Клеркова", "Вера", "vera@example.org")
	w.Client("OFFICE", rp, func(c *client.Client) { c.FirstParty, c.SecondFactor = true, true })
	p, b := newParty(t, w, "OFFICE"), w.Browser()
	step := func() string {
		at := b.Follow(p.address(oauth2.GenerateVerifier()))
		res, err := b.HTTP.Get(strings.TrimSuffix(at, "#200"))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.Header.Get("Step")
	}
	b.Submit(b.Follow(p.address(oauth2.GenerateVerifier())), url.Values{"login": {"vera@example.org"}, "password": {oidctest.Password}})
	if got := step(); got != "no_factor" {
		t.Errorf("without an app: %s", got)
	}
	if err := w.DB.InTx(context.Background(), func(tx *db.Tx) error {
		return w.Credentials.SetTOTP(context.Background(), tx, oid, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
	}); err != nil {
		t.Fatal(err)
	}
	if got := step(); got != "second_factor" {
		t.Errorf("with an app: %s", got)
	}
}

func TestSessionEndStopsRefresh(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	oid := w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	tok, _ := p.signIn(w.Browser(), "anna@example.org")
	if err := w.DB.InTx(context.Background(), func(tx *db.Tx) error {
		return w.Sessions.EndOthers(context.Background(), tx, oid, "", session.EndPassword)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.oauth.TokenSource(context.Background(), &oauth2.Token{RefreshToken: tok.RefreshToken}).Token(); err == nil {
		t.Error("refresh works after all sessions ended")
	}
}

// Of 64 equal exchanges exactly one succeeds, and what it got is revoked, since
// somebody else holds the code.
func TestParallelExchangeOfOneCode(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	w.Person("Соколова", "Анна", "anna@example.org")
	w.Client("PORTAL", rp)
	p := newParty(t, w, "PORTAL")
	v := oauth2.GenerateVerifier()
	code := p.callback(w.Browser().SignIn(p.address(v), "anna@example.org")).Get("code")
	var mu sync.Mutex
	var won []*oauth2.Token
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			tok, err := p.oauth.Exchange(context.Background(), code, oauth2.VerifierOption(v))
			if err != nil {
				if !strings.Contains(err.Error(), "invalid_grant") {
					t.Errorf("a loser got %v", err)
				}
				return
			}
			mu.Lock()
			won = append(won, tok)
			mu.Unlock()
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d exchanges succeeded", len(won))
	}
	if p.alive(won[0]) {
		t.Error("the family lives although its code was used twice")
	}
}

func TestMetadataIsPublic(t *testing.T) {
	t.Parallel()
	w := oidctest.New(t)
	res, err := http.Get(w.URL + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var m map[string]any
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil || m["issuer"] != w.URL || m["backchannel_logout_supported"] != true {
		t.Errorf("metadata %v, %v", m, err)
	}
	if res.Header.Get("Cache-Control") != "public, max-age=3600" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("headers %v", res.Header)
	}
}
