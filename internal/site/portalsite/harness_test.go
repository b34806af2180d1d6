package portalsite_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
	"github.com/okno-gov/okno/internal/site/portalsite"
	"github.com/okno-gov/okno/locale"
	"github.com/okno-gov/okno/services"
)

// noon is a Tuesday, 12:00 in Tyumen.
var noon = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

// world is a whole portal with its contexts on a real database, and an identity
// provider that signs in whom the test names.
type world struct {
	t     testing.TB
	db    *db.DB
	clock *clock.Clock
	queue *job.Queue
	site  *portalsite.Site
	idp   *provider
	http  http.Handler
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.Seeded(t, seed, oidcrp.Migrations(), outbound.Migrations(), setting.Migrations(), journal.Migrations(), account.Migrations(), directory.Migrations(), catalogue.Migrations(),
		content.Migrations(), document.Migrations(), notice.Migrations(), application.Migrations(), officer.Migrations(), support.Migrations())
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	must(t, err)
	bundle, err := catalogues()
	must(t, err)
	folder, err := blob.OpenFolder(t.TempDir())
	must(t, err)
	c, keys := clock.At(noon), crypt.NewTestKeyring()
	w := &world{t: t, db: d, clock: c, queue: job.New(d, c), idp: newProvider(t, c)}
	s := &portalsite.Site{
		Region: portalsite.Region{
			Code: "72", BaseURL: "http://uslugi.test",
		},
		Brands: &brand.Brands{DB: d, Clock: c, Settings: &setting.Settings{DB: d, Clock: c}, Colours: kit.CheckColours, Configured: brand.Brand{
			Sub: form.Text{RU: "Услуги Тюменской области"}, Region: form.Text{RU: "Тюменская область"}, Place: "Тюмень",
			Phone: "8 800 100-70-10", PhoneShort: "115", AppealURL: "https://appeals.test",
		}},
		IDP: "http://esia.test", Zone: zone, Clock: c, Keys: keys, Bundle: bundle, Profiles: w.idp,
	}
	outbox := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: w.queue}
	outbox.Work(w.queue)
	s.Accounts = &account.Accounts{DB: d, Clock: c, Keys: keys}
	s.Directory = &directory.Directory{DB: d, Clock: c}
	s.Services = &catalogue.Services{DB: d, Clock: c, Directory: s.Directory, Zone: zone}
	s.Contents = &content.Contents{DB: d, Clock: c}
	s.Journal = &journal.Journal{DB: d, Clock: c, Keys: keys}
	s.Documents = &document.Documents{DB: d, Clock: c, Blobs: &blob.Sealed{Store: folder, Keys: keys}, Scanner: clean{}, Queue: w.queue}
	s.Notices = &notice.Notices{
		DB: d, Clock: c, Queue: w.queue, Accounts: s.Accounts, Outbox: outbox, Bundle: bundle, Zone: zone, BaseURL: s.Region.BaseURL, Portal: portalName,
	}
	s.Applications = &application.Applications{
		DB: d, Clock: c, Keys: keys, Queue: w.queue, Accounts: s.Accounts, Services: s.Services, Directory: s.Directory, Documents: s.Documents,
		Notices: s.Notices, Journal: s.Journal, Calendar: term.Russian(), Bundle: bundle, Zone: zone, Region: 72, BaseURL: s.Region.BaseURL, Portal: portalName,
	}
	s.Support = &support.Tickets{
		DB: d, Clock: c, Keys: keys, Officers: &officer.Officers{DB: d, Clock: c}, Notices: s.Notices, Outbox: s.Notices.Outbox, Journal: s.Journal,
		Bundle: bundle, Portal: portalName, BaseURL: s.Region.BaseURL,
	}
	s.Party = &oidcrp.Party{
		DB: d, Clock: c, Keys: keys, HTTP: &http.Client{Transport: w.idp},
		Config: oidcrp.Config{
			Issuer: "http://esia.test", ClientID: "portal72", ClientSecret: "secret", RedirectURL: "http://uslugi.test/auth/callback",
			PostLogoutURL: "http://uslugi.test/", Scopes: []string{"openid", "fullname"}, CookieName: "portal72",
		},
		OnLogin: func(ctx context.Context, tx *db.Tx, sess *oidcrp.Session) error {
			_, err := s.Accounts.SignedIn(ctx, tx, account.SignIn{Subject: sess.Subject, Level: account.Level(sess.Claims.Level), Locale: sess.Claims.Locale})
			return err
		},
	}
	s.Documents.Work(w.queue)
	s.Notices.Work(w.queue)
	s.Applications.Work(w.queue)
	s.Places, err = places()
	must(t, err)
	s.Neighbours = map[string]string{"72": "http://uslugi.test", "92": "http://sevastopol.test"}
	w.site, w.http = s, s.Handler()
	return w
}

// catalogues are the messages and places the dictionary of settlements, both
// read once for all tests.
var (
	catalogues = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(locale.FS) })
	places     = sync.OnceValues(func() (*directory.Places, error) {
		raw, err := services.FS.ReadFile("places.yaml")
		if err != nil {
			return nil, err
		}
		return directory.ParsePlaces(raw)
	})
)

// seed writes the delivered agencies, services and texts.
func seed(ctx context.Context, d *db.DB) error {
	c := clock.At(noon)
	raw, err := services.FS.ReadFile("region/72/directory.yaml")
	if err != nil {
		return err
	}
	file, err := directory.ParseFile(raw)
	if err != nil {
		return err
	}
	agencies := &directory.Directory{DB: d, Clock: c}
	if _, err := agencies.Import(ctx, file, "test"); err != nil {
		return err
	}
	b, err := catalogue.LoadBundle(services.FS, "72")
	if err != nil {
		return err
	}
	if _, err := (&catalogue.Services{DB: d, Clock: c, Directory: agencies, Zone: time.UTC}).Import(ctx, b, "test"); err != nil {
		return err
	}
	texts, err := content.Load(services.FS, "content")
	if err != nil {
		return err
	}
	_, err = (&content.Contents{DB: d, Clock: c}).Import(ctx, texts, "test")
	return err
}

// visitor is a browser at the portal; nobody is signed in.
func (w *world) visitor() *kittest.Browser {
	return kittest.New(w.t, "uslugi.test", w.http).Add("esia.test", w.idp)
}

// signedIn is the browser of a person who has accepted the agreement.
func (w *world) signedIn(p person) *kittest.Browser {
	w.t.Helper()
	w.idp.as(p)
	b := w.visitor()
	page := b.Get("/auth/begin?back=/lk/")
	if page.URL.Path == "/agreement" {
		page = page.Submit("form[action='/agreement']", "agree", "1")
	}
	page.WantPath("/lk/")
	return b
}

// account is the account of a person who has signed in.
func (w *world) account(p person) *account.Account {
	w.t.Helper()
	acc, err := w.site.Accounts.BySubject(w.t.Context(), p.subject)
	must(w.t, err)
	return acc
}

func (w *world) drafts(p person) int {
	w.t.Helper()
	list, err := w.site.Applications.Drafts(w.t.Context(), w.account(p).ID)
	must(w.t, err)
	return len(list)
}

// draftPath is the address of a person's last draft.
func (w *world) draftPath(p person) string {
	w.t.Helper()
	list, err := w.site.Applications.Drafts(w.t.Context(), w.account(p).ID)
	must(w.t, err)
	return "/lk/drafts/" + list[0].ID
}

// offer is the provider's word that a level has changed.
func (w *world) offer(p person, level account.Level) {
	w.t.Helper()
	must(w.t, w.db.InTx(w.t.Context(), func(tx *db.Tx) error { return w.site.Accounts.OfferLevel(w.t.Context(), tx, p.subject, level) }))
}

// exec changes rows behind the back of the program, which keeps some in memory.
func (w *world) exec(sql string) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
		return tx.Changed(ctx, account.Topic, anna(1).subject, boris(1).subject)
	}))
}

// messages counts the messages that were handed over to be sent.
func (w *world) messages() (n int) {
	w.t.Helper()
	must(w.t, w.db.Read(w.t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Get[int](w.t.Context(), tx, `SELECT count(*)::int FROM outbound.message`)
		return err
	}))
	return n
}

func (w *world) settle() {
	w.t.Helper()
	must(w.t, w.queue.Settle(w.t.Context()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clean is a scanner that finds nothing.
type clean struct{}

func (clean) Scan(context.Context, io.Reader) (document.Verdict, error) {
	return document.Verdict{State: document.ScanClean}, nil
}

// person is who the provider signs in.
type person struct {
	subject string
	level   int
	profile form.Profile
}

func anna(level int) person {
	verified := form.Mark{Verified: level >= 2, Source: "МВД", On: noon.AddDate(0, -2, 0)}
	p := form.Profile{
		Subject: "1000000001", Level: account.Level(level).String(), TakenAt: noon,
		Person: form.Person{Surname: "Тестова", Name: "Анна", Patronymic: "Викторовна", BirthDate: "1988-05-14", BirthPlace: "г. Тюмень", Sex: "F", Citizenship: "RUS", Mark: verified},
		SNILS:  form.Value{Value: "11223344595", Mark: verified}, Phone: form.Value{Value: "+79120000001", Mark: verified},
		Email:        form.Value{Value: "anna@example.org", Mark: verified},
		IDDocument:   form.Document{Type: "passport_rf", Number: "7114482106", IssueDate: "2014-06-21", IssueCode: "720-001", IssuedBy: "УМВД по Тюменской области", Mark: verified},
		Registration: form.Address{Line: "г. Тюмень, ул. Республики, д. 142, кв. 17", Region: "Тюменская область", City: "Тюмень", Street: "ул. Республики", House: "142", Flat: "17"},
		Children:     []form.Child{{ID: "kid1", Person: form.Person{Surname: "Тестова", Name: "Мария", Patronymic: "Ивановна", BirthDate: "2023-03-08", Sex: "F", Mark: verified}, BirthCertificate: "IФР512044"}},
	}
	return person{subject: p.Subject, level: level, profile: p}
}

func boris(level int) person {
	p := anna(level)
	p.subject, p.profile.Subject = "1000000002", "1000000002"
	p.profile.Person.Surname, p.profile.Person.Name, p.profile.Person.Patronymic = "Борисов", "Борис", "Петрович"
	p.profile.Children = nil
	return p
}

// provider is the identity provider with its profiles.
type provider struct {
	*kittest.Provider
	clock *clock.Clock

	mu    sync.Mutex
	away  bool
	reads int // of profiles
	known map[string]form.Profile
}

func newProvider(t testing.TB, c *clock.Clock) *provider {
	return &provider{Provider: kittest.NewProvider(t, "http://esia.test", c.Wall), clock: c, known: map[string]form.Profile{}}
}

// as names who is signed in from now on.
func (p *provider) as(who person) {
	n := who.profile.Person
	p.SignIn(map[string]any{
		"sub": who.subject, "okno_level": who.level, "acr": "pwd", "family_name": n.Surname, "given_name": n.Name, "middle_name": n.Patronymic, "locale": "ru",
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[who.subject] = who.profile
}

// readings tells how often a profile was asked for.
func (p *provider) readings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

func (p *provider) setAway(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// Profile is the provider's REST API as the portal's adapter gives it.
func (p *provider) Profile(_ context.Context, _, subject string) (form.Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return form.Profile{}, fault.Unavailable("exchange.profile_away")
	}
	p.reads++
	out := p.known[subject]
	out.TakenAt = p.clock.Now()
	return out, nil
}

// pdf is a file that is what it says.
func pdf(n int) []byte {
	b := append([]byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), bytes.Repeat([]byte("x"), max(0, n))...)
	return append(b, "\n%%EOF\n"...)
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
