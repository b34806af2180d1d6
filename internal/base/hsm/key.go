//go:build cgo

package hsm

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// Generate makes an AES-256 key that the device never gives away.
func (t *Token) Generate(id string) error {
	return t.with(func(s pkcs11.SessionHandle, _ int) error {
		_, err := t.ctx.GenerateKey(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
			pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, keySize),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, t.cfg.Label),
			pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(id)),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
			pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
			pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
			pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		})
		return words(err)
	})
}

// Key finds a key of the device by its label and id.
func (t *Token) Key(label, id string) (crypt.Wrapper, error) {
	k := &key{token: t, label: label, id: id, age: -1}
	if err := t.with(func(s pkcs11.SessionHandle, age int) error {
		_, err := k.handleIn(s, age)
		return err
	}); err != nil {
		return nil, err
	}
	return k, nil
}

// errNoKey is also what a device says that shows its keys only to whom it knows.
var errNoKey = errors.New("has no key")

// key is a key-encryption key of the device.
type key struct {
	token     *Token
	label, id string

	mu     sync.Mutex
	handle pkcs11.ObjectHandle
	age    int // the sign-in that the handle belongs to
}

// ID is the key's id in the ring and in the device.
func (k *key) ID() string { return k.id }

func (k *key) handleIn(s pkcs11.SessionHandle, age int) (pkcs11.ObjectHandle, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.age == age {
		return k.handle, nil
	}
	ctx := k.token.ctx
	if err := ctx.FindObjectsInit(s, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.label),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(k.id)),
	}); err != nil {
		return 0, err
	}
	found, _, err := ctx.FindObjects(s, 2)
	if ferr := ctx.FindObjectsFinal(s); err == nil {
		err = ferr
	}
	if err != nil {
		return 0, err
	}
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("%s %w %q with the label %q", k.token.cfg.where(), errNoKey, k.id, k.label)
	case 1:
		k.handle, k.age = found[0], age
		return k.handle, nil
	}
	return 0, fmt.Errorf("%s has several keys %q with the label %q", k.token.cfg.where(), k.id, k.label)
}

// Wrap encrypts a data key in the device: nonce, encrypted key, tag.
func (k *key) Wrap(dek []byte) (out []byte, err error) {
	err = k.token.with(func(s pkcs11.SessionHandle, age int) error {
		h, err := k.handleIn(s, age)
		if err != nil {
			return err
		}
		nonce := make([]byte, nonceSize)
		if _, err := rand.Read(nonce); err != nil {
			return err
		}
		p := pkcs11.NewGCMParams(nonce, []byte(associated), 8*tagSize)
		defer p.Free()
		if err := k.token.ctx.EncryptInit(s, mechanism(p), h); err != nil {
			return words(err)
		}
		ct, err := k.token.ctx.Encrypt(s, dek)
		if err != nil {
			return words(err)
		}
		if own := p.IV(); len(own) == nonceSize { // some devices insist on a nonce of their own
			nonce = own
		}
		if len(ct) != len(dek)+tagSize {
			return fmt.Errorf("the device gave %d bytes for a data key of %d", len(ct), len(dek))
		}
		out = append(nonce, ct...)
		return nil
	})
	return out, err
}

// Unwrap decrypts a data key in the device.
func (k *key) Unwrap(b []byte) (out []byte, err error) {
	if len(b) < nonceSize+tagSize {
		return nil, crypt.ErrSealed
	}
	out, err = k.decrypt(b)
	if errors.Is(err, errDecrypt) && k.works() {
		// Some devices, SoftHSM among them, have one answer for all that fails.
		return nil, fmt.Errorf("%w: %v", crypt.ErrSealed, err) //nolint:errorlint // the device is not away
	}
	return out, err
}

func (k *key) decrypt(b []byte) (out []byte, err error) {
	err = k.token.with(func(s pkcs11.SessionHandle, age int) error {
		h, err := k.handleIn(s, age)
		if err != nil {
			return err
		}
		p := pkcs11.NewGCMParams(b[:nonceSize], []byte(associated), 8*tagSize)
		defer p.Free()
		if err := k.token.ctx.DecryptInit(s, mechanism(p), h); err != nil {
			return words(err)
		}
		out, err = k.token.ctx.Decrypt(s, b[nonceSize:])
		switch {
		case is(err, sealedCodes...):
			return fmt.Errorf("%w: %w", crypt.ErrSealed, err)
		case gone(err):
			return words(err)
		case err != nil:
			return fmt.Errorf("%w: %w", errDecrypt, words(err))
		case len(out) != len(b)-nonceSize-tagSize:
			return fmt.Errorf("%w: the device gave back another length", errDecrypt)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// errDecrypt: the device began to decrypt and failed, which the value or the
// device may have caused.
var errDecrypt = errors.New("decrypt")

// works tells whether the device opens what it has wrapped with the same key just now.
func (k *key) works() bool {
	probe := make([]byte, keySize)
	wrapped, err := k.Wrap(probe)
	if err != nil {
		return false
	}
	got, err := k.decrypt(wrapped)
	return err == nil && bytes.Equal(got, probe)
}

func mechanism(p *pkcs11.GCMParams) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, p)}
}
