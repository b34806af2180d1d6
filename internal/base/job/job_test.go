package job_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/base/obs/obstest"
)

type greet struct {
	ID int `json:"id"`
}

func (greet) Kind() string { return "test.greet" }

func TestJobLivesAndDiesWithItsTransaction(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	var ran atomic.Int64
	job.Handle(q, func(_ context.Context, a greet) error { ran.Add(int64(a.ID)); return nil })

	if err := d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1}) }); err != nil {
		t.Fatal(err)
	}
	_ = d.InTx(ctx, func(tx *db.Tx) error {
		if err := q.Enqueue(ctx, tx, greet{100}); err != nil {
			t.Error(err)
		}
		return errors.New("roll back")
	})
	if err := d.Read(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1000}) }); err == nil {
		t.Error("a job was enqueued outside of a transaction")
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ran.Load(); got != 1 {
		t.Errorf("ran %d, want the committed job alone", got)
	}
}

// A job works in the name of the request that enqueued it, and so do the jobs
// that it enqueues itself.
func TestJobCarriesItsRequest(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	rec := obstest.New(t)
	tr, err := obs.NewTracer(t.Context(), obs.TraceOptions{URL: rec.URL, Ratio: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	q.Tracer = tr
	var got [3]atomic.Value
	job.Handle(q, func(ctx context.Context, a greet) error {
		got[a.ID].Store(obs.RequestID(ctx))
		if a.ID != 1 {
			return nil
		}
		return d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{2}) })
	})
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	ctx, span := tr.Request(r.WithContext(obs.WithRequestID(r.Context(), "00ff")), false)
	if err := d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1}) }); err != nil {
		t.Fatal(err)
	}
	span.End()
	if err := d.InTx(context.Background(), func(tx *db.Tx) error { return q.Enqueue(context.Background(), tx, greet{0}) }); err != nil {
		t.Fatal(err)
	}
	if err := q.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got[1].Load() != "00ff" || got[2].Load() != "00ff" || got[0].Load() != "" {
		t.Errorf("requests of the jobs: %q %q, alone %q", got[1].Load(), got[2].Load(), got[0].Load())
	}
	if err := tr.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	traces := map[string][]string{}
	for _, s := range rec.Spans() {
		traces[s.TraceID] = append(traces[s.TraceID], s.Name)
	}
	var sizes []int
	for _, names := range traces {
		sizes = append(sizes, len(names))
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{1, 3}) {
		t.Errorf("traces %v", traces)
	}
}

func TestUniqueDropsEqualJobs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	var ran atomic.Int64
	job.Handle(q, func(context.Context, greet) error { ran.Add(1); return nil })
	for range 3 {
		if err := d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1}, job.Unique()) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if ran.Load() != 1 {
		t.Errorf("ran %d times", ran.Load())
	}
}

func TestFailureWaitsAndIsHurried(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	var tries atomic.Int64
	job.Handle(q, func(context.Context, greet) error {
		if tries.Add(1) == 1 {
			return errors.New("away")
		}
		return nil
	}, job.Backoff(func(int) time.Duration { return time.Hour }))
	if err := d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1}) }); err != nil {
		t.Fatal(err)
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if f, err := q.Failures(ctx, 10); err != nil || len(f) != 1 || f[0].LastError != "away" || f[0].State != "retryable" {
		t.Fatalf("failures: %+v, %v", f, err)
	}
	if err := q.Hurry(ctx, 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if tries.Load() != 2 {
		t.Errorf("tried %d times", tries.Load())
	}
}

func TestSweepRunsUntilNothingIsFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	left := 3
	q.Sweep("test.sweep", time.Minute, func(context.Context) (int, error) {
		if left == 0 {
			return 0, nil
		}
		left--
		return 1, nil
	})
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := q.Sweeps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s, func(one job.SweepState) bool { return one.Name == "test.sweep" })
	if left != 0 || i < 0 || s[i].FinishedAt == nil {
		t.Fatalf("left %d, states %+v", left, s)
	}
}

// A job whose process died while it ran is taken up again at once.
func TestRescueTakesUpOrphans(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	var ran atomic.Int64
	job.Handle(q, func(context.Context, greet) error { ran.Add(1); return nil })
	if err := d.InTx(ctx, func(tx *db.Tx) error {
		if err := q.Enqueue(ctx, tx, greet{1}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE river.river_job SET state = 'running', attempt = 1, attempted_at = $1, attempted_by = '{dead}'`, time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := q.Rescue(ctx); err != nil || n != 1 {
		t.Fatalf("rescued %d, %v", n, err)
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if ran.Load() != 1 {
		t.Errorf("ran %d times", ran.Load())
	}
}

// A job of a batch is the same row as one that River inserts, wakes the workers,
// and lives and dies with its transaction.
func TestJobOfBatchIsRivers(t *testing.T) {
	t.Parallel()
	ctx := obs.WithRequestID(context.Background(), "00ff")
	d := dbtest.New(t)
	q := job.New(d, clock.New())
	var ran atomic.Int64
	job.Handle(q, func(_ context.Context, a greet) error { ran.Add(int64(a.ID)); return nil })
	if err := d.InTx(ctx, func(tx *db.Tx) error { return q.Enqueue(ctx, tx, greet{1}) }); err != nil {
		t.Fatal(err)
	}
	batch := func(a greet, more ...string) error {
		b := &db.Batch{}
		p, err := q.Prepare(ctx, a)
		if err != nil {
			return err
		}
		if err := q.EnqueueAll(ctx, b, []job.Prepared{p}); err != nil {
			return err
		}
		for _, sql := range more {
			if err := b.Write(ctx, sql); err != nil {
				return err
			}
		}
		return d.Commit(ctx, b)
	}
	if err := batch(greet{1}); err != nil {
		t.Fatal(err)
	}
	if err := batch(greet{100}, `SELECT 1/0`); err == nil {
		t.Error("a batch that fails was committed")
	}
	var kinds []int
	err := d.Read(ctx, func(tx *db.Tx) (err error) {
		kinds, err = db.List[int](ctx, tx, `SELECT count(*)::int FROM river.river_job
			GROUP BY to_jsonb(river_job) - '{id,created_at,scheduled_at}'::text[] LIMIT 10`)
		return err
	})
	if err != nil || !slices.Equal(kinds, []int{2}) {
		t.Errorf("equal rows: %v, %v, want both in one group", kinds, err)
	}
	if err := q.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ran.Load(); got != 2 {
		t.Errorf("ran %d, want the two committed jobs", got)
	}
}
