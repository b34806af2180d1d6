package person

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/event"
)

// ContactKind says what a contact is.
type ContactKind string

// The kinds of contacts. Only mobile phone and e-mail are confirmed, carry
// messages and serve as logins.
const (
	Phone     ContactKind = "phone"      // mobile, +79120000001
	Email     ContactKind = "email"      // normalised by ruid
	HomePhone ContactKind = "home_phone" // landline, as entered
)

// Contact is one way to reach a person.
type Contact struct {
	ID          string
	Kind        ContactKind
	Value       string // normalised
	Confirmed   bool
	CreatedAt   time.Time
	ConfirmedAt *time.Time
}

type contactRow struct {
	ID          string     `db:"id"`
	OID         OID        `db:"oid"`
	Kind        string     `db:"kind"`
	Sealed      []byte     `db:"value_sealed"`
	Index       []byte     `db:"value_index"`
	State       string     `db:"state"`
	CreatedAt   time.Time  `db:"created_at"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
}

const contactColumns = `id::text, oid, kind, value_sealed, value_index, state, created_at, confirmed_at`

func contactAAD(oid OID, kind string) string { return "person.contact:" + kind + ":" + FormatOID(oid) }

func (p *Persons) openContact(r contactRow) (Contact, error) {
	value, err := p.Keys.Open(r.Sealed, contactAAD(r.OID, r.Kind))
	if err != nil {
		return Contact{}, fmt.Errorf("open contact %s: %w", r.ID, err)
	}
	return Contact{
		ID: r.ID, Kind: ContactKind(r.Kind), Value: string(value), Confirmed: r.State == "confirmed",
		CreatedAt: r.CreatedAt, ConfirmedAt: r.ConfirmedAt,
	}, nil
}

// Contacts lists a person's contacts: confirmed ones first.
func (p *Persons) Contacts(ctx context.Context, tx *db.Tx, oid OID) ([]Contact, error) {
	rows, err := db.List[contactRow](ctx, tx, `SELECT `+contactColumns+`
		FROM person.contact WHERE oid = $1 ORDER BY state, kind DESC LIMIT 20`, oid)
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	out := make([]Contact, 0, len(rows))
	for _, r := range rows {
		c, err := p.openContact(r)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// AddContact notes a normalised contact as unconfirmed; an older unconfirmed
// one of the kind goes. A home phone needs no confirmation and simply replaces
// the one before. Adding what is confirmed already changes nothing.
func (p *Persons) AddContact(ctx context.Context, tx *db.Tx, oid OID, kind ContactKind, value string) (*Contact, error) {
	if _, err := lock(ctx, tx, oid); err != nil {
		return nil, err
	}
	index := p.Keys.Index(string(kind), value)
	same, err := db.Find[contactRow](ctx, tx, `SELECT `+contactColumns+`
		FROM person.contact WHERE oid = $1 AND kind = $2 AND value_index = $3 ORDER BY state LIMIT 1`, oid, kind, index)
	if err != nil {
		return nil, fmt.Errorf("add contact: %w", err)
	}
	if same != nil {
		c, err := p.openContact(*same)
		return &c, err
	}
	state := "unconfirmed"
	if _, err := tx.Exec(ctx, `DELETE FROM person.contact WHERE oid = $1 AND kind = $2 AND state = $3`, oid, kind, state); err != nil {
		return nil, fmt.Errorf("add contact: %w", err)
	}
	c := Contact{ID: db.NewID(), Kind: kind, Value: value, CreatedAt: p.Clock.Now()}
	_, err = tx.Exec(ctx, `INSERT INTO person.contact (id, oid, kind, value_sealed, value_index, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.ID, oid, kind, p.Keys.Seal([]byte(value), contactAAD(oid, string(kind))), index, state, c.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("add contact: %w", err)
	}
	return &c, nil
}

// ConfirmContact makes a phone or e-mail the confirmed one of its kind, after
// its owner proved control of it. It returns the contact that it replaces, nil
// if none, so that the old address can be told (ID-SEC-13). When another
// account holds the value: fault Conflict person.contact_taken, and the
// transaction cannot go on (ID-REG-22).
func (p *Persons) ConfirmContact(ctx context.Context, tx *db.Tx, oid OID, contactID string) (*Contact, error) {
	if _, err := lock(ctx, tx, oid); err != nil {
		return nil, err
	}
	row, err := db.Find[contactRow](ctx, tx, `SELECT `+contactColumns+`
		FROM person.contact WHERE oid = $1 AND id::text = $2`, oid, contactID)
	if err != nil {
		return nil, fmt.Errorf("confirm contact: %w", err)
	}
	if row == nil || row.Kind == string(HomePhone) {
		return nil, fault.NotFound("person.contact_not_found")
	}
	if row.State == "confirmed" {
		return nil, nil
	}
	old, err := db.Find[contactRow](ctx, tx, `DELETE FROM person.contact
		WHERE oid = $1 AND kind = $2 AND state = 'confirmed' RETURNING `+contactColumns, oid, row.Kind)
	if err != nil {
		return nil, fmt.Errorf("confirm contact: %w", err)
	}
	if old != nil {
		if err := unclaim(ctx, tx, LoginKind(old.Kind), old.Index, oid); err != nil {
			return nil, fmt.Errorf("confirm contact: %w", err)
		}
	}
	free, err := p.claim(ctx, tx, LoginKind(row.Kind), row.Index, oid)
	if err != nil {
		return nil, fmt.Errorf("confirm contact: %w", err)
	}
	if !free {
		return nil, fault.Conflict("person.contact_taken")
	}
	_, err = tx.Exec(ctx, `UPDATE person.contact SET state = 'confirmed', confirmed_at = $3 WHERE oid = $1 AND id::text = $2`,
		oid, contactID, p.Clock.Now())
	if db.IsUnique(err, "contact_confirmed_key") {
		return nil, fault.Conflict("person.contact_taken").Wrap(err)
	}
	if err != nil {
		return nil, fmt.Errorf("confirm contact: %w", err)
	}
	if err := p.Events.Emit(ctx, tx, event.Event{Type: event.ContactChanged, OID: oid, Payload: map[string]string{"kind": row.Kind}}); err != nil {
		return nil, err
	}
	if old == nil {
		return nil, nil
	}
	c, err := p.openContact(*old)
	return &c, err
}

// RemoveContact deletes a contact. The last confirmed phone or e-mail stays:
// fault Conflict person.contact_last, since nobody could sign in any more.
func (p *Persons) RemoveContact(ctx context.Context, tx *db.Tx, oid OID, contactID string) (*Contact, error) {
	if _, err := lock(ctx, tx, oid); err != nil {
		return nil, err
	}
	row, err := db.Find[contactRow](ctx, tx, `DELETE FROM person.contact WHERE oid = $1 AND id::text = $2 RETURNING `+contactColumns, oid, contactID)
	if err != nil {
		return nil, fmt.Errorf("remove contact: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("person.contact_not_found")
	}
	if row.State == "confirmed" {
		left, err := db.Get[int](ctx, tx, `SELECT count(*) FROM person.contact WHERE oid = $1 AND state = 'confirmed'`, oid)
		if err != nil {
			return nil, fmt.Errorf("remove contact: %w", err)
		}
		if left == 0 {
			return nil, fault.Conflict("person.contact_last")
		}
		if err := unclaim(ctx, tx, LoginKind(row.Kind), row.Index, oid); err != nil {
			return nil, fmt.Errorf("remove contact: %w", err)
		}
		if err := p.Events.Emit(ctx, tx, event.Event{Type: event.ContactChanged, OID: oid, Payload: map[string]string{"kind": row.Kind}}); err != nil {
			return nil, err
		}
	}
	c, err := p.openContact(*row)
	return &c, err
}

// SetHomePhone keeps the landline number; an empty one removes it.
func (p *Persons) SetHomePhone(ctx context.Context, tx *db.Tx, oid OID, value string) error {
	if _, err := lock(ctx, tx, oid); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM person.contact WHERE oid = $1 AND kind = $2`, oid, HomePhone); err != nil {
		return fmt.Errorf("set home phone: %w", err)
	}
	if value == "" {
		return nil
	}
	_, err := p.AddContact(ctx, tx, oid, HomePhone, value)
	return err
}

// Reach is where and in which language to write to a person: all confirmed
// contacts (C-09). Both lists are empty for a deleted account.
func (p *Persons) Reach(ctx context.Context, tx *db.Tx, oid OID) (locale string, phones, emails []string, err error) {
	found, err := db.Find[string](ctx, tx, `SELECT locale FROM person.person WHERE oid = $1 AND status = 'registered'`, oid)
	if err != nil || found == nil {
		return "ru", nil, nil, err
	}
	contacts, err := p.Contacts(ctx, tx, oid)
	if err != nil {
		return "", nil, nil, err
	}
	for _, c := range contacts {
		switch {
		case c.Confirmed && c.Kind == Phone:
			phones = append(phones, c.Value)
		case c.Confirmed && c.Kind == Email:
			emails = append(emails, c.Value)
		}
	}
	return *found, phones, emails, nil
}
