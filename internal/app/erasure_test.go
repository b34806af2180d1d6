package app

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/demo"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// newDemo is a running demo whose sites are called without a network; products
// speak to each other over it.
func newDemo(t *testing.T) *Demo {
	t.Helper()
	dir, err := os.MkdirTemp("", "okno-app-") // PostgreSQL is another user, and t.TempDir is closed to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := StartDemo(context.Background(), DemoOptions{Listen: "127.0.0.1:0", State: dir, Cost: crypt.Cheap})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func (d *Demo) browser(t *testing.T, site string) *kittest.Browser {
	t.Helper()
	host := func(s string) string { return strings.TrimPrefix(d.urls[s], "http://") }
	b := kittest.New(t, host(site), d.App.front())
	for s := range d.urls {
		b.Add(host(s), d.App.front())
	}
	return b
}

func citizen(t *testing.T) demo.Person {
	t.Helper()
	for _, p := range demo.Persons() {
		if p.Account.State == "confirmed" && p.Account.Role == "" {
			return p
		}
	}
	t.Fatal("the demo has no confirmed citizen")
	return demo.Person{}
}

// file sends the short form and answers the owner's newest case.
func file(t *testing.T, d *Demo, b *kittest.Browser, owner string) *application.Details {
	t.Helper()
	p := b.Get("/services/kindergarten-info").Submit("form[action='/services/kindergarten-info/apply']")
	p = p.Submit("button[value=next]", "city", "tyumen", "age", "3", "topics", "places")
	p.Submit("button[value=send]", "confirm", "1").WantStatus(200)
	if err := d.App.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	apps := d.App.portals[0].applications
	page, err := apps.List(context.Background(), owner, application.Filter{})
	if err != nil || len(page.Applications) == 0 {
		t.Fatalf("no application was filed: %v", err)
	}
	got, err := apps.Get(context.Background(), owner, page.Applications[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A deleted account is erased at the identity provider and at the portal; an
// open case keeps its link until it has ended; acts tell what was erased.
//
// ID-ACC-05, ID-ACC-06
func TestDeletedAccountIsErasedEverywhere(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := newDemo(t)
	p72, who := d.App.portals[0], citizen(t)
	b := d.browser(t, "uslugi")
	page := b.Get("/auth/begin?back=/lk/").Submit("form:has(input[name=password])", "login", who.Phone, "password", "Okno-2026!")
	if consent := "form[action='/login/consent']"; page.Has(consent) {
		page = page.Submit(consent)
	}
	if agreement := "form[action='/agreement']"; page.Has(agreement) {
		page = page.Submit(agreement, "agree", "1")
	}
	page.WantPath("/lk/")
	known, err := d.App.idp.persons.FindByLogin(ctx, person.LoginPhone, who.Phone)
	if err != nil || known == nil {
		t.Fatalf("%v, %v", known, err)
	}
	subject := person.FormatOID(known.OID)
	acc, err := p72.accounts.BySubject(ctx, subject)
	if err != nil {
		t.Fatal(err)
	}
	ended, open := file(t, d, b, acc.ID), file(t, d, b, acc.ID)
	if ended.ID == open.ID {
		t.Fatal("the second application was not filed")
	}
	if err := p72.applications.Withdraw(ctx, acc.ID, ended.ID); err != nil {
		t.Fatal(err)
	}

	if n := countRows(t, d.App.idp.db, `SELECT count(*) FROM person.person x WHERE strpos(x::text, $1) > 0`, who.Surname+","+who.Name); n != 1 {
		t.Fatalf("the search for a name finds %d rows of a living account", n)
	}
	deletePerson(t, d, known.OID)
	wantNothingOf(t, d, known.OID, who, acc.ID)
	if got, err := p72.accounts.Get(ctx, acc.ID); err != nil || got.Subject != "" || got.ClosedAt == nil {
		t.Errorf("the account at the portal: %+v, %v", got, err)
	}
	if owner := ownerOf(t, p72, ended.ID); owner == acc.ID {
		t.Error("an ended case is still linked to the deleted account")
	}
	if owner := ownerOf(t, p72, open.ID); owner != acc.ID {
		t.Error("an open case has lost its link while the agency owes an answer")
	}

	refuse(t, p72, acc, open)
	if err := d.App.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	owner := ownerOf(t, p72, open.ID)
	if owner == acc.ID || owner == ownerOf(t, p72, ended.ID) {
		t.Error("a case that has ended is linked to the deleted account, or to another case")
	}
	wantActs(t, d, subject, acc.ID, ended.ID, open.ID)
}

func deletePerson(t *testing.T, d *Demo, oid person.OID) {
	t.Helper()
	ctx := context.Background()
	idp := d.App.idp
	err := idp.db.InTx(ctx, func(tx *db.Tx) error { return idp.persons.Delete(ctx, tx, oid) })
	if err != nil {
		t.Fatal(err)
	}
	if err := d.App.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, p *portal, id string) (owner string) {
	t.Helper()
	ctx := context.Background()
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		owner, err = db.Get[string](ctx, tx, `SELECT owner_id::text FROM application.application WHERE id = $1`, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

// refuse ends a case as a clerk of its agency does.
func refuse(t *testing.T, p *portal, acc *account.Account, c *application.Details) {
	t.Helper()
	ctx := context.Background()
	list, err := p.officers.List(ctx, c.Agency)
	if err != nil || len(list) == 0 {
		t.Fatalf("the agency %s has no clerks: %v", c.Agency, err)
	}
	for i, act := range []func(a casework.Act) error{
		func(a casework.Act) error { return p.cases.Take(ctx, a) },
		func(a casework.Act) error {
			a.Text = "Вопрос не относится к муниципалитету."
			return p.cases.Refuse(ctx, a, "out-of-competence")
		},
	} {
		now, err := p.applications.Get(ctx, acc.ID, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := act(casework.Act{Officer: list[0].ID, Application: c.ID, Key: db.NewID(), Version: now.Version}); err != nil {
			t.Fatalf("act %d: %v", i, err)
		}
	}
}

// wantNothingOf reads every row of both databases as text.
func wantNothingOf(t *testing.T, d *Demo, oid person.OID, who demo.Person, acc string) {
	t.Helper()
	for _, c := range []struct {
		d       *db.DB
		sources []db.Source
		key     any
	}{{d.App.idp.db, idpMigrations(), oid}, {d.App.portals[0].db, portalMigrations(), acc}} {
		for _, table := range db.Tables(c.sources...) {
			name := pgx.Identifier(strings.Split(table.Name, ".")).Sanitize()
			for _, secret := range []string{strings.TrimPrefix(who.Phone, "+"), who.Email, who.SNILS, who.Surname + `","` + who.Name, who.Surname + "," + who.Name} {
				if n := countRows(t, c.d, `SELECT count(*) FROM `+name+` x WHERE strpos(x::text, $1) > 0`, secret); n > 0 {
					t.Errorf("%s still has %d rows with %q", table.Name, n, secret)
				}
			}
			if table.Person == "" || table.Stays != "" {
				continue
			}
			if n := countRows(t, c.d, `SELECT count(*) FROM `+name+` WHERE `+pgx.Identifier{table.Person}.Sanitize()+` = $1`, c.key); n > 0 {
				t.Errorf("%s still has %d rows of the deleted account", table.Name, n)
			}
		}
	}
}

func countRows(t *testing.T, d *db.DB, sql string, arg any) (n int) {
	t.Helper()
	ctx := context.Background()
	err := d.Read(ctx, func(tx *db.Tx) (err error) { n, err = db.Get[int](ctx, tx, sql, arg); return err })
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func wantActs(t *testing.T, d *Demo, subject, acc, ended, open string) {
	t.Helper()
	got := map[string]ledger.Act{}
	for _, l := range []*ledger.Ledger{d.App.idp.journal.Ledger(), d.App.portals[0].journal.Ledger()} {
		err := l.DB.Read(context.Background(), func(tx *db.Tx) error {
			acts, _, err := l.Acts(context.Background(), tx, "", 50)
			for _, a := range acts {
				got[a.Object] = a
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for object, reason := range map[string]string{
		"person:" + subject: erasedAccount, "account:" + acc: erasedAccount, "application:" + ended: erasedLink, "application:" + open: erasedLink,
	} {
		if got[object].Reason != reason {
			t.Errorf("the act of %s: %+v", object, got[object])
		}
	}
	wantPaper(t, d, got["person:"+subject])
	found := map[string]ledger.ActLine{}
	for _, l := range got["person:"+subject].Lines {
		found[l.Table] = l
	}
	for table, left := range map[string]int64{"person.version": 0, "person.contact": 0, "credential.password": 0, "session.session": 0, "person.person": 1} {
		if l, ok := found[table]; !ok || l.Rows == 0 || l.Left != left || len(l.Data) == 0 {
			t.Errorf("the act says of %s: %+v", table, l)
		}
	}
}

// wantPaper prints an act as the command does.
func wantPaper(t *testing.T, d *Demo, a ledger.Act) {
	t.Helper()
	var list, paper strings.Builder
	if err := ListErasures(context.Background(), d.App.cfg, &list); err != nil {
		t.Fatal(err)
	}
	if strings.Count(list.String(), "\n") != 5 || !strings.Contains(list.String(), a.ID) {
		t.Errorf("the list of acts:\n%s", list.String())
	}
	if err := PrintErasure(context.Background(), d.App.cfg, a.ID, &paper); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"АКТ", a.ID, a.Object, d.App.cfg.IDP.Operator, "okno_idp", "удалена её владельцем", "таблица person.version: фамилия, имя, отчество",
		"СНИЛС", "осталось 0", "остаётся: номер и даты",
	} {
		if !strings.Contains(paper.String(), want) {
			t.Errorf("%q is missing in the act:\n%s", want, paper.String())
		}
	}
	if strings.Contains(paper.String(), "erasure.") {
		t.Errorf("a text is missing:\n%s", paper.String())
	}
	if err := PrintErasure(context.Background(), d.App.cfg, db.NewID(), &paper); err == nil {
		t.Error("an act that is not there was printed")
	}
}
