package oidcrp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/clock"
)

// static answers what a provider publishes.
type static map[string][]byte

func (s static) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	body, ok := s[r.URL.Path]
	if !ok {
		rec.WriteHeader(http.StatusNotFound)
	}
	rec.Body.Write(body)
	return rec.Result(), nil
}

// An id token, a logout token or a security event is either the very bytes that
// the provider signed, or nothing.
func FuzzToken(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		f.Fatal(err)
	}
	const issuer = "https://op.example"
	meta, err := json.Marshal(map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/jwks",
		"response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
	})
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		f.Fatal(err)
	}
	signed := []byte(`{"iss":"https://op.example","sub":"1000000001","aud":["c"],"exp":4000000000,"iat":1}`)
	obj, err := signer.Sign(signed)
	if err != nil {
		f.Fatal(err)
	}
	token, err := obj.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	p := &Party{
		Clock: clock.New(), Config: Config{Issuer: issuer, ClientID: "c"},
		HTTP: &http.Client{Transport: static{"/.well-known/openid-configuration": meta, "/jwks": set}},
	}
	if got, err := p.verify(context.Background(), token, "JWT"); err != nil || !bytes.Equal(got, signed) {
		f.Fatalf("the honest token: %s, %v", got, err)
	}
	f.Add(token)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(token[:len(token)-4])
	f.Add(token + ".x.y")
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := p.verify(context.Background(), raw, "JWT")
		if err == nil && !bytes.Equal(got, signed) {
			t.Errorf("believed %s", got)
		}
		if c, err := p.open(context.Background(), raw, "JWT"); err == nil && c.Subject != "1000000001" {
			t.Errorf("believed the subject %q", c.Subject)
		}
	})
}

// The claim aud is a string or a list of strings, and nothing else.
func FuzzAudience(f *testing.F) {
	f.Add([]byte(`"c"`))
	f.Add([]byte(`["c","d"]`))
	f.Add([]byte(`{"c":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a audience
		if json.Unmarshal(raw, &a) != nil {
			return
		}
		again, err := json.Marshal([]string(a))
		if err != nil {
			t.Fatal(err)
		}
		var b audience
		if err := json.Unmarshal(again, &b); err != nil || len(a) != len(b) {
			t.Errorf("%s: %v then %v, %v", raw, a, b, err)
		}
	})
}
