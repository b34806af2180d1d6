package db

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Single runs one statement that changes data and returns its rows, as a
// transaction of its own in one round trip: what needs no second statement needs
// no begin and no end. As in [DB.InTx], serialisation failures and deadlocks are
// run again, and a lost connection is not.
func Single[T any](ctx context.Context, d *DB, sql string, args ...any) (out []T, err error) {
	err = again(ctx, func() error {
		rows, err := d.pool.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, rowTo[T]())
		return err
	})
	return out, err
}
