package crypt

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/okno-gov/okno/internal/base/crypt/argon2"
)

// Cost is what one password hash takes.
type Cost struct {
	MemoryKiB uint32
	Time      uint32
	Threads   uint8
}

// The wired cost (OWASP password storage: argon2id, 19 MiB, t=2, p=1) and a
// cheap one for tests, since argon2 under the race detector eats minutes.
var (
	Production = Cost{MemoryKiB: 19 * 1024, Time: 2, Threads: 1}
	Cheap      = Cost{MemoryKiB: 64, Time: 1, Threads: 1}
)

// queuePerCore bounds how many hashes may wait: at about 25 ms each, a person
// at the end of the queue waits about three seconds.
const queuePerCore = 128

// Passwords hashes and verifies passwords with argon2id, at most one at a time
// per core: memory stays at cores × 19 MiB however many people sign in, and
// goes back to the system soon after. When the queue is full it refuses at once
// and honestly, with fault.Limited.
type Passwords struct {
	cost    Cost
	threads int
	queue   chan struct{}
	work    chan *derivation
	dummy   string

	mu                     sync.Mutex
	running, busy, waiting int // threads, those that hash, hashes that no thread has taken
}

// NewPasswords returns a hasher of the given cost, with a thread per processor of Go.
func NewPasswords(cost Cost) *Passwords { return NewPasswordsOn(cost, runtime.GOMAXPROCS(0)) }

// NewPasswordsOn is NewPasswords with a number of threads. They count among the
// processors of Go (GOMAXPROCS): who wants everything else to go on while all
// of them hash gives the program more of these than it has cores.
func NewPasswordsOn(cost Cost, threads int) *Passwords {
	p := &Passwords{cost: cost, threads: threads, queue: make(chan struct{}, threads*queuePerCore), work: make(chan *derivation)}
	// Comparing with it takes the same work; that nothing hashes to it does not
	// matter, the answer is no anyway. Hashing one would cost each start 19 MiB.
	p.dummy = p.phc([]byte("0123456789abcdef"), make([]byte, keySize))
	return p
}

// Cost tells what the hasher was made with.
func (p *Passwords) Cost() Cost { return p.cost }

// Hash returns the PHC string of password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	mustRead(salt)
	key, err := p.derive(ctx, password, salt, p.cost, keySize)
	if err != nil {
		return "", err
	}
	return p.phc(salt, key), nil
}

// Verify compares in constant time. An empty hash stands for an unknown
// account: the work is the same and the answer is no.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	cost, salt, want, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	got, err := p.derive(ctx, password, salt, cost, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *Passwords) phc(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.MemoryKiB, p.cost.Time, p.cost.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

func parsePHC(s string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, fmt.Errorf("crypt: unknown password hash format")
	}
	if _, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, fmt.Errorf("crypt: password hash parameters: %w", err)
	}
	if c.MemoryKiB == 0 || c.MemoryKiB > 1<<20 || c.Time == 0 || c.Time > 64 || c.Threads == 0 {
		return c, nil, nil, fmt.Errorf("crypt: password hash parameters are out of range")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("crypt: password hash salt: %w", err)
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) == 0 {
		return c, nil, nil, fmt.Errorf("crypt: password hash key is unreadable")
	}
	return c, salt, key, nil
}
