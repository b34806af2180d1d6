package crypt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

func TestPackedValuesOpenAndMove(t *testing.T) {
	t.Parallel()
	k := NewTestKeyring()
	for _, n := range []int{0, 1, worthPacking - 1, worthPacking, 1 << 16} {
		plain := []byte(strings.Repeat("«Адрес» {регистрации}, ", n/40+1))[:n]
		sealed := k.SealPacked(plain, "draft:1")
		if got, err := k.Open(sealed, "draft:1"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if n >= 1<<16 && len(sealed) > n/10 {
			t.Errorf("%d bytes make %d, want them packed", n, len(sealed))
		}
		if _, err := k.Open(sealed, "draft:2"); !errors.Is(err, ErrSealed) {
			t.Errorf("%d bytes: opens in another row: %v", n, err)
		}
		key := sha256.Sum256([]byte("next key"))
		set, err := newKeySet(fileKey{"nextnext", key[:]}, k.keys.Load().active)
		if err != nil {
			t.Fatal(err)
		}
		next := &Keyring{index: k.index}
		next.keys.Store(set)
		moved, err := next.Rewrap(sealed)
		if err != nil || KeyID(moved) != "nextnext" {
			t.Fatalf("%d bytes: moved under %q, %v", n, KeyID(moved), err)
		}
		if got, err := next.Open(moved, "draft:1"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes, moved: %v", n, err)
		}
	}
}

// Whoever may write into the database must not make one kind of value the other.
func TestVersionOfASealedValueIsBound(t *testing.T) {
	t.Parallel()
	k := NewTestKeyring()
	frame := packer().EncodeAll(bytes.Repeat([]byte("x"), 1000), nil)
	for name, sealed := range map[string][]byte{
		"sealed as packed": k.Seal(frame, "a"),
		"packed as sealed": k.SealPacked(bytes.Repeat([]byte("y"), 1000), "a"),
	} {
		sealed[0] ^= version1 ^ versionPacked
		if _, err := k.Open(sealed, "a"); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
