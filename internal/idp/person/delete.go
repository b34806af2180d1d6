package person

import (
	"context"
	"fmt"

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
	if err := p.Events.Emit(ctx, tx, event.Event{Type: event.AccountDeleted, OID: oid}); err != nil {
		return err
	}
	for _, f := range p.OnDelete {
		if err := f(ctx, tx, oid); err != nil {
			return fmt.Errorf("delete person: %w", err)
		}
	}
	for _, table := range []string{"version", "document", "contact", "address", "child", "vehicle", "avatar"} {
		if _, err := tx.Exec(ctx, `DELETE FROM person.`+table+` WHERE oid = $1`, oid); err != nil {
			return fmt.Errorf("delete person: %s: %w", table, err)
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE person.proofing SET document = '' WHERE oid = $1`, oid); err != nil {
		return fmt.Errorf("delete person: %w", err)
	}
	_, err := tx.Exec(ctx, `UPDATE person.person SET status = 'deleted', deleted_at = $2, updated_at = $2, version = NULL,
		surname = '', given = '', patronymic = '', name_key = '', sex = '', birth_date = NULL, birth_place = '', citizenship = '', avatar = ''
		WHERE oid = $1`, oid, p.Clock.Now())
	if err != nil {
		return fmt.Errorf("delete person: %w", err)
	}
	return nil
}
