package oidc

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/token"
)

// grants are the grant types, each with its own part of the pipeline.
var grants = map[string]func(p *Provider, ctx context.Context, c *client.Client, form url.Values) (*token.Tokens, error){
	"authorization_code": (*Provider).byCode,
	"refresh_token":      (*Provider).byRefresh,
}

// token is the token endpoint: parse → authenticate client → grant → issue → write.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	form, err := parseForm(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		writeError(w, r, err)
		return
	}
	grant, ok := grants[form.Get("grant_type")]
	if !ok {
		writeError(w, r, bad("unsupported_grant_type", "grant_type must be authorization_code or refresh_token"))
		return
	}
	t, err := grant(p, r.Context(), c, form)
	if err != nil {
		writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
		RefreshToken string `json:"refresh_token,omitempty"`
		IDToken      string `json:"id_token,omitempty"`
		Scope        string `json:"scope"`
	}{t.Access, "Bearer", int(t.ExpiresIn.Seconds()), t.Refresh, t.ID, strings.Join(t.Scopes, " ")})
}

func (p *Provider) byCode(ctx context.Context, c *client.Client, form url.Values) (*token.Tokens, error) {
	code := form.Get("code")
	if code == "" {
		return nil, bad("invalid_request", "code is missing")
	}
	return p.Issuer.Redeem(ctx, c, code, form.Get("redirect_uri"), form.Get("code_verifier"))
}

func (p *Provider) byRefresh(ctx context.Context, c *client.Client, form url.Values) (*token.Tokens, error) {
	refresh := form.Get("refresh_token")
	if refresh == "" {
		return nil, bad("invalid_request", "refresh_token is missing")
	}
	return p.Issuer.Refresh(ctx, c, refresh, client.Expand(strings.Fields(form.Get("scope"))))
}

// parseForm reads a form body; parameters in the address do not count, since
// addresses end in logs (RFC 6749, 2.3.1).
func parseForm(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, bad("invalid_request", "the form cannot be read")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return nil, bad("invalid_request", name+" occurs twice")
		}
	}
	return r.PostForm, nil
}

// authenticate finds out which client speaks, by exactly one method:
// client_secret_basic, client_secret_post or private_key_jwt.
func (p *Provider) authenticate(r *http.Request, form url.Values) (*client.Client, error) {
	id, secret, basic := basicAuth(r)
	assertion := form.Get("client_assertion")
	methods := 0
	for _, used := range []bool{basic, form.Get("client_secret") != "", assertion != ""} {
		if used {
			methods++
		}
	}
	if methods > 1 {
		return nil, bad("invalid_request", "more than one way of client authentication")
	}
	if !basic {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	} else if other := form.Get("client_id"); other != "" && other != id {
		return nil, bad("invalid_request", "two different clients")
	}
	key := "client:" + id + "|" + p.network(r)
	if err := p.limits.full(key, failuresPerClient, p.Clock.Wall()); err != nil {
		return nil, err
	}
	c, err := p.prove(r, form, id, secret, assertion)
	if err != nil {
		_ = p.limits.take(key, failuresPerClient, p.Clock.Wall()) // counts; full refuses
	}
	return c, err
}

func (p *Provider) prove(r *http.Request, form url.Values, id, secret, assertion string) (*client.Client, error) {
	if assertion != "" {
		return p.byAssertion(r.Context(), form.Get("client_assertion_type"), id, assertion)
	}
	if id == "" || secret == "" {
		return nil, client.ErrCredentials
	}
	return p.Clients.Authenticate(r.Context(), id, secret)
}

// basicAuth reads HTTP Basic with form-encoded parts (RFC 6749, 2.3.1).
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	u, s, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(u)
	secret, err2 := url.QueryUnescape(s)
	if err1 != nil || err2 != nil {
		return u, s, true
	}
	return id, secret, true
}

// introspect is RFC 7662.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.programRequest(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	answer, err := p.Issuer.Introspect(r.Context(), c, form.Get("token"))
	if err != nil {
		writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// revoke is RFC 7009: 200 whatever the token was.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.programRequest(r)
	if err == nil {
		err = p.Issuer.Revoke(r.Context(), c, form.Get("token"))
	}
	if err != nil {
		writeError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

func (p *Provider) programRequest(r *http.Request) (*client.Client, url.Values, error) {
	form, err := parseForm(r)
	if err != nil {
		return nil, nil, err
	}
	c, err := p.authenticate(r, form)
	if err != nil {
		return nil, nil, err
	}
	if form.Get("token") == "" {
		return nil, nil, bad("invalid_request", "token is missing")
	}
	return c, form, nil
}

// userInfo is OpenID Connect Core, 5.3.
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	a, err := p.bearer(r)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if !a.Has(client.ScopeOpenID) {
		writeError(w, r, &Error{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "scope openid is needed", Challenge: "Bearer"})
		return
	}
	claims, err := p.Issuer.UserInfo(r.Context(), a)
	if err != nil {
		writeError(w, r, err)
		return
	}
	if slices.ContainsFunc(a.Scopes, func(s string) bool { return s != client.ScopeOpenID && s != client.ScopeOffline }) {
		if err := p.Consents.Used(r.Context(), a.OID, a.ClientOf, "userinfo"); err != nil {
			writeError(w, r, err)
			return
		}
	}
	writeJSON(w, http.StatusOK, claims)
}

// bearer checks the token of the Authorization header; tokens in addresses and
// forms are not taken (RFC 9700, 4.3.2).
func (p *Provider) bearer(r *http.Request) (*token.Access, error) {
	scheme, raw, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, &Error{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "a bearer token is needed", Challenge: "Bearer"}
	}
	return p.Issuer.Check(r.Context(), strings.TrimSpace(raw))
}
