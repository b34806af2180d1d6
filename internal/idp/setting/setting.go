// Package setting holds what an administrator of the identity provider may
// change while it runs: typed, versioned, each change with who and why. The
// binding decisions C-* and G-* are the first values ([Default]); what is not
// stored keeps its default, so that a new field needs no migration.
package setting

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema setting.
func Migrations() db.Source { return db.Source{Context: "setting", FS: migrations, Tables: tables} }

// ContactPolicy says which contacts registration asks for (C-01).
type ContactPolicy string

// The contact policies.
const (
	ContactAny   ContactPolicy = "any"
	ContactPhone ContactPolicy = "phone"
	ContactBoth  ContactPolicy = "both"
)

// PasswordPolicy is one of the two profiles of C-03.
type PasswordPolicy string

// The password policies.
const (
	PasswordStrict        PasswordPolicy = "strict"         // four classes
	PasswordNoPunctuation PasswordPolicy = "no_punctuation" // three classes
)

// Duration is a time.Duration that JSON shows as text, such as "5m0s".
type Duration time.Duration

// D is the value as the time package wants it.
func (d Duration) D() time.Duration { return time.Duration(d) }

// MarshalText writes "30m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.D().String()), nil }

// UnmarshalText reads "30m".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Values are all settings.
type Values struct {
	Contacts       ContactPolicy  `json:"contacts"`
	Password       PasswordPolicy `json:"password"`
	CodeLife       Duration       `json:"code_life"`       // G-20
	CodeTries      int            `json:"code_tries"`      // G-20
	CodePause      Duration       `json:"code_pause"`      // between two codes of one act
	CodesPerHour   int            `json:"codes_per_hour"`  // to one contact
	LinkLife       Duration       `json:"link_life"`       // G-20
	AttemptLife    Duration       `json:"attempt_life"`    // an unfinished registration or recovery
	SessionIdle    Duration       `json:"session_idle"`    // G-20
	SessionLife    Duration       `json:"session_life"`    // G-20
	FreshAuth      Duration       `json:"fresh_auth"`      // how old a sign-in may be for a change of security (ID-SEC-13)
	TemporaryLife  Duration       `json:"temporary_life"`  // temporary password: G-39
	FreeFailures   int            `json:"free_failures"`   // wrong passwords before the first pause: G-21
	FirstPause     Duration       `json:"first_pause"`     // doubles with each failure
	LongestPause   Duration       `json:"longest_pause"`   // never a lock-out for good
	CheckTerm      Duration       `json:"check_term"`      // C-07
	JournalTerm    Duration       `json:"journal_term"`    // G-22
	RemindDeletion Duration       `json:"remind_deletion"` // age of an unfinished registration when it is erased
	// Verifier names, by code, what people call the registers now (C-08, C-65).
	Verifiers map[string]string `json:"verifiers"`
	// Operator of the identity provider, named on the page «О системе» (ID-SSO-06).
	Operator string `json:"operator"`
}

const day = 24 * time.Hour

// Default are the binding decisions.
func Default() Values {
	return Values{
		Contacts: ContactAny, Password: PasswordStrict,
		CodeLife: Duration(5 * time.Minute), CodeTries: 5, CodePause: Duration(time.Minute), CodesPerHour: 6,
		LinkLife: Duration(day), AttemptLife: Duration(day),
		SessionIdle: Duration(30 * time.Minute), SessionLife: Duration(12 * time.Hour), FreshAuth: Duration(10 * time.Minute),
		TemporaryLife: Duration(day),
		FreeFailures:  5, FirstPause: Duration(5 * time.Second), LongestPause: Duration(15 * time.Minute),
		CheckTerm: Duration(5 * day), JournalTerm: Duration(3 * 365 * day), RemindDeletion: Duration(30 * day),
		Verifiers: map[string]string{"mvd": "МВД России", "sfr": "Социальный фонд России", "centre": "Центр обслуживания"},
		Operator:  "Оператор единой системы идентификации",
	}
}

// Settings reads and changes them.
type Settings struct {
	DB    *db.DB
	Clock *clock.Clock

	mu      sync.Mutex
	read    time.Time
	cache   *Values
	reading bool
}

// freshness is how long a process may act on settings that another changed.
const freshness = 2 * time.Second

// Get returns the settings in force. When the database does not answer, the
// last known ones stay in force. One caller at a time reads them anew, the others
// go on with what is known: they may hold a transaction, and must not wait for
// somebody who waits for a connection.
func (s *Settings) Get(ctx context.Context) (Values, error) {
	now := s.Clock.Wall() // a cache ages by the wall, however domain time jumps
	s.mu.Lock()
	known := s.cache
	if known != nil && (s.reading || now.Sub(s.read) < freshness) {
		s.mu.Unlock()
		return *known, nil
	}
	s.reading = true
	s.mu.Unlock()
	v := Default()
	err := s.DB.Aside(ctx, func(tx *db.Tx) error {
		raw, err := db.Find[[]byte](ctx, tx, `SELECT value FROM setting.version ORDER BY version DESC LIMIT 1`)
		if err != nil || raw == nil {
			return err
		}
		return json.Unmarshal(*raw, &v)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading = false
	if err != nil {
		if known != nil {
			return *known, nil
		}
		return Values{}, fmt.Errorf("read settings: %w", err)
	}
	s.cache, s.read = &v, now
	return v, nil
}

// Change is one stored version.
type Change struct {
	Version int       `db:"version"`
	Actor   string    `db:"actor"`
	Reason  string    `db:"reason"`
	At      time.Time `db:"at"`
}

// Update changes the settings by edit and stores the result as a new version
// with the administrator's oid and reason. Values out of their range are a
// fault Invalid setting.out_of_range.
func (s *Settings) Update(ctx context.Context, actor, reason string, edit func(*Values)) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.UpdateTx(ctx, tx, actor, reason, edit) })
	s.Forget()
	return err
}

// Forget makes the next reader of this process look at the database: for whoever
// changed settings in a transaction of his own.
func (s *Settings) Forget() {
	s.mu.Lock()
	s.cache = nil
	s.mu.Unlock()
}

// UpdateTx is [Settings.Update] in the caller's transaction; call
// [Settings.Forget] after its commit.
func (s *Settings) UpdateTx(ctx context.Context, tx *db.Tx, actor, reason string, edit func(*Values)) error {
	if reason == "" {
		return fault.Invalid("setting.reason_missing", fault.F("reason", "setting.reason_missing"))
	}
	v, version := Default(), 0
	row, err := db.Find[struct {
		Version int    `db:"version"`
		Value   []byte `db:"value"`
	}](ctx, tx, `SELECT version, value FROM setting.version ORDER BY version DESC LIMIT 1`)
	if err != nil {
		return err
	}
	if row != nil {
		version = row.Version
		if err := json.Unmarshal(row.Value, &v); err != nil {
			return err
		}
	}
	edit(&v)
	if err := v.check(); err != nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO setting.version (version, value, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`,
		version+1, raw, actor, reason, s.Clock.Now())
	if db.IsUnique(err, "") {
		return fault.Conflict("setting.changed_meanwhile").Wrap(err)
	}
	return err
}

// History lists the changes, the newest first, at most 200.
func (s *Settings) History(ctx context.Context) ([]Change, error) {
	var out []Change
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Change](ctx, tx, `SELECT version, actor, reason, at FROM setting.version ORDER BY version DESC LIMIT 200`)
		return err
	})
	return out, err
}

func (v *Values) check() error {
	var bad []fault.Field
	between := func(name string, d Duration, low, high time.Duration) {
		if d.D() < low || d.D() > high {
			bad = append(bad, fault.F(name, "setting.out_of_range", "low", low.String(), "high", high.String()))
		}
	}
	count := func(name string, n, low, high int) {
		if n < low || n > high {
			bad = append(bad, fault.F(name, "setting.out_of_range", "low", low, "high", high))
		}
	}
	if v.Contacts != ContactAny && v.Contacts != ContactPhone && v.Contacts != ContactBoth {
		bad = append(bad, fault.F("contacts", "setting.unknown_choice"))
	}
	if v.Password != PasswordStrict && v.Password != PasswordNoPunctuation {
		bad = append(bad, fault.F("password", "setting.unknown_choice"))
	}
	between("code_life", v.CodeLife, time.Minute, 10*time.Minute) // at most ten: ASVS 5.0, 6.5.5
	between("code_pause", v.CodePause, 10*time.Second, 10*time.Minute)
	between("link_life", v.LinkLife, 10*time.Minute, 7*day)
	between("attempt_life", v.AttemptLife, time.Hour, 30*day)
	between("session_idle", v.SessionIdle, 5*time.Minute, 4*time.Hour)
	between("session_life", v.SessionLife, 30*time.Minute, day)
	between("fresh_auth", v.FreshAuth, time.Minute, time.Hour)
	between("temporary_life", v.TemporaryLife, time.Hour, 7*day)
	between("first_pause", v.FirstPause, time.Second, time.Minute)
	between("longest_pause", v.LongestPause, time.Minute, day)
	between("check_term", v.CheckTerm, time.Hour, 30*day)
	between("journal_term", v.JournalTerm, 365*day, 20*365*day)
	between("remind_deletion", v.RemindDeletion, day, 365*day)
	count("code_tries", v.CodeTries, 3, 10)
	count("codes_per_hour", v.CodesPerHour, 2, 30)
	count("free_failures", v.FreeFailures, 3, 20)
	if len(bad) > 0 {
		return fault.Invalid("setting.invalid", bad...)
	}
	return nil
}
