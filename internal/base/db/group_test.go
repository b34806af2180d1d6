package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
)

// gate is a Run that tests let through by hand.
type gate struct {
	mu   sync.Mutex
	runs [][]string
	open chan struct{}
	fail func(items []string) error
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) run(_ context.Context, items []string) error {
	g.mu.Lock()
	g.runs = append(g.runs, slices.Clone(items))
	g.mu.Unlock()
	<-g.open
	if g.fail != nil {
		return g.fail(items)
	}
	return nil
}

// bring has the items come one after another, each while those before wait.
func bring(wait *sync.WaitGroup, g *db.Group[string], items ...string) map[string]*error {
	out := map[string]*error{}
	for _, item := range items {
		err := new(error)
		out[item] = err
		wait.Go(func() { *err = g.Do(context.Background(), item) })
		synctest.Wait()
	}
	return out
}

func TestGroupGathersWhoComesMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newGate()
		g := &db.Group[string]{Run: gate.run, Most: 3}
		var wait sync.WaitGroup
		bring(&wait, g, "a", "b", "c", "d", "e")
		close(gate.open)
		wait.Wait()
		if got := fmt.Sprint(gate.runs); got != "[[a] [b c d] [e]]" {
			t.Errorf("runs %s", got)
		}
	})
}

// Twins, such as two windows that send one draft, never go together.
func TestGroupKeepsEqualKeysApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newGate()
		g := &db.Group[string]{Run: gate.run, Ways: 2, Key: func(s string) string { return s[:1] }}
		var wait sync.WaitGroup
		bring(&wait, g, "a1", "a2", "b1", "b2", "c1")
		close(gate.open)
		wait.Wait()
		// a2 came while a1 was run: it waits although a way is free, which b1 takes.
		if got := fmt.Sprint(gate.runs[:2]); got != "[[a1] [b1]]" {
			t.Errorf("first runs %s", got)
		}
		seen := map[string]int{}
		for _, run := range gate.runs {
			keys := map[byte]bool{}
			for _, item := range run {
				seen[item]++
				if keys[item[0]] {
					t.Errorf("twins went together: %v", run)
				}
				keys[item[0]] = true
			}
		}
		if fmt.Sprint(seen) != "map[a1:1 a2:1 b1:1 b2:1 c1:1]" {
			t.Errorf("each once, got %v", seen)
		}
	})
}

// One bad item fails alone; what nobody can know is told to all and not run again.
func TestGroupFailsOneByOne(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad")
	for name, c := range map[string]struct {
		fail func(items []string) error
		runs string
		want map[string]error
	}{
		"bad": {
			fail: func(items []string) error {
				if slices.Contains(items, "c") {
					return bad
				}
				return nil
			},
			runs: "[[a] [b c d] [b] [c] [d]]", want: map[string]error{"c": bad},
		},
		"away": {
			fail: func(items []string) error {
				if len(items) > 1 {
					return io.ErrUnexpectedEOF
				}
				return nil
			},
			runs: "[[a] [b c d]]", want: map[string]error{"b": io.ErrUnexpectedEOF, "c": io.ErrUnexpectedEOF, "d": io.ErrUnexpectedEOF},
		},
		"bad, then away": {
			fail: func(items []string) error {
				if len(items) > 1 {
					return bad
				}
				if items[0] != "a" {
					return io.ErrUnexpectedEOF
				}
				return nil
			},
			runs: "[[a] [b c d] [b]]", want: map[string]error{"b": io.ErrUnexpectedEOF, "c": io.ErrUnexpectedEOF, "d": io.ErrUnexpectedEOF},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gate := newGate()
				gate.fail = c.fail
				g := &db.Group[string]{Run: gate.run}
				var wait sync.WaitGroup
				errs := bring(&wait, g, "a", "b", "c", "d")
				close(gate.open)
				wait.Wait()
				if got := fmt.Sprint(gate.runs); got != c.runs {
					t.Errorf("runs %s, want %s", got, c.runs)
				}
				for item, err := range errs {
					if !errors.Is(*err, c.want[item]) || (*err == nil) != (c.want[item] == nil) {
						t.Errorf("%s: %v, want %v", item, *err, c.want[item])
					}
				}
			})
		})
	}
}

// A panic stays with the caller whose item it is; the others are served.
func TestGroupPanicsInTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("the device is gone")
		gate := newGate()
		gate.fail = func(items []string) error {
			if slices.Contains(items, "c") {
				panic(gone)
			}
			return nil
		}
		g := &db.Group[string]{Run: gate.run}
		var wait sync.WaitGroup
		caught := make(chan any, 1)
		bring(&wait, g, "a")
		wait.Go(func() {
			defer func() { caught <- recover() }()
			_ = g.Do(context.Background(), "c")
		})
		synctest.Wait()
		errs := bring(&wait, g, "d")
		close(gate.open)
		wait.Wait()
		if err, ok := (<-caught).(error); !ok || !errors.Is(err, gone) {
			t.Errorf("caught %v, want the panic of the item", err)
		}
		if *errs["d"] != nil {
			t.Errorf("its neighbour: %v", *errs["d"])
		}
	})
}

// Who waits can leave; who is being run learns what came of it.
func TestGroupAndAContextThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newGate()
		g := &db.Group[string]{Run: gate.run}
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		var first, second error
		wait.Go(func() { first = g.Do(ctx, "a") })
		synctest.Wait()
		wait.Go(func() { second = g.Do(ctx, "b") })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate.open)
		wait.Wait()
		if first != nil || !errors.Is(second, context.Canceled) || fmt.Sprint(gate.runs) != "[[a]]" {
			t.Errorf("running: %v, waiting: %v, runs %v", first, second, gate.runs)
		}
		if err := g.Do(ctx, "c"); !errors.Is(err, context.Canceled) || len(gate.runs) != 1 {
			t.Errorf("come with an ended context: %v, runs %v", err, gate.runs)
		}
	})
}

// A run lingers for company only where there was some.
func TestGroupLingers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs [][]string
		g := &db.Group[string]{Linger: time.Millisecond, Run: func(_ context.Context, items []string) error {
			runs = append(runs, slices.Clone(items))
			time.Sleep(time.Second)
			return nil
		}}
		begun := time.Now()
		if err := g.Do(t.Context(), "a"); err != nil || time.Since(begun) != time.Second {
			t.Fatalf("alone: %v after %s", err, time.Since(begun))
		}
		var wait sync.WaitGroup
		bring(&wait, g, "b", "c", "d")
		wait.Wait()
		begun = time.Now()
		bring(&wait, g, "e")
		time.Sleep(time.Millisecond / 2)
		bring(&wait, g, "f")
		wait.Wait()
		if got := fmt.Sprint(runs); got != "[[a] [b] [c d] [e f]]" || time.Since(begun) != time.Second+time.Millisecond {
			t.Errorf("runs %s, the last after %s", got, time.Since(begun))
		}
	})
}

// However they come together, one that violates a constraint fails alone.
func TestGroupWritesAllButTheBadOne(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t, source(`CREATE TABLE thing (n int CONSTRAINT thing_n UNIQUE);`))
	g := &db.Group[int]{Ways: 2, Run: func(ctx context.Context, items []int) error {
		return d.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO thing (n) SELECT unnest($1::int[])`, items)
			return err
		})
	}}
	var wait sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		wait.Go(func() { errs[i] = g.Do(t.Context(), i%39) }) // 0 comes twice
	}
	wait.Wait()
	if db.IsUnique(errs[0], "thing_n") == db.IsUnique(errs[39], "thing_n") {
		t.Errorf("twins: %v and %v, want one to fail", errs[0], errs[39])
	}
	for i, err := range errs[1:39] {
		if err != nil {
			t.Errorf("item %d: %v", i+1, err)
		}
	}
	err := d.Read(t.Context(), func(tx *db.Tx) error {
		n, err := db.Get[int](t.Context(), tx, `SELECT count(*)::int FROM thing`)
		if n != 39 {
			t.Errorf("%d rows, want 39", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
