package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/recall"
)

// ErrCredentials reports a client that did not prove itself: unknown, not
// active, or with a wrong secret. The three are not told apart outside.
var ErrCredentials = errors.New("client: credentials do not match")

// Clients registers and authenticates relying parties.
type Clients struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring

	ready sync.Once
	known recall.Rows[string, known]
}

// Work registers the sweep that erases secrets which ended.
func (cs *Clients) Work(q *job.Queue) { q.Sweep("client.secret", time.Hour, cs.sweep) }

func (cs *Clients) sweep(ctx context.Context) (int, error) {
	var n int64
	err := cs.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM client.secret WHERE expires_at <= $1`, cs.Clock.Now())
		return err
	})
	return int(n), err
}

// Put registers a client or brings its record up to date; the state of a known
// one stays. A new commercial client waits for approval. The same call at each
// start is harmless: that is how a deployment keeps its own sites registered.
func (cs *Clients) Put(ctx context.Context, c Client) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.PutTx(ctx, tx, c) })
}

// PutTx is [Clients.Put] in the caller's transaction.
func (cs *Clients) PutTx(ctx context.Context, tx *db.Tx, c Client) error {
	if c.Kind == "" {
		c.Kind = State
	}
	if c.MinLevel == 0 {
		c.MinLevel = 1
	}
	c.Scopes = Sorted(Expand(c.Scopes))
	if err := c.check(); err != nil {
		return err
	}
	now := cs.Clock.Now()
	c.CreatedAt, c.ChangedAt = now, now
	c.Status = Active
	if c.Kind == Commercial {
		c.Status = Pending
	}
	if err := put(ctx, tx, &c); err != nil {
		return fmt.Errorf("register client %s: %w", c.ID, err)
	}
	return nil
}

// Approve lets a pending commercial client in.
func (cs *Clients) Approve(ctx context.Context, id string) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.ApproveTx(ctx, tx, id) })
}

// ApproveTx is [Clients.Approve] in the caller's transaction.
func (cs *Clients) ApproveTx(ctx context.Context, tx *db.Tx, id string) error {
	return cs.move(ctx, tx, id, []string{string(Pending)}, Active)
}

// Suspend stops a client: it gets no answers, its tokens do not work.
func (cs *Clients) Suspend(ctx context.Context, id string) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.SuspendTx(ctx, tx, id) })
}

// SuspendTx is [Clients.Suspend] in the caller's transaction.
func (cs *Clients) SuspendTx(ctx context.Context, tx *db.Tx, id string) error {
	return cs.move(ctx, tx, id, []string{string(Active), string(Pending)}, Suspended)
}

// Resume lets a suspended client in again.
func (cs *Clients) Resume(ctx context.Context, id string) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.ResumeTx(ctx, tx, id) })
}

// ResumeTx is [Clients.Resume] in the caller's transaction.
func (cs *Clients) ResumeTx(ctx context.Context, tx *db.Tx, id string) error {
	return cs.move(ctx, tx, id, []string{string(Suspended)}, Active)
}

func (cs *Clients) move(ctx context.Context, tx *db.Tx, id string, from []string, to Status) error {
	n, err := setStatus(ctx, tx, id, from, to, cs.Clock.Now())
	if err != nil {
		return fmt.Errorf("move client %s to %s: %w", id, to, err)
	}
	if n == 0 {
		return fault.Conflict("signin.client.wrong_state")
	}
	return nil
}

// Find returns the client, nil when it is not registered.
func (cs *Clients) Find(ctx context.Context, id string) (c *Client, err error) {
	err = cs.DB.Read(ctx, func(tx *db.Tx) error {
		c, err = find(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find client: %w", err)
	}
	return c, nil
}

// FindTx is [Clients.Find] in the caller's transaction.
func (cs *Clients) FindTx(ctx context.Context, tx *db.Tx, id string) (*Client, error) {
	return find(ctx, tx, id)
}

// Get returns an active client; fault NotFound for every other.
func (cs *Clients) Get(ctx context.Context, id string) (*Client, error) {
	c, err := cs.Known(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("get client: %w", err)
	}
	if c == nil || c.Status != Active {
		return nil, fault.NotFound("signin.client.unknown")
	}
	return c, nil
}

// Names maps ids to names: for lists of consents and of portals.
func (cs *Clients) Names(ctx context.Context, ids []string) (map[string]string, error) {
	type row struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	out := map[string]string{}
	err := cs.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[row](ctx, tx, `SELECT id, name FROM client.client WHERE id = ANY($1) ORDER BY id LIMIT 500`, list(ids))
		for _, r := range rows {
			out[r.ID] = r.Name
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("names of clients: %w", err)
	}
	return out, nil
}

// List is one page of the registry, in the order of ids, after the given id.
func (cs *Clients) List(ctx context.Context, after string, limit int) (out []Client, err error) {
	err = cs.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Client](ctx, tx, `SELECT `+columns+` FROM client.client WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return out, nil
}

// Receivers are the active clients that take security events. It works in the
// caller's transaction, which must not wait for a second connection.
func (cs *Clients) Receivers(ctx context.Context, tx *db.Tx) ([]Client, error) {
	out, err := db.List[Client](ctx, tx, `SELECT `+columns+` FROM client.client
		WHERE event_uri <> '' AND status = 'active' ORDER BY id LIMIT 1000`)
	if err != nil {
		return nil, fmt.Errorf("list receivers: %w", err)
	}
	return out, nil
}

// NewSecret makes a further secret and returns it: it is shown once.
func (cs *Clients) NewSecret(ctx context.Context, id string) (string, error) {
	s := crypt.Token()
	return s, cs.SetSecret(ctx, id, s)
}

// SetSecret adds a given secret, at least 24 characters of it. The deployment's
// own sites derive theirs from the key file. Fault Invalid when it is too short.
func (cs *Clients) SetSecret(ctx context.Context, id, secret string) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.SetSecretTx(ctx, tx, id, secret) })
}

// SetSecretTx is [Clients.SetSecret] in the caller's transaction.
func (cs *Clients) SetSecretTx(ctx context.Context, tx *db.Tx, id, secret string) error {
	if len(secret) < 24 {
		return fault.Invalid("signin.client.invalid", fault.F("secret", "signin.client.short_secret", "min", 24))
	}
	if err := addSecret(ctx, tx, id, cs.mac(id, secret), cs.Clock.Now()); err != nil {
		return fmt.Errorf("set secret of %s: %w", id, err)
	}
	return nil
}

// NewSecretTx makes a further secret from the key of the form that asks for it:
// a form sent twice shows the same one.
func (cs *Clients) NewSecretTx(ctx context.Context, tx *db.Tx, id, key string) (string, error) {
	s := base64.RawURLEncoding.EncodeToString(cs.Keys.MAC("client.new_secret:"+id, key))
	return s, cs.SetSecretTx(ctx, tx, id, s)
}

// RetireSecrets ends all secrets but the newest after the overlap.
func (cs *Clients) RetireSecrets(ctx context.Context, id string, overlap time.Duration) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.RetireSecretsTx(ctx, tx, id, overlap) })
}

// RetireSecretsTx is [Clients.RetireSecrets] in the caller's transaction.
func (cs *Clients) RetireSecretsTx(ctx context.Context, tx *db.Tx, id string, overlap time.Duration) error {
	_, err := tx.Exec(ctx, `UPDATE client.secret SET expires_at = $2 WHERE client_id = $1 AND expires_at IS NULL
		AND mac <> (SELECT mac FROM client.secret WHERE client_id = $1 AND expires_at IS NULL ORDER BY created_at DESC, mac LIMIT 1)`,
		id, cs.Clock.Now().Add(overlap))
	if err != nil {
		return fmt.Errorf("retire secrets of %s: %w", id, err)
	}
	return tx.Changed(ctx, topic, id)
}

// Proofs are what a client can prove itself with.
type Proofs struct {
	Secrets      []SecretInfo
	Certificates []CertificateInfo
}

// SecretInfo tells of a secret without it. ExpiresAt is nil while it is not retired.
type SecretInfo struct {
	CreatedAt time.Time  `db:"created_at"`
	ExpiresAt *time.Time `db:"expires_at"`
}

// CertificateInfo tells of a registered certificate.
type CertificateInfo struct {
	Fingerprint string // SHA-256 in hex: names the certificate
	Subject     string
	Issuer      string
	Key         string // "EC P-256", "RSA 3072"
	NotBefore   time.Time
	NotAfter    time.Time
	CreatedAt   time.Time
}

// Proofs lists secrets and certificates of a client, the newest first.
func (cs *Clients) Proofs(ctx context.Context, id string) (*Proofs, error) {
	out := &Proofs{}
	err := cs.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out.Certificates = nil
		if out.Secrets, err = db.List[SecretInfo](ctx, tx, `SELECT created_at, expires_at FROM client.secret
			WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC LIMIT 10`, id, cs.Clock.Now()); err != nil {
			return err
		}
		rows, err := db.List[struct {
			DER       []byte    `db:"der"`
			CreatedAt time.Time `db:"created_at"`
		}](ctx, tx, `SELECT der, created_at FROM client.certificate WHERE client_id = $1 ORDER BY created_at DESC LIMIT $2`, id, maxCertificates)
		if err != nil {
			return err
		}
		for _, r := range rows {
			cert, err := x509.ParseCertificate(r.DER)
			if err != nil {
				return err
			}
			key, _ := keyName(cert)
			out.Certificates = append(out.Certificates, CertificateInfo{
				Fingerprint: fingerprint(r.DER), Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), Key: key,
				NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, CreatedAt: r.CreatedAt,
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("proofs of client: %w", err)
	}
	return out, nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// keyName names the kind of a certificate's key. ok tells whether it gives 128 bits
// of security (NIST SP 800-57 part 1, table 2; ASVS 5.0, 11.2.3) and the algorithms
// of private_key_jwt can use it: ES256, PS256 and RS256.
func keyName(cert *x509.Certificate) (name string, ok bool) {
	switch k := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "EC " + k.Params().Name, k.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen()), k.N.BitLen() >= 3072
	}
	return cert.PublicKeyAlgorithm.String(), false
}

// AddCertificate registers a DER certificate whose key may sign for the client:
// EC P-256 or RSA from 3072 bits on, not over yet. What cannot be used is fault
// Invalid at the field «certificate».
func (cs *Clients) AddCertificate(ctx context.Context, id string, der []byte) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error { return cs.AddCertificateTx(ctx, tx, id, der) })
}

// AddCertificateTx is [Clients.AddCertificate] in the caller's transaction.
func (cs *Clients) AddCertificateTx(ctx context.Context, tx *db.Tx, id string, der []byte) error {
	refuse := func(key string) *fault.Error {
		return fault.Invalid("signin.client.invalid", fault.F("certificate", key))
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return refuse("signin.client.bad_certificate").Wrap(err)
	}
	if _, ok := keyName(cert); !ok {
		return refuse("signin.client.certificate_key")
	}
	if cs.Clock.Wall().After(cert.NotAfter) {
		return refuse("signin.client.certificate_over")
	}
	sum := sha256.Sum256(der)
	_, err = tx.Exec(ctx, `INSERT INTO client.certificate (client_id, sha256, der, created_at) VALUES ($1,$2,$3,$4)
		ON CONFLICT DO NOTHING`, id, sum[:], der, cs.Clock.Now())
	if err != nil {
		return fmt.Errorf("add certificate of %s: %w", id, err)
	}
	n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM client.certificate WHERE client_id = $1`, id)
	if err != nil {
		return fmt.Errorf("add certificate of %s: %w", id, err)
	}
	if n > maxCertificates { // more would never be looked at
		return refuse("signin.client.too_many_certificates")
	}
	return nil
}

// RemoveCertificateTx takes a certificate away by its fingerprint; its key signs for
// the client no more. Removing what is not there changes nothing.
func (cs *Clients) RemoveCertificateTx(ctx context.Context, tx *db.Tx, id, fingerprint string) error {
	sum, err := hex.DecodeString(fingerprint)
	if err != nil {
		return fault.NotFound("signin.client.certificate_unknown").Wrap(err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM client.certificate WHERE client_id = $1 AND sha256 = $2`, id, sum); err != nil {
		return fmt.Errorf("remove certificate of %s: %w", id, err)
	}
	return nil
}

// Authenticate returns the active client that knows the secret, otherwise
// [ErrCredentials]. The work is the same for unknown clients.
func (cs *Clients) Authenticate(ctx context.Context, id, given string) (*Client, error) {
	k, err := cs.recall(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("authenticate client: %w", err)
	}
	mac, ok, now := cs.mac(id, given), false, cs.Clock.Now()
	for _, s := range k.secrets {
		ok = crypt.Equal(s.MAC, mac) && (s.ExpiresAt == nil || s.ExpiresAt.After(now)) || ok
	}
	if k.client == nil || !ok || k.client.Status != Active {
		return nil, ErrCredentials
	}
	c := *k.client
	return &c, nil
}

// Certified returns the active client with its certificates, for
// private_key_jwt; [ErrCredentials] when there is none.
func (cs *Clients) Certified(ctx context.Context, id string) (*Client, []*x509.Certificate, error) {
	var c *Client
	var ders [][]byte
	err := cs.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, err = find(ctx, tx, id); err != nil {
			return err
		}
		ders, err = certificates(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("certificates of client: %w", err)
	}
	if c == nil || c.Status != Active || len(ders) == 0 {
		return nil, nil, ErrCredentials
	}
	var certs []*x509.Certificate
	for _, d := range ders {
		cert, err := x509.ParseCertificate(d)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate of %s: %w", id, err)
		}
		certs = append(certs, cert)
	}
	return c, certs, nil
}

// mac binds the secret to the client, so that equal secrets look different.
func (cs *Clients) mac(id, secret string) []byte { return cs.Keys.MAC("client.secret:"+id, secret) }
