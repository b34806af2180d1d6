package db_test

import (
	"slices"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

// After a pause in which changes may have been tidied away everything is
// forgotten, and what is tidied away is old.
func TestPauseForgetsEverything(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := dbtest.New(t)
	d.BelieveFor(time.Minute) // the machine may stand still for a second
	var dropped []string
	all := 0
	d.Follow("thing", db.Follower{Drop: func(k string) { dropped = append(dropped, k) }, All: func() { all++ }})
	catchUp := func() {
		t.Helper()
		if err := d.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
	}
	catchUp() // the first question: what was before is not known
	tell := func(keys ...string) {
		t.Helper()
		if err := d.InTx(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "thing", keys...) }); err != nil {
			t.Fatal(err)
		}
	}
	tell("a", "b")
	if !slices.Equal(dropped, []string{"a", "b"}) || all != 1 {
		t.Fatalf("after a commit of this process: %v, %d times all", dropped, all)
	}
	dropped = nil
	catchUp()
	if !slices.Equal(dropped, []string{"a", "b"}) || all != 1 {
		t.Fatalf("after the question: %v, %d times all", dropped, all)
	}
	if n, err := d.TidyChanges(ctx); n != 0 || err != nil {
		t.Errorf("%d changes of now were tidied away, %v", n, err)
	}
	err := d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE okno.change SET at = at - interval '6 minutes'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := d.TidyChanges(ctx); n != 2 || err != nil {
		t.Errorf("%d old changes were tidied away, %v", n, err)
	}
	d.AgeFeed(2 * time.Minute)
	if d.Following() {
		t.Error("an answer of two minutes ago is believed")
	}
	catchUp()
	if all < 2 {
		t.Error("what was tidied away during a pause would never be dropped")
	}
	if !d.Following() {
		t.Error("a fresh answer is not believed")
	}
}
