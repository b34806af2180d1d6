package token_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/token"
)

const day = 24 * time.Hour

type ring struct {
	t *testing.T
	*token.Keys
	clock *clock.Clock
	queue *job.Queue
}

func newRing(t *testing.T) *ring {
	t.Helper()
	c := clock.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	d := dbtest.New(t, token.Migrations())
	r := &ring{t, &token.Keys{DB: d, Clock: c, Keyring: crypt.NewTestKeyring()}, c, job.New(d, c)}
	r.Work(r.queue)
	return r
}

func (r *ring) settle() {
	r.t.Helper()
	if err := r.queue.Settle(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// kid signs something and names the key; the signature must verify with the
// published set.
func (r *ring) kid() string {
	r.t.Helper()
	raw, err := r.Sign(context.Background(), "JWT", map[string]string{"a": "b"})
	if err != nil {
		r.t.Fatal(err)
	}
	obj, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		r.t.Fatal(err)
	}
	kid := obj.Signatures[0].Header.KeyID
	set := r.set()
	if len(set.Key(kid)) != 1 {
		r.t.Fatalf("key %s signs and is not published", kid)
	}
	if _, err := obj.Verify(set.Key(kid)[0].Key); err != nil {
		r.t.Fatal(err)
	}
	return kid
}

func (r *ring) set() *jose.JSONWebKeySet {
	r.t.Helper()
	s, err := r.Set(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, k := range s.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.Algorithm != "ES256" {
			r.t.Fatalf("published key %+v", k)
		}
	}
	return &s
}

// A client that reads the key set once a day meets no unknown signature in half
// a year of rotations.
func TestRotationBreaksNobody(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	seen := map[string]bool{}
	cached := r.set()
	for hour := range 200 * 24 {
		if hour%24 == 0 {
			cached = r.set()
		}
		if hour%24 == 7 { // a sweep that comes once a day suffices
			r.settle()
		}
		if hour%6 == 0 {
			kid := r.kid()
			seen[kid] = true
			if len(cached.Key(kid)) != 1 {
				t.Fatalf("hour %d: a key signs that was not published a day before", hour)
			}
		}
		r.clock.Advance(time.Hour)
	}
	if len(seen) != 3 {
		t.Errorf("%d keys signed in 200 days, want 3", len(seen))
	}
	r.settle()
	if n := len(r.set().Keys); n > 2 {
		t.Errorf("%d keys are published", n)
	}
}

func TestRotateByHandOverlaps(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	old := r.kid()
	for range 2 { // a repeat changes nothing
		if err := r.Rotate(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.set().Keys); n != 2 || r.kid() != old {
		t.Fatalf("%d keys, signs %s", n, r.kid())
	}
	r.clock.Advance(day + time.Minute)
	fresh := r.kid()
	if fresh == old || len(r.set().Key(old)) != 1 {
		t.Error("after the overlap the successor does not sign, or the old key is gone")
	}
	r.clock.Advance(day)
	r.settle()
	if len(r.set().Key(old)) != 0 {
		t.Error("the old key is still published")
	}
	list, err := r.List(context.Background())
	if err != nil || len(list) != 1 || !list[0].Signs || list[0].KID != fresh {
		t.Errorf("list %+v, %v", list, err)
	}
}

func TestReplaceRemovesALeakedKeyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	leaked := r.kid()
	if err := r.Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.Replace(context.Background(), leaked); err != nil {
		t.Fatal(err)
	}
	if got := r.kid(); got == leaked || len(r.set().Key(leaked)) != 0 {
		t.Error("the leaked key lives")
	}
	if err := r.Replace(context.Background(), leaked); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
}

// Many processes start at once: all use the same first key.
func TestFirstKeyIsOne(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			other := &ring{t, &token.Keys{DB: r.DB, Clock: r.clock, Keyring: r.Keyring}, r.clock, r.queue}
			kid := other.kid()
			mu.Lock()
			seen[kid] = true
			mu.Unlock()
		})
	}
	all.Wait()
	if len(seen) != 1 {
		t.Errorf("%d first keys", len(seen))
	}
}

// A machine that slept through its rotation signs again at once.
func TestSleepingPastTheRotation(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	old := r.kid()
	r.clock.Advance(400 * day)
	if r.kid() == old {
		t.Error("a key of last year signs")
	}
}

func TestPrivateKeysAreSealed(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	r.kid()
	var sealed, public []byte
	err := r.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(context.Background(), `SELECT sealed, public FROM token.key`).Scan(&sealed, &public)
	})
	if err != nil || len(sealed) < 100 || bytes.Contains(sealed, public[len(public)-32:]) {
		t.Errorf("sealed %d bytes, %v", len(sealed), err)
	}
}
