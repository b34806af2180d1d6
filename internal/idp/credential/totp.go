package credential

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

// step is TOTP's time step (RFC 6238); one step of skew is accepted each way.
const step = 30 * time.Second

func totpAAD(oid person.OID) string { return "credential.totp:" + person.FormatOID(oid) }

// Authenticator is a new secret for an app, shown once.
type Authenticator struct {
	Secret string // base32
	URI    string // otpauth://…, for the QR code
}

// BeginTOTP makes a secret that counts once [Credentials.ConfirmTOTP] saw a
// right code. An authenticator in force stays until then: fault Conflict
// credential.totp_exists asks to remove it first.
func (c *Credentials) BeginTOTP(ctx context.Context, oid person.OID, issuer, account string) (*Authenticator, error) {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw)
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO credential.totp (oid, sealed, created_at) VALUES ($1, $2, $3)
			ON CONFLICT (oid) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at, last_step = 0
			WHERE credential.totp.confirmed_at IS NULL`, oid, c.Keys.Seal([]byte(secret), totpAAD(oid)), c.Clock.Now())
		if err != nil {
			return fmt.Errorf("begin totp: %w", err)
		}
		if n == 0 {
			return fault.Conflict("credential.totp_exists")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newAuthenticator(secret, issuer, account), nil
}

// PendingTOTP is the authenticator that [Credentials.BeginTOTP] made and no code
// has confirmed yet, nil without one: the page that shows it may be opened again.
func (c *Credentials) PendingTOTP(ctx context.Context, oid person.OID, issuer, account string) (*Authenticator, error) {
	var sealed *[]byte
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sealed, err = db.Find[[]byte](ctx, tx, `SELECT sealed FROM credential.totp WHERE oid = $1 AND confirmed_at IS NULL`, oid)
		return err
	})
	if err != nil || sealed == nil {
		return nil, err
	}
	secret, err := c.Keys.Open(*sealed, totpAAD(oid))
	if err != nil {
		return nil, fmt.Errorf("open pending totp: %w", err)
	}
	return newAuthenticator(string(secret), issuer, account), nil
}

func newAuthenticator(secret, issuer, account string) *Authenticator {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "digits": {"6"}, "period": {"30"}, "algorithm": {"SHA1"}}
	uri := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + account, RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}
	return &Authenticator{Secret: secret, URI: uri.String()}
}

// ConfirmTOTP puts the authenticator in force when the code is right: fault
// Invalid credential.code_wrong at the field «code».
func (c *Credentials) ConfirmTOTP(ctx context.Context, oid person.OID, code string) error {
	ok := false
	err := c.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		ok, err = c.useTOTP(ctx, tx, oid, code, false)
		return err
	})
	if err != nil {
		return fmt.Errorf("confirm totp: %w", err)
	}
	if !ok {
		return fault.Invalid("credential.code_wrong", fault.F("code", "credential.code_wrong"))
	}
	return nil
}

// SetTOTP stores a secret in force at once: for seeds and for an administrator
// who hands a new operator the authenticator in person.
func (c *Credentials) SetTOTP(ctx context.Context, tx *db.Tx, oid person.OID, secret string) error {
	_, err := tx.Exec(ctx, `INSERT INTO credential.totp (oid, sealed, created_at, confirmed_at) VALUES ($1, $2, $3, $3)
		ON CONFLICT (oid) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at, confirmed_at = excluded.confirmed_at, last_step = 0`,
		oid, c.Keys.Seal([]byte(secret), totpAAD(oid)), c.Clock.Now())
	if err != nil {
		return fmt.Errorf("set totp: %w", err)
	}
	return nil
}

// RemoveTOTP takes the authenticator away.
func (c *Credentials) RemoveTOTP(ctx context.Context, tx *db.Tx, oid person.OID) error {
	_, err := tx.Exec(ctx, `DELETE FROM credential.totp WHERE oid = $1`, oid)
	return err
}

// HasTOTP tells whether an authenticator is in force.
func (c *Credentials) HasTOTP(ctx context.Context, oid person.OID) (bool, error) {
	var has bool
	err := c.DB.Read(ctx, func(tx *db.Tx) (err error) {
		has, err = c.HasTOTPTx(ctx, tx, oid)
		return err
	})
	return has, err
}

// HasTOTPTx is [Credentials.HasTOTP] in the caller's transaction.
func (c *Credentials) HasTOTPTx(ctx context.Context, tx *db.Tx, oid person.OID) (bool, error) {
	return db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM credential.totp WHERE oid = $1 AND confirmed_at IS NOT NULL)`, oid)
}

// VerifyTOTP judges a code. A code works once, and an older one never after a
// newer. Failures count like wrong passwords: fault Limited credential.slow_down.
func (c *Credentials) VerifyTOTP(ctx context.Context, oid person.OID, code, device, network string) (bool, error) {
	places := []place{
		{c.Keys.Index("throttle", "totp:"+person.FormatOID(oid)), 1},
	}
	ok := false
	err := c.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		ok = false
		if err := c.inTurn(ctx, tx, places); err != nil {
			return err
		}
		if ok, err = c.useTOTP(ctx, tx, oid, code, true); err != nil {
			return err
		}
		if ok {
			_, err := tx.Exec(ctx, `DELETE FROM credential.throttle WHERE key = ANY($1)`, keysOf(places))
			return err
		}
		return c.failed(ctx, tx, oid, places)
	})
	if err != nil {
		return false, fmt.Errorf("verify totp: %w", err)
	}
	return ok, nil
}

// useTOTP consumes a right code. Time is wall time: the app knows no other.
func (c *Credentials) useTOTP(ctx context.Context, tx *db.Tx, oid person.OID, code string, inForce bool) (bool, error) {
	code = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
	row, err := db.Find[struct {
		Sealed   []byte `db:"sealed"`
		LastStep int64  `db:"last_step"`
	}](ctx, tx, `SELECT sealed, last_step FROM credential.totp WHERE oid = $1 AND (confirmed_at IS NOT NULL) = $2 FOR UPDATE`, oid, inForce)
	if err != nil || row == nil {
		return false, err
	}
	secret, err := c.Keys.Open(row.Sealed, totpAAD(oid))
	if err != nil {
		return false, err
	}
	now := c.Clock.Wall().Unix() / int64(step/time.Second)
	for s := max(now-1, row.LastStep+1); s <= now+1; s++ {
		want, err := hotp.GenerateCodeCustom(string(secret), uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return false, err
		}
		if !crypt.Equal([]byte(want), []byte(code)) {
			continue
		}
		_, err = tx.Exec(ctx, `UPDATE credential.totp SET last_step = $2, confirmed_at = coalesce(confirmed_at, $3) WHERE oid = $1`, oid, s, c.Clock.Now())
		if err != nil || inForce {
			return err == nil, err
		}
		return true, c.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: journal.SecondFactorSet})
	}
	return false, nil
}
