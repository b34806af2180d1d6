package outcall

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrDown says that a destination has not answered several times and is not asked for a while.
var ErrDown = errors.New("outcall: the destination does not answer at present")

const (
	failuresToOpen  = 5
	firstPause      = 5 * time.Second
	longestPause    = time.Minute
	maxDestinations = 1000
	forgetAfter     = 24 * time.Hour
)

// Destination is how one host fares for one purpose. Times are wall time.
type Destination struct {
	Name      string // purpose and host: "mvd register.example:443"
	Up        bool   // false after five failures in a row, until it answers again
	Since     time.Time
	LastOK    time.Time // zero: never since the start
	LastError string    // why it failed last; empty: never
	ErrorAt   time.Time
	Failures  int // in a row
}

type verdictKind int

const (
	nothing verdictKind = iota
	answered
	failed
)

type verdict struct {
	kind   verdictKind
	reason string
}

// board holds the state of destinations and decides who is asked.
type board struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[string]*host
}

type host struct {
	Destination
	used    time.Time
	nextTry time.Time // while down
	probing bool      // one call is trying whether it answers again
}

func newBoard(now func() time.Time) *board { return &board{now: now, hosts: map[string]*host{}} }

// begin asks whether a destination may be called; settle must be called with what came of it.
func (b *board) begin(name string) (settle func(verdict), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	h := b.hosts[name]
	if h == nil {
		b.makeRoom(now)
		h = &host{Destination: Destination{Name: name, Up: true, Since: now}}
		b.hosts[name] = h
	}
	h.used = now
	probe := false
	if !h.Up {
		if h.probing || now.Before(h.nextTry) {
			return nil, ErrDown
		}
		h.probing, probe = true, true
	}
	return func(v verdict) { b.settle(h, v, probe) }, nil
}

func (b *board) settle(h *host, v verdict, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if probe {
		h.probing = false
	}
	switch v.kind {
	case answered:
		if !h.Up {
			h.Up, h.Since = true, now
		}
		h.Failures, h.LastOK = 0, now
	case failed:
		h.Failures++
		h.LastError, h.ErrorAt = v.reason, now
		if h.Failures < failuresToOpen {
			return
		}
		if h.Up {
			h.Up, h.Since = false, now
		}
		h.nextTry = now.Add(min(firstPause<<min(h.Failures-failuresToOpen, 6), longestPause))
	}
}

// makeRoom forgets what nobody has called for a day and, should strangers' hosts fill the board, the longest unused.
func (b *board) makeRoom(now time.Time) {
	if len(b.hosts) < maxDestinations {
		return
	}
	var oldest *host
	for name, h := range b.hosts {
		if now.Sub(h.used) > forgetAfter {
			delete(b.hosts, name)
		} else if oldest == nil || h.used.Before(oldest.used) {
			oldest = h
		}
	}
	if len(b.hosts) >= maxDestinations && oldest != nil {
		delete(b.hosts, oldest.Name)
	}
}

func (b *board) list() []Destination {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Destination, 0, len(b.hosts))
	for _, h := range b.hosts {
		out = append(out, h.Destination)
	}
	slices.SortFunc(out, func(x, y Destination) int { return strings.Compare(x.Name, y.Name) })
	return out
}
