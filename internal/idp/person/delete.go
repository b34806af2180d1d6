package person

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/event"
)

// Delete ends an account for good (C-57): the profile is erased, contacts and
// SNILS become free, the number stays taken. Relying parties are told first,
// while it is still known who they are; then sessions, credentials, consents and
// tokens go by OnDelete.
func (p *Persons) Delete(ctx context.Context, tx *db.Tx, oid OID) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	done := func(context.Context) error { return nil }
	if p.Witness != nil {
		var err error
		if done, err = p.Witness(ctx, tx, oid); err != nil {
			return fmt.Errorf("delete person: %w", err)
		}
	}
	if err := p.Events.Emit(ctx, tx, event.Event{Type: event.AccountDeleted, OID: oid}); err != nil {
		return err
	}
	for _, f := range p.OnDelete {
		if err := f(ctx, tx, oid); err != nil {
			return fmt.Errorf("delete person: %w", err)
		}
	}
	for _, table := range []string{"claim", "version", "document", "contact", "address", "child", "vehicle", "avatar"} {
		if _, err := tx.Exec(ctx, `DELETE FROM person.`+table+` WHERE oid = $1`, oid); err != nil {
			return fmt.Errorf("delete person: %s: %w", table, err)
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE person.proofing SET document = '' WHERE oid = $1`, oid); err != nil {
		return fmt.Errorf("delete person: %w", err)
	}
	_, err := tx.Exec(ctx, `UPDATE person.person SET status = 'deleted', deleted_at = $2, updated_at = $2, version = NULL,
		surname = '', given = '', patronymic = '', name_key = '', sex = '', birth_date = NULL, birth_place = '', citizenship = '', avatar = '', look = ''
		WHERE oid = $1`, oid, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("delete person: %w", err)
	}
	if err := tell(ctx, tx, oid); err != nil {
		return err
	}
	return done(ctx)
}

// EraseOld deletes what outlives its use: superseded data and replaced documents
// that ended before t, and the proofings of accounts deleted before t. It works in
// batches and tells how many rows went; enrol's sweep calls it with the journal's
// term (G-22).
func (p *Persons) EraseOld(ctx context.Context, t time.Time) (int, error) {
	const batch = 500
	var total int64
	err := p.DB.InTx(ctx, func(tx *db.Tx) error {
		total = 0
		for _, sql := range []string{
			`DELETE FROM person.version WHERE (oid, version) IN
				(SELECT oid, version FROM person.version WHERE state = 'superseded' AND ended_at < $1 LIMIT $2)`,
			`DELETE FROM person.document WHERE id IN
				(SELECT d.id FROM person.document d WHERE d.replaced_at < $1
				AND NOT EXISTS (SELECT FROM person.version v WHERE v.oid = d.oid AND v.document_id = d.id) LIMIT $2)`,
			`DELETE FROM person.proofing WHERE id IN
				(SELECT f.id FROM person.proofing f JOIN person.person a ON a.oid = f.oid WHERE a.deleted_at < $1 LIMIT $2)`,
		} {
			n, err := tx.Exec(ctx, sql, t, batch)
			if err != nil {
				return fmt.Errorf("erase old personal data: %w", err)
			}
			total += n
		}
		return nil
	})
	return int(total), err
}
