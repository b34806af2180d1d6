package session

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
)

// Count is how many sessions live now: for metrics.
func (s *Sessions) Count(ctx context.Context) (int, error) {
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return 0, err
	}
	now, n := s.Clock.Now(), 0
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM session.session WHERE ended_at IS NULL AND expires_at > $1 AND seen_at > $2`,
			now, now.Add(-v.SessionIdle.D()))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}
