package kittest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// Provider is an identity provider that asks nothing: it signs in whom the test
// names. Add it to a Browser under its host, and give it to the relying party as
// the transport of its HTTP client.
type Provider struct {
	Issuer string           // http://esia.test
	Wall   func() time.Time // the relying party's wall time

	t      testing.TB
	key    *ecdsa.PrivateKey
	mu     sync.Mutex
	claims map[string]any
	codes  map[string]grant
}

type grant struct {
	claims   map[string]any
	nonce    string
	audience string
}

// NewProvider returns a provider with a key of its own.
func NewProvider(t testing.TB, issuer string, wall func() time.Time) *Provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Provider{Issuer: issuer, Wall: wall, t: t, key: key, codes: map[string]grant{}}
}

// SignIn names who is signed in from now on: the claims of his id tokens, among
// them sub.
func (p *Provider) SignIn(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = claims
}

// RoundTrip implements [http.RoundTripper].
func (p *Provider) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.json(w, map[string]any{
			"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token",
			"jwks_uri": p.Issuer + "/jwks", "end_session_endpoint": p.Issuer + "/logout",
		})
	case "/jwks":
		p.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case "/authorize":
		q := r.URL.Query()
		code := crypt.Token()
		p.codes[code] = grant{p.claims, q.Get("nonce"), q.Get("client_id")}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
	case "/token":
		p.token(w, r)
	case "/logout":
		http.Redirect(w, r, r.URL.Query().Get("post_logout_redirect_uri"), http.StatusSeeOther)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	g, ok := p.codes[r.PostFormValue("code")]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		p.json(w, map[string]any{"error": "invalid_grant"})
		return
	}
	access, now := crypt.Token(), p.Wall()
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.Issuer, "aud": g.audience, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"auth_time": now.Unix(), "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]), "sid": crypt.Token(),
	}
	maps.Copy(claims, g.claims)
	p.json(w, map[string]any{
		"access_token": access, "refresh_token": crypt.Token(), "id_token": p.sign(claims), "token_type": "Bearer", "expires_in": 3600,
	})
}

func (p *Provider) sign(claims map[string]any) string {
	raw, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		p.t.Error(err)
		return ""
	}
	sig, err := signer.Sign(raw)
	if err != nil {
		p.t.Error(err)
		return ""
	}
	out, err := sig.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	return out
}

func (p *Provider) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}
