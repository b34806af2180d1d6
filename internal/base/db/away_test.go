package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

func TestIsAway(t *testing.T) {
	t.Parallel()
	if db.IsAway(nil) || db.IsAway(errors.New("no such row")) {
		t.Error("away without a reason")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := db.Open(ctx, db.Config{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable"}); !db.IsAway(err) {
		t.Errorf("a port where nobody listens: %v", err)
	}
	d := dbtest.New(t)
	err := d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
		return fmt.Errorf("work: %w", err)
	})
	if !db.IsAway(err) {
		t.Errorf("a connection that the server closed: %v", err)
	}
	for _, code := range []string{"53100", "53200", "58030", "25006"} { // disk full, no memory, the disk fails, a standby
		err = d.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '`+code+`'; END $$`)
			return err
		})
		if !db.IsAway(err) {
			t.Errorf("code %s: %v", code, err)
		}
	}
	err = d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1/0`)
		return err
	})
	if err == nil || db.IsAway(err) {
		t.Errorf("a mistake of ours: %v", err)
	}
}
