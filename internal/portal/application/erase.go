package application

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// erasedBatch bounds one transaction of the eraser.
const erasedBatch = 50

// erase takes the personal data out of cases that ended longer ago than the
// term of retention (G-22): contents with what was signed, messages, words of
// the history, names, indexes and files. Number, service, statuses and times
// stay, as does the owner's id, which leads to nobody once the account is
// closed (G-23).
func (a *Applications) erase(ctx context.Context) (int, error) {
	n := 0
	err := a.DB.InTx(ctx, func(tx *db.Tx) error {
		days, err := setting.Get(ctx, tx, setting.RetentionDays)
		if err != nil {
			return err
		}
		ids, err := db.List[string](ctx, tx, `
			SELECT id FROM application.application
			 WHERE erased_at IS NULL AND status IN ('granted', 'refused', 'withdrawn', 'closed') AND changed_at <= $1
			 ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED`, a.Clock.Now().AddDate(0, 0, -days), erasedBatch)
		if err != nil {
			return fmt.Errorf("find cases to erase: %w", err)
		}
		for _, id := range ids {
			if err := a.eraseOne(ctx, tx, id); err != nil {
				return fmt.Errorf("erase case %s: %w", id, err)
			}
		}
		n = len(ids)
		return nil
	})
	return n, err
}

func (a *Applications) eraseOne(ctx context.Context, tx *db.Tx, id string) error {
	rows := map[string]int64{"application.application": 1}
	for _, step := range []struct{ table, sql string }{
		{"application.signature", `DELETE FROM application.signature WHERE application_id = $1`},
		{"application.content", `DELETE FROM application.content WHERE application_id = $1`},
		{"application.message", `DELETE FROM application.message WHERE application_id = $1`},
		{"application.file", `DELETE FROM application.file WHERE application_id = $1`},
		{"application.event", `UPDATE application.event SET comment = NULL WHERE application_id = $1 AND comment IS NOT NULL`},
	} {
		n, err := tx.Exec(ctx, step.sql, id)
		if err != nil {
			return err
		}
		rows[step.table] = n
	}
	_, err := tx.Exec(ctx, `
		UPDATE application.application SET applicant = NULL, finders = '{}', stars_comment = NULL, erased_at = $2 WHERE id = $1`,
		id, a.Clock.Now())
	if err != nil {
		return err
	}
	if err := a.Documents.Release(ctx, tx, Holder(id)); err != nil {
		return err
	}
	for _, f := range a.OnErase {
		if err := f(ctx, tx, id); err != nil {
			return err
		}
	}
	if a.Erased == nil {
		return nil
	}
	return a.Erased(ctx, tx, id, rows)
}
