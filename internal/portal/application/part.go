package application

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
)

const partedBatch = 50

// Parted tells of the end of a link between a case and a person whose account
// was deleted. Last: none of the owner's cases is left open.
type Parted struct {
	Owner       string // the closed account
	Application string
	Last        bool
}

// part cuts the link between ended cases and owners whose account was deleted
// (G-23): the case stays with its agency under an owner who is nobody. While a
// case is open the link stays, since the agency still owes an answer.
func (a *Applications) part(ctx context.Context) (int, error) {
	type linked struct {
		ID    string
		Owner string `db:"owner_id"`
	}
	n := 0
	err := a.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := db.List[linked](ctx, tx, `
			SELECT id, owner_id FROM application.application
			 WHERE parted_at IS NOT NULL AND unlinked_at IS NULL AND status IN ('granted', 'refused', 'withdrawn', 'closed')
			 ORDER BY parted_at LIMIT $1 FOR UPDATE SKIP LOCKED`, partedBatch)
		if err != nil {
			return fmt.Errorf("find parted cases: %w", err)
		}
		for _, r := range rows {
			if err := a.unlink(ctx, tx, r.ID, r.Owner); err != nil {
				return fmt.Errorf("part case %s: %w", r.ID, err)
			}
		}
		n = len(rows)
		return nil
	})
	return n, err
}

func (a *Applications) unlink(ctx context.Context, tx *db.Tx, id, owner string) error {
	nobody := db.NewID()
	for _, sql := range []string{
		`UPDATE application.application SET owner_id = $2, filed_by = CASE WHEN filed_by = $3 THEN $2 ELSE filed_by END,
			finders = '{}', unlinked_at = $4 WHERE id = $1 AND $4::timestamptz IS NOT NULL`,
		`UPDATE application.signature SET signer_id = $2 WHERE application_id = $1 AND signer_id = $3 AND $4::timestamptz IS NOT NULL`,
	} {
		if _, err := tx.Exec(ctx, sql, id, nobody, owner, a.Clock.Now()); err != nil {
			return err
		}
	}
	if err := a.Documents.Hand(ctx, tx, Holder(id), nobody); err != nil {
		return err
	}
	if err := a.Notices.Remove(ctx, tx, owner, Holder(id)); err != nil {
		return err
	}
	left, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM application.application WHERE owner_id = $1)`, owner)
	if err != nil {
		return err
	}
	for _, f := range a.OnPart {
		if err := f(ctx, tx, Parted{Owner: owner, Application: id, Last: !left}); err != nil {
			return err
		}
	}
	return nil
}

// HasOpen tells whether an owner has a case that has not ended.
func (a *Applications) HasOpen(ctx context.Context, tx *db.Tx, owner string) (bool, error) {
	return db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM application.application
		WHERE owner_id = $1 AND status NOT IN ('granted', 'refused', 'withdrawn', 'closed'))`, owner)
}
