package oidc

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/signin"
)

// Bounds of what we store for a client. The whole request is under 64 KiB.
const (
	maxState = 2048
	maxNonce = 512
	maxHint  = 320
)

// authorize is RFC 6749, 4.1.1 with OpenID Connect Core, 3.1.2. Until client and
// redirect address are known to belong together, errors are a page.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	if err := p.limits.take("authorize:"+p.network(r), requestsPerNetwork, p.Clock.Wall()); err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	if err := r.ParseForm(); err != nil {
		p.Pages.Fail(w, r, fault.Invalid("signin.bad_request").Wrap(err))
		return
	}
	q := r.Form
	c, err := p.askingClient(r, q)
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	req, perr := p.parse(r, c, q)
	if perr != nil {
		p.answerError(w, r, q.Get("redirect_uri"), q.Get("state"), perr)
		return
	}
	handle, err := p.Dispatcher.Begin(r.Context(), *req)
	if err != nil {
		p.answerError(w, r, req.RedirectURI, req.State, asError(r, err))
		return
	}
	register := slices.Contains(strings.Fields(q.Get("prompt")), promptCreate)
	if r.Method == http.MethodPost {
		// A POST from a foreign page carries no Lax cookie; our own GET does.
		to := url.Values{"request": {handle}}
		if register {
			to.Set("prompt", promptCreate)
		}
		http.Redirect(w, r, PathContinue+"?"+to.Encode(), http.StatusSeeOther)
		return
	}
	p.proceed(w, r, handle, register)
}

// resume continues a stored request by our own GET.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.proceed(w, r, q.Get("request"), q.Get("prompt") == promptCreate)
}

// promptCreate asks for the registration in place of the sign-in (OpenID Connect
// Prompt Create 1.0). Who is signed in has an account already.
const promptCreate = "create"

// proceed answers at once where nothing is to be asked (ID-SSO-01), and else
// leads to the pages.
func (p *Provider) proceed(w http.ResponseWriter, r *http.Request, handle string, register bool) {
	if handle == "" {
		p.Pages.Fail(w, r, fault.NotFound("signin.request_unknown"))
		return
	}
	sess, err := p.Pages.Session(r)
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	step, err := p.Dispatcher.Next(r.Context(), handle, sess)
	switch {
	case err != nil:
		p.Pages.Fail(w, r, err)
	case step.Kind == signin.StepDone:
		http.Redirect(w, r, step.Redirect, http.StatusSeeOther)
	case step.Request.Silent:
		code := map[signin.Kind]string{signin.StepLogin: "login_required", signin.StepConsent: "consent_required"}[step.Kind]
		if code == "" {
			code = "interaction_required"
		}
		p.answerError(w, r, step.Request.RedirectURI, step.Request.State, bad(code, "the request forbids to ask the person"))
	case register && sess == nil:
		http.Redirect(w, r, p.Pages.RegisterURL(handle), http.StatusSeeOther)
	default:
		http.Redirect(w, r, p.Pages.LoginURL(handle), http.StatusSeeOther)
	}
}

// askingClient finds the client and makes sure that the redirect address is its
// own. Whoever fails here gets no redirect (RFC 9700, 4.11).
func (p *Provider) askingClient(r *http.Request, q url.Values) (*client.Client, error) {
	for _, name := range []string{"client_id", "redirect_uri", "state"} {
		if len(q[name]) > 1 {
			return nil, fault.Invalid("signin.bad_request")
		}
	}
	c, err := p.Clients.Get(r.Context(), q.Get("client_id"))
	if err != nil {
		return nil, err
	}
	if !c.Allows(q.Get("redirect_uri")) {
		return nil, fault.Invalid("signin.bad_redirect").With("client", c.Name)
	}
	return c, nil
}

var challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`) // base64url of SHA-256

// parse checks everything else; its errors go to the client's address.
func (p *Provider) parse(r *http.Request, c *client.Client, q url.Values) (*signin.Request, *Error) {
	for name, values := range q {
		if len(values) > 1 {
			return nil, bad("invalid_request", name+" occurs twice")
		}
	}
	switch {
	case q.Get("request") != "":
		return nil, bad("request_not_supported", "request objects are not supported")
	case q.Get("request_uri") != "":
		return nil, bad("request_uri_not_supported", "request_uri is not supported")
	case q.Get("response_type") != "code":
		return nil, bad("unsupported_response_type", "response_type must be code")
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return nil, bad("invalid_request", "response_mode must be query")
	case !challenge.MatchString(q.Get("code_challenge")) || q.Get("code_challenge_method") != "S256":
		return nil, bad("invalid_request", "PKCE with code_challenge_method S256 is required")
	case len(q.Get("state")) > maxState || len(q.Get("nonce")) > maxNonce || len(q.Get("login_hint")) > maxHint:
		return nil, bad("invalid_request", "state, nonce or login_hint is too long")
	}
	wanted := strings.Fields(q.Get("scope"))
	if !slices.Contains(wanted, client.ScopeOpenID) {
		return nil, bad("invalid_scope", "scope must contain openid")
	}
	scopes := c.Permitted(client.Expand(wanted))
	if !slices.Contains(scopes, client.ScopeOpenID) {
		return nil, bad("invalid_scope", "the client may not ask for this")
	}
	req := &signin.Request{
		ClientID: c.ID, RedirectURI: q.Get("redirect_uri"), Scopes: scopes, State: q.Get("state"), Nonce: q.Get("nonce"),
		Challenge: q.Get("code_challenge"), LoginHint: q.Get("login_hint"), Locales: firstFields(q.Get("ui_locales"), 5),
		TwoFactors: slices.Contains(strings.Fields(q.Get("acr_values")), "2fa"),
	}
	if err := prompts(req, q.Get("prompt")); err != nil {
		return nil, err
	}
	if s := q.Get("max_age"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, bad("invalid_request", "max_age must be a number of seconds")
		}
		n = min(n, 1<<30)
		req.MaxAge = &n
	}
	return req, p.expectSubject(r, req, q.Get("id_token_hint"))
}

func firstFields(s string, n int) []string {
	f := strings.Fields(s)
	return f[:min(n, len(f))]
}

// prompts reads the prompt parameter; choosing an account means to sign in anew.
func prompts(req *signin.Request, s string) *Error {
	for _, v := range strings.Fields(s) {
		switch v {
		case "none":
			req.Silent = true
		case "login", "select_account":
			req.Fresh = true
		case "consent":
			req.AskConsent = true
		case promptCreate: // where to begin, see proceed
		default:
			return bad("invalid_request", "prompt has an unknown value")
		}
	}
	if fields := strings.Fields(s); req.Silent && len(fields) > 1 || slices.Contains(fields, promptCreate) && len(fields) > 1 {
		return bad("invalid_request", "prompt none and create go with nothing else")
	}
	return nil
}

// expectSubject takes the person out of an id token of ours, however old.
func (p *Provider) expectSubject(r *http.Request, req *signin.Request, hint string) *Error {
	if hint == "" {
		return nil
	}
	h, err := p.Issuer.Hint(r.Context(), hint)
	if err != nil {
		return asError(r, err)
	}
	if h == nil || h.ClientID != req.ClientID {
		return bad("invalid_request", "id_token_hint is not a token of this client")
	}
	req.Subject = &h.OID
	return nil
}

// answerError leads back to the client with an error.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, redirectURI, state string, e *Error) {
	http.Redirect(w, r, signin.Answer(redirectURI, state, p.Issuer.URL, "error", e.Code, "error_description", e.Description), http.StatusSeeOther)
}

// SignOut ends a session for the page «Выйти?» and for the link in the menu, and
// tells where to go then: the client's address of the handle, else "/".
func (p *Provider) SignOut(w http.ResponseWriter, r *http.Request, sess *session.Session, handle string) (redirect string, err error) {
	if sess != nil {
		if err := p.end(r, sess); err != nil {
			return "", err
		}
	}
	p.Pages.Forget(w, r)
	if to := p.afterLogout(handle); to != "" {
		return to, nil
	}
	return "/", nil
}
