package db

import (
	"context"
	"time"
)

// ClockOffset is how far this database's domain time is from wall time.
func (d *DB) ClockOffset(ctx context.Context) (time.Duration, error) {
	var us int64
	err := d.Read(ctx, func(tx *Tx) error {
		return tx.QueryRow(ctx, `SELECT offset_us FROM okno.clock`).Scan(&us)
	})
	return time.Duration(us) * time.Microsecond, err
}

// SetClockOffset moves domain time: for the demo and tests alone.
func (d *DB) SetClockOffset(ctx context.Context, offset time.Duration) error {
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE okno.clock SET offset_us = $1`, offset.Microseconds())
		return err
	})
}
