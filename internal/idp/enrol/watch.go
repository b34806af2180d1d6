package enrol

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// Open is how many questions a register has not answered yet, and since when the
// oldest waits. Domain time.
type Open struct {
	Register string    `db:"register"`
	N        int       `db:"n"`
	Oldest   time.Time `db:"oldest"`
	Away     int       `db:"away"` // of them: the last attempt got no answer at all
}

// OpenChecks tells how the registers fare with our questions: for the operations
// page and the metrics (C-07: five days are the term).
func (e *Enrolments) OpenChecks(ctx context.Context) (out []Open, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Open](ctx, tx, `SELECT register, count(*)::int AS n, min(created_at) AS oldest, count(*) FILTER (WHERE away)::int AS away
			FROM enrol.check WHERE state IN ('waiting', 'asked') GROUP BY register ORDER BY register`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count open checks: %w", err)
	}
	return out, nil
}
