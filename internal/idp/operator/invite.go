package operator

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
)

// inviteLife is how long an invitation waits: over a weekend.
const inviteLife = 72 * time.Hour

// Invitation lets whoever holds its link, and has the name that stands in it,
// begin to work here. Nobody needs to know the account's number or contacts.
type Invitation struct {
	ID        string      `db:"id"`
	Surname   string      `db:"surname"`
	Given     string      `db:"given"`
	CentreID  *string     `db:"centre_id"`
	Rights    []Right     `db:"rights"`
	CreatedBy person.OID  `db:"created_by"`
	CreatedAt time.Time   `db:"created_at"`
	ExpiresAt time.Time   `db:"expires_at"`
	UsedBy    *person.OID `db:"used_by"`
	UsedAt    *time.Time  `db:"used_at"`
}

// Waits tells whether the link works still.
func (i *Invitation) Waits(now time.Time) bool { return i.UsedAt == nil && now.Before(i.ExpiresAt) }

const invitationColumns = `id::text, surname, given, centre_id, rights, created_by, created_at, expires_at, used_by, used_at`

// Invite makes an invitation and returns the token of its link, shown once. key
// is that of the form: sent twice, it leads to the same link.
func (o *Operators) Invite(ctx context.Context, admin person.OID, key, surname, given, centre string, rights []Right) (token string, err error) {
	surname, given = strings.TrimSpace(surname), strings.TrimSpace(given)
	var bad []fault.Field
	if surname == "" {
		bad = append(bad, fault.F("surname", "enrol.surname_missing"))
	}
	if given == "" {
		bad = append(bad, fault.F("name", "enrol.name_missing"))
	}
	if len(rights) == 0 {
		bad = append(bad, fault.F("rights", "operator.right_missing"))
	}
	at, err := place(centre, rights)
	if f, ok := fault.As(err); ok {
		bad = append(bad, f.Fields...)
	}
	if len(bad) > 0 {
		return "", fault.Invalid("operator.invitation_invalid", bad...)
	}
	if !db.IsID(key) {
		return "", fault.Invalid("operator.invitation_invalid")
	}
	token = base64.RawURLEncoding.EncodeToString(o.Keys.MAC("operator.invitation:"+person.FormatOID(admin), key))
	id, now := key, o.Clock.Now()
	known := false
	err = o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		known, err = db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM operator.invitation WHERE token_hash = $1)`, crypt.HashToken(token))
		return err
	})
	if err != nil || known {
		return token, err
	}
	err = o.Administer(ctx, admin, DeedInvite, id, joinRights(rights), func(tx *db.Tx) error {
		if at != nil {
			known, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM operator.centre WHERE id = $1)`, *at)
			if err != nil {
				return err
			}
			if !known {
				return fault.Invalid("operator.centre_missing", fault.F("centre", "operator.centre_missing"))
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO operator.invitation (id, token_hash, surname, given, centre_id, rights, created_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, crypt.HashToken(token), surname, given, at, rightsText(rights), admin, now, now.Add(inviteLife))
		if err != nil {
			return fmt.Errorf("invite: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Invitations lists those that wait, the newest first, at most 200.
func (o *Operators) Invitations(ctx context.Context, admin person.OID) (out []Invitation, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		out, err = db.List[Invitation](ctx, tx, `SELECT `+invitationColumns+` FROM operator.invitation
			WHERE used_at IS NULL AND expires_at > $1 ORDER BY expires_at DESC, id DESC LIMIT 200`, o.Clock.Now())
		return err
	})
	return out, err
}

// EndInvitation makes a link useless; one that is used or over: fault NotFound
// operator.invitation_over.
func (o *Operators) EndInvitation(ctx context.Context, admin person.OID, id string) error {
	if !db.IsID(id) {
		return fault.NotFound("operator.invitation_over")
	}
	return o.Administer(ctx, admin, DeedUninvite, id, "", func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE operator.invitation SET expires_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2`, id, o.Clock.Now())
		if err == nil && n == 0 {
			return fault.NotFound("operator.invitation_over")
		}
		return err
	})
}

// Invited is the invitation of a link that works still, for its page; any other
// is fault NotFound operator.invitation_over in the same words.
func (o *Operators) Invited(ctx context.Context, token string) (*Invitation, error) {
	var i *Invitation
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) { i, err = o.invited(ctx, tx, token, ""); return err })
	return i, err
}

func (o *Operators) invited(ctx context.Context, tx *db.Tx, token, suffix string) (*Invitation, error) {
	if token == "" || len(token) > 128 {
		return nil, fault.NotFound("operator.invitation_over")
	}
	i, err := db.Find[Invitation](ctx, tx, `SELECT `+invitationColumns+` FROM operator.invitation WHERE token_hash = $1`+suffix, crypt.HashToken(token))
	if err != nil {
		return nil, fmt.Errorf("find invitation: %w", err)
	}
	if i == nil || !i.Waits(o.Clock.Now()) {
		return nil, fault.NotFound("operator.invitation_over")
	}
	return i, nil
}

type pastRow struct {
	Active    bool      `db:"active"`
	ChangedAt time.Time `db:"changed_at"`
}

// withdraw ends the invitations from before somebody's rights were changed: those in his
// name, by which he could take back what was taken, and those that he made and may not
// make now. by is nil for the command line.
func (o *Operators) withdraw(ctx context.Context, tx *db.Tx, by *person.OID, oid person.OID) error {
	now := o.Clock.Now()
	list, err := db.List[Invitation](ctx, tx, `SELECT `+invitationColumns+` FROM operator.invitation WHERE used_at IS NULL AND expires_at > $1 ORDER BY id`, now)
	if err != nil {
		return fmt.Errorf("look for invitations: %w", err)
	}
	who, err := o.Persons.GetTx(ctx, tx, oid)
	if fault.Is(err, fault.KindNotFound) { // the account is deleted: nobody can join by it
		who, err = &person.Person{}, nil
	}
	if err != nil {
		return err
	}
	_, err = o.authorise(ctx, tx, oid, Admin)
	if err != nil && !fault.Is(err, fault.KindForbidden) {
		return err
	}
	invites := err == nil
	for _, i := range list {
		if !(i.names(who) || i.CreatedBy == oid && !invites) {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE operator.invitation SET expires_at = $2 WHERE id = $1`, i.ID, now); err != nil {
			return fmt.Errorf("withdraw invitation: %w", err)
		}
		if err := o.recordAdmin(ctx, tx, by, DeedUninvite, i.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// names tells whether the invitation is in the person's name, in any spelling.
func (i *Invitation) names(who *person.Person) bool {
	return rutext.MatchKey(who.Surname) == rutext.MatchKey(i.Surname) && rutext.MatchKey(who.Given) == rutext.MatchKey(i.Given)
}

// Join gives a signed-in person the rights of an invitation, once. The account's
// name must be the invited one, and proven: a link that went astray is of no use. An
// account that is not confirmed yet (fault Forbidden operator.unconfirmed) learns
// nothing of the invitation and does not use it up. Rights that the person has already
// at the same centre stay.
func (o *Operators) Join(ctx context.Context, token string, oid person.OID) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		// The row of the staff first, as a dismissal locks them.
		was, err := db.Find[pastRow](ctx, tx, `SELECT active, changed_at FROM operator.operator WHERE oid = $1 FOR UPDATE`, oid)
		if err != nil {
			return fmt.Errorf("join: %w", err)
		}
		i, err := o.invited(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		// Who was dismissed comes back by an invitation made after that alone.
		if was != nil && !was.Active && !was.ChangedAt.Before(i.CreatedAt) {
			return fault.NotFound("operator.invitation_over")
		}
		who, err := o.Persons.GetTx(ctx, tx, oid)
		if err != nil {
			return err
		}
		if who.Level != person.Confirmed {
			return fault.Forbidden("operator.unconfirmed")
		}
		if !i.names(who) {
			return fault.Forbidden("operator.invitation_other")
		}
		now := o.Clock.Now()
		if _, err := tx.Exec(ctx, `UPDATE operator.invitation SET used_by = $2, used_at = $3 WHERE id = $1`, i.ID, oid, now); err != nil {
			return fmt.Errorf("use invitation: %w", err)
		}
		// The inviter's right is looked up now: an administrator who was dismissed
		// lets nobody in any more.
		if _, err := o.authorise(ctx, tx, i.CreatedBy, Admin); err != nil {
			return fault.NotFound("operator.invitation_over").Wrap(err)
		}
		at, rights, err := o.joined(ctx, tx, oid, i)
		if err != nil {
			return err
		}
		if err := o.grant(ctx, tx, oid, at, rights, person.FormatOID(i.CreatedBy)); err != nil {
			return err
		}
		return o.recordAdmin(ctx, tx, &i.CreatedBy, DeedJoin, person.FormatOID(oid), joinRights(rights))
	})
}

// Confirmed tells whether somebody may accept an invitation: the account's name has
// been proven. It is looked up anew, whatever the session says.
func (o *Operators) Confirmed(ctx context.Context, oid person.OID) (bool, error) {
	who, err := o.Persons.Get(ctx, oid)
	if err != nil {
		return false, fmt.Errorf("look for the level of %s: %w", person.FormatOID(oid), err)
	}
	return who.Level == person.Confirmed, nil
}

// joined are centre and rights after an invitation: administration is added to
// the work at a desk, and the other way round.
func (o *Operators) joined(ctx context.Context, tx *db.Tx, oid person.OID, i *Invitation) (*string, []Right, error) {
	at, rights := i.CentreID, i.Rights
	was, err := o.staff(ctx, tx, oid)
	if fault.Is(err, fault.KindNotFound) {
		return at, rights, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !was.Active {
		return at, rights, nil
	}
	if at == nil {
		at = was.CentreID
	}
	out := slices.Clone(rights)
	for _, r := range was.Rights {
		same := at != nil && was.CentreID != nil && *at == *was.CentreID
		if (r == Admin || same) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return at, out, nil
}

// MakeAdmin makes an administrator from the command line: an account with a
// one-time link that sets its password (see enrol.CreateForSetup), and the right
// to administer. The staff site forces a second factor at the first sign-in.
func (o *Operators) MakeAdmin(ctx context.Context, n enrol.NewStaff) (oid person.OID, token string, err error) {
	oid, token, err = o.Enrolments.CreateForSetup(ctx, n)
	if err != nil {
		return 0, "", err
	}
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		var at *string
		rights := []Right{Admin}
		switch was, err := o.staff(ctx, tx, oid); {
		case fault.Is(err, fault.KindNotFound):
		case err != nil:
			return err
		case was.Active:
			at = was.CentreID
			for _, r := range was.Rights {
				if !slices.Contains(rights, r) {
					rights = append(rights, r)
				}
			}
		}
		if err := o.grant(ctx, tx, oid, at, rights, "setup"); err != nil {
			return err
		}
		return o.recordAdmin(ctx, tx, nil, DeedSetup, person.FormatOID(oid), "")
	})
	return oid, token, err
}

// CentreName names a centre for the page of an invitation, by its code when it
// is not there any more.
func (o *Operators) CentreName(ctx context.Context, id string) string {
	var name *string
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		name, err = db.Find[string](ctx, tx, `SELECT name FROM operator.centre WHERE id = $1`, id)
		return err
	})
	if err != nil || name == nil {
		return id
	}
	return *name
}
