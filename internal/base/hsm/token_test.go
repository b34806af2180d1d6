//go:build cgo

package hsm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// library is SoftHSM's, with tokens of this run alone; "" when it is not here.
var (
	library string
	tokens  string
)

const pin = "648219"

func TestMain(m *testing.M) {
	code := 1
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if tokens != "" {
		_ = os.RemoveAll(filepath.Dir(tokens))
	}
	os.Exit(code)
}

// prepare makes the tokens before the module is loaded: it reads its environment
// once.
func prepare() error {
	if _, err := exec.LookPath("softhsm2-util"); err != nil {
		return nil
	}
	found, err := filepath.Glob("/usr/lib*/softhsm/libsofthsm2.so")
	if err != nil || len(found) == 0 {
		return err
	}
	library = found[0]
	dir, err := os.MkdirTemp("", "okno-hsm")
	if err != nil {
		return err
	}
	tokens = filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return err
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600); err != nil {
		return err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return err
	}
	for _, label := range []string{"okno", "other"} {
		if out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "93728461").CombinedOutput(); err != nil {
			return fmt.Errorf("softhsm2-util: %w: %s", err, out)
		}
	}
	return nil
}

func open(t *testing.T, change ...func(*Config)) *Token {
	t.Helper()
	if library == "" {
		t.Skip("SoftHSM is not here: ./check brings it")
	}
	c := Config{Module: library, Token: "okno", PIN: pin, Label: "okno-" + strings.ToLower(t.Name())}
	for _, f := range change {
		f(&c)
	}
	tok, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tok.Close)
	return tok
}

// finalize lets the module forget everything: sessions, sign-in, handles.
func finalize(t *Token) error {
	if f, ok := t.ctx.(*faulty); ok {
		return f.Ctx.Finalize()
	}
	return t.ctx.(*pkcs11.Ctx).Finalize()
}

// The tests of this package share one loaded module: they run one by one.

func TestKeyStaysInTheDevice(t *testing.T) {
	tok := open(t)
	path := filepath.Join(t.TempDir(), "keys.json")
	file := crypt.KeyFile{Path: path, Device: tok}
	if err := file.Create(); err != nil {
		t.Fatal(err)
	}
	ring, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(raw), `"pkcs11:`+tok.Label()+`"`) || !strings.Contains(string(raw), `"index": "`+ring.ActiveID()+`:`) {
		t.Fatalf("the file: %s, %v", raw, err)
	}
	sealed := ring.Seal([]byte("112-233-445 95"), "person.snils:1")
	if crypt.KeyID(sealed) != ring.ActiveID() {
		t.Errorf("sealed under %s", crypt.KeyID(sealed))
	}
	again, err := crypt.KeyFile{Path: path, Device: open(t)}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "person.snils:1"); err != nil || string(plain) != "112-233-445 95" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if !bytes.Equal(again.Index("snils", "1"), ring.Index("snils", "1")) {
		t.Error("the blind index changed with the next start")
	}
	if _, err := ring.Open(sealed, "person.snils:2"); !errors.Is(err, crypt.ErrSealed) {
		t.Errorf("another row: %v", err)
	}
	sealed[20] ^= 1
	if _, err := ring.Open(sealed, "person.snils:1"); !errors.Is(err, crypt.ErrSealed) {
		t.Errorf("a damaged value: %v", err)
	}
	if _, err := (crypt.KeyFile{Path: path}).Load(); err == nil || !strings.Contains(err.Error(), "configure pkcs11") {
		t.Errorf("without the device: %v", err)
	}
	// The device itself refuses to give the key away.
	if err := tok.with(func(s pkcs11.SessionHandle, age int) error {
		w, err := tok.Key(tok.Label(), ring.ActiveID())
		if err != nil {
			return err
		}
		h, err := w.(*key).handleIn(s, age)
		if err != nil {
			return err
		}
		_, err = tok.ctx.(*pkcs11.Ctx).GetAttributeValue(s, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
		return err
	}); !is(err, pkcs11.CKR_ATTRIBUTE_SENSITIVE) {
		t.Errorf("the key's value: %v", err)
	}
}

// A ring of a file moves into a device, and back, while values stay readable.
func TestRingMovesIntoTheDevice(t *testing.T) {
	tok := open(t)
	path := filepath.Join(t.TempDir(), "keys.json")
	plain, inDevice := crypt.KeyFile{Path: path}, crypt.KeyFile{Path: path, Device: tok}
	if err := plain.Create(); err != nil {
		t.Fatal(err)
	}
	ring, err := inDevice.Load()
	if err != nil {
		t.Fatal(err)
	}
	first := ring.ActiveID()
	old, index := ring.Seal([]byte("x"), "a"), ring.Index("kind", "v")
	id, err := inDevice.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := ring.Reload(); err != nil || !changed || ring.ActiveID() != id || !bytes.Equal(index, ring.Index("kind", "v")) {
		t.Fatalf("reload: %t, %v, active %s", changed, err, ring.ActiveID())
	}
	moved, err := ring.Rewrap(old)
	if err != nil || crypt.KeyID(moved) != id || len(moved) != len(old) {
		t.Fatalf("rewrap: %v under %s", err, crypt.KeyID(moved))
	}
	if got, err := ring.Open(moved, "a"); err != nil || string(got) != "x" {
		t.Errorf("moved: %q, %v", got, err)
	}
	// Without the device nobody changes the ring, and nobody falls back to a
	// key in the file unseen.
	if _, err := plain.Rotate(); err == nil {
		t.Error("the ring was changed without its device")
	}
	if err := inDevice.Remove(first); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), first) {
		t.Errorf("the old key is still in the file: %s", raw)
	}
}

func TestDeviceComesBack(t *testing.T) {
	tok := open(t)
	file := crypt.KeyFile{Path: filepath.Join(t.TempDir(), "keys.json"), Device: tok}
	if err := file.Create(); err != nil {
		t.Fatal(err)
	}
	ring, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	sealed := ring.Seal([]byte("x"), "a")
	if err := finalize(tok); err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Open(sealed, "a"); err != nil || string(plain) != "x" {
		t.Fatalf("after a restart of the device: %q, %v", plain, err)
	}
	if err := finalize(tok); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tokens, tokens+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(sealed, "a"); !errors.Is(err, crypt.ErrDevice) {
		t.Errorf("away: %v", err)
	}
	func() {
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, crypt.ErrDevice) {
				t.Errorf("sealing without a device: %v", err)
			}
		}()
		ring.Seal([]byte("y"), "a")
	}()
	if err := os.Rename(tokens+".away", tokens); err != nil {
		t.Fatal(err)
	}
	_ = finalize(tok) // the library looks for its tokens when it starts
	if plain, err := ring.Open(sealed, "a"); err != nil || string(plain) != "x" {
		t.Errorf("back again: %q, %v", plain, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	tok := open(t)
	file := crypt.KeyFile{Path: filepath.Join(t.TempDir(), "keys.json"), Device: tok}
	if err := file.Create(); err != nil {
		t.Fatal(err)
	}
	ring, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 4 * maxSessions {
		all.Go(func() {
			for j := range 10 {
				text := fmt.Sprint(i, j)
				if plain, err := ring.Open(ring.Seal([]byte(text), text), text); err != nil || string(plain) != text {
					t.Errorf("%s: %q, %v", text, plain, err)
				}
			}
		})
	}
	all.Wait()
	if n := len(tok.idle); n > maxSessions {
		t.Errorf("%d sessions are open", n)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	open(t) // skips without SoftHSM
	far := uint(99)
	for want, change := range map[string]func(*Config){
		"no such file":        func(c *Config) { c.Module = "/nowhere.so" },
		"cannot be loaded":    func(c *Config) { c.Module = "/etc/passwd" },
		`no token "none"`:     func(c *Config) { c.Token = "none" },
		"no such slot":        func(c *Config) { c.Token, c.Slot = "", &far },
		"the token or the":    func(c *Config) { c.Slot = &far },
		"the PIN is missing":  func(c *Config) { c.PIN = "" },
		"label of the keys":   func(c *Config) { c.Label = "" },
		"name the library of": func(c *Config) { c.Module = "" },
	} {
		c := Config{Module: library, Token: "okno", PIN: pin, Label: "okno"}
		change(&c)
		if _, err := Open(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	tok := open(t, func(c *Config) { c.Token = "other" })
	if _, err := tok.Key("okno", "nothere1"); err == nil || !strings.Contains(err.Error(), `no key "nothere1"`) {
		t.Errorf("a key that is not there: %v", err)
	}
	if !strings.HasPrefix(tok.Describe(), "other, SoftHSM") {
		t.Errorf("described as %q", tok.Describe())
	}
}

// The PIN is asked once for a process: a wrong one shows in the first sign-in.
func TestWrongPIN(t *testing.T) {
	tok := open(t)
	tok.Close()
	_ = finalize(tok)
	_, err := Open(Config{Module: library, Token: "okno", PIN: "000000", Label: "okno"})
	if err == nil || !strings.Contains(err.Error(), "refuses the PIN") || strings.Contains(err.Error(), "000000") {
		t.Errorf("%v", err)
	}
}
