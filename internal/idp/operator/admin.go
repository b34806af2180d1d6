package operator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Deed is what an administrator does; its name for people is the message
// operator.deed.<deed>.
type Deed string

// The deeds.
const (
	DeedCentre      Deed = "centre_saved"
	DeedInvite      Deed = "staff_invited"
	DeedUninvite    Deed = "invitation_ended"
	DeedJoin        Deed = "staff_joined"
	DeedRights      Deed = "staff_changed"
	DeedFactor      Deed = "factor_removed"
	DeedClient      Deed = "client_saved"
	DeedApprove     Deed = "client_approved"
	DeedSuspend     Deed = "client_suspended"
	DeedResume      Deed = "client_resumed"
	DeedSecret      Deed = "client_secret"
	DeedRetire      Deed = "client_secrets_retired"
	DeedCertificate Deed = "client_certificate"
	DeedUncertify   Deed = "client_certificate_removed"
	DeedSettings    Deed = "settings_changed"
	DeedRotateKey   Deed = "key_rotated"
	DeedReplaceKey  Deed = "key_replaced"
	DeedSetup       Deed = "admin_made"
)

// AdminAct is a line of the administrators' journal.
type AdminAct struct {
	ID     string      `db:"id"`
	Admin  *person.OID `db:"admin"` // nil: the command line
	Kind   Deed        `db:"kind"`
	Object string      `db:"object"` // a code, a number, never a name
	Note   string      `db:"note"`   // the reason where one is asked
	At     time.Time   `db:"at"`
}

// Administer authorises an administrator at the act, does it and journals it, all
// in one transaction: do gets it. Acts of other contexts (clients, settings,
// keys) are done through it, so that none of them goes unnoticed.
func (o *Operators) Administer(ctx context.Context, admin person.OID, kind Deed, object, note string, do func(tx *db.Tx) error) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		return o.recordAdmin(ctx, tx, &admin, kind, object, note)
	})
}

func (o *Operators) recordAdmin(ctx context.Context, tx *db.Tx, admin *person.OID, kind Deed, object, note string) error {
	_, err := tx.Exec(ctx, `INSERT INTO operator.admin_act (id, admin, kind, object, note, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		db.NewID(), admin, kind, object, note, o.Clock.Now())
	if err != nil {
		return fmt.Errorf("record administrator's act: %w", err)
	}
	return nil
}

// AdminLog lists what administrators did, the newest first; after is the id of
// the last line of the page before. Only administrators may read it.
func (o *Operators) AdminLog(ctx context.Context, admin person.OID, after string, limit int) ([]AdminAct, error) {
	if after != "" && !db.IsID(after) {
		return nil, fault.NotFound("journal.page_not_found")
	}
	var out []AdminAct
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if _, err = o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		out, err = db.List[AdminAct](ctx, tx, `SELECT id::text, admin, kind, object, note, at FROM operator.admin_act
			WHERE $1 = '' OR (at, id) < (SELECT at, id FROM operator.admin_act WHERE id = nullif($1, '')::uuid)
			ORDER BY at DESC, id DESC LIMIT $2`, after, min(max(limit, 1), 200))
		return err
	})
	return out, err
}

// AllCentres lists the centres, closed ones too, by name: one page from offset,
// and how many there are.
func (o *Operators) AllCentres(ctx context.Context, admin person.OID, offset, limit int) (list []Centre, total int, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		if total, err = db.Get[int](ctx, tx, `SELECT count(*) FROM operator.centre`); err != nil {
			return err
		}
		list, err = db.List[Centre](ctx, tx, `SELECT `+centreColumns+` FROM operator.centre
			ORDER BY active DESC, name COLLATE "ru-x-icu", id OFFSET $1 LIMIT $2`, offset, min(max(limit, 1), 500))
		return err
	})
	return list, total, err
}

// GetCentre returns a centre, also a closed one; fault NotFound
// operator.centre_unknown.
func (o *Operators) GetCentre(ctx context.Context, admin person.OID, id string) (*Centre, error) {
	var c *Centre
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if _, err = o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		c, err = db.Find[Centre](ctx, tx, `SELECT `+centreColumns+` FROM operator.centre WHERE id = $1`, id)
		return err
	})
	if err == nil && c == nil {
		err = fault.NotFound("operator.centre_unknown")
	}
	return c, err
}

// SaveCentre is [Operators.PutCentre] by an administrator. add refuses a code
// that is there already: fault Conflict operator.centre_exists.
func (o *Operators) SaveCentre(ctx context.Context, admin person.OID, c Centre, add bool) error {
	if c.Address == "" {
		return fault.Invalid("operator.centre_invalid", fault.F("address", "operator.centre_address"))
	}
	if err := c.check(); err != nil {
		return err
	}
	return o.Administer(ctx, admin, DeedCentre, c.ID, "", func(tx *db.Tx) error {
		if add {
			known, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM operator.centre WHERE id = $1)`, c.ID)
			if err != nil {
				return err
			}
			if known {
				return fault.Conflict("operator.centre_exists")
			}
		}
		return putCentre(ctx, tx, c)
	})
}

// Staff is a line of the list of operators.
type Staff struct {
	Operator
	Name      string
	Factor    bool // an authenticator app is connected
	ChangedAt time.Time
}

// ListStaff lists operators and administrators, those at work first: one page
// from offset, and how many there are.
func (o *Operators) ListStaff(ctx context.Context, admin person.OID, offset, limit int) (list []Staff, total int, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		list = nil
		if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		if total, err = db.Get[int](ctx, tx, `SELECT count(*) FROM operator.operator`); err != nil {
			return err
		}
		oids, err := db.List[person.OID](ctx, tx, `SELECT oid FROM operator.operator ORDER BY active DESC, changed_at DESC, oid OFFSET $1 LIMIT $2`,
			offset, min(max(limit, 1), 200))
		if err != nil {
			return err
		}
		for _, oid := range oids {
			s, err := o.staff(ctx, tx, oid)
			if err != nil {
				return err
			}
			list = append(list, *s)
		}
		return nil
	})
	return list, total, err
}

// GetStaff returns one of them; fault NotFound operator.staff_unknown.
func (o *Operators) GetStaff(ctx context.Context, admin, oid person.OID) (s *Staff, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
			return err
		}
		s, err = o.staff(ctx, tx, oid)
		return err
	})
	return s, err
}

func (o *Operators) staff(ctx context.Context, tx *db.Tx, oid person.OID) (*Staff, error) {
	row, err := db.Find[struct {
		OID       person.OID `db:"oid"`
		CentreID  *string    `db:"centre_id"`
		Rights    []Right    `db:"rights"`
		Active    bool       `db:"active"`
		ChangedAt time.Time  `db:"changed_at"`
	}](ctx, tx, `SELECT oid, centre_id, rights, active, changed_at FROM operator.operator WHERE oid = $1`, oid)
	if err != nil {
		return nil, fmt.Errorf("get staff: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("operator.staff_unknown")
	}
	s := &Staff{Operator: Operator{OID: row.OID, CentreID: row.CentreID, Rights: row.Rights, Active: row.Active}, ChangedAt: row.ChangedAt}
	if row.CentreID != nil {
		if s.Centre, err = db.Find[Centre](ctx, tx, `SELECT `+centreColumns+` FROM operator.centre WHERE id = $1`, *row.CentreID); err != nil {
			return nil, err
		}
	}
	who, err := o.Persons.GetTx(ctx, tx, oid)
	if fault.Is(err, fault.KindNotFound) { // deleted the account; the acts keep the number
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.Name = who.FullName()
	s.Factor, err = o.Credentials.HasTOTPTx(ctx, tx, oid)
	return s, err
}

// ChangeRights gives one of the staff other rights or another centre; none at all
// end the work at once. The last administrator stays one: fault Conflict
// operator.last_admin.
func (o *Operators) ChangeRights(ctx context.Context, admin, oid person.OID, centre string, rights []Right) error {
	at, err := place(centre, rights)
	if err != nil {
		return err
	}
	return o.Administer(ctx, admin, DeedRights, person.FormatOID(oid), joinRights(rights), func(tx *db.Tx) error {
		if _, err := o.staff(ctx, tx, oid); err != nil {
			return err
		}
		if !slices.Contains(rights, Admin) {
			// Locks the administrators' rows: two of them must not take each other's right.
			others, err := db.List[person.OID](ctx, tx, `SELECT oid FROM operator.operator WHERE active AND 'admin' = ANY(rights) ORDER BY oid FOR UPDATE`)
			if err != nil {
				return err
			}
			if len(others) == 1 && others[0] == oid {
				return fault.Conflict("operator.last_admin")
			}
		}
		if err := o.grant(ctx, tx, oid, at, rights, person.FormatOID(admin)); err != nil {
			return err
		}
		return o.withdraw(ctx, tx, &admin, oid)
	})
}

// place checks rights against the centre that they are for.
func place(centre string, rights []Right) (*string, error) {
	var bad []fault.Field
	desk := false
	for _, r := range rights {
		if r != Admin && !slices.Contains(Acts(), r) {
			bad = append(bad, fault.F("rights", "operator.right_unknown"))
		}
		desk = desk || r != Admin
	}
	if desk && centre == "" {
		bad = append(bad, fault.F("centre", "operator.centre_missing"))
	}
	if len(bad) > 0 {
		return nil, fault.Invalid(bad[0].Key, bad...)
	}
	if centre == "" {
		return nil, nil
	}
	return &centre, nil
}

func joinRights(rights []Right) string { return strings.Join(rightsText(rights), " ") }

// RemoveFactor disconnects the authenticator app of somebody who lost the phone:
// the next sign-in to a staff site asks to connect a new one. The owner is told
// on all contacts; the own app cannot be taken off this way.
func (o *Operators) RemoveFactor(ctx context.Context, admin, oid person.OID, reason string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < 10 || n > 500 {
		return fault.Invalid("operator.reason_missing", fault.F("reason", "operator.reason_missing"))
	}
	if admin == oid {
		return fault.Forbidden("operator.own_account")
	}
	return o.Administer(ctx, admin, DeedFactor, person.FormatOID(oid), reason, func(tx *db.Tx) error {
		if _, err := o.Persons.GetTx(ctx, tx, oid); err != nil {
			return err
		}
		if err := o.Credentials.RemoveTOTP(ctx, tx, oid); err != nil {
			return err
		}
		if err := o.Journal.Write(ctx, tx, journal.Entry{
			OID: oid, Kind: journal.SettingsChanged, Actor: "operator:" + person.FormatOID(admin), Details: map[string]string{"setting": "second_factor"},
		}); err != nil {
			return err
		}
		return o.Notices.Tell(ctx, tx, oid, "second_factor_removed", "at", o.Clock.Now())
	})
}

// ParseRights reads the rights in an [AdminAct]'s note.
func ParseRights(note string) []Right {
	var out []Right
	for _, w := range strings.Fields(note) {
		out = append(out, Right(w))
	}
	return out
}
