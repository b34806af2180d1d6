package operator_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Whoever holds the link and has the invited name begins to work, once; nobody
// else may invite, and nobody acts without his line in the journal (ID-MFC-07).
func TestInvite(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	admin := w.staff(t, "", operator.Admin)

	for name, try := range map[string]struct {
		by             person.OID
		surname, given string
		centre         string
		rights         []operator.Right
		want           string
	}{
		"an operator invites":  {w.op, "Тестова", "Анна", "mfc-72-1", operator.Acts(), "operator.not_permitted"},
		"no name":              {admin, " ", "Анна", "mfc-72-1", operator.Acts(), "operator.invitation_invalid"},
		"no right":             {admin, "Тестова", "Анна", "mfc-72-1", nil, "operator.invitation_invalid"},
		"a desk without place": {admin, "Тестова", "Анна", "", operator.Acts(), "operator.invitation_invalid"},
		"an unknown centre":    {admin, "Тестова", "Анна", "mfc-72-9", operator.Acts(), "operator.centre_missing"},
	} {
		if _, err := w.Invite(ctx, try.by, db.NewID(), try.surname, try.given, try.centre, try.rights); key(err) != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}

	// The name decides, in any spelling; ё is е.
	form := db.NewID()
	token, err := w.Invite(ctx, admin, form, "тестова", " Анна ", "mfc-72-1", []operator.Right{operator.MayConfirm})
	must(t, err)
	if again, err := w.Invite(ctx, admin, form, "тестова", " Анна ", "mfc-72-1", []operator.Right{operator.MayConfirm}); err != nil || again != token {
		t.Errorf("the form sent twice made another link: %v", err)
	}
	var other person.OID
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		other, err = w.Persons.Create(ctx, tx, person.New{Surname: "Чужакова", Given: "Анна"})
		return err
	}))
	anna := w.citizen(t, "+79120000555", true)
	for _, oid := range []person.OID{other, anna} {
		if err := w.Join(ctx, token, oid); key(err) != "operator.unconfirmed" {
			t.Errorf("somebody whose name nobody has proven joined or learnt something: %v", err)
		}
	}
	w.prove(t, anna, 1)
	w.prove(t, other, 2)
	if err := w.Join(ctx, token, other); key(err) != "operator.invitation_other" {
		t.Errorf("somebody else joined: %v", err)
	}
	var joined atomic.Int32
	var wg sync.WaitGroup
	for range 8 { // pressed eight times at once
		wg.Go(func() {
			if w.Join(ctx, token, anna) == nil {
				joined.Add(1)
			}
		})
	}
	wg.Wait()
	if joined.Load() != 1 {
		t.Errorf("joined %d times", joined.Load())
	}
	o, err := w.Get(ctx, anna)
	must(t, err)
	if !o.May(operator.MayConfirm) || o.May(operator.MayRecover) || o.May(operator.Admin) {
		t.Errorf("rights %v", o.Rights)
	}

	// What ends an invitation: the administrator, time, and his own dismissal.
	token, err = w.Invite(ctx, admin, db.NewID(), "Тестова", "Анна", "", []operator.Right{operator.Admin})
	must(t, err)
	waiting, err := w.Invitations(ctx, admin)
	must(t, err)
	if len(waiting) != 1 {
		t.Fatalf("%d invitations wait", len(waiting))
	}
	must(t, w.EndInvitation(ctx, admin, waiting[0].ID))
	if err := w.Join(ctx, token, anna); key(err) != "operator.invitation_over" {
		t.Errorf("after its end: %v", err)
	}
	late, err := w.Invite(ctx, admin, db.NewID(), "Тестова", "Анна", "", []operator.Right{operator.Admin})
	must(t, err)
	w.Clock.Advance(73 * time.Hour)
	if err := w.Join(ctx, late, anna); key(err) != "operator.invitation_over" {
		t.Errorf("after its time: %v", err)
	}
	orphan, err := w.Invite(ctx, admin, db.NewID(), "Тестова", "Анна", "", []operator.Right{operator.Admin})
	must(t, err)
	second := w.staff(t, "", operator.Admin)
	must(t, w.ChangeRights(ctx, second, admin, "", nil))
	if err := w.Join(ctx, orphan, anna); key(err) != "operator.invitation_over" {
		t.Errorf("invited by somebody dismissed: %v", err)
	}

	acts, err := w.AdminLog(ctx, second, "", 50)
	must(t, err)
	kinds := map[operator.Deed]int{}
	for _, a := range acts {
		kinds[a.Kind]++
	}
	if kinds[operator.DeedInvite] != 4 || kinds[operator.DeedJoin] != 1 || kinds[operator.DeedUninvite] != 2 || kinds[operator.DeedRights] != 1 {
		t.Errorf("the journal has %v", kinds)
	}
	if _, err := w.AdminLog(ctx, admin, "", 50); key(err) != "operator.not_permitted" {
		t.Errorf("a dismissed administrator reads: %v", err)
	}
}

// Who is dismissed, or loses a right, does not come back by a link from before; one that
// is made later lets him in.
func TestLinksFromBeforeEnd(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := t.Context()
	admin := w.staff(t, "", operator.Admin)
	anna := w.citizen(t, "+79120000555", true)
	w.prove(t, anna, 1)
	invite := func(by person.OID, surname string, rights ...operator.Right) string {
		t.Helper()
		token, err := w.Invite(ctx, by, db.NewID(), surname, "Анна", "mfc-72-1", rights)
		must(t, err)
		return token
	}
	join := func(token, want string) {
		t.Helper()
		if err := w.Join(ctx, token, anna); key(err) != want {
			t.Errorf("joined: %v, want %q", err, want)
		}
	}
	first, second, higher := invite(admin, "Тестова", operator.MayConfirm), invite(admin, "ТЕСТОВА", operator.MayConfirm), invite(admin, "Тестова", operator.Admin)
	join(first, "")
	must(t, w.ChangeRights(ctx, admin, anna, "", nil))
	join(second, "operator.invitation_over")
	join(higher, "operator.invitation_over")
	if list, err := w.Invitations(ctx, admin); err != nil || len(list) != 0 {
		t.Errorf("these wait: %+v, %v", list, err)
	}
	acts, err := w.AdminLog(ctx, admin, "", 50)
	must(t, err)
	n := 0
	for _, a := range acts {
		if a.Kind == operator.DeedUninvite {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d withdrawn links in the journal", n)
	}
	w.Clock.Advance(time.Minute)
	join(invite(admin, "Тестова", operator.Admin, operator.MayConfirm), "")

	// An administrator's links end with his right to make them, and do not come back with it.
	var other person.OID
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		other, err = w.Persons.Create(ctx, tx, person.New{Surname: "Чужакова", Given: "Анна"})
		return err
	}))
	w.prove(t, other, 2)
	hers, own := invite(anna, "Чужакова", operator.Admin), invite(admin, "Тестова", operator.Admin)
	must(t, w.ChangeRights(ctx, admin, anna, "mfc-72-1", []operator.Right{operator.MayConfirm}))
	join(own, "operator.invitation_over")
	must(t, w.ChangeRights(ctx, admin, anna, "", []operator.Right{operator.Admin}))
	if err := w.Join(ctx, hers, other); key(err) != "operator.invitation_over" {
		t.Errorf("by a link of an administrator from before: %v", err)
	}

	// The command line takes a right as the page does.
	own = invite(admin, "Тестова", operator.Admin)
	must(t, w.Grant(ctx, anna, "mfc-72-1", []operator.Right{operator.MayConfirm}, "setup"))
	join(own, "operator.invitation_over")

	// However joining and dismissal cross, a link from before brings nobody back.
	tokens := []string{invite(admin, "Тестова", operator.MayConfirm), invite(admin, "Тестова", operator.MayConfirm), invite(admin, "Тестова", operator.MayConfirm)}
	var wg sync.WaitGroup
	for _, token := range tokens {
		wg.Go(func() { _ = w.Join(ctx, token, anna) })
	}
	wg.Go(func() {
		if err := w.ChangeRights(ctx, admin, anna, "", nil); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if _, err := w.Get(ctx, anna); key(err) != "operator.not_permitted" {
		t.Errorf("at work again: %v", err)
	}
}

// The last administrator cannot be taken away, not by two at once either.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	a, b := w.staff(t, "", operator.Admin), w.staff(t, "", operator.Admin)
	var wg sync.WaitGroup
	var errs [2]error
	wg.Go(func() { errs[0] = w.ChangeRights(ctx, a, b, "", nil) })
	wg.Go(func() { errs[1] = w.ChangeRights(ctx, b, a, "", nil) })
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("both or none: %v, %v", errs[0], errs[1])
	}
	last := a
	if errs[0] != nil {
		last = b
	}
	if err := w.ChangeRights(ctx, last, last, "mfc-72-1", operator.Acts()); key(err) != "operator.last_admin" {
		t.Errorf("the last one left: %v", err)
	}
	must(t, w.ChangeRights(ctx, last, last, "mfc-72-1", append(operator.Acts(), operator.Admin)))
}

// What an administrator does elsewhere and its line in the journal are one.
func TestAdminister(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	admin := w.staff(t, "", operator.Admin)
	broken := errors.New("broken")
	if err := w.Administer(ctx, admin, operator.DeedClient, "x", "", func(*db.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	ran := false
	if err := w.Administer(ctx, w.op, operator.DeedClient, "x", "", func(*db.Tx) error { ran = true; return nil }); key(err) != "operator.not_permitted" || ran {
		t.Errorf("an operator administers: %v", err)
	}
	acts, err := w.AdminLog(ctx, admin, "", 50)
	must(t, err)
	if len(acts) != 0 {
		t.Errorf("the journal tells of what was not done: %+v", acts)
	}
	if err := w.RemoveFactor(ctx, admin, admin, "потерял свой телефон"); key(err) != "operator.own_account" {
		t.Errorf("the own factor: %v", err)
	}
	if err := w.RemoveFactor(ctx, admin, w.op, "так"); key(err) != "operator.reason_missing" {
		t.Errorf("without a reason: %v", err)
	}
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Credentials.SetTOTP(ctx, tx, w.op, "JBSWY3DPEHPK3PXP") }))
	must(t, w.RemoveFactor(ctx, admin, w.op, "сотрудник потерял телефон"))
	if has, err := w.Credentials.HasTOTP(ctx, w.op); err != nil || has {
		t.Errorf("the app is still connected: %v", err)
	}
}

// prove makes a confirmed account; n tells papers apart.
func (w *world) prove(t *testing.T, oid person.OID, n int) {
	t.Helper()
	ctx := t.Context()
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := w.Persons.GetTx(ctx, tx, oid)
		if err != nil {
			return err
		}
		if who.Level == person.Simplified {
			f := form()
			f.Surname, f.Given, f.SNILS, f.Document = who.Surname, who.Given, ruid.SampleSNILS(uint64(n)).String(), fmt.Sprintf("71 11 %06d", 100000+n)
			d, err := f.Read(start)
			if err != nil {
				return err
			}
			v, err := w.Persons.Enter(ctx, tx, oid, d, "self")
			if err != nil {
				return err
			}
			if err := w.Persons.Verify(ctx, tx, oid, v, "registers", "mvd"); err != nil {
				return err
			}
		}
		return w.Persons.Confirm(ctx, tx, oid, person.Proofing{Method: "centre", Provider: "mfc-72-1", Place: "МФЦ", Actor: "1"})
	}))
}
