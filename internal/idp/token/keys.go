package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
)

// The life of a signing key. A key is published for keyOverlap before it signs
// and stays published as long after, so that a client which fetches the key set
// once a day never meets a signature that it cannot check.
const (
	keyLife    = 90 * 24 * time.Hour
	keyOverlap = 24 * time.Hour
	// keyLead is when the sweep makes the successor: a day of downtime is to spare.
	keyLead = 2 * keyOverlap
	// keyCache bounds how long a process works with the keys that it read, far
	// below keyOverlap. A change by hand reaches it within a second all the same.
	keyCache = 30 * time.Second
	// keyTopic is under which such changes are told. What happens by schedule needs
	// no telling, and load may not tell: it holds the lock that Forget takes.
	keyTopic = "token.key"
)

// Keys are the signing keys of the identity provider, sealed in its database.
type Keys struct {
	DB      *db.DB
	Clock   *clock.Clock
	Keyring *crypt.Keyring

	follow sync.Once
	mu     sync.Mutex
	cached []key
	readAt time.Time // wall time
	set    []byte    // cached as a published key set
}

// key is one row of token.key with what was made from it.
type key struct {
	Seq       int       `db:"seq"`
	KID       string    `db:"kid"`
	Sealed    []byte    `db:"sealed"`
	Public    []byte    `db:"public"` // DER, PKIX
	ActiveAt  time.Time `db:"active_at"`
	RetiredAt time.Time `db:"retired_at"`
	RemovedAt time.Time `db:"removed_at"`

	signer es256
	jwk    jose.JSONWebKey
}

// KeyInfo is what an administrator sees of a key.
type KeyInfo struct {
	KID                            string
	ActiveAt, RetiredAt, RemovedAt time.Time
	Signs                          bool
}

const keyColumns = `seq, kid, sealed, public, active_at, retired_at, removed_at`

// Work registers the rotation by schedule.
func (k *Keys) Work(q *job.Queue) { q.Sweep("token.key", time.Hour, k.sweep) }

// sweep makes the successor in time and erases keys that nobody needs.
func (k *Keys) sweep(ctx context.Context) (int, error) {
	var n int64
	err := k.DB.InTx(ctx, func(tx *db.Tx) error {
		keys, err := readKeys(ctx, tx, k.Clock.Now())
		if err != nil {
			return err
		}
		if last := newest(keys); last != nil && !k.Clock.Now().Before(last.RetiredAt.Add(-keyLead)) {
			if n, err = k.add(ctx, tx, last.Seq+1, laterOf(last.RetiredAt, k.Clock.Now())); err != nil {
				return err
			}
		}
		gone, err := tx.Exec(ctx, `DELETE FROM token.key WHERE removed_at <= $1`, k.Clock.Now())
		n += gone
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rotate signing keys: %w", err)
	}
	if n > 0 {
		k.Forget()
	}
	return int(n), nil
}

// Rotate brings the next rotation forward: the successor is published now and
// signs after the overlap. For `okno keys`. Repeating it before then changes
// nothing.
func (k *Keys) Rotate(ctx context.Context) error {
	defer k.Forget()
	return k.DB.InTx(ctx, func(tx *db.Tx) error { return k.RotateTx(ctx, tx) })
}

// RotateTx is [Keys.Rotate] in the caller's transaction; call [Keys.Forget]
// after its commit.
func (k *Keys) RotateTx(ctx context.Context, tx *db.Tx) error {
	if err := k.rotate(ctx, tx); err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	return tx.Changed(ctx, keyTopic, "all")
}

func (k *Keys) rotate(ctx context.Context, tx *db.Tx) error {
	now := k.Clock.Now()
	keys, err := readKeys(ctx, tx, now)
	if err != nil {
		return err
	}
	last := newest(keys)
	if last == nil {
		_, err = k.add(ctx, tx, 1, now)
		return err
	}
	if last.ActiveAt.After(now) {
		return nil
	}
	at := now.Add(keyOverlap)
	if _, err := tx.Exec(ctx, `UPDATE token.key SET retired_at = $2, removed_at = $3 WHERE seq = $1`,
		last.Seq, at, at.Add(keyOverlap)); err != nil {
		return err
	}
	_, err = k.add(ctx, tx, last.Seq+1, at)
	return err
}

// Replace removes a key that has leaked at once and lets a fresh one sign.
// What the leaked key signed is refused from then on.
func (k *Keys) Replace(ctx context.Context, kid string) error {
	defer k.Forget()
	return k.DB.InTx(ctx, func(tx *db.Tx) error { return k.ReplaceTx(ctx, tx, kid) })
}

// ReplaceTx is [Keys.Replace] in the caller's transaction; call [Keys.Forget]
// after its commit.
func (k *Keys) ReplaceTx(ctx context.Context, tx *db.Tx, kid string) error {
	if err := k.replace(ctx, tx, kid); err != nil {
		return fmt.Errorf("replace signing key: %w", err)
	}
	return tx.Changed(ctx, keyTopic, "all")
}

func (k *Keys) replace(ctx context.Context, tx *db.Tx, kid string) error {
	now := k.Clock.Now()
	n, err := tx.Exec(ctx, `DELETE FROM token.key WHERE kid = $1`, kid)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFound("signin.key_unknown")
	}
	seq, err := db.Get[int](ctx, tx, `SELECT coalesce(max(seq), 0) + 1 FROM token.key`)
	if err != nil {
		return err
	}
	// A successor that is only published must not start before the fresh key.
	if _, err := tx.Exec(ctx, `UPDATE token.key SET retired_at = $1 WHERE active_at > $1`, now); err != nil {
		return err
	}
	_, err = k.add(ctx, tx, seq, now)
	return err
}

// List shows the published keys, the oldest first.
func (k *Keys) List(ctx context.Context) ([]KeyInfo, error) {
	keys, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	cur := signing(keys, k.Clock.Now())
	out := make([]KeyInfo, len(keys))
	for i := range keys {
		out[i] = KeyInfo{KID: keys[i].KID, ActiveAt: keys[i].ActiveAt, RetiredAt: keys[i].RetiredAt, RemovedAt: keys[i].RemovedAt, Signs: cur == &keys[i]}
	}
	return out, nil
}

// Set is the published key set (RFC 7517).
func (k *Keys) Set(ctx context.Context) (jose.JSONWebKeySet, error) {
	keys, err := k.load(ctx)
	return published(keys), err
}

// SetJSON is [Keys.Set] as bytes that were made when the keys were read.
func (k *Keys) SetJSON(ctx context.Context) ([]byte, error) {
	if _, err := k.load(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set, nil
}

// ReadySet is [Keys.SetJSON] as far as it is known without asking or waiting;
// nil when it is not.
func (k *Keys) ReadySet() []byte {
	if !k.mu.TryLock() {
		return nil
	}
	defer k.mu.Unlock()
	if k.Clock.Wall().Sub(k.readAt) >= keyCache {
		return nil
	}
	return k.set
}

func published(keys []key) (s jose.JSONWebKeySet) {
	for _, one := range keys {
		s.Keys = append(s.Keys, one.jwk)
	}
	return s
}

// Sign makes a compact JWS of claims with the given typ, such as at+jwt.
func (k *Keys) Sign(ctx context.Context, typ string, claims any) (string, error) {
	keys, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	cur := signing(keys, k.Clock.Now())
	if cur == nil {
		return "", errors.New("sign token: no key signs now")
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	head, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KID       string `json:"kid"`
		Type      string `json:"typ"`
	}{string(jose.ES256), cur.KID, typ})
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	b64 := base64.RawURLEncoding
	raw := make([]byte, 0, b64.EncodedLen(len(head))+b64.EncodedLen(len(payload))+b64.EncodedLen(signatureSize)+2)
	raw = append(b64.AppendEncode(raw, head), '.')
	raw = b64.AppendEncode(raw, payload)
	signature, err := cur.signer.SignPayload(raw, jose.ES256)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return string(b64.AppendEncode(append(raw, '.'), signature)), nil
}

// errSignature reports a token that none of our published keys signed, or one
// of another kind.
var errSignature = errors.New("token: not signed by us")

// open checks signature and kind of one of our own tokens and decodes it.
// Times are for the caller to judge.
func (k *Keys) open(ctx context.Context, raw, typ string, claims any) (kid string, err error) {
	obj, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(obj.Signatures) != 1 {
		return "", errSignature
	}
	h := obj.Signatures[0].Protected
	if t, _ := h.ExtraHeaders[jose.HeaderType].(string); t != typ {
		return "", errSignature
	}
	keys, err := k.load(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(keys, func(one key) bool { return one.KID == h.KeyID })
	if i < 0 {
		return "", errSignature
	}
	payload, err := obj.Verify(keys[i].jwk.Key)
	if err != nil {
		return "", errSignature
	}
	if err := json.Unmarshal(payload, claims); err != nil {
		return "", errSignature
	}
	return h.KeyID, nil
}

// publishes tells whether a key is in the published set.
func (k *Keys) publishes(ctx context.Context, kid string) (bool, error) {
	keys, err := k.load(ctx)
	return slices.ContainsFunc(keys, func(one key) bool { return one.KID == kid }), err
}

// Forget makes the next reader of this process look at the database.
func (k *Keys) Forget() {
	k.mu.Lock()
	k.readAt = time.Time{}
	k.mu.Unlock()
}

// load gives the published keys; the very first call of a deployment makes one.
func (k *Keys) load(ctx context.Context) ([]key, error) {
	k.follow.Do(func() {
		k.DB.Follow(keyTopic, db.Follower{Drop: func(string) { k.Forget() }, All: k.Forget})
	})
	told := k.DB.Following()
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.Clock.Wall().Sub(k.readAt)
	if (age < time.Second || told && age < keyCache) && signing(k.cached, k.Clock.Now()) != nil {
		return k.cached, nil
	}
	var keys []key
	err := k.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		now := k.Clock.Now()
		// The number comes before the look: whoever adds in between is either
		// seen by the look or collides with the number.
		seq, err := db.Get[int](ctx, tx, `SELECT coalesce(max(seq), 0) + 1 FROM token.key`)
		if err != nil {
			return err
		}
		if keys, err = readKeys(ctx, tx, now); err != nil {
			return err
		}
		if signing(keys, now) != nil {
			return nil
		}
		// Nothing signs: the first start, or a machine that slept through its
		// rotation. Waiting for the overlap would stop every sign-in.
		if _, err = k.add(ctx, tx, seq, now); err != nil {
			return err
		}
		keys, err = readKeys(ctx, tx, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	for i := range keys {
		if err := k.prepare(&keys[i]); err != nil {
			return nil, err
		}
	}
	set, err := json.Marshal(published(keys))
	if err != nil {
		return nil, fmt.Errorf("publish signing keys: %w", err)
	}
	k.cached, k.set, k.readAt = keys, set, k.Clock.Wall()
	return keys, nil
}

// add inserts a fresh key. The sequence number is the guard: of two processes
// that add at once, one wins and both use its key.
func (k *Keys) add(ctx context.Context, tx *db.Tx, seq int, active time.Time) (int64, error) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return 0, err
	}
	pub, err := x509.MarshalPKIXPublicKey(priv.Public())
	if err != nil {
		return 0, err
	}
	sum, err := (&jose.JSONWebKey{Key: priv.Public()}).Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return 0, err
	}
	kid := base64.RawURLEncoding.EncodeToString(sum)
	retired := active.Add(keyLife)
	return tx.Exec(ctx, `INSERT INTO token.key (`+keyColumns+`, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (seq) DO NOTHING`,
		seq, kid, k.Keyring.Seal(plain, "token.key:"+kid), pub, active, retired, retired.Add(keyOverlap), k.Clock.Now())
}

func (k *Keys) prepare(one *key) error {
	plain, err := k.Keyring.Open(one.Sealed, "token.key:"+one.KID)
	if err != nil {
		return fmt.Errorf("open signing key %s: %w", one.KID, err)
	}
	priv, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return fmt.Errorf("open signing key %s: %w", one.KID, err)
	}
	ec, ok := priv.(*ecdsa.PrivateKey)
	if !ok {
		return fmt.Errorf("open signing key %s: not an EC key", one.KID)
	}
	one.jwk = jose.JSONWebKey{Key: &ec.PublicKey, KeyID: one.KID, Algorithm: string(jose.ES256), Use: "sig"}
	one.signer = es256{ec, one.jwk}
	return nil
}

func readKeys(ctx context.Context, tx *db.Tx, now time.Time) ([]key, error) {
	return db.List[key](ctx, tx, `SELECT `+keyColumns+` FROM token.key WHERE removed_at > $1 ORDER BY seq LIMIT 50`, now)
}

// signing is the newest key that may sign at t.
func signing(keys []key, t time.Time) *key {
	for i := len(keys) - 1; i >= 0; i-- {
		if k := &keys[i]; !k.ActiveAt.After(t) && k.RetiredAt.After(t) {
			return k
		}
	}
	return nil
}

func newest(keys []key) *key {
	if len(keys) == 0 {
		return nil
	}
	return &keys[len(keys)-1]
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
