package argon2

import (
	"bytes"
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/argon2"
)

// The vector of a password hash of the usual kind, computed with the reference
// program argon2(1): echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1.
func TestReferenceVector(t *testing.T) {
	t.Parallel()
	var m Memory
	defer m.Free()
	got := m.IDKey([]byte("password"), []byte("somesalt"), 2, 1<<16, 1, 32)
	if want := "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"; hex.EncodeToString(got) != want {
		t.Errorf("key %x, want %s", got, want)
	}
}

// One memory serves hashes of all sizes, one after another, and each is what the
// original makes in fresh memory.
func TestSameAsTheOriginal(t *testing.T) {
	t.Parallel()
	var m Memory
	defer m.Free()
	for i, c := range []struct {
		time, memory uint32
		threads      uint8
		keyLen       uint32
	}{
		{1, 8, 1, 32},
		{2, 64, 1, 32},
		{1, 64, 4, 24},
		{3, 1024, 2, 128},
		{2, 4096, 1, 32},
		{2, 63, 1, 4},
		{1, 0, 1, 16},
		{4, 300, 3, 65},
	} {
		for round := range 2 {
			password, salt := bytes.Repeat([]byte{byte(i)}, i*11), bytes.Repeat([]byte{byte(round)}, 8+i)
			got := m.IDKey(password, salt, c.time, c.memory, c.threads, c.keyLen)
			if want := argon2.IDKey(password, salt, c.time, c.memory, c.threads, c.keyLen); !bytes.Equal(got, want) {
				t.Errorf("%+v, round %d: %x, want %x", c, round, got, want)
			}
		}
	}
}

func TestFreedMemoryServesAgain(t *testing.T) {
	t.Parallel()
	var m Memory
	first := m.IDKey([]byte("a"), []byte("saltsalt"), 1, 4096, 1, 32)
	if m.Size() != 4096 {
		t.Errorf("holds %d KiB, want 4096", m.Size())
	}
	m.Free()
	if m.Size() != 0 {
		t.Errorf("holds %d KiB after Free", m.Size())
	}
	if again := m.IDKey([]byte("a"), []byte("saltsalt"), 1, 4096, 1, 32); !bytes.Equal(first, again) {
		t.Errorf("%x, then %x", first, again)
	}
	m.Free()
}

func FuzzSameAsTheOriginal(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(2), uint8(64), uint8(1), uint8(32))
	f.Fuzz(func(t *testing.T, password, salt []byte, time, memory, threads, keyLen uint8) {
		if time == 0 || time > 4 || threads == 0 || threads > 4 || keyLen == 0 {
			t.Skip()
		}
		var m Memory
		defer m.Free()
		m.IDKey([]byte("what was there before"), salt, 1, 512, 1, 32)
		got := m.IDKey(password, salt, uint32(time), uint32(memory), threads, uint32(keyLen))
		if want := argon2.IDKey(password, salt, uint32(time), uint32(memory), threads, uint32(keyLen)); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
	})
}

func BenchmarkProductionCost(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		var m Memory
		defer m.Free()
		for b.Loop() {
			m.IDKey([]byte("Correct-Horse-7"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
		}
	})
	b.Run("original", func(b *testing.B) {
		for b.Loop() {
			argon2.IDKey([]byte("Correct-Horse-7"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
		}
	})
}
