package journal_test

import (
	"context"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/journal"
)

// One look per officer, case and hour; each owner sees his own alone.
func TestLooksAreCountedByTheHour(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clock.At(time.Date(2026, 11, 22, 9, 10, 0, 0, time.UTC))
	j := &journal.Journal{DB: dbtest.New(t, journal.Migrations()), Clock: c, Keys: crypt.NewTestKeyring()}
	anna, boris := db.NewID(), db.NewID()
	look := func(officer, owner, object string) {
		t.Helper()
		err := j.DB.InTx(ctx, func(tx *db.Tx) error {
			return j.Look(ctx, tx, journal.Entry{
				Owner: owner, Kind: journal.Looked, Actor: "officer:" + officer, Object: object,
				Details: map[string]string{"number": "72-2026-0000001-5"},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		look("o1", anna, "application:1")
	}
	look("o2", anna, "application:1")
	look("o1", anna, "application:2")
	look("o1", boris, "application:3")
	c.Advance(time.Hour)
	look("o1", anna, "application:1")

	page, err := j.List(ctx, anna, journal.Filter{Kinds: journal.Access})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Entries) != 4 {
		t.Errorf("%d looks, want 4: two officers, two cases, two hours", len(page.Entries))
	}
	for _, e := range page.Entries {
		if e.Owner != anna || e.Details["number"] == "" || e.Actor == "" {
			t.Errorf("entry: %+v", e)
		}
	}
	if page, err = j.ListObject(ctx, "application:3", journal.Filter{}); err != nil || len(page.Entries) != 1 {
		t.Errorf("journal of the case: %+v, %v", page, err)
	}
}

// Details end with the term of retention; the lines stay.
func TestOldDetailsAreErased(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := dbtest.New(t, journal.Migrations())
	c := clock.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	j := &journal.Journal{
		DB: d, Clock: c, Keys: crypt.NewTestKeyring(),
		KeepDays: func(context.Context, *db.Tx) (int, error) { return 1096, nil },
	}
	q := job.New(d, c)
	j.Work(q)
	anna := db.NewID()
	for range 2 {
		err := d.InTx(ctx, func(tx *db.Tx) error {
			return j.Write(ctx, tx, journal.Entry{Owner: anna, Kind: journal.Submitted, Details: map[string]string{"number": "72-2026-0000001-5"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(1096 * 24 * time.Hour)
	}
	c.Advance(-time.Hour)
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	page, err := j.List(ctx, anna, journal.Filter{})
	if err != nil || len(page.Entries) != 2 {
		t.Fatalf("lines: %+v, %v", page.Entries, err)
	}
	if young, old := page.Entries[0], page.Entries[1]; young.Erased || young.Details["number"] == "" || !old.Erased || len(old.Details) != 0 {
		t.Errorf("young %+v, old %+v", young, old)
	}
}
