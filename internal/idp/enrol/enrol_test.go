package enrol_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/locale"
)

var (
	start  = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)
	moscow = time.FixedZone("MSK", 3*60*60)
	bundle = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(locale.FS) })
)

const (
	phone  = "+79120000101"
	email  = "anna.testova@example.com"
	secret = "Okno-2026!"
	other  = "Drugoy-2027!"
)

// post collects what is written to people, in place of the outbox.
type post struct {
	mu   sync.Mutex
	seen map[string]bool
	all  []outbound.Message
}

func (p *post) Enqueue(_ context.Context, tx *db.Tx, m outbound.Message) error {
	if tx.Raw() == nil {
		return errors.New("a message outside of a transaction")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[m.ID] {
		return nil
	}
	p.seen[m.ID] = true
	p.all = append(p.all, m)
	return nil
}

// to lists the texts to an address, the newest last.
func (p *post) to(address string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, m := range p.all {
		if m.To == address {
			out = append(out, m.Text)
		}
	}
	return out
}

var codeInText = regexp.MustCompile(`\b\d{6}\b`)

func (p *post) code(t *testing.T, address string) string {
	t.Helper()
	texts := p.to(address)
	for i := len(texts) - 1; i >= 0; i-- {
		if c := codeInText.FindString(texts[i]); c != "" {
			return c
		}
	}
	t.Fatalf("no code came to %s: %q", address, texts)
	return ""
}

func (p *post) link(t *testing.T, address string) string {
	t.Helper()
	texts := p.to(address)
	for i := len(texts) - 1; i >= 0; i-- {
		if _, rest, ok := strings.Cut(texts[i], enrol.LinkPath); ok {
			token, _, _ := strings.Cut(rest, "\n")
			return token
		}
	}
	t.Fatalf("no link came to %s: %q", address, texts)
	return ""
}

// register is a register of the state that answers as told.
type register struct {
	mu     sync.Mutex
	answer enrol.Answer
	err    error
	asked  []string
}

func (r *register) set(a enrol.Answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.err = a, err
}

func (r *register) ask(id string) (enrol.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, id)
	return r.answer, r.err
}

func (r *register) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

func (r *register) CheckDocument(_ context.Context, q enrol.DocumentQuery) (enrol.Answer, error) {
	return r.ask(q.ID)
}

func (r *register) CheckSNILS(_ context.Context, q enrol.SNILSQuery) (enrol.Answer, error) {
	return r.ask(q.ID)
}

type world struct {
	*enrol.Enrolments
	post     *post
	mvd, sfr *register
	q        *job.Queue
}

var visit = session.Visit{Device: "browser", UserAgent: "Mozilla/5.0 (X11; Linux) Firefox/140.0", Network: "203.0.113.7"}

func setUp(t *testing.T) *world {
	t.Helper()
	d := dbtest.New(t, person.Migrations(), event.Migrations(), credential.Migrations(), session.Migrations(),
		journal.Migrations(), setting.Migrations(), notify.Migrations(), enrol.Migrations())
	b, err := bundle()
	must(t, err)
	c, keys := clock.At(start), crypt.NewTestKeyring()
	w := &world{post: &post{seen: map[string]bool{}}, mvd: &register{}, sfr: &register{}}
	w.mvd.set(enrol.Answer{Result: enrol.Match}, nil)
	w.sfr.set(enrol.Answer{Result: enrol.Match}, nil)
	settings := &setting.Settings{DB: d, Clock: c}
	log := &journal.Journal{DB: d, Clock: c, Keys: keys}
	persons := &person.Persons{DB: d, Clock: c, Keys: keys, Events: &event.Outbox{DB: d, Clock: c}}
	notices := &notify.Notices{
		DB: d, Clock: c, Bundle: b, Outbox: w.post, Contacts: persons.Reach, Site: "https://esia.example", Brand: "Окно", Zone: moscow,
	}
	credentials := &credential.Credentials{
		DB: d, Clock: c, Keys: keys, Passwords: crypt.NewPasswords(crypt.Cheap), Settings: settings, Journal: log, Owner: notices,
	}
	sessions := &session.Sessions{DB: d, Clock: c, Keys: keys, Settings: settings}
	w.Enrolments = &enrol.Enrolments{
		DB: d, Clock: c, Keys: keys, Settings: settings, Journal: log, Persons: persons, Credentials: credentials, Sessions: sessions,
		Notices: notices, Identity: w.mvd, Pension: w.sfr, Zone: moscow,
	}
	persons.OnDelete = append(persons.OnDelete, sessions.Erase, credentials.Erase, w.Erase, notices.Erase, log.Erase)
	w.q = job.New(d, c)
	w.Work(w.q)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(err error) string {
	f, _ := fault.As(err)
	if f == nil {
		if err == nil {
			return ""
		}
		return "not a fault: " + err.Error()
	}
	return f.Key
}

// fields lists what is wrong as "field key", in order.
func fields(err error) string {
	f, _ := fault.As(err)
	if f == nil {
		return ""
	}
	var out []string
	for _, x := range f.Fields {
		out = append(out, x.Name+" "+x.Key)
	}
	return strings.Join(out, ", ")
}

func (w *world) settle(t *testing.T) {
	t.Helper()
	must(t, w.q.Settle(context.Background()))
}

func application(phone, email string) enrol.Application {
	return enrol.Application{Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", Phone: phone, Email: email, Consent: true, Locale: "ru"}
}

// begin starts a registration.
func (w *world) begin(t *testing.T, a enrol.Application) string {
	t.Helper()
	token, err := w.BeginRegistration(context.Background(), a, visit)
	must(t, err)
	return token
}

// registered makes an account with a confirmed phone.
func (w *world) registered(t *testing.T, number string) *enrol.Entry {
	t.Helper()
	ctx := context.Background()
	token := w.begin(t, application(number, ""))
	must(t, w.EnterRegistrationCode(ctx, token, w.post.code(t, number)))
	entry, err := w.FinishRegistration(ctx, token, enrol.Password{Password: secret, Repeat: secret}, visit)
	must(t, err)
	return entry
}

func (w *world) self(e *enrol.Entry) enrol.Self { return enrol.Self{Session: e.Session, Visit: visit} }

func (w *world) step(t *testing.T, token string) enrol.Step {
	t.Helper()
	r, err := w.Registration(context.Background(), token)
	must(t, err)
	return r.Step
}

func (w *world) profile(t *testing.T, oid person.OID) *person.Profile {
	t.Helper()
	p, err := w.Persons.Profile(context.Background(), oid)
	must(t, err)
	return p
}

func (w *world) kinds(t *testing.T, oid person.OID) string {
	t.Helper()
	page, err := w.Journal.List(context.Background(), oid, journal.Filter{Limit: 100})
	must(t, err)
	var out []string
	for _, e := range page.Entries {
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

func form() enrol.Form {
	return enrol.Form{
		Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", Sex: "F", BirthDate: "17.04.1991", BirthPlace: "г. Тюмень",
		SNILS: "143-905-617 62", Citizenship: "RUS", Document: "71 11 904513", IssueDate: "06.05.2011", IssuerCode: "720-002",
		IssuedBy: "УМВД России по Тюменской области",
	}
}

// standard makes a registered account whose data both registers know.
func (w *world) standard(t *testing.T, number string) *enrol.Entry {
	t.Helper()
	e := w.registered(t, number)
	must(t, w.SubmitForm(context.Background(), e.OID, form(), visit))
	w.settle(t)
	if l := w.profile(t, e.OID).Level; l != person.Standard {
		t.Fatalf("level %s", l)
	}
	return e
}
