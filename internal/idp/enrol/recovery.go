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
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Way is how somebody recovers access.
type Way string

// The ways (ID-REC-02, ID-REC-03).
const (
	WayContact  Way = "contact"  // the phone or e-mail of the account
	WayPassport Way = "passport" // series and number of the verified passport
	WaySNILS    Way = "snils"    // the verified SNILS
	WayINN      Way = "inn"      // the verified ИНН
)

// Ways are all ways in the order of the form. The same for everybody: which of
// them an account has is nobody else's business (ID-REC-09).
func Ways() []Way { return []Way{WayContact, WayPassport, WaySNILS, WayINN} }

// Recovery is a recovery as its page shows it.
type Recovery struct {
	Way       Way
	Step      Step
	Sent      *Sent
	ExpiresAt time.Time
}

// target is where the proof of a recovery goes; sealed in its row.
type target struct {
	Channel notify.Channel `json:"channel"`
	To      string         `json:"to"`
}

type recoveryRow struct {
	ID        string    `db:"id"`
	Way       string    `db:"way"`
	State     string    `db:"state"`
	OID       *int64    `db:"oid"`
	Sealed    []byte    `db:"sealed"`
	Locale    string    `db:"locale"`
	ExpiresAt time.Time `db:"expires_at"`
}

const recoveryColumns = `id::text, way, state, oid, sealed, locale, expires_at`

func recoveryAAD(id string) string { return "enrol.recovery:" + id }

// BeginRecovery starts a recovery from what somebody typed: a phone, an e-mail, or
// the number of a verified document. An unknown one looks the same and never comes
// to an end. key is the form's, against sending it twice.
func (e *Enrolments) BeginRecovery(ctx context.Context, way Way, text, locale, key string, visit session.Visit) (token string, err error) {
	kind, value, err := readWay(way, text)
	if err != nil {
		return "", err
	}
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return "", err
	}
	token = e.stableToken("enrol.recovery", key, string(way), value)
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		network := e.Keys.Index("network", visit.Network)
		if flood, err := e.flooded(ctx, tx, "recovery", network); err != nil {
			return err
		} else if flood {
			return fault.Limited("enrol.flood", time.Hour)
		}
		owner, to, err := e.recoverable(ctx, tx, way, kind, value)
		if err != nil {
			return err
		}
		if owner != nil {
			locale = owner.Locale
		}
		state := StepCode
		if to.Channel == notify.Email && way == WayContact {
			state = StepLink
		}
		id, now := db.NewID(), e.Clock.Now()
		var oid *int64
		if owner != nil {
			oid = &owner.OID
		}
		n, err := tx.Exec(ctx, `INSERT INTO enrol.recovery (id, token_hash, way, state, oid, sealed, locale, network, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (token_hash) DO NOTHING`,
			id, crypt.HashToken(token), way, state, oid, e.seal(to, recoveryAAD(id)), locale, network, now, now.Add(v.AttemptLife.D()))
		if err != nil {
			return fmt.Errorf("store recovery: %w", err)
		}
		if n == 0 {
			return nil
		}
		return e.sendRecovery(ctx, tx, id, state, to, locale, owner == nil)
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func readWay(way Way, text string) (kind person.LoginKind, value string, err error) {
	bad := func(key string) error {
		if strings.TrimSpace(text) == "" {
			key = "enrol.recovery_missing"
		}
		return fault.Invalid("enrol.form_invalid", fault.F("login", key))
	}
	switch way {
	case WayContact:
		kind, value, ok := person.ParseLogin(text, false)
		if !ok || kind == person.LoginSNILS {
			return "", "", bad("enrol.recovery_contact")
		}
		return kind, value, nil
	case WaySNILS:
		s, err := ruid.ParseSNILS(text)
		if err != nil {
			return "", "", bad("enrol.recovery_snils")
		}
		return person.LoginSNILS, string(s), nil
	case WayPassport:
		p, err := ruid.ParsePassport(text)
		if err != nil {
			return "", "", bad("enrol.recovery_passport")
		}
		return "", string(p), nil
	case WayINN:
		n, err := ruid.ParseINN(text)
		if err != nil || !n.IsPerson() {
			return "", "", bad("enrol.recovery_inn")
		}
		return "", string(n), nil
	}
	return "", "", fault.Invalid("enrol.recovery_way", fault.F("way", "enrol.recovery_way"))
}

// recoverable finds the account and where its proof goes. For nobody the target is
// what was typed, so that limits count the same.
func (e *Enrolments) recoverable(ctx context.Context, tx *db.Tx, way Way, kind person.LoginKind, value string) (*person.Person, target, error) {
	nobody := target{notify.SMS, string(way) + ":" + value}
	switch kind {
	case person.LoginPhone:
		nobody = target{notify.SMS, value}
	case person.LoginEmail:
		nobody = target{notify.Email, value}
	}
	var owner *person.Person
	var err error
	if kind != "" {
		owner, err = e.Persons.FindByLoginTx(ctx, tx, kind, value)
	} else {
		owner, err = e.ownerOfDocument(ctx, tx, way, value)
	}
	if err != nil || owner == nil {
		return nil, nobody, err
	}
	if way == WayContact {
		return owner, nobody, nil
	}
	_, phones, emails, err := e.Persons.Reach(ctx, tx, owner.OID)
	switch {
	case err != nil:
		return nil, nobody, err
	case len(phones) > 0:
		return owner, target{notify.SMS, phones[0]}, nil
	case len(emails) > 0:
		return owner, target{notify.Email, emails[0]}, nil
	}
	return nil, nobody, nil
}

func (e *Enrolments) ownerOfDocument(ctx context.Context, tx *db.Tx, way Way, value string) (*person.Person, error) {
	t, series, number := person.INN, "", value
	if way == WayPassport {
		t, series, number = person.RFPassport, value[:4], value[4:]
	}
	oid, err := e.Persons.FindByVerifiedDocument(ctx, tx, t, series, number)
	if err != nil || oid == nil {
		return nil, err
	}
	return e.Persons.GetTx(ctx, tx, *oid)
}

func (e *Enrolments) sendRecovery(ctx context.Context, tx *db.Tx, id string, state Step, to target, locale string, decoy bool) error {
	c := challenge{act: ActRecovery, subject: id, channel: to.Channel, to: to.To, locale: locale, decoy: decoy, path: LinkPath}
	if state == StepLink {
		return e.sendLink(ctx, tx, c)
	}
	return e.sendCode(ctx, tx, c)
}

func (e *Enrolments) findRecovery(ctx context.Context, tx *db.Tx, token, suffix string) (*recoveryRow, error) {
	if token == "" || len(token) > 128 {
		return nil, errAttempt
	}
	r, err := db.Find[recoveryRow](ctx, tx, `SELECT `+recoveryColumns+` FROM enrol.recovery WHERE token_hash = $1`+suffix, crypt.HashToken(token))
	if err != nil {
		return nil, fmt.Errorf("read recovery: %w", err)
	}
	if r == nil || !e.Clock.Now().Before(r.ExpiresAt) {
		return nil, errAttempt
	}
	return r, nil
}

// Recovery returns the recovery of a token; fault NotFound enrol.attempt_over.
func (e *Enrolments) Recovery(ctx context.Context, token string) (*Recovery, error) {
	var out *Recovery
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := e.findRecovery(ctx, tx, token, "")
		if err != nil {
			return err
		}
		out = &Recovery{Way: Way(r.Way), Step: Step(r.State), ExpiresAt: r.ExpiresAt}
		if out.Step == StepCode || out.Step == StepLink {
			out.Sent, err = e.sent(ctx, tx, ActRecovery, r.ID)
		}
		return err
	})
	return out, err
}

// ResendRecovery sends the code or the link again, after a pause.
func (e *Enrolments) ResendRecovery(ctx context.Context, token string) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := e.findRecovery(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		if r.State != string(StepCode) && r.State != string(StepLink) {
			return fault.Conflict("enrol.step_over")
		}
		var to target
		if err := e.open(r.Sealed, recoveryAAD(r.ID), &to); err != nil {
			return fmt.Errorf("open recovery: %w", err)
		}
		return e.sendRecovery(ctx, tx, r.ID, Step(r.State), to, r.Locale, r.OID == nil)
	})
}

// EnterRecoveryCode proves control and leads to the new password (ID-REC-04).
func (e *Enrolments) EnterRecoveryCode(ctx context.Context, token, code string) error {
	var r *recoveryRow
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = e.findRecovery(ctx, tx, token, ""); return err })
	if err != nil {
		return err
	}
	if r.State != string(StepCode) {
		return nil
	}
	return e.withCode(ctx, ActRecovery, r.ID, code, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE enrol.recovery SET state = 'password' WHERE id = $1 AND state = 'code' AND oid IS NOT NULL`, r.ID)
		return err
	})
}

// FollowRecoveryLink uses the link up and returns a token for this browser.
func (e *Enrolments) FollowRecoveryLink(ctx context.Context, link string) (token string, err error) {
	token = crypt.Token()
	err = e.withLink(ctx, ActRecovery, link, func(tx *db.Tx, subject string) error {
		n, err := tx.Exec(ctx, `UPDATE enrol.recovery SET state = 'password', token_hash = $2
			WHERE id::text = $1 AND state = 'link' AND oid IS NOT NULL AND expires_at > $3`, subject, crypt.HashToken(token), e.Clock.Now())
		if err == nil && n == 0 {
			return errLink
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// FinishRecovery sets the new password. Every session ends, every device is
// strange again, and all confirmed contacts are told (ID-REC-05, ID-REC-10). It
// does not sign in: a second factor, where there is one, is still to be shown.
func (e *Enrolments) FinishRecovery(ctx context.Context, token string, p Password, visit session.Visit) error {
	if err := p.check(); err != nil {
		return err
	}
	var r *recoveryRow
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = e.findRecovery(ctx, tx, token, ""); return err })
	if err != nil {
		return err
	}
	if r.State != string(StepPassword) || r.OID == nil {
		return fault.Conflict("enrol.step_over")
	}
	who, err := e.Persons.Get(ctx, *r.OID)
	if err != nil {
		return err
	}
	h, err := e.Credentials.Hash(ctx, p.Password, who.Surname, who.Given)
	if err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE enrol.recovery SET state = 'done' WHERE id = $1 AND state = 'password'`, r.ID)
		if err != nil {
			return fmt.Errorf("end recovery: %w", err)
		}
		if n == 0 {
			return fault.Conflict("enrol.step_over")
		}
		if err := e.putPassword(ctx, tx, who.OID, h, ""); err != nil {
			return err
		}
		if err := e.Credentials.ForgetDevices(ctx, tx, who.OID); err != nil {
			return err
		}
		entry := Self{&session.Session{OID: who.OID}, visit}.entry(journal.PasswordSetNew, "way", r.Way)
		if err := e.Journal.Write(ctx, tx, entry); err != nil {
			return err
		}
		return e.Notices.Tell(ctx, tx, who.OID, "password_recovered", "at", e.Clock.Now())
	})
}
