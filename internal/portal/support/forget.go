package support

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
)

// Forget ends what the support knows of an owner whose account was deleted
// (G-23): tickets that are answered go; one that still waits stays without its
// owner and his name, because what it reports may concern others.
func (t *Tickets) Forget(ctx context.Context, tx *db.Tx, owner string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM support.ticket WHERE owner_id = $1 AND status IN ('answered', 'closed')`, owner); err != nil {
		return fmt.Errorf("forget tickets: %w", err)
	}
	rows, err := db.List[ticketRow](ctx, tx, `SELECT `+ticketColumns+` FROM support.ticket WHERE owner_id = $1 FOR UPDATE`, owner)
	if err != nil {
		return fmt.Errorf("forget tickets: %w", err)
	}
	for i := range rows {
		x, err := t.ticket(&rows[i])
		if err != nil {
			return err
		}
		sealed, err := t.sealContent(x.ID, Content{Page: x.Page, Browser: x.Browser})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE support.ticket SET owner_id = NULL, content = $2, version = version + 1 WHERE id = $1`, x.ID, sealed); err != nil {
			return fmt.Errorf("forget ticket %s: %w", x.ID, err)
		}
	}
	return nil
}
