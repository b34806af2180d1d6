package application_test

import (
	"context"
	"encoding/hex"
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
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/locale"
	"github.com/okno-gov/okno/services"
)

const (
	certificate  = "criminal-record"
	kindergarten = "kindergarten-enrolment"
)

// kit is a portal with everything that applications need.
type kit struct {
	*application.Applications
	ru    *i18n.Localizer
	email *outbound.Box
	anna  string // confirmed
	boris string // confirmed, a stranger to Anna
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start is a Tuesday, 14:00 in Tyumen.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func newKit(t testing.TB) *kit {
	t.Helper()
	d := dbtest.Seeded(t, seed, account.Migrations(), setting.Migrations(), journal.Migrations(), outbound.Migrations(), notice.Migrations(),
		document.Migrations(), directory.Migrations(), catalogue.Migrations(), application.Migrations())
	c, keys := clock.At(start), crypt.NewTestKeyring()
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	must(t, err)
	bundle, err := catalogues()
	must(t, err)
	folder, err := blob.OpenFolder(t.TempDir())
	must(t, err)
	queue := job.New(d, c)
	k := &kit{ru: bundle.For("ru"), email: &outbound.Box{}}
	out := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: queue, Senders: map[outbound.Channel]outbound.Sender{
		outbound.Email: k.email, outbound.SMS: &outbound.Box{},
	}}
	dir := &directory.Directory{DB: d, Clock: c}
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	calendar := term.Russian()
	k.Applications = &application.Applications{
		DB: d, Clock: c, Keys: keys, Queue: queue, Accounts: accounts, Directory: dir,
		Services:  &catalogue.Services{DB: d, Clock: c, Directory: dir, Zone: zone},
		Documents: &document.Documents{DB: d, Clock: c, Blobs: &blob.Sealed{Store: folder, Keys: keys}, Scanner: document.NoScanner{}, Queue: queue},
		Notices: &notice.Notices{
			DB: d, Clock: c, Queue: queue, Accounts: accounts, Outbox: out, Bundle: bundle, Zone: zone,
			BaseURL: "https://uslugi.example.org", Portal: portalName,
		},
		Journal:  &journal.Journal{DB: d, Clock: c, Keys: keys},
		Calendar: calendar, Bundle: bundle, Zone: zone, Region: 72, BaseURL: "https://uslugi.example.org", Portal: portalName,
	}
	out.Work(queue)
	k.Notices.Work(queue)
	k.Documents.Work(queue)
	k.Work(queue)
	k.anna = k.person(t, "1000000001", account.LevelConfirmed)
	k.boris = k.person(t, "1000000002", account.LevelConfirmed)
	return k
}

// seed writes the delivered agencies and services.
func seed(ctx context.Context, d *db.DB) error {
	c := clock.At(start)
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

func (k *kit) person(t testing.TB, subject string, level account.Level) string {
	t.Helper()
	var id string
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error {
		acc, err := k.Accounts.SignedIn(t.Context(), tx, account.SignIn{Subject: subject, Level: level, Proofing: "centre"})
		if err != nil {
			return err
		}
		id = acc.ID
		return k.Accounts.SetContacts(t.Context(), tx, id, account.Contacts{Email: "p" + subject + "@example.org"}, k.Clock.Now())
	}))
	return id
}

func (k *kit) settle(t testing.TB) { t.Helper(); must(t, k.Queue.Settle(t.Context())) }

func profile(at time.Time) form.Profile {
	mvd := form.Mark{Verified: true, Source: "МВД", On: time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC)}
	return form.Profile{
		Subject: "1000000001", Level: "confirmed", TakenAt: at,
		Person: form.Person{
			Surname: "Тестова", Name: "Анна", Patronymic: "Викторовна", BirthDate: "1988-05-14", BirthPlace: "г. Тюмень",
			Sex: "F", Citizenship: "RUS", Mark: mvd,
		},
		SNILS: form.Value{Value: "11223344595", Mark: mvd},
		IDDocument: form.Document{
			Type: "passport_rf", Number: "7114482106", IssueDate: "2014-06-21", IssueCode: "720001",
			IssuedBy: "УМВД России по Тюменской области", Mark: mvd,
		},
		Phone:        form.Value{Value: "+79120000001", Mark: form.Mark{Verified: true}},
		Email:        form.Value{Value: "anna@example.org", Mark: form.Mark{Verified: true}},
		Registration: form.Address{Line: "г. Тюмень, ул. Республики, д. 142, кв. 17", Postcode: "625000"},
		Children: []form.Child{{ID: "k1", Person: form.Person{
			Surname: "Тестов", Name: "Пётр", Patronymic: "Ильич", BirthDate: "2023-03-08", Sex: "M", Citizenship: "RUS",
			Mark: form.Mark{Verified: true, Source: "ЗАГС"},
		}, BirthCertificate: "I-ФР 512044"}},
	}
}

// answers of the certificate of no criminal record, by step.
var certificateAnswers = []struct {
	step string
	post map[string][]string
}{
	{"applicant", map[string][]string{"phone": {"+7 912 000-00-01"}}},
	{"names", map[string][]string{"changed": {"no"}}},
	{"purpose", map[string][]string{"purpose": {"work"}, "regions": {"Тюменская область"}}},
	{"delivery", map[string][]string{"delivery": {"cabinet"}, "consent": {"yes"}}},
}

// fill begins the certificate and fills it in up to the page of checking.
func (k *kit) fill(t testing.TB, owner string) *application.DraftView {
	t.Helper()
	d, err := k.Begin(t.Context(), owner, certificate, db.NewID(), profile(k.Clock.Now()))
	must(t, err)
	var v *application.DraftView
	for _, a := range certificateAnswers {
		v, err = k.SaveStep(t.Context(), owner, d.ID, a.step, a.post, k.ru)
		must(t, err)
		if errs := v.State.StepErrors(a.step); len(errs) > 0 {
			t.Fatalf("step %s: %+v", a.step, errs)
		}
	}
	if v.Status != application.StatusUnsigned {
		t.Fatalf("a complete draft is %s, next step %q", v.Status, v.State.Next())
	}
	return v
}

func (k *kit) submission(owner string, v *application.DraftView) application.Submission {
	return application.Submission{
		Owner: owner, Draft: v.ID, Version: v.Version, Consent: "2026-11", Words: k.ru,
		Auth: application.Auth{Session: "s1", ACR: "urn:okno:acr:2", AMR: []string{"pwd", "otp"}, Time: k.Clock.Now()},
	}
}

// send files the certificate and has it registered.
func (k *kit) send(t testing.TB, owner string) *application.Application {
	t.Helper()
	app, err := k.Submit(t.Context(), k.submission(owner, k.fill(t, owner)))
	must(t, err)
	k.settle(t)
	return app
}

// officer moves an application as a clerk would.
func (k *kit) officer(t testing.TB, id string, to application.Status) {
	t.Helper()
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error {
		app, err := k.Lock(t.Context(), tx, "mvd", id)
		if err != nil {
			return err
		}
		m := application.Move{To: to, Actor: application.ActorOfficer, Officer: db.NewID(), Name: "Гареева Л. М.", Key: db.NewID(), Comment: "Слова ведомства"}
		if to == application.StatusMoreInfo {
			by := k.Clock.Now().AddDate(0, 0, 5)
			m.AnswerBy = &by
		}
		return k.Apply(t.Context(), tx, app, m)
	}))
}

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"

func upload(name, content string) document.Upload {
	return document.Upload{Name: name, Body: strings.NewReader(content)}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// kindergartenPost answers every step of the enrolment; each takes its own.
var kindergartenPost = map[string][]string{
	"child": {"k1"}, "relation": {"mother"}, "phone": {"+7 912 000-00-01"},
	"date.day": {"1"}, "date.month": {"9"}, "date.year": {"2027"}, "city": {"tyumen"}, "kindergartens": {"158"},
	"other": {"yes"}, "mode": {"full"}, "language": {"ru"}, "privilege": {"no"}, "special": {"no"}, "consent": {"yes"},
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
