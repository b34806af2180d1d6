package person_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/person"
)

var start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

func setUp(t *testing.T) *person.Persons {
	t.Helper()
	d := dbtest.New(t, person.Migrations(), event.Migrations())
	c := clock.At(start)
	return &person.Persons{DB: d, Clock: c, Keys: crypt.NewTestKeyring(), Events: &event.Outbox{DB: d, Clock: c}}
}

func inTx(t *testing.T, p *person.Persons, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	ctx := context.Background()
	return p.DB.InTx(ctx, func(tx *db.Tx) error { return fn(ctx, tx) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, p *person.Persons) person.OID {
	t.Helper()
	var oid person.OID
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) (err error) {
		oid, err = p.Create(ctx, tx, person.New{Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна"})
		return err
	}))
	return oid
}

func addContact(t *testing.T, p *person.Persons, oid person.OID, kind person.ContactKind, value string) string {
	t.Helper()
	var id string
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		c, err := p.AddContact(ctx, tx, oid, kind, value)
		if c != nil {
			id = c.ID
		}
		return err
	}))
	return id
}

func confirmContact(t *testing.T, p *person.Persons, oid person.OID, id string) error {
	t.Helper()
	return inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		_, err := p.ConfirmContact(ctx, tx, oid, id)
		return err
	})
}

func faultKey(err error) string {
	if f, _ := fault.As(err); f != nil {
		return f.Key
	}
	return ""
}

func anna() person.Data {
	return person.Data{
		Surname: "Тестова", Given: "Анна", Patronymic: "Сергеевна", Sex: "F", BirthDate: time.Date(1991, 4, 17, 0, 0, 0, 0, time.UTC),
		BirthPlace: "г. Тюмень", SNILS: "14390561762", Citizenship: "RUS", DocumentType: person.RFPassport,
		Document: person.DocumentData{Series: "7111", Number: "904513", IssueDate: "2011-05-06", IssueID: "720002", IssuedBy: "УМВД"},
	}
}

func enter(t *testing.T, p *person.Persons, oid person.OID, d person.Data) int {
	t.Helper()
	var n int
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) (err error) {
		n, err = p.Enter(ctx, tx, oid, d, "self")
		return err
	}))
	return n
}

func verify(t *testing.T, p *person.Persons, oid person.OID, n int) error {
	t.Helper()
	return inTx(t, p, func(ctx context.Context, tx *db.Tx) error { return p.Verify(ctx, tx, oid, n, "registers", "mvd") })
}

func profile(t *testing.T, p *person.Persons, oid person.OID) *person.Profile {
	t.Helper()
	out, err := p.Profile(context.Background(), oid)
	must(t, err)
	return out
}

// ID-REG-22: a contact can be confirmed for one account alone, however many try at once.
func TestSixtyFourConfirmationsOneWins(t *testing.T) {
	t.Parallel()
	for name, setUp := range layouts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sixtyFourConfirmations(t, setUp(t))
		})
	}
}

func sixtyFourConfirmations(t *testing.T, p *person.Persons) {
	const n = 64
	oids, ids := make([]person.OID, n), make([]string, n)
	for i := range n {
		oids[i] = create(t, p)
		ids[i] = addContact(t, p, oids[i], person.Phone, "+79120000101")
	}
	var won, taken atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := confirmContact(t, p, oids[i], ids[i])
			switch {
			case err == nil:
				won.Add(1)
			case faultKey(err) == "person.contact_taken":
				taken.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || taken.Load() != n-1 {
		t.Errorf("%d won, %d were told that it is taken", won.Load(), taken.Load())
	}
}

// ID-LOG-07: an unconfirmed contact is no login.
func TestLoginByContact(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	oid := create(t, p)
	id := addContact(t, p, oid, person.Email, "anna@example.com")
	if got, err := p.FindByLogin(ctx, person.LoginEmail, "anna@example.com"); err != nil || got != nil {
		t.Fatalf("an unconfirmed e-mail found %v, %v", got, err)
	}
	must(t, confirmContact(t, p, oid, id))
	got, err := p.FindByLogin(ctx, person.LoginEmail, "anna@example.com")
	if err != nil || got == nil || got.OID != oid || got.Level != person.Simplified {
		t.Fatalf("found %+v, %v", got, err)
	}
	if got, _ := p.FindByLogin(ctx, person.LoginPhone, "anna@example.com"); got != nil {
		t.Error("an e-mail was found as a phone")
	}
}

// ID-LOG-06: SNILS is a login only once it is verified.
func TestLoginBySNILS(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	oid := create(t, p)
	n := enter(t, p, oid, anna())
	if got, _ := p.FindByLogin(ctx, person.LoginSNILS, "14390561762"); got != nil {
		t.Error("an unverified SNILS is a login")
	}
	must(t, verify(t, p, oid, n))
	got, err := p.FindByLogin(ctx, person.LoginSNILS, "14390561762")
	if err != nil || got == nil || got.OID != oid || got.Level != person.Standard {
		t.Errorf("found %+v, %v", got, err)
	}
}

// ID-VER-15, ID-VER-08: verified values stay in force until the new ones are verified; a failed check changes nothing.
func TestVerifiedValuesStayInForce(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	oid := create(t, p)
	must(t, verify(t, p, oid, enter(t, p, oid, anna())))

	married := anna()
	married.Surname = "Пробная"
	married.Document = person.DocumentData{Series: "7126", Number: "000001", IssueDate: "2026-11-01", IssueID: "720002", IssuedBy: "УМВД"}
	n := enter(t, p, oid, married)
	got := profile(t, p, oid)
	if got.Surname != "Тестова" || got.Identity == nil || got.Identity.Number != "904513" || got.Identity.State != person.DocumentVerified {
		t.Errorf("in force while checking: %s, %+v", got.Surname, got.Identity)
	}
	if got.Pending == nil || got.Pending.Surname != "Пробная" || got.Pending.Document.Number != "000001" {
		t.Errorf("pending: %+v", got.Pending)
	}
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error { return p.Fail(ctx, tx, oid, n) }))
	if got := profile(t, p, oid); got.Surname != "Тестова" || got.Level != person.Standard || got.Pending.State != person.VersionFailed {
		t.Errorf("after a failed check: %s, level %s, %s", got.Surname, got.Level, got.Pending.State)
	}
	if err := verify(t, p, oid, n); !fault.Is(err, fault.KindConflict) {
		t.Errorf("a failed version was verified: %v", err)
	}
	must(t, verify(t, p, oid, enter(t, p, oid, married)))
	got = profile(t, p, oid)
	if got.Surname != "Пробная" || got.Identity.Number != "000001" || got.Pending != nil || *got.Version != 3 {
		t.Errorf("after the new check: %s, %+v, %+v", got.Surname, got.Identity, got.Pending)
	}
	for _, d := range got.Documents {
		if d.Number == "904513" {
			t.Error("the old passport is still listed")
		}
	}
}

// ID-REG-22: SNILS belongs to one verified account alone.
func TestSNILSOfAnotherAccount(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	first, second := create(t, p), create(t, p)
	must(t, verify(t, p, first, enter(t, p, first, anna())))
	n := enter(t, p, second, anna())
	err := verify(t, p, second, n)
	if f, _ := fault.As(err); f == nil || f.Key != "person.snils_taken" {
		t.Fatalf("second account with the same SNILS: %v", err)
	}
	if got := profile(t, p, second); got.Level != person.Simplified || got.SNILSVerified {
		t.Errorf("second account has level %s", got.Level)
	}
}

// ID-LVL-10, C-14: nobody is confirmed online before the standard level.
func TestLevelsRiseInOrder(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	oid := create(t, p)
	confirm := func() error {
		return inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
			return p.Confirm(ctx, tx, oid, person.Proofing{Method: "centre", Provider: "mfc-72-1", Place: "МФЦ, Тюмень", Actor: "1000000001", Document: "RF_PASSPORT"})
		})
	}
	if f, _ := fault.As(confirm()); f == nil || f.Key != "person.level_order" {
		t.Error("a simplified account was confirmed")
	}
	must(t, verify(t, p, oid, enter(t, p, oid, anna())))
	must(t, confirm())
	got := profile(t, p, oid)
	// ID-CNF-18: how, where, when and by whom.
	if got.Level != person.Confirmed || got.Proofing == nil || got.Proofing.Method != "centre" || got.Proofing.Place != "МФЦ, Тюмень" || !got.Proofing.At.Equal(start) {
		t.Errorf("level %s, proofing %+v", got.Level, got.Proofing)
	}
	if f, _ := fault.As(confirm()); f == nil || f.Key != "person.already_confirmed" {
		t.Error("a confirmed account was confirmed again")
	}
}

// ID-LVL-01: three ordered levels.
func TestLevels(t *testing.T) {
	t.Parallel()
	if !(person.Simplified < person.Standard && person.Standard < person.Confirmed) || person.Level(0).Valid() || person.Level(4).Valid() {
		t.Error("levels are not three and ordered")
	}
	if person.Simplified.String() != "simplified" || person.Standard.String() != "standard" || person.Confirmed.String() != "confirmed" {
		t.Error("names of levels")
	}
}

// A replaced contact is handed back, so that its owner can be told; the last one stays.
func TestReplaceAndRemoveContacts(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	oid := create(t, p)
	must(t, confirmContact(t, p, oid, addContact(t, p, oid, person.Phone, "+79120000101")))
	id := addContact(t, p, oid, person.Phone, "+79120000102")
	if c := profile(t, p, oid).Contact(person.Phone); c.Value != "+79120000101" || !c.Confirmed {
		t.Errorf("the confirmed phone gave way before its successor was confirmed: %+v", c)
	}
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		old, err := p.ConfirmContact(ctx, tx, oid, id)
		if old == nil || old.Value != "+79120000101" {
			t.Errorf("replaced contact: %+v", old)
		}
		return err
	}))
	err := inTx(t, p, func(ctx context.Context, tx *db.Tx) error { _, err := p.RemoveContact(ctx, tx, oid, id); return err })
	if f, _ := fault.As(err); f == nil || f.Key != "person.contact_last" {
		t.Errorf("the last login could be removed: %v", err)
	}
	// The old number is free for others now.
	other := create(t, p)
	must(t, confirmContact(t, p, other, addContact(t, p, other, person.Phone, "+79120000101")))
	if err := confirmContact(t, p, other, id); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a foreign contact was confirmed: %v", err)
	}
}

// ID-ACC-06, C-57: after deletion contacts and SNILS are free, the number stays taken, nothing personal is left.
func TestDeleteLeavesNothingPersonal(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	oid := create(t, p)
	must(t, confirmContact(t, p, oid, addContact(t, p, oid, person.Phone, "+79120000101")))
	must(t, verify(t, p, oid, enter(t, p, oid, anna())))
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		if err := p.PutAddress(ctx, tx, oid, person.Residence, person.AddressData{Text: "г. Тюмень, ул. Республики, д. 1"}); err != nil {
			return err
		}
		_, err := p.PutChild(ctx, tx, oid, "", start.AddDate(-5, 0, 0), person.ChildData{Surname: "Тестов", Given: "Илья", Sex: "M"})
		return err
	}))
	hooked := 0
	p.OnDelete = append(p.OnDelete, func(context.Context, *db.Tx, person.OID) error { hooked++; return nil })
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error { return p.Delete(ctx, tx, oid) }))
	if hooked != 1 {
		t.Errorf("hooks ran %d times", hooked)
	}
	if _, err := p.Get(ctx, oid); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a deleted account: %v", err)
	}
	must(t, p.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := db.Get[string](ctx, tx, `SELECT p::text FROM person.person p WHERE oid = $1`, oid)
		if strings.Contains(row, "Тестова") || strings.Contains(row, "1991") {
			t.Errorf("left over: %s", row)
		}
		for _, table := range []string{"version", "document", "contact", "address", "child"} {
			n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM person.`+table)
			if err != nil || n != 0 {
				t.Errorf("%s has %d rows left, %v", table, n, err)
			}
		}
		return err
	}))
	again := create(t, p)
	must(t, confirmContact(t, p, again, addContact(t, p, again, person.Phone, "+79120000101")))
	must(t, verify(t, p, again, enter(t, p, again, anna())))
	if again == oid {
		t.Error("the number was used again")
	}
	if got := profile(t, p, again); len(got.Children) != 0 || len(got.Addresses) != 0 {
		t.Error("the new account has old data")
	}
}

// Values are sealed at rest.
func TestSealedAtRest(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	ctx := context.Background()
	oid := create(t, p)
	addContact(t, p, oid, person.Phone, "+79120000101")
	enter(t, p, oid, anna())
	must(t, p.DB.Read(ctx, func(tx *db.Tx) error {
		for _, table := range []string{"version", "document", "contact"} {
			rows, err := db.List[string](ctx, tx, `SELECT encode(convert_to(t::text, 'UTF8'), 'escape') FROM person.`+table+` t`)
			if err != nil {
				return err
			}
			for _, r := range rows {
				for _, secret := range []string{"14390561762", "904513", "9120000101"} {
					if strings.Contains(r, secret) {
						t.Errorf("%s shows %s", table, secret)
					}
				}
			}
		}
		return nil
	}))
}

// ID-LOG-05, ID-REG-23: a login in any spelling.
func TestParseLogin(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"8 912 000-01-01": "phone +79120000101", "+7 (912) 000-01-01": "phone +79120000101", "9120000101": "phone +79120000101",
		" Anna@Example.COM ": "email anna@example.com", "143-905-617 62": "snils 14390561762", "": "", "anna": "", "8 343 000-01-01": "",
	} {
		kind, value, ok := person.ParseLogin(text, false)
		got := string(kind) + " " + value
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
	if kind, value, ok := person.ParseLogin("14390561762", true); !ok || kind != person.LoginSNILS || value != "14390561762" {
		t.Errorf("SNILS tab: %s %s %v", kind, value, ok)
	}
}

func TestOID(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "999999999", "2147483648", "+1000000000", "01000000000", "1e9", "-1000000000"} {
		if _, err := person.ParseOID(bad); err == nil {
			t.Errorf("%q is a number", bad)
		}
	}
	if n, err := person.ParseOID("1000000000"); err != nil || person.FormatOID(n) != "1000000000" {
		t.Errorf("%d %v", n, err)
	}
}

func TestDocumentsAndCards(t *testing.T) {
	t.Parallel()
	p := setUp(t)
	oid, other := create(t, p), create(t, p)
	var first, second *person.Document
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) (err error) {
		if first, err = p.PutDocument(ctx, tx, oid, person.DrivingLicence, person.DocumentData{Series: "9912", Number: "123456"}); err != nil {
			return err
		}
		if err = p.SetDocumentState(ctx, tx, oid, first.ID, person.DocumentVerified, "mvd"); err != nil {
			return err
		}
		second, err = p.PutDocument(ctx, tx, oid, person.DrivingLicence, person.DocumentData{Series: "9926", Number: "654321"})
		return err
	}))
	// ID-VER-13, ID-VER-15: the verified one stays until the new one is verified.
	if docs := profile(t, p, oid).Documents; len(docs) != 2 || docs[0].ID != first.ID || docs[0].VerifiedBy != "mvd" || docs[1].State != person.DocumentEntered {
		t.Errorf("documents %+v", docs)
	}
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		return p.SetDocumentState(ctx, tx, oid, second.ID, person.DocumentVerified, "mvd")
	}))
	if docs := profile(t, p, oid).Documents; len(docs) != 1 || docs[0].ID != second.ID {
		t.Errorf("documents %+v", docs)
	}
	must(t, inTx(t, p, func(ctx context.Context, tx *db.Tx) error {
		if _, err := p.PutDocument(ctx, tx, oid, person.RFPassport, person.DocumentData{Number: "1"}); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("a passport went around the form: %v", err)
		}
		if err := p.RemoveDocument(ctx, tx, other, second.ID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a foreign document was removed: %v", err)
		}
		found, err := p.FindByVerifiedDocument(ctx, tx, person.DrivingLicence, "99 26", "654321")
		if err != nil || found == nil || *found != oid {
			t.Errorf("found %v, %v", found, err)
		}
		id, err := p.PutChild(ctx, tx, oid, "", start.AddDate(-5, 0, 0), person.ChildData{Surname: "Тестов", Given: "Илья", Sex: "M"})
		if err != nil {
			return err
		}
		if _, err := p.PutChild(ctx, tx, other, id, start, person.ChildData{}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a foreign card was changed: %v", err)
		}
		if err := p.RemoveChild(ctx, tx, other, id); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a foreign card was removed: %v", err)
		}
		v, err := p.AddVehicle(ctx, tx, oid, person.VehicleData{Name: "Лада", Plate: "А123ВС72"})
		if err != nil {
			return err
		}
		return p.RemoveVehicle(ctx, tx, oid, v)
	}))
	if got := profile(t, p, oid); len(got.Children) != 1 || got.Children[0].Given != "Илья" || len(got.Vehicles) != 0 {
		t.Errorf("children %+v, vehicles %+v", got.Children, got.Vehicles)
	}
}
