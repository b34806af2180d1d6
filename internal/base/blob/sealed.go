package blob

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/okno-gov/okno/internal/base/crypt"
)

// Sealed encrypts the files of a store.
type Sealed struct {
	Store Store
	Keys  *crypt.Keyring
}

// Ref is what the row that names a file keeps of it. Without Key the bytes in the store are noise for everybody.
type Ref struct {
	Key     string // where the store has it
	Wrapped []byte // the file's key under the key-encryption key; see crypt.Keyring
	Size    int64  // plain bytes
	SHA256  []byte // of the plain bytes
}

const (
	header     = "okno\x01"
	chunkPlain = 64 << 10
	chunkTag   = 16
	chunkFull  = chunkPlain + chunkTag
)

// Put encrypts all of r into the store under the key and gives what the row must keep. More than limit plain bytes are
// refused with ErrTooLarge as soon as they are seen; ErrAway is the store's fault. A failed Put leaves nothing.
func (s *Sealed) Put(ctx context.Context, key string, r io.Reader, limit int64) (Ref, error) {
	fileKey, wrapped := s.Keys.DataKey()
	e := &encrypter{
		src: r, hash: sha256.New(), limit: limit, aead: newAEAD(fileKey), aad: []byte(key),
		out: bytes.NewBuffer(make([]byte, 0, chunkFull+len(header))), plain: make([]byte, chunkPlain+1),
	}
	e.out.WriteString(header)
	if err := s.Store.Put(ctx, key, e); err != nil {
		if e.err != nil {
			return Ref{}, fmt.Errorf("seal blob: %w", e.err) // the reader's own error, which the store may have hidden
		}
		return Ref{}, fmt.Errorf("seal blob: %w: %w", ErrAway, err)
	}
	return Ref{Key: key, Wrapped: wrapped, Size: e.size, SHA256: e.hash.Sum(nil)}, nil
}

// encrypter is a reader that gives the sealed form of its source.
type encrypter struct {
	src  io.Reader
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	aead  cipher.AEAD
	aad   []byte
	limit int64

	size  int64
	chunk uint64
	plain []byte // one chunk and one byte more, which tells whether the chunk is the last
	held  int    // bytes of plain that are filled
	out   *bytes.Buffer
	done  bool
	err   error
}

func (e *encrypter) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		if e.done {
			return 0, io.EOF
		}
		e.err = e.next()
	}
	return e.out.Read(p)
}

// next seals one chunk.
func (e *encrypter) next() error {
	n, err := fill(e.src, e.plain[e.held:])
	e.hash.Write(e.plain[e.held : e.held+n])
	e.held += n
	if e.size += int64(n); e.size > e.limit {
		return ErrTooLarge
	}
	e.done = err == io.EOF //nolint:errorlint // a wrapped one is no end but a failure, see io.Reader
	if err != nil && !e.done {
		return err
	}
	size := min(e.held, chunkPlain)
	sealed := e.aead.Seal(nil, nonce(e.chunk, e.done), e.plain[:size], e.aad)
	e.out.Write(sealed)
	e.held = copy(e.plain, e.plain[size:e.held])
	e.chunk++
	return nil
}

// fill reads until buf is full. Unlike [io.ReadFull] it leaves the source's own
// io.ErrUnexpectedEOF, which is how an upload that was cut off ends, different
// from the end of a file.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if n == len(buf) && err == io.EOF { //nolint:errorlint // as above
		err = nil // it comes again
	}
	return n, err
}

func nonce(chunk uint64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[3:], chunk)
	if last {
		n[11] = 1
	}
	return n
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the keyring makes keys of 32 bytes only
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// sealedSize is the number of stored bytes for so many plain ones.
func sealedSize(plain int64) int64 {
	return int64(len(header)) + plain + chunks(plain)*chunkTag
}

// chunks counts the chunks; an empty file has one, which proves that it is empty.
func chunks(plain int64) int64 {
	return max(1, (plain+chunkPlain-1)/chunkPlain)
}

// Open gives the plain bytes. The file is compared with the row: another length is ErrDamaged at once, changed content
// is ErrDamaged when it is read.
func (s *Sealed) Open(ctx context.Context, ref Ref) (*Reader, error) {
	fileKey, err := s.Keys.OpenDataKey(ref.Wrapped)
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	size, err := s.Store.Size(ctx, ref.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w: %w", ErrAway, err)
	}
	if size != sealedSize(ref.Size) {
		return nil, fmt.Errorf("open blob: %w", ErrDamaged)
	}
	return &Reader{ctx: ctx, store: s.Store, ref: ref, aead: newAEAD(fileKey)}, nil
}

// Delete removes a file; a missing one is no error.
func (s *Sealed) Delete(ctx context.Context, key string) error { return s.Store.Delete(ctx, key) }

// Rewrap gives the wrapped key under the active key-encryption key, for the row, after a rotation. The file stays.
func (s *Sealed) Rewrap(wrapped []byte) ([]byte, error) { return s.Keys.RewrapDataKey(wrapped) }

// Reader reads a sealed file; it serves ranges through http.ServeContent. It is for one goroutine.
type Reader struct {
	ctx   context.Context
	store Store
	ref   Ref
	aead  cipher.AEAD

	at    int64         // plain position of the next Read
	body  io.ReadCloser // open at chunk next, nil when a seek made it useless
	next  int64         // number of the chunk that body gives next
	plain []byte        // what is left of the chunk in hand
	seal  []byte        // buffer of one sealed chunk
}

var errSeek = errors.New("blob: seek to an impossible position")

// Read gives plain bytes; they are authentic.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.at >= r.ref.Size && r.ref.Size > 0 {
		return 0, io.EOF
	}
	if len(r.plain) == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	if len(r.plain) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	r.at += int64(n)
	return n, nil
}

// fill opens the chunk that holds the position.
func (r *Reader) fill() error {
	chunk := r.at / chunkPlain
	if r.body == nil || r.next != chunk {
		if err := r.reopen(chunk); err != nil {
			return err
		}
	}
	last := chunk == chunks(r.ref.Size)-1
	size := int64(chunkFull)
	if last {
		size = r.ref.Size - chunk*chunkPlain + chunkTag
	}
	if r.seal == nil {
		r.seal = make([]byte, chunkFull)
	}
	if _, err := io.ReadFull(r.body, r.seal[:size]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = ErrDamaged
		}
		return fmt.Errorf("read blob: %w", err)
	}
	plain, err := r.aead.Open(r.seal[:0], nonce(uint64(chunk), last), r.seal[:size], []byte(r.ref.Key))
	if err != nil {
		return fmt.Errorf("read blob: %w", ErrDamaged)
	}
	r.next++
	r.plain = plain[r.at-chunk*chunkPlain:]
	return nil
}

func (r *Reader) reopen(chunk int64) error {
	if r.body != nil {
		r.body.Close()
		r.body = nil
	}
	body, err := r.store.Open(r.ctx, r.ref.Key, int64(len(header))+chunk*chunkFull, -1)
	if err != nil {
		return fmt.Errorf("read blob: %w", err)
	}
	r.body, r.next = body, chunk
	return nil
}

// Seek moves the position; nothing is read until the next Read.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.ref.Size
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset != r.at {
		r.at, r.plain = offset, nil
	}
	return offset, nil
}

// Size gives the number of plain bytes.
func (r *Reader) Size() int64 { return r.ref.Size }

// Close ends reading.
func (r *Reader) Close() error {
	if r.body == nil {
		return nil
	}
	return r.body.Close()
}
