// Package oidctest serves the protocol side of the identity provider over a
// real database, with the barest pages in place of the site: for tests of the
// fronts and of relying parties.
package oidctest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/oidc"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/idp/signin"
	"github.com/okno-gov/okno/internal/idp/token"
)

// Secret and Password are those of every client and person that [World] makes.
const (
	Secret   = "a-secret-of-a-test-client-1234567890"
	Password = "Okno-2026!"
)

// World is a provider that runs.
type World struct {
	T           testing.TB
	DB          *db.DB
	Clock       *clock.Clock
	Keys        *crypt.Keyring
	Queue       *job.Queue
	Settings    *setting.Settings
	Persons     *person.Persons
	Credentials *credential.Credentials
	Sessions    *session.Sessions
	Journal     *journal.Journal
	Clients     *client.Clients
	Consents    *consent.Consents
	Issuer      *token.Issuer
	Dispatcher  *signin.Dispatcher
	Provider    *oidc.Provider
	Mux         *http.ServeMux // further fronts may be added
	URL         string

	mu    sync.Mutex
	posts []Post
}

// Post is one back-channel message that was sent.
type Post struct {
	URL  string
	Form map[string]string
}

// Sources are all migrations that the protocol side needs.
func Sources() []db.Source {
	return []db.Source{
		ledger.Migrations(), setting.Migrations(), journal.Migrations(), event.Migrations(), person.Migrations(), credential.Migrations(),
		session.Migrations(), client.Migrations(), consent.Migrations(), token.Migrations(), signin.Migrations(),
	}
}

// New starts a provider with its own database; more are migrated besides.
func New(t testing.TB, more ...db.Source) *World {
	t.Helper()
	w := &World{T: t, DB: dbtest.New(t, append(Sources(), more...)...), Clock: clock.New(), Keys: crypt.NewTestKeyring(), Mux: http.NewServeMux()}
	srv := httptest.NewServer(w.Mux)
	t.Cleanup(srv.Close)
	w.URL = srv.URL
	w.Queue = job.New(w.DB, w.Clock)
	w.Settings = &setting.Settings{DB: w.DB, Clock: w.Clock}
	events := &event.Outbox{DB: w.DB, Clock: w.Clock, Queue: w.Queue}
	w.Journal = &journal.Journal{DB: w.DB, Clock: w.Clock, Keys: w.Keys}
	w.Persons = &person.Persons{DB: w.DB, Clock: w.Clock, Keys: w.Keys, Events: events}
	w.Credentials = &credential.Credentials{
		DB: w.DB, Clock: w.Clock, Keys: w.Keys, Passwords: crypt.NewPasswords(crypt.Cheap), Settings: w.Settings, Journal: w.Journal, Owner: silent{},
	}
	w.Sessions = &session.Sessions{DB: w.DB, Clock: w.Clock, Keys: w.Keys, Settings: w.Settings}
	w.Clients = &client.Clients{DB: w.DB, Clock: w.Clock, Keys: w.Keys}
	w.Consents = &consent.Consents{DB: w.DB, Clock: w.Clock, Clients: w.Clients, Events: events, Journal: w.Journal}
	w.Issuer = &token.Issuer{
		DB: w.DB, Clock: w.Clock, Keyring: w.Keys, Keys: &token.Keys{DB: w.DB, Clock: w.Clock, Keyring: w.Keys}, Queue: w.Queue,
		Persons: w.Persons, Consents: w.Consents, Clients: w.Clients, URL: w.URL, Poster: w,
	}
	w.Dispatcher = &signin.Dispatcher{
		DB: w.DB, Clock: w.Clock, Keys: w.Keys, Persons: w.Persons, Credentials: w.Credentials, Sessions: w.Sessions, Clients: w.Clients,
		Consents: w.Consents, Issuer: w.Issuer, Journal: w.Journal,
	}
	w.Provider = &oidc.Provider{
		DB: w.DB, Clock: w.Clock, Keys: w.Keys, Clients: w.Clients, Consents: w.Consents, Issuer: w.Issuer, Dispatcher: w.Dispatcher,
		Sessions: w.Sessions, Journal: w.Journal, Pages: pages{w},
	}
	events.Receivers, events.Signer = w.Consents, w.Issuer
	w.Sessions.OnEnd = append(w.Sessions.OnEnd, w.Issuer.SessionsEnded)
	w.Persons.OnDelete = append(w.Persons.OnDelete, w.Sessions.Erase, w.Credentials.Erase, w.Consents.Forget, w.Issuer.Forget, w.Dispatcher.Forget)
	w.Clients.Work(w.Queue)
	w.Consents.Work(w.Queue)
	w.Issuer.Work(w.Queue)
	w.Dispatcher.Work(w.Queue)
	w.Mux.Handle("/oauth2/", w.Provider.Handler())
	w.Mux.Handle("/.well-known/", w.Provider.Handler())
	w.Mux.HandleFunc("/login", w.login)
	w.Mux.HandleFunc("/consent", w.consent)
	w.Mux.HandleFunc("/logout", w.logout)
	w.Mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "home") })
	return w
}

type silent struct{}

func (silent) Tell(context.Context, *db.Tx, int64, string, ...any) error { return nil }

// PostForm delivers and remembers back-channel messages.
func (w *World) PostForm(_ context.Context, to string, form map[string]string) (int, error) {
	w.mu.Lock()
	w.posts = append(w.posts, Post{to, form})
	w.mu.Unlock()
	values := url.Values{}
	for k, v := range form {
		values.Set(k, v)
	}
	res, err := http.PostForm(to, values)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return res.StatusCode, nil
}

// Posts are the back-channel messages so far.
func (w *World) Posts() []Post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Post(nil), w.posts...)
}

// Person makes a simplified account with a confirmed e-mail and [Password].
func (w *World) Person(surname, given, email string) person.OID {
	w.T.Helper()
	ctx := context.Background()
	hash, err := w.Credentials.Hash(ctx, Password)
	w.must(err)
	var oid person.OID
	w.must(w.DB.InTx(ctx, func(tx *db.Tx) error {
		if oid, err = w.Persons.Create(ctx, tx, person.New{Surname: surname, Given: given}); err != nil {
			return err
		}
		c, err := w.Persons.AddContact(ctx, tx, oid, person.Email, email)
		if err != nil {
			return err
		}
		if _, err := w.Persons.ConfirmContact(ctx, tx, oid, c.ID); err != nil {
			return err
		}
		return w.Credentials.SetPassword(ctx, tx, oid, hash)
	}))
	return oid
}

// Client registers a client with [Secret] that returns to its own /cb.
func (w *World) Client(id, base string, change ...func(*client.Client)) client.Client {
	w.T.Helper()
	c := client.Client{
		ID: id, Name: "Портал " + id, Purpose: "чтобы заполнить заявление", HomeURL: base + "/", RedirectURIs: []string{base + "/cb"},
		PostLogoutURIs: []string{base + "/bye"}, Scopes: []string{"openid", "fullname", "birthdate", "gender", "snils", "id_doc", "email", "mobile", "contacts", "addresses", "kid_fullname", "kid_birthdate"},
	}
	for _, f := range change {
		f(&c)
	}
	w.must(w.Clients.Put(context.Background(), c))
	w.must(w.Clients.SetSecret(context.Background(), id, Secret))
	return c
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// Access signs the person of a login in at a client that needs no pages to be
// looked at, and returns an access token with the scopes.
func (w *World) Access(clientID, base, login string, scopes ...string) string {
	w.T.Helper()
	verifier := crypt.Token()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {base + "/cb"}, "scope": {"openid " + strings.Join(scopes, " ")},
		"state": {"s"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	at, err := url.Parse(w.Browser().SignIn(w.URL+oidc.PathAuthorize+"?"+q.Encode(), login))
	w.must(err)
	c, err := w.Clients.Get(context.Background(), clientID)
	w.must(err)
	t, err := w.Issuer.Redeem(context.Background(), c, at.Query().Get("code"), base+"/cb", verifier)
	w.must(err)
	return t.Access
}

// Browser is a client with cookies that follows redirects until foreign ground:
// the address of a relying party that nobody serves stays as the last location.
type Browser struct {
	w    *World
	HTTP *http.Client
}

// Browser opens a fresh browser.
func (w *World) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &Browser{w, &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Follow opens an address and follows redirects inside of the provider. It
// returns the last address: a page of the provider, or one elsewhere.
func (b *Browser) Follow(address string) string {
	b.w.T.Helper()
	for range 12 {
		if !strings.HasPrefix(address, b.w.URL) {
			return address
		}
		res, err := b.HTTP.Get(address)
		b.w.must(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusSeeOther {
			return res.Request.URL.String() + fmt.Sprintf("#%d", res.StatusCode)
		}
		next, err := res.Location()
		b.w.must(err)
		address = next.String()
	}
	b.w.T.Fatal("redirects without end")
	return ""
}

// Submit posts a form to an address of the provider and follows as Follow does.
func (b *Browser) Submit(address string, form url.Values) string {
	b.w.T.Helper()
	address, _, _ = strings.Cut(address, "#")
	res, err := b.HTTP.PostForm(address, form)
	b.w.must(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		return address + fmt.Sprintf("#%d", res.StatusCode)
	}
	next, err := res.Location()
	b.w.must(err)
	return b.Follow(next.String())
}

// SignIn walks from an authorization address through login and consent to the
// client's address, as a person with this login does.
func (b *Browser) SignIn(authorize, login string) string {
	b.w.T.Helper()
	at := b.Follow(authorize)
	if strings.HasPrefix(at, b.w.URL+"/login") {
		at = b.Submit(at, url.Values{"login": {login}, "password": {Password}})
	}
	if strings.HasPrefix(at, b.w.URL+"/consent") {
		at = b.Submit(at, url.Values{"grant": {"yes"}})
	}
	return at
}

const cookie = "test_session"

type pages struct{ w *World }

func (p pages) Session(r *http.Request) (*session.Session, error) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil, nil
	}
	return p.w.Sessions.ByToken(r.Context(), c.Value)
}

func (p pages) Forget(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: cookie, MaxAge: -1, Path: "/"})
}

func (p pages) LoginURL(handle string) string { return "/login?request=" + url.QueryEscape(handle) }

func (p pages) RegisterURL(handle string) string {
	return "/registration?request=" + url.QueryEscape(handle)
}
func (p pages) LogoutURL(handle string) string { return "/logout?to=" + url.QueryEscape(handle) }

func (p pages) Fail(w http.ResponseWriter, _ *http.Request, err error) {
	status := map[fault.Kind]int{fault.KindInvalid: 422, fault.KindNotFound: 404, fault.KindConflict: 409, fault.KindLimited: 429}[fault.KindOf(err)]
	if status == 0 {
		p.w.T.Logf("page failed: %v", err)
		status = 500
	}
	http.Error(w, err.Error(), status)
}

// login is the barest page for every step: its status tells which it is.
func (w *World) login(rw http.ResponseWriter, r *http.Request) {
	handle := r.URL.Query().Get("request")
	sess, err := pages{w}.Session(r)
	w.must(err)
	if r.Method == http.MethodPost {
		e, err := w.Dispatcher.Password(r.Context(), signin.Attempt{
			Login: r.PostFormValue("login"), Password: r.PostFormValue("password"), Current: sess,
			Visit: session.Visit{Device: "d", UserAgent: r.UserAgent(), Network: "127.0.0.1"},
		})
		if err != nil {
			pages{w}.Fail(rw, r, err)
			return
		}
		http.SetCookie(rw, &http.Cookie{Name: cookie, Value: e.Token, Path: "/", HttpOnly: true})
		sess = e.Session
	}
	w.step(rw, r, handle, sess)
}

func (w *World) step(rw http.ResponseWriter, r *http.Request, handle string, sess *session.Session) {
	step, err := w.Dispatcher.Next(r.Context(), handle, sess)
	if err != nil {
		pages{w}.Fail(rw, r, err)
		return
	}
	switch step.Kind {
	case signin.StepDone:
		http.Redirect(rw, r, step.Redirect, http.StatusSeeOther)
	case signin.StepConsent:
		http.Redirect(rw, r, "/consent?request="+url.QueryEscape(handle), http.StatusSeeOther)
	default:
		rw.Header().Set("Step", string(step.Kind))
		fmt.Fprint(rw, step.Kind)
	}
}

func (w *World) consent(rw http.ResponseWriter, r *http.Request) {
	handle := r.URL.Query().Get("request")
	if r.Method != http.MethodPost {
		fmt.Fprint(rw, "consent")
		return
	}
	if r.PostFormValue("grant") == "" {
		to, err := w.Dispatcher.Refuse(r.Context(), handle)
		w.must(err)
		http.Redirect(rw, r, to, http.StatusSeeOther)
		return
	}
	sess, err := pages{w}.Session(r)
	w.must(err)
	if _, err := w.Dispatcher.Grant(r.Context(), handle, sess, "ru"); err != nil {
		pages{w}.Fail(rw, r, err)
		return
	}
	w.step(rw, r, handle, sess)
}

func (w *World) logout(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		fmt.Fprint(rw, "Выйти?")
		return
	}
	sess, err := pages{w}.Session(r)
	w.must(err)
	to, err := w.Provider.SignOut(rw, r, sess, r.URL.Query().Get("to"))
	w.must(err)
	http.Redirect(rw, r, to, http.StatusSeeOther)
}
