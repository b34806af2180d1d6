package token

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/client"
)

// verified remembers which access tokens bore a right signature: checking it
// costs more than all else of an introspection, and the same token comes with
// every page. What it does not say is whether the token counts, see
// [Issuer.Check]. A token is known by its hash alone.
type verified struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]seal
}

// seal is what a signature vouches for.
type seal struct {
	kid    string
	claims accessClaims
}

// mostVerified bounds the memory: some 4 MB.
const mostVerified = 8000

func (v *verified) find(sum [sha256.Size]byte) (seal, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, ok := v.kept[sum]
	return s, ok
}

// keep makes room by forgetting any others: maps are walked in a random order.
func (v *verified) keep(sum [sha256.Size]byte, s seal, now int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept == nil {
		v.kept = map[[sha256.Size]byte]seal{}
	}
	looked := 0
	for k, old := range v.kept {
		if now >= old.claims.Expires || len(v.kept) >= mostVerified {
			delete(v.kept, k)
		}
		if looked++; looked >= 4 && len(v.kept) < mostVerified {
			break
		}
	}
	v.kept[sum] = s
}

// claimsOf gives what an access token of ours says, or errSignature. A signature
// that was right counts for as long as its key is published.
func (i *Issuer) claimsOf(ctx context.Context, raw string) (accessClaims, error) {
	sum := sha256.Sum256([]byte(raw))
	if s, ok := i.verified.find(sum); ok {
		known, err := i.Keys.publishes(ctx, s.kid)
		if err != nil || known {
			return s.claims, err
		}
		return accessClaims{}, errSignature
	}
	var s seal
	var err error
	if s.kid, err = i.Keys.open(ctx, raw, typAccess, &s.claims); err != nil {
		return accessClaims{}, err
	}
	i.verified.keep(sum, s, i.Clock.Wall().Unix())
	return s.claims, nil
}

// topic is under which revocations of families are told, by id.
const topic = "token.family"

// family is a family from memory: a revocation is seen at once in this process
// and within a second in others. The answer is shared; nil when there is none.
func (i *Issuer) family(ctx context.Context, id string) (*Family, error) {
	i.recallReady.Do(func() {
		i.families.DB, i.families.Topic = i.DB, topic
		i.families.Keys = func(id string, _ *Family) []string { return []string{id} }
	})
	return i.families.Get(ctx, id, func(ctx context.Context) (f *Family, keep bool, err error) {
		err = i.DB.Read(ctx, func(tx *db.Tx) error {
			f, err = db.Find[Family](ctx, tx, `SELECT `+familyColumns+` FROM token.family WHERE id=$1`, id)
			return err
		})
		return f, f != nil, err
	})
}

// Check returns what an access token stands for, or [ErrToken]. Family, consent
// and client are looked at each time, so that a revocation counts: at once in
// this process, within a second in others.
func (i *Issuer) Check(ctx context.Context, raw string) (*Access, error) {
	a, err := i.check(ctx, raw)
	if err != nil && !errors.Is(err, ErrToken) {
		return nil, fmt.Errorf("check access token: %w", err)
	}
	return a, err
}

func (i *Issuer) check(ctx context.Context, raw string) (*Access, error) {
	cl, err := i.claimsOf(ctx, raw)
	if errors.Is(err, errSignature) {
		return nil, ErrToken
	}
	if err != nil {
		return nil, err
	}
	if cl.Issuer != i.URL || cl.Audience != i.URL || i.Clock.Wall().Unix() >= cl.Expires {
		return nil, ErrToken
	}
	f, err := i.family(ctx, cl.Family)
	if err != nil {
		return nil, err
	}
	if f == nil || f.RevokedAt != nil || !i.Clock.Now().Before(f.ExpiresAt) {
		return nil, ErrToken
	}
	c, err := i.Clients.Known(ctx, f.ClientID)
	if err != nil {
		return nil, err
	}
	if ok, err := i.stands(ctx, f, c); err != nil || !ok {
		return nil, cmp.Or(err, error(ErrToken))
	}
	return &Access{
		Family: f, ClientOf: c, Scopes: strings.Fields(cl.Scope), Issued: time.Unix(cl.Issued, 0).UTC(), Expires: time.Unix(cl.Expires, 0).UTC(), JTI: cl.JTI,
	}, nil
}

// stands tells whether client and consent are behind a family.
func (i *Issuer) stands(ctx context.Context, f *Family, c *client.Client) (bool, error) {
	if c == nil || c.Status != client.Active || !c.FirstParty && f.ConsentID == nil {
		return false, nil
	}
	if f.ConsentID == nil {
		return true, nil
	}
	return i.Consents.Alive(ctx, *f.ConsentID)
}
