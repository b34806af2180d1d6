package enrol

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema enrol.
func Migrations() db.Source { return db.Source{Context: "enrol", FS: migrations, Tables: tables} }

// ConsentVersion names the text of the consent to the processing of personal
// data, own and of one's children (ID-REG-19). A changed text gets a new name.
const ConsentVersion = "2026-11.2"

// Enrolments are the use cases.
type Enrolments struct {
	DB          *db.DB
	Clock       *clock.Clock
	Keys        *crypt.Keyring
	Settings    *setting.Settings
	Journal     *journal.Journal
	Persons     *person.Persons
	Credentials *credential.Credentials
	Sessions    *session.Sessions
	Notices     *notify.Notices
	// Identity and Pension answer the checks; exchange fills them.
	Identity IdentityRegister
	Pension  PensionRegister
	// Tax answers for ИНН; nil: nobody does, and an ИНН stays as entered.
	Tax TaxRegister
	// Queue carries the checks; Work sets it.
	Queue *job.Queue
	// Zone rules legal days: Europe/Moscow.
	Zone *time.Location
}

// Work registers jobs and sweeps.
func (e *Enrolments) Work(q *job.Queue) {
	e.Queue = q
	job.Handle(q, e.runCheck, job.Timeout(30*time.Second))
	q.Sweep("enrol.check", 2*time.Second, e.sweepChecks)
	q.Sweep("enrol.erase", time.Hour, e.eraseOld)
}

// today is the legal day now, as a date at midnight UTC.
func (e *Enrolments) today() time.Time {
	y, m, d := e.Clock.Now().In(e.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func (e *Enrolments) seal(v any, aad string) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // only structs of strings come here
	}
	return e.Keys.Seal(raw, aad)
}

func (e *Enrolments) open(sealed []byte, aad string, v any) error {
	raw, err := e.Keys.Open(sealed, aad)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// bounded counts the attempts of one network in the last hour. A town may sit
// behind one address, so the bound only stops a flood.
func (e *Enrolments) flooded(ctx context.Context, tx *db.Tx, table string, network []byte) (bool, error) {
	const perHour = 300
	n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM enrol.`+table+` WHERE network = $1 AND created_at > $2`,
		network, e.Clock.Now().Add(-time.Hour))
	if err != nil {
		return false, fmt.Errorf("count attempts: %w", err)
	}
	return n >= perHour, nil
}

// eraseOld deletes codes, attempts and recoveries that are long over, and what the
// journal's term has ended for (G-22).
func (e *Enrolments) eraseOld(ctx context.Context) (int, error) {
	v, err := e.Settings.Get(ctx)
	if err != nil {
		return 0, err
	}
	now := e.Clock.Now()
	var total int64
	err = e.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, d := range []struct {
			table string
			age   time.Duration
		}{{"challenge", 7 * 24 * time.Hour}, {"recovery", 7 * 24 * time.Hour}, {"setup", 7 * 24 * time.Hour}, {"registration", v.RemindDeletion.D()}} {
			n, err := tx.Exec(ctx, `DELETE FROM enrol.`+d.table+` WHERE id IN
				(SELECT id FROM enrol.`+d.table+` WHERE expires_at < $1 LIMIT 1000)`, now.Add(-d.age))
			if err != nil {
				return err
			}
			total += n
		}
		// Values of attempts that nobody can continue any more.
		n, err := tx.Exec(ctx, `UPDATE enrol.registration SET sealed = NULL WHERE id IN
			(SELECT id FROM enrol.registration WHERE expires_at <= $1 AND sealed IS NOT NULL LIMIT 1000)`, now)
		total += n
		if err != nil {
			return err
		}
		for _, sql := range []string{
			`DELETE FROM enrol.check WHERE id IN (SELECT id FROM enrol.check WHERE created_at < $1 AND state NOT IN ('waiting', 'asked') LIMIT 1000)`,
			`DELETE FROM enrol.agreement WHERE id IN (SELECT id FROM enrol.agreement WHERE ended_at < $1 LIMIT 1000)`,
		} {
			n, err := tx.Exec(ctx, sql, now.Add(-v.JournalTerm.D()))
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("erase old enrolments: %w", err)
	}
	old, err := e.Persons.EraseOld(ctx, now.Add(-v.JournalTerm.D()))
	return int(total) + old, err
}

// Erase removes what a deleted account leaves: wired into person.Persons.OnDelete.
// Consents to the processing stay as proof, checks without their documents.
func (e *Enrolments) Erase(ctx context.Context, tx *db.Tx, oid person.OID) error {
	if _, err := tx.Exec(ctx, `UPDATE enrol.agreement SET ended_at = $2 WHERE oid = $1 AND ended_at IS NULL`, oid, e.Clock.Now()); err != nil {
		return fmt.Errorf("erase enrolment: %w", err)
	}
	for _, sql := range []string{
		`DELETE FROM enrol.form WHERE oid = $1`,
		`DELETE FROM enrol.recovery WHERE oid = $1`,
		`DELETE FROM enrol.setup WHERE oid = $1`,
		`UPDATE enrol.check SET state = 'superseded' WHERE oid = $1 AND state IN ('waiting', 'asked')`,
		`UPDATE enrol.registration SET sealed = NULL WHERE oid = $1`,
	} {
		if _, err := tx.Exec(ctx, sql, oid); err != nil {
			return fmt.Errorf("erase enrolment: %w", err)
		}
	}
	return nil
}
