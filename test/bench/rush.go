package main

import (
	"bufio"
	"fmt"
	"net"
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
	n, err := loop(b.ctx, q, 8, 5*time.Second)
	if err != nil {
		return err
	}
	capacity := float64(n) / 5
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
	carried := float64(len(c.accepted)+c.queued+c.failed) / rushTime.Seconds() / capacity
	came := fmt.Sprintf("%.0f per second came, %d served, %d pages of the queue, %d failed, %d not carried in time", capacity*rushFactor, len(c.accepted), c.queued, c.failed, c.late)
	b.add(row{goal: "P9", what: "p99 of who is let in", unit: "s", ours: p99, floor: 2, ratio: p99 / 2, want: "≤ 2 s", ok: p99 <= 2, note: came})
	b.add(row{
		goal: "P9", what: "goodput at 5 × capacity", unit: "per second", ours: goodput, floor: capacity, ratio: goodput / capacity, want: "≥ 0.85",
		ok: goodput >= 0.85*capacity, note: fmt.Sprintf("the crowd shares the cores with the server: %.1f × capacity really arrived", carried),
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

// crowd comes at a steady rate, whatever the answers are, through the standing
// connections of a proxy: opening one for each visit would cost the shared
// machine more than the answers.
type crowd struct {
	mu       sync.Mutex
	accepted []float64 // seconds of the visit that was let in, from when the proxy passed it on
	queued   int
	failed   int
	late     int // due, but no connection was free until the end
}

// proxyConns are more than the gate takes and lets wait.
const proxyConns = 600

type due struct {
	at     time.Time
	ticket string
}

func (c *crowd) come(b *bench, q request, perSecond float64) error {
	end := time.Now().Add(rushTime)
	visits := make(chan due, int(perSecond*rushTime.Seconds()*2)+1)
	var wait sync.WaitGroup
	for range proxyConns {
		wait.Go(func() { c.carry(q, visits, end) })
	}
	begun, sent := time.Now(), 0
	for time.Now().Before(end) && b.ctx.Err() == nil {
		for n := int(time.Since(begun).Seconds() * perSecond); sent < n; sent++ {
			visits <- due{at: time.Now()}
		}
		time.Sleep(5 * time.Millisecond)
	}
	wait.Wait()
	c.late = len(visits)
	return b.ctx.Err()
}

// carry is one connection of the proxy.
func (c *crowd) carry(q request, visits chan due, end time.Time) {
	var conn net.Conn
	var in *bufio.Reader
	for {
		var v due
		select {
		case v = <-visits:
		case <-time.After(time.Until(end)):
			return
		}
		if time.Now().After(end) {
			visits <- v
			return
		}
		if conn == nil {
			var err error
			if conn, err = dial(q.port); err != nil {
				c.note(func() { c.failed++ })
				continue
			}
			in = bufio.NewReader(conn)
		}
		q.cookie, v.at = v.ticket, time.Now()
		status, head, err := exchange(conn, in, q.bytes())
		if err != nil {
			_ = conn.Close()
			conn = nil
		}
		c.answered(v, status, head, err, visits, end)
	}
}

func (c *crowd) note(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// answered counts an answer; who must wait comes again when he was told to.
func (c *crowd) answered(v due, status int, head http.Header, err error, visits chan due, end time.Time) {
	switch {
	case time.Now().After(end): // what comes after the time is not counted
	case err != nil:
		c.note(func() { c.failed++ })
	case status == http.StatusOK:
		took := time.Since(v.at).Seconds()
		c.note(func() { c.accepted = append(c.accepted, took) })
	case status == http.StatusServiceUnavailable:
		c.note(func() { c.queued++ })
		for _, set := range head.Values("Set-Cookie") {
			if pair, _, _ := strings.Cut(set, ";"); strings.Contains(pair, "_queue=") {
				v.ticket = pair
			}
		}
		again, _ := strconv.Atoi(head.Get("Retry-After"))
		time.AfterFunc(time.Duration(max(again, 1))*time.Second, func() {
			if now := time.Now(); now.Before(end) {
				visits <- due{at: now, ticket: v.ticket}
			}
		})
	default:
		c.note(func() { c.failed++ })
	}
}
