package db

import (
	"context"
	"time"
)

// Size is how many bytes this database takes on its server, with indexes.
func (d *DB) Size(ctx context.Context) (n int64, err error) {
	err = d.Read(ctx, func(tx *Tx) error {
		n, err = Get[int64](ctx, tx, `SELECT pg_database_size(current_database())`)
		return err
	})
	return n, err
}

// NoteBackup remembers that this database is part of a whole backup. Wall time.
func (d *DB) NoteBackup(ctx context.Context, at time.Time) error {
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO okno.backup (made_at) VALUES ($1) ON CONFLICT (single) DO UPDATE SET made_at = $1`, at)
		return err
	})
}

// LastBackup is when the last one was begun; nil: never. Wall time.
func (d *DB) LastBackup(ctx context.Context) (at *time.Time, err error) {
	err = d.Read(ctx, func(tx *Tx) error {
		at, err = Find[time.Time](ctx, tx, `SELECT made_at FROM okno.backup`)
		return err
	})
	return at, err
}
