package support

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/officer"
)

const heldBy = `officer_id = $1 AND status IN ('new', 'in_work')`

// Held counts the open tickets of an officer (officer.Holding).
func (t *Tickets) Held(ctx context.Context, tx *db.Tx, id string) (int, error) {
	n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM support.ticket WHERE `+heldBy, id)
	if err != nil {
		return 0, fmt.Errorf("count held tickets: %w", err)
	}
	return n, nil
}

// Release gives the open tickets of an officer who is not of the support any more back
// to the queue; their terms run on (officer.Holding). Answered ones are nobody's only
// when the citizen asks again.
func (t *Tickets) Release(ctx context.Context, tx *db.Tx, o *officer.Officer) (int, error) {
	if o.Has(officer.RoleSupport) {
		return 0, nil
	}
	rows, err := db.List[ticketRow](ctx, tx, `SELECT `+ticketColumns+` FROM support.ticket WHERE `+heldBy+` ORDER BY id FOR UPDATE`, o.ID)
	if err != nil {
		return 0, fmt.Errorf("read held tickets: %w", err)
	}
	for i := range rows {
		x, err := t.ticket(&rows[i])
		if err != nil {
			return 0, err
		}
		d := Deed{Key: fmt.Sprintf("released/%d", x.Version)}
		if err := t.trace(ctx, tx, x, d, o, string(ActRelease)); err != nil {
			return 0, err
		}
		x.Officer, x.OfficerName, x.Status = "", "", StatusNew
		if err := t.save(ctx, tx, x); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
