package event

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Delivery is how one event fares with one receiver, for the operations page. It
// does not say whose event it is.
type Delivery struct {
	Event    string    `db:"event"`
	Type     string    `db:"type"`
	Receiver string    `db:"receiver"`
	State    string    `db:"state"` // waiting, failed
	Attempts int       `db:"attempts"`
	Error    string    `db:"error"`
	At       time.Time `db:"at"`
	DueAt    time.Time `db:"due_at"`
}

// Undelivered lists what a receiver has not taken at the first try, the oldest
// first.
func (o *Outbox) Undelivered(ctx context.Context, limit int) (out []Delivery, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Delivery](ctx, tx, `SELECT d.event_id::text AS event, e.type, d.receiver, d.state, d.attempts, d.error, e.at, d.due_at
			FROM event.delivery d JOIN event.event e ON e.id = d.event_id
			WHERE d.state = 'failed' OR d.state = 'waiting' AND d.attempts > 0 ORDER BY e.at, d.event_id, d.receiver LIMIT $1`, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list undelivered events: %w", err)
	}
	return out, nil
}

// Retry delivers an event again that has failed or waits for its next try. Fault
// event.gone where nothing waits for that.
func (o *Outbox) Retry(ctx context.Context, tx *db.Tx, id, receiver string) error {
	n, err := tx.Exec(ctx, `UPDATE event.delivery SET state = 'waiting', due_at = $3, delivered_at = NULL
		WHERE event_id::text = $1 AND receiver = $2 AND (state = 'failed' OR state = 'waiting' AND attempts > 0)`, id, receiver, o.Clock.Now())
	if err != nil {
		return fmt.Errorf("retry event: %w", err)
	}
	if n == 0 {
		return fault.Conflict("event.gone")
	}
	return o.Queue.Enqueue(ctx, tx, deliver{Event: id, Receiver: receiver})
}
