package db_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

func source(sql string) db.Source {
	return db.Source{Context: "thing", FS: fstest.MapFS{"migration/0001_create.sql": {Data: []byte("-- +goose Up\n" + sql)}}}
}

func TestRollbackOnError(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, source(`CREATE TABLE thing (n int CONSTRAINT thing_n UNIQUE);`))
	boom := errors.New("boom")
	err := d.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO thing VALUES (1)`); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) || count(t, d) != 0 {
		t.Fatalf("%v, %d rows", err, count(t, d))
	}
	insert := func(tx *db.Tx) error { _, err := tx.Exec(ctx, `INSERT INTO thing VALUES (1)`); return err }
	if err := d.InTx(ctx, insert); err != nil {
		t.Fatal(err)
	}
	err = d.InTx(ctx, insert)
	if !db.IsUnique(err, "thing_n") || !db.IsUnique(err, "") || db.IsUnique(err, "other") {
		t.Errorf("unique violation not recognised: %v", err)
	}
}

func TestSerialisationFailuresAreRunAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, source(`CREATE TABLE thing (n int); INSERT INTO thing VALUES (0);`))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := d.InTx(ctx, func(tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`); err != nil {
					return err
				}
				n, err := db.Get[int](ctx, tx, `SELECT n FROM thing`)
				if err != nil {
					return err
				}
				_, err = tx.Exec(ctx, `UPDATE thing SET n = $1`, n+1)
				return err
			})
			// With bounded attempts a busy row may win over somebody; it must say so.
			if err != nil {
				t.Log("gave up honestly:", err)
				_ = d.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, `UPDATE thing SET n = n + 1`); return err })
			}
		})
	}
	wg.Wait()
	if got := count(t, d); got != 8 {
		t.Errorf("lost updates: %d of 8", got)
	}
}

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	var n int
	err := d.Read(context.Background(), func(tx *db.Tx) (err error) {
		n, err = db.Get[int](context.Background(), tx, `SELECT coalesce(max(n), 0)::int FROM thing`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFindAndListOfStructs(t *testing.T) {
	t.Parallel()
	type row struct {
		ID string    `db:"id"`
		At time.Time `db:"at"`
	}
	ctx := context.Background()
	d := dbtest.New(t, source(`CREATE TABLE thing (id uuid, at timestamptz);`))
	id := db.NewID()
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	err := d.InTx(ctx, func(tx *db.Tx) error {
		none, err := db.Find[row](ctx, tx, `SELECT id, at FROM thing`)
		if err != nil || none != nil {
			t.Errorf("empty table: %v, %v", none, err)
		}
		_, err = tx.Exec(ctx, `INSERT INTO thing VALUES ($1, $2)`, id, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Read(ctx, func(tx *db.Tx) error {
		got, err := db.Find[row](ctx, tx, `SELECT id, at FROM thing`)
		if err != nil || got == nil || got.ID != id || !got.At.Equal(at) {
			t.Errorf("found %+v, %v", got, err)
		}
		when, err := db.Get[time.Time](ctx, tx, `SELECT at FROM thing`)
		if err != nil || !when.Equal(at) {
			t.Errorf("scalar time: %v, %v", when, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMigrateConcurrentlyAndTwice(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.Empty(t)
	s := source(`CREATE TABLE thing (n int);`)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := db.Migrate(ctx, url, s); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if p, err := db.Pending(ctx, url, s); err != nil || len(p) != 0 {
		t.Errorf("pending: %v, %v", p, err)
	}
	next := db.Source{Context: "thing", FS: fstest.MapFS{
		"migration/0001_create.sql": {Data: []byte("-- +goose Up\nCREATE TABLE thing (n int);")},
		"migration/0002_add.sql":    {Data: []byte("-- +goose Up\nALTER TABLE thing ADD m int;")},
	}}
	if p, err := db.Pending(ctx, url, next); err != nil || len(p) != 1 || p[0] != "thing/2" {
		t.Errorf("pending: %v, %v", p, err)
	}
}

func TestClockOffset(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	if err := d.SetClockOffset(ctx, 72*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ClockOffset(ctx); err != nil || got != 72*time.Hour {
		t.Errorf("offset %v, %v", got, err)
	}
}

func TestAnotherKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	first, second := fileKey(t, "first000", 1), fileKey(t, "second00", 2)
	ring := func(active crypt.Wrapper, older ...crypt.Wrapper) *crypt.Keyring {
		k, err := crypt.NewKeyring(make([]byte, 32), active, older...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for range 2 {
		if err := d.ProveKeys(ctx, ring(first)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.ProveKeys(ctx, ring(second)); err == nil || !strings.Contains(err.Error(), "first000") {
		t.Errorf("a file without the key was accepted: %v", err)
	}
	if err := d.ProveKeys(ctx, ring(second, first)); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	if err := d.CheckKeys(ctx, ring(first)); err == nil || !strings.Contains(err.Error(), "second00") {
		t.Errorf("the file from before the rotation was accepted: %v", err)
	}
	forged := fileKey(t, "first000", 9)
	if err := d.CheckKeys(ctx, ring(forged, second)); err == nil {
		t.Error("another key under the same name was accepted")
	}
}

func fileKey(t *testing.T, id string, fill byte) crypt.Wrapper {
	t.Helper()
	w, err := crypt.NewFileKey(id, bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Whoever holds a lock that all others wait for can still read what everybody
// shares, however many wait.
func TestAsideNeverWaitsForTheCommonConnections(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := d.Pool().Exec(ctx, `CREATE TABLE hot (n int); INSERT INTO hot VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 * int(d.Pool().Config().MaxConns) {
		wg.Go(func() {
			err := d.InTx(ctx, func(tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `SELECT n FROM hot FOR UPDATE`); err != nil {
					return err
				}
				return d.Aside(ctx, func(tx *db.Tx) error { _, err := db.Get[int](ctx, tx, `SELECT n FROM hot`); return err })
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
