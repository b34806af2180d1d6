package operator

import (
	"context"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
)

// Form is the personal-data form.
type Form = enrol.Form

// NewAccount is a registration on the spot (ID-MFC-02).
type NewAccount struct {
	Form    Form
	Phone   string // required: the temporary password goes there
	Email   string // optional, confirmed later by its link
	Consent bool   // the citizen has signed the consent to the processing
	Locale  string
}

// BeginRegistration checks the form and the papers against existing accounts,
// stores the visit and sends a code to the citizen's phone. A person who has an
// account already is fault Conflict operator.account_exists: find it instead.
func (o *Operators) BeginRegistration(ctx context.Context, op person.OID, n NewAccount) (visit string, err error) {
	phone, errPhone := ruid.ParseMobile(n.Phone)
	email, errEmail := ruid.Email(""), error(nil)
	if n.Email != "" {
		email, errEmail = ruid.ParseEmail(n.Email)
	}
	d, err := n.Form.Read(o.Enrolments.Today())
	var bad []fault.Field
	if f, ok := fault.As(err); ok {
		bad = f.Fields
	} else if err != nil {
		return "", err
	}
	if errPhone != nil {
		bad = append(bad, fault.F("phone", "enrol.phone_format"))
	}
	if errEmail != nil {
		bad = append(bad, fault.F("email", "enrol.email_format"))
	}
	if !n.Consent {
		bad = append(bad, fault.F("consent", "enrol.consent_missing"))
	}
	if len(bad) > 0 {
		return "", fault.Invalid("enrol.form_invalid", bad...)
	}
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := o.authorise(ctx, tx, op, MayRegister)
		if err != nil {
			return err
		}
		if !who.May(MayConfirm) {
			return errNotPermitted
		}
		if err := o.unknownPerson(ctx, tx, d); err != nil {
			return err
		}
		s := shown{
			Type: d.DocumentType, Series: d.Document.Series, Number: d.Document.Number, SNILS: d.SNILS,
			Form: &n.Form, Phone: string(phone), Email: string(email), Locale: n.Locale,
		}
		if visit, err = o.insertVisit(ctx, tx, who, "register", nil, s); err != nil {
			return err
		}
		v, err := o.visit(ctx, tx, op, visit, "")
		if err != nil {
			return err
		}
		return o.sendCode(ctx, tx, who, v)
	})
	return visit, err
}

// unknownPerson refuses a second account for the same verified SNILS or document.
func (o *Operators) unknownPerson(ctx context.Context, tx *db.Tx, d person.Data) error {
	owner, err := o.Persons.SNILSOwner(ctx, tx, d.SNILS)
	if err != nil {
		return err
	}
	if owner == nil {
		owner, err = o.Persons.FindByVerifiedDocument(ctx, tx, d.DocumentType, d.Document.Series, d.Document.Number)
		if err != nil {
			return err
		}
	}
	if owner != nil {
		return fault.Conflict("operator.account_exists")
	}
	return nil
}

// FinishRegistration makes the account, confirmed at once (ID-REG-26), and sends
// the temporary password by SMS. compared: face and papers agree.
func (o *Operators) FinishRegistration(ctx context.Context, op person.OID, visit, code string, compared bool) (person.OID, error) {
	if !compared {
		return 0, fault.Invalid("operator.compare_first", fault.F("compared", "operator.compare_first"))
	}
	who, v, err := o.begin(ctx, op, visit, MayRegister, "register")
	if err != nil {
		return 0, err
	}
	d, err := v.shown.Form.Read(o.Enrolments.Today())
	if err != nil {
		return 0, err
	}
	temporary, err := o.Credentials.NewTemporary(ctx)
	if err != nil {
		return 0, err
	}
	var oid person.OID
	err = o.Enrolments.UseDeskCode(ctx, v.ID, code, func(tx *db.Tx) error {
		if err := o.unknownPerson(ctx, tx, d); err != nil {
			return err
		}
		if err := o.end(ctx, tx, v.ID, "registered"); err != nil {
			return err
		}
		oid, err = o.Enrolments.CreateAtDesk(ctx, tx, enrol.DeskAccount{
			Surname: d.Surname, Given: d.Given, Patronymic: d.Patronymic, Phone: v.shown.Phone, Email: v.shown.Email, Locale: v.shown.Locale,
		})
		if err != nil {
			return err
		}
		if err := o.enter(ctx, tx, who, oid, d); err != nil {
			return err
		}
		if err := o.Credentials.SetTemporary(ctx, tx, oid, temporary); err != nil {
			return err
		}
		if err := o.confirm(ctx, tx, who, oid, d.DocumentType, "registered", ""); err != nil {
			return err
		}
		return o.Notices.Secret(ctx, tx, v.shown.Locale, notify.SMS, v.shown.Phone, "temporary_password", temporary.ExpiresAt, "password", temporary.Password)
	})
	return oid, err
}

// BeginAssist starts the help for somebody who got stuck after the registration
// (ID-MFC-05): the account is found by its confirmed phone or e-mail, and the code
// sent there proves that it is the citizen's. An unknown one looks the same until then.
func (o *Operators) BeginAssist(ctx context.Context, op person.OID, contact string) (visit string, err error) {
	kind, value, ok := person.ParseLogin(contact, false)
	if !ok || kind == person.LoginSNILS {
		return "", fault.Invalid("operator.query_invalid", fault.F("phone", "operator.assist_contact"))
	}
	s := shown{Phone: value}
	if kind == person.LoginEmail {
		s = shown{Email: value}
	}
	err = o.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := o.authorise(ctx, tx, op, MayRegister)
		if err != nil {
			return err
		}
		p, err := o.Persons.FindByLoginTx(ctx, tx, kind, value)
		if err != nil {
			return err
		}
		var oid *person.OID
		if p != nil {
			oid, s.Locale = &p.OID, p.Locale
		}
		if visit, err = o.insertVisit(ctx, tx, who, "assist", oid, s); err != nil {
			return err
		}
		v, err := o.visit(ctx, tx, op, visit, "")
		if err != nil {
			return err
		}
		return o.sendCode(ctx, tx, who, v)
	})
	return visit, err
}

// EnterAssistCode proves that the account is the citizen's and opens its form.
func (o *Operators) EnterAssistCode(ctx context.Context, op person.OID, visit, code string) error {
	_, v, err := o.begin(ctx, op, visit, MayRegister, "assist")
	if err != nil {
		return err
	}
	if v.Proved {
		return nil
	}
	return o.Enrolments.UseDeskCode(ctx, v.ID, code, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE operator.visit SET proved = true WHERE id = $1 AND oid IS NOT NULL`, v.ID)
		return err
	})
}

// AssistForm is the form of the assisted person as it was left.
func (o *Operators) AssistForm(ctx context.Context, op person.OID, visit string) (*Form, error) {
	_, v, err := o.begin(ctx, op, visit, MayRegister, "assist")
	if err != nil {
		return nil, err
	}
	if !v.Proved {
		return nil, fault.Forbidden("operator.code_first")
	}
	return o.Enrolments.GetForm(ctx, *v.OID)
}

// FinishAssist puts the form that the operator completed from the papers in force
// and confirms the account.
func (o *Operators) FinishAssist(ctx context.Context, op person.OID, visit string, f Form, compared bool) error {
	if !compared {
		return fault.Invalid("operator.compare_first", fault.F("compared", "operator.compare_first"))
	}
	who, v, err := o.begin(ctx, op, visit, MayRegister, "assist")
	if err != nil {
		return err
	}
	switch {
	case !v.Proved:
		return fault.Forbidden("operator.code_first")
	case !who.May(MayConfirm):
		return errNotPermitted
	}
	d, err := f.Read(o.Enrolments.Today())
	if err != nil {
		return err
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		p, err := o.Persons.GetTx(ctx, tx, *v.OID)
		if err != nil {
			return err
		}
		if p.Level == person.Confirmed {
			return fault.Conflict("person.already_confirmed")
		}
		owner, err := o.Persons.SNILSOwner(ctx, tx, d.SNILS)
		if err != nil {
			return err
		}
		if owner != nil && *owner != p.OID {
			return fault.Conflict("operator.account_exists")
		}
		if err := o.end(ctx, tx, v.ID, "assisted"); err != nil {
			return err
		}
		if err := o.enter(ctx, tx, who, p.OID, d); err != nil {
			return err
		}
		return o.confirm(ctx, tx, who, p.OID, d.DocumentType, "assisted", "")
	})
}
