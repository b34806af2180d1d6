package oidc

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/idp/client"
)

// metadata is OpenID Connect Discovery, 3, and RFC 8414.
func (p *Provider) metadata() map[string]any {
	u := p.Issuer.URL
	auth := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	return map[string]any{
		"issuer":                           u,
		"authorization_endpoint":           u + PathAuthorize,
		"token_endpoint":                   u + PathToken,
		"userinfo_endpoint":                u + PathUserInfo,
		"jwks_uri":                         u + PathJWKS,
		"introspection_endpoint":           u + PathIntrospect,
		"revocation_endpoint":              u + PathRevoke,
		"end_session_endpoint":             u + PathLogout,
		"scopes_supported":                 append(client.Scopes(), "profile", "phone", "address"),
		"response_types_supported":         []string{"code"},
		"response_modes_supported":         []string{"query"},
		"grant_types_supported":            []string{"authorization_code", "refresh_token"},
		"acr_values_supported":             []string{"1fa", "2fa"},
		"subject_types_supported":          []string{"public"},
		"code_challenge_methods_supported": []string{"S256"},
		"claims_supported": []string{
			"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid", "okno_level", "okno_proofing", "locale",
			"name", "given_name", "family_name", "middle_name", "birthdate", "gender", "email", "email_verified", "phone_number",
			"phone_number_verified", "updated_at",
		},
		"id_token_signing_alg_values_supported":            []string{"ES256"},
		"token_endpoint_auth_methods_supported":            auth,
		"introspection_endpoint_auth_methods_supported":    auth,
		"revocation_endpoint_auth_methods_supported":       auth,
		"token_endpoint_auth_signing_alg_values_supported": []string{"ES256", "PS256", "RS256"},
		"prompt_values_supported":                          []string{"none", "login", "consent", "select_account", "create"},
		"ui_locales_supported":                             []string{"ru", "tt", "en"},
		"backchannel_logout_supported":                     true,
		"backchannel_logout_session_supported":             true,
		"authorization_response_iss_parameter_supported":   true,
		"request_parameter_supported":                      false,
		"request_uri_parameter_supported":                  false,
		"claims_parameter_supported":                       false,
	}
}

// discovery changes only with a release: the bytes are made once, and an hour in
// a cache harms nobody.
func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	p.document(PathDiscovery).ServeHTTP(w, r)
}

func (p *Provider) document(path string) *Document {
	p.meta.Do(func() {
		body, err := json.Marshal(p.metadata())
		if err != nil {
			panic(err) // strings and lists always marshal
		}
		for i, one := range [2]string{PathDiscovery, PathMetadata} {
			p.documents[i] = document(one, metadataAge, body)
		}
	})
	if path == PathMetadata {
		return p.documents[1]
	}
	return p.documents[0]
}

var (
	metadataAge = []string{"public, max-age=3600"}
	keysAge     = []string{"public, max-age=900"}
	anyOrigin   = []string{"*"}
	jsonType    = []string{"application/json"}
)

// Document is what everybody reads without asking or waiting for anything. The
// site adds the headers that all its documents carry.
type Document struct {
	Route string
	age   []string
	body  []byte
	size  []string
}

func document(path string, age []string, body []byte) *Document {
	return &Document{"GET " + path, age, body, []string{strconv.Itoa(len(body))}}
}

// ServeHTTP writes the document.
func (d *Document) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Length"] = d.size // else a longer one is sent in chunks
	public(w, d.age, d.body)
}

// Ready finds the document of a path; nil when there is none, or none just now.
func (p *Provider) Ready(path string) *Document {
	switch path {
	case PathDiscovery, PathMetadata:
		return p.document(path)
	case PathJWKS:
		body := p.Issuer.Keys.ReadySet()
		if body == nil {
			return nil
		}
		if d := p.keys.Load(); d != nil && &d.body[0] == &body[0] { // made from these very bytes
			return d
		}
		d := document(path, keysAge, body)
		p.keys.Store(d)
		return d
	}
	return nil
}

// jwks may be cached for as long as a fresh key is published before it signs
// (a day), with a wide margin.
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	body, err := p.Issuer.Keys.SetJSON(r.Context())
	if err != nil {
		writeError(w, r, err)
		return
	}
	public(w, keysAge, body)
}

// public writes a document; its headers are shared, nobody changes them.
func public(w http.ResponseWriter, age []string, body []byte) {
	h := w.Header()
	h["Cache-Control"], h["Access-Control-Allow-Origin"], h["Content-Type"] = age, anyOrigin, jsonType
	_, _ = w.Write(body)
}
