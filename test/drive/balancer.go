package drive

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Balancer spreads connections over nodes whose /healthz says yes, as HAProxy in
// TCP mode does. When none does it takes any that answers at all: people shall
// read why.
type Balancer struct {
	ln   net.Listener
	next atomic.Uint64
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	ports   []string
	healthy map[string]bool
	open    map[net.Conn]bool
}

// checkEvery is how often nodes are asked; HAProxy's «inter» is two seconds.
const checkEvery = 100 * time.Millisecond

// StartBalancer listens on a port of the loopback.
func StartBalancer(port string) (*Balancer, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	b := &Balancer{ln: ln, stop: cancel, healthy: map[string]bool{}, open: map[net.Conn]bool{}}
	b.work.Go(b.accept)
	b.work.Go(func() { b.check(ctx) })
	return b, nil
}

// Add has a node on this port take part once it is healthy.
func (b *Balancer) Add(port string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ports = append(b.ports, port)
}

// Healthy tells whether a node takes new connections.
func (b *Balancer) Healthy(port string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.healthy[port]
}

// Close ends the balancer and what runs through it.
func (b *Balancer) Close() {
	b.stop()
	_ = b.ln.Close()
	b.mu.Lock()
	for c := range b.open {
		_ = c.Close()
	}
	b.mu.Unlock()
	b.work.Wait()
}

func (b *Balancer) check(ctx context.Context) {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.mu.Lock()
		ports := b.ports
		b.mu.Unlock()
		for _, p := range ports {
			res, err := client.Get("http://127.0.0.1:" + p + "/healthz")
			ok := err == nil && res.StatusCode == http.StatusOK
			if err == nil {
				_ = res.Body.Close()
			}
			b.mu.Lock()
			b.healthy[p] = ok
			b.mu.Unlock()
		}
	}
}

func (b *Balancer) accept() {
	for {
		in, err := b.ln.Accept()
		if err != nil {
			return
		}
		b.work.Go(func() { b.serve(in) })
	}
}

// candidates are the healthy nodes in turn, then the others.
func (b *Balancer) candidates() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var well, ill []string
	n := len(b.ports)
	for i := range n {
		p := b.ports[(int(b.next.Load())+i)%n]
		if b.healthy[p] {
			well = append(well, p)
		} else {
			ill = append(ill, p)
		}
	}
	b.next.Add(1)
	return append(well, ill...)
}

func (b *Balancer) serve(in net.Conn) {
	if !b.hold(in) {
		return
	}
	defer b.drop(in)
	for _, p := range b.candidates() {
		out, err := net.DialTimeout("tcp", "127.0.0.1:"+p, time.Second)
		if err != nil {
			continue
		}
		if !b.hold(out) {
			return
		}
		defer b.drop(out)
		var both sync.WaitGroup
		both.Go(func() { pour(out, in) })
		both.Go(func() { pour(in, out) })
		both.Wait()
		return
	}
}

// pour copies one direction and passes its end on.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if c, ok := to.(*net.TCPConn); ok && err == nil {
		_ = c.CloseWrite()
		return
	}
	_ = to.Close()
	_ = from.Close()
}

func (b *Balancer) hold(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[c] = true
	return true
}

func (b *Balancer) drop(c net.Conn) {
	_ = c.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, c)
}
