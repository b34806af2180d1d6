package recall_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/recall"
)

type thing struct{ owner, word string }

// node is one process: a database handle of its own.
type node struct {
	d     *db.DB
	rows  recall.Rows[string, *thing]
	loads int
}

func source() db.Source {
	return db.Source{Context: "thing", FS: fstest.MapFS{"migration/0001_create.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE thing (id text PRIMARY KEY, owner text, word text);\nINSERT INTO thing VALUES ('a', 'anna', 'one'), ('b', 'anna', 'one'), ('c', 'boris', 'one');")}}}
}

func nodes(t *testing.T, n int) []*node {
	t.Helper()
	url := dbtest.URL(t, source())
	var out []*node
	for range n {
		d, err := db.Open(t.Context(), db.Config{URL: url, MaxConns: 4})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		d.BelieveFor(time.Hour)
		one := &node{d: d}
		one.rows.DB, one.rows.Topic = d, "thing"
		one.rows.Keys = func(id string, v *thing) []string { return []string{id, v.owner} }
		one.catchUp(t)
		out = append(out, one)
	}
	return out
}

func (n *node) catchUp(t *testing.T) {
	t.Helper()
	if err := n.d.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (n *node) word(t *testing.T, id string) string {
	t.Helper()
	v, err := n.rows.Get(t.Context(), id, func(ctx context.Context) (*thing, bool, error) {
		n.loads++
		return n.load(ctx, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		return ""
	}
	return v.word
}

func (n *node) load(ctx context.Context, id string) (v *thing, keep bool, err error) {
	err = n.d.Read(ctx, func(tx *db.Tx) error {
		var x thing
		err := tx.QueryRow(ctx, `SELECT owner, word FROM thing WHERE id = $1`, id).Scan(&x.owner, &x.word)
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		v = &x
		return err
	})
	return v, v != nil, err
}

func (n *node) change(t *testing.T, word string, keys ...string) {
	t.Helper()
	ctx := t.Context()
	err := n.d.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE thing SET word = $1 WHERE id = ANY($2) OR owner = ANY($2)`, word, keys); err != nil {
			return err
		}
		return tx.Changed(ctx, "thing", keys...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestChangeIsSeenHereAtOnceAndElsewhereByTheNextQuestion(t *testing.T) {
	t.Parallel()
	two := nodes(t, 2)
	here, there := two[0], two[1]
	for range 3 {
		if here.word(t, "a") != "one" || there.word(t, "a") != "one" || there.word(t, "c") != "one" {
			t.Fatal("wrong rows")
		}
	}
	if here.loads != 1 || there.loads != 2 {
		t.Fatalf("read %d and %d times: nothing is kept", here.loads, there.loads)
	}
	here.change(t, "two", "a")
	if got := here.word(t, "a"); got != "two" {
		t.Errorf("the process that changed it shows %q", got)
	}
	there.catchUp(t)
	if got := there.word(t, "a"); got != "two" {
		t.Errorf("the other process shows %q", got)
	}
	before := there.loads
	if there.word(t, "c"); there.loads != before {
		t.Error("a change of one row dropped another")
	}
	// By the owner's name all rows of the owner go.
	there.word(t, "b")
	here.change(t, "three", "anna")
	there.catchUp(t)
	if there.word(t, "a") != "three" || there.word(t, "b") != "three" {
		t.Error("a change told by the owner's name was missed")
	}
	if there.word(t, "none") != "" || there.rows.Len() != 3 {
		t.Errorf("%d rows are kept: a row that is not there must not be", there.rows.Len())
	}
}

// A transaction that began long ago and commits late is not overlooked, though
// others that began after it were told before.
func TestLateCommitIsNotOverlooked(t *testing.T) {
	t.Parallel()
	two := nodes(t, 2)
	here, there := two[0], two[1]
	ctx := t.Context()
	err := here.d.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE thing SET word = 'late' WHERE id = 'a'`); err != nil {
			return err
		}
		if err := tx.Changed(ctx, "thing", "a"); err != nil {
			return err
		}
		here.change(t, "early", "c")
		there.catchUp(t)
		if there.word(t, "c") != "early" || there.word(t, "a") != "one" {
			t.Error("wrong before the late commit")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	there.catchUp(t)
	if got := there.word(t, "a"); got != "late" {
		t.Errorf("the late commit was overlooked: %q", got)
	}
	before := there.loads
	there.catchUp(t)
	if there.word(t, "a"); there.loads != before {
		t.Error("a change was told twice")
	}
}

// What was read before a change is not kept after it, wherever it was told.
func TestReadingThatAChangeOvertakesIsNotKept(t *testing.T) {
	t.Parallel()
	two := nodes(t, 2)
	here, there := two[0], two[1]
	v, err := there.rows.Get(t.Context(), "a", func(ctx context.Context) (*thing, bool, error) {
		v, keep, err := there.load(ctx, "a")
		here.change(t, "two", "a")
		there.catchUp(t)
		return v, keep, err
	})
	if err != nil || v.word != "one" {
		t.Fatalf("%v, %v", v, err)
	}
	if got := there.word(t, "a"); got != "two" {
		t.Errorf("shows %q", got)
	}
}

func TestRollbackAndBatch(t *testing.T) {
	t.Parallel()
	n := nodes(t, 1)[0]
	ctx := t.Context()
	n.word(t, "a")
	boom := errors.New("boom")
	err := n.d.InTx(ctx, func(tx *db.Tx) error {
		if err := tx.Changed(ctx, "thing", "a"); err != nil {
			return err
		}
		return boom
	})
	if n.word(t, "a"); !errors.Is(err, boom) || n.loads != 1 {
		t.Errorf("%v: a change that was taken back was told, %d readings", err, n.loads)
	}
	var b db.Batch
	if err := b.Write(ctx, `UPDATE thing SET word = 'two' WHERE id = 'a'`); err != nil {
		t.Fatal(err)
	}
	if err := b.Changed(ctx, "thing", "a"); err != nil {
		t.Fatal(err)
	}
	if err := n.d.Commit(ctx, &b); err != nil {
		t.Fatal(err)
	}
	if got := n.word(t, "a"); got != "two" {
		t.Errorf("after a batch it shows %q", got)
	}
}

func TestRoomAndLifeAreBounded(t *testing.T) {
	t.Parallel()
	n := nodes(t, 1)[0]
	n.rows.Max = 2
	for _, id := range []string{"a", "b", "c"} {
		n.word(t, id)
		if n.rows.Len() > 2 {
			t.Fatalf("%d rows are kept", n.rows.Len())
		}
	}
	short := recall.Rows[string, int]{DB: n.d, Topic: "short", Life: time.Nanosecond}
	loads := 0
	for range 2 {
		if _, err := short.Get(t.Context(), "x", func(context.Context) (int, bool, error) { loads++; return 1, true, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if loads != 2 {
		t.Error("a value outlived its life")
	}
}

// Many readers and one who changes: whoever reads after a change was committed in
// the same process sees it.
func TestNobodySeesWhatWasBefore(t *testing.T) {
	t.Parallel()
	n := nodes(t, 1)[0]
	ctx := t.Context()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := n.rows.Get(ctx, "a", func(ctx context.Context) (*thing, bool, error) { return n.load(ctx, "a") }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 100 {
		want := string(rune('A' + i%26))
		n.change(t, want, "a")
		v, err := n.rows.Get(ctx, "a", func(ctx context.Context) (*thing, bool, error) { return n.load(ctx, "a") })
		if err != nil || v.word != want {
			t.Errorf("shows %v after %q was committed (%v)", v, want, err)
			break
		}
	}
	close(stop)
	wg.Wait()
}
