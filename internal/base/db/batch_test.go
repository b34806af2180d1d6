package db_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

func TestBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := dbtest.New(t, source(`CREATE TABLE thing (n int CONSTRAINT thing_n UNIQUE);`))
	insert := func(numbers ...int) *db.Batch {
		b := &db.Batch{}
		for _, n := range numbers {
			if err := b.Write(ctx, `INSERT INTO thing VALUES ($1)`, n); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	if err := d.Commit(ctx, insert(1, 2)); err != nil || count(t, d) != 2 {
		t.Fatalf("%v, %d rows", err, count(t, d))
	}
	for _, numbers := range [][]int{{3, 4, 1}, {1, 3, 4}} {
		if err := d.Commit(ctx, insert(numbers...)); !db.IsUnique(err, "thing_n") || count(t, d) != 2 {
			t.Errorf("%v: %v, %d rows, want the failed batch to leave nothing", numbers, err, count(t, d))
		}
	}
	err := d.InTx(ctx, func(tx *db.Tx) error {
		if err := tx.Send(ctx, insert(3, 4)); err != nil {
			return err
		}
		return tx.Send(ctx, insert(5, 1))
	})
	if !db.IsUnique(err, "thing_n") || count(t, d) != 2 {
		t.Errorf("inside of a transaction: %v, %d rows", err, count(t, d))
	}
}
