package crypt

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt/argon2"
	"github.com/okno-gov/okno/internal/base/fault"
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

// memoryIdle is for how long the working memory stays after the last hash.
const memoryIdle = 5 * time.Second

// Passwords hashes and verifies passwords with argon2id, at most one at a time
// per core: memory stays at cores × 19 MiB however many people sign in, and
// goes back to the system soon after. When the queue is full it refuses at once
// and honestly, with fault.Limited.
type Passwords struct {
	cost  Cost
	slots chan struct{}
	queue chan struct{}
	dummy string

	mu     sync.Mutex
	idle   []*argon2.Memory // the last used is the first used again
	forget *time.Timer
}

// NewPasswords returns a hasher of the given cost.
func NewPasswords(cost Cost) *Passwords {
	n := runtime.GOMAXPROCS(0)
	p := &Passwords{cost: cost, slots: make(chan struct{}, n), queue: make(chan struct{}, n*queuePerCore)}
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
	var out string
	err := p.run(ctx, func() { out = p.encode(password, salt) })
	return out, err
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
	var got []byte
	err = p.run(ctx, func() { got = p.derive(password, salt, cost, len(want)) })
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (p *Passwords) run(ctx context.Context, f func()) error {
	select {
	case p.queue <- struct{}{}:
	default:
		return fault.Limited("password.busy", 5*time.Second)
	}
	defer func() { <-p.queue }()
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.slots }()
	f()
	return nil
}

func (p *Passwords) encode(password string, salt []byte) string {
	return p.phc(salt, p.derive(password, salt, p.cost, keySize))
}

// derive hashes in memory that waits for it.
func (p *Passwords) derive(password string, salt []byte, c Cost, size int) []byte {
	m := p.takeMemory()
	defer p.giveMemory(m)
	return m.IDKey([]byte(password), salt, c.Time, c.MemoryKiB, c.Threads, uint32(size))
}

func (p *Passwords) takeMemory() *argon2.Memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return new(argon2.Memory)
	}
	m := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return m
}

func (p *Passwords) giveMemory(m *argon2.Memory) {
	if m.Size() > max(int(p.cost.MemoryKiB), 1024) { // a hash of a greater cost, from elsewhere
		m.Free()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, m)
	if p.forget == nil {
		p.forget = time.AfterFunc(memoryIdle, p.freeIdle)
	} else {
		p.forget.Reset(memoryIdle)
	}
}

// freeIdle gives back the memory of hashes that are over.
func (p *Passwords) freeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.idle {
		m.Free()
	}
	p.idle = nil
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
