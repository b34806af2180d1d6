package dbtest_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

var fills atomic.Int32

func fill(ctx context.Context, d *db.DB) error {
	fills.Add(1)
	return d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO shelf.book (title) VALUES ('Букварь')`)
		return err
	})
}

// Each test has the seeded rows, and nobody sees what another wrote.
func TestSeededIsACopy(t *testing.T) {
	t.Parallel()
	source := db.Source{Context: "shelf", FS: fstest.MapFS{"migration/0001_create_book.sql": {Data: []byte(
		"-- +goose Up\nCREATE SCHEMA IF NOT EXISTS shelf;\nCREATE TABLE shelf.book (title text PRIMARY KEY);\n",
	)}}}
	for range 3 {
		d := dbtest.Seeded(t, fill, source)
		var titles []string
		err := d.InTx(t.Context(), func(tx *db.Tx) (err error) {
			if _, err := tx.Exec(t.Context(), `INSERT INTO shelf.book (title) VALUES ('Задачник')`); err != nil {
				return err
			}
			titles, err = db.List[string](t.Context(), tx, `SELECT title FROM shelf.book ORDER BY title`)
			return err
		})
		if err != nil || len(titles) != 2 || titles[0] != "Букварь" {
			t.Fatalf("%v, %v", titles, err)
		}
	}
	if n := fills.Load(); n > 1 { // 0: an earlier run of this very binary filled it
		t.Errorf("filled %d times", n)
	}
}
