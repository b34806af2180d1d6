package application

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Begun is what citizens have begun at an agency.
type Begun struct {
	Open      int       // applications without a decision
	Drafts    int       // an application may still come of each
	LastDraft time.Time // when the last of them expires, unless its owner goes on with it
}

// Begun counts what has begun at an agency: for its editor, before he takes it off
// the pages.
func (a *Applications) Begun(ctx context.Context, agency string) (out Begun, err error) {
	type drafts struct {
		Revision string    `db:"revision"`
		N        int       `db:"n"`
		Last     time.Time `db:"last"`
	}
	var list []drafts
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if out.Open, err = countOpen(ctx, tx, agency); err != nil {
			return err
		}
		list, err = db.List[drafts](ctx, tx, `SELECT revision, count(*)::int AS n, max(expires_at) AS last FROM application.draft
			WHERE expires_at > $1 GROUP BY revision LIMIT 100000`, a.Clock.Now())
		return err
	})
	if err != nil {
		return Begun{}, fmt.Errorf("count what has begun at %s: %w", agency, err)
	}
	for _, d := range list {
		card, err := a.Services.Revision(ctx, d.Revision)
		if err != nil {
			return Begun{}, fmt.Errorf("count drafts at %s: %w", agency, err)
		}
		if card.Agency != agency {
			continue
		}
		out.Drafts += d.N
		if d.Last.After(out.LastDraft) {
			out.LastDraft = d.Last
		}
	}
	return out, nil
}

// AgencyFree refuses (fault Conflict application.agency_in_use) to take away an agency
// that owes citizens decisions.
func (a *Applications) AgencyFree(ctx context.Context, tx *db.Tx, agency string) error {
	n, err := countOpen(ctx, tx, agency)
	if err != nil {
		return fmt.Errorf("count applications at %s: %w", agency, err)
	}
	if n > 0 {
		return fault.Conflict("application.agency_in_use").With("n", n)
	}
	return nil
}

func countOpen(ctx context.Context, tx *db.Tx, agency string) (int, error) {
	return db.Get[int](ctx, tx, `SELECT count(*)::int FROM application.application
		WHERE agency = $1 AND status NOT IN ('granted', 'refused', 'withdrawn', 'closed')`, agency)
}
