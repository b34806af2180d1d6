package oidc

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/okno-gov/okno/internal/idp/client"
)

// Whatever an authorization request says, what is kept of it stays within the
// client's registration and within the bounds that the page says.
func FuzzAuthorize(f *testing.F) {
	const pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	f.Add("response_type=code&scope=openid+fullname&state=x&nonce=y" + pkce)
	f.Add("response_type=code&scope=openid&prompt=none&max_age=0&acr_values=2fa&ui_locales=tt+ru" + pkce)
	f.Add("response_type=code&scope=openid&prompt=login+none" + pkce)
	f.Add("response_type=token&scope=openid")
	f.Add("response_type=code&scope=openid&scope=openid" + pkce)
	f.Add("response_type=code&scope=openid&max_age=99999999999999999999" + pkce)
	c := &client.Client{ID: "c", RedirectURIs: []string{"https://rp.example/cb"}, Scopes: []string{client.ScopeOpenID, "fullname"}}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q.Del("id_token_hint") // looked up in the database, see TestAuthorizeRefusesHostileRequests
		q.Set("redirect_uri", c.RedirectURIs[0])
		req, perr := (&Provider{}).parse(httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil), c, q)
		if perr != nil {
			if perr.Code == "" {
				t.Error("a refusal without a code")
			}
			return
		}
		switch {
		case !c.Allows(req.RedirectURI), !slices.Contains(req.Scopes, client.ScopeOpenID):
			t.Errorf("redirect %q, scopes %q", req.RedirectURI, req.Scopes)
		case len(req.Challenge) != 43, len(req.State) > maxState, len(req.Nonce) > maxNonce, len(req.LoginHint) > maxHint, len(req.Locales) > 5:
			t.Errorf("out of bounds: %+v", req)
		case req.MaxAge != nil && (*req.MaxAge < 0 || *req.MaxAge > 1<<30):
			t.Errorf("max_age %d", *req.MaxAge)
		case req.Silent && (req.Fresh || req.AskConsent):
			t.Errorf("silent and asking: %+v", req)
		}
		for _, s := range req.Scopes {
			if !slices.Contains(c.Scopes, s) {
				t.Errorf("scope %q is not the client's", s)
			}
		}
	})
}

// RFC 6749, 2.3.1: both halves are form-encoded inside of the Basic header.
func FuzzBasicAuth(f *testing.F) {
	f.Add("Basic " + base64.StdEncoding.EncodeToString([]byte("okno-portal-72:s%3Acret")))
	f.Add("Basic Og==")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", nil)
		r.Header.Set("Authorization", header)
		id, secret, ok := basicAuth(r)
		if !ok && (id != "" || secret != "") {
			t.Errorf("refused, and yet %q %q", id, secret)
		}
	})
}
