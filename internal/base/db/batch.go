package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Writer takes statements whose answer nobody waits for: a [*Tx] runs each at
// once, a [*Batch] keeps them for one round trip.
type Writer interface {
	// Write takes one statement that changes data; what it touched is not told.
	Write(ctx context.Context, sql string, args ...any) error
	// Changed tells followers, see [Tx.Changed].
	Changed(ctx context.Context, topic string, keys ...string) error
}

// Write is [Tx.Exec] for those who need no answer.
func (t *Tx) Write(ctx context.Context, sql string, args ...any) error {
	_, err := t.Exec(ctx, sql, args...)
	return err
}

// Batch collects statements that are sent together, in their order: where many
// write at the same time, round trips inside of a transaction are what bounds
// them. A statement sees what those before it did.
type Batch struct {
	statements []statement
	changes    []change
}

type statement struct {
	sql  string
	args []any
}

// Write adds a statement; it fails, if at all, when the batch is sent.
func (b *Batch) Write(_ context.Context, sql string, args ...any) error {
	b.statements = append(b.statements, statement{sql, args})
	return nil
}

// Send runs a batch inside of the transaction, in one round trip.
func (t *Tx) Send(ctx context.Context, b *Batch) error {
	t.changes = append(t.changes, b.changes...)
	return b.send(ctx, t.q)
}

// ListAfter runs a batch and then a query, in one round trip.
func ListAfter[T any](ctx context.Context, tx *Tx, b *Batch, sql string, args ...any) ([]T, error) {
	tx.changes = append(tx.changes, b.changes...)
	p := b.queue()
	p.Queue(sql, args...)
	r := tx.q.SendBatch(ctx, p)
	defer r.Close() // tells what the statements have told
	if err := b.results(r); err != nil {
		return nil, err
	}
	rows, err := r.Query()
	if err != nil {
		return nil, err
	}
	out, err := pgx.CollectRows(rows, rowTo[T]())
	if err != nil {
		return nil, err
	}
	return out, r.Close()
}

// Commit runs a batch as one transaction in one round trip, its begin and end
// included: all of it takes effect, or nothing. As in [DB.InTx], serialisation
// failures and deadlocks are run again, and a lost connection is not.
func (d *DB) Commit(ctx context.Context, b *Batch) error {
	defer d.feed.tell(b.changes)
	return again(ctx, func() error {
		// Without BEGIN everything up to the one Sync message is one transaction.
		return b.send(ctx, d.pool)
	})
}

// sender is the part of querier that a pool has too.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

func (b *Batch) send(ctx context.Context, q sender) error {
	r := q.SendBatch(ctx, b.queue())
	if err := b.results(r); err != nil {
		_ = r.Close() // tells the same
		return err
	}
	// A constraint that is checked at the end fails here.
	if err := r.Close(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// queue makes pgx's batch. It notes a connection's statements in it, so each
// attempt has its own.
func (b *Batch) queue() *pgx.Batch {
	p := &pgx.Batch{}
	for _, s := range b.all() {
		p.Queue(s.sql, s.args...)
	}
	return p
}

// all are the statements and, at the end, what tells of their changes.
func (b *Batch) all() []statement {
	if len(b.changes) == 0 {
		return b.statements
	}
	return append(slices.Clip(b.statements), b.telling())
}

func (b *Batch) results(r pgx.BatchResults) error {
	all := b.all()
	for i := range all {
		if _, err := r.Exec(); err != nil {
			return fmt.Errorf("statement %d of %d: %w", i+1, len(all), err)
		}
	}
	return nil
}
