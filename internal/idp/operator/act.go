package operator

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Confirm proves the identity of the citizen at the desk: the papers are those of
// the profile, and the citizen told the one-time code (ID-CNF-03, ID-CNF-04). An
// account whose data the registers have not answered for yet is verified by the
// centre itself (C-14). compared must be true: the operator says that face, paper
// and profile agree.
func (o *Operators) Confirm(ctx context.Context, op person.OID, visit, code string, compared bool) error {
	if !compared {
		return fault.Invalid("operator.compare_first", fault.F("compared", "operator.compare_first"))
	}
	who, v, err := o.begin(ctx, op, visit, MayConfirm, "found")
	if err != nil {
		return err
	}
	return o.Enrolments.UseDeskCode(ctx, v.ID, code, func(tx *db.Tx) error {
		p, err := o.Persons.ProfileTx(ctx, tx, *v.OID)
		if err != nil {
			return err
		}
		doc, snils := matches(p, v.shown)
		if why := blocked(p, doc, snils); why != "" {
			return fault.Conflict(why)
		}
		if p.Level == person.Simplified {
			if err := o.Persons.Verify(ctx, tx, p.OID, p.Pending.Number, "centre", "centre"); err != nil {
				return err
			}
		}
		if err := o.end(ctx, tx, v.ID, "confirmed"); err != nil {
			return err
		}
		return o.confirm(ctx, tx, who, p.OID, v.shown.Type, "confirmed", "")
	})
}

// begin reads a visit for an act and refuses what rights forbid and whoever would
// act for himself.
func (o *Operators) begin(ctx context.Context, op person.OID, visit string, r Right, kind string) (*Operator, *visitRow, error) {
	var who *Operator
	var v *visitRow
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if who, err = o.authorise(ctx, tx, op, r); err != nil {
			return err
		}
		v, err = o.visit(ctx, tx, op, visit, "")
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if v.Kind != kind || (kind == "found" && v.OID == nil) {
		return nil, nil, fault.NotFound("operator.visit_over")
	}
	if v.OID != nil && *v.OID == op {
		return nil, nil, fault.Forbidden("operator.own_account")
	}
	return who, v, nil
}

// confirm raises the account and tells everybody.
func (o *Operators) confirm(ctx context.Context, tx *db.Tx, op *Operator, oid person.OID, document person.DocumentType, act, reason string) error {
	place := strings.TrimSuffix(op.Centre.Name+", "+op.Centre.Address, ", ")
	err := o.Persons.Confirm(ctx, tx, oid, person.Proofing{
		Method: "centre", Provider: op.Centre.ID, Place: place, Actor: person.FormatOID(op.OID), Document: string(document),
	})
	if err != nil {
		return err
	}
	if err := o.Enrolments.DataSettled(ctx, tx, oid); err != nil {
		return err
	}
	err = o.Journal.Write(ctx, tx, journal.Entry{
		OID: oid, Kind: journal.IdentityProven, Actor: "operator:" + person.FormatOID(op.OID),
		Details: map[string]string{"method": "centre", "place": place, "document": string(document)},
	})
	if err != nil {
		return err
	}
	if err := o.record(ctx, tx, op, act, oid, document, reason); err != nil {
		return err
	}
	return o.Notices.Tell(ctx, tx, oid, "identity_confirmed", "place", place)
}

const minReason = 10

func readReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	if n := utf8.RuneCountInString(reason); n < minReason || n > 500 {
		return "", fault.Invalid("operator.reason_missing", fault.F("reason", "operator.reason_missing"))
	}
	return reason, nil
}

// Recover restores access for somebody whose papers are those of the profile: a
// temporary password goes by SMS to the confirmed phone (ID-REC-07). Who has lost
// the phone gives a new number with [Operators.SetNewPhone] first and tells the
// code sent there; the new number then replaces the old one.
func (o *Operators) Recover(ctx context.Context, op person.OID, visit, code, reason string) error {
	reason, err := readReason(reason)
	if err != nil {
		return err
	}
	who, v, err := o.begin(ctx, op, visit, MayRecover, "found")
	if err != nil {
		return err
	}
	temporary, err := o.Credentials.NewTemporary(ctx)
	if err != nil {
		return err
	}
	act := func(tx *db.Tx) error {
		p, err := o.Persons.ProfileTx(ctx, tx, *v.OID)
		if err != nil {
			return err
		}
		if doc, snils := matches(p, v.shown); !doc || !snils || p.Version == nil {
			return fault.Conflict("operator.document_differs")
		}
		if err := o.end(ctx, tx, v.ID, "recovered"); err != nil {
			return err
		}
		if v.shown.NewPhone != "" {
			if err := o.replacePhone(ctx, tx, p.OID, p.Locale, v.shown.NewPhone); err != nil {
				return err
			}
		}
		if err := o.Credentials.SetTemporary(ctx, tx, p.OID, temporary); err != nil {
			return err
		}
		if err := o.Sessions.EndOthers(ctx, tx, p.OID, "", session.EndPassword); err != nil {
			return err
		}
		if err := o.Credentials.ForgetDevices(ctx, tx, p.OID); err != nil {
			return err
		}
		if err := o.record(ctx, tx, who, "recovered", p.OID, v.shown.Type, reason); err != nil {
			return err
		}
		if err := o.Notices.Tell(ctx, tx, p.OID, "access_restored", "place", who.Centre.Name); err != nil {
			return err
		}
		locale, phones, _, err := o.Persons.Reach(ctx, tx, p.OID)
		if err != nil {
			return err
		}
		if len(phones) == 0 {
			return fault.Conflict("operator.no_phone")
		}
		return o.Notices.Secret(ctx, tx, locale, notify.SMS, phones[0], "temporary_password", temporary.ExpiresAt, "password", temporary.Password)
	}
	if v.shown.NewPhone != "" {
		return o.Enrolments.UseDeskCode(ctx, v.ID, code, act)
	}
	return o.DB.InTx(ctx, act)
}

// SetNewPhone notes the number of somebody who lost the phone and sends the code
// there.
func (o *Operators) SetNewPhone(ctx context.Context, op person.OID, visit, phone string) error {
	n, err := ruid.ParseMobile(phone)
	if err != nil {
		return fault.Invalid("operator.query_invalid", fault.F("phone", "enrol.phone_format"))
	}
	who, _, err := o.begin(ctx, op, visit, MayRecover, "found")
	if err != nil {
		return err
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		v, err := o.visit(ctx, tx, op, visit, " FOR UPDATE")
		if err != nil {
			return err
		}
		v.shown.NewPhone = string(n)
		if err := o.reseal(ctx, tx, v); err != nil {
			return err
		}
		return o.sendCode(ctx, tx, who, v)
	})
}

func (o *Operators) replacePhone(ctx context.Context, tx *db.Tx, oid person.OID, locale, phone string) error {
	c, err := o.Persons.AddContact(ctx, tx, oid, person.Phone, phone)
	if err != nil || c.Confirmed {
		return err
	}
	old, err := o.Persons.ConfirmContact(ctx, tx, oid, c.ID)
	if err != nil || old == nil {
		return err
	}
	return o.Notices.TellContact(ctx, tx, locale, notify.SMS, old.Value, "contact_replaced")
}

// Correction is the twelve fields as they stand in the papers, and why.
type Correction struct {
	Form   Form
	Reason string
}

// Correct replaces wrong personal data by those of the papers shown (G-42): with a
// reason, visible to the citizen, who is told. The level stays.
func (o *Operators) Correct(ctx context.Context, op person.OID, visit string, c Correction) error {
	reason, err := readReason(c.Reason)
	if err != nil {
		return err
	}
	who, v, err := o.begin(ctx, op, visit, MayCorrect, "found")
	if err != nil {
		return err
	}
	d, err := c.Form.Read(o.Enrolments.Today())
	if err != nil {
		return err
	}
	if err := ofPapers(d, v.shown); err != nil {
		return err
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		p, err := o.Persons.ProfileTx(ctx, tx, *v.OID)
		if err != nil {
			return err
		}
		if doc, snils := matches(p, v.shown); !doc && !snils {
			return fault.Conflict("operator.document_differs")
		}
		if err := o.end(ctx, tx, v.ID, "corrected"); err != nil {
			return err
		}
		if err := o.enter(ctx, tx, who, p.OID, d); err != nil {
			return err
		}
		if err := o.Enrolments.DataSettled(ctx, tx, p.OID); err != nil {
			return err
		}
		if err := o.record(ctx, tx, who, "corrected", p.OID, v.shown.Type, reason); err != nil {
			return err
		}
		return o.Notices.Tell(ctx, tx, p.OID, "data_corrected", "place", who.Centre.Name, "reason", reason)
	})
}

// ofPapers refuses data that are not those of the papers shown.
func ofPapers(d person.Data, s shown) error {
	var bad []fault.Field
	if d.DocumentType != s.Type || d.Document.Series != s.Series || d.Document.Number != s.Number {
		bad = append(bad, fault.F("document", "operator.document_differs"))
	}
	if d.SNILS != s.SNILS {
		bad = append(bad, fault.F("snils", "operator.snils_differs"))
	}
	if len(bad) > 0 {
		return fault.Invalid("operator.query_invalid", bad...)
	}
	return nil
}

// enter stores data that the operator compared with the papers and puts them in force.
func (o *Operators) enter(ctx context.Context, tx *db.Tx, op *Operator, oid person.OID, d person.Data) error {
	number, err := o.Persons.Enter(ctx, tx, oid, d, "operator:"+person.FormatOID(op.OID))
	if err != nil {
		return err
	}
	if err := o.Persons.Verify(ctx, tx, oid, number, "centre", "centre"); err != nil {
		return fmt.Errorf("put data in force: %w", err)
	}
	return nil
}
