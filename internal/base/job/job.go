// Package job runs background work out of PostgreSQL, on River.
//
// A job is enqueued in the transaction of the data that it belongs to, and its
// arguments are ids only. It runs at least once: handlers are idempotent.
// Deadlines are not jobs but due_at columns, found by sweeps that go by the
// domain clock and catch up after downtime.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/obs"
)

// Args are a job's arguments: ids, never personal data. Kind is the name of the
// work, such as application.route, and never changes once released.
type Args interface{ Kind() string }

// Queue is one database's queue: jobs, handlers and sweeps.
type Queue struct {
	d       *db.DB
	clock   *clock.Clock
	workers *river.Workers
	inserts *river.Client[pgx.Tx]

	// Tracer gets a span for each attempt at a job; nil: none. Set it before
	// [Queue.Start].
	Tracer *obs.Tracer

	woken atomic.Int64 // wall time of the last EnqueueAll that woke the workers

	mu     sync.Mutex
	client *river.Client[pgx.Tx]
	sweeps []sweep
	stop   context.CancelFunc
	swept  sync.WaitGroup
}

const (
	workersPerQueue = 16
	rescueAfter     = 2 * time.Minute // River's default of an hour is too long for a citizen
	defaultTimeout  = time.Minute
	defaultAttempts = 25
)

// New returns a queue that can enqueue at once and works after [Queue.Start].
func New(d *db.DB, c *clock.Clock) *Queue {
	q := &Queue{d: d, clock: c, workers: river.NewWorkers()}
	inserts, err := river.NewClient(riverpgxv5.New(d.Pool()), &river.Config{Schema: db.RiverSchema, Logger: slog.New(slog.DiscardHandler), SkipUnknownJobCheck: true})
	if err != nil {
		panic(err) // only for a configuration that contradicts itself
	}
	q.inserts = inserts
	// River refuses to work without a single handler.
	Handle(q, func(context.Context, nothing) error { return nil })
	q.Sweep("okno.change", time.Minute, d.TidyChanges)
	return q
}

type nothing struct{}

func (nothing) Kind() string { return "job.nothing" }

// Option changes how one job is enqueued.
type Option func(*river.InsertOpts)

// Unique drops the job when one with equal arguments waits or runs already.
func Unique() Option {
	return func(o *river.InsertOpts) {
		o.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}}
	}
}

// Enqueue adds a job in the caller's transaction: it runs if and only if that
// commits. Its log lines and spans belong to the request of ctx.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, a Args, opts ...Option) error {
	if tx.Raw() == nil {
		return fmt.Errorf("enqueue %s: not in a transaction", a.Kind())
	}
	var o river.InsertOpts
	for _, f := range opts {
		f(&o)
	}
	var err error
	if o.Metadata, err = metadataOf(ctx); err != nil {
		return fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	if _, err := q.inserts.InsertTx(ctx, tx.Raw(), a, &o); err != nil {
		return fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	return nil
}

// wakeEvery is how often EnqueueAll wakes the workers at most: a notification
// makes its transaction commit alone, and a worker that has found a job looks
// for more by itself.
const wakeEvery = 100 * time.Millisecond

// Prepared is a job that is ready to be enqueued. Its log lines and spans belong
// to the request in which it was prepared.
type Prepared struct{ kind, args, metadata string }

// Prepare makes a job for [Queue.EnqueueAll].
func (q *Queue) Prepare(ctx context.Context, a Args) (Prepared, error) {
	args, err := json.Marshal(a)
	if err != nil {
		return Prepared{}, fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	meta, err := metadataOf(ctx)
	if err != nil {
		return Prepared{}, fmt.Errorf("enqueue %s: %w", a.Kind(), err)
	}
	if meta == nil {
		meta = []byte("{}")
	}
	return Prepared{a.Kind(), string(args), string(meta)}, nil
}

// EnqueueAll is [Queue.Enqueue] of several jobs without options in one statement:
// River's own way needs a round trip of its own, or two. The rows are those of
// River's insertion.
func (q *Queue) EnqueueAll(ctx context.Context, w db.Writer, jobs []Prepared) error {
	var args, kind, meta []string
	for _, j := range jobs {
		args, kind, meta = append(args, j.args), append(kind, j.kind), append(meta, j.metadata)
	}
	err := w.Write(ctx, `INSERT INTO river.river_job (args, kind, max_attempts, metadata, priority, queue, state)
		SELECT args::jsonb, kind, $4, metadata::jsonb, $5, $6, 'available'
		  FROM unnest($1::text[], $2::text[], $3::text[]) AS j (args, kind, metadata)`,
		args, kind, meta, river.MaxAttemptsDefault, river.PriorityDefault, river.QueueDefault)
	if err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(jobs), err)
	}
	now, last := q.clock.Wall().UnixNano(), q.woken.Load()
	if now-last < int64(wakeEvery) || !q.woken.CompareAndSwap(last, now) {
		return nil
	}
	if err := w.Write(ctx, `SELECT pg_notify($1, $2)`, db.RiverSchema+".river_insert", `{"queue": "`+river.QueueDefault+`"}`); err != nil {
		return fmt.Errorf("wake the workers: %w", err)
	}
	return nil
}

// metadataOf is what a job of ctx's request carries; nil outside of one.
func metadataOf(ctx context.Context) ([]byte, error) {
	thread := obs.ThreadOf(ctx)
	if thread == (obs.Thread{}) {
		return nil, nil
	}
	return json.Marshal(metadata{thread})
}

// metadata is what a job's row holds beside its arguments.
type metadata struct {
	Thread obs.Thread `json:"okno"`
}

// HandlerOption changes how one kind of job is worked.
type HandlerOption func(*handlerOptions)

type handlerOptions struct {
	timeout  time.Duration
	attempts int
	backoff  func(attempt int) time.Duration
}

// Timeout bounds one attempt; the default is one minute.
func Timeout(d time.Duration) HandlerOption { return func(o *handlerOptions) { o.timeout = d } }

// MaxAttempts bounds the attempts, after which the job is discarded and shown
// to the operators; the default is 25, which is some three days.
func MaxAttempts(n int) HandlerOption { return func(o *handlerOptions) { o.attempts = n } }

// Backoff gives the pause after the n-th failed attempt (from 1).
func Backoff(f func(attempt int) time.Duration) HandlerOption {
	return func(o *handlerOptions) { o.backoff = f }
}

// defaultBackoff grows from about a second to at most three hours.
func defaultBackoff(attempt int) time.Duration {
	d := time.Second << min(attempt-1, 14)
	d = min(d, 3*time.Hour)
	return d + rand.N(d/4+time.Millisecond)
}

type worker[T Args] struct {
	river.WorkerDefaults[T]
	queue *Queue
	fn    func(context.Context, T) error
	opts  handlerOptions
}

func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.opts.timeout }

func (w *worker[T]) NextRetry(j *river.Job[T]) time.Time {
	return time.Now().Add(w.opts.backoff(len(j.Errors) + 1))
}

func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error {
	if j.Attempt > w.opts.attempts {
		return river.JobCancel(errors.New("too many attempts"))
	}
	var m metadata
	_ = json.Unmarshal(j.Metadata, &m) // without it the job has no request, and works as well
	ctx, span := w.queue.Tracer.Job(m.Thread.Resume(ctx), j.Kind, j.Attempt)
	defer span.End()
	err := w.fn(withAttempt(ctx, j.Attempt, j.Attempt >= w.opts.attempts), j.Args)
	span.Failed(err)
	return err
}

// Handle registers the work of one kind. Call it before [Queue.Start].
func Handle[T Args](q *Queue, fn func(ctx context.Context, a T) error, opts ...HandlerOption) {
	o := handlerOptions{timeout: defaultTimeout, attempts: defaultAttempts, backoff: defaultBackoff}
	for _, f := range opts {
		f(&o)
	}
	river.AddWorker(q.workers, &worker[T]{queue: q, fn: fn, opts: o})
}

// Give up for good: the job is not run again, and operators see why.
func GiveUp(err error) error { return river.JobCancel(err) }

type attemptKey struct{}

type attempt struct {
	n    int
	last bool
}

func withAttempt(ctx context.Context, n int, last bool) context.Context {
	return context.WithValue(ctx, attemptKey{}, attempt{n, last})
}

// Attempt is the running attempt's number from 1, and whether it is the last.
func Attempt(ctx context.Context) (n int, last bool) {
	a, _ := ctx.Value(attemptKey{}).(attempt)
	return a.n, a.last
}

// Start works jobs and sweeps until [Queue.Stop].
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client != nil {
		return errors.New("job queue: started already")
	}
	if err := q.startClient(ctx); err != nil {
		return err
	}
	sctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q.stop = cancel
	q.swept.Go(func() { q.sweepLoop(sctx) })
	return nil
}

func (q *Queue) startClient(ctx context.Context) error {
	client, err := river.NewClient(riverpgxv5.New(q.d.Pool()), &river.Config{
		Schema:               db.RiverSchema,
		Workers:              q.workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workersPerQueue}},
		FetchCooldown:        5 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		PollOnly:             q.d.Pooled(),
		RescueStuckJobsAfter: rescueAfter,
		JobTimeout:           defaultTimeout,
		MaxAttempts:          defaultAttempts + 10, // the handler's own bound decides
		Logger:               slog.New(quiet{slog.Default().Handler()}),
		SoftStopTimeout:      10 * time.Second,
		ReindexerIndexNames:  slices.DeleteFunc(river.ReindexerIndexNamesDefault(), isDropped),
	})
	if err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	// River's context is that of its whole life: a request's must not end it.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	q.client = client
	return nil
}

// isDropped tells the indexes that the schema okno has taken away.
func isDropped(index string) bool {
	return index == "river_job_args_index" || index == "river_job_metadata_index"
}

// Stop lets running jobs end, at most ten seconds; the rest is rescued by the
// next start.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client == nil {
		return nil
	}
	if q.stop != nil {
		q.stop()
		q.swept.Wait()
		q.stop = nil
	}
	err := q.client.Stop(ctx)
	q.client = nil
	return err
}
