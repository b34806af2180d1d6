package job

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Retry makes a job that failed or was stopped available at once, with all its
// attempts, and tells its kind. Fault job.gone where it does not wait for that
// any more, job.doubled where an equal one waits already.
func (q *Queue) Retry(ctx context.Context, tx *db.Tx, id int64) (kind string, err error) {
	row, err := db.Find[string](ctx, tx, `UPDATE river.river_job SET state = 'available', attempt = 0, scheduled_at = $2, finalized_at = NULL
		WHERE id = $1 AND state IN ('retryable', 'discarded', 'cancelled') RETURNING kind`, id, q.clock.Wall())
	switch {
	case db.IsUnique(err, ""):
		return "", fault.Conflict("job.doubled").Wrap(err)
	case err != nil:
		return "", fmt.Errorf("retry job %d: %w", id, err)
	case row == nil:
		return "", fault.Conflict("job.gone")
	}
	return *row, nil
}

// Discard takes a stopped job away for good and tells its kind. Fault job.gone
// where there is no such stopped job.
func (q *Queue) Discard(ctx context.Context, tx *db.Tx, id int64) (kind string, err error) {
	row, err := db.Find[string](ctx, tx, `DELETE FROM river.river_job WHERE id = $1 AND state IN ('discarded', 'cancelled') RETURNING kind`, id)
	switch {
	case err != nil:
		return "", fmt.Errorf("discard job %d: %w", id, err)
	case row == nil:
		return "", fault.Conflict("job.gone")
	}
	return *row, nil
}

// Now lets the jobs of some kinds that wait for a later attempt be tried at once,
// and tells how many: after an outside system has come back.
func (q *Queue) Now(ctx context.Context, tx *db.Tx, kinds ...string) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE river.river_job SET state = 'available', scheduled_at = $1 WHERE state = 'retryable' AND kind = ANY($2)`, q.clock.Wall(), kinds)
	if err != nil {
		return 0, fmt.Errorf("hurry jobs: %w", err)
	}
	return n, nil
}
