package casework

import (
	"context"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// Held counts the cases that an officer holds and has not decided (officer.Holding).
func (c *Cases) Held(ctx context.Context, tx *db.Tx, id string) (int, error) {
	return c.Applications.CountHeld(ctx, tx, id)
}

// Release gives what an officer holds and may not go on with back to the agencies'
// queues, and answers how many of them wait for a decision: he was dismissed, is no clerk
// any more or works for another agency (officer.Holding). Deputies lose nothing by it:
// they take the case from the queue as everybody may.
func (c *Cases) Release(ctx context.Context, tx *db.Tx, o *officer.Officer) (int, error) {
	keep := ""
	if o.Has(officer.RoleClerk) {
		keep = o.Agency
	}
	held, err := c.Applications.Held(ctx, tx, o.ID, keep)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, app := range held {
		if app.Status.Open() {
			n++
		}
		if err := c.Applications.Release(ctx, tx, app); err != nil {
			return 0, err
		}
	}
	return n, nil
}
