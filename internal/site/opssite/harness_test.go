package opssite_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/outcall"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
	"github.com/okno-gov/okno/internal/site/opssite"
	"github.com/okno-gov/okno/locale"
)

const (
	admin        = "1000000001"
	clerk        = "1000000002"
	metricsToken = "metrics-token-for-tests"
)

// world is the site with one system on a real database, and an identity
// provider that signs in whom the test names.
type world struct {
	t            testing.TB
	db           *db.DB
	clock        *clock.Clock
	queue        *job.Queue
	outbox       *outbound.Outbox
	box          *outbound.Box
	ledger       *ledger.Ledger
	destinations []outcall.Destination
	rights       map[string]bool
	events       []opssite.Event
	retried      []string
	checks       []opssite.Check
	misses       []opssite.Miss
	idp          *provider
	site         *opssite.Site
	http         http.Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.New(t, oidcrp.Migrations(), outbound.Migrations(), ledger.Migrations())
	c, keys := clock.New(), crypt.NewTestKeyring()
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	w := &world{t: t, db: d, clock: c, queue: job.New(d, c), box: &outbound.Box{}, rights: map[string]bool{admin: true}}
	w.idp = newProvider(t)
	w.outbox = &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: w.queue, Senders: map[outbound.Channel]outbound.Sender{outbound.SMS: w.box}}
	w.outbox.Work(w.queue)
	w.ledger = &ledger.Ledger{DB: d, Clock: c, Keys: keys}
	w.ledger.Work(w.queue)
	metrics := prometheus.NewRegistry()
	w.site = &opssite.Site{
		Bundle: bundle, Log: slog.New(slog.DiscardHandler), Clock: c, Zone: time.UTC, Version: "okno test", Started: c.Wall(),
		Metrics: metrics, Gatherer: metrics, MetricsToken: metricsToken,
		Allowed:      func(_ context.Context, subject string) (bool, error) { return w.rights[subject], nil },
		Destinations: func() []outcall.Destination { return w.destinations },
		Systems: []opssite.System{{
			Code: "one", Name: "Первая система", DB: d, Ping: d.Ping, Queue: w.queue, Outbox: w.outbox, Ledger: w.ledger,
			Rewrap: &db.Rewrap{DB: d, Clock: c, Keys: keys, Tables: db.Tables(outbound.Migrations(), ledger.Migrations())},
			Events: func(context.Context, int) ([]opssite.Event, error) { return w.events, nil },
			RetryEvent: func(_ context.Context, _ *db.Tx, id, receiver string) error {
				w.retried = append(w.retried, id+" "+receiver)
				return nil
			},
			Checks: func(context.Context) ([]opssite.Check, error) { return w.checks, nil },
			Misses: func(context.Context, int) ([]opssite.Miss, int64, error) { return w.misses, 3, nil },
		}},
		Keys: keys, Disk: func() (opssite.Disk, error) { return opssite.Disk{Free: 5 << 30, Total: 20 << 30}, nil },
		Party: &oidcrp.Party{
			DB: d, Clock: c, Keys: keys, HTTP: &http.Client{Transport: w.idp},
			Config: oidcrp.Config{
				Issuer: issuer, ClientID: "okno-ops", ClientSecret: "secret", RedirectURL: "http://ops.test/auth/callback",
				PostLogoutURL: "http://ops.test/", Scopes: []string{"openid"}, CookieName: "ops", ACR: "2fa",
			},
		},
	}
	w.http = w.site.Handler()
	return w
}

func (w *world) visitor() *kittest.Browser {
	return kittest.New(w.t, "ops.test", w.http).Add("esia.test", w.idp)
}

// signedIn is the browser of a subject who proved himself with a second factor.
func (w *world) signedIn(subject string) *kittest.Browser {
	w.idp.subject = subject
	b := w.visitor()
	b.Get("/auth/begin?back=/")
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const issuer = "http://esia.test"

// provider is an identity provider that asks nothing.
type provider struct {
	t            testing.TB
	key          *ecdsa.PrivateKey
	subject, acr string
	nonce        map[string]string
}

func newProvider(t testing.TB) *provider {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &provider{t: t, key: key, acr: "2fa", nonce: map[string]string{}}
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.json(w, map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks",
			"end_session_endpoint": issuer + "/logout",
		})
	case "/jwks":
		p.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case "/authorize":
		q := r.URL.Query()
		code := crypt.Token()
		p.nonce[code] = q.Get("nonce")
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
	case "/token":
		p.token(w, p.nonce[r.PostFormValue("code")])
	default:
		http.NotFound(w, r)
	}
}

func (p *provider) token(w http.ResponseWriter, nonce string) {
	access, now := crypt.Token(), time.Now()
	sum := sha256.Sum256([]byte(access))
	raw, err := json.Marshal(map[string]any{
		"iss": issuer, "aud": "okno-ops", "sub": p.subject, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"auth_time": now.Unix(), "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "sid": crypt.Token(), "okno_level": 3, "acr": p.acr,
		"family_name": "Админова", "given_name": "Алла", "locale": "ru",
	})
	must(p.t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	must(p.t, err)
	sig, err := signer.Sign(raw)
	must(p.t, err)
	id, err := sig.CompactSerialize()
	must(p.t, err)
	p.json(w, map[string]any{"access_token": access, "refresh_token": crypt.Token(), "id_token": id, "token_type": "Bearer", "expires_in": 3600})
}

func (p *provider) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	must(p.t, json.NewEncoder(w).Encode(v))
}
