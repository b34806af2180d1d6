package person_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/person"
)

// layouts are the tables as the migrations make them, and as an operator of many
// people divides them (docs/OPERATIONS.md, Sizes).
var layouts = map[string]func(*testing.T) *person.Persons{
	"whole":   setUp,
	"divided": func(t *testing.T) *person.Persons { p := setUp(t); divide(t, p); return p },
}

func divide(t *testing.T, p *person.Persons) {
	t.Helper()
	script, err := os.ReadFile("../../../deploy/postgres/divide-people.sql")
	must(t, err)
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL okno.parts = '4'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, string(script))
		return err
	}))
}

func count(t *testing.T, p *person.Persons, sql string, args ...any) (n int) {
	t.Helper()
	must(t, p.DB.Read(context.Background(), func(tx *db.Tx) (err error) {
		n, err = db.Get[int](context.Background(), tx, sql, args...)
		return err
	}))
	return n
}

// People who were there before the tables were divided by oid sign in after it,
// by each kind of login; they change and leave as before.
//
// ID-LOG-03, ID-REG-22
func TestDividedTables(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	var oids []person.OID
	for i := range 40 {
		oid := create(t, p)
		must(t, confirmContact(t, p, oid, addContact(t, p, oid, person.Phone, fmt.Sprintf("+7912000%04d", i))))
		oids = append(oids, oid)
	}
	must(t, confirmContact(t, p, oids[0], addContact(t, p, oids[0], person.Email, "anna@example.com")))
	must(t, verify(t, p, oids[0], enter(t, p, oids[0], anna())))
	before := profile(t, p, oids[0])
	const indexes = `SELECT count(*) FROM pg_index x WHERE x.indrelid IN
		(SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'person'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition)`
	had := count(t, p, indexes)

	divide(t, p)
	if has := count(t, p, indexes); has != had {
		t.Errorf("%d indexes before, %d after", had, has)
	}
	if n := count(t, p, `SELECT count(*) FROM pg_class WHERE relnamespace = 'person'::regnamespace AND relname LIKE '%\_whole'`); n != 0 {
		t.Errorf("%d tables or indexes are left over", n)
	}
	if n := count(t, p, `SELECT count(DISTINCT tableoid) FROM person.contact`); n < 2 {
		t.Errorf("the contacts stand in %d parts", n)
	}

	for i, oid := range oids {
		if got, err := p.FindByLogin(ctx, person.LoginPhone, fmt.Sprintf("+7912000%04d", i)); err != nil || got == nil || got.OID != oid {
			t.Errorf("by phone: %+v, %v, want %d", got, err, oid)
		}
	}
	for kind, value := range map[person.LoginKind]string{person.LoginEmail: "anna@example.com", person.LoginSNILS: anna().SNILS} {
		if got, err := p.FindByLogin(ctx, kind, value); err != nil || got == nil || got.OID != oids[0] {
			t.Errorf("by %s: %+v, %v, want %d", kind, got, err, oids[0])
		}
	}
	if after := profile(t, p, oids[0]); after.FullName() != before.FullName() || after.SNILS != before.SNILS || len(after.Contacts) != len(before.Contacts) {
		t.Errorf("profile %+v, before %+v", after, before)
	}

	// The number of another account stays refused; it is free when the account goes.
	n := enter(t, p, oids[1], anna())
	if key := faultKey(verify(t, p, oids[1], n)); key != "person.snils_taken" {
		t.Errorf("the SNILS of another account: %q", key)
	}
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error { return p.Delete(ctx, tx, oids[0]) }))
	must(t, verify(t, p, oids[1], n))
	if got, err := p.FindByLogin(ctx, person.LoginSNILS, anna().SNILS); err != nil || got == nil || got.OID != oids[1] {
		t.Errorf("by SNILS after its owner had gone: %+v, %v", got, err)
	}
	if n := count(t, p, `SELECT count(*) FROM person.claim WHERE oid = $1`, oids[0]); n != 0 {
		t.Errorf("a deleted account holds %d logins", n)
	}
}

// While releases change, the one before writes contacts and versions without
// claims, and removes what has some: people sign in as the tables say, and a
// claim that nothing stands behind keeps nobody away.
//
// ID-REG-22
func TestClaimsBesideTheReleaseBefore(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	first, second := create(t, p), create(t, p)
	id := addContact(t, p, first, person.Phone, "+79120000201")
	old := func(sql string, args ...any) {
		t.Helper()
		must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error { _, err := tx.Exec(ctx, sql, args...); return err }))
	}
	old(`UPDATE person.contact SET state = 'confirmed', confirmed_at = created_at WHERE oid = $1 AND id::text = $2`, first, id)
	want := func(when string, oid person.OID) {
		t.Helper()
		got, err := p.FindByLogin(ctx, person.LoginPhone, "+79120000201")
		if err != nil || got == nil || got.OID != oid {
			t.Errorf("%s: %+v, %v, want %d", when, got, err, oid)
		}
	}
	want("confirmed by the release before", first)
	other := addContact(t, p, second, person.Phone, "+79120000201")
	if key := faultKey(confirmContact(t, p, second, other)); key != "person.contact_taken" {
		t.Errorf("another account confirms what the release before confirmed: %q", key)
	}
	old(`DELETE FROM person.contact WHERE oid = $1`, first)
	must(t, confirmContact(t, p, second, other))
	want("confirmed anew", second)
	// The release before removes it and gives it to the first again: the claim is stale.
	old(`DELETE FROM person.contact WHERE oid = $1`, second)
	if got, err := p.FindByLogin(ctx, person.LoginPhone, "+79120000201"); err != nil || got != nil {
		t.Errorf("removed by the release before: %+v, %v", got, err)
	}
	must(t, confirmContact(t, p, first, addContact(t, p, first, person.Phone, "+79120000201")))
	want("a stale claim taken over", first)
}
