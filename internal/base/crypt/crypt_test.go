package crypt

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
)

func TestSealOpensOnlyWithSameKeyAndData(t *testing.T) {
	t.Parallel()
	k := NewTestKeyring()
	s := k.Seal([]byte("112-233-445 95"), "person.snils:1000000001")
	if bytes.Contains(s, []byte("112-233")) {
		t.Fatal("plain text shows in the sealed value")
	}
	got, err := k.Open(s, "person.snils:1000000001")
	if err != nil || string(got) != "112-233-445 95" {
		t.Fatalf("open: %q, %v", got, err)
	}
	if _, err := k.Open(s, "person.snils:1000000002"); !errors.Is(err, ErrSealed) {
		t.Errorf("another row's value opened: %v", err)
	}
	for i := range s {
		bad := bytes.Clone(s)
		bad[i] ^= 1
		if _, err := k.Open(bad, "person.snils:1000000001"); err == nil {
			t.Errorf("a flipped bit at %d went unnoticed", i)
		}
	}
	for n := range s {
		if _, err := k.Open(s[:n], "person.snils:1000000001"); err == nil {
			t.Errorf("cut to %d bytes opened", n)
		}
	}
}

func TestRotationKeepsOldValuesAndIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := (KeyFile{Path: path}).Create(); err != nil {
		t.Fatal(err)
	}
	if err := (KeyFile{Path: path}).Create(); err == nil {
		t.Fatal("an existing key file was overwritten")
	}
	old, err := KeyFile{Path: path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	sealed := old.Seal([]byte("x"), "a")
	id, err := KeyFile{Path: path}.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	now, err := KeyFile{Path: path}.Load()
	if err != nil || now.ActiveID() != id {
		t.Fatalf("rotated ring: %v, active %s", err, now.ActiveID())
	}
	if got, err := now.Open(sealed, "a"); err != nil || string(got) != "x" {
		t.Fatalf("old value: %q, %v", got, err)
	}
	again, err := now.Rewrap(sealed)
	if err != nil || KeyID(again) != id {
		t.Fatalf("rewrap: %v, %s", err, KeyID(again))
	}
	if got, err := now.Open(again, "a"); err != nil || string(got) != "x" {
		t.Fatalf("rewrapped value: %q, %v", got, err)
	}
	if got, err := old.Open(again, "a"); err != nil || string(got) != "x" || old.ActiveID() != id {
		t.Errorf("a running program did not follow its file: %q, %v", got, err)
	}
	if !bytes.Equal(old.Index("phone", "+79120000001"), now.Index("phone", "+79120000001")) {
		t.Error("rotation changed the blind index")
	}
}

func TestIndexSeparatesKinds(t *testing.T) {
	t.Parallel()
	k := NewTestKeyring()
	if bytes.Equal(k.Index("phone", "1"), k.Index("email", "1")) || bytes.Equal(k.Index("phone", "1"), k.MAC("phone", "1")) {
		t.Error("kinds or purposes share an index")
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := NewPasswords(Cheap)
	h, err := p.Hash(context.Background(), "Okno-2026!")
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("hash %q, %v", h, err)
	}
	for pw, want := range map[string]bool{"Okno-2026!": true, "okno-2026!": false, "": false} {
		if got, err := p.Verify(context.Background(), pw, h); err != nil || got != want {
			t.Errorf("verify %q: %v, %v", pw, got, err)
		}
	}
	if ok, err := p.Verify(context.Background(), "no account has this password", ""); err != nil || ok {
		t.Errorf("unknown account verified: %v, %v", ok, err)
	}
	for _, bad := range []string{"x", "$argon2id$v=19$m=0,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA"} {
		if _, err := p.Verify(context.Background(), "x", bad); err == nil {
			t.Errorf("hash %q was accepted", bad)
		}
	}
}

func TestPasswordQueueRefusesEarly(t *testing.T) {
	t.Parallel()
	p := NewPasswords(Cheap)
	for len(p.queue) < cap(p.queue) {
		p.queue <- struct{}{}
	}
	if _, err := p.Hash(t.Context(), "Okno-2026!"); !fault.Is(err, fault.KindLimited) {
		t.Errorf("a full queue answered %v", err)
	}
	<-p.queue
	if _, err := p.Hash(t.Context(), "Okno-2026!"); err != nil {
		t.Errorf("a place in the queue: %v", err)
	}
}

// However many come at once, no more than the threads hash; who has gone leaves
// the queue, and the others get their own answers.
func TestPasswordThreads(t *testing.T) {
	t.Parallel()
	p := NewPasswordsOn(Cost{MemoryKiB: 1024, Time: 1, Threads: 1}, 2)
	hash, err := p.Hash(t.Context(), "Okno-2026!")
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			ctx, password := t.Context(), "Okno-2026!"
			if i%3 == 0 {
				password = "Okno-2027!"
			}
			if i%8 == 7 {
				ctx = gone
			}
			got, err := p.Verify(ctx, password, hash)
			if err != nil && i%8 != 7 || got && i%3 == 0 || !got && err == nil && i%3 != 0 {
				t.Errorf("%d: %v, %v", i, got, err)
			}
			p.change(func() {
				if p.running > 2 || p.busy > 2 {
					t.Errorf("%d threads, %d busy", p.running, p.busy)
				}
			})
		})
	}
	wait.Wait()
	p.change(func() {
		if p.waiting != 0 || p.busy != 0 {
			t.Errorf("%d wait, %d busy after all have ended", p.waiting, p.busy)
		}
	})
}

// A thread and its memory serve one hash after another, and stay no longer than
// they are needed.
func TestPasswordThreadsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswordsOn(Cheap, 4)
		for range 3 {
			if _, err := p.Hash(t.Context(), "Okno-2026!"); err != nil {
				t.Fatal(err)
			}
		}
		running := func() (n int) {
			p.change(func() { n = p.running })
			return n
		}
		if n := running(); n != 1 {
			t.Errorf("%d threads for hashes one after another", n)
		}
		time.Sleep(threadIdle + time.Second)
		synctest.Wait()
		if n := running(); n != 0 {
			t.Errorf("%d threads are kept", n)
		}
		if _, err := p.Hash(t.Context(), "Okno-2026!"); err != nil {
			t.Errorf("after the threads have ended: %v", err)
		}
		time.Sleep(threadIdle + time.Second)
	})
}

func TestCodesAndTokens(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		c := Code(6)
		if len(c) != 6 || strings.Trim(c, "0123456789") != "" {
			t.Fatalf("code %q", c)
		}
		tok := Token()
		if len(tok) != 43 || seen[tok] {
			t.Fatalf("token %q", tok)
		}
		seen[tok] = true
	}
}
