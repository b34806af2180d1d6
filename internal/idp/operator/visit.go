package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Query is what the operator reads from the papers in his hands (C-15): both are
// required, the paper card of the SNILS is not.
type Query struct {
	Type     person.DocumentType // RFPassport or ForeignID
	Document string              // series and number as printed
	SNILS    string
}

// shown is what a visit seals.
type shown struct {
	Type     person.DocumentType `json:"type,omitempty"`
	Series   string              `json:"series,omitempty"`
	Number   string              `json:"number,omitempty"`
	SNILS    string              `json:"snils,omitempty"`
	Form     *enrol.Form         `json:"form,omitempty"`
	Phone    string              `json:"phone,omitempty"`
	Email    string              `json:"email,omitempty"`
	NewPhone string              `json:"new_phone,omitempty"` // recovery when the old one is lost
	Locale   string              `json:"locale,omitempty"`
}

const visitLife = 2 * time.Hour

type visitRow struct {
	ID        string    `db:"id"`
	Operator  int64     `db:"operator"`
	CentreID  string    `db:"centre_id"`
	Kind      string    `db:"kind"`
	OID       *int64    `db:"oid"`
	Sealed    []byte    `db:"sealed"`
	Proved    bool      `db:"proved"`
	Ended     string    `db:"ended"`
	ExpiresAt time.Time `db:"expires_at"`
	shown     shown     `db:"-"`
}

const visitColumns = `id::text, operator, centre_id, kind, oid, sealed, proved, ended, expires_at`

func visitAAD(id string) string { return "operator.visit:" + id }

func (o *Operators) insertVisit(ctx context.Context, tx *db.Tx, op *Operator, kind string, oid *person.OID, s shown) (string, error) {
	id, now := db.NewID(), o.Clock.Now()
	raw, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO operator.visit (id, operator, centre_id, kind, oid, sealed, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, id, op.OID, *op.CentreID, kind, oid, o.Keys.Seal(raw, visitAAD(id)), now, now.Add(visitLife))
	if err != nil {
		return "", fmt.Errorf("store visit: %w", err)
	}
	return id, nil
}

func (o *Operators) reseal(ctx context.Context, tx *db.Tx, v *visitRow) error {
	raw, err := json.Marshal(v.shown)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE operator.visit SET sealed = $2 WHERE id = $1`, v.ID, o.Keys.Seal(raw, visitAAD(v.ID)))
	return err
}

// visit reads a visit of this operator; a foreign, ended or old one is fault
// NotFound operator.visit_over.
func (o *Operators) visit(ctx context.Context, tx *db.Tx, op person.OID, id, suffix string) (*visitRow, error) {
	v, err := db.Find[visitRow](ctx, tx, `SELECT `+visitColumns+` FROM operator.visit WHERE id::text = $1 AND operator = $2`+suffix, id, op)
	if err != nil {
		return nil, fmt.Errorf("read visit: %w", err)
	}
	if v == nil || v.Sealed == nil || !o.Clock.Now().Before(v.ExpiresAt) {
		return nil, fault.NotFound("operator.visit_over")
	}
	raw, err := o.Keys.Open(v.Sealed, visitAAD(v.ID))
	if err != nil {
		return nil, fmt.Errorf("open visit: %w", err)
	}
	return v, json.Unmarshal(raw, &v.shown)
}

// end closes a visit and erases what it holds; a second end is fault Conflict.
func (o *Operators) end(ctx context.Context, tx *db.Tx, id, how string) error {
	n, err := tx.Exec(ctx, `UPDATE operator.visit SET ended = $2, sealed = NULL WHERE id = $1 AND ended = ''`, id, how)
	if err != nil {
		return fmt.Errorf("end visit: %w", err)
	}
	if n == 0 {
		return fault.Conflict("operator.visit_over")
	}
	return nil
}

func (o *Operators) eraseVisits(ctx context.Context) (int, error) {
	var n int64
	err := o.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE operator.visit SET sealed = NULL, ended = 'expired' WHERE id IN
			(SELECT id FROM operator.visit WHERE expires_at <= $1 AND sealed IS NOT NULL LIMIT 500)`, o.Clock.Now())
		return err
	})
	return int(n), err
}

func (q *Query) read() (shown, error) {
	s := shown{Type: q.Type}
	var bad []fault.Field
	switch q.Type {
	case person.RFPassport:
		p, err := ruid.ParsePassport(q.Document)
		if err != nil {
			bad = append(bad, fault.F("document", "ruid.passport.format"))
		} else {
			s.Series, s.Number = p.Series(), p.Number()
		}
	case person.ForeignID:
		var err error
		if s.Series, s.Number, err = enrol.ReadForeignNumber(q.Document); err != nil {
			bad = append(bad, fault.F("document", "enrol.document_foreign_format"))
		}
	default:
		bad = append(bad, fault.F("type", "operator.document_kind"))
	}
	n, err := ruid.ParseSNILS(q.SNILS)
	if err != nil {
		bad = append(bad, fault.F("snils", "ruid.snils.format"))
	}
	if s.SNILS = string(n); len(bad) > 0 {
		return s, fault.Invalid("operator.query_invalid", bad...)
	}
	return s, nil
}

// Candidate is an account that the papers lead to.
type Candidate struct {
	Visit    string // id of the visit that goes on with it
	FullName string
	Level    person.Level
	// Whether the papers are those of the profile: the data in force, or what is
	// being checked.
	DocumentMatches bool
	SNILSMatches    bool
}

// Find looks for accounts by document and SNILS; those that one of the two leads
// to come with the difference. Every hit is a look at personal data and is
// journalled as one.
func (o *Operators) Find(ctx context.Context, op person.OID, q Query) ([]Candidate, error) {
	s, err := q.read()
	if err != nil {
		return nil, err
	}
	var out []Candidate
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		out = nil
		who, err := o.get(ctx, tx, op)
		if err != nil {
			return err
		}
		if !who.May(MayConfirm) && !who.May(MayRecover) && !who.May(MayCorrect) {
			return errNotPermitted
		}
		oids, err := o.Persons.FindByDocument(ctx, tx, s.Type, s.Series, s.Number)
		if err != nil {
			return err
		}
		bySNILS, err := o.Persons.FindBySNILS(ctx, tx, s.SNILS)
		if err != nil {
			return err
		}
		for _, oid := range bySNILS {
			if !slices.Contains(oids, oid) {
				oids = append(oids, oid)
			}
		}
		for _, oid := range oids {
			c, err := o.candidate(ctx, tx, who, oid, s)
			if err != nil {
				return err
			}
			if c != nil {
				out = append(out, *c)
			}
		}
		return nil
	})
	return out, err
}

func (o *Operators) candidate(ctx context.Context, tx *db.Tx, op *Operator, oid person.OID, s shown) (*Candidate, error) {
	p, err := o.Persons.ProfileTx(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	doc, snils := matches(p, s)
	if !doc && !snils { // only values of long ago match
		return nil, nil
	}
	c := &Candidate{FullName: p.FullName(), Level: p.Level, DocumentMatches: doc, SNILSMatches: snils}
	if c.Visit, err = o.insertVisit(ctx, tx, op, "found", &oid, s); err != nil {
		return nil, err
	}
	return c, o.record(ctx, tx, op, "looked", oid, s.Type, "")
}

// matches compares the papers with the profile: with the data in force, and, while
// nothing was verified or newer data are being checked, with these.
func matches(p *person.Profile, s shown) (document, snils bool) {
	if p.Identity != nil {
		document = p.Identity.Type == s.Type && p.Identity.Series == s.Series && p.Identity.Number == s.Number
	}
	snils = p.SNILS != "" && p.SNILS == s.SNILS
	if v := p.Pending; v != nil && p.Version == nil {
		document = document || (v.DocumentType == s.Type && v.Document.Series == s.Series && v.Document.Number == s.Number)
		snils = snils || v.SNILS == s.SNILS
	}
	return document, snils
}

// Comparison is the page on which the operator compares person, papers and profile.
type Comparison struct {
	Visit    string
	Kind     string // found, register, assist
	Profile  *person.Profile
	Type     person.DocumentType
	Document string // as shown, for reading against the paper
	SNILS    string
	// The acts that rights, papers and level permit now.
	MayConfirm, MayRecover, MayCorrect bool
	// Why confirming is not possible, as a message key; empty when it is.
	ConfirmBlocked string
	CanSendCode    bool        // a confirmed contact is there
	Code           *enrol.Sent // the code on its way, nil without one
	Proved         bool
	Form           *enrol.Form
	Phone, Email   string // of a registration
	ExpiresAt      time.Time
}

// Compare returns a visit's page. It is a look, journalled.
func (o *Operators) Compare(ctx context.Context, op person.OID, visit string) (*Comparison, error) {
	var out *Comparison
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := o.get(ctx, tx, op)
		if err != nil {
			return err
		}
		v, err := o.visit(ctx, tx, op, visit, "")
		if err != nil {
			return err
		}
		out = &Comparison{
			Visit: v.ID, Kind: v.Kind, Type: v.shown.Type, SNILS: ruid.SNILS(v.shown.SNILS).String(), Proved: v.Proved,
			Form: v.shown.Form, Phone: v.shown.Phone, Email: v.shown.Email, ExpiresAt: v.ExpiresAt,
			Document: strings.TrimSpace(v.shown.Series + " " + v.shown.Number),
		}
		if out.Code, err = o.Enrolments.DeskSent(ctx, tx, v.ID); err != nil {
			return err
		}
		// Before the code, an assisted person's profile is not shown.
		if v.OID == nil || (v.Kind == "assist" && !v.Proved) {
			return nil
		}
		if out.Profile, err = o.Persons.ProfileTx(ctx, tx, *v.OID); err != nil {
			return err
		}
		doc, snils := matches(out.Profile, v.shown)
		out.ConfirmBlocked = blocked(out.Profile, doc, snils)
		out.MayConfirm = who.May(MayConfirm) && out.ConfirmBlocked == "" && v.Kind == "found"
		out.MayRecover = who.May(MayRecover) && doc && snils && v.Kind == "found"
		out.MayCorrect = who.May(MayCorrect) && (doc || snils) && v.Kind == "found"
		for _, c := range out.Profile.Contacts {
			out.CanSendCode = out.CanSendCode || (c.Confirmed && (c.Kind == person.Phone || c.Kind == person.Email))
		}
		return o.record(ctx, tx, who, "looked", *v.OID, v.shown.Type, "")
	})
	return out, err
}

// blocked says why an account cannot be confirmed with these papers (ID-CNF-04).
func blocked(p *person.Profile, document, snils bool) string {
	switch {
	case p.Level == person.Confirmed:
		return "person.already_confirmed"
	case p.Level == person.Simplified && (p.Pending == nil || p.Pending.State != person.VersionChecking):
		return "operator.data_missing"
	case !document:
		return "operator.document_differs"
	case !snils:
		return "operator.snils_differs"
	}
	return ""
}

// SendCode sends the one-time code to the citizen's confirmed phone, else e-mail;
// in a registration to the phone that is being registered.
func (o *Operators) SendCode(ctx context.Context, op person.OID, visit string) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := o.get(ctx, tx, op)
		if err != nil {
			return err
		}
		v, err := o.visit(ctx, tx, op, visit, " FOR UPDATE")
		if err != nil {
			return err
		}
		return o.sendCode(ctx, tx, who, v)
	})
}

func (o *Operators) sendCode(ctx context.Context, tx *db.Tx, op *Operator, v *visitRow) error {
	locale, channel, to, decoy := v.shown.Locale, notify.SMS, v.shown.Phone, false
	switch {
	case v.shown.NewPhone != "":
		to = v.shown.NewPhone
	case v.Kind == "assist":
		if decoy = v.OID == nil; to == "" {
			channel, to = notify.Email, v.shown.Email
		}
	case v.OID != nil:
		l, phones, emails, err := o.Persons.Reach(ctx, tx, *v.OID)
		if err != nil {
			return err
		}
		switch locale = l; {
		case len(phones) > 0:
			to = phones[0]
		case len(emails) > 0:
			channel, to = notify.Email, emails[0]
		default:
			return fault.Conflict("operator.no_contact")
		}
	}
	if err := o.Enrolments.SendDeskCode(ctx, tx, v.ID, channel, to, locale, decoy, op.Centre.Name); err != nil {
		return err
	}
	if v.OID == nil || decoy {
		return nil
	}
	return o.record(ctx, tx, op, "code_sent", *v.OID, v.shown.Type, "")
}

// Erase removes what a deleted account leaves: wired into person.Persons.OnDelete.
// The acts stay, with the number alone.
func (o *Operators) Erase(ctx context.Context, tx *db.Tx, oid person.OID) error {
	for _, sql := range []string{
		`UPDATE operator.visit SET sealed = NULL, ended = 'erased' WHERE oid = $1 AND sealed IS NOT NULL`,
		`UPDATE operator.operator SET active = false, rights = '{}' WHERE oid = $1`,
	} {
		if _, err := tx.Exec(ctx, sql, oid); err != nil {
			return fmt.Errorf("erase visits: %w", err)
		}
	}
	return nil
}
