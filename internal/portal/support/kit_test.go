package support_test

import (
	"context"
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
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/locale"
)

// start is a Friday, 22:30 in Tyumen: the term runs over the weekend.
var start = time.Date(2026, 11, 27, 17, 30, 0, 0, time.UTC)

// kit is the support of a portal with two citizens, two officers of the support
// and a clerk who has no business there.
type kit struct {
	*support.Tickets
	queue       *job.Queue
	email       *outbound.Box
	anna, boris string
	vera, oleg  *officer.Officer
	clerk       *officer.Officer
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKit(t testing.TB) *kit {
	t.Helper()
	d := dbtest.New(t, account.Migrations(), setting.Migrations(), journal.Migrations(), outbound.Migrations(), notice.Migrations(),
		officer.Migrations(), support.Migrations())
	c, keys := clock.At(start), crypt.NewTestKeyring()
	bundle, err := i18n.Load(locale.FS)
	must(t, err)
	queue := job.New(d, c)
	k := &kit{queue: queue, email: &outbound.Box{}}
	out := &outbound.Outbox{DB: d, Clock: c, Keys: keys, Queue: queue, Senders: map[outbound.Channel]outbound.Sender{
		outbound.Email: k.email, outbound.SMS: &outbound.Box{},
	}}
	accounts := &account.Accounts{DB: d, Clock: c, Keys: keys}
	officers := &officer.Officers{DB: d, Clock: c}
	k.Tickets = &support.Tickets{
		DB: d, Clock: c, Keys: keys, Officers: officers, Outbox: out, Bundle: bundle, Portal: portalName, BaseURL: "https://uslugi.example.org",
		Journal: &journal.Journal{DB: d, Clock: c, Keys: keys},
		Notices: &notice.Notices{
			DB: d, Clock: c, Queue: queue, Accounts: accounts, Outbox: out, Bundle: bundle, Zone: time.UTC, BaseURL: "https://uslugi.example.org", Portal: portalName,
		},
	}
	out.Work(queue)
	k.Notices.Work(queue)
	k.Work(queue)
	k.anna, k.boris = k.person(t, accounts, "1000000001"), k.person(t, accounts, "1000000002")
	k.vera = k.add(t, "2000000001", "Верина Вера Олеговна", officer.RoleSupport)
	k.oleg = k.add(t, "2000000002", "Олегов Олег Ильич", officer.RoleSupport)
	k.clerk = k.add(t, "2000000003", "Гареева Лилия Маратовна", officer.RoleClerk, officer.RoleAdmin)
	return k
}

func (k *kit) add(t testing.TB, subject, name string, roles ...officer.Role) *officer.Officer {
	t.Helper()
	o, err := k.Officers.Add(t.Context(), officer.Officer{Subject: subject, Agency: "mvd", Name: name, Roles: roles})
	must(t, err)
	return o
}

func (k *kit) person(t testing.TB, accounts *account.Accounts, subject string) string {
	t.Helper()
	var id string
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error {
		acc, err := accounts.SignedIn(t.Context(), tx, account.SignIn{Subject: subject, Level: account.LevelSimplified})
		if err != nil {
			return err
		}
		id = acc.ID
		return accounts.SetContacts(t.Context(), tx, id, account.Contacts{Email: "p" + subject + "@example.org"}, k.Clock.Now())
	}))
	return id
}

func (k *kit) settle(t testing.TB) { t.Helper(); must(t, k.queue.Settle(t.Context())) }

// question is a request that lacks nothing.
func question(owner string) support.Request {
	return support.Request{
		Key: db.NewID(), Owner: owner, Name: "Анна", Topic: support.TopicService, Kind: support.KindQuestion, Text: "Где мой ответ?",
		Device: "device-of-" + owner, Known: true, Network: "192.0.2.0/24", Locale: "ru",
	}
}

func anonymous(device string) support.Request {
	r := question("")
	r.Email, r.Device = "petr@example.org", device
	return r
}

func (k *kit) open(t testing.TB, r support.Request) *support.Ticket {
	t.Helper()
	x, err := k.Open(t.Context(), r)
	must(t, err)
	return x
}

func (k *kit) deed(o *officer.Officer, id, text string) support.Deed {
	d := support.Deed{Officer: o.ID, Ticket: id, Key: db.NewID(), Text: text}
	if x, err := k.Read(context.Background(), o.ID, id); err == nil {
		d.Version = x.Version
	}
	return d
}

func (k *kit) answer(t testing.TB, o *officer.Officer, id, text string) {
	t.Helper()
	must(t, k.Take(t.Context(), k.deed(o, id, "")))
	must(t, k.Answer(t.Context(), k.deed(o, id, text)))
}

func (k *kit) feed(t testing.TB, owner string) []notice.Entry {
	t.Helper()
	list, err := k.Notices.List(t.Context(), owner, notice.Filter{Category: notice.CategorySupport})
	must(t, err)
	return list.Entries
}

func wantFields(t *testing.T, err error, fields ...string) {
	t.Helper()
	e, ok := fault.As(err)
	if !ok || e.Kind != fault.KindInvalid {
		t.Fatalf("err = %v, want a fault of the form", err)
	}
	got := map[string]bool{}
	for _, f := range e.Fields {
		got[f.Name] = true
	}
	for _, f := range fields {
		if !got[f] {
			t.Errorf("no fault at %s: %+v", f, e.Fields)
		}
	}
	if len(got) != len(fields) {
		t.Errorf("faults at %v, want %v", got, fields)
	}
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

// portalName is what letters and papers call the portal.
func portalName(context.Context, string) string { return "Окно" }
