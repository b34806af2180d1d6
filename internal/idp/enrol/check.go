package enrol

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
)

// Result is a register's answer.
type Result string

// The answers. Whatever else happens is an error: the register is away.
const (
	Match    Result = "match"
	Mismatch Result = "mismatch"
	Pending  Result = "pending" // the register works on it; ask again with the same id
)

// Answer of a register. Reason is one of the codes that have a message
// enrol.reason.<code>; an unknown one is shown as enrol.reason.other.
type Answer struct {
	Result Result
	Reason string
}

// DocumentQuery asks МВД about a document (ID-VER-05). ID stays the same when the
// question is repeated.
type DocumentQuery struct {
	ID                         string
	Surname, Given, Patronymic string
	BirthDate                  time.Time
	Type                       person.DocumentType
	Document                   person.DocumentData
}

// SNILSQuery asks the Social Fund about an insurance number (ID-VER-06).
type SNILSQuery struct {
	ID                         string
	Surname, Given, Patronymic string
	BirthDate                  time.Time
	Sex                        string
	SNILS                      string
}

// IdentityRegister is МВД's register of documents.
type IdentityRegister interface {
	CheckDocument(ctx context.Context, q DocumentQuery) (Answer, error)
}

// PensionRegister is the Social Fund's register of insured persons.
type PensionRegister interface {
	CheckSNILS(ctx context.Context, q SNILSQuery) (Answer, error)
}

// INNQuery asks the Tax Service whether a taxpayer's number is this person's.
type INNQuery struct {
	ID                         string
	Surname, Given, Patronymic string
	BirthDate                  time.Time
	INN                        string // 12 digits
}

// TaxRegister is the Tax Service's register of natural persons.
type TaxRegister interface {
	CheckINN(ctx context.Context, q INNQuery) (Answer, error)
}

// The registers' codes, in rows and messages.
const (
	RegisterMVD = "mvd"
	RegisterSFR = "sfr"
	RegisterFNS = "fns"
)

// CheckState is how far one question to a register has come.
type CheckState string

// The states of a check.
const (
	CheckWaiting    CheckState = "waiting" // will be asked
	CheckAsked      CheckState = "asked"   // asked, the answer is awaited
	CheckMatched    CheckState = "matched"
	CheckMismatched CheckState = "mismatched"
	CheckUnanswered CheckState = "unanswered" // no answer within the term
	CheckSuperseded CheckState = "superseded"
)

// Check is one question to one register.
type Check struct {
	ID         string     `db:"id"`
	OID        person.OID `db:"oid"`
	Version    *int       `db:"version"`
	DocumentID *string    `db:"document_id"`
	Register   string     `db:"register"`
	State      CheckState `db:"state"`
	Reason     string     `db:"reason"` // code, with mismatched
	Attempts   int        `db:"attempts"`
	Away       bool       `db:"away"` // the last attempt got no answer
	CreatedAt  time.Time  `db:"created_at"`
	AskedAt    *time.Time `db:"asked_at"` // when it was first sent
	NextAt     time.Time  `db:"next_at"`
	DueAt      time.Time  `db:"due_at"` // the answer is here by then, or the check ends
	AnsweredAt *time.Time `db:"answered_at"`
}

const checkColumns = `id::text, oid, version, document_id::text, register, state, reason, attempts, away, created_at, asked_at, next_at, due_at, answered_at`

func (c *Check) open() bool { return c.State == CheckWaiting || c.State == CheckAsked }

// maxSendsPerDay bounds how often a person may ask the registers: they must not
// become a way to try out strangers' data.
const maxSendsPerDay = 10

// SubmitForm checks the form, keeps it, and asks both registers (ID-VER-04). The
// same data sent again while they are being checked change nothing.
func (e *Enrolments) SubmitForm(ctx context.Context, oid person.OID, f Form, visit session.Visit) error {
	d, invalid := f.Read(e.today())
	return firstOf(e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := e.saveForm(ctx, tx, oid, f); err != nil {
			return err
		}
		if invalid != nil {
			return nil
		}
		last, err := e.Persons.LatestVersion(ctx, tx, oid)
		if err != nil {
			return err
		}
		if last != nil && last.Data == d && (last.State == person.VersionChecking || last.State == person.VersionVerified) {
			return nil
		}
		sent, err := db.Get[int](ctx, tx, `SELECT count(DISTINCT version)::int FROM enrol.check WHERE oid = $1 AND version IS NOT NULL AND created_at > $2`,
			oid, e.Clock.Now().Add(-24*time.Hour))
		if err != nil {
			return fmt.Errorf("count checks: %w", err)
		}
		if sent >= maxSendsPerDay {
			return fault.Limited("enrol.too_many_checks", 24*time.Hour)
		}
		number, err := e.Persons.Enter(ctx, tx, oid, d, "self")
		if err != nil {
			return err
		}
		err = e.Journal.Write(ctx, tx, journal.Entry{
			OID: oid, Kind: journal.DataSent, Address: visit.Network, Device: session.DeviceName(visit.UserAgent),
		})
		if err != nil {
			return err
		}
		return e.startChecks(ctx, tx, oid, number)
	}), invalid)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// startChecks replaces the older questions by two new ones (ID-VER-09).
func (e *Enrolments) startChecks(ctx context.Context, tx *db.Tx, oid person.OID, number int) error {
	_, err := tx.Exec(ctx, `UPDATE enrol.check SET state = 'superseded' WHERE oid = $1 AND version IS NOT NULL AND state IN ('waiting', 'asked')`, oid)
	if err != nil {
		return fmt.Errorf("supersede checks: %w", err)
	}
	for _, register := range []string{RegisterMVD, RegisterSFR} {
		if err := e.startCheck(ctx, tx, Check{OID: oid, Version: &number, Register: register}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Enrolments) startCheck(ctx context.Context, tx *db.Tx, c Check) error {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return err
	}
	id, now := db.NewID(), e.Clock.Now()
	_, err = tx.Exec(ctx, `INSERT INTO enrol.check (id, oid, version, document_id, register, state, created_at, next_at, due_at)
		VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)`,
		id, c.OID, c.Version, c.DocumentID, c.Register, now, now.Add(retryGap), now.Add(v.CheckTerm.D()))
	if err != nil {
		return fmt.Errorf("start check: %w", err)
	}
	if e.Queue == nil {
		return nil
	}
	return e.Queue.Enqueue(ctx, tx, runCheck{ID: id})
}

// CheckStatus is the state of the newest set of data for its page (ID-VER-10, ID-VER-11).
type CheckStatus struct {
	Number int
	State  person.VersionState
	// SentAt is since when, DueAt until when at the latest an answer is awaited.
	SentAt time.Time
	DueAt  time.Time
	Ended  *time.Time
	Checks []Check
}

// Reasons lists why the check failed, as message keys enrol.reason.*.
func (s *CheckStatus) Reasons() []string {
	var out []string
	for _, c := range s.Checks {
		if c.State == CheckMismatched || c.State == CheckUnanswered {
			out = append(out, ReasonKey(c))
		}
	}
	if len(out) == 0 && s.State == person.VersionFailed {
		out = append(out, "enrol.reason.snils_taken")
	}
	return out
}

// ReasonKey is the message of a failed check's reason.
func ReasonKey(c Check) string {
	if c.State == CheckUnanswered {
		return "enrol.reason.unanswered." + c.Register
	}
	if known, ok := reasons[c.Reason]; ok {
		return known
	}
	return "enrol.reason.other." + c.Register
}

// reasons of both registers, by the codes of their protocols.
var reasons = map[string]string{
	"DOCUMENT_NOT_FOUND": "enrol.reason.document_not_found",
	"DOCUMENT_INVALID":   "enrol.reason.document_invalid",
	"ISSUE_DIFFERS":      "enrol.reason.issue_differs",
	"SNILS_NOT_FOUND":    "enrol.reason.snils_not_found",
	"INN_NOT_FOUND":      "enrol.reason.inn_not_found",
	"NAME_DIFFERS":       "enrol.reason.name_differs",
	"BIRTH_DATE_DIFFERS": "enrol.reason.birth_date_differs",
}

// Status returns the check of the newest data; nil when the form was never sent.
func (e *Enrolments) Status(ctx context.Context, oid person.OID) (*CheckStatus, error) {
	var out *CheckStatus
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		v, err := e.Persons.LatestVersion(ctx, tx, oid)
		if err != nil || v == nil {
			return err
		}
		out = &CheckStatus{Number: v.Number, State: v.State, SentAt: v.EnteredAt, Ended: v.EndedAt}
		out.Checks, err = e.checksOf(ctx, tx, oid, v.Number, "")
		for _, c := range out.Checks {
			if c.DueAt.After(out.DueAt) {
				out.DueAt = c.DueAt
			}
		}
		return err
	})
	return out, err
}

func (e *Enrolments) checksOf(ctx context.Context, tx *db.Tx, oid person.OID, number int, suffix string) ([]Check, error) {
	out, err := db.List[Check](ctx, tx, `SELECT `+checkColumns+` FROM enrol.check WHERE oid = $1 AND version = $2 ORDER BY register LIMIT 10`+suffix, oid, number)
	if err != nil {
		return nil, fmt.Errorf("list checks: %w", err)
	}
	return out, nil
}

// runCheck are the arguments of the job enrol.check.
type runCheck struct {
	ID string `json:"id"`
}

// Kind names the job.
func (runCheck) Kind() string { return "enrol.check" }

// retryGap is the first pause; it is also what a fresh check's own job gets
// before the sweep asks in its place.
const retryGap = time.Minute

// retryPause grows from a minute to four hours, so that a register that was away
// for a night is asked soon after it is back, and never flooded.
func retryPause(attempts int) time.Duration {
	steps := []time.Duration{
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	}
	if attempts < len(steps) {
		return steps[attempts]
	}
	return 4 * time.Hour
}

// runCheck asks a register once and records the answer. No answer is no error of
// the job: the row says when to ask again, by domain time.
func (e *Enrolments) runCheck(ctx context.Context, a runCheck) error {
	var c *Check
	var ask func(ctx context.Context) (Answer, error)
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = db.Find[Check](ctx, tx, `SELECT `+checkColumns+` FROM enrol.check WHERE id = $1`, a.ID)
		if err != nil || c == nil || !c.open() {
			return err
		}
		ask, err = e.question(ctx, tx, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("prepare check: %w", err)
	}
	if c == nil || !c.open() {
		return nil
	}
	got, err := ask(ctx)
	open := err != nil || got.Result == Pending
	over := open && !e.Clock.Now().Before(c.DueAt)
	if open && !over {
		return e.askAgain(ctx, c, err != nil)
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.answer(ctx, tx, c.ID, got, over) })
}

// question reads what is to be asked; the asking itself is outside of the database.
func (e *Enrolments) question(ctx context.Context, tx *db.Tx, c *Check) (func(context.Context) (Answer, error), error) {
	if c.DocumentID != nil {
		return e.documentQuestion(ctx, tx, c)
	}
	v, err := e.Persons.GetVersion(ctx, tx, c.OID, *c.Version)
	if err != nil {
		return nil, err
	}
	if c.Register == RegisterSFR {
		q := SNILSQuery{
			ID: c.ID, Surname: v.Surname, Given: v.Given, Patronymic: v.Patronymic, BirthDate: v.BirthDate, Sex: v.Sex, SNILS: v.SNILS,
		}
		return func(ctx context.Context) (Answer, error) { return e.Pension.CheckSNILS(ctx, q) }, nil
	}
	q := DocumentQuery{
		ID: c.ID, Surname: v.Surname, Given: v.Given, Patronymic: v.Patronymic, BirthDate: v.BirthDate, Type: v.DocumentType, Document: v.Document,
	}
	return func(ctx context.Context) (Answer, error) { return e.Identity.CheckDocument(ctx, q) }, nil
}

// askAgain notes that a question was sent and has no answer yet.
func (e *Enrolments) askAgain(ctx context.Context, c *Check, away bool) error {
	now := e.Clock.Now()
	next := now.Add(retryPause(c.Attempts))
	if next.After(c.DueAt) {
		next = c.DueAt
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE enrol.check SET state = 'asked', attempts = attempts + 1, away = $2, asked_at = coalesce(asked_at, $3), next_at = $4
			WHERE id = $1 AND state IN ('waiting', 'asked')`, c.ID, away, now, next)
		return err
	})
}

// sweepChecks enqueues the questions whose time has come.
func (e *Enrolments) sweepChecks(ctx context.Context) (int, error) {
	n := 0
	err := e.DB.InTx(ctx, func(tx *db.Tx) error {
		now := e.Clock.Now()
		ids, err := db.List[string](ctx, tx, `UPDATE enrol.check SET next_at = $2 WHERE id IN
			(SELECT id FROM enrol.check WHERE state IN ('waiting', 'asked') AND next_at <= $1 ORDER BY next_at LIMIT 200 FOR UPDATE SKIP LOCKED)
			RETURNING id::text`, now, now.Add(retryGap))
		if err != nil {
			return err
		}
		n = len(ids)
		for _, id := range ids {
			if err := e.Queue.Enqueue(ctx, tx, runCheck{ID: id}, job.Unique()); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// answer records a register's answer, or that the term is over, and draws the
// consequences. A second answer to the same question does nothing.
func (e *Enrolments) answer(ctx context.Context, tx *db.Tx, id string, a Answer, over bool) error {
	c, err := db.Get[Check](ctx, tx, `SELECT `+checkColumns+` FROM enrol.check WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("answer check: %w", err)
	}
	if c.DocumentID != nil {
		return e.answerDocument(ctx, tx, id, a, over)
	}
	// Both rows at once: two answers must see each other.
	all, err := e.checksOf(ctx, tx, c.OID, *c.Version, " FOR UPDATE")
	if err != nil {
		return err
	}
	matched := 0
	for i := range all {
		if all[i].ID == id {
			if !all[i].open() {
				return nil
			}
			if err := e.recordAnswer(ctx, tx, &all[i], a, over); err != nil {
				return err
			}
			c = all[i]
		}
		if all[i].State == CheckMatched {
			matched++
		}
	}
	v, err := e.Persons.GetVersion(ctx, tx, c.OID, *c.Version)
	if err != nil {
		return err
	}
	switch {
	case v.State != person.VersionChecking: // the other answer has ended it already
		return nil
	case c.State != CheckMatched:
		return e.failVersion(ctx, tx, c.OID, *c.Version, ReasonKey(c))
	case matched == len(all):
		return e.verifyVersion(ctx, tx, v)
	}
	return nil
}

// recordAnswer ends one question and writes the journal of requests (ID-VER-18).
func (e *Enrolments) recordAnswer(ctx context.Context, tx *db.Tx, c *Check, a Answer, over bool) error {
	now := e.Clock.Now()
	switch {
	case over:
		c.State = CheckUnanswered
	case a.Result == Match:
		c.State = CheckMatched
	default:
		c.State, c.Reason = CheckMismatched, a.Reason
	}
	_, err := tx.Exec(ctx, `UPDATE enrol.check SET state = $2, reason = $3, attempts = attempts + 1, away = $4,
		asked_at = coalesce(asked_at, $5), answered_at = $5 WHERE id = $1`, c.ID, c.State, c.Reason, over, now)
	if err != nil {
		return fmt.Errorf("record answer: %w", err)
	}
	purpose := "identity_document"
	switch {
	case c.Register == RegisterSFR:
		purpose = "snils"
	case c.DocumentID != nil:
		purpose = "document"
	}
	return e.Journal.Write(ctx, tx, journal.Entry{
		OID: c.OID, Kind: journal.ExchangeRequest, Actor: "system", Once: "check:" + c.ID,
		Details: map[string]string{"agency": c.Register, "purpose": purpose, "result": string(c.State)},
	})
}

func (e *Enrolments) failVersion(ctx context.Context, tx *db.Tx, oid person.OID, number int, reason string) error {
	if err := e.Persons.Fail(ctx, tx, oid, number); err != nil {
		return err
	}
	err := e.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.CheckEnded, Actor: "system", Details: map[string]string{"result": "failed", "reason": reason}})
	if err != nil {
		return err
	}
	return e.Notices.Tell(ctx, tx, oid, "check_failed", "reason", notify.Key(reason))
}

// verifyVersion puts the data in force (ID-VER-07). SNILS of another verified
// account ends the check without success and tells that account's owner (ID-REG-22).
func (e *Enrolments) verifyVersion(ctx context.Context, tx *db.Tx, v *person.Version) error {
	owner, err := e.Persons.SNILSOwner(ctx, tx, v.SNILS)
	if err != nil {
		return err
	}
	if owner != nil && *owner != v.OID {
		once := "snils_tried:" + person.FormatOID(*owner) + ":" + e.today().Format("20060102")
		if err := e.Notices.TellOnce(ctx, tx, once, *owner, "snils_tried"); err != nil {
			return err
		}
		return e.failVersion(ctx, tx, v.OID, v.Number, "enrol.reason.snils_taken")
	}
	who, err := e.Persons.GetTx(ctx, tx, v.OID)
	if err != nil {
		return err
	}
	if err := e.Persons.Verify(ctx, tx, v.OID, v.Number, "registers", RegisterMVD); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM enrol.form WHERE oid = $1`, v.OID); err != nil {
		return fmt.Errorf("end form: %w", err)
	}
	err = e.Journal.Write(ctx, tx, journal.Entry{OID: v.OID, Kind: journal.CheckEnded, Actor: "system", Details: map[string]string{"result": "verified"}})
	if err != nil {
		return err
	}
	if err := e.checkEntered(ctx, tx, v.OID); err != nil {
		return err
	}
	if who.Level >= person.Standard {
		return e.Notices.Tell(ctx, tx, v.OID, "data_verified")
	}
	err = e.Journal.Write(ctx, tx, journal.Entry{OID: v.OID, Kind: journal.LevelRaised, Actor: "system", Details: map[string]string{"level": person.Standard.String()}})
	if err != nil {
		return err
	}
	return e.Notices.Tell(ctx, tx, v.OID, "level_standard")
}

// Overdue lists questions that got no answer within the term in the last month:
// the alarm for the operator of the system (C-07).
func (e *Enrolments) Overdue(ctx context.Context) ([]Check, error) {
	var out []Check
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Check](ctx, tx, `SELECT `+checkColumns+` FROM enrol.check WHERE created_at > $1
			AND state IN ('waiting', 'asked', 'unanswered') AND (state = 'unanswered' OR due_at <= $2) ORDER BY created_at DESC LIMIT 200`,
			e.Clock.Now().Add(-30*24*time.Hour), e.Clock.Now())
		return err
	})
	return out, err
}
