package enrol

import (
	"context"
	"fmt"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Self is a signed-in person who changes the own account.
type Self struct {
	*session.Session
	session.Visit
}

func (s Self) entry(kind journal.Kind, details ...string) journal.Entry {
	e := journal.Entry{OID: s.OID, Kind: kind, Address: s.Network, Device: session.DeviceName(s.UserAgent)}
	for i := 0; i+1 < len(details); i += 2 {
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[details[i]] = details[i+1]
	}
	return e
}

// mayChange refuses changes of security after an old sign-in (ID-SEC-13) and in a
// session that a temporary password opened (ID-REC-08).
func (e *Enrolments) mayChange(ctx context.Context, s Self) error {
	if s.Restricted != "" {
		return fault.Forbidden("enrol.password_first")
	}
	return e.Sessions.MustBeFresh(ctx, s.Session)
}

// prove checks the current password of a signed-in person, slowed like a sign-in.
func (e *Enrolments) prove(ctx context.Context, s Self, field, password string) error {
	v, err := e.Credentials.VerifyPassword(ctx, credential.Try{OID: s.OID, Password: password, Device: s.Device, Network: s.Network})
	if err != nil {
		return err
	}
	if !v.OK {
		return fault.Invalid("enrol.password_wrong", fault.F(field, "enrol.password_wrong"))
	}
	return nil
}

// Reauthenticate proves the person again by password and returns the session's new
// token. With an authenticator app in force the code is asked too.
func (e *Enrolments) Reauthenticate(ctx context.Context, s Self, password, code string) (token string, err error) {
	if s.Restricted != "" {
		return "", fault.Forbidden("enrol.password_first")
	}
	if err := e.prove(ctx, s, "password", password); err != nil {
		return "", err
	}
	amr := []string{session.AMRPassword}
	has, err := e.Credentials.HasTOTP(ctx, s.OID)
	if err != nil {
		return "", err
	}
	if has {
		ok, err := e.Credentials.VerifyTOTP(ctx, s.OID, code, s.Device, s.Network)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", fault.Invalid("credential.code_wrong", fault.F("code", "credential.code_wrong"))
		}
		amr = append(amr, session.AMROTP)
	}
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := e.Persons.GetTx(ctx, tx, s.OID)
		if err != nil {
			return err
		}
		token, err = e.Sessions.Renew(ctx, tx, s.Session.ID, who.Level, amr)
		return err
	})
	return token, err
}

// ChangePassword replaces the password by a new one (ID-SEC-02). In a session of a
// temporary password current is not asked, since it is used up. All other sessions
// end; the returned token is the session's new one.
func (e *Enrolments) ChangePassword(ctx context.Context, s Self, current string, p Password) (token string, err error) {
	if err := p.check(); err != nil {
		return "", err
	}
	if s.Restricted == "" {
		if err := e.prove(ctx, s, "current", current); err != nil {
			return "", err
		}
		if current == p.Password {
			return "", fault.Invalid("enrol.password_same", fault.F("password", "enrol.password_same"))
		}
	}
	who, err := e.Persons.Get(ctx, s.OID)
	if err != nil {
		return "", err
	}
	h, err := e.Credentials.Hash(ctx, p.Password, who.Surname, who.Given)
	if err != nil {
		return "", err
	}
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.putPassword(ctx, tx, s.OID, h, s.Session.ID); err != nil {
			return err
		}
		if err := e.Journal.Write(ctx, tx, s.entry(journal.PasswordChanged)); err != nil {
			return err
		}
		if err := e.Notices.Tell(ctx, tx, s.OID, "password_changed", "at", e.Clock.Now()); err != nil {
			return err
		}
		token, err = e.Sessions.Renew(ctx, tx, s.Session.ID, min(who.Level, max(s.Level, person.Simplified)), s.AMR)
		return err
	})
	return token, err
}

// putPassword stores a password, ends all sessions but keep and tells relying parties.
func (e *Enrolments) putPassword(ctx context.Context, tx *db.Tx, oid person.OID, h credential.Hashed, keep string) error {
	if err := e.Credentials.SetPassword(ctx, tx, oid, h); err != nil {
		return err
	}
	if err := e.Sessions.EndOthers(ctx, tx, oid, keep, session.EndPassword); err != nil {
		return err
	}
	return e.Persons.Events.Emit(ctx, tx, event.Event{Type: event.PasswordChanged, OID: oid, Payload: map[string]string{"kind": "password"}})
}

// AddContact notes a new phone or e-mail and sends code or link; it counts once
// confirmed (ID-ACC-02). A contact of another account looks the same, and its owner
// is told (ID-REG-22).
func (e *Enrolments) AddContact(ctx context.Context, s Self, kind person.ContactKind, text string) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	value, err := readContact(kind, text)
	if err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := e.Persons.AddContact(ctx, tx, s.OID, kind, value)
		if err != nil {
			return err
		}
		if c.Confirmed {
			return fault.Conflict("enrol.contact_confirmed")
		}
		if err := e.Journal.Write(ctx, tx, s.entry(journal.ContactAdded, "kind", string(kind))); err != nil {
			return err
		}
		return e.sendConfirmation(ctx, tx, s.OID, c)
	})
}

func readContact(kind person.ContactKind, text string) (string, error) {
	switch kind {
	case person.Phone:
		p, err := ruid.ParseMobile(text)
		if err != nil {
			return "", fault.Invalid("enrol.form_invalid", fault.F("phone", "enrol.phone_format"))
		}
		return string(p), nil
	case person.Email:
		m, err := ruid.ParseEmail(text)
		if err != nil {
			return "", fault.Invalid("enrol.form_invalid", fault.F("email", "enrol.email_format"))
		}
		return string(m), nil
	}
	return "", fault.Invalid("enrol.contact_kind")
}

func (e *Enrolments) sendConfirmation(ctx context.Context, tx *db.Tx, oid person.OID, c *person.Contact) error {
	who, err := e.Persons.GetTx(ctx, tx, oid)
	if err != nil {
		return err
	}
	taken, err := e.taken(ctx, tx, person.LoginKind(c.Kind), c.Value, "contact_taken")
	if err != nil {
		return err
	}
	if c.Kind == person.Phone {
		return e.sendCode(ctx, tx, challenge{
			act: ActContact, subject: contactSubject(oid, c.ID), channel: notify.SMS, to: c.Value, locale: who.Locale, decoy: taken,
		})
	}
	return e.sendLink(ctx, tx, challenge{
		act: ActEmail, subject: person.FormatOID(oid), channel: notify.Email, to: c.Value, locale: who.Locale, decoy: taken, path: LinkPath,
	})
}

func contactSubject(oid person.OID, id string) string { return person.FormatOID(oid) + "/" + id }

// unconfirmed finds the contact of a kind that waits for its confirmation.
func (e *Enrolments) unconfirmed(ctx context.Context, tx *db.Tx, oid person.OID, kind person.ContactKind) (*person.Contact, error) {
	list, err := e.Persons.Contacts(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Kind == kind && !list[i].Confirmed {
			return &list[i], nil
		}
	}
	return nil, fault.NotFound("person.contact_not_found")
}

// ResendContact sends code or link for the contact that waits, after a pause.
func (e *Enrolments) ResendContact(ctx context.Context, s Self, kind person.ContactKind) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := e.unconfirmed(ctx, tx, s.OID, kind)
		if err != nil {
			return err
		}
		return e.sendConfirmation(ctx, tx, s.OID, c)
	})
}

// PhoneSent tells of the code for the phone that waits; nil without one.
func (e *Enrolments) PhoneSent(ctx context.Context, oid person.OID) (*Sent, error) {
	var out *Sent
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		c, err := e.unconfirmed(ctx, tx, oid, person.Phone)
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		out, err = e.sent(ctx, tx, ActContact, contactSubject(oid, c.ID))
		return err
	})
	return out, err
}

// ConfirmPhone makes the new phone the confirmed one, and tells the old.
func (e *Enrolments) ConfirmPhone(ctx context.Context, s Self, code string) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	var c *person.Contact
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { c, err = e.unconfirmed(ctx, tx, s.OID, person.Phone); return err })
	if err != nil {
		return err
	}
	return e.withCode(ctx, ActContact, contactSubject(s.OID, c.ID), code, func(tx *db.Tx) error {
		return e.confirmContact(ctx, tx, s.OID, c.ID, s.entry(journal.ContactConfirm, "kind", string(person.Phone)))
	})
}

// ConfirmEmail follows the link of a letter: of a registration or of a change. It
// needs no session; the link itself is the proof. done is false while the
// registration that it belongs to is not finished.
func (e *Enrolments) ConfirmEmail(ctx context.Context, link string, visit session.Visit) (done bool, err error) {
	err = e.withLink(ctx, ActEmail, link, func(tx *db.Tx, subject string) error {
		oid, err := person.ParseOID(subject)
		if err != nil { // the attempt is not finished yet
			n, err := tx.Exec(ctx, `UPDATE enrol.registration SET email_confirmed = true WHERE id::text = $1 AND state <> 'done'`, subject)
			if err == nil && n == 0 {
				return errLink
			}
			return err
		}
		c, err := e.unconfirmed(ctx, tx, oid, person.Email)
		if err != nil {
			return errLink
		}
		done = true
		entry := Self{&session.Session{OID: oid}, visit}.entry(journal.ContactConfirm, "kind", string(person.Email))
		return e.confirmContact(ctx, tx, oid, c.ID, entry)
	})
	return done, err
}

func (e *Enrolments) confirmContact(ctx context.Context, tx *db.Tx, oid person.OID, id string, entry journal.Entry) error {
	before, err := e.Persons.Contacts(ctx, tx, oid)
	if err != nil {
		return err
	}
	old, err := e.Persons.ConfirmContact(ctx, tx, oid, id)
	if err != nil {
		return err
	}
	if err := e.Journal.Write(ctx, tx, entry); err != nil {
		return err
	}
	who, err := e.Persons.GetTx(ctx, tx, oid)
	if err != nil {
		return err
	}
	fresh := ""
	for i := range before {
		if before[i].ID == id {
			fresh = masked(&before[i])
		}
	}
	return e.tellBefore(ctx, tx, who.Locale, before, old, "contact_replaced", "contact_new", "contact", fresh)
}

// tellBefore writes to the confirmed contacts of before a change (ID-SEC-13): gone
// to the one that belongs to the account no more, stays to the others, so that
// whoever takes an account over cannot do it behind its owner's back.
func (e *Enrolments) tellBefore(ctx context.Context, tx *db.Tx, locale string, before []person.Contact, old *person.Contact, gone, stays string, args ...any) error {
	for i := range before {
		c := &before[i]
		channel := notify.SMS
		switch {
		case !c.Confirmed || c.Kind == person.HomePhone:
			continue
		case c.Kind == person.Email:
			channel = notify.Email
		}
		key := stays
		if old != nil && c.ID == old.ID {
			key = gone
		}
		if err := e.Notices.TellContact(ctx, tx, locale, channel, c.Value, key, args...); err != nil {
			return err
		}
	}
	return nil
}

// masked names a contact to its owner without telling it to others.
func masked(c *person.Contact) string {
	if c.Kind == person.Email {
		return ruid.Email(c.Value).Masked()
	}
	return ruid.Phone(c.Value).Masked()
}

// RemoveContact takes a contact out of the account; the last confirmed one stays.
func (e *Enrolments) RemoveContact(ctx context.Context, s Self, id string) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		who, err := e.Persons.GetTx(ctx, tx, s.OID)
		if err != nil {
			return err
		}
		before, err := e.Persons.Contacts(ctx, tx, s.OID)
		if err != nil {
			return err
		}
		old, err := e.Persons.RemoveContact(ctx, tx, s.OID, id)
		if err != nil {
			return err
		}
		if err := e.Journal.Write(ctx, tx, s.entry(journal.ContactRemoved, "kind", string(old.Kind))); err != nil {
			return err
		}
		if !old.Confirmed {
			return nil
		}
		return e.tellBefore(ctx, tx, who.Locale, before, old, "contact_removed", "contact_less", "contact", masked(old))
	})
}

// SetHomePhone keeps the landline number; an empty text removes it.
func (e *Enrolments) SetHomePhone(ctx context.Context, s Self, text string) error {
	value := ""
	if strings.TrimSpace(text) != "" {
		p, err := ruid.ParsePhone(text)
		if err != nil {
			return fault.Invalid("enrol.form_invalid", fault.F("home_phone", "ruid.phone.format"))
		}
		value = string(p)
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Persons.SetHomePhone(ctx, tx, s.OID, value); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, s.entry(journal.ProfileChanged, "section", "contacts"))
	})
}

// EndSession ends one of the person's sessions: a lost phone (ID-SEC-10). Ending
// the own one is signing out.
func (e *Enrolments) EndSession(ctx context.Context, s Self, id string) error {
	reason, kind := session.EndDevice, journal.SessionEnded
	if id == s.Session.ID {
		reason, kind = session.EndLogout, journal.SignedOut
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Sessions.End(ctx, tx, s.OID, id, reason); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, s.entry(kind))
	})
}

// EndOtherSessions ends all sessions but this one, and forgets all devices.
func (e *Enrolments) EndOtherSessions(ctx context.Context, s Self) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Sessions.EndOthers(ctx, tx, s.OID, s.Session.ID, session.EndDevice); err != nil {
			return err
		}
		if err := e.Credentials.ForgetDevices(ctx, tx, s.OID); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, s.entry(journal.SessionEnded, "scope", "others"))
	})
}

// SetSignInNotice switches the e-mail about each sign-in (ID-SEC-05).
func (e *Enrolments) SetSignInNotice(ctx context.Context, s Self, on bool) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Notices.SetSignedIn(ctx, tx, s.OID, on); err != nil {
			return err
		}
		return e.Journal.Write(ctx, tx, s.entry(journal.SettingsChanged, "setting", "sign_in_notice"))
	})
}

// DeleteAccount ends the account for good, after the password was typed once more
// (ID-ACC-05, C-57). The last word goes to the contacts of before.
func (e *Enrolments) DeleteAccount(ctx context.Context, s Self, password string) error {
	if err := e.mayChange(ctx, s); err != nil {
		return err
	}
	if err := e.prove(ctx, s, "password", password); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.Notices.Tell(ctx, tx, s.OID, "account_deleted"); err != nil {
			return err
		}
		if err := e.Persons.Delete(ctx, tx, s.OID); err != nil {
			return fmt.Errorf("delete account: %w", err)
		}
		return e.Journal.Write(ctx, tx, journal.Entry{OID: s.OID, Kind: journal.AccountDeleted})
	})
}
