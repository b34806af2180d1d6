package person

import (
	"context"
	"fmt"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ruid"
)

// LoginKind says which identifier a person signs in with (ID-LOG-03).
type LoginKind string

// The three kinds of login.
const (
	LoginPhone LoginKind = "phone"
	LoginEmail LoginKind = "email"
	LoginSNILS LoginKind = "snils"
)

// FindByLogin returns the living account that a normalised login belongs to,
// nil if none: a phone or e-mail only when confirmed (ID-LOG-07), SNILS only
// when verified, which means from the standard level on (ID-LOG-06).
func (p *Persons) FindByLogin(ctx context.Context, kind LoginKind, value string) (*Person, error) {
	var found *Person
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		found, err = p.FindByLoginTx(ctx, tx, kind, value)
		return err
	})
	return found, err
}

// FindByLoginTx is FindByLogin inside a transaction.
func (p *Persons) FindByLoginTx(ctx context.Context, tx *db.Tx, kind LoginKind, value string) (*Person, error) {
	oid, err := p.claimant(ctx, tx, kind, p.Keys.Index(string(kind), value))
	if err != nil || oid == nil {
		return nil, err
	}
	found, err := db.Find[Person](ctx, tx, `SELECT `+personColumns+`
		FROM person.person WHERE oid = $1 AND status = 'registered'`, *oid)
	if err != nil {
		return nil, fmt.Errorf("find person by login: %w", err)
	}
	if found != nil && kind == LoginSNILS && found.Level < Standard {
		return nil, nil
	}
	return found, nil
}

// ParseLogin reads what a person typed into the field «login»: a mobile phone
// in any spelling (ID-LOG-05), an e-mail, or, on its own tab, SNILS. ok is false
// when the text is none of them; such a login is treated like an unknown one.
func ParseLogin(text string, snils bool) (kind LoginKind, value string, ok bool) {
	if snils {
		s, err := ruid.ParseSNILS(text)
		return LoginSNILS, string(s), err == nil
	}
	if strings.Contains(text, "@") {
		e, err := ruid.ParseEmail(text)
		return LoginEmail, string(e), err == nil
	}
	if p, err := ruid.ParseMobile(text); err == nil {
		return LoginPhone, string(p), true
	}
	// Eleven digits that are no mobile number are most likely SNILS in the wrong field.
	if s, err := ruid.ParseSNILS(text); err == nil {
		return LoginSNILS, string(s), true
	}
	return LoginPhone, "", false
}
