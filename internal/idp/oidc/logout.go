package oidc

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/session"
)

const logoutAAD = "oidc.logout"

// after is where to go when the person has signed out; it travels sealed
// through the page «Выйти?».
type after struct {
	ClientID string `json:"c"`
	URI      string `json:"u"`
	State    string `json:"s"`
}

// logout is OpenID Connect RP-Initiated Logout. With an id token of the very
// session, or its number as logout_hint, nobody is asked; otherwise a foreign page could sign people out, so
// the person confirms.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.Pages.Fail(w, r, fault.Invalid("signin.bad_request").Wrap(err))
		return
	}
	if r.Method == http.MethodPost { // carries no Lax cookie: our own GET does
		q := url.Values{}
		for _, k := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"} {
			if v := r.Form.Get(k); v != "" {
				q.Set(k, v)
			}
		}
		http.Redirect(w, r, PathLogout+"?"+q.Encode(), http.StatusSeeOther)
		return
	}
	to, hinted, err := p.logoutRequest(r)
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	sess, err := p.Pages.Session(r)
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	if sess != nil && sess.ID != hinted {
		http.Redirect(w, r, p.Pages.LogoutURL(p.seal(to)), http.StatusSeeOther)
		return
	}
	redirect, err := p.SignOut(w, r, sess, p.seal(to))
	if err != nil {
		p.Pages.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, redirect, http.StatusSeeOther)
}

// logoutRequest checks who asks and where to go then, and names the session of
// the hint.
func (p *Provider) logoutRequest(r *http.Request) (to after, hinted string, err error) {
	to = after{ClientID: r.Form.Get("client_id"), URI: r.Form.Get("post_logout_redirect_uri"), State: r.Form.Get("state")}
	if raw := r.Form.Get("id_token_hint"); raw != "" {
		h, err := p.Issuer.Hint(r.Context(), raw)
		if err != nil {
			return to, "", err
		}
		if h == nil || to.ClientID != "" && to.ClientID != h.ClientID {
			return to, "", fault.Invalid("signin.bad_request")
		}
		to.ClientID, hinted = h.ClientID, h.SessionID
	}
	// Our own sites name the session by its number instead, which only parties
	// of that session know: an id token would carry names through addresses.
	if hint := r.Form.Get("logout_hint"); hint != "" && hinted == "" {
		hinted = hint
	}
	if to.URI == "" {
		return after{}, hinted, nil
	}
	c, err := p.Clients.Get(r.Context(), to.ClientID)
	if err != nil {
		return to, "", err
	}
	if !c.AllowsAfterLogout(to.URI) || len(to.State) > maxState {
		return to, "", fault.Invalid("signin.bad_redirect").With("client", c.Name)
	}
	return to, hinted, nil
}

func (p *Provider) seal(to after) string {
	if to.URI == "" {
		return ""
	}
	raw, _ := json.Marshal(to) // three strings
	return base64.RawURLEncoding.EncodeToString(p.Keys.Seal(raw, logoutAAD))
}

// afterLogout opens a sealed address; it was checked when it was sealed.
func (p *Provider) afterLogout(handle string) string {
	sealed, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || handle == "" {
		return ""
	}
	raw, err := p.Keys.Open(sealed, logoutAAD)
	if err != nil {
		return ""
	}
	var to after
	u := new(url.URL)
	if json.Unmarshal(raw, &to) == nil {
		u, err = url.Parse(to.URI)
	}
	if err != nil {
		return ""
	}
	if to.State != "" {
		q := u.Query()
		q.Set("state", to.State)
		u.RawQuery = q.Encode()
	}
	return u.String()
}

// end closes the session; its tokens die and the back channel follows.
func (p *Provider) end(r *http.Request, sess *session.Session) error {
	return p.DB.InTx(r.Context(), func(tx *db.Tx) error {
		if err := p.Sessions.End(r.Context(), tx, sess.OID, sess.ID, session.EndLogout); err != nil {
			return err
		}
		return p.Journal.Write(r.Context(), tx, journal.Entry{
			OID: sess.OID, Kind: journal.SignedOut, Address: p.network(r), Device: sess.DeviceName,
		})
	})
}
