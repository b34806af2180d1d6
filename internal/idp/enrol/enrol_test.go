package enrol_test

import (
	"context"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/enrol/enroltest"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

var start = enroltest.Start

const (
	phone  = "+79120000101"
	email  = "anna.testova@example.com"
	secret = "Okno-2026!"
	other  = "Drugoy-2027!"
)

type world struct{ *enroltest.World }

var visit = session.Visit{Device: "browser", UserAgent: "Mozilla/5.0 (X11; Linux) Firefox/140.0", Network: "203.0.113.7"}

func setUp(t *testing.T) *world {
	t.Helper()
	return &world{enroltest.New(t)}
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
	w.Settle(t)
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
	must(t, w.EnterRegistrationCode(ctx, token, w.Post.Code(t, number)))
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
