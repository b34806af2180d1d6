//go:build cgo

package hsm

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/pkcs11"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// faulty is the real module, whose answers go wrong on demand.
type faulty struct {
	*pkcs11.Ctx
	decrypt func(s pkcs11.SessionHandle) error // instead of what was decrypted
	flags   uint                               // of the token, besides its own
	logins  atomic.Int32
}

func (f *faulty) Decrypt(s pkcs11.SessionHandle, sealed []byte) ([]byte, error) {
	plain, err := f.Ctx.Decrypt(s, sealed)
	if f.decrypt != nil {
		if err := f.decrypt(s); err != nil {
			return nil, err
		}
	}
	return plain, err
}

func (f *faulty) GetTokenInfo(slot uint) (pkcs11.TokenInfo, error) {
	info, err := f.Ctx.GetTokenInfo(slot)
	info.Flags |= f.flags
	return info, err
}

func (f *faulty) Login(s pkcs11.SessionHandle, user uint, pin string) error {
	f.logins.Add(1)
	return f.Ctx.Login(s, user, pin)
}

// disturbed is a ring in a device that can be made to fail, and a value of it.
func disturbed(t *testing.T) (*Token, *faulty, *crypt.Keyring, []byte) {
	t.Helper()
	tok := open(t)
	file := crypt.KeyFile{Path: filepath.Join(t.TempDir(), "keys.json"), Device: tok}
	if err := file.Create(); err != nil {
		t.Fatal(err)
	}
	ring, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{Ctx: tok.ctx.(*pkcs11.Ctx)}
	tok.ctx = f
	return tok, f, ring, ring.Seal([]byte("x"), "a")
}

// Whatever a device answers while it is unwell: the value is not called damaged,
// the next try has another session, and work goes on once the device is well.
func TestAnswersOfASickDevice(t *testing.T) {
	_, f, ring, sealed := disturbed(t)
	for _, code := range []pkcs11.Error{
		pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_HOST_MEMORY,
		pkcs11.CKR_OPERATION_ACTIVE, pkcs11.CKR_OPERATION_NOT_INITIALIZED, pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_USER_NOT_LOGGED_IN,
		pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_BUFFER_TOO_SMALL, pkcs11.CKR_VENDOR_DEFINED + 7,
	} {
		var first pkcs11.SessionHandle
		tries := 0
		f.decrypt = func(s pkcs11.SessionHandle) error {
			if tries++; tries == 1 {
				first = s
				return code
			}
			if s == first {
				t.Errorf("%v: tried again in the same session", code)
			}
			return nil
		}
		if plain, err := ring.Open(sealed, "a"); err != nil || string(plain) != "x" {
			t.Errorf("%v once: %q, %v", code, plain, err)
		}
		f.decrypt = func(pkcs11.SessionHandle) error { return code }
		if _, err := ring.Open(sealed, "a"); !errors.Is(err, crypt.ErrDevice) || errors.Is(err, crypt.ErrSealed) {
			t.Errorf("%v for a while: %v", code, err)
		}
		f.decrypt = nil
		if plain, err := ring.Open(sealed, "a"); err != nil || string(plain) != "x" {
			t.Errorf("after %v: %q, %v", code, plain, err)
		}
	}
}

// Three answers speak of the value alone: nothing is tried again.
func TestAnswersAboutTheValue(t *testing.T) {
	tok, f, ring, sealed := disturbed(t)
	if _, err := ring.Open(sealed, "a"); err != nil {
		t.Fatal(err)
	}
	for _, code := range sealedCodes {
		tries, before := 0, fmt.Sprint(tok.age, tok.idle)
		f.decrypt = func(pkcs11.SessionHandle) error { tries++; return code }
		if _, err := ring.Open(sealed, "a"); !errors.Is(err, crypt.ErrSealed) || tries != 1 {
			t.Errorf("%v: %v after %d tries", code, err, tries)
		}
		if after := fmt.Sprint(tok.age, tok.idle); after != before {
			t.Errorf("%v: the sessions changed: %s, %s", code, before, after)
		}
	}
}

// A PIN that was changed at the device is tried once, however many ask.
func TestRefusedPINIsNotTriedAgain(t *testing.T) {
	tok, f, ring, sealed := disturbed(t)
	if err := tok.Refused(); err != nil {
		t.Fatal(err)
	}
	tok.cfg.PIN = "000000"
	if err := finalize(tok); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 * maxSessions {
		all.Go(func() {
			for range 5 {
				if _, err := ring.Open(sealed, "a"); !errors.Is(err, crypt.ErrDevice) || !errors.Is(err, ErrPIN) || strings.Contains(err.Error(), "000000") {
					t.Errorf("%v", err)
				}
			}
		})
	}
	all.Wait()
	if n := f.logins.Load(); n != 1 {
		t.Errorf("a wrong PIN was tried %d times", n)
	}
	if err := tok.Refused(); !errors.Is(err, ErrPIN) {
		t.Errorf("the device is not called refusing: %v", err)
	}
	// The right one comes with a new configuration, never by itself.
	if _, err := ring.Open(sealed, "a"); !errors.Is(err, ErrPIN) {
		t.Errorf("%v", err)
	}
	_ = finalize(tok)
	label := tok.Label()
	again := open(t, func(c *Config) { c.Label = label })
	if err := again.Refused(); err != nil {
		t.Error(err)
	}
}

// A service that systemd starts again and again leaves the last try to a person.
func TestLastTryIsNotOurs(t *testing.T) {
	for _, flag := range []uint{pkcs11.CKF_USER_PIN_FINAL_TRY, pkcs11.CKF_USER_PIN_LOCKED} {
		tok, f, ring, sealed := disturbed(t)
		if err := finalize(tok); err != nil {
			t.Fatal(err)
		}
		f.flags = flag
		if _, err := ring.Open(sealed, "a"); !errors.Is(err, ErrPIN) || f.logins.Load() != 0 {
			t.Errorf("%v after %d tries", err, f.logins.Load())
		}
	}
}
