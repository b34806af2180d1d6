package main

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	rushTime   = 30 * time.Second
	rushFactor = 5
)

// rush is P9: five times as many people come as can be served. Each opens one
// page; whoever gets the page of the queue comes again when it says, with his
// ticket, until the time is over.
func (b *bench) rush() error {
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	hello, err := b.startSide("hello")
	if err != nil {
		return err
	}
	// An address with a query is rendered for everybody anew; most pages for newcomers
	// are prepared bytes and are not held up at all.
	q := request{port: s.port, host: "uslugi.localhost", path: "/?from=rush", want: 200}
	if _, err := loop(b.ctx, q, 8, 2*time.Second); err != nil {
		return err
	}
	// Capacity is measured as the crowd comes: everybody over a connection of his own.
	start, n := time.Now(), 2000
	if err := each(n, 8, func(int) error { _, err := once(q); return err }); err != nil {
		return err
	}
	capacity := float64(n) / time.Since(start).Seconds()
	var c crowd
	if err := b.profiled(s, "P9", func() error { return c.come(b, q, capacity*rushFactor) }); err != nil {
		return err
	}
	slices.Sort(c.accepted)
	if len(c.accepted) == 0 {
		return fmt.Errorf("nobody was let in (%d got the page of the queue)", c.queued)
	}
	p99 := c.accepted[len(c.accepted)*99/100]
	goodput := float64(len(c.accepted)) / rushTime.Seconds()
	came := fmt.Sprintf("%.0f per second came, %d served, %d pages of the queue, %d failed", capacity*rushFactor, len(c.accepted), c.queued, c.failed)
	b.add(row{goal: "P9", what: "p99 of who is let in", unit: "s", ours: p99, floor: 2, ratio: p99 / 2, want: "≤ 2 s", ok: p99 <= 2, note: came})
	b.add(row{
		goal: "P9", what: "goodput at 5 × capacity", unit: "per second", ours: goodput, floor: capacity, ratio: goodput / capacity, want: "≥ 0.85",
		ok: goodput >= 0.85*capacity, note: "the crowd shares the cores with the server",
	})
	return b.queuePage(s, hello, q)
}

// queuePage is what telling somebody his place costs, while the queue of the rush
// still stands: nobody new is let in before it.
func (b *bench) queuePage(s, hello *side, q request) error {
	q.want = http.StatusServiceUnavailable
	f := request{port: hello.port, host: "127.0.0.1", path: "/hello", want: 200}
	run := func(s *side, q request) func() (float64, error) {
		return func() (float64, error) {
			own, _, err := s.measure(func() (int, error) { return loop(b.ctx, q, readConns, readTime) })
			return own, err
		}
	}
	o, fl, r, err := b.alternate(run(s, q), run(hello, f))
	if err != nil {
		return err
	}
	b.add(row{goal: "P9", what: "page of the queue", unit: "µs CPU", ours: o, floor: fl, ratio: r, want: "≤ 3", ok: r <= 3, note: "with a signed ticket; floor: net/http hello"})
	return nil
}

// crowd comes at a steady rate, whatever the answers are.
type crowd struct {
	mu       sync.Mutex
	accepted []float64 // seconds of the request that was let in
	queued   int
	failed   int
}

func (c *crowd) come(b *bench, q request, perSecond float64) error {
	end := time.Now().Add(rushTime)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var wait sync.WaitGroup
	begun, sent := time.Now(), 0
	for now := range tick.C {
		if now.After(end) || b.ctx.Err() != nil {
			break
		}
		for due := int(now.Sub(begun).Seconds() * perSecond); sent < due; sent++ {
			wait.Go(func() { c.visit(q, end) })
		}
	}
	wait.Wait()
	return b.ctx.Err()
}

// visit is one person: a connection for each try, a cookie between them.
func (c *crowd) visit(q request, end time.Time) {
	for ticket := ""; ; {
		q.cookie = ticket
		start := time.Now()
		status, head, err := ask(q)
		took := time.Since(start).Seconds()
		if time.Now().After(end) {
			return // what comes after the time is not counted
		}
		c.mu.Lock()
		switch {
		case err != nil:
			c.failed++
		case status == http.StatusOK:
			c.accepted = append(c.accepted, took)
		case status == http.StatusServiceUnavailable:
			c.queued++
		default:
			c.failed++
		}
		c.mu.Unlock()
		if err != nil || status != http.StatusServiceUnavailable {
			return
		}
		for _, set := range head.Values("Set-Cookie") {
			if pair, _, _ := strings.Cut(set, ";"); strings.Contains(pair, "_queue=") {
				ticket = pair
			}
		}
		again, _ := strconv.Atoi(head.Get("Retry-After"))
		pause := time.Duration(max(again, 1)) * time.Second
		if time.Now().Add(pause).After(end) {
			return
		}
		time.Sleep(pause)
	}
}

func ask(q request) (int, http.Header, error) {
	c, err := dial(q.port)
	if err != nil {
		return 0, nil, err
	}
	defer c.Close()
	return exchange(c, bufio.NewReader(c), q.bytes())
}
