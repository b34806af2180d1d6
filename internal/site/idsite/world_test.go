package idsite_test

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/oidc/oidctest"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/rest"
	"github.com/okno-gov/okno/internal/site/idsite"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// world is the site over real contexts and a real database; only the outside is
// faked: the outbox, and the two registers.
type world struct {
	*oidctest.World
	t          *testing.T
	enrolments *enrol.Enrolments
	operators  *operator.Operators
	site       http.Handler
	post       *postbox
	registers  *registers
}

const host = "esia.test"

func newWorld(t *testing.T) *world {
	t.Helper()
	bundle, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: oidctest.New(t, notify.Migrations(), enrol.Migrations(), operator.Migrations()), t: t, post: &postbox{}, registers: &registers{}}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	notices := &notify.Notices{DB: w.DB, Clock: w.Clock, Bundle: bundle, Outbox: w.post, Contacts: w.Persons.Reach, Site: "http://" + host, Brand: "Окно", Zone: moscow}
	w.Credentials.Owner = notices
	w.Dispatcher.Owner = notices
	w.Consents.Owner = notices
	w.enrolments = &enrol.Enrolments{
		DB: w.DB, Clock: w.Clock, Keys: w.Keys, Settings: w.Settings, Journal: w.Journal, Persons: w.Persons, Credentials: w.Credentials,
		Sessions: w.Sessions, Notices: notices, Identity: w.registers, Pension: w.registers, Zone: moscow,
	}
	w.enrolments.Work(w.Queue)
	w.Persons.OnDelete = append(w.Persons.OnDelete, w.enrolments.Erase, notices.Erase, w.Journal.Erase)
	w.operators = &operator.Operators{
		DB: w.DB, Clock: w.Clock, Keys: w.Keys, Journal: w.Journal, Persons: w.Persons, Credentials: w.Credentials, Sessions: w.Sessions,
		Enrolments: w.enrolments, Notices: notices,
	}
	site := &idsite.Site{
		Bundle: bundle, Clock: w.Clock, Keys: w.Keys, HelpURL: "https://uslugi.test/help/", Dispatcher: w.Dispatcher, Persons: w.Persons, Credentials: w.Credentials, Sessions: w.Sessions,
		Clients: w.Clients, Consents: w.Consents, Journal: w.Journal, Settings: w.Settings, Enrolments: w.enrolments, Notices: notices, Operators: w.operators,
		OIDC: w.Provider, REST: &rest.Profiles{Issuer: w.Issuer, Persons: w.Persons, Consents: w.Consents, Settings: w.Settings},
	}
	w.site = site.Handler()
	return w
}

func (w *world) browser() *kittest.Browser {
	w.t.Helper()
	b := kittest.New(w.t, host, w.site)
	b.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	return b
}

// settle runs what waits in the background.
func (w *world) settle() {
	w.t.Helper()
	if err := w.Queue.Settle(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// anna is a simplified person with a confirmed e-mail, signed in.
func (w *world) anna(email string) (person.OID, *kittest.Browser) {
	w.t.Helper()
	oid := w.Person("Тестова", "Анна", email)
	b := w.browser()
	signIn(b, email).WantPath("/")
	return oid, b
}

func signIn(b *kittest.Browser, login string) *kittest.Page {
	return b.Get("/login").Submit("form[action='/login']", "login", login, "password", oidctest.Password)
}

// raise gives a person verified data, and with level Confirmed a proofing too.
func (w *world) raise(oid person.OID, level person.Level, snils string) {
	w.t.Helper()
	ctx := context.Background()
	w.check(w.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := w.Persons.Enter(ctx, tx, oid, person.Data{
			Surname: "Тестова", Given: "Анна", Patronymic: "Викторовна", Sex: "F", BirthDate: time.Date(1991, 4, 17, 0, 0, 0, 0, time.UTC),
			BirthPlace: "гор. Тюмень", SNILS: snils, Citizenship: "RUS", DocumentType: person.RFPassport,
			Document: person.DocumentData{Series: "7111", Number: "904513", IssueDate: "2011-05-20", IssueID: "720001", IssuedBy: "УМВД"},
		}, "self")
		if err != nil {
			return err
		}
		if err := w.Persons.Verify(ctx, tx, oid, n, "registers", "mvd"); err != nil || level < person.Confirmed {
			return err
		}
		return w.Persons.Confirm(ctx, tx, oid, person.Proofing{Method: "centre", Provider: "c1", Place: "МФЦ", Actor: "1", Document: "RF_PASSPORT"})
	}))
}

// authorize is the address by which a client asks for a sign-in.
func authorize(c client.Client, scope string, more ...string) string {
	url := "/oauth2/authorize?response_type=code&client_id=" + c.ID + "&redirect_uri=" + c.RedirectURIs[0] +
		"&scope=" + strings.ReplaceAll(scope, " ", "+") + "&state=st-1&nonce=n-1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	return url + strings.Join(more, "")
}

// postbox takes the messages instead of the gateways.
type postbox struct {
	mu   sync.Mutex
	sent []outbound.Message
}

// Enqueue keeps a message once per id, as the real outbox does.
func (p *postbox) Enqueue(_ context.Context, _ *db.Tx, m outbound.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, old := range p.sent {
		if old.ID == m.ID {
			return nil
		}
	}
	p.sent = append(p.sent, m)
	return nil
}

func (p *postbox) to(address string) []outbound.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []outbound.Message
	for _, m := range p.sent {
		if m.To == address {
			out = append(out, m)
		}
	}
	return out
}

var (
	codePattern = regexp.MustCompile(`\b\d{6}\b`)
	linkPattern = regexp.MustCompile(`/link/[A-Za-z0-9_-]+`)
)

// secret is the last code or link that went to an address.
func (p *postbox) secret(t *testing.T, address string, pattern *regexp.Regexp) string {
	t.Helper()
	list := p.to(address)
	for i := len(list) - 1; i >= 0; i-- {
		if s := pattern.FindString(list[i].Text); s != "" && list[i].Class == outbound.Code {
			return s
		}
	}
	t.Fatalf("nothing was sent to %s: %v", address, list)
	return ""
}

// registers answer what the test tells them.
type registers struct {
	mu             sync.Mutex
	document, fund enrol.Answer
	err            error
	asked          int
}

func (r *registers) set(document, fund enrol.Answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.document, r.fund, r.err = document, fund, err
}

// CheckDocument is МВД's answer.
func (r *registers) CheckDocument(context.Context, enrol.DocumentQuery) (enrol.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.document, r.err
}

// CheckSNILS is the Social Fund's answer.
func (r *registers) CheckSNILS(context.Context, enrol.SNILSQuery) (enrol.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.fund, r.err
}

// setTOTP puts an authenticator in force.
func setTOTP(t *testing.T, w *world, oid person.OID) {
	t.Helper()
	w.check(w.DB.InTx(t.Context(), func(tx *db.Tx) error {
		return w.Credentials.SetTOTP(t.Context(), tx, oid, "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK")
	}))
}
