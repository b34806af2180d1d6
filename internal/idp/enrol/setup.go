package enrol

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// setupLife is how long a set-up link waits: the machine's administrator opens
// it at once, or hands it to a colleague who is at work tomorrow.
const setupLife = 24 * time.Hour

// NewStaff is an account that is made for somebody who begins to work here.
type NewStaff struct {
	Surname, Given, Patronymic string
	Phone, Email               string // at least one: the later login
	Locale                     string
}

// CreateForSetup makes a simplified account without a password, or finds the one
// that the contact belongs to, and returns it with the token of a one-time link
// that sets a password. Only the command line calls it: whoever holds the
// machine vouches for the contact, so it counts as confirmed. Older links of the
// account end.
func (e *Enrolments) CreateForSetup(ctx context.Context, n NewStaff) (oid person.OID, token string, err error) {
	contacts, err := n.contacts()
	if err != nil {
		return 0, "", err
	}
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		var who *person.Person
		for _, c := range contacts {
			if who, err = e.Persons.FindByLoginTx(ctx, tx, person.LoginKind(c.kind), c.value); err != nil {
				return err
			}
			if who != nil {
				oid = who.OID
				break
			}
		}
		if who == nil {
			if oid, err = e.createStaff(ctx, tx, n, contacts); err != nil {
				return err
			}
		}
		token, err = e.newSetup(ctx, tx, oid)
		return err
	})
	if err != nil {
		return 0, "", err
	}
	return oid, token, nil
}

type staffContact struct {
	kind  person.ContactKind
	value string
}

func (n NewStaff) contacts() ([]staffContact, error) {
	var out []staffContact
	var bad []fault.Field
	if n.Phone != "" {
		p, err := ruid.ParseMobile(n.Phone)
		if err != nil {
			bad = append(bad, fault.F("phone", "enrol.phone_format"))
		}
		out = append(out, staffContact{person.Phone, string(p)})
	}
	if n.Email != "" {
		m, err := ruid.ParseEmail(n.Email)
		if err != nil {
			bad = append(bad, fault.F("email", "enrol.email_format"))
		}
		out = append(out, staffContact{person.Email, string(m)})
	}
	if len(out) == 0 {
		bad = append(bad, fault.F("email", "enrol.contact_missing"))
	}
	if strings.TrimSpace(n.Surname) == "" {
		bad = append(bad, fault.F("surname", "enrol.surname_missing"))
	}
	if strings.TrimSpace(n.Given) == "" {
		bad = append(bad, fault.F("name", "enrol.name_missing"))
	}
	if len(bad) > 0 {
		return nil, fault.Invalid("enrol.form_invalid", bad...)
	}
	return out, nil
}

func (e *Enrolments) createStaff(ctx context.Context, tx *db.Tx, n NewStaff, contacts []staffContact) (person.OID, error) {
	oid, err := e.Persons.Create(ctx, tx, person.New{Surname: n.Surname, Given: n.Given, Patronymic: n.Patronymic, Locale: n.Locale})
	if err != nil {
		return 0, err
	}
	for _, c := range contacts {
		added, err := e.Persons.AddContact(ctx, tx, oid, c.kind, c.value)
		if err != nil {
			return 0, err
		}
		if _, err := e.Persons.ConfirmContact(ctx, tx, oid, added.ID); err != nil {
			return 0, err
		}
	}
	return oid, e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.Registered, Actor: "operator:setup"})
}

func (e *Enrolments) newSetup(ctx context.Context, tx *db.Tx, oid person.OID) (string, error) {
	now, token := e.Clock.Now(), crypt.Token()
	if _, err := tx.Exec(ctx, `UPDATE enrol.setup SET expires_at = $2 WHERE oid = $1 AND expires_at > $2`, oid, now); err != nil {
		return "", fmt.Errorf("end old set-up links: %w", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO enrol.setup (id, oid, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		db.NewID(), oid, crypt.HashToken(token), now, now.Add(setupLife))
	if err != nil {
		return "", fmt.Errorf("make set-up link: %w", err)
	}
	return token, nil
}

type setupRow struct {
	ID  string     `db:"id"`
	OID person.OID `db:"oid"`
}

// findSetup is a link that works still; any other is fault NotFound
// enrol.setup_over in the same words.
func (e *Enrolments) findSetup(ctx context.Context, tx *db.Tx, token, suffix string) (*setupRow, error) {
	if token == "" || len(token) > 128 {
		return nil, fault.NotFound("enrol.setup_over")
	}
	row, err := db.Find[setupRow](ctx, tx, `SELECT id::text, oid FROM enrol.setup
		WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2`+suffix, crypt.HashToken(token), e.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("find set-up link: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("enrol.setup_over")
	}
	return row, nil
}

// SetupOwner tells whose password a set-up link sets.
func (e *Enrolments) SetupOwner(ctx context.Context, token string) (*person.Person, error) {
	var who *person.Person
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		row, err := e.findSetup(ctx, tx, token, "")
		if err != nil {
			return err
		}
		who, err = e.Persons.GetTx(ctx, tx, row.OID)
		return err
	})
	return who, err
}

// FinishSetup sets the password, uses the link up and signs in. All other
// sessions of the account end. An authenticator app stays in force: the link is
// one factor, never both.
func (e *Enrolments) FinishSetup(ctx context.Context, token string, p Password, visit session.Visit) (*Entry, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	who, err := e.SetupOwner(ctx, token)
	if err != nil {
		return nil, err
	}
	h, err := e.Credentials.Hash(ctx, p.Password, who.Surname, who.Given)
	if err != nil {
		return nil, err
	}
	out := &Entry{OID: who.OID}
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		row, err := e.findSetup(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE enrol.setup SET used_at = $2 WHERE id = $1`, row.ID, e.Clock.Now()); err != nil {
			return fmt.Errorf("use set-up link: %w", err)
		}
		out.Token, out.Session, err = e.Sessions.Open(ctx, tx, session.Opening{
			OID: row.OID, Level: who.Level, AMR: []string{session.AMRPassword}, Visit: visit,
		})
		if err != nil {
			return err
		}
		if err := e.putPassword(ctx, tx, row.OID, h, out.Session.ID); err != nil {
			return err
		}
		if err := e.Journal.Write(ctx, tx, journal.Entry{
			OID: row.OID, Kind: journal.PasswordSetNew, Address: visit.Network, Device: session.DeviceName(visit.UserAgent),
		}); err != nil {
			return err
		}
		return e.Notices.Tell(ctx, tx, row.OID, "password_changed", "at", e.Clock.Now())
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
