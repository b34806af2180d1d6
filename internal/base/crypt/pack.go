package crypt

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// packLimit bounds what a packed value may unfold to.
const packLimit = 64 << 20

// worthPacking is the least length that shrinks noticeably.
const worthPacking = 256

// packer is made at the first use: its tables take about a megabyte.
var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(128<<10),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false)) // the seal tells damage
	if err != nil {
		panic(err) // only for options that contradict themselves
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(packLimit))
	if err != nil {
		panic(err)
	}
	return d
})

// SealPacked is [Keyring.Seal] of what is long and full of repetition, such as a
// filled form: it is compressed before. [Keyring.Open] opens both.
//
// The length of a sealed value then says something of its content. Use it for
// what one person says alone and at rest, never where somebody else's words stand
// beside a secret and he sees the length.
func (k *Keyring) SealPacked(plain []byte, aad string) []byte {
	if len(plain) < worthPacking {
		return k.Seal(plain, aad)
	}
	return k.seal(versionPacked, packer().EncodeAll(plain, make([]byte, 0, len(plain)/2)), packedAAD(aad))
}

// packedAAD binds the version: a value that was not packed is never unfolded.
func packedAAD(aad string) string { return aad + "\x00packed" }

func (k *Keyring) openPacked(dek, body []byte, aad string) ([]byte, error) {
	packed, err := openGCM(dek, body, packedAAD(aad))
	if err != nil {
		return nil, err
	}
	plain, err := unpacker().DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return plain, nil
}
