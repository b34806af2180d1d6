package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"
)

// Group lets callers that come at the same moment work as one: where many write,
// one transaction with many rows costs a fraction of as many transactions. It is
// group commit at the level of use cases.
//
// A caller that comes while nobody works goes at once and alone. Who comes
// meanwhile waits for that run, and all who wait go together in the next. Do
// answers when the run is over: nothing is acknowledged before its commit.
//
// The zero value of every field but Run is fit for use.
type Group[T any] struct {
	// Run works some items, at least one, all or none: mostly one transaction.
	// What differs from item to item, such as that a row was gone, it notes in the
	// item. When it fails and the database answers, each item is run again alone,
	// so that one bad item never harms another.
	Run func(ctx context.Context, items []T) error
	// Key names what two items would fight for. Items with equal keys are never run
	// at the same time by this group; between processes the database decides.
	Key func(item T) string
	// Most items go together; 0: 64.
	Most int
	// Ways is how many runs there are at a time; 0: 1.
	Ways int
	// Linger is how long a run waits for company, when the one before had some: a
	// lonely caller never waits. 0: not at all.
	Linger time.Duration

	mu      sync.Mutex
	waiting []*member[T]
	busy    map[string]bool
	running int
	company bool // the last run had more than one
}

type member[T any] struct {
	ctx   context.Context
	item  T
	key   string
	taken bool
	done  chan struct{}
	err   error
	crash error // what Run panicked with
}

// runLimit bounds one run: who waits for a database that hangs is told so.
const runLimit = 20 * time.Second

// Do runs the item, together with what others bring, and answers the error of
// its run. A context that ends takes an item back that waits yet; what is being
// run has its outcome awaited, since it may take effect.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := &member[T]{ctx: ctx, item: item, done: make(chan struct{})}
	if g.Key != nil {
		m.key = g.Key(item)
	}
	g.mu.Lock()
	g.waiting = append(g.waiting, m)
	if g.running < max(g.Ways, 1) {
		g.running++
		go g.work()
	}
	g.mu.Unlock()
	select {
	case <-m.done:
	case <-ctx.Done():
		if g.takeBack(m) {
			return ctx.Err()
		}
		<-m.done
	}
	if m.crash != nil {
		panic(m.crash)
	}
	return m.err
}

func (g *Group[T]) takeBack(m *member[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.taken {
		return false
	}
	for i, w := range g.waiting {
		if w == m {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			break
		}
	}
	return true
}

// work runs groups until nobody waits that it may take. Who is left waits for a
// key of another run, which takes him when it is over.
func (g *Group[T]) work() {
	for {
		if g.Linger > 0 && g.hadCompany() {
			time.Sleep(g.Linger)
		}
		group := g.take()
		if len(group) == 0 {
			return
		}
		g.run(group)
		g.release(group)
	}
}

func (g *Group[T]) hadCompany() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.company && len(g.waiting) > 0
}

// take chooses those that go together, in the order in which they came. With
// nobody to take the worker's way is free.
func (g *Group[T]) take() []*member[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.Most
	if most <= 0 {
		most = 64
	}
	var group, rest []*member[T]
	for _, m := range g.waiting {
		if len(group) == most || g.Key != nil && g.busy[m.key] {
			rest = append(rest, m)
			continue
		}
		if g.Key != nil {
			if g.busy == nil {
				g.busy = map[string]bool{}
			}
			g.busy[m.key] = true
		}
		m.taken = true
		group = append(group, m)
	}
	g.waiting = rest
	if len(group) == 0 {
		g.running--
	} else {
		g.company = len(group) > 1
	}
	return group
}

func (g *Group[T]) release(group []*member[T]) {
	g.mu.Lock()
	if g.Key != nil {
		for _, m := range group {
			delete(g.busy, m.key)
		}
	}
	g.mu.Unlock()
	for _, m := range group {
		close(m.done)
	}
}

// run works a group, and each of it alone when that fails.
func (g *Group[T]) run(group []*member[T]) {
	err, crash := g.once(group)
	if len(group) > 1 && (crash != nil || err != nil && !outcomeUnknown(err)) {
		for i := range group {
			group[i].err, group[i].crash = g.once(group[i : i+1])
			if group[i].err == nil || !outcomeUnknown(group[i].err) {
				continue
			}
			for _, m := range group[i+1:] {
				m.err = group[i].err // the database has gone: they have had no effect, and shall not wait in turn
			}
			return
		}
		return
	}
	for _, m := range group {
		m.err, m.crash = err, crash
	}
}

// outcomeUnknown tells that nobody may say that a transaction has had no effect,
// or that another try would fare no better.
func outcomeUnknown(err error) bool {
	return IsAway(err) || errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded)
}

func (g *Group[T]) once(group []*member[T]) (err, crash error) {
	// The run belongs to all: it does not end with the request of one of them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].ctx), runLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			crash = &crashed{p, debug.Stack()}
		}
	}()
	items := make([]T, len(group))
	for i, m := range group {
		items[i] = m.item
	}
	return g.Run(ctx, items), nil
}

// crashed is a panic that goes on in the goroutine of the caller whom it concerns.
type crashed struct {
	value any
	stack []byte
}

func (c *crashed) Error() string { return fmt.Sprintf("%v, in a group:\n%s", c.value, c.stack) }

func (c *crashed) Unwrap() error {
	err, _ := c.value.(error)
	return err
}
