package idsite

import (
	"net/http"
	"net/url"

	"github.com/okno-gov/okno/internal/idp/session"
)

// pages is what the protocol front needs of the site (oidc.Pages).
type pages struct{ site *Site }

// Session is the browser's session, nil when nobody is signed in.
func (p pages) Session(r *http.Request) (*session.Session, error) {
	sess, _, err := p.site.visitor(r)
	return sess, err
}

// Forget takes the session cookie away.
func (p pages) Forget(w http.ResponseWriter, _ *http.Request) {
	p.site.mux.DropCookie(w, sessionCookie)
}

// LoginURL is the page that asks the dispatcher for the next step.
func (p pages) LoginURL(handle string) string { return flow{request: handle}.url() }

// RegisterURL is the registration; afterwards it leads back to the client (ID-REG-02).
func (p pages) RegisterURL(handle string) string { return flow{request: handle}.at("/registration") }

// LogoutURL is the page that asks «Выйти?».
func (p pages) LogoutURL(handle string) string {
	return "/logout?" + url.Values{"to": {handle}}.Encode()
}

// Fail shows an error that cannot be told to a client.
func (p pages) Fail(w http.ResponseWriter, r *http.Request, err error) { p.site.mux.Fail(w, r, err) }
