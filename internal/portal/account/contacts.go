package account

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// Contacts answers where messages to the person go: nothing for an account
// that is closed or whose profile was never read.
func (a *Accounts) Contacts(ctx context.Context, tx *db.Tx, id string) (Contacts, error) {
	sealed, err := db.Find[[]byte](ctx, tx, `SELECT contacts FROM account.account WHERE id = $1`, id)
	if err != nil {
		return Contacts{}, fmt.Errorf("read contacts: %w", err)
	}
	var c Contacts
	if sealed == nil || len(*sealed) == 0 {
		return c, nil
	}
	plain, err := a.Keys.Open(*sealed, contactsAAD(id))
	if err != nil {
		return c, fmt.Errorf("open contacts: %w", err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("open contacts: %w", err)
	}
	return c, nil
}

// SetContacts keeps the confirmed contacts of a profile that was read at the
// given moment; older news than what is kept changes nothing, nor does a
// profile without any: then the provider was not asked for them.
func (a *Accounts) SetContacts(ctx context.Context, tx *db.Tx, id string, c Contacts, at time.Time) error {
	if c == (Contacts{}) {
		return nil
	}
	return a.putContacts(ctx, tx, id, c, at)
}

func (a *Accounts) putContacts(ctx context.Context, tx *db.Tx, id string, c Contacts, at time.Time) error {
	plain, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("seal contacts: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE account.account SET contacts = $2, contacts_at = $3
		 WHERE id = $1 AND closed_at IS NULL AND (contacts_at IS NULL OR contacts_at <= $3)`,
		id, a.Keys.Seal(plain, contactsAAD(id)), at)
	if err != nil {
		return fmt.Errorf("keep contacts: %w", err)
	}
	return nil
}

// ForgetContact drops a contact that has changed at the provider: messages about
// a person must not go to a number that may be somebody else's now. The next
// reading of the profile brings the new one. kind is "phone" or "email"; what
// was read after the change stays.
func (a *Accounts) ForgetContact(ctx context.Context, tx *db.Tx, id, kind string, changed time.Time) error {
	at, err := db.Find[time.Time](ctx, tx, `SELECT contacts_at FROM account.account
		WHERE id = $1 AND contacts IS NOT NULL AND contacts_at <= $2 FOR UPDATE`, id, changed)
	if err != nil || at == nil {
		return err
	}
	c, err := a.Contacts(ctx, tx, id)
	if err != nil {
		return err
	}
	switch kind {
	case "phone":
		c.Mobile = ""
	case "email":
		c.Email = ""
	}
	return a.putContacts(ctx, tx, id, c, *at)
}

func contactsAAD(id string) string { return "account.contacts:" + id }
