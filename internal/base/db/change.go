package db

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Changes tell every process of a database which rows it may no longer show from
// memory. Whoever changes such a row says so in the same transaction; each
// process asks for what has been committed since it asked last:
//
//	Changed(topic, key) ──commit──▶ okno.change ──every 250 ms, while anybody reads──▶ drop(key) in each process
//	         └─────────────after the commit, at once──▶ drop(key) in this process
//
// What was asked longer than a second ago is not believed: [DB.Following] is
// false then, and callers read the row itself. So a change is seen everywhere
// within a second, whatever fails, and at once where it was made. Nothing rests
// on LISTEN, so a pooler in transaction mode may stand between.
//
// The question is exact, not by time or sequence: it asks for the transactions
// that the snapshot of the last question did not show and this one does.
type feed struct {
	now      func() time.Duration // monotonic; for tests
	believed atomic.Int64         // see believed

	asking atomic.Bool
	asked  atomic.Int64 // when the last good question began, as now tells; 0: never

	mu        sync.RWMutex
	followers map[string][]Follower

	order    sync.Mutex // one question at a time: the answers come in order
	snapshot string     // of the last good question
	server   string     // that answered it
}

// Follower forgets what it keeps.
type Follower struct {
	Drop func(key string)
	All  func() // everything: what was missed is not known
}

const (
	// askEvery is how old the last answer may become before the next question.
	askEvery = 250 * time.Millisecond
	// believed is how long an answer counts (P5: a revocation is visible within 1 s).
	believed = time.Second
	// feedGap is after which the rows of changes may be gone, see TidyChanges.
	feedGap = time.Minute
	// changesKept is far longer than feedGap and any transaction that writes.
	changesKept = "5 minutes"
	// mostChanges of one answer: with more, dropping everything costs less.
	mostChanges = 5000
)

var started = time.Now()

func newFeed() *feed {
	f := &feed{now: func() time.Duration { return time.Since(started) + 1 }, followers: map[string][]Follower{}}
	f.believed.Store(int64(believed))
	return f
}

type change struct{ topic, key string }

const insertChange = `INSERT INTO okno.change (topic, key) SELECT $1, unnest($2::text[])`

// Changed says in the transaction that the rows of a topic with these keys are
// others now. Keys are ids or numbers, never what says anything about a person.
func (t *Tx) Changed(ctx context.Context, topic string, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	if _, err := t.Exec(ctx, insertChange, topic, keys); err != nil {
		return fmt.Errorf("tell change of %s: %w", topic, err)
	}
	for _, k := range keys {
		t.changes = append(t.changes, change{topic, k})
	}
	return nil
}

// Changed is [Tx.Changed] for a batch: all of it is told in one statement.
func (b *Batch) Changed(_ context.Context, topic string, keys ...string) error {
	for _, k := range keys {
		if c := (change{topic, k}); !slices.Contains(b.changes, c) {
			b.changes = append(b.changes, c)
		}
	}
	return nil
}

// telling is the statement that tells what a batch has changed.
func (b *Batch) telling() statement {
	topics, keys := make([]string, len(b.changes)), make([]string, len(b.changes))
	for i, c := range b.changes {
		topics[i], keys[i] = c.topic, c.key
	}
	return statement{`INSERT INTO okno.change (topic, key) SELECT * FROM unnest($1::text[], $2::text[])`, []any{topics, keys}}
}

// Follow registers who keeps rows of a topic, for as long as the database is open.
func (d *DB) Follow(topic string, f Follower) {
	d.feed.mu.Lock()
	defer d.feed.mu.Unlock()
	d.feed.followers[topic] = append(d.feed.followers[topic], f)
}

// tell drops in this process what its transaction has changed. It may come
// without need, after a commit that failed: then it costs a reading.
func (f *feed) tell(changes []change) {
	if len(changes) == 0 {
		return
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, c := range changes {
		for _, one := range f.followers[c.topic] {
			one.Drop(c.key)
		}
	}
}

func (f *feed) dropAll() {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, list := range f.followers {
		for _, one := range list {
			one.All()
		}
	}
}

// Following tells whether followers know of every change that was committed more
// than a second ago. It never waits: it sees to it that the question is asked.
func (d *DB) Following() bool {
	f := d.feed
	asked, now := f.asked.Load(), f.now()
	age := now - time.Duration(asked)
	if (asked == 0 || age >= askEvery) && f.asking.CompareAndSwap(false, true) {
		go func() {
			defer f.asking.Store(false)
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := d.ask(ctx); err != nil {
				slog.DebugContext(ctx, "ask for changes", "error", err) // callers read the rows themselves
			}
		}()
	}
	return asked != 0 && age < time.Duration(f.believed.Load())
}

// BelieveFor replaces the second for which an answer counts: for tests of what is
// kept, on machines that may stand still for longer.
func (d *DB) BelieveFor(t time.Duration) { d.feed.believed.Store(int64(t)) }

// CatchUp makes followers know of every change that is committed now.
func (d *DB) CatchUp(ctx context.Context) error { return d.ask(ctx) }

type feedRow struct {
	Snapshot string  `db:"snapshot"`
	Server   string  `db:"server"`
	Behind   bool    `db:"behind"`
	Topic    *string `db:"topic"`
	Key      *string `db:"key"`
}

func (d *DB) ask(ctx context.Context) error {
	f := d.feed
	f.order.Lock()
	defer f.order.Unlock()
	began := f.now()
	var last *string
	if f.snapshot != "" {
		last = &f.snapshot
	}
	var rows []feedRow
	err := d.Aside(ctx, func(tx *Tx) (err error) {
		rows, err = List[feedRow](ctx, tx, `SELECT s.now::text AS snapshot, pg_postmaster_start_time()::text AS server,
			coalesce(pg_snapshot_xmax(s.now) < pg_snapshot_xmax(s.last), false) AS behind, c.topic, c.key
			FROM (SELECT pg_current_snapshot() AS now, $1::text::pg_snapshot AS last) s
			LEFT JOIN okno.change c ON c.xid >= pg_snapshot_xmin(s.last) AND NOT pg_visible_in_snapshot(c.xid, s.last)
			LIMIT $2`, last, mostChanges+1)
		return err
	})
	if err != nil {
		return fmt.Errorf("ask for changes: %w", err)
	}
	now, gap := rows[0], began-time.Duration(f.asked.Load())
	// Another server, or one that was put back, has a history of its own.
	if f.snapshot == "" || now.Server != f.server || now.Behind || gap > feedGap || len(rows) > mostChanges {
		f.dropAll()
	} else {
		changes := make([]change, 0, len(rows))
		for _, r := range rows {
			if r.Topic != nil {
				changes = append(changes, change{*r.Topic, *r.Key})
			}
		}
		f.tell(changes)
	}
	f.snapshot, f.server = now.Snapshot, now.Server
	f.asked.Store(int64(began))
	return nil
}

// TidyChanges is the sweep okno.change: it deletes what every process has seen.
func (d *DB) TidyChanges(ctx context.Context) (int, error) {
	var n int64
	err := d.InTx(ctx, func(tx *Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM okno.change WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM okno.change WHERE at < clock_timestamp() - $1::interval LIMIT 20000))`, changesKept)
		return err
	})
	return int(n), err
}
