package journal_test

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
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/locale"
)

const anna, ivan = 1_000_000_001, 1_000_000_002

func setUp(t *testing.T) *journal.Journal {
	t.Helper()
	return &journal.Journal{
		DB: dbtest.New(t, journal.Migrations()), Clock: clock.At(time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)), Keys: crypt.NewTestKeyring(),
	}
}

func write(t *testing.T, j *journal.Journal, e journal.Entry) {
	t.Helper()
	ctx := context.Background()
	if err := j.DB.InTx(ctx, func(tx *db.Tx) error { return j.Write(ctx, tx, e) }); err != nil {
		t.Fatal(err)
	}
	j.Clock.Advance(time.Second)
}

func list(t *testing.T, j *journal.Journal, oid int64, f journal.Filter) journal.Page {
	t.Helper()
	p, err := j.List(context.Background(), oid, f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ID-SEC-07, ID-SEC-08: entries with time, address, device; paged, filtered by kind, the newest first.
func TestPagesAndFilters(t *testing.T) {
	t.Parallel()
	j := setUp(t)
	for i := range 25 {
		e := journal.Entry{OID: anna, Kind: journal.SignedIn, Address: "203.0.113.7", Device: "Firefox, Linux"}
		if i%5 == 0 {
			e = journal.Entry{OID: anna, Kind: journal.ExchangeRequest, Actor: "system", Details: map[string]string{"agency": "mvd"}}
		}
		write(t, j, e)
	}
	write(t, j, journal.Entry{OID: ivan, Kind: journal.PasswordChanged})
	first := list(t, j, anna, journal.Filter{Kinds: journal.Kinds(journal.GroupSignIn), Limit: 15})
	second := list(t, j, anna, journal.Filter{Kinds: journal.Kinds(journal.GroupSignIn), Limit: 15, After: first.Next})
	if len(first.Entries) != 15 || len(second.Entries) != 5 || second.Next != "" {
		t.Errorf("pages of %d and %d", len(first.Entries), len(second.Entries))
	}
	if e := first.Entries[0]; e.Address != "203.0.113.7" || e.Device != "Firefox, Linux" || e.Actor != "" || e.At.Before(first.Entries[1].At) {
		t.Errorf("entry %+v", e)
	}
	if p := list(t, j, anna, journal.Filter{Kinds: journal.Kinds(journal.GroupExchange)}); len(p.Entries) != 5 || p.Entries[0].Actor != "system" || p.Entries[0].Details["agency"] != "mvd" {
		t.Errorf("requests %+v", p)
	}
	if _, err := j.List(context.Background(), anna, journal.Filter{After: "nonsense"}); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

// G-22: after deletion, and after the term, the details are gone; the lines and the chain stay.
func TestErasure(t *testing.T) {
	t.Parallel()
	j := setUp(t)
	ctx := context.Background()
	q := job.New(j.DB, j.Clock)
	j.Work(q, func(context.Context) (time.Duration, error) { return 24 * time.Hour, nil })
	write(t, j, journal.Entry{OID: anna, Kind: journal.SignedIn, Address: "203.0.113.7"})
	write(t, j, journal.Entry{OID: ivan, Kind: journal.SignedIn, Address: "203.0.113.8"})
	if err := j.DB.InTx(ctx, func(tx *db.Tx) error { return j.Erase(ctx, tx, anna) }); err != nil {
		t.Fatal(err)
	}
	if e := list(t, j, anna, journal.Filter{}).Entries[0]; !e.Erased || e.Address != "" {
		t.Errorf("erased entry %+v", e)
	}
	if e := list(t, j, ivan, journal.Filter{}).Entries[0]; e.Erased || e.Address == "" {
		t.Errorf("another person's entry %+v", e)
	}
	j.Clock.Advance(25 * time.Hour)
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if e := list(t, j, ivan, journal.Filter{}).Entries[0]; !e.Erased {
		t.Errorf("after the term %+v", e)
	}
	if r, err := j.Ledger().Verify(ctx); err != nil || len(r.Problems) != 0 || r.Entries != 2 {
		t.Errorf("chain %+v, %v", r, err)
	}
}

// Every kind has its words in every section that shows it.
func TestKindsHaveTexts(t *testing.T) {
	t.Parallel()
	b, err := i18n.Load(locale.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"ru", "tt", "en"} {
		known := map[string]bool{}
		for _, k := range b.Keys(lang) {
			known[k] = true
		}
		for _, g := range []journal.Group{journal.GroupSignIn, journal.GroupAction, journal.GroupExchange, journal.GroupAccess} {
			for _, k := range journal.Kinds(g) {
				if !known["journal."+string(k)] {
					t.Errorf("%s: no text for journal.%s", lang, k)
				}
			}
		}
	}
}
