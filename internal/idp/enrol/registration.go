package enrol

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
)

// Step is what a flow asks for next.
type Step string

// The steps of registration and recovery.
const (
	StepCode     Step = "code"     // type the code from the SMS
	StepLink     Step = "link"     // follow the link in the letter
	StepPassword Step = "password" // choose a password
	StepDone     Step = "done"
)

// Application is the registration form as typed.
type Application struct {
	Surname, Given, Patronymic string
	Phone, Email               string
	Consent                    bool   // to the processing of personal data (ID-REG-19)
	Locale                     string // of the page, for messages
	Key                        string // of the form, against sending it twice
}

// Registration is an attempt as its page shows it. The contacts are the ones that
// the visitor typed, so they disclose nothing.
type Registration struct {
	Step                       Step
	Surname, Given, Patronymic string
	Phone, Email               string
	Sent                       *Sent // with StepCode and StepLink
	ExpiresAt                  time.Time
}

// applicant is what a registration row seals.
type applicant struct {
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Email      string `json:"email,omitempty"`
	Locale     string `json:"locale"`
}

type registrationRow struct {
	ID             string     `db:"id"`
	State          string     `db:"state"`
	Sealed         []byte     `db:"sealed"`
	EmailConfirmed bool       `db:"email_confirmed"`
	ConsentVersion string     `db:"consent_version"`
	ConsentAt      time.Time  `db:"consent_at"`
	OID            *int64     `db:"oid"`
	ExpiresAt      time.Time  `db:"expires_at"`
	a              *applicant `db:"-"`
}

const registrationColumns = `id::text, state, sealed, email_confirmed, consent_version, consent_at, oid, expires_at`

func registrationAAD(id string) string { return "enrol.registration:" + id }

// BeginRegistration checks the form, stores the attempt and sends code and link
// (C-01, C-02). It returns the token that the browser keeps for this attempt.
// With a taken contact everything looks the same, and its owner is told (ID-REG-22).
func (e *Enrolments) BeginRegistration(ctx context.Context, in Application, visit session.Visit) (token string, err error) {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return "", err
	}
	a, err := readApplication(in, v.Contacts)
	if err != nil {
		return "", err
	}
	token = e.stableToken("enrol.registration", in.Key, a.Surname, a.Given, a.Patronymic, a.Phone, a.Email)
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		network := e.Keys.Index("network", visit.Network)
		if flood, err := e.flooded(ctx, tx, "registration", network); err != nil {
			return err
		} else if flood {
			return fault.Limited("enrol.flood", time.Hour)
		}
		id, now, state := db.NewID(), e.Clock.Now(), StepCode
		if a.Phone == "" {
			state = StepLink
		}
		n, err := tx.Exec(ctx, `INSERT INTO enrol.registration (id, token_hash, state, sealed, consent_version, consent_at, network, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8) ON CONFLICT (token_hash) DO NOTHING`,
			id, crypt.HashToken(token), state, e.seal(a, registrationAAD(id)), ConsentVersion, now, network, now.Add(v.AttemptLife.D()))
		if err != nil {
			return fmt.Errorf("store registration: %w", err)
		}
		if n == 0 { // the form was sent twice
			return nil
		}
		if a.Phone != "" {
			if err := e.sendRegistrationCode(ctx, tx, id, a); err != nil {
				return err
			}
		}
		if a.Email != "" {
			return e.sendRegistrationLink(ctx, tx, id, a)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// taken tells whether a contact belongs to an account; its owner is told at most
// once a day for each.
func (e *Enrolments) taken(ctx context.Context, tx *db.Tx, kind person.LoginKind, value, key string) (bool, error) {
	owner, err := e.Persons.FindByLoginTx(ctx, tx, kind, value)
	if err != nil || owner == nil {
		return false, err
	}
	once := fmt.Sprintf("%s:%d:%s:%s", key, owner.OID, kind, e.today().Format("20060102"))
	channel := notify.SMS
	if kind == person.LoginEmail {
		channel = notify.Email
	}
	return true, e.Notices.TellContactOnce(ctx, tx, once, owner.Locale, channel, value, key)
}

func (e *Enrolments) sendRegistrationCode(ctx context.Context, tx *db.Tx, id string, a *applicant) error {
	taken, err := e.taken(ctx, tx, person.LoginPhone, a.Phone, "contact_taken")
	if err != nil {
		return err
	}
	return e.sendCode(ctx, tx, challenge{
		act: ActRegistration, subject: id, channel: notify.SMS, to: a.Phone, locale: a.Locale, decoy: taken,
	})
}

// sendRegistrationLink sends the link that leads to the password, or, beside a
// phone, the one that only confirms the address (ID-REG-09, ID-REG-10).
func (e *Enrolments) sendRegistrationLink(ctx context.Context, tx *db.Tx, id string, a *applicant) error {
	taken, err := e.taken(ctx, tx, person.LoginEmail, a.Email, "contact_taken")
	if err != nil {
		return err
	}
	act := ActRegistration
	if a.Phone != "" {
		act = ActEmail
	}
	return e.sendLink(ctx, tx, challenge{
		act: act, subject: id, channel: notify.Email, to: a.Email, locale: a.Locale, decoy: taken, path: LinkPath,
	})
}

// LinkPath is where the identity provider's site takes one-time links.
const LinkPath = "/link/"

// Registration returns the attempt of a token; fault NotFound enrol.attempt_over
// when there is none, or not any more.
func (e *Enrolments) Registration(ctx context.Context, token string) (*Registration, error) {
	var out *Registration
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := e.findRegistration(ctx, tx, token, "")
		if err != nil {
			return err
		}
		out = &Registration{Step: Step(r.State), ExpiresAt: r.ExpiresAt}
		if r.a != nil {
			out.Surname, out.Given, out.Patronymic, out.Phone, out.Email = r.a.Surname, r.a.Given, r.a.Patronymic, r.a.Phone, r.a.Email
		}
		if out.Step == StepCode || out.Step == StepLink {
			out.Sent, err = e.sent(ctx, tx, ActRegistration, r.ID)
		}
		return err
	})
	return out, err
}

var errAttempt = fault.NotFound("enrol.attempt_over")

func (e *Enrolments) findRegistration(ctx context.Context, tx *db.Tx, token, suffix string) (*registrationRow, error) {
	if token == "" || len(token) > 128 {
		return nil, errAttempt
	}
	r, err := db.Find[registrationRow](ctx, tx, `SELECT `+registrationColumns+` FROM enrol.registration WHERE token_hash = $1`+suffix, crypt.HashToken(token))
	if err != nil {
		return nil, fmt.Errorf("read registration: %w", err)
	}
	return e.openRegistration(r)
}

func (e *Enrolments) openRegistration(r *registrationRow) (*registrationRow, error) {
	if r == nil || (!e.Clock.Now().Before(r.ExpiresAt) && r.State != string(StepDone)) {
		return nil, errAttempt
	}
	if r.Sealed != nil {
		r.a = &applicant{}
		if err := e.open(r.Sealed, registrationAAD(r.ID), r.a); err != nil {
			return nil, fmt.Errorf("open registration: %w", err)
		}
	}
	return r, nil
}

// ResendRegistration sends code or link again, after a pause (ID-REG-08).
func (e *Enrolments) ResendRegistration(ctx context.Context, token string) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := e.findRegistration(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		switch Step(r.State) {
		case StepCode:
			return e.sendRegistrationCode(ctx, tx, r.ID, r.a)
		case StepLink:
			return e.sendRegistrationLink(ctx, tx, r.ID, r.a)
		}
		return fault.Conflict("enrol.step_over")
	})
}

// EnterRegistrationCode proves the phone and leads to the password (ID-REG-07).
// A repeat after success changes nothing.
func (e *Enrolments) EnterRegistrationCode(ctx context.Context, token, code string) error {
	var r *registrationRow
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = e.findRegistration(ctx, tx, token, ""); return err })
	if err != nil {
		return err
	}
	if r.State != string(StepCode) {
		return nil
	}
	return e.withCode(ctx, ActRegistration, r.ID, code, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE enrol.registration SET state = 'password' WHERE id = $1 AND state = 'code'`, r.ID)
		return err
	})
}

// FollowRegistrationLink uses the link of the letter up and returns a fresh token
// of the attempt for the browser in which it was opened (ID-REG-09).
func (e *Enrolments) FollowRegistrationLink(ctx context.Context, link string) (token string, err error) {
	token = crypt.Token()
	err = e.withLink(ctx, ActRegistration, link, func(tx *db.Tx, subject string) error {
		n, err := tx.Exec(ctx, `UPDATE enrol.registration SET state = 'password', email_confirmed = true, token_hash = $2
			WHERE id = $1 AND state = 'link' AND expires_at > $3`, subject, crypt.HashToken(token), e.Clock.Now())
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

// Password is a new password as typed.
type Password struct {
	Password, Repeat string
}

func (p Password) check() error {
	if p.Password != p.Repeat { // ID-REG-11
		return fault.Invalid("enrol.password_differs", fault.F("password2", "enrol.password_differs"))
	}
	return nil
}

// Entry is a sign-in that a flow ended with.
type Entry struct {
	OID     person.OID
	Token   string // for the session cookie
	Session *session.Session
}

// FinishRegistration makes the simplified account and signs in (ID-REG-16,
// ID-REG-18). When somebody else has confirmed the contact meanwhile: fault
// Conflict person.contact_taken, which is no disclosure, since control was proved.
func (e *Enrolments) FinishRegistration(ctx context.Context, token string, p Password, visit session.Visit) (*Entry, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var r *registrationRow
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = e.findRegistration(ctx, tx, token, ""); return err })
	if err != nil {
		return nil, err
	}
	if err := mayFinish(r); err != nil {
		return nil, err
	}
	h, err := e.Credentials.Hash(ctx, p.Password, r.a.Surname, r.a.Given, r.a.Phone, emailName(r.a.Email))
	if err != nil {
		return nil, err
	}
	var out *Entry
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := e.findRegistration(ctx, tx, token, " FOR UPDATE")
		if err != nil {
			return err
		}
		if err := mayFinish(r); err != nil {
			return err
		}
		oid, err := e.createAccount(ctx, tx, r.a, r.a.Phone != "", r.EmailConfirmed, r.ID)
		if err != nil {
			return err
		}
		if err := e.Credentials.SetPassword(ctx, tx, oid, h); err != nil {
			return err
		}
		if err := e.agree(ctx, tx, oid, r.ConsentVersion, r.a.Locale, "site", r.ConsentAt); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE enrol.registration SET state = 'done', oid = $2, sealed = NULL WHERE id = $1`, r.ID, oid); err != nil {
			return fmt.Errorf("end registration: %w", err)
		}
		device := session.DeviceName(visit.UserAgent)
		if err := e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.Registered, Address: visit.Network, Device: device}); err != nil {
			return err
		}
		if err := e.Notices.Tell(ctx, tx, oid, "registered"); err != nil {
			return err
		}
		out = &Entry{OID: oid}
		out.Token, out.Session, err = e.Sessions.Open(ctx, tx, session.Opening{
			OID: oid, Level: person.Simplified, AMR: []string{session.AMRPassword}, Visit: visit,
		})
		return err
	})
	return out, err
}

func mayFinish(r *registrationRow) error {
	switch Step(r.State) {
	case StepPassword:
		return nil
	case StepDone:
		return fault.Conflict("enrol.registration_done")
	}
	return fault.Conflict("enrol.step_over")
}

// createAccount makes the account with its contacts. An e-mail that is confirmed
// later points its link at the account from now on.
func (e *Enrolments) createAccount(ctx context.Context, tx *db.Tx, a *applicant, phoneProved, emailProved bool, attempt string) (person.OID, error) {
	oid, err := e.Persons.Create(ctx, tx, person.New{Surname: a.Surname, Given: a.Given, Patronymic: a.Patronymic, Locale: a.Locale})
	if err != nil {
		return 0, err
	}
	for _, c := range []struct {
		kind   person.ContactKind
		value  string
		proved bool
	}{{person.Phone, a.Phone, phoneProved}, {person.Email, a.Email, emailProved}} {
		if c.value == "" {
			continue
		}
		added, err := e.Persons.AddContact(ctx, tx, oid, c.kind, c.value)
		if err != nil {
			return 0, err
		}
		if !c.proved {
			continue
		}
		if c.kind == person.Email && phoneProved {
			// The phone carries the account; an e-mail that somebody else has
			// confirmed meanwhile must not stop it.
			owner, err := e.Persons.FindByLoginTx(ctx, tx, person.LoginEmail, c.value)
			if err != nil {
				return 0, err
			}
			if owner != nil {
				continue
			}
		}
		if _, err := e.Persons.ConfirmContact(ctx, tx, oid, added.ID); err != nil {
			return 0, err
		}
	}
	if a.Email == "" || emailProved {
		return oid, nil
	}
	_, err = tx.Exec(ctx, `UPDATE enrol.challenge SET subject = $3 WHERE act = $1 AND subject = $2 AND link`,
		ActEmail, attempt, person.FormatOID(oid))
	return oid, err
}

// agree records the consent to the processing of personal data (ID-REG-19).
func (e *Enrolments) agree(ctx context.Context, tx *db.Tx, oid person.OID, version, locale, channel string, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO enrol.agreement (id, oid, kind, version, locale, channel, at) VALUES ($1, $2, 'processing', $3, $4, $5, $6)`,
		db.NewID(), oid, version, locale, channel, at)
	if err != nil {
		return fmt.Errorf("record consent: %w", err)
	}
	return nil
}

// Agreement is the record of a consent to the processing.
type Agreement struct {
	Version string    `db:"version"`
	Locale  string    `db:"locale"`
	Channel string    `db:"channel"` // site or centre
	At      time.Time `db:"at"`
}

// Agreements lists a person's consents to the processing, the newest first.
func (e *Enrolments) Agreements(ctx context.Context, oid person.OID) ([]Agreement, error) {
	var out []Agreement
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Agreement](ctx, tx, `SELECT version, locale, channel, at FROM enrol.agreement WHERE oid = $1 ORDER BY at DESC LIMIT 50`, oid)
		return err
	})
	return out, err
}

// emailName is the part of an address that somebody may think a good password.
func emailName(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name
}

// readApplication checks all fields and normalises them.
func readApplication(in Application, policy setting.ContactPolicy) (*applicant, error) {
	a := &applicant{Locale: in.Locale}
	if a.Locale != "tt" && a.Locale != "en" {
		a.Locale = "ru"
	}
	var bad []fault.Field
	a.Surname, bad = readName(bad, "surname", in.Surname, true)
	a.Given, bad = readName(bad, "name", in.Given, true)
	a.Patronymic, bad = readName(bad, "patronymic", in.Patronymic, false)
	if strings.TrimSpace(in.Phone) != "" {
		p, err := ruid.ParseMobile(in.Phone)
		if err != nil {
			bad = append(bad, fault.F("phone", "enrol.phone_format"))
		}
		a.Phone = string(p)
	}
	if strings.TrimSpace(in.Email) != "" {
		m, err := ruid.ParseEmail(in.Email)
		if err != nil {
			bad = append(bad, fault.F("email", "enrol.email_format"))
		}
		a.Email = string(m)
	}
	noPhone, noEmail := strings.TrimSpace(in.Phone) == "", strings.TrimSpace(in.Email) == ""
	switch {
	case policy == setting.ContactAny && noPhone && noEmail:
		bad = append(bad, fault.F("phone", "enrol.contact_missing"), fault.F("email", "enrol.contact_missing"))
	case policy != setting.ContactAny && noPhone:
		bad = append(bad, fault.F("phone", "enrol.phone_missing"))
	}
	if policy == setting.ContactBoth && noEmail {
		bad = append(bad, fault.F("email", "enrol.email_missing"))
	}
	if !in.Consent {
		bad = append(bad, fault.F("consent", "enrol.consent_missing"))
	}
	if len(bad) > 0 {
		return nil, fault.Invalid("enrol.form_invalid", bad...)
	}
	return a, nil
}

const maxName = 100

// readName takes a part of a name as people write it: letters of one script or
// another, spaces, hyphens, apostrophes, a dot («оглы», «Мамин-Сибиряк», «О'Нил»).
func readName(bad []fault.Field, field, s string, required bool) (string, []fault.Field) {
	s = strings.Join(strings.Fields(s), " ")
	switch {
	case s == "" && required:
		return s, append(bad, fault.F(field, "enrol."+field+"_missing"))
	case s == "":
		return s, bad
	case utf8.RuneCountInString(s) > maxName:
		return s, append(bad, fault.F(field, "enrol.name_long"))
	}
	if key := judgeName(s); key != "" {
		return s, append(bad, fault.F(field, key))
	}
	return s, bad
}

// judgeName returns the message key of what is wrong with a part of a name; empty
// when nothing is. A word in two alphabets is a slip of the keyboard layout that
// nobody sees: no register and no operator would find the person by it.
func judgeName(s string) string {
	const mostMarks = 2 // on one letter; more only cover the lines around
	letters, marks, cyrillic, latin := 0, 0, false, false
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Cyrillic, r) && unicode.IsLetter(r):
			cyrillic = true
		case unicode.Is(unicode.Latin, r) && unicode.IsLetter(r):
			latin = true
		case unicode.Is(unicode.Mn, r):
			if marks++; letters == 0 || marks > mostMarks {
				return "enrol.name_format"
			}
			continue
		case strings.ContainsRune("'’ʼ.", r):
			continue
		case r == ' ', r == '-':
			cyrillic, latin = false, false
			continue
		default:
			return "enrol.name_format"
		}
		letters++
		marks = 0
		if cyrillic && latin {
			return "enrol.name_mixed"
		}
	}
	if letters == 0 {
		return "enrol.name_format"
	}
	return ""
}
