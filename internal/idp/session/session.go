// Package session owns sign-ins at the identity provider: one row each, found
// by the hash of a random token that only the browser holds.
//
//	open ──30 min without a request, or 12 h after the sign-in──▶ expired
//	  └──«Выйти», another device, recovery, deletion──▶ ended
//
// A session keeps the level that the account had at the sign-in: a raised level
// works after signing in again (C-53). Callers that act on the level look up the
// account's level at the act and take the lower one ([Session.Effective]).
package session

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema session.
func Migrations() db.Source { return db.Source{Context: "session", FS: migrations, Tables: tables} }

// Authentication methods, as OpenID Connect's amr names them (RFC 8176).
const (
	AMRPassword = "pwd"
	AMROTP      = "otp"
	AMRSMS      = "sms"
)

// RestrictedPassword marks a session that may do nothing but set a new password:
// it was opened with a temporary one (ID-REC-08).
const RestrictedPassword = "password_change"

// Session is one sign-in that lives.
type Session struct {
	ID       string
	OID      person.OID
	Level    person.Level // at the sign-in
	AMR      []string
	AuthAt   time.Time // of the last proof: the sign-in or a repeated one
	OpenedAt time.Time
	SeenAt   time.Time
	// IdleUntil and ExpiresAt say when it ends by itself, for the page that warns.
	IdleUntil  time.Time
	ExpiresAt  time.Time
	Foreign    bool   // «Чужой компьютер»: the cookie dies with the browser
	Restricted string // empty, or RestrictedPassword
	DeviceName string
}

// Effective is the level that this session may act with, given the account's
// level now.
func (s *Session) Effective(now person.Level) person.Level { return min(s.Level, now) }

// ACR tells how strong the sign-in was: "2fa" with two factors, else "1fa".
func (s *Session) ACR() string {
	if slices.Contains(s.AMR, AMROTP) || slices.Contains(s.AMR, AMRSMS) {
		return "2fa"
	}
	return "1fa"
}

// Opening is what a new session is made of.
type Opening struct {
	OID        person.OID
	Level      person.Level
	AMR        []string
	Foreign    bool
	Restricted string
	Visit
}

// Visit is where a request comes from.
type Visit struct {
	Device    string // value of the long-lived device cookie; empty: unknown
	UserAgent string // only a short name of it is kept
	Network   string // client address; only a keyed hash is kept
}

// Sessions are the use cases.
type Sessions struct {
	DB       *db.DB
	Clock    *clock.Clock
	Keys     *crypt.Keyring
	Settings *setting.Settings
	// OnEnd runs in the transaction that ends sessions: back-channel logout
	// hangs in here. ids are the sessions that ended now.
	OnEnd []func(ctx context.Context, tx *db.Tx, oid person.OID, ids []string) error
}

// Open makes a session and returns the token for the browser's cookie. Always a
// fresh token: what the browser sent before the sign-in is never reused.
func (s *Sessions) Open(ctx context.Context, tx *db.Tx, o Opening) (token string, opened *Session, err error) {
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return "", nil, err
	}
	now := s.Clock.Now()
	token = crypt.Token()
	opened = &Session{
		ID: db.NewID(), OID: o.OID, Level: o.Level, AMR: o.AMR, AuthAt: now, OpenedAt: now, SeenAt: now,
		IdleUntil: now.Add(v.SessionIdle.D()), ExpiresAt: now.Add(v.SessionLife.D()),
		Foreign: o.Foreign, Restricted: o.Restricted, DeviceName: DeviceName(o.UserAgent),
	}
	_, err = tx.Exec(ctx, `INSERT INTO session.session (id, oid, token_hash, level, amr, auth_at, opened_at, seen_at, expires_at,
		foreign_computer, restricted, device_hash, device_name, network) VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8, $9, $10, $11, $12)`,
		opened.ID, o.OID, crypt.HashToken(token), o.Level, o.AMR, now, opened.ExpiresAt, o.Foreign, o.Restricted,
		s.Keys.Index("device", o.Device), opened.DeviceName, s.Keys.Index("network", o.Network))
	if err != nil {
		return "", nil, fmt.Errorf("open session: %w", err)
	}
	return token, opened, nil
}

type row struct {
	ID         string     `db:"id"`
	OID        int64      `db:"oid"`
	Level      int16      `db:"level"`
	AMR        []string   `db:"amr"`
	AuthAt     time.Time  `db:"auth_at"`
	OpenedAt   time.Time  `db:"opened_at"`
	SeenAt     time.Time  `db:"seen_at"`
	ExpiresAt  time.Time  `db:"expires_at"`
	Foreign    bool       `db:"foreign_computer"`
	Restricted string     `db:"restricted"`
	DeviceName string     `db:"device_name"`
	EndedAt    *time.Time `db:"ended_at"`
}

const columns = `id::text, oid, level, amr, auth_at, opened_at, seen_at, expires_at, foreign_computer, restricted, device_name, ended_at`

func (r row) session(idle time.Duration) *Session {
	return &Session{
		ID: r.ID, OID: r.OID, Level: person.Level(r.Level), AMR: r.AMR, AuthAt: r.AuthAt, OpenedAt: r.OpenedAt,
		SeenAt: r.SeenAt, IdleUntil: r.SeenAt.Add(idle), ExpiresAt: r.ExpiresAt, Foreign: r.Foreign,
		Restricted: r.Restricted, DeviceName: r.DeviceName,
	}
}

// seenStep is how coarse the last use is kept: a page view must not cost a write.
const seenStep = time.Minute

// ByToken returns the living session of a cookie's token and notes its use; nil,
// without an error, when there is none: unknown, ended, idle too long, too old.
func (s *Sessions) ByToken(ctx context.Context, token string) (*Session, error) {
	if token == "" || len(token) > 128 {
		return nil, nil
	}
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	var found *Session
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := db.Find[row](ctx, tx, `SELECT `+columns+` FROM session.session WHERE token_hash = $1`, crypt.HashToken(token))
		if err != nil || r == nil {
			return err
		}
		found = s.alive(r, v.SessionIdle.D())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if found == nil || s.Clock.Now().Sub(found.SeenAt) < seenStep {
		return found, nil
	}
	found.SeenAt = s.Clock.Now()
	found.IdleUntil = found.SeenAt.Add(v.SessionIdle.D())
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE session.session SET seen_at = greatest(seen_at, $2) WHERE id = $1 AND ended_at IS NULL`, found.ID, found.SeenAt)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("note use of session: %w", err)
	}
	return found, nil
}

// ByID returns a living session, nil when it has ended: for tokens that carry
// the session's id. It does not count as use.
func (s *Sessions) ByID(ctx context.Context, id string) (*Session, error) {
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	var found *Session
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, err := db.Find[row](ctx, tx, `SELECT `+columns+` FROM session.session WHERE id = $1`, id)
		if err != nil || r == nil {
			return err
		}
		found = s.alive(r, v.SessionIdle.D())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get session: %w", err)
	}
	return found, nil
}

func (s *Sessions) alive(r *row, idle time.Duration) *Session {
	now := s.Clock.Now()
	if r.EndedAt != nil || !now.Before(r.ExpiresAt) || !now.Before(r.SeenAt.Add(idle)) {
		return nil
	}
	return r.session(idle)
}

// Fresh tells whether the person proved himself recently enough for a change of
// contacts, password or consents (ID-SEC-13).
func (s *Sessions) Fresh(ctx context.Context, sess *Session) (bool, error) {
	v, err := s.Settings.Get(ctx)
	if err != nil {
		return false, err
	}
	return s.Clock.Now().Sub(sess.AuthAt) < v.FreshAuth.D(), nil
}

// MustBeFresh is a fault Unauthenticated session.not_fresh unless [Sessions.Fresh].
func (s *Sessions) MustBeFresh(ctx context.Context, sess *Session) error {
	ok, err := s.Fresh(ctx, sess)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Unauthenticated("session.not_fresh")
	}
	return nil
}

// LeaveNothing makes a living session end with the browser, when its person says
// only now that the computer is foreign (ID-LOG-11).
func (s *Sessions) LeaveNothing(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.Exec(ctx, `UPDATE session.session SET foreign_computer = true WHERE id = $1 AND ended_at IS NULL`, id); err != nil {
		return fmt.Errorf("mark session of a foreign computer: %w", err)
	}
	return nil
}

// Renew notes a repeated proof of the same person in a living session: a fresh
// auth time, the level of now, and no restriction. The token changes too.
func (s *Sessions) Renew(ctx context.Context, tx *db.Tx, id string, level person.Level, amr []string) (token string, err error) {
	token = crypt.Token()
	n, err := tx.Exec(ctx, `UPDATE session.session SET token_hash = $2, auth_at = $3, seen_at = $3, level = $4, amr = $5, restricted = ''
		WHERE id = $1 AND ended_at IS NULL`, id, crypt.HashToken(token), s.Clock.Now(), level, amr)
	if err != nil {
		return "", fmt.Errorf("renew session: %w", err)
	}
	if n == 0 {
		return "", fault.Unauthenticated("session.ended")
	}
	return token, nil
}
