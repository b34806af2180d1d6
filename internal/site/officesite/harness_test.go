package officesite_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/casework"
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
	"github.com/okno-gov/okno/internal/site/officesite"
	"github.com/okno-gov/okno/locale"
	"github.com/okno-gov/okno/services"
)

// noon is a Tuesday, 12:00 in Tyumen.
var noon = time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)

// Subjects at the identity provider.
const (
	citizen = "1000000001"
	lilia   = "1000000021" // clerk of the agency of the certificate
	ivan    = "1000000022" // her colleague
	olga    = "1000000023" // clerk of another agency
	nobody  = "1000000099"
)

type world struct {
	t     testing.TB
	db    *db.DB
	clock *clock.Clock
	queue *job.Queue
	idp   *kittest.Provider
	site  *officesite.Site
	http  http.Handler
	apps  *application.Applications
	owner string // account id of the citizen
	words form.Words
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d := dbtest.Seeded(t, seed, oidcrp.Migrations(), outbound.Migrations(), setting.Migrations(), journal.Migrations(), account.Migrations(), officer.Migrations(),
		directory.Migrations(), catalogue.Migrations(), document.Migrations(), notice.Migrations(), application.Migrations(), casework.Migrations(),
		content.Migrations(), support.Migrations())
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	must(t, err)
	bundle, err := catalogues()
	must(t, err)
	folder, err := blob.OpenFolder(t.TempDir())
	must(t, err)
	c, keys := clock.At(noon), crypt.NewTestKeyring()
	w := &world{t: t, db: d, clock: c, queue: job.New(d, c), words: bundle.For("ru")}
	w.idp = kittest.NewProvider(t, "http://esia.test", c.Wall)
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	dir := &directory.Directory{DB: d, Clock: c}
	cards := &catalogue.Services{DB: d, Clock: c, Directory: dir, Zone: zone}
	diary := &journal.Journal{DB: d, Clock: c, Keys: keys}
	docs := &document.Documents{DB: d, Clock: c, Blobs: &blob.Sealed{Store: folder, Keys: keys}, Scanner: clean{}, Queue: w.queue}
	outbox := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: w.queue}
	officers := &officer.Officers{DB: d, Clock: c, Keys: keys, Outbox: outbox, Bundle: bundle, URL: "http://office.test", Portal: portalName}
	texts := &content.Contents{DB: d, Clock: c}
	notices := &notice.Notices{
		DB: d, Clock: c, Queue: w.queue, Accounts: accounts, Outbox: outbox, Bundle: bundle, Zone: zone,
		BaseURL: "http://uslugi.test", Portal: portalName, Public: texts.Public,
	}
	w.apps = &application.Applications{
		DB: d, Clock: c, Keys: keys, Queue: w.queue, Accounts: accounts, Services: cards, Directory: dir, Documents: docs, Notices: notices, Journal: diary,
		Calendar: term.Russian(), Bundle: bundle, Zone: zone, Region: 72, BaseURL: "http://uslugi.test", Portal: portalName,
	}
	w.site = &officesite.Site{
		Code: "72", PortalURL: "http://uslugi.test", IDP: "http://esia.test", Zone: zone, Clock: c, Bundle: bundle,
		Officers: officers, Services: cards, Directory: dir, Misses: &catalogue.Misses{DB: d, Clock: c, Keys: keys, Zone: zone}, ReportURL: "http://uslugi.test/report",
		Contents: texts, Notices: notices, Settings: &setting.Settings{DB: d, Clock: c},
		Support: &support.Tickets{
			DB: d, Clock: c, Keys: keys, Officers: officers, Notices: notices, Outbox: notices.Outbox, Journal: diary, Bundle: bundle, Portal: portalName,
			BaseURL: "http://uslugi.test",
		},
		Cases: &casework.Cases{
			DB: d, Clock: c, Keys: keys, Applications: w.apps, Officers: officers, Services: cards, Documents: docs, Journal: diary,
			Calendar: term.Russian(), Zone: zone,
		},
		Party: &oidcrp.Party{
			DB: d, Clock: c, Keys: keys, HTTP: &http.Client{Transport: w.idp},
			Config: oidcrp.Config{
				Issuer: "http://esia.test", ClientID: "office72", ClientSecret: "secret", RedirectURL: "http://office.test/auth/callback",
				PostLogoutURL: "http://office.test/", Scopes: []string{"openid"}, CookieName: "office72", ACR: "2fa",
			},
		},
	}
	w.site.Brands = &brand.Brands{DB: d, Clock: c, Settings: w.site.Settings, Colours: kit.CheckColours, Configured: brand.Brand{
		Name: form.Text{RU: "Окно"}, Sub: form.Text{RU: "Услуги Тюменской области"}, Region: form.Text{RU: "Тюменская область"}, Place: "Тюмень", Phone: "8 800 100-70-10",
	}}
	officers.Cases, officers.Tickets = w.site.Cases, w.site.Support
	officers.OnLeave = w.site.Party.EndSubject
	docs.Work(w.queue)
	notices.Work(w.queue)
	w.apps.Work(w.queue)
	w.people(cards, accounts, officers)
	w.http = w.site.Handler()
	return w
}

// seed writes the delivered agencies and services.
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
	_, err = (&catalogue.Services{DB: d, Clock: c, Directory: agencies, Zone: time.UTC}).Import(ctx, b, "test")
	return err
}

// catalogues are the messages, read once for all tests.
var catalogues = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(locale.FS) })

func (w *world) people(cards *catalogue.Services, accounts *account.Accounts, officers *officer.Officers) {
	ctx := w.t.Context()
	must(w.t, w.db.InTx(ctx, func(tx *db.Tx) error {
		acc, err := accounts.SignedIn(ctx, tx, account.SignIn{Subject: citizen, Level: account.LevelConfirmed, Proofing: "centre"})
		if err == nil {
			w.owner = acc.ID
		}
		return err
	}))
	police, err := cards.Card(ctx, "criminal-record")
	must(w.t, err)
	nursery, err := cards.Card(ctx, "kindergarten-enrolment")
	must(w.t, err)
	for subject, o := range map[string]officer.Officer{
		lilia: {Agency: police.Agency, Name: "Гареева Лилия Маратовна", Post: "инспектор"},
		ivan:  {Agency: police.Agency, Name: "Лыткин Иван Сергеевич", Post: "инспектор"},
		olga:  {Agency: nursery.Agency, Name: "Фёдорова Ольга Игоревна", Post: "специалист"},
	} {
		o.Subject, o.Roles = subject, []officer.Role{officer.RoleClerk}
		_, err := officers.Add(ctx, o)
		must(w.t, err)
	}
}

// submit sends an application for the certificate with a file and lets the
// portal register it.
func (w *world) submit() *application.Application {
	w.t.Helper()
	ctx := w.t.Context()
	mark := form.Mark{Verified: true, Source: "МВД", On: noon.AddDate(0, -2, 0)}
	d, err := w.apps.Begin(ctx, w.owner, "criminal-record", db.NewID(), form.Profile{
		Subject: citizen, Level: "confirmed", TakenAt: noon,
		Person: form.Person{Surname: "Тестова", Name: "Анна", Patronymic: "Викторовна", BirthDate: "1988-05-14", BirthPlace: "г. Тюмень", Sex: "F", Mark: mark},
		SNILS:  form.Value{Value: "11223344595", Mark: mark}, Phone: form.Value{Value: "+79120000001", Mark: mark},
		IDDocument:   form.Document{Type: "passport_rf", Number: "7114482106", IssueDate: "2014-06-21", IssueCode: "720-001", IssuedBy: "УМВД", Mark: mark},
		Registration: form.Address{Line: "г. Тюмень, ул. Республики, д. 142, кв. 17"},
	})
	must(w.t, err)
	save := func(step string, nameValues ...string) *application.DraftView {
		posted := map[string][]string{}
		for i := 0; i+1 < len(nameValues); i += 2 {
			posted[nameValues[i]] = []string{nameValues[i+1]}
		}
		v, err := w.apps.SaveStep(ctx, w.owner, d.ID, step, posted, w.words)
		must(w.t, err)
		return v
	}
	save("applicant", "address.line", "г. Тюмень, ул. Республики, д. 142, кв. 17", "phone", "+79120000001")
	_, err = w.apps.Attach(ctx, w.owner, d.ID, "certificate_scan", document.Upload{Name: "брак.pdf", Body: strings.NewReader(paper)}, w.words)
	must(w.t, err)
	save("names", "changed", "yes", "former", "Кузнецова", "reason", "marriage")
	save("purpose", "purpose", "work", "regions", "Тюменская область")
	v := save("delivery", "delivery", "cabinet", "consent", "yes")
	app, err := w.apps.Submit(ctx, application.Submission{Owner: w.owner, Draft: d.ID, Version: v.Version, Consent: "Данные верны", Words: w.words})
	must(w.t, err)
	w.settle()
	return app
}

// clerk is the browser of an officer who has signed in with a second factor.
func (w *world) clerk(subject string) *kittest.Browser {
	w.t.Helper()
	w.idp.SignIn(map[string]any{"sub": subject, "acr": "2fa", "okno_level": 3, "family_name": "Гареева", "given_name": "Лилия", "middle_name": "Маратовна"})
	b := kittest.New(w.t, "office.test", w.http).Add("esia.test", w.idp)
	b.Get("/")
	return b
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

const paper = "%PDF-1.4\n%\xe2\xe3\xcf\xd3\nsome bytes\n%%EOF\n"

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
