// Package operator owns the service centres, the people who work at their desks,
// and what these may do for a citizen who stands before them: confirm identity,
// register, complete a registration, restore access, correct data.
//
// Everything happens within a visit: the operator names the document and the
// SNILS that he holds in his hands, and gets only the accounts that they lead to.
// A visit belongs to one operator and lives two hours. Raising a level and
// changing a contact also need a one-time code that the citizen receives and
// tells, so that no operator can act for somebody absent.
//
//	found ────────code──▶ confirmed | access restored | data corrected
//	register ─────code──▶ registered and confirmed at once (ID-REG-26)
//	assist ──code──▶ form ──▶ confirmed                    (ID-MFC-05)
//
// An operator acts for the centre that he belongs to, within his rights and what
// the centre is permitted (ID-MFC-01); never for himself. Each act and each look
// stands in the operator's journal and in the citizen's (ID-MFC-07).
package operator

import (
	"context"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema operator.
func Migrations() db.Source { return db.Source{Context: "operator", FS: migrations, Tables: tables} }

// Right is something that an operator, or a centre, may do.
type Right string

// The rights. Admin is no act of a desk: it administers the identity provider.
const (
	MayConfirm  Right = "confirm"
	MayRegister Right = "register" // also completing a registration
	MayRecover  Right = "recover"
	MayCorrect  Right = "correct"
	Admin       Right = "admin"
)

// Acts are the rights of a desk, in the order of its page.
func Acts() []Right { return []Right{MayConfirm, MayRegister, MayRecover, MayCorrect} }

// CentreKind says who runs a centre (ID-CNF-05).
type CentreKind string

// The kinds of centres.
const (
	MFC         CentreKind = "mfc"
	Rostelecom  CentreKind = "rostelecom"
	Post        CentreKind = "post"
	PensionFund CentreKind = "pension_fund"
	Bank        CentreKind = "bank"
)

// Kinds lists the kinds of centres in the order of filters.
func Kinds() []CentreKind { return []CentreKind{MFC, Rostelecom, Post, PensionFund, Bank} }

// Centre is a service centre.
type Centre struct {
	ID        string     `db:"id"`
	Kind      CentreKind `db:"kind"`
	Name      string     `db:"name"`
	Address   string     `db:"address"`
	Phone     string     `db:"phone"`
	Hours     string     `db:"hours"`
	Latitude  *float64   `db:"latitude"`
	Longitude *float64   `db:"longitude"`
	Acts      []Right    `db:"acts"` // what the centre is permitted
	Active    bool       `db:"active"`
}

const centreColumns = `id, kind, name, address, phone, hours, latitude, longitude, acts, active`

// Operator is somebody with rights here.
type Operator struct {
	OID      person.OID `db:"oid"`
	CentreID *string    `db:"centre_id"`
	Rights   []Right    `db:"rights"`
	Active   bool       `db:"active"`
	Centre   *Centre    `db:"-"`
}

// May tells whether the operator may do an act at his centre now.
func (o *Operator) May(r Right) bool {
	if !o.Active || !slices.Contains(o.Rights, r) {
		return false
	}
	return r == Admin || (o.Centre != nil && o.Centre.Active && slices.Contains(o.Centre.Acts, r))
}

// Operators are the use cases.
type Operators struct {
	DB          *db.DB
	Clock       *clock.Clock
	Keys        *crypt.Keyring
	Journal     *journal.Journal
	Persons     *person.Persons
	Credentials *credential.Credentials
	Sessions    *session.Sessions
	Enrolments  *enrol.Enrolments
	Notices     *notify.Notices
}

// Work registers the sweeps that erase what visits hold, and old acts.
func (o *Operators) Work(q *job.Queue) {
	q.Sweep("operator.erase", 10*time.Minute, o.eraseVisits)
	q.Sweep("operator.retention", time.Hour, o.eraseOld)
}

// eraseOld deletes acts and visits for which the journal's term has ended (G-22).
func (o *Operators) eraseOld(ctx context.Context) (int, error) {
	v, err := o.Enrolments.Settings.Get(ctx)
	if err != nil {
		return 0, err
	}
	var total int64
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		total = 0
		for _, sql := range []string{
			`DELETE FROM operator.act WHERE id IN (SELECT id FROM operator.act WHERE at < $1 LIMIT 1000)`,
			`DELETE FROM operator.visit WHERE id IN (SELECT id FROM operator.visit WHERE created_at < $1 LIMIT 1000)`,
			`DELETE FROM operator.admin_act WHERE id IN (SELECT id FROM operator.admin_act WHERE at < $1 LIMIT 1000)`,
			`DELETE FROM operator.invitation WHERE id IN (SELECT id FROM operator.invitation WHERE expires_at < $1 LIMIT 1000)`,
			`DELETE FROM operator.operator WHERE oid IN (SELECT oid FROM operator.operator WHERE NOT active AND changed_at < $1 LIMIT 1000)`,
		} {
			n, err := tx.Exec(ctx, sql, o.Clock.Now().Add(-v.JournalTerm.D()))
			if err != nil {
				return fmt.Errorf("erase old acts: %w", err)
			}
			total += n
		}
		return nil
	})
	return int(total), err
}

var errNotPermitted = fault.Forbidden("operator.not_permitted")

// Get returns an active operator with his centre; everybody else is fault
// Forbidden operator.not_permitted.
func (o *Operators) Get(ctx context.Context, oid person.OID) (*Operator, error) {
	var out *Operator
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = o.get(ctx, tx, oid); return err })
	return out, err
}

func (o *Operators) get(ctx context.Context, tx *db.Tx, oid person.OID) (*Operator, error) {
	op, err := db.Find[Operator](ctx, tx, `SELECT oid, centre_id, rights, active FROM operator.operator WHERE oid = $1`, oid)
	if err != nil {
		return nil, fmt.Errorf("get operator: %w", err)
	}
	if op == nil || !op.Active {
		return nil, errNotPermitted
	}
	if op.CentreID != nil {
		if op.Centre, err = db.Find[Centre](ctx, tx, `SELECT `+centreColumns+` FROM operator.centre WHERE id = $1`, *op.CentreID); err != nil {
			return nil, fmt.Errorf("get centre: %w", err)
		}
	}
	return op, nil
}

// authorise looks the right up at the act, never at the sign-in.
func (o *Operators) authorise(ctx context.Context, tx *db.Tx, oid person.OID, r Right) (*Operator, error) {
	op, err := o.get(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	if !op.May(r) {
		return nil, errNotPermitted
	}
	return op, nil
}

// PutCentre adds or changes a centre: for set-up. Administrators use
// [Operators.SaveCentre].
func (o *Operators) PutCentre(ctx context.Context, c Centre) error {
	if err := c.check(); err != nil {
		return err
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error { return putCentre(ctx, tx, c) })
}

var centreCode = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

func (c Centre) check() error {
	var bad []fault.Field
	if !centreCode.MatchString(c.ID) {
		bad = append(bad, fault.F("id", "operator.centre_code"))
	}
	if c.Name == "" || len(c.Name) > 400 {
		bad = append(bad, fault.F("name", "operator.centre_name"))
	}
	if len(c.Address) > 1000 {
		bad = append(bad, fault.F("address", "operator.centre_address"))
	}
	if !slices.Contains(Kinds(), c.Kind) {
		bad = append(bad, fault.F("kind", "operator.centre_kind"))
	}
	for _, r := range c.Acts {
		if !slices.Contains(Acts(), r) {
			bad = append(bad, fault.F("acts", "operator.right_unknown"))
		}
	}
	if (c.Latitude == nil) != (c.Longitude == nil) || c.Latitude != nil && (*c.Latitude < -90 || *c.Latitude > 90 || *c.Longitude < -180 || *c.Longitude > 180) {
		bad = append(bad, fault.F("latitude", "operator.centre_point"))
	}
	if len(bad) > 0 {
		return fault.Invalid("operator.centre_invalid", bad...)
	}
	return nil
}

func putCentre(ctx context.Context, tx *db.Tx, c Centre) error {
	_, err := tx.Exec(ctx, `INSERT INTO operator.centre (`+centreColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET kind = $2, name = $3, address = $4, phone = $5, hours = $6, latitude = $7, longitude = $8, acts = $9, active = $10`,
		c.ID, c.Kind, c.Name, c.Address, c.Phone, c.Hours, c.Latitude, c.Longitude, rightsText(c.Acts), c.Active)
	if err != nil {
		return fmt.Errorf("save centre: %w", err)
	}
	return nil
}

// Centres lists the active centres by name; an empty kind: all. At most 500.
func (o *Operators) Centres(ctx context.Context, kind CentreKind) ([]Centre, error) {
	var out []Centre
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Centre](ctx, tx, `SELECT `+centreColumns+` FROM operator.centre
			WHERE active AND ($1 = '' OR kind = $1) ORDER BY name COLLATE "ru-x-icu", id LIMIT 500`, string(kind))
		return err
	})
	return out, err
}

// Grant gives somebody rights at a centre (empty: none, for an administrator), or
// changes them; no rights at all end the work. Links from before end, as they might
// give back what is taken here. by is who grants: an
// administrator's oid, or "setup".
func (o *Operators) Grant(ctx context.Context, oid person.OID, centre string, rights []Right, by string) error {
	at, err := place(centre, rights)
	if err != nil {
		return err
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		if by != "setup" {
			admin, err := person.ParseOID(by)
			if err != nil {
				return errNotPermitted
			}
			if _, err := o.authorise(ctx, tx, admin, Admin); err != nil {
				return err
			}
		}
		if err := o.grant(ctx, tx, oid, at, rights, by); err != nil {
			return err
		}
		return o.withdraw(ctx, tx, nil, oid)
	})
}

// grant writes the rights; the caller has authorised it.
func (o *Operators) grant(ctx context.Context, tx *db.Tx, oid person.OID, at *string, rights []Right, by string) error {
	_, err := tx.Exec(ctx, `INSERT INTO operator.operator (oid, centre_id, rights, active, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (oid) DO UPDATE SET centre_id = $2, rights = $3, active = $4, changed_at = $5, changed_by = $6`,
		oid, at, rightsText(rights), len(rights) > 0, o.Clock.Now(), by)
	if err != nil {
		return fmt.Errorf("grant rights: %w", err)
	}
	return o.Journal.Write(ctx, tx, journal.Entry{
		OID: oid, Kind: journal.SettingsChanged, Actor: "operator:" + by, Details: map[string]string{"setting": "operator_rights"},
	})
}

func rightsText(rights []Right) []string {
	out := make([]string, 0, len(rights))
	for _, r := range rights {
		out = append(out, string(r))
	}
	return out
}

// Act is a line of the operators' journal.
type Act struct {
	ID       string      `db:"id"`
	Operator person.OID  `db:"operator"`
	CentreID string      `db:"centre_id"`
	Kind     string      `db:"kind"` // looked, code_sent, confirmed, registered, recovered, corrected, assisted
	OID      *person.OID `db:"oid"`
	Document string      `db:"document"` // kind of the document shown
	Reason   string      `db:"reason"`
	At       time.Time   `db:"at"`
}

// record writes an act into both journals (ID-MFC-07).
func (o *Operators) record(ctx context.Context, tx *db.Tx, op *Operator, kind string, oid person.OID, document person.DocumentType, reason string) error {
	_, err := tx.Exec(ctx, `INSERT INTO operator.act (id, operator, centre_id, kind, oid, document, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.NewID(), op.OID, *op.CentreID, kind, oid, document, reason, o.Clock.Now())
	if err != nil {
		return fmt.Errorf("record act: %w", err)
	}
	e := journal.Entry{
		OID: oid, Kind: journal.OperatorActed, Actor: "operator:" + person.FormatOID(op.OID),
		Details: map[string]string{"act": kind, "centre": op.Centre.Name, "document": string(document), "reason": reason},
	}
	if kind == "looked" { // once per operator, person and hour
		e.Kind = journal.OperatorLooked
		e.Once = fmt.Sprintf("look:%d:%d:%s", op.OID, oid, o.Clock.Now().Format("2006010215"))
	}
	return o.Journal.Write(ctx, tx, e)
}

// Log lists an operator's own acts, the newest first; after is the id of the last
// line of the page before.
func (o *Operators) Log(ctx context.Context, op person.OID, after string, limit int) ([]Act, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	var out []Act
	err := o.DB.Read(ctx, func(tx *db.Tx) error {
		if _, err := o.get(ctx, tx, op); err != nil {
			return err
		}
		var err error
		out, err = db.List[Act](ctx, tx, `SELECT id::text, operator, centre_id, kind, oid, document, reason, at FROM operator.act
			WHERE operator = $1 AND ($2 = '' OR id < nullif($2, '')::uuid) ORDER BY at DESC, id DESC LIMIT $3`, op, after, limit)
		return err
	})
	return out, err
}
