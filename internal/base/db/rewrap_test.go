package db_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

// vault is a table with every form of sealed column: a value, a value that may
// be absent with the key's id beside it, and the key of a file.
var vault = db.Source{
	Context: "vault",
	FS: fstest.MapFS{"migration/0001_create.sql": {Data: []byte(`-- +goose Up
CREATE SCHEMA vault;
CREATE TABLE vault.item (
    id     integer PRIMARY KEY,
    turn   integer NOT NULL DEFAULT 0,
    value  bytea NOT NULL,
    extra  bytea,
    key_id text,
    file   bytea,
    found  bytea NOT NULL
);`)}},
	Tables: []db.Table{{
		Name: "vault.item", Bytes: []string{"found"},
		Sealed: []db.Sealed{{Column: "value"}, {Column: "extra", KeyID: "key_id"}, {Column: "file", DataKey: true}},
	}},
}

func fileRing(t *testing.T) (path string, k *crypt.Keyring) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	if err := (crypt.KeyFile{Path: path}).Create(); err != nil {
		t.Fatal(err)
	}
	k, err := crypt.KeyFile{Path: path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	return path, k
}

func put(ctx context.Context, d *db.DB, k *crypt.Keyring, id int) error {
	return d.InTx(ctx, func(tx *db.Tx) error {
		extra, file := []byte(nil), []byte(nil)
		var keyID *string
		if id%3 == 0 {
			extra = k.Seal(fmt.Appendf(nil, "extra %d", id), fmt.Sprintf("extra:%d", id))
			text := crypt.KeyID(extra)
			keyID = &text
			_, file = k.DataKey()
		}
		_, err := tx.Exec(ctx, `INSERT INTO vault.item (id, value, extra, key_id, file, found) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, k.Seal(fmt.Appendf(nil, "value %d", id), fmt.Sprintf("value:%d", id)), extra, keyID, file, k.Index("item", fmt.Sprint(id)))
		return err
	})
}

type item struct {
	ID    int     `db:"id"`
	Value []byte  `db:"value"`
	Extra []byte  `db:"extra"`
	KeyID *string `db:"key_id"`
	File  []byte  `db:"file"`
	Found []byte  `db:"found"`
}

// checkItems opens everything.
func checkItems(t *testing.T, d *db.DB, k *crypt.Keyring) (n int) {
	t.Helper()
	ctx := context.Background()
	var all []item
	err := d.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = db.List[item](ctx, tx, `SELECT id, value, extra, key_id, file, found FROM vault.item`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if got, err := k.Open(i.Value, fmt.Sprintf("value:%d", i.ID)); err != nil || string(got) != fmt.Sprintf("value %d", i.ID) {
			t.Errorf("value of item %d: %q, %v", i.ID, got, err)
		}
		if !bytes.Equal(i.Found, k.Index("item", fmt.Sprint(i.ID))) {
			t.Errorf("the blind index of item %d has changed", i.ID)
		}
		if i.Extra == nil {
			continue
		}
		if got, err := k.Open(i.Extra, fmt.Sprintf("extra:%d", i.ID)); err != nil || string(got) != fmt.Sprintf("extra %d", i.ID) {
			t.Errorf("extra of item %d: %q, %v", i.ID, got, err)
		}
		if *i.KeyID != crypt.KeyID(i.Extra) {
			t.Errorf("item %d says key %s and is under %s", i.ID, *i.KeyID, crypt.KeyID(i.Extra))
		}
		if _, err := k.OpenDataKey(i.File); err != nil {
			t.Errorf("file key of item %d: %v", i.ID, err)
		}
	}
	return len(all)
}

func finish(t *testing.T, r *db.Rewrap) {
	t.Helper()
	for range 500 {
		if _, err := r.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
		p, err := r.Progress(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(p) == 1 && p[0].FinishedAt != nil && p[0].KeyID == r.Keys.ActiveID() {
			return
		}
	}
	t.Fatal("the rotation does not end")
}

func TestRewrapTwiceUnderLoad(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, vault)
	path, k := fileRing(t)
	r := &db.Rewrap{DB: d, Clock: clock.New(), Keys: k, Tables: vault.Tables, Settle: 1}
	first := k.ActiveID()
	if err := d.ProveKeys(ctx, k); err != nil {
		t.Fatal(err)
	}
	const seeded = 400
	for id := range seeded {
		if err := put(ctx, d, k, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Step(ctx); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Progress(ctx); err != nil || len(p) != 0 {
		t.Fatalf("a ring of one key moves something: %+v, %v", p, err)
	}

	// Writers of all kinds until both rotations are over.
	stop := make(chan struct{})
	var load sync.WaitGroup
	for w := range 2 {
		load.Go(func() {
			for id := seeded + w; ; id += 2 {
				select {
				case <-stop:
					return
				default:
				}
				if err := put(ctx, d, k, id); err != nil {
					t.Errorf("put: %v", err)
					return
				}
			}
		})
		load.Go(func() {
			for n := w; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				err := d.InTx(ctx, func(tx *db.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE vault.item SET turn = turn + 1 WHERE id = ANY($1)`, []int{n % seeded, n * 7 % seeded, n * 13 % seeded})
					return err
				})
				if err != nil {
					t.Errorf("update: %v", err)
					return
				}
			}
		})
	}
	var retired []string
	for range 2 {
		retired = append(retired, k.ActiveID())
		if _, err := (crypt.KeyFile{Path: path}).Rotate(); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Reload(); err != nil {
			t.Fatal(err)
		}
		if err := d.ProveKeys(ctx, k); err != nil {
			t.Fatal(err)
		}
		finish(t, r)
	}
	close(stop)
	load.Wait()
	// What a writer sealed in the moment of the rotation may have come behind the walk.
	for _, id := range retired {
		for err := r.ForgetKey(ctx, id); err != nil; err = r.ForgetKey(ctx, id) {
			if !db.KeyInUse(err) {
				t.Fatal(err)
			}
			finish(t, r)
		}
		if err := (crypt.KeyFile{Path: path}).Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	fresh, err := crypt.KeyFile{Path: path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if ids := fresh.IDs(); len(ids) != 1 || ids[0] == first {
		t.Fatalf("keys %v are left", ids)
	}
	if err := d.CheckKeys(ctx, fresh); err != nil {
		t.Errorf("a start with the new file: %v", err)
	}
	if n := checkItems(t, d, fresh); n < seeded {
		t.Errorf("%d items are left of %d", n, seeded)
	}
	if left, err := r.Left(ctx); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestKeyThatIsNeededIsNotForgotten(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, vault)
	path, k := fileRing(t)
	c := clock.New()
	r := &db.Rewrap{DB: d, Clock: c, Keys: k, Tables: vault.Tables, Settle: 1}
	first := k.ActiveID()
	for id := range 5 {
		if err := put(ctx, d, k, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.ForgetKey(ctx, first); !db.KeyInUse(err) {
		t.Errorf("the active key was forgotten: %v", err)
	}
	if _, err := (crypt.KeyFile{Path: path}).Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	// Items 0 and 3 have three sealed columns each, the others one.
	if left, err := r.Left(ctx); err != nil || left[first] != 9 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := r.ForgetKey(ctx, first); !db.KeyInUse(err) {
		t.Errorf("a key with values under it was forgotten: %v", err)
	}
	// A process with the old file: nothing is finished while it runs.
	if err := d.UseKey(ctx, db.NewID(), first, c.Wall()); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := r.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	p, err := r.Progress(ctx)
	if err != nil || len(p) != 1 || p[0].FinishedAt != nil || p[0].Moved != 9 {
		t.Errorf("progress %+v, %v", p, err)
	}
	if err := r.ForgetKey(ctx, first); !db.KeyInUse(err) {
		t.Errorf("a key that a process seals under was forgotten: %v", err)
	}
	// It was last seen too long ago to be alive.
	err = d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE okno.key_use SET seen_at = $1`, c.Wall().Add(-3*time.Minute))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
	if err := r.ForgetKey(ctx, first); err != nil {
		t.Error(err)
	}
	checkItems(t, d, k)
}

// A row that somebody holds is left alone and moved later: nobody waits.
func TestRewrapPassesOverLockedRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t, vault)
	path, k := fileRing(t)
	r := &db.Rewrap{DB: d, Clock: clock.New(), Keys: k, Tables: vault.Tables, Settle: 1}
	for id := range 4 {
		if err := put(ctx, d, k, id); err != nil {
			t.Fatal(err)
		}
	}
	old := k.ActiveID()
	if _, err := (crypt.KeyFile{Path: path}).Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	err := d.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT id FROM vault.item WHERE id = 1 FOR UPDATE`); err != nil {
			return err
		}
		if _, err := r.Step(ctx); err != nil {
			return err
		}
		left, err := r.Left(ctx)
		if err != nil || left[old] != 1 {
			t.Errorf("left %v, %v", left, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
	if left, err := r.Left(ctx); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	checkItems(t, d, k)
}
