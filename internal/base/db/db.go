// Package db is the only door to PostgreSQL: pools, transactions with retry,
// small typed queries and migrations. Code inside a transaction gets a [*Tx],
// never the pool. SQL is written by hand beside the function that needs it.
package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNoRows is what [Get] and a scan of [Tx.QueryRow] return for no row.
var ErrNoRows = pgx.ErrNoRows

// Config says how to reach one database.
type Config struct {
	URL      string // postgres://…, several hosts permitted
	MaxConns int32  // 0: pgx's default
	// CacheDescribe must be set behind pgbouncer in transaction mode: nothing is
	// prepared, no limit is asked for at the start of a connection, which pgbouncer
	// refuses (ALTER ROLE … SET statement_timeout gives it), and nobody listens.
	CacheDescribe bool
}

// DB is one database: a product's, or one region's portal's.
type DB struct {
	pool  *pgxpool.Pool
	aside *pgxpool.Pool // see Aside
	url   string
	// pooled: a connection is another one with each transaction.
	pooled bool
	feed   *feed // see change.go
}

// asideConns are enough: what is read through them is kept in memory.
const asideConns = 2

// statements that one connection remembers, in okno and in PostgreSQL.
const statements = 256

// Open connects and pings. The pool dials again by itself after a loss.
func Open(ctx context.Context, c Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// The parser's error may quote the URL with its password.
		return nil, errors.New("open database: the URL cannot be read")
	}
	if c.MaxConns > 0 {
		pc.MaxConns = c.MaxConns
	}
	if c.CacheDescribe {
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	// pgx makes room for both of its caches in every connection, and each way of
	// asking fills only one of them.
	pc.ConnConfig.StatementCacheCapacity = min(pc.ConnConfig.StatementCacheCapacity, statements)
	pc.ConnConfig.DescriptionCacheCapacity = min(pc.ConnConfig.DescriptionCacheCapacity, statements)
	switch pc.ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeCacheStatement:
		pc.ConnConfig.DescriptionCacheCapacity = 0
	case pgx.QueryExecModeCacheDescribe:
		pc.ConnConfig.StatementCacheCapacity = 0
	}
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	// A query that outlives its page only holds locks; jobs are batches.
	if _, ok := pc.ConnConfig.RuntimeParams["statement_timeout"]; !ok && !c.CacheDescribe {
		pc.ConnConfig.RuntimeParams["statement_timeout"] = "30000"
		pc.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30000"
	}
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	ac := pc.Copy()
	ac.MaxConns, ac.MinConns, ac.MaxConnIdleTime = asideConns, 0, time.Minute
	aside, err := pgxpool.NewWithConfig(ctx, ac)
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &DB{pool: pool, aside: aside, url: c.URL, pooled: c.CacheDescribe, feed: newFeed()}, nil
}

// Close waits for borrowed connections and closes the pools.
func (d *DB) Close() {
	d.pool.Close()
	d.aside.Close()
}

// URL is what the database was opened with: for migrations and LISTEN, which
// need a direct connection. It may hold a password: never log it.
func (d *DB) URL() string { return d.url }

// Pooled tells whether a pooler in transaction mode stands between: nobody can
// LISTEN through it.
func (d *DB) Pooled() bool { return d.pooled }

// Pool is for base/job alone (archtest), which hands it to River.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.pool.Ping(ctx) }

// querier is what a pool connection and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Tx is what code inside [DB.InTx] and [DB.Read] works with.
type Tx struct {
	q  querier
	tx pgx.Tx // nil inside Read

	changes []change
}

// Raw is the pgx transaction: for base/job, which enqueues in it.
func (t *Tx) Raw() pgx.Tx { return t.tx }

// Exec runs one statement and returns the number of rows that it touched.
func (t *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := t.q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), err
}

// Query runs one query; prefer [List].
func (t *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.q.Query(ctx, sql, args...)
}

// QueryRow runs a query for one row; prefer [Get] or [Find].
func (t *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.q.QueryRow(ctx, sql, args...)
}

// SendBatch sends several statements in one round trip.
func (t *Tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.q.SendBatch(ctx, b)
}

const txAttempts = 6

// InTx runs fn in a read-committed transaction and commits when fn returns
// nil. Serialisation failures and deadlocks are run again, so fn must not have
// effects outside of the transaction. A connection lost at COMMIT is not
// retried: whether it took effect is unknown, and the caller's idempotency key
// resolves it.
func (d *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	return again(ctx, func() error { return d.inTx(ctx, fn) })
}

// again runs a transaction until nobody else stands in its way.
func again(ctx context.Context, run func() error) error {
	for attempt := 1; ; attempt++ {
		err := run()
		if err == nil || attempt == txAttempts || !retryable(err) {
			return err
		}
		pause := time.Duration(1<<attempt) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

func (d *DB) inTx(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// After a commit this does nothing. A cancelled request must not
		// leave its locks behind, hence the context of its own.
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = tx.Rollback(c)
	}()
	t := &Tx{q: tx, tx: tx}
	if err := fn(t); err != nil {
		return err
	}
	err = tx.Commit(ctx)
	d.feed.tell(t.changes) // also after a lost connection: it may have taken effect
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Read runs queries on one connection without a transaction: each statement
// sees its own snapshot. It is for reading alone.
func (d *DB) Read(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire connection: %w", err)
	}
	defer conn.Release()
	return fn(&Tx{q: conn})
}

// Aside is [DB.Read] for what everybody shares and keeps in memory, such as
// settings and the catalogue. It has connections of its own, since its callers
// may be inside a transaction: waiting for a common connection while the holders
// of all of these wait for a lock of the caller's, nobody would ever go on. fn
// must take no locks.
func (d *DB) Aside(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := d.aside.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire connection: %w", err)
	}
	defer conn.Release()
	return fn(&Tx{q: conn})
}

// IsLocked tells that a lock was not to be had within the lock_timeout.
func IsLocked(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "55P03"
}

func retryable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}

// IsUnique tells whether err is a violation of the named unique or exclusion
// constraint (or unique index); the empty name stands for any.
func IsUnique(err error, constraint string) bool {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || (pe.Code != "23505" && pe.Code != "23P01") {
		return false
	}
	return constraint == "" || pe.ConstraintName == constraint
}

// NewID is a UUIDv7: sortable by time, never guessed to be serial.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
