//go:build cgo

package hsm

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// maxSessions that one process keeps open; network devices are licensed by them.
const maxSessions = 8

// Token is a token that the user is signed in to. It signs in again by itself
// after the device was away.
type Token struct {
	cfg  Config
	ctx  *pkcs11.Ctx
	slot uint
	name string

	places chan struct{} // one for each session in use

	mu   sync.Mutex
	idle []pkcs11.SessionHandle
	age  int // counts the sign-ins: sessions and handles of an older one are dead
}

// Open loads the module and signs in to the token. The module stays loaded until
// the process ends: others of this process may use it too.
func Open(c Config) (*Token, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(c.Module); err != nil {
		return nil, fmt.Errorf("PKCS #11 module: %w", err)
	}
	ctx := pkcs11.New(c.Module)
	if ctx == nil {
		return nil, fmt.Errorf("PKCS #11 module %s cannot be loaded", c.Module)
	}
	t := &Token{cfg: c, ctx: ctx, places: make(chan struct{}, maxSessions)}
	if err := t.signIn(); err != nil {
		return nil, err
	}
	return t, nil
}

// Label is what new keys are called in the device.
func (t *Token) Label() string { return t.cfg.Label }

// Describe names the token and its maker, for people.
func (t *Token) Describe() string { return t.name }

// Close ends the sessions.
func (t *Token) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
}

// drop forgets all sessions; the caller holds the lock.
func (t *Token) drop() {
	for _, s := range t.idle {
		_ = t.ctx.CloseSession(s)
	}
	t.idle = nil
	t.age++
}

// signIn finds the token and opens the first session; PKCS #11 signs in the
// whole process, not a session.
func (t *Token) signIn() error {
	if err := t.ctx.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return fmt.Errorf("PKCS #11 module: %w", words(err))
	}
	slot, err := t.find()
	if err != nil {
		return err
	}
	info, err := t.ctx.GetTokenInfo(slot)
	if err != nil {
		return fmt.Errorf("%s: %w", t.cfg.where(), words(err))
	}
	t.slot = slot
	t.name = strings.Join(strings.Fields(info.Label+", "+info.ManufacturerID+" "+info.Model), " ")
	s, err := t.session()
	if err != nil {
		return err
	}
	t.idle = append(t.idle, s)
	return nil
}

func (t *Token) find() (uint, error) {
	if t.cfg.Slot != nil {
		return *t.cfg.Slot, nil
	}
	slots, err := t.ctx.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("PKCS #11 module: %w", words(err))
	}
	for _, s := range slots {
		if info, err := t.ctx.GetTokenInfo(s); err == nil && strings.TrimRight(info.Label, " \x00") == t.cfg.Token {
			return s, nil
		}
	}
	return 0, fmt.Errorf("the device has no token %q: %w", t.cfg.Token, crypt.ErrDevice)
}

// session opens one and signs in, which may be so already.
func (t *Token) session() (pkcs11.SessionHandle, error) {
	s, err := t.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t.cfg.where(), words(err))
	}
	if err := t.ctx.Login(s, pkcs11.CKU_USER, t.cfg.PIN); err != nil && !is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		_ = t.ctx.CloseSession(s)
		return 0, fmt.Errorf("%s: %w", t.cfg.where(), words(err))
	}
	return s, nil
}

// with runs an act in a session, and once more in a fresh one when the device
// has forgotten the old ones.
func (t *Token) with(act func(s pkcs11.SessionHandle, age int) error) error {
	t.places <- struct{}{}
	defer func() { <-t.places }()
	err := t.try(act)
	if !gone(err) {
		return err
	}
	if rerr := t.renew(); rerr != nil {
		return fmt.Errorf("%w: %w", crypt.ErrDevice, rerr)
	}
	if err = t.try(act); gone(err) {
		return fmt.Errorf("%w: %w", crypt.ErrDevice, err)
	}
	return err
}

func (t *Token) try(act func(s pkcs11.SessionHandle, age int) error) error {
	t.mu.Lock()
	age := t.age
	var s pkcs11.SessionHandle
	var err error
	if n := len(t.idle); n > 0 {
		s, t.idle = t.idle[n-1], t.idle[:n-1]
	} else {
		s, err = t.session()
	}
	t.mu.Unlock()
	if err != nil {
		return err
	}
	err = act(s, age)
	t.mu.Lock()
	defer t.mu.Unlock()
	if age == t.age && !gone(err) {
		t.idle = append(t.idle, s)
	} else {
		_ = t.ctx.CloseSession(s)
	}
	return err
}

// renew signs in anew after the device was away.
func (t *Token) renew() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
	return t.signIn()
}

// goneCodes say that the device, or what it knew of us, is away.
var goneCodes = []pkcs11.Error{
	pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN, pkcs11.CKR_KEY_HANDLE_INVALID,
	pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_MEMORY,
	pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SLOT_ID_INVALID, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED,
	pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_SESSION_COUNT,
}

func gone(err error) bool {
	for _, c := range goneCodes {
		if is(err, c) {
			return true
		}
	}
	return errors.Is(err, crypt.ErrDevice)
}

func is(err error, code pkcs11.Error) bool {
	var e pkcs11.Error
	return errors.As(err, &e) && e == code
}

// words explains the answers that an operator can do something about.
func words(err error) error {
	for code, text := range map[pkcs11.Error]string{
		pkcs11.CKR_PIN_INCORRECT:            "the device refuses the PIN",
		pkcs11.CKR_PIN_LOCKED:               "the device has locked the PIN after wrong tries: unlock it with the maker's tool",
		pkcs11.CKR_PIN_EXPIRED:              "the PIN has expired",
		pkcs11.CKR_USER_PIN_NOT_INITIALIZED: "the token has no user PIN yet",
		pkcs11.CKR_SLOT_ID_INVALID:          "the device has no such slot",
		pkcs11.CKR_TOKEN_NOT_PRESENT:        "there is no token in the slot",
		pkcs11.CKR_TOKEN_WRITE_PROTECTED:    "the token is write-protected",
		pkcs11.CKR_MECHANISM_INVALID:        "the device cannot do AES-GCM",
	} {
		if is(err, code) {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return err
}
