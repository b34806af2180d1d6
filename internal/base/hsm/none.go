//go:build !cgo

package hsm

import (
	"errors"

	"github.com/okno-gov/okno/internal/base/crypt"
)

var errNoCgo = errors.New("this binary was built without cgo and cannot speak PKCS #11: build it with CGO_ENABLED=1")

// Token is a device in a binary that has none.
type Token struct{}

// Open tells that this binary has no PKCS #11.
func Open(Config) (*Token, error) { return nil, errNoCgo }

// Label is empty.
func (*Token) Label() string { return "" }

// Generate is refused.
func (*Token) Generate(string) error { return errNoCgo }

// Key is refused.
func (*Token) Key(string, string) (crypt.Wrapper, error) { return nil, errNoCgo }

// Describe is empty.
func (*Token) Describe() string { return "" }

// Refused is nil.
func (*Token) Refused() error { return nil }

// Close does nothing.
func (*Token) Close() {}
