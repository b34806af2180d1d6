package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

var (
	// ErrNotFound says that there is no file under the key.
	ErrNotFound = errors.New("blob: not found")
	// ErrTooLarge says that a file exceeded its limit; nothing of it is kept.
	ErrTooLarge = errors.New("blob: too large")
	// ErrDamaged says that a file is not the one that was written.
	ErrDamaged = errors.New("blob: damaged")
	// ErrAway says that the store cannot take or give files now: its disk is full or its service is not reached. The
	// file itself is not to blame.
	ErrAway = errors.New("blob: the store is away")
)

// Store holds opaque files under keys made by [NewKey]. All methods may be called at the same time.
type Store interface {
	// Put stores all of r durably. A file is there as a whole or not at all; a repeated Put replaces it as a whole.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads length bytes from offset; a negative length reads to the end. ErrNotFound without the file;
	// a range beyond its end is cut there.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Size gives the number of bytes, ErrNotFound without the file.
	Size(ctx context.Context, key string) (int64, error)
	// Delete removes a file; a missing one is no error.
	Delete(ctx context.Context, key string) error
	// List calls fn for every file whose key begins with the folder name and a slash, in no order.
	List(ctx context.Context, folder string, fn func(Info) error) error
}

// Info is what a store knows about a file.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time // wall time of the store
}

// NewKey makes a fresh random key in a folder, named for the owning context: "document/3f…".
func NewKey(folder string) string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err) // no randomness: nothing may be stored
	}
	return folder + "/" + hex.EncodeToString(b[:])
}

var keyShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}/[a-z0-9]{8,64}$`)

func checkKey(key string) error {
	if !keyShape.MatchString(key) {
		return fmt.Errorf("blob: %q is no key", key)
	}
	return nil
}

var folderShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

func checkFolder(folder string) error {
	if !folderShape.MatchString(folder) {
		return fmt.Errorf("blob: %q is no folder", folder)
	}
	return nil
}

// contextReader stops a copy when the request is gone.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
