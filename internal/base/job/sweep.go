package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/obs"
)

// sweep finds rows whose due_at has come.
type sweep struct {
	name  string
	every time.Duration
	fn    func(ctx context.Context) (int, error)
}

// Sweep registers fn to run every so often (wall time), in one process at a
// time. It returns how many rows it handled; more than none makes it run again
// at once, so that it may work in batches. Idempotent, as all jobs.
func (q *Queue) Sweep(name string, every time.Duration, fn func(ctx context.Context) (int, error)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweeps = append(q.sweeps, sweep{name, every, fn})
}

const (
	sweepTick    = time.Second
	sweepTimeout = 2 * time.Minute
	maxBatches   = 1000
)

func (q *Queue) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(sweepTick)
	defer tick.Stop()
	for {
		for _, s := range q.sweeps {
			if ctx.Err() != nil {
				return
			}
			if err := q.claimAndRun(ctx, s); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "sweep failed", "sweep", s.name, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (q *Queue) claimAndRun(ctx context.Context, s sweep) error {
	now := q.clock.Wall()
	var mine bool
	err := q.d.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO okno.sweep (name, started_at) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET started_at = $2 WHERE sweep.started_at <= $3`, s.name, now, now.Add(-s.every))
		mine = n == 1
		return err
	})
	if err != nil || !mine {
		return err
	}
	_, err = q.runSweep(ctx, s)
	return err
}

// runSweep runs batches until one finds nothing and records how it went.
func (q *Queue) runSweep(ctx context.Context, s sweep) (found int, err error) {
	// A run of a sweep is like a request: its lines and jobs belong together.
	ctx, cancel := context.WithTimeout(obs.WithRequestID(ctx, obs.NewRequestID()), sweepTimeout)
	defer cancel()
	for range maxBatches {
		var n int
		if n, err = s.fn(ctx); err != nil || n == 0 {
			break
		}
		found += n
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	rerr := q.d.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		now := q.clock.Wall()
		_, err := tx.Exec(ctx, `INSERT INTO okno.sweep (name, started_at, finished_at, found, error) VALUES ($1, $2, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET finished_at = $2, found = $3, error = $4`, s.name, now, found, text)
		return err
	})
	return found, errors.Join(err, rerr)
}

// SweepState is one line of the operations page. Times are wall time.
type SweepState struct {
	Name       string     `db:"name"`
	StartedAt  time.Time  `db:"started_at"`
	FinishedAt *time.Time `db:"finished_at"`
	Found      int        `db:"found"`
	Error      string     `db:"error"`
}

// SweepNames are the names of the registered sweeps.
func (q *Queue) SweepNames() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]string, 0, len(q.sweeps))
	for _, s := range q.sweeps {
		out = append(out, s.name)
	}
	return out
}

// Sweeps tells when each sweep ran last and how it went.
func (q *Queue) Sweeps(ctx context.Context) (out []SweepState, err error) {
	err = q.d.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[SweepState](ctx, tx, `SELECT name, started_at, finished_at, found, error FROM okno.sweep ORDER BY name LIMIT 200`)
		return err
	})
	return out, err
}

// Counts tells how many jobs are in each state.
func (q *Queue) Counts(ctx context.Context) (map[string]int, error) {
	type row struct {
		State string `db:"state"`
		N     int    `db:"n"`
	}
	out := map[string]int{}
	err := q.d.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[row](ctx, tx, `SELECT state::text AS state, count(*)::int AS n FROM river.river_job GROUP BY 1`)
		for _, r := range rows {
			out[r.State] = r.N
		}
		return err
	})
	return out, err
}

// Failure is a job that failed at least once and has not succeeded since.
type Failure struct {
	ID        int64     `db:"id"`
	Kind      string    `db:"kind"`
	State     string    `db:"state"`
	Attempt   int       `db:"attempt"`
	NextAt    time.Time `db:"scheduled_at"`
	LastError string    `db:"last_error"`
}

// Failures lists failing jobs, the newest first.
func (q *Queue) Failures(ctx context.Context, limit int) (out []Failure, err error) {
	err = q.d.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Failure](ctx, tx, `SELECT id, kind, state::text AS state, attempt::int AS attempt, scheduled_at,
			coalesce(errors[array_upper(errors, 1)]->>'error', '') AS last_error
			FROM river.river_job WHERE state IN ('retryable', 'discarded', 'cancelled') ORDER BY id DESC LIMIT $1`, limit)
		return err
	})
	return out, err
}

// Hurry brings waiting retries forward by d: domain time has moved by that.
func (q *Queue) Hurry(ctx context.Context, d time.Duration) error {
	return q.d.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE river.river_job SET scheduled_at = scheduled_at - $1::interval WHERE state IN ('retryable', 'scheduled')`, d)
		return err
	})
}

// settleRounds bounds how often work may beget work.
const settleRounds = 50

// Settle runs all sweeps and all due jobs until nothing is left to do: for the
// demo's clock and for tests. Jobs that wait for a later retry stay waiting.
// It works whether or not the queue has been started.
func (q *Queue) Settle(ctx context.Context) error {
	q.mu.Lock()
	idle := q.client == nil
	if idle {
		if err := q.startClient(ctx); err != nil {
			q.mu.Unlock()
			return err
		}
	}
	sweeps := q.sweeps
	q.mu.Unlock()
	if idle {
		defer func() { _ = q.Stop(context.WithoutCancel(ctx)) }()
	}
	for range settleRounds {
		found := 0
		for _, s := range sweeps {
			n, err := q.runSweep(ctx, s)
			if err != nil {
				return fmt.Errorf("sweep %s: %w", s.name, err)
			}
			found += n
		}
		worked, err := q.awaitIdle(ctx)
		if err != nil {
			return err
		}
		if found == 0 && !worked {
			return nil
		}
	}
	return errors.New("job queue: work begets work without end")
}

// awaitIdle waits until no job is due or running, and tells whether any was.
func (q *Queue) awaitIdle(ctx context.Context) (worked bool, err error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		err := q.d.Read(ctx, func(tx *db.Tx) error {
			n, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM river.river_job
				WHERE state IN ('available', 'running', 'pending') OR (state IN ('retryable', 'scheduled') AND scheduled_at <= $1)`, q.clock.Wall())
			return err
		})
		if err != nil {
			return worked, fmt.Errorf("job queue: %w", err)
		}
		if n == 0 {
			return worked, nil
		}
		worked = true
		select {
		case <-ctx.Done():
			return worked, ctx.Err()
		case <-tick.C:
		}
	}
}

// quiet passes on River's warnings alone.
type quiet struct{ slog.Handler }

func (h quiet) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{h.Handler.WithAttrs(a)} }

func (h quiet) WithGroup(n string) slog.Handler { return quiet{h.Handler.WithGroup(n)} }

// Rescue makes jobs that a dead process was working at available at once, and
// tells how many. Only a caller who knows that no process works this queue may
// use it: after a restore, or as the only one on a private database. Without it
// the queue waits for rescueAfter, since the worker might live elsewhere.
func (q *Queue) Rescue(ctx context.Context) (n int64, err error) {
	err = q.d.InTx(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec(ctx, `UPDATE river.river_job SET state = 'available', scheduled_at = $1 WHERE state = 'running'`, q.clock.Wall())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rescue jobs: %w", err)
	}
	return n, nil
}
