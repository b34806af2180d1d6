package officer

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// Work registers the eraser of what is kept of staff who left.
func (o *Officers) Work(q *job.Queue) { q.Sweep("officer.retention", time.Hour, o.erase) }

// erase cuts the link between an officer who left and the person, and deletes
// old deputies (G-22). The name stays: answers bear it.
func (o *Officers) erase(ctx context.Context) (int, error) {
	var n int64
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		days, err := setting.Get(ctx, tx, setting.RetentionDays)
		if err != nil {
			return err
		}
		before := o.Clock.Now().AddDate(0, 0, -days)
		gone, err := tx.Exec(ctx, `
			UPDATE officer.officer SET subject = 'left:' || id::text
			 WHERE NOT active AND changed_at <= $1 AND subject NOT LIKE 'left:%'`, before)
		if err != nil {
			return fmt.Errorf("erase staff who left: %w", err)
		}
		n, err = tx.Exec(ctx, `DELETE FROM officer.deputy WHERE until_at <= $1`, before)
		if err != nil {
			return fmt.Errorf("erase old deputies: %w", err)
		}
		n += gone
		for _, sql := range []string{
			`DELETE FROM officer.invitation WHERE expires_at <= $1`,
			`DELETE FROM officer.deed WHERE at <= $1`,
		} {
			if gone, err = tx.Exec(ctx, sql, before); err != nil {
				return fmt.Errorf("erase old deeds: %w", err)
			}
			n += gone
		}
		return nil
	})
	return int(n), err
}
