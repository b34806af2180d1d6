package token

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
)

// A refresh token is the id of its family, a secret and a tag that says that both
// are ours, in base64url. The tag lets us know any token that we ever gave out
// without keeping one: only the hash of the living one is kept.
const (
	refreshSecret = 32
	refreshTag    = 16
	refreshSize   = 16 + refreshSecret + refreshTag
)

func (i *Issuer) refreshToken(family string, secret []byte) (string, error) {
	id, err := uuid.Parse(family)
	if err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	raw := make([]byte, 0, refreshSize)
	raw = append(append(raw, id[:]...), secret...)
	return base64.RawURLEncoding.EncodeToString(append(raw, i.tag(raw)...)), nil
}

func (i *Issuer) tag(raw []byte) []byte {
	return i.Keyring.MAC("token.refresh_tag", string(raw))[:refreshTag]
}

// familyOf tells of which family a refresh token of ours is, whether it lives or
// not; ok is false for everything else.
func (i *Issuer) familyOf(refresh string) (id string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(refresh)
	if err != nil || len(raw) != refreshSize {
		return "", false
	}
	body := raw[:refreshSize-refreshTag]
	if !crypt.Equal(i.tag(body), raw[len(body):]) {
		return "", false
	}
	return uuid.UUID(raw[:16]).String(), true
}

// adopted finds the family of a token of the release before, which kept a row for
// each. The living one becomes the living one of its family, whoever comes with it:
// only the next step is for its client alone. With the release after next, a month
// later, nobody holds such a token any more.
func (i *Issuer) adopted(ctx context.Context, hash []byte) (family string, err error) {
	ids, err := db.Single[string](ctx, i.DB, `WITH living AS (
			UPDATE token.refresh SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING family_id),
		turned AS (UPDATE token.family SET refresh_hash = $1 FROM living WHERE id = living.family_id)
		SELECT family_id::text FROM token.refresh WHERE hash = $1`, hash, i.Clock.Now())
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// successor derives the next refresh token from its predecessor. Nobody without
// the key ring can, and nothing needs to be kept for a repeated answer.
func (i *Issuer) successor(family, refresh string) (string, error) {
	return i.refreshToken(family, i.Keyring.MAC("token.refresh", refresh))
}

// rotation is one use of a refresh token on its way to the database.
type rotation struct {
	id, client string
	hash, next []byte
	family     *Family // after it; nil when the ordinary case is not given
}

// expiryStep is how coarse the end of an offline family moves on: an index
// follows each change of it.
const expiryStep = time.Hour

// rotations gathers what comes at the same moment: many portals refresh at once.
func (i *Issuer) rotations() *db.Group[*rotation] {
	i.ready.Do(func() {
		i.group = &db.Group[*rotation]{Run: i.rotateAll, Key: func(r *rotation) string { return r.id }, Ways: 2}
	})
	return i.group
}

// rotateAll rotates what came at the same moment, in one statement. It takes
// only what is in order: the living token of a living family, of its own client.
func (i *Issuer) rotateAll(ctx context.Context, all []*rotation) error {
	now := i.Clock.Now()
	slices.SortFunc(all, func(a, b *rotation) int { return bytes.Compare([]byte(a.id), []byte(b.id)) })
	ids, clients := make([]string, len(all)), make([]string, len(all))
	hashes, nexts := make([][]byte, len(all)), make([][]byte, len(all))
	for n, r := range all {
		ids[n], clients[n], hashes[n], nexts[n] = r.id, r.client, r.hash, r.next
		r.family = nil
	}
	// A row that somebody holds is left to judge, which waits for it alone.
	rows, err := db.Single[Family](ctx, i.DB, `WITH free AS (SELECT id FROM token.family WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED)
		UPDATE token.family f
		SET refresh_prev = f.refresh_hash, refresh_hash = n.next, refreshed_at = $5,
			expires_at = CASE WHEN f.offline AND least($6::timestamptz, f.created_at + $7::interval) >= f.expires_at + $8::interval
				THEN least($6::timestamptz, f.created_at + $7::interval) ELSE f.expires_at END
		FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) AS n(id, client_id, hash, next)
		JOIN free ON free.id = n.id
		WHERE f.id = n.id AND f.client_id = n.client_id AND f.refresh_hash = n.hash AND f.revoked_at IS NULL AND f.expires_at > $5
		RETURNING `+familyColumnsOf("f"), ids, clients, hashes, nexts, now, now.Add(offlineLife), offlineMost, expiryStep)
	if err != nil {
		return fmt.Errorf("rotate refresh tokens: %w", err)
	}
	byID := make(map[string]*Family, len(rows))
	for n := range rows {
		byID[rows[n].ID] = &rows[n]
	}
	for _, r := range all {
		r.family = byID[r.id]
	}
	return nil
}

// Refresh exchanges a refresh token for fresh tokens and its successor. Fewer
// scopes may be asked for, never more; none means all.
func (i *Issuer) Refresh(ctx context.Context, c *client.Client, refresh string, scopes []string) (*Tokens, error) {
	if _, err := i.Keys.load(ctx); err != nil { // before anything is used up
		return nil, err
	}
	t, err := i.refresh(ctx, c, refresh, scopes)
	if errors.Is(err, ErrGrant) || errors.Is(err, ErrScope) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("refresh tokens: %w", err)
	}
	return t, i.sign(ctx, c, t)
}

func (i *Issuer) refresh(ctx context.Context, c *client.Client, refresh string, scopes []string) (*Tokens, error) {
	id, ok := i.familyOf(refresh)
	if !ok {
		var err error
		if id, err = i.adopted(ctx, crypt.HashToken(refresh)); err != nil {
			return nil, err
		}
		if id == "" {
			return nil, ErrGrant
		}
	}
	next, err := i.successor(id, refresh)
	if err != nil {
		return nil, err
	}
	// What may fail comes before the token is used up: who gets no answer comes
	// again later than we take for an honest repeat.
	t := &Tokens{Refresh: next, Scopes: scopes}
	if t.Family, err = i.family(ctx, id); err != nil {
		return nil, err
	}
	if t.Family != nil && t.Family.ClientID == c.ID {
		if len(scopes) == 0 {
			t.Scopes = t.Family.Scopes
		}
		if err := i.gather(ctx, c, t); err != nil {
			return nil, err
		}
	}
	r := &rotation{id: id, client: c.ID, hash: crypt.HashToken(refresh), next: crypt.HashToken(next)}
	if len(scopes) == 0 { // else they are judged before the token is used up
		if err := i.rotations().Do(ctx, r); err != nil {
			return nil, err
		}
	}
	if r.family == nil {
		if err := i.judge(ctx, r, scopes); err != nil {
			return nil, err
		}
	}
	t.Family = r.family
	i.limit(t)
	return t, nil
}

// judge looks at what is out of the ordinary under the family's lock: a repeat, a
// reuse, fewer scopes, a family that is over. Without an error the family has
// turned to r.next, now or before.
func (i *Issuer) judge(ctx context.Context, r *rotation, scopes []string) error {
	var refused error // told to the client, while the transaction commits
	err := i.DB.InTx(ctx, func(tx *db.Tx) error {
		refused = ErrGrant
		now := i.Clock.Now()
		f, err := lockFamily(ctx, tx, r.id)
		if err != nil || f == nil || f.ClientID != r.client || f.RevokedAt != nil || !now.Before(f.ExpiresAt) {
			return err
		}
		for _, s := range scopes {
			if !slices.Contains(f.Scopes, s) {
				refused = ErrScope
				return nil
			}
		}
		switch {
		case bytes.Equal(f.RefreshHash, r.hash):
			err = i.rotateOne(ctx, tx, f, r, now)
		case bytes.Equal(f.RefreshPrev, r.hash) && bytes.Equal(f.RefreshHash, r.next) && now.Sub(*f.RefreshedAt) <= grace:
			// A repeat is honest only while it is young and its successor is unused.
		default:
			return revokeFamily(ctx, tx, f.ID, "refresh_reused", now)
		}
		refused, r.family = nil, &f.Family
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

func (i *Issuer) rotateOne(ctx context.Context, tx *db.Tx, f *lockedFamily, r *rotation, now time.Time) error {
	if f.Offline {
		end := now.Add(offlineLife)
		if most := f.CreatedAt.Add(offlineMost); most.Before(end) {
			end = most
		}
		if end.Sub(f.ExpiresAt) >= expiryStep {
			f.ExpiresAt = end
		}
	}
	_, err := tx.Exec(ctx, `UPDATE token.family SET refresh_prev = refresh_hash, refresh_hash = $2, refreshed_at = $3, expires_at = $4 WHERE id = $1`,
		f.ID, r.next, now, f.ExpiresAt)
	return err
}

// lockedFamily is a family with what is known of its refresh tokens.
type lockedFamily struct {
	Family
	RefreshHash []byte     `db:"refresh_hash"`
	RefreshPrev []byte     `db:"refresh_prev"`
	RefreshedAt *time.Time `db:"refreshed_at"`
}

// lockFamily returns nil when there is none.
func lockFamily(ctx context.Context, tx *db.Tx, id string) (*lockedFamily, error) {
	return db.Find[lockedFamily](ctx, tx, `SELECT `+familyColumns+`, refresh_hash, refresh_prev, refreshed_at FROM token.family WHERE id = $1 FOR UPDATE`, id)
}
