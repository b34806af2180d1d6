package crypt

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/okno-gov/okno/internal/base/crypt/argon2"
	"github.com/okno-gov/okno/internal/base/fault"
)

const (
	// threadIdle is for how long a thread and its memory stay after their last hash.
	threadIdle = 5 * time.Second
	// politeness is what is added to the nice value of a hashing thread: a crowd
	// that signs in takes what cores are free, and pages are answered meanwhile.
	politeness = 10
)

// derivation is a hash that waits for a thread.
type derivation struct {
	password string
	salt     []byte
	cost     Cost
	key      []byte // the answer, as long as it shall be
	done     chan struct{}
}

// derive hashes when its turn comes.
func (p *Passwords) derive(ctx context.Context, password string, salt []byte, c Cost, size int) ([]byte, error) {
	select {
	case p.queue <- struct{}{}:
	default:
		return nil, fault.Limited("password.busy", 5*time.Second)
	}
	defer func() { <-p.queue }()
	d := &derivation{password: password, salt: salt, cost: c, key: make([]byte, size), done: make(chan struct{})}
	p.await()
	select {
	case p.work <- d:
	case <-ctx.Done():
		p.change(func() { p.waiting-- })
		return nil, ctx.Err()
	}
	<-d.done
	return d.key, nil
}

// await counts a hash in and starts a thread when all that run are taken.
func (p *Passwords) await() {
	p.change(func() {
		p.waiting++
		if p.running < min(p.threads, p.busy+p.waiting) {
			p.running++
			go p.hash()
		}
	})
}

func (p *Passwords) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// hash is a thread of the system, of low priority, with memory of its own. It
// ends when nobody has needed it for a while.
func (p *Passwords) hash() {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	// The kernel answers 20 − nice. A refusal leaves the usual priority.
	if inverse, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid()); err == nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), min(20-inverse+politeness, 19))
	}
	var m argon2.Memory
	defer m.Free()
	idle := time.NewTimer(threadIdle)
	defer idle.Stop()
	for {
		select {
		case d := <-p.work:
			p.change(func() { p.waiting--; p.busy++ })
			copy(d.key, m.IDKey([]byte(d.password), d.salt, d.cost.Time, d.cost.MemoryKiB, d.cost.Threads, uint32(len(d.key))))
			if m.Size() > max(int(p.cost.MemoryKiB), 1024) { // of a greater cost, from elsewhere
				m.Free()
			}
			p.change(func() { p.busy-- })
			close(d.done)
			idle.Reset(threadIdle)
		case <-idle.C:
			ended := false
			p.change(func() {
				// Who waits has counted itself in and relies on the threads that run.
				if ended = p.waiting == 0; ended {
					p.running--
				}
			})
			if ended {
				return
			}
			idle.Reset(threadIdle)
		}
	}
}
