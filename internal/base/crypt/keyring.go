// Package crypt holds the small set of cryptographic acts that Okno needs at
// rest: sealing values under a key-encryption key, blind indexes for exact
// look-up of sealed values, codes, tokens and password hashes.
//
// It is not a certified crypto tool (СКЗИ): where the law asks for one, the
// key-encryption key sits behind [Wrapper] in such a device.
package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrSealed reports a sealed value that does not open: another key, other
// associated data, or damage.
var ErrSealed = errors.New("crypt: sealed value does not open")

// ErrNoKey reports a sealed value whose key is not in the ring. The start of
// the program checks the ring, so that this never surprises a citizen.
var ErrNoKey = errors.New("crypt: key is not in the ring")

// ErrDevice says that the device that holds the keys does not answer: the value
// may be sound, and a later try may open it.
var ErrDevice = errors.New("crypt: the key device does not answer")

const (
	keySize   = 32
	idSize    = 8
	nonceSize = 12
	tagSize   = 16
	wrapSize  = nonceSize + keySize + tagSize

	// The first byte of a sealed value.
	version1      = 1
	versionPacked = 2 // compressed before it was sealed
)

// Wrapper encrypts data keys under one key-encryption key.
type Wrapper interface {
	// ID has exactly eight ASCII characters.
	ID() string
	// Wrap gives nonce, 32 encrypted bytes and tag of AES-256-GCM: 60 bytes.
	// Errors wrap [ErrDevice] when a device is away.
	Wrap(dataKey []byte) ([]byte, error)
	// Unwrap undoes Wrap. Errors wrap [ErrDevice] when a device is away.
	Unwrap(wrapped []byte) ([]byte, error)
}

// Keyring seals under its active key and opens under any of its keys. One that
// was loaded from a file follows the file while the program runs: by
// [Keyring.Reload], and by itself when it meets a key that it does not know.
type Keyring struct {
	keys  atomic.Pointer[keySet]
	index []byte // root of the blind indexes and MACs; outlives rotations

	macKeys sync.Map     // keys derived from it, by kind or purpose
	kinds   atomic.Int32 // how many

	file KeyFile // no path: a ring that was made in memory
	mu   sync.Mutex
	read fileState // of the file when it was read last
}

// keySet is what a rotation changes.
type keySet struct {
	active Wrapper
	byID   map[string]Wrapper
}

// NewKeyring makes a ring. The index root has at least 32 bytes and never
// changes, since every blind index of the database depends on it.
func NewKeyring(index []byte, active Wrapper, older ...Wrapper) (*Keyring, error) {
	if len(index) < keySize {
		return nil, errors.New("crypt: the index root is shorter than 32 bytes")
	}
	set, err := newKeySet(active, older...)
	if err != nil {
		return nil, err
	}
	k := &Keyring{index: index}
	k.keys.Store(set)
	return k, nil
}

func newKeySet(active Wrapper, older ...Wrapper) (*keySet, error) {
	k := &keySet{active: active, byID: map[string]Wrapper{}}
	for _, w := range append([]Wrapper{active}, older...) {
		if len(w.ID()) != idSize {
			return nil, fmt.Errorf("crypt: key id %q has not %d characters", w.ID(), idSize)
		}
		if _, dup := k.byID[w.ID()]; dup {
			return nil, fmt.Errorf("crypt: key id %q occurs twice", w.ID())
		}
		k.byID[w.ID()] = w
	}
	return k, nil
}

// ActiveID is the id of the key that seals now.
func (k *Keyring) ActiveID() string { return k.keys.Load().active.ID() }

// IDs are the ids of all keys, sorted.
func (k *Keyring) IDs() []string {
	return slices.Sorted(maps.Keys(k.keys.Load().byID))
}

// wrapper is the key of an id. An unknown id may be a key that was added to the
// file a moment ago and that another process seals under already.
func (k *Keyring) wrapper(id string) (Wrapper, bool) {
	w, ok := k.keys.Load().byID[id]
	if !ok && k.file.Path != "" {
		if changed, err := k.Reload(); err == nil && changed {
			w, ok = k.keys.Load().byID[id]
		}
	}
	return w, ok
}

// Seal encrypts plain with a fresh data key, wrapped by the active key. aad
// names what the value is and whose, such as "person.snils:<oid>": a value
// moved to another row does not open. It panics only when the machine has no
// randomness or the key device is gone, after which nothing may be stored.
func (k *Keyring) Seal(plain []byte, aad string) []byte { return k.seal(version1, plain, aad) }

func (k *Keyring) seal(version byte, plain []byte, aad string) []byte {
	dek := make([]byte, keySize)
	mustRead(dek)
	active := k.keys.Load().active
	wrapped, err := active.Wrap(dek)
	if err != nil {
		panic(fmt.Errorf("crypt: wrap data key: %w", err))
	}
	out := make([]byte, 0, 1+idSize+len(wrapped)+nonceSize+len(plain)+tagSize)
	out = append(out, version)
	out = append(out, active.ID()...)
	out = append(out, wrapped...)
	return appendGCM(out, dek, plain, aad)
}

// Open decrypts what [Keyring.Seal] or [Keyring.SealPacked] made with the same aad.
func (k *Keyring) Open(sealed []byte, aad string) ([]byte, error) {
	dek, body, err := k.unwrap(sealed)
	if err != nil {
		return nil, err
	}
	if sealed[0] == versionPacked {
		return k.openPacked(dek, body, aad)
	}
	return openGCM(dek, body, aad)
}

// KeyID names the key that a sealed value needs.
func KeyID(sealed []byte) string {
	if len(sealed) < 1+idSize || !known(sealed[0]) {
		return ""
	}
	return string(sealed[1 : 1+idSize])
}

func known(version byte) bool { return version == version1 || version == versionPacked }

// Rewrap moves a sealed value under the active key without touching its
// content; it returns the value itself when that is so already.
func (k *Keyring) Rewrap(sealed []byte) ([]byte, error) {
	active := k.keys.Load().active
	if KeyID(sealed) == active.ID() {
		return sealed, nil
	}
	dek, body, err := k.unwrap(sealed)
	if err != nil {
		return nil, err
	}
	wrapped, err := active.Wrap(dek)
	if err != nil {
		return nil, fmt.Errorf("crypt: wrap data key: %w", err)
	}
	out := append([]byte{sealed[0]}, active.ID()...)
	out = append(out, wrapped...)
	return append(out, body...), nil
}

func (k *Keyring) unwrap(sealed []byte) (dek, body []byte, err error) {
	if len(sealed) < 1+idSize+wrapSize+nonceSize+tagSize || !known(sealed[0]) {
		return nil, nil, ErrSealed
	}
	w, ok := k.wrapper(string(sealed[1 : 1+idSize]))
	if !ok {
		return nil, nil, fmt.Errorf("%w: %q", ErrNoKey, sealed[1:1+idSize])
	}
	rest := sealed[1+idSize:]
	dek, err = w.Unwrap(rest[:wrapSize])
	if err != nil {
		return nil, nil, refusal(err)
	}
	return dek, rest[wrapSize:], nil
}

// DataKey makes a fresh data key for a stream (base/blob) and its wrapped form.
func (k *Keyring) DataKey() (dek, wrapped []byte) {
	dek = make([]byte, keySize)
	mustRead(dek)
	active := k.keys.Load().active
	w, err := active.Wrap(dek)
	if err != nil {
		panic(fmt.Errorf("crypt: wrap data key: %w", err))
	}
	return dek, append([]byte(active.ID()), w...)
}

// OpenDataKey undoes [Keyring.DataKey].
func (k *Keyring) OpenDataKey(wrapped []byte) ([]byte, error) {
	if len(wrapped) != idSize+wrapSize {
		return nil, ErrSealed
	}
	w, ok := k.wrapper(string(wrapped[:idSize]))
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoKey, wrapped[:idSize])
	}
	dek, err := w.Unwrap(wrapped[idSize:])
	if err != nil {
		return nil, refusal(err)
	}
	return dek, nil
}

// refusal tells a key device that is away from a value that does not open.
func refusal(err error) error {
	if errors.Is(err, ErrDevice) {
		return err
	}
	return ErrSealed
}

// DataKeyID names the key that a wrapped data key needs.
func DataKeyID(wrapped []byte) string {
	if len(wrapped) != idSize+wrapSize {
		return ""
	}
	return string(wrapped[:idSize])
}

// RewrapDataKey moves a wrapped data key under the active key; what it encrypts
// stays as it is.
func (k *Keyring) RewrapDataKey(wrapped []byte) ([]byte, error) {
	active := k.keys.Load().active
	if DataKeyID(wrapped) == active.ID() {
		return wrapped, nil
	}
	dek, err := k.OpenDataKey(wrapped)
	if err != nil {
		return nil, err
	}
	w, err := active.Wrap(dek)
	if err != nil {
		return nil, fmt.Errorf("crypt: wrap data key: %w", err)
	}
	return append([]byte(active.ID()), w...), nil
}

// Index is the blind index of a value: equal values of one kind have equal
// indexes, and nobody without the root can test a guess. Normalise first.
func (k *Keyring) Index(kind, value string) []byte { return k.mac("index:"+kind, value) }

// MAC authenticates or hides a short value, such as a six-digit code.
func (k *Keyring) MAC(purpose, value string) []byte { return k.mac("mac:"+purpose, value) }

// Derive gives a 32-byte key for one purpose, stable over rotations.
func (k *Keyring) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.index, nil, "okno "+purpose, keySize)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return key
}

// maxKinds bounds the derived keys that are remembered: kinds and purposes are
// words of the program.
const maxKinds = 256

func (k *Keyring) macKey(info string) []byte {
	if key, ok := k.macKeys.Load(info); ok {
		return key.([]byte)
	}
	key := k.Derive(info)
	if k.kinds.Add(1) <= maxKinds {
		k.macKeys.Store(info, key)
	}
	return key
}

func (k *Keyring) mac(info, value string) []byte {
	m := hmac.New(sha256.New, k.macKey(info))
	m.Write([]byte(value))
	return m.Sum(nil)
}

// fileKey is a key-encryption key held in memory.
type fileKey struct {
	id  string
	key []byte
}

// NewFileKey is a key-encryption key of 32 bytes with an id of 8 characters.
func NewFileKey(id string, key []byte) (Wrapper, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("crypt: key %q has not %d bytes", id, keySize)
	}
	return fileKey{id, key}, nil
}

func (f fileKey) ID() string { return f.id }

func (f fileKey) Wrap(dek []byte) ([]byte, error) { return appendGCM(nil, f.key, dek, "dek"), nil }

func (f fileKey) Unwrap(b []byte) ([]byte, error) { return openGCM(f.key, b, "dek") }

// NewTestKeyring is a ring with fixed keys, for tests alone.
func NewTestKeyring() *Keyring {
	key := sha256.Sum256([]byte("test key"))
	index := sha256.Sum256([]byte("test index"))
	k, err := NewKeyring(index[:], fileKey{"testtest", key[:]})
	if err != nil {
		panic(err)
	}
	return k
}

func appendGCM(dst, key, plain []byte, aad string) []byte {
	g := newGCM(key)
	nonce := make([]byte, nonceSize)
	mustRead(nonce)
	dst = append(dst, nonce...)
	return g.Seal(dst, nonce, plain, []byte(aad))
}

func openGCM(key, b []byte, aad string) ([]byte, error) {
	if len(b) < nonceSize+tagSize {
		return nil, ErrSealed
	}
	plain, err := newGCM(key).Open(nil, b[:nonceSize], b[nonceSize:], []byte(aad))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func newGCM(key []byte) cipher.AEAD {
	c, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys are checked where they enter
	}
	g, err := cipher.NewGCM(c)
	if err != nil {
		panic(err)
	}
	return g
}

func mustRead(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
}
