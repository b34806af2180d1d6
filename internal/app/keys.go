package app

import "github.com/okno-gov/okno/internal/base/crypt"

// CreateKeys writes a key file with a first key; it never overwrites one.
func CreateKeys(path string) error { return crypt.CreateKeyFile(path) }

// RotateKeys adds a key-encryption key to the file and makes it active.
func RotateKeys(path string) (id string, err error) { return crypt.RotateKeyFile(path) }
