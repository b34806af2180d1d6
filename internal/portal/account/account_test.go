package account_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/account"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func newAccounts(t *testing.T) *account.Accounts {
	t.Helper()
	return &account.Accounts{DB: dbtest.New(t, account.Migrations()), Clock: clock.At(start), Keys: crypt.NewTestKeyring()}
}

func signIn(t *testing.T, a *account.Accounts, s account.SignIn) *account.Account {
	t.Helper()
	var out *account.Account
	must(t, a.DB.InTx(t.Context(), func(tx *db.Tx) (err error) {
		out, err = a.SignedIn(t.Context(), tx, s)
		return err
	}))
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestParallelFirstSignInsMakeOneAccount(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	ids := make([]string, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			err := a.DB.InTx(context.Background(), func(tx *db.Tx) error {
				acc, err := a.SignedIn(context.Background(), tx, account.SignIn{Subject: "1000000001", Level: account.LevelStandard})
				if err == nil {
					ids[i] = acc.ID
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("sign-ins of one subject gave different accounts: %v", ids)
		}
	}
}

// The level of the session is raised by signing in again and lowered at once.
//
// C-53
func TestRaisedLevelWaitsForANewSignIn(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	ctx := t.Context()
	acc := signIn(t, a, account.SignIn{Subject: "7", Level: account.LevelSimplified, Locale: "tt"})
	offer := func(l account.Level) {
		must(t, a.DB.InTx(ctx, func(tx *db.Tx) error { return a.OfferLevel(ctx, tx, "7", l) }))
	}
	offer(account.LevelConfirmed)
	got, err := a.Get(ctx, acc.ID)
	must(t, err)
	if got.Level != account.LevelSimplified || got.Offered != account.LevelConfirmed || !got.NeedsNewSignIn() {
		t.Fatalf("after the event: level %v, offered %v", got.Level, got.Offered)
	}
	got = signIn(t, a, account.SignIn{Subject: "7", Level: account.LevelConfirmed, Proofing: "centre", Locale: "en"})
	if got.Level != account.LevelConfirmed || got.NeedsNewSignIn() || got.Proofing != "centre" {
		t.Fatalf("after the new sign-in: %+v", got)
	}
	if got.Locale != "tt" {
		t.Errorf("the provider's language %q replaced the one chosen first", got.Locale)
	}
	offer(account.LevelStandard)
	got, err = a.Get(ctx, acc.ID)
	must(t, err)
	if got.Level != account.LevelStandard {
		t.Errorf("a lowered level must bind at once, is %v", got.Level)
	}
}

func TestContactsAreSealedAndNewestWins(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	ctx := t.Context()
	acc := signIn(t, a, account.SignIn{Subject: "8", Level: account.LevelStandard})
	set := func(mail string, at time.Time) {
		must(t, a.DB.InTx(ctx, func(tx *db.Tx) error {
			return a.SetContacts(ctx, tx, acc.ID, account.Contacts{Email: mail, Mobile: "+79120000001"}, at)
		}))
	}
	set("new@example.org", start.Add(time.Minute))
	set("old@example.org", start)
	must(t, a.DB.Read(ctx, func(tx *db.Tx) error {
		c, err := a.Contacts(ctx, tx, acc.ID)
		must(t, err)
		if c.Email != "new@example.org" {
			t.Errorf("e-mail %q, want the newest", c.Email)
		}
		n, err := db.Get[int](ctx, tx, `SELECT count(*) FROM account.account
			WHERE position('example.org'::bytea IN contacts) > 0 OR position('9120000001'::bytea IN contacts) > 0`)
		must(t, err)
		if n != 0 {
			t.Error("contacts lie open in the database")
		}
		return nil
	}))
}

func TestClosedAccountIsForgottenAndNotReused(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	ctx := t.Context()
	acc := signIn(t, a, account.SignIn{Subject: "9", Level: account.LevelConfirmed})
	for range 2 { // the event may come twice
		must(t, a.DB.InTx(ctx, func(tx *db.Tx) error { return a.Close(ctx, tx, "9") }))
	}
	if _, err := a.BySubject(ctx, "9"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a closed account is found by its subject: %v", err)
	}
	got, err := a.Get(ctx, acc.ID)
	must(t, err)
	if got.ClosedAt == nil || got.Level != account.LevelNone {
		t.Errorf("closed account keeps its rights: %+v", got)
	}
	if err := a.SetLocale(ctx, acc.ID, "en"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a closed account can be changed: %v", err)
	}
	if again := signIn(t, a, account.SignIn{Subject: "9", Level: account.LevelSimplified}); again.ID == acc.ID {
		t.Error("a new account took the id of a deleted one")
	}
}

func TestChoicesAreKept(t *testing.T) {
	t.Parallel()
	a := newAccounts(t)
	ctx := t.Context()
	acc := signIn(t, a, account.SignIn{Subject: "10", Level: account.LevelStandard})
	must(t, a.SetPrefs(ctx, acc.ID, account.Prefs{Size: 150, Scheme: "dark", NoImage: true}))
	must(t, a.SetPlace(ctx, acc.ID, "72-tobolsk"))
	must(t, a.Agree(ctx, acc.ID, "2026-11"))
	a.Clock.Advance(time.Hour)
	must(t, a.Agree(ctx, acc.ID, "2026-11"))
	got, err := a.Get(ctx, acc.ID)
	must(t, err)
	if got.Prefs.Size != 150 || got.Prefs.Scheme != "dark" || got.Place != "72-tobolsk" {
		t.Errorf("choices lost: %+v", got)
	}
	if got.AgreedAt == nil || !got.AgreedAt.Equal(start) {
		t.Errorf("a repeated acceptance moved the first one: %v", got.AgreedAt)
	}
	for _, bad := range []string{"de", "", "../ru"} {
		if err := a.SetLocale(ctx, acc.ID, bad); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("language %q: %v", bad, err)
		}
	}
	if _, err := a.Get(ctx, "not-an-id"); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("nonsense id: %v", err)
	}
}
