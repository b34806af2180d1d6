// Package credential owns what proves that somebody is the owner of an account:
// password, temporary password, authenticator app. It also slows down guessing.
//
// A wrong guess is counted for the account together with the place it came from:
// a device that signed in to this account before has a count of its own, so that
// a stranger cannot lock the owner out; everybody else shares a count by network
// and one over all networks. After some free failures each further one doubles
// the pause, up to a limit; a right password ends it. Unknown logins are counted
// in the same way and cost the same time, so that nobody learns whether an
// account exists (ID-LOG-10, ID-LOG-22, G-21).
package credential

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/setting"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema credential.
func Migrations() db.Source { return db.Source{Context: "credential", FS: migrations, Tables: tables} }

// Owner tells a person something on all confirmed contacts; notify.Notices is one.
type Owner interface {
	Tell(ctx context.Context, tx *db.Tx, oid int64, key string, args ...any) error
}

// Credentials are the use cases.
type Credentials struct {
	DB        *db.DB
	Clock     *clock.Clock
	Keys      *crypt.Keyring
	Passwords *crypt.Passwords
	Settings  *setting.Settings
	Journal   *journal.Journal
	Owner     Owner
}

// Hashed is a password that passed the policy, ready to be stored.
type Hashed struct{ phc string }

// Hash checks a password against the policy and hashes it: fault Invalid with
// all reasons at the field «password». It takes tens of milliseconds and may wait
// for its turn: call it before the transaction.
func (c *Credentials) Hash(ctx context.Context, password string, personal ...string) (Hashed, error) {
	v, err := c.Settings.Get(ctx)
	if err != nil {
		return Hashed{}, err
	}
	if reasons := CheckPassword(v.Password, password, personal...); len(reasons) > 0 {
		return Hashed{}, passwordFault("password", reasons)
	}
	phc, err := c.Passwords.Hash(ctx, password)
	return Hashed{phc}, err
}

// SetPassword stores a hashed password as the only one.
func (c *Credentials) SetPassword(ctx context.Context, tx *db.Tx, oid person.OID, h Hashed) error {
	return c.store(ctx, tx, oid, h.phc, false, nil)
}

func (c *Credentials) store(ctx context.Context, tx *db.Tx, oid person.OID, phc string, temporary bool, expires *time.Time) error {
	if phc == "" {
		return fmt.Errorf("set password: nothing was hashed")
	}
	_, err := tx.Exec(ctx, `INSERT INTO credential.password (oid, hash, temporary, expires_at, set_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (oid) DO UPDATE SET hash = excluded.hash, temporary = excluded.temporary, expires_at = excluded.expires_at,
		used_at = NULL, set_at = excluded.set_at`, oid, phc, temporary, expires, c.Clock.Now())
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// Temporary is a temporary password on its way to the person (ID-REC-07).
type Temporary struct {
	Password  string // to be sent, never stored or shown to the operator
	ExpiresAt time.Time
	hash      Hashed
}

// NewTemporary makes a temporary password: single use, 24 h (G-39).
func (c *Credentials) NewTemporary(ctx context.Context) (*Temporary, error) {
	v, err := c.Settings.Get(ctx)
	if err != nil {
		return nil, err
	}
	t := &Temporary{Password: generateTemporary(), ExpiresAt: c.Clock.Now().Add(v.TemporaryLife.D())}
	phc, err := c.Passwords.Hash(ctx, t.Password)
	t.hash = Hashed{phc}
	return t, err
}

// SetTemporary replaces the password by a temporary one.
func (c *Credentials) SetTemporary(ctx context.Context, tx *db.Tx, oid person.OID, t *Temporary) error {
	return c.store(ctx, tx, oid, t.hash.phc, true, &t.ExpiresAt)
}

// Try is one attempt to sign in with a password.
type Try struct {
	// OID is the account that the login belongs to; 0: none, which costs the
	// same time and is counted by Login.
	OID      person.OID
	Login    string // kind and normalised value, for counting; only a keyed hash is kept
	Password string
	Device   string // value of the device cookie
	Network  string // client address
	// Refused, if any, runs for an existing account in the transaction that counts
	// its wrong password: a transaction of its own would make a wrong password of
	// somebody known take longer than one of nobody.
	Refused func(ctx context.Context, tx *db.Tx) error
}

// Verdict is the answer to a Try.
type Verdict struct {
	OK bool
	// MustChange: the password was a temporary one and is used up now; the
	// session may only set a new one (session.RestrictedPassword).
	MustChange bool
}

type passwordRow struct {
	Hash      string     `db:"hash"`
	Temporary bool       `db:"temporary"`
	ExpiresAt *time.Time `db:"expires_at"`
	UsedAt    *time.Time `db:"used_at"`
}

// VerifyPassword judges one attempt. Too many failures are fault Limited
// credential.slow_down with the time to wait, before any work is done and
// whether or not the account exists.
func (c *Credentials) VerifyPassword(ctx context.Context, t Try) (Verdict, error) {
	places := c.places(ctx, t.OID, t.Login, t.Device, t.Network)
	if err := c.mayTry(ctx, places); err != nil {
		return Verdict{}, err
	}
	var row *passwordRow
	// Asked for nobody too: an unknown login must not answer sooner.
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[passwordRow](ctx, tx, `SELECT hash, temporary, expires_at, used_at FROM credential.password WHERE oid = $1`, t.OID)
		return err
	})
	if err != nil {
		return Verdict{}, fmt.Errorf("verify password: %w", err)
	}
	hash := ""
	if row != nil && len(t.Password) <= MaxLength {
		hash = row.Hash
	}
	ok, err := c.Passwords.Verify(ctx, t.Password, hash)
	if err != nil {
		return Verdict{}, err
	}
	now := c.Clock.Now()
	if ok && row.Temporary && (row.UsedAt != nil || row.ExpiresAt == nil || !now.Before(*row.ExpiresAt)) {
		ok = false
	}
	verdict := Verdict{OK: ok}
	err = c.DB.InTx(ctx, func(tx *db.Tx) error {
		verdict = Verdict{OK: ok}
		// Whoever came here together with others may not try any more by now: many
		// guesses at once are worth no more than the same guesses one by one. Right
		// and wrong ones are refused alike.
		if err := c.inTurn(ctx, tx, places); err != nil {
			return err
		}
		if !ok {
			return c.refused(ctx, tx, t, places)
		}
		if row.Temporary {
			n, err := tx.Exec(ctx, `UPDATE credential.password SET used_at = $2
				WHERE oid = $1 AND hash = $3 AND used_at IS NULL`, t.OID, now, row.Hash)
			if err != nil {
				return err
			}
			if n == 0 { // two equal attempts at once: one wins
				verdict.OK = false
				return c.refused(ctx, tx, t, places)
			}
			verdict.MustChange = true
		}
		return c.succeeded(ctx, tx, t.OID, t.Device, places)
	})
	if err != nil {
		return Verdict{}, fmt.Errorf("verify password: %w", err)
	}
	return verdict, nil
}

func (c *Credentials) refused(ctx context.Context, tx *db.Tx, t Try, places []place) error {
	if err := c.failed(ctx, tx, t.OID, places); err != nil || t.OID == 0 || t.Refused == nil {
		return err
	}
	return t.Refused(ctx, tx)
}

// HasPassword tells whether the account has a password that can be used.
func (c *Credentials) HasPassword(ctx context.Context, tx *db.Tx, oid person.OID) (bool, error) {
	return db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM credential.password WHERE oid = $1
		AND (NOT temporary OR (used_at IS NULL AND expires_at > $2)))`, oid, c.Clock.Now())
}

// Erase removes what a deleted account leaves: wired into person.Persons.OnDelete.
func (c *Credentials) Erase(ctx context.Context, tx *db.Tx, oid person.OID) error {
	for _, table := range []string{"password", "totp", "device"} {
		if _, err := tx.Exec(ctx, `DELETE FROM credential.`+table+` WHERE oid = $1`, oid); err != nil {
			return fmt.Errorf("erase credentials: %w", err)
		}
	}
	return nil
}
