package token

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
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

const familyColumns = `oid, id::text, client_id, session_id::text, consent_id::text, scopes, nonce, auth_time, level, acr, amr, offline,
	created_at, expires_at, revoked_at, revoked_for`

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

// Redeem exchanges a code, once. Of several at once exactly one succeeds, and
// the others revoke what it got.
func (i *Issuer) Redeem(ctx context.Context, c *client.Client, code, redirectURI, verifier string) (*Tokens, error) {
	type row struct {
		FamilyID    string     `db:"family_id"`
		RedirectURI string     `db:"redirect_uri"`
		Challenge   string     `db:"challenge"`
		ExpiresAt   time.Time  `db:"expires_at"`
		UsedAt      *time.Time `db:"used_at"`
	}
	if _, err := i.Keys.load(ctx); err != nil { // before anything is used up
		return nil, err
	}
	var out *Tokens
	var refused error // told to the client, while the transaction commits
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		out, refused = nil, nil
		now := i.Clock.Now()
		r, err := db.Find[row](ctx, tx, `SELECT family_id::text, redirect_uri, challenge, expires_at, used_at FROM token.code WHERE hash=$1 FOR UPDATE`,
			crypt.HashToken(code))
		if err != nil {
			return err
		}
		if r == nil {
			refused = ErrGrant
			return nil
		}
		f, err := lockFamily(ctx, tx, r.FamilyID)
		if err != nil {
			return err
		}
		switch {
		case f.ClientID != c.ID:
			// A foreign client with a stolen code: the owner's use is not harmed.
			refused = ErrGrant
			return nil
		case r.UsedAt != nil:
			refused = ErrGrant
			return revokeFamily(ctx, tx, f.ID, "code_reused", now)
		}
		if _, err := tx.Exec(ctx, `UPDATE token.code SET used_at=$2 WHERE hash=$1`, crypt.HashToken(code), now); err != nil {
			return err
		}
		switch {
		case !now.Before(r.ExpiresAt), r.RedirectURI != redirectURI:
			refused = ErrGrant
			return nil
		case !verify(r.Challenge, verifier):
			refused = ErrVerifier
			return nil
		}
		if ok, err := i.alive(ctx, tx, f); err != nil || !ok {
			refused = ErrGrant
			return err
		}
		out, err = i.prepare(ctx, tx, f, crypt.Token(), f.Scopes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("redeem code: %w", err)
	}
	if refused != nil {
		return nil, refused
	}
	return out, i.sign(ctx, c, out)
}

// verify checks PKCE S256 (RFC 7636, 4.6) in constant time.
func verify(challenge, verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	h := sha256.Sum256([]byte(verifier))
	return crypt.Equal([]byte(base64.RawURLEncoding.EncodeToString(h[:])), []byte(challenge))
}

func lockFamily(ctx context.Context, tx *db.Tx, id string) (*Family, error) {
	f, err := db.Get[Family](ctx, tx, `SELECT `+familyColumns+` FROM token.family WHERE id=$1 FOR UPDATE`, id)
	return &f, err
}

// Refresh exchanges a refresh token for fresh tokens and its successor. Fewer
// scopes may be asked for, never more; none means all.
func (i *Issuer) Refresh(ctx context.Context, c *client.Client, refresh string, scopes []string) (*Tokens, error) {
	if _, err := i.Keys.load(ctx); err != nil { // before anything is used up
		return nil, err
	}
	var out *Tokens
	var refused error
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		out, refused = nil, nil
		id, err := db.Find[string](ctx, tx, `SELECT family_id::text FROM token.refresh WHERE hash=$1`, crypt.HashToken(refresh))
		if err != nil {
			return err
		}
		if id == nil {
			refused = ErrGrant
			return nil
		}
		f, err := lockFamily(ctx, tx, *id)
		if err != nil {
			return err
		}
		if f.ClientID != c.ID {
			refused = ErrGrant
			return nil
		}
		for _, s := range scopes {
			if !slices.Contains(f.Scopes, s) {
				refused = ErrScope
				return nil
			}
		}
		if len(scopes) == 0 {
			scopes = f.Scopes
		}
		if ok, err := i.alive(ctx, tx, f); err != nil || !ok {
			refused = ErrGrant
			return err
		}
		next, err := i.rotate(ctx, tx, f, refresh)
		if err != nil {
			return err
		}
		if next == "" {
			refused = ErrGrant
			return nil
		}
		out, err = i.prepare(ctx, tx, f, next, scopes)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("refresh tokens: %w", err)
	}
	if refused != nil {
		return nil, refused
	}
	return out, i.sign(ctx, c, out)
}

// rotate marks a refresh token as used and returns its successor, empty when
// the use is refused. The caller holds the family's lock.
func (i *Issuer) rotate(ctx context.Context, tx *db.Tx, f *Family, refresh string) (string, error) {
	type row struct {
		ExpiresAt time.Time  `db:"expires_at"`
		UsedAt    *time.Time `db:"used_at"`
	}
	now, hash := i.Clock.Now(), crypt.HashToken(refresh)
	r, err := db.Get[row](ctx, tx, `SELECT expires_at, used_at FROM token.refresh WHERE hash=$1`, hash)
	if err != nil {
		return "", err
	}
	next := i.successor(refresh)
	if r.UsedAt != nil {
		// A repeat is honest only while it is young and its successor is unused.
		fresh, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM token.refresh WHERE hash=$1 AND used_at IS NULL`, crypt.HashToken(next))
		if err != nil {
			return "", err
		}
		if now.Sub(*r.UsedAt) <= grace && fresh == 1 {
			return next, nil
		}
		return "", revokeFamily(ctx, tx, f.ID, "refresh_reused", now)
	}
	if !now.Before(r.ExpiresAt) {
		return "", nil
	}
	if _, err := tx.Exec(ctx, `UPDATE token.refresh SET used_at=$2 WHERE hash=$1`, hash, now); err != nil {
		return "", err
	}
	if f.Offline {
		f.ExpiresAt = now.Add(offlineLife)
		if end := f.CreatedAt.Add(offlineMost); end.Before(f.ExpiresAt) {
			f.ExpiresAt = end
		}
		if _, err := tx.Exec(ctx, `UPDATE token.family SET expires_at=$2 WHERE id=$1`, f.ID, f.ExpiresAt); err != nil {
			return "", err
		}
	}
	return next, nil
}

// successor derives the next refresh token from its predecessor. Nobody without
// the key ring can, and nothing needs to be kept for a repeated answer.
func (i *Issuer) successor(refresh string) string {
	return base64.RawURLEncoding.EncodeToString(i.Keyring.MAC("token.refresh", refresh))
}

// alive tells whether a family may still be used: not revoked, not over, and
// the client and the consent stand behind it.
func (i *Issuer) alive(ctx context.Context, tx *db.Tx, f *Family) (bool, error) {
	if f.RevokedAt != nil || !i.Clock.Now().Before(f.ExpiresAt) {
		return false, nil
	}
	if f.ConsentID != nil {
		if ok, err := i.Consents.Alive(ctx, tx, *f.ConsentID); err != nil || !ok {
			return false, err
		}
	}
	c, err := i.Clients.FindTx(ctx, tx, f.ClientID)
	return c != nil && c.Status == client.Active && (c.FirstParty || f.ConsentID != nil), err
}

// prepare writes the refresh token and gathers what is to be signed.
func (i *Issuer) prepare(ctx context.Context, tx *db.Tx, f *Family, refresh string, scopes []string) (*Tokens, error) {
	_, err := tx.Exec(ctx, `INSERT INTO token.refresh (hash, family_id, created_at, expires_at) VALUES ($1,$2,$3,$4) ON CONFLICT (hash) DO NOTHING`,
		crypt.HashToken(refresh), f.ID, i.Clock.Now(), f.ExpiresAt)
	if err != nil {
		return nil, err
	}
	t := &Tokens{Refresh: refresh, ExpiresIn: accessLife, Scopes: scopes, Family: f}
	if left := f.ExpiresAt.Sub(i.Clock.Now()); left < t.ExpiresIn {
		t.ExpiresIn = left.Truncate(time.Second)
	}
	if slices.Contains(scopes, client.ScopeOpenID) {
		t.identity, err = i.idClaims(ctx, tx, f, scopes)
	}
	return t, err
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

// Check returns what an access token stands for, or [ErrToken]. It looks the
// family up, so that a revocation counts at once.
func (i *Issuer) Check(ctx context.Context, raw string) (*Access, error) {
	var cl accessClaims
	if err := i.Keys.open(ctx, raw, typAccess, &cl); errors.Is(err, errSignature) {
		return nil, ErrToken
	} else if err != nil {
		return nil, err
	}
	if cl.Issuer != i.URL || cl.Audience != i.URL || i.Clock.Wall().Unix() >= cl.Expires {
		return nil, ErrToken
	}
	a := &Access{Scopes: strings.Fields(cl.Scope), Issued: time.Unix(cl.Issued, 0).UTC(), Expires: time.Unix(cl.Expires, 0).UTC(), JTI: cl.JTI}
	err := i.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if a.Family, err = db.Find[Family](ctx, tx, `SELECT `+familyColumns+` FROM token.family WHERE id=$1`, cl.Family); err != nil || a.Family == nil {
			return err
		}
		ok, err := i.alive(ctx, tx, a.Family)
		if err != nil || !ok {
			a.Family = nil
			return err
		}
		a.ClientOf, err = i.Clients.FindTx(ctx, tx, a.ClientID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check access token: %w", err)
	}
	if a.Family == nil || a.ClientOf == nil {
		return nil, ErrToken
	}
	return a, nil
}
