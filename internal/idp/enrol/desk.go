package enrol

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
)

// What follows is for package operator alone: a service centre's desk uses the
// same codes and the same accounts.

// Today is the legal day now, as a date at midnight UTC.
func (e *Enrolments) Today() time.Time { return e.today() }

// SendDeskCode sends a code of a visit; centre is named in the text, so that the
// citizen knows who asks for it.
func (e *Enrolments) SendDeskCode(ctx context.Context, tx *db.Tx, visit string, ch notify.Channel, to, locale string, decoy bool, centre string) error {
	return e.sendCode(ctx, tx, challenge{
		act: ActProofing, subject: visit, channel: ch, to: to, locale: locale, decoy: decoy, args: []any{"centre", centre},
	})
}

// DeskSent tells of the code of a visit, nil without one.
func (e *Enrolments) DeskSent(ctx context.Context, tx *db.Tx, visit string) (*Sent, error) {
	return e.sent(ctx, tx, ActProofing, visit)
}

// UseDeskCode uses the code of a visit and runs then in the same transaction.
func (e *Enrolments) UseDeskCode(ctx context.Context, visit, code string, then func(tx *db.Tx) error) error {
	return e.withCode(ctx, ActProofing, visit, code, then)
}

// DeskAccount is a person registered at a desk.
type DeskAccount struct {
	Surname, Given, Patronymic string
	Phone, Email, Locale       string
}

// CreateAtDesk makes a simplified account with a proved phone; the e-mail gets a
// link to confirm it.
func (e *Enrolments) CreateAtDesk(ctx context.Context, tx *db.Tx, d DeskAccount) (person.OID, error) {
	a := &applicant{Surname: d.Surname, Given: d.Given, Patronymic: d.Patronymic, Phone: d.Phone, Email: d.Email, Locale: d.Locale}
	oid, err := e.createAccount(ctx, tx, a, true, false, "")
	if err != nil {
		return 0, err
	}
	if err := e.agree(ctx, tx, oid, ConsentVersion, d.Locale, "centre", e.Clock.Now()); err != nil {
		return 0, err
	}
	if err := e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.Registered}); err != nil {
		return 0, err
	}
	if d.Email == "" {
		return oid, nil
	}
	c, err := e.unconfirmed(ctx, tx, oid, person.Email)
	if err != nil {
		return 0, err
	}
	return oid, e.sendConfirmation(ctx, tx, oid, c)
}

// DataSettled ends questions and drafts that a centre's own comparison has made
// needless.
func (e *Enrolments) DataSettled(ctx context.Context, tx *db.Tx, oid person.OID) error {
	for _, sql := range []string{
		`UPDATE enrol.check SET state = 'superseded' WHERE oid = $1 AND version IS NOT NULL AND state IN ('waiting', 'asked')`,
		`DELETE FROM enrol.form WHERE oid = $1`,
	} {
		if _, err := tx.Exec(ctx, sql, oid); err != nil {
			return fmt.Errorf("settle data: %w", err)
		}
	}
	return nil
}
