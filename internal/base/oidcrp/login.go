package oidcrp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Options shape one sign-in.
type Options struct {
	Fresh     bool // the person proves himself anew
	Silent    bool // no page is shown: comes back signed in or not
	Register  bool // the provider opens its registration (OpenID Connect Prompt Create 1.0)
	LoginHint string
	VI        string // version for the visually impaired, as this site shows it: ours understands it, others ignore it
	Locale    string
}

// beginning is what Callback must know; it travels in a sealed cookie.
type beginning struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	ReturnTo string `json:"r"`
	Fresh    bool   `json:"f,omitempty"`
	At       int64  `json:"t"` // wall time
}

const (
	beginningLife = 70 * time.Minute // the provider keeps a request for an hour
	// maxBeginnings bounds the cookies that open tabs leave behind.
	maxBeginnings = 6
)

// cookie is the name of the session's cookie. On https it carries the prefix
// __Host- (RFC 6265bis): no other host can set it.
func (p *Party) cookie() string {
	if p.Config.Secure {
		return "__Host-" + p.Config.CookieName
	}
	return p.Config.CookieName
}

// CookieName is the name under which a browser holds the session.
func (p *Party) CookieName() string { return p.cookie() }

func (p *Party) beginningName(state string) string {
	sum := sha256.Sum256([]byte(state))
	return p.cookie() + "_s_" + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Begin leads the browser to the provider. returnTo is a path of this site;
// anything else becomes "/" (see [LocalPath]).
func (p *Party) Begin(w http.ResponseWriter, r *http.Request, returnTo string, o Options) error {
	m, err := p.discover(r.Context())
	if err != nil {
		return err
	}
	if !LocalPath(returnTo) {
		returnTo = "/"
	}
	b := beginning{State: crypt.Token(), Nonce: crypt.Token(), Verifier: crypt.Token(), ReturnTo: returnTo, Fresh: o.Fresh, At: p.Clock.Wall().Unix()}
	raw, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("begin sign-in: %w", err)
	}
	p.dropBeginnings(w, r, maxBeginnings-1)
	p.setCookie(w, p.beginningName(b.State), base64.RawURLEncoding.EncodeToString(p.Keys.Seal(raw, p.aad("begin"))), int(beginningLife.Seconds()))
	sum := sha256.Sum256([]byte(b.Verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {p.Config.ClientID}, "redirect_uri": {p.Config.RedirectURL}, "scope": {strings.Join(p.Config.Scopes, " ")},
		"state": {b.State}, "nonce": {b.Nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for name, v := range map[string]string{"login_hint": o.LoginHint, "ui_locales": o.Locale, "acr_values": p.Config.ACR, "prompt": prompt(o), "okno_vi": o.VI} {
		if v != "" {
			q.Set(name, v)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, m.Authorization+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

func prompt(o Options) string {
	switch {
	case o.Silent:
		return "none"
	case o.Fresh:
		return "login"
	case o.Register:
		return "create"
	}
	return ""
}

func (p *Party) aad(what string) string { return "oidcrp." + what + ":" + p.Config.ClientID }

func (p *Party) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: p.Config.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// dropBeginnings forgets all but the first keep of the browser's beginnings.
func (p *Party) dropBeginnings(w http.ResponseWriter, r *http.Request, keep int) {
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, p.cookie()+"_s_") {
			continue
		}
		if keep--; keep < 0 {
			p.setCookie(w, c.Name, "", -1)
		}
	}
}

// found opens the beginning that a state belongs to, nil when this browser has
// none (any more).
func (p *Party) found(r *http.Request, state string) *beginning {
	c, err := r.Cookie(p.beginningName(state))
	if err != nil || state == "" {
		return nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return nil
	}
	raw, err := p.Keys.Open(sealed, p.aad("begin"))
	if err != nil {
		return nil
	}
	var b beginning
	if json.Unmarshal(raw, &b) != nil || b.State != state || p.Clock.Wall().Sub(time.Unix(b.At, 0)) > beginningLife {
		return nil
	}
	return &b
}

// Callback takes the provider's answer, opens the session and leads back to
// where Begin was called for (ID-LOG-08, ID-LOG-16). Faults: Forbidden
// oidcrp.denied when the person refused (ID-CNS-02), Conflict oidcrp.again when
// the sign-in must be started anew, Forbidden oidcrp.weak when the proof was too
// weak, Unavailable oidcrp.provider_away; all with the argument "return".
func (p *Party) Callback(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	q := r.URL.Query()
	b := p.found(r, q.Get("state"))
	if b == nil {
		// A reload or the back button after a sign-in that went well.
		if s, err := p.Session(r); err == nil && s != nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return nil
		}
		return fault.Conflict("oidcrp.again").With("return", "/")
	}
	if q.Get("error") != "" {
		p.setCookie(w, p.beginningName(b.State), "", -1)
		return p.refused(w, r, b, q.Get("error"))
	}
	token, err := p.complete(r, b, q)
	if err != nil {
		if !isAway(err) && !fault.Is(err, fault.KindLimited) { // otherwise a reload may still succeed
			p.setCookie(w, p.beginningName(b.State), "", -1)
		}
		return asFault(err, b.ReturnTo)
	}
	p.setCookie(w, p.beginningName(b.State), "", -1)
	p.setCookie(w, p.cookie(), token, 0) // dies with the browser (C-54)
	http.Redirect(w, r, b.ReturnTo, http.StatusSeeOther)
	return nil
}

func asFault(err error, returnTo string) error {
	if f, ok := fault.As(err); ok {
		if f.Args == nil {
			return f.With("return", returnTo)
		}
		return err
	}
	if errors.Is(err, errToken) || errors.Is(err, errGrant) {
		return fault.Conflict("oidcrp.again").With("return", returnTo).Wrap(err)
	}
	return err
}

// refused turns an error answer into words, or into "not signed in" where we
// asked silently.
func (p *Party) refused(w http.ResponseWriter, r *http.Request, b *beginning, code string) error {
	switch code {
	case "login_required", "consent_required", "interaction_required", "account_selection_required":
		http.Redirect(w, r, b.ReturnTo, http.StatusSeeOther)
		return nil
	case "access_denied":
		return fault.Forbidden("oidcrp.denied").With("return", b.ReturnTo)
	case "temporarily_unavailable", "server_error":
		return fault.Unavailable("oidcrp.provider_away").With("return", b.ReturnTo)
	}
	return fmt.Errorf("sign-in: the provider answers %s", strconv.QuoteToASCII(cut(code, 60)))
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// complete redeems the code and opens the session; it returns the cookie's token.
func (p *Party) complete(r *http.Request, b *beginning, q url.Values) (string, error) {
	defer p.exchanges.Add(-1)
	if p.exchanges.Add(1) > maxExchanges {
		return "", fault.Limited("oidcrp.busy", timeout)
	}
	ctx := r.Context()
	m, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	// RFC 9207: an answer of another provider must not be taken for ours.
	if iss := q.Get("iss"); iss != "" && iss != p.Config.Issuer || iss == "" && m.AnswersIss {
		return "", errToken
	}
	a, err := p.exchange(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {p.Config.RedirectURL}, "code_verifier": {b.Verifier},
	})
	if err != nil {
		return "", err
	}
	c, err := p.identity(ctx, a, b.Nonce)
	if err != nil {
		return "", err
	}
	if b.Fresh && c.AuthTime.Before(time.Unix(b.At, 0).Add(-skew)) {
		return "", errToken
	}
	if p.Config.ACR != "" && c.ACR != p.Config.ACR {
		return "", fault.Forbidden("oidcrp.weak")
	}
	return p.openSession(ctx, r, a, c)
}

// openSession replaces what the browser had: the token is always a fresh one.
func (p *Party) openSession(ctx context.Context, r *http.Request, a *answer, c *wire) (string, error) {
	now := p.Clock.Now()
	s := &Session{
		ID: db.NewID(), Subject: c.Subject, Claims: c.Claims, OpenedAt: now, IdleUntil: now.Add(p.idle()), ExpiresAt: now.Add(p.life()), sid: c.SID,
		tokens: p.tokens(a),
	}
	token := crypt.Token()
	err := p.DB.InTx(ctx, func(tx *db.Tx) error {
		if old, err := r.Cookie(p.cookie()); err == nil {
			if err := p.end(ctx, tx, `token_hash=$3`, crypt.HashToken(old.Value)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO rp.session (id, party, subject, token_hash, sid, sealed, opened_at, seen_at, expires_at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$7,$8)`, s.ID, p.Config.ClientID, s.Subject, crypt.HashToken(token), s.sid, p.sealSession(s), now, s.ExpiresAt)
		if err != nil {
			return fmt.Errorf("open session: %w", err)
		}
		if p.OnLogin != nil {
			return p.OnLogin(ctx, tx, s)
		}
		return nil
	})
	return token, err
}
