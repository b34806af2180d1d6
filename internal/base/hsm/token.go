//go:build cgo

package hsm

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// maxSessions that one process keeps open; network devices are licensed by them.
const maxSessions = 8

// Token is a token that the user is signed in to. It signs in again by itself
// after the device was away, but never again with a PIN that was refused: some
// tries more, and the token would lock for everybody.
type Token struct {
	cfg  Config
	ctx  module
	slot uint
	name string

	places chan struct{} // one for each session in use

	mu      sync.Mutex
	idle    []pkcs11.SessionHandle
	age     int   // counts the sign-ins: sessions and handles of an older one are dead
	refused error // the PIN was: for as long as this Token lives
}

// module is what we use of [pkcs11.Ctx].
type module interface {
	Initialize(...pkcs11.InitializeOption) error
	GetSlotList(tokenPresent bool) ([]uint, error)
	GetTokenInfo(slot uint) (pkcs11.TokenInfo, error)
	GetSessionInfo(s pkcs11.SessionHandle) (pkcs11.SessionInfo, error)
	OpenSession(slot, flags uint) (pkcs11.SessionHandle, error)
	CloseSession(s pkcs11.SessionHandle) error
	Login(s pkcs11.SessionHandle, user uint, pin string) error
	GenerateKey(s pkcs11.SessionHandle, m []*pkcs11.Mechanism, a []*pkcs11.Attribute) (pkcs11.ObjectHandle, error)
	FindObjectsInit(s pkcs11.SessionHandle, a []*pkcs11.Attribute) error
	FindObjects(s pkcs11.SessionHandle, most int) ([]pkcs11.ObjectHandle, bool, error)
	FindObjectsFinal(s pkcs11.SessionHandle) error
	EncryptInit(s pkcs11.SessionHandle, m []*pkcs11.Mechanism, k pkcs11.ObjectHandle) error
	Encrypt(s pkcs11.SessionHandle, plain []byte) ([]byte, error)
	DecryptInit(s pkcs11.SessionHandle, m []*pkcs11.Mechanism, k pkcs11.ObjectHandle) error
	Decrypt(s pkcs11.SessionHandle, sealed []byte) ([]byte, error)
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

// Refused is why the device does not take the PIN, wrapping [ErrPIN]; nil while
// it does. It stays until the configuration is read anew, with [Open].
func (t *Token) Refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

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
	if t.refused != nil {
		return 0, t.refused
	}
	s, err := t.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t.cfg.where(), words(err))
	}
	if err := t.login(s); err != nil {
		_ = t.ctx.CloseSession(s)
		return 0, err
	}
	return s, nil
}

// login signs in at most once with a PIN that is wrong.
func (t *Token) login(s pkcs11.SessionHandle) error {
	// Where nobody else of this process has signed in, the last try is not ours:
	// a service that is started again and again would lock the token.
	if info, err := t.ctx.GetSessionInfo(s); err == nil && !signedIn(info.State) {
		if token, err := t.ctx.GetTokenInfo(t.slot); err == nil && lastTry(token.Flags) {
			t.refused = fmt.Errorf("%s: %w: one wrong try more would lock it: sign in once with the maker's tool and the right PIN", t.cfg.where(), ErrPIN)
			return t.refused
		}
	}
	err := t.ctx.Login(s, pkcs11.CKU_USER, t.cfg.PIN)
	switch {
	case err == nil, is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return nil
	case refusesPIN(err):
		t.refused = fmt.Errorf("%s: %w: %w", t.cfg.where(), ErrPIN, words(err))
		return t.refused
	}
	return fmt.Errorf("%s: %w", t.cfg.where(), words(err))
}

func signedIn(state uint) bool {
	return state == pkcs11.CKS_RO_USER_FUNCTIONS || state == pkcs11.CKS_RW_USER_FUNCTIONS
}

func lastTry(flags uint) bool {
	return flags&(pkcs11.CKF_USER_PIN_FINAL_TRY|pkcs11.CKF_USER_PIN_LOCKED) != 0
}

// refusesPIN tells a PIN that will not do from a device that is away.
func refusesPIN(err error) bool {
	return is(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_EXPIRED,
		pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_USER_PIN_NOT_INITIALIZED)
}

// with runs an act in a session, and once more in a fresh one when it failed:
// devices have many ways to say that they were away, and only one failure lies
// in the value, [crypt.ErrSealed]. All others wrap [crypt.ErrDevice], since a
// later try may succeed.
func (t *Token) with(act func(s pkcs11.SessionHandle, age int) error) error {
	t.places <- struct{}{}
	defer func() { <-t.places }()
	age, err := t.try(act)
	if err == nil || errors.Is(err, crypt.ErrSealed) {
		return err
	}
	if gone(err) {
		if err := t.renew(age); err != nil {
			return fmt.Errorf("%w: %w", crypt.ErrDevice, err)
		}
	}
	if age, err = t.try(act); err == nil || errors.Is(err, crypt.ErrSealed) {
		return err
	}
	if !errors.Is(err, errDecrypt) {
		t.distrust(age)
	}
	return fmt.Errorf("%w: %w", crypt.ErrDevice, err)
}

// distrust lets whoever comes next begin with fresh sessions.
func (t *Token) distrust(age int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.age == age {
		t.drop()
	}
}

// try runs an act once. A session in which something failed is not used again.
func (t *Token) try(act func(s pkcs11.SessionHandle, age int) error) (age int, err error) {
	t.mu.Lock()
	age = t.age
	var s pkcs11.SessionHandle
	if n := len(t.idle); n > 0 {
		s, t.idle = t.idle[n-1], t.idle[:n-1]
	} else {
		s, err = t.session()
	}
	t.mu.Unlock()
	if err != nil {
		return age, err
	}
	err = act(s, age)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case age != t.age:
	case err == nil, errors.Is(err, crypt.ErrSealed):
		t.idle = append(t.idle, s)
		return age, err
	case !gone(err):
		// Another one first: with its last session a token forgets the sign-in.
		if next, serr := t.session(); serr == nil {
			t.idle = append(t.idle, next)
		} else {
			t.drop()
		}
	}
	_ = t.ctx.CloseSession(s)
	return age, err
}

// renew signs in anew after the device was away, once for all who noticed it.
func (t *Token) renew(age int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.age != age {
		return nil // somebody else has
	}
	t.drop()
	if t.refused != nil {
		return t.refused
	}
	return t.signIn()
}

// goneCodes say that the device, or what it knew of us, is away: a fresh session
// is not enough, and handles of keys have changed.
var goneCodes = []pkcs11.Error{
	pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN, pkcs11.CKR_KEY_HANDLE_INVALID,
	pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_MEMORY,
	pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SLOT_ID_INVALID, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED,
	pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_SESSION_COUNT,
}

func gone(err error) bool {
	return is(err, goneCodes...) || errors.Is(err, errNoKey) || errors.Is(err, crypt.ErrDevice)
}

// sealedCodes are the only answers to a decryption that surely speak of the value.
var sealedCodes = []pkcs11.Error{pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_DATA_INVALID}

func is(err error, codes ...pkcs11.Error) bool {
	var e pkcs11.Error
	return errors.As(err, &e) && slices.Contains(codes, e)
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
