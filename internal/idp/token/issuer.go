package token

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/recall"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/person"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the tables of schema token.
func Migrations() db.Source { return db.Source{Context: "token", FS: migrations, Tables: tables} }

// Lives of what is issued.
const (
	codeLife    = time.Minute         // RFC 6749, 4.1.2 recommends at most ten
	accessLife  = 10 * time.Minute    // of a token that is looked up anyway
	offlineLife = 30 * 24 * time.Hour // of an offline family without use
	// offlineMost is when an offline family ends however often it is used: the
	// person signs in once a year at least (ASVS 5.0, 10.4.8).
	offlineMost = 365 * 24 * time.Hour
	// grace is how long a client that lost our answer may repeat a refresh.
	grace = 30 * time.Second
	// familyKept is how long an ended family explains itself.
	familyKept = 30 * 24 * time.Hour
)

// What a token endpoint may be told; all else is a fault of ours.
var (
	// ErrGrant: the code or refresh token is unknown, used, expired, revoked or
	// belongs to another client or address (invalid_grant).
	ErrGrant = errors.New("token: grant is not valid")
	// ErrVerifier: PKCE's code_verifier does not match (invalid_grant too, told
	// apart for the log).
	ErrVerifier = fmt.Errorf("%w: code verifier", ErrGrant)
	// ErrScope: a refresh asks for more than was granted (invalid_scope).
	ErrScope = errors.New("token: scope was not granted")
	// ErrToken: an access token that is not, or no longer, valid.
	ErrToken = errors.New("token: access token is not valid")
)

// Issuer makes, renews, checks and revokes tokens.
type Issuer struct {
	DB       *db.DB
	Clock    *clock.Clock
	Keyring  *crypt.Keyring
	Keys     *Keys
	Queue    *job.Queue
	Persons  *person.Persons
	Consents *consent.Consents
	Clients  *client.Clients
	// URL is the issuer identifier: scheme and host, no slash at the end.
	URL string
	// Poster delivers logout tokens; nil: nobody is told (no back channel).
	Poster Poster

	ready       sync.Once
	group       *db.Group[*rotation]
	recallReady sync.Once
	families    recall.Rows[string, *Family]
	verified    verified
}

// Family is one sign-in of a person at a client.
type Family struct {
	OID        int64        `db:"oid"`
	ID         string       `db:"id"`
	ClientID   string       `db:"client_id"`
	SessionID  string       `db:"session_id"`
	ConsentID  *string      `db:"consent_id"` // consent.Consent.Chain; nil at first-party sites
	Scopes     []string     `db:"scopes"`
	Nonce      string       `db:"nonce"`
	AuthTime   time.Time    `db:"auth_time"`
	Level      person.Level `db:"level"` // of the session: a raised one needs a new sign-in (C-53)
	ACR        string       `db:"acr"`
	AMR        []string     `db:"amr"`
	Offline    bool         `db:"offline"`
	CreatedAt  time.Time    `db:"created_at"`
	ExpiresAt  time.Time    `db:"expires_at"`
	RevokedAt  *time.Time   `db:"revoked_at"`
	RevokedFor string       `db:"revoked_for"`
}

var familyColumns = familyColumnsOf("family")

func familyColumnsOf(t string) string {
	return strings.ReplaceAll(`@.oid, @.id::text, @.client_id, @.session_id::text, @.consent_id::text, @.scopes, @.nonce, @.auth_time, @.level, @.acr,
		@.amr, @.offline, @.created_at, @.expires_at, @.revoked_at, @.revoked_for`, "@", t)
}

// Binding is what a code must be redeemed with.
type Binding struct {
	RedirectURI string
	Challenge   string // PKCE S256
}

// Tokens is the answer of the token endpoint.
type Tokens struct {
	Access, Refresh, ID string
	ExpiresIn           time.Duration
	Scopes              []string
	Family              *Family

	identity map[string]any // of the id token; nil without scope openid
}

// Open starts a family and returns its code, in the transaction that ends the
// sign-in. ID and times are filled in here; sessionEnds bounds the family.
func (i *Issuer) Open(ctx context.Context, tx *db.Tx, f Family, sessionEnds time.Time, b Binding) (code string, opened *Family, err error) {
	now := i.Clock.Now()
	f.ID, f.CreatedAt, f.ExpiresAt = db.NewID(), now, sessionEnds
	f.Offline = slices.Contains(f.Scopes, client.ScopeOffline)
	if f.Offline {
		f.ExpiresAt = now.Add(offlineLife)
	}
	_, err = tx.Exec(ctx, `INSERT INTO token.family (oid, id, client_id, session_id, consent_id, scopes, nonce, auth_time, level, acr, amr,
			offline, created_at, expires_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`,
		f.OID, f.ID, f.ClientID, f.SessionID, f.ConsentID, f.Scopes, f.Nonce, f.AuthTime, f.Level, f.ACR, f.AMR, f.Offline, f.CreatedAt, f.ExpiresAt)
	if err != nil {
		return "", nil, fmt.Errorf("open token family: %w", err)
	}
	code, err = i.insertCode(ctx, tx, f.ID, b)
	return code, &f, err
}

func (i *Issuer) insertCode(ctx context.Context, tx *db.Tx, family string, b Binding) (string, error) {
	code := crypt.Token()
	_, err := tx.Exec(ctx, `INSERT INTO token.code (hash, family_id, redirect_uri, challenge, expires_at) VALUES ($1,$2,$3,$4,$5)`,
		crypt.HashToken(code), family, b.RedirectURI, b.Challenge, i.Clock.Now().Add(codeLife))
	if err != nil {
		return "", fmt.Errorf("issue code: %w", err)
	}
	return code, nil
}

// Reopen replaces a code that nobody has redeemed yet by a fresh one: a second
// press of a button must answer as the first. It returns "" when the code was
// redeemed, since then the client has its answer.
func (i *Issuer) Reopen(ctx context.Context, tx *db.Tx, family string, b Binding) (string, error) {
	living, err := db.Find[string](ctx, tx, `SELECT id::text FROM token.family WHERE id=$1 AND revoked_at IS NULL AND expires_at > $2 FOR UPDATE`,
		family, i.Clock.Now())
	if err != nil {
		return "", fmt.Errorf("reopen family: %w", err)
	}
	used, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM token.code WHERE family_id=$1 AND used_at IS NOT NULL`, family)
	if err != nil {
		return "", fmt.Errorf("reopen family: %w", err)
	}
	if living == nil || used > 0 {
		return "", nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM token.code WHERE family_id=$1 AND used_at IS NULL`, family); err != nil {
		return "", fmt.Errorf("reopen family: %w", err)
	}
	return i.insertCode(ctx, tx, family, b)
}

// grant is a code with its family, as Redeem judges them.
type grant struct {
	Family
	RedirectURI string     `db:"redirect_uri"`
	Challenge   string     `db:"challenge"`
	Ends        time.Time  `db:"code_expires_at"`
	UsedAt      *time.Time `db:"used_at"`
}

// Redeem exchanges a code, once. Of several at once exactly one succeeds, and
// the others revoke what it got.
func (i *Issuer) Redeem(ctx context.Context, c *client.Client, code, redirectURI, verifier string) (*Tokens, error) {
	if _, err := i.Keys.load(ctx); err != nil { // before anything is used up
		return nil, err
	}
	t, err := i.redeem(ctx, c, crypt.HashToken(code), redirectURI, verifier)
	if errors.Is(err, ErrGrant) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("redeem code: %w", err)
	}
	return t, i.sign(ctx, c, t)
}

func (i *Issuer) redeem(ctx context.Context, c *client.Client, hash []byte, redirectURI, verifier string) (*Tokens, error) {
	g, err := i.grant(ctx, hash)
	if err != nil {
		return nil, err
	}
	now := i.Clock.Now()
	switch {
	case g == nil, g.ClientID != c.ID:
		// A foreign client with a stolen code: the owner's use is not harmed.
		return nil, ErrGrant
	case g.UsedAt != nil:
		return nil, i.reused(ctx, g.ID, hash, now)
	}
	t, err := i.granted(ctx, c, g, redirectURI, verifier)
	if errors.Is(err, ErrGrant) { // a code is for one try
		_, burnt := db.Single[string](ctx, i.DB, `UPDATE token.code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING family_id::text`, hash, now)
		return nil, cmp.Or(burnt, err)
	}
	if err != nil {
		return nil, err
	}
	won, err := db.Single[string](ctx, i.DB, `WITH used AS (
			UPDATE token.code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING family_id)
		UPDATE token.family SET refresh_hash = $3, refreshed_at = $2 FROM used WHERE id = used.family_id AND revoked_at IS NULL RETURNING id::text`,
		hash, now, crypt.HashToken(t.Refresh))
	if err != nil {
		return nil, err
	}
	if len(won) == 0 { // somebody else was faster: with this code, or with a revocation
		return nil, i.reused(ctx, g.ID, hash, now)
	}
	return t, nil
}

func (i *Issuer) grant(ctx context.Context, hash []byte) (g *grant, err error) {
	err = i.DB.Read(ctx, func(tx *db.Tx) error {
		g, err = db.Find[grant](ctx, tx, `SELECT `+familyColumnsOf("f")+`, c.redirect_uri, c.challenge, c.expires_at AS code_expires_at, c.used_at
			FROM token.code c JOIN token.family f ON f.id = c.family_id WHERE c.hash = $1`, hash)
		return err
	})
	return g, err
}

// granted makes what a code of this client that nobody has used is good for, or
// tells by ErrGrant that it is good for nothing.
func (i *Issuer) granted(ctx context.Context, c *client.Client, g *grant, redirectURI, verifier string) (*Tokens, error) {
	now := i.Clock.Now()
	switch {
	case !now.Before(g.Ends), g.RedirectURI != redirectURI, g.RevokedAt != nil, !now.Before(g.ExpiresAt):
		return nil, ErrGrant
	case !verify(g.Challenge, verifier):
		return nil, ErrVerifier
	}
	t := &Tokens{Scopes: g.Scopes, Family: &g.Family}
	if err := i.fill(ctx, c, t); err != nil {
		return nil, err
	}
	first := make([]byte, refreshSecret)
	_, _ = rand.Read(first) // never fails
	var err error
	t.Refresh, err = i.refreshToken(g.ID, first)
	return t, err
}

// reused revokes what a used code has brought. One that was replaced by a fresh
// one (see [Issuer.Reopen]) is gone and revokes nothing.
func (i *Issuer) reused(ctx context.Context, family string, hash []byte, now time.Time) error {
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		used, err := db.Find[bool](ctx, tx, `SELECT true FROM token.code WHERE hash = $1 AND used_at IS NOT NULL`, hash)
		if err != nil || used == nil {
			return err
		}
		return revokeFamily(ctx, tx, family, "code_reused", now)
	})
	return cmp.Or(err, error(ErrGrant))
}

// verify checks PKCE S256 (RFC 7636, 4.6) in constant time.
func verify(challenge, verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	h := sha256.Sum256([]byte(verifier))
	return crypt.Equal([]byte(base64.RawURLEncoding.EncodeToString(h[:])), []byte(challenge))
}

// fill gathers what is to be signed, or returns [ErrGrant] when the consent does
// not stand behind the family any more.
func (i *Issuer) fill(ctx context.Context, c *client.Client, t *Tokens) error {
	i.limit(t)
	return i.gather(ctx, c, t)
}

// limit is how long the access token lives: no longer than its family.
func (i *Issuer) limit(t *Tokens) {
	t.ExpiresIn = accessLife
	if left := t.Family.ExpiresAt.Sub(i.Clock.Now()); left < t.ExpiresIn {
		t.ExpiresIn = left.Truncate(time.Second)
	}
}

// gather is the part of fill that may have to ask the database.
func (i *Issuer) gather(ctx context.Context, c *client.Client, t *Tokens) (err error) {
	if ok, err := i.stands(ctx, t.Family, c); err != nil || !ok {
		return cmp.Or(err, error(ErrGrant))
	}
	if slices.Contains(t.Scopes, client.ScopeOpenID) {
		t.identity, err = i.idClaims(ctx, t.Family, t.Scopes)
	}
	return err
}

// sign happens after the commit: it may read the keys, and a transaction that
// waits for a second connection can starve the pool.
func (i *Issuer) sign(ctx context.Context, c *client.Client, t *Tokens) (err error) {
	if t.Access, err = i.signAccess(ctx, t.Family, t.Scopes, t.ExpiresIn); err != nil {
		return err
	}
	if t.identity != nil {
		t.ID, err = i.signID(ctx, c, t)
	}
	return err
}

// accessClaims follow RFC 9068.
type accessClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	JTI      string `json:"jti"`
	Session  string `json:"sid"`
	Family   string `json:"fam"`
}

const (
	typAccess = "at+jwt"
	typID     = "JWT"
)

func (i *Issuer) signAccess(ctx context.Context, f *Family, scopes []string, life time.Duration) (string, error) {
	wall := i.Clock.Wall()
	return i.Keys.Sign(ctx, typAccess, accessClaims{
		Issuer: i.URL, Subject: person.FormatOID(f.OID), Audience: i.URL, ClientID: f.ClientID, Scope: strings.Join(scopes, " "),
		Issued: wall.Unix(), Expires: wall.Add(life).Unix(), JTI: db.NewID(), Session: f.SessionID, Family: f.ID,
	})
}

// Access is a checked access token.
type Access struct {
	*Family
	Scopes   []string // of this token: perhaps fewer than the family's
	Issued   time.Time
	Expires  time.Time
	JTI      string
	ClientOf *client.Client
}

// Has tells whether the token carries one of the scopes.
func (a *Access) Has(scopes ...string) bool {
	for _, s := range scopes {
		if slices.Contains(a.Scopes, s) {
			return true
		}
	}
	return false
}
