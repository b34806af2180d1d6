package signin

import (
	"context"
	"embed"
	"fmt"
	"net/url"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the tables of schema signin.
func Migrations() db.Source { return db.Source{Context: "signin", FS: migrations, Tables: tables} }

const (
	// requestLife is long enough for somebody who looks for his password.
	requestLife = time.Hour
	requestKept = 24 * time.Hour
	pendingLife = 10 * time.Minute
)

// Request is a checked authorization request. The protocol front has made sure
// that client, redirect address and scopes are permitted.
type Request struct {
	ID          string
	ClientID    string
	RedirectURI string
	Scopes      []string
	State       string
	Nonce       string
	Challenge   string   // PKCE S256
	Silent      bool     // prompt=none: answer without a page
	Fresh       bool     // prompt=login: a proof after the request
	AskConsent  bool     // prompt=consent
	MaxAge      *int     // seconds
	TwoFactors  bool     // acr_values asks for 2fa
	Subject     *int64   // id_token_hint: whom the client expects
	LoginHint   string   // what to write into the field; sealed at rest
	Locales     []string // ui_locales
	CreatedAt   time.Time
	ExpiresAt   time.Time
	FinishedAt  *time.Time
	refusal     string
	familyID    *string
	sessionID   *string
}

type requestRow struct {
	ID          string     `db:"id"`
	ClientID    string     `db:"client_id"`
	RedirectURI string     `db:"redirect_uri"`
	Scopes      []string   `db:"scopes"`
	State       string     `db:"state"`
	Nonce       string     `db:"nonce"`
	Challenge   string     `db:"challenge"`
	Silent      bool       `db:"silent"`
	Fresh       bool       `db:"fresh"`
	AskConsent  bool       `db:"ask_consent"`
	MaxAge      *int       `db:"max_age"`
	TwoFactors  bool       `db:"two_factors"`
	Subject     *int64     `db:"subject"`
	LoginHint   []byte     `db:"login_hint"`
	Locales     []string   `db:"locales"`
	CreatedAt   time.Time  `db:"created_at"`
	ExpiresAt   time.Time  `db:"expires_at"`
	FinishedAt  *time.Time `db:"finished_at"`
	Refusal     string     `db:"refusal"`
	FamilyID    *string    `db:"family_id"`
	SessionID   *string    `db:"session_id"`
}

const requestColumns = `id::text, client_id, redirect_uri, scopes, state, nonce, challenge, silent, fresh, ask_consent, max_age, two_factors,
	subject, login_hint, locales, created_at, expires_at, finished_at, refusal, family_id::text, session_id::text`

// Begin stores a request and returns the handle that the pages carry.
func (d *Dispatcher) Begin(ctx context.Context, r Request) (handle string, err error) {
	handle, r.ID = crypt.Token(), db.NewID()
	now := d.Clock.Now()
	var hint []byte
	if r.LoginHint != "" {
		hint = d.Keys.Seal([]byte(r.LoginHint), "signin.hint:"+r.ID)
	}
	if r.Locales == nil {
		r.Locales = []string{}
	}
	err = d.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO signin.request (id, hash, client_id, redirect_uri, scopes, state, nonce, challenge, silent, fresh, ask_consent,
				max_age, two_factors, subject, login_hint, locales, created_at, expires_at)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`,
			r.ID, crypt.HashToken(handle), r.ClientID, r.RedirectURI, r.Scopes, r.State, r.Nonce, r.Challenge, r.Silent, r.Fresh, r.AskConsent,
			r.MaxAge, r.TwoFactors, r.Subject, hint, r.Locales, now, now.Add(requestLife))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store authorization request: %w", err)
	}
	return handle, nil
}

// read finds a request by its handle; lock is "" or "FOR UPDATE".
func (d *Dispatcher) read(ctx context.Context, tx *db.Tx, handle, lock string) (*Request, error) {
	row, err := db.Find[requestRow](ctx, tx, `SELECT `+requestColumns+` FROM signin.request WHERE hash=$1 `+lock, crypt.HashToken(handle))
	if err != nil {
		return nil, fmt.Errorf("read authorization request: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("signin.request_unknown")
	}
	r := &Request{
		ID: row.ID, ClientID: row.ClientID, RedirectURI: row.RedirectURI, Scopes: row.Scopes, State: row.State, Nonce: row.Nonce,
		Challenge: row.Challenge, Silent: row.Silent, Fresh: row.Fresh, AskConsent: row.AskConsent, MaxAge: row.MaxAge, TwoFactors: row.TwoFactors,
		Subject: row.Subject, Locales: row.Locales, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, FinishedAt: row.FinishedAt,
		refusal: row.Refusal, familyID: row.FamilyID, sessionID: row.SessionID,
	}
	if row.LoginHint != nil {
		hint, err := d.Keys.Open(row.LoginHint, "signin.hint:"+row.ID)
		if err != nil {
			return nil, fmt.Errorf("read authorization request: %w", err)
		}
		r.LoginHint = string(hint)
	}
	return r, nil
}

// answer is the address that leads back to the client (RFC 6749, 4.1.2; the
// issuer by RFC 9207 guards against mixed-up answers).
func (d *Dispatcher) answer(r *Request, values ...string) string {
	return Answer(r.RedirectURI, r.State, d.Issuer.URL, values...)
}

// Answer adds parameters (name, value, …) to a redirect address and keeps the
// query that the client registered.
func Answer(redirectURI, state, issuer string, values ...string) string {
	u, err := url.Parse(redirectURI)
	if err != nil { // registered addresses were parsed before
		return redirectURI
	}
	q := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	if state != "" {
		q.Set("state", state)
	}
	q.Set("iss", issuer)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	return u.String()
}
