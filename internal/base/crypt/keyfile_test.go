package crypt

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func newFile(t *testing.T) (path string, k *Keyring) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys.json")
	if err := (KeyFile{Path: path}).Create(); err != nil {
		t.Fatal(err)
	}
	k, err := KeyFile{Path: path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	return path, k
}

func TestKeyIsAddedActivatedAndRemovedInSteps(t *testing.T) {
	t.Parallel()
	path, k := newFile(t)
	first := k.ActiveID()
	id, err := KeyFile{Path: path}.Add()
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := k.Reload(); err != nil || !changed {
		t.Fatalf("reload: %v, %v", changed, err)
	}
	if k.ActiveID() != first || !slices.Contains(k.IDs(), id) {
		t.Fatalf("an added key seals at once: active %s of %v", k.ActiveID(), k.IDs())
	}
	if err := (KeyFile{Path: path}).Remove(first); err == nil {
		t.Error("the active key was removed")
	}
	if err := (KeyFile{Path: path}).Activate("unknown!"); err == nil {
		t.Error("a key that is not there was activated")
	}
	if err := (KeyFile{Path: path}).Activate(id); err != nil {
		t.Fatal(err)
	}
	old := k.Seal([]byte("x"), "a")
	if _, err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	moved, err := k.Rewrap(old)
	if err != nil || KeyID(moved) != id {
		t.Fatalf("rewrap: under %s, %v", KeyID(moved), err)
	}
	if err := (KeyFile{Path: path}).Remove(first); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(old, "a"); !errors.Is(err, ErrNoKey) {
		t.Errorf("a removed key still opens: %v", err)
	}
	if got, err := k.Open(moved, "a"); err != nil || string(got) != "x" {
		t.Errorf("moved value: %q, %v", got, err)
	}
	if again, err := k.Reload(); again || err != nil {
		t.Errorf("an unchanged file was read again: %v, %v", again, err)
	}
}

// A half-written or exchanged file must not take the keys from a running program.
func TestReloadRefusesWhatIsNotTheRing(t *testing.T) {
	t.Parallel()
	path, k := newFile(t)
	sealed := k.Seal([]byte("x"), "a")
	other, _ := newFile(t)
	foreign, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"damaged": []byte(`{"active": "`), "foreign": foreign, "empty": nil} {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if changed, err := k.Reload(); changed || err == nil {
			t.Errorf("%s file was taken: %v, %v", name, changed, err)
		}
		if got, err := k.Open(sealed, "a"); err != nil || string(got) != "x" {
			t.Errorf("with a %s file on disk: %q, %v", name, got, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Open(sealed, "a"); err != nil || string(got) != "x" {
		t.Errorf("without the file: %q, %v", got, err)
	}
}
