// Package hsm keeps key-encryption keys in a hardware security module, by
// PKCS #11 (OASIS, v2.40): the keys are made there and never leave it, and each
// data key is wrapped and unwrapped by the device.
//
// The device must offer CKM_AES_KEY_GEN and CKM_AES_GCM. It needs a binary that
// was built with cgo; without, [Open] says so.
package hsm

import (
	"errors"
	"fmt"
)

// Config says which token of which module.
type Config struct {
	// Module is the path of the maker's PKCS #11 library.
	Module string
	// Token is the token's label; empty: the token in Slot.
	Token string
	Slot  *uint
	// PIN of the token's user.
	PIN string
	// Label of the keys (CKA_LABEL); their CKA_ID is the key's id in the ring.
	Label string
}

// Check finds what is missing.
func (c Config) Check() error {
	switch {
	case c.Module == "":
		return errors.New("name the library of the device's maker")
	case c.Token == "" && c.Slot == nil:
		return errors.New("name the token or the slot")
	case c.Token != "" && c.Slot != nil:
		return errors.New("name the token or the slot, not both")
	case c.PIN == "":
		return errors.New("the PIN is missing")
	case c.Label == "":
		return errors.New("name the label of the keys")
	}
	return nil
}

// where names the token for messages.
func (c Config) where() string {
	if c.Token != "" {
		return fmt.Sprintf("token %q", c.Token)
	}
	return fmt.Sprintf("slot %d", *c.Slot)
}

// ErrPIN says that the device does not take the PIN of the configuration. It is
// not tried again with the same configuration.
var ErrPIN = errors.New("the PIN is refused")

const (
	keySize   = 32 // AES-256
	nonceSize = 12
	tagSize   = 16
)

// associated is what crypt binds a wrapped data key to, whoever wraps it.
const associated = "dek"
