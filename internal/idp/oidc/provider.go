package oidc

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/signin"
	"github.com/okno-gov/okno/internal/idp/token"
)

// Provider serves the protocol. All fields but Network are needed.
type Provider struct {
	DB         *db.DB
	Clock      *clock.Clock
	Keys       *crypt.Keyring
	Clients    *client.Clients
	Consents   *consent.Consents
	Issuer     *token.Issuer
	Dispatcher *signin.Dispatcher
	Sessions   *session.Sessions
	Journal    *journal.Journal
	Pages      Pages
	// Network is the client's address for limits, behind proxies if need be;
	// nil: the connection's.
	Network func(r *http.Request) string

	limits    limiter
	meta      sync.Once
	documents [2]*Document // discovery, under both of its addresses
	keys      atomic.Pointer[Document]
}

// Pages is what the site of the identity provider gives: cookies and pages.
type Pages interface {
	// Session is the browser's session, nil when nobody is signed in.
	Session(r *http.Request) (*session.Session, error)
	// Forget takes the session cookie away.
	Forget(w http.ResponseWriter, r *http.Request)
	// LoginURL is the page that asks the dispatcher for the next step.
	LoginURL(handle string) string
	// RegisterURL is the registration, from which the request goes on.
	RegisterURL(handle string) string
	// LogoutURL is the page that asks «Выйти?»; handle goes to [Provider.SignOut].
	LogoutURL(handle string) string
	// Fail shows an error that cannot be told to a client.
	Fail(w http.ResponseWriter, r *http.Request, err error)
}

// Paths below the issuer.
const (
	PathAuthorize  = "/oauth2/authorize"
	PathContinue   = "/oauth2/continue"
	PathToken      = "/oauth2/token"
	PathUserInfo   = "/oauth2/userinfo"
	PathIntrospect = "/oauth2/introspect"
	PathRevoke     = "/oauth2/revoke"
	PathLogout     = "/oauth2/logout"
	PathJWKS       = "/oauth2/jwks"
	PathDiscovery  = "/.well-known/openid-configuration"
	PathMetadata   = "/.well-known/oauth-authorization-server"
)

// CrossOrigin are the patterns that take requests from foreign pages and
// programs: exempt them from http.CrossOriginProtection. None acts by cookie on
// a POST.
var CrossOrigin = []string{
	"POST " + PathAuthorize, "POST " + PathToken, "POST " + PathUserInfo, "POST " + PathIntrospect, "POST " + PathRevoke, "POST " + PathLogout,
}

// Handler is the whole route table.
func (p *Provider) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+PathAuthorize, p.authorize)
	m.HandleFunc("POST "+PathAuthorize, p.authorize)
	m.HandleFunc("GET "+PathContinue, p.resume)
	m.HandleFunc("POST "+PathToken, p.token)
	m.HandleFunc("GET "+PathUserInfo, p.userInfo)
	m.HandleFunc("POST "+PathUserInfo, p.userInfo)
	m.HandleFunc("POST "+PathIntrospect, p.introspect)
	m.HandleFunc("POST "+PathRevoke, p.revoke)
	m.HandleFunc("GET "+PathLogout, p.logout)
	m.HandleFunc("POST "+PathLogout, p.logout)
	m.HandleFunc("GET "+PathJWKS, p.jwks)
	m.HandleFunc("GET "+PathDiscovery, p.discovery)
	m.HandleFunc("GET "+PathMetadata, p.discovery)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		m.ServeHTTP(w, r)
	})
}

func (p *Provider) network(r *http.Request) string {
	if p.Network != nil {
		return p.Network(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
