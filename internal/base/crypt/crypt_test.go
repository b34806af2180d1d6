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
	release := make(chan struct{})
	var started, done sync.WaitGroup
	for range cap(p.slots) {
		started.Add(1)
		done.Go(func() { _ = p.run(context.Background(), func() { started.Done(); <-release }) })
	}
	started.Wait()
	for len(p.queue) < cap(p.queue) {
		p.queue <- struct{}{}
	}
	if err := p.run(context.Background(), func() {}); !fault.Is(err, fault.KindLimited) {
		t.Errorf("a full queue answered %v", err)
	}
	close(release)
	done.Wait()
}

// The memory of a hash is used again, and kept for no longer than it is needed.
func TestPasswordMemoryIsKeptShortly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(Cheap)
		for range 3 {
			if _, err := p.Hash(t.Context(), "Okno-2026!"); err != nil {
				t.Fatal(err)
			}
		}
		held := func() (kib, n int) {
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, m := range p.idle {
				kib += m.Size()
			}
			return kib, len(p.idle)
		}
		if kib, n := held(); kib != int(Cheap.MemoryKiB) || n != 1 {
			t.Errorf("%d memories of %d KiB after hashes one after another", n, kib)
		}
		time.Sleep(memoryIdle + time.Second)
		synctest.Wait()
		if kib, n := held(); kib != 0 || n != 0 {
			t.Errorf("%d memories of %d KiB are kept", n, kib)
		}
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
