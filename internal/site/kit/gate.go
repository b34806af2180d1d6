package kit

import (
	"context"
	"sync"
	"time"
)

// The classes of requests, the most urgent first.
const (
	going    = iota // somebody in the middle of something, and programs
	called          // somebody whose turn in the queue has come
	newcomer        // somebody who has just arrived
	classes
)

// gate lets so many requests work at the same time; the others wait, the more
// urgent ones first and each class in the order of arrival.
type gate struct {
	size    int
	mu      sync.Mutex
	inside  int
	waiting [classes][]*waiter
	moved   time.Time // when a request came in or left last: whether anything moves at all
}

type waiter struct {
	in   chan struct{}
	gone bool
}

// mostWaiting of a class: more would wait in vain.
func (g *gate) mostWaiting(class int) int {
	if class == going {
		return 64 * g.size
	}
	return 4 * g.size
}

// enter takes a place, waiting at most so long. The caller leaves when it is in.
func (g *gate) enter(ctx context.Context, class int, wait time.Duration, now time.Time) bool {
	g.mu.Lock()
	if g.inside < g.size && !g.anybody(class) {
		g.inside++
		g.moved = now
		g.mu.Unlock()
		return true
	}
	if wait <= 0 || len(g.waiting[class]) >= g.mostWaiting(class) {
		g.mu.Unlock()
		return false
	}
	w := &waiter{in: make(chan struct{})}
	g.waiting[class] = append(g.waiting[class], w)
	g.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-w.in:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.in: // let in at the same moment
		return true
	default:
		w.gone = true
		return false
	}
}

// anybody tells whether somebody as urgent as class waits.
func (g *gate) anybody(class int) bool {
	for c := range class + 1 {
		for _, w := range g.waiting[c] {
			if !w.gone {
				return true
			}
		}
	}
	return false
}

// leave gives the place to whoever waits most urgently.
func (g *gate) leave(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moved = now
	for c := range g.waiting {
		for len(g.waiting[c]) > 0 {
			w := g.waiting[c][0]
			g.waiting[c][0] = nil
			g.waiting[c] = g.waiting[c][1:]
			if !w.gone {
				close(w.in)
				return
			}
		}
	}
	g.inside--
}

// state tells how many are inside and how many wait.
func (g *gate) state() (inside, waiting int, moved time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.waiting {
		waiting += len(g.waiting[c])
	}
	return g.inside, waiting, g.moved
}
