package kit

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
)

// Limiter is a token bucket per key, in memory: the first, cheap barrier of a
// process against floods. Limits that must survive a restart or hold across
// processes (codes, sign-in) belong to the contexts and their tables.
//
// Keys weigh: a town sits behind one mobile address, so take a generous bucket
// for the network and a narrow one for device and network together.
type Limiter struct {
	PerMinute float64          // refill
	Burst     float64          // size of the bucket
	Now       func() time.Time // nil: time.Now

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds the memory of a limiter (about 10 MB). When it is reached
// and no bucket is full again, the table starts anew: a flood of addresses must
// not shut out everybody.
const maxBuckets = 100_000

// Take takes weight tokens from the bucket of key. When there are too few it
// takes none and returns a Limited fault with the time until there are enough.
func (l *Limiter) Take(key string, weight float64) error {
	now := time.Now()
	if l.Now != nil {
		now = l.Now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]*bucket{}
	}
	b := l.buckets[key]
	if b == nil {
		l.sweep(now)
		b = &bucket{left: l.Burst, at: now}
		l.buckets[key] = b
	}
	perSecond := l.PerMinute / 60
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left = min(l.Burst, b.left+d*perSecond)
		b.at = now
	}
	if b.left < weight {
		return fault.Limited("kit.limited", time.Duration((weight-b.left)/perSecond*float64(time.Second)))
	}
	b.left -= weight
	return nil
}

func (l *Limiter) sweep(now time.Time) {
	full := time.Duration(l.Burst / (l.PerMinute / 60) * float64(time.Second))
	if now.Sub(l.swept) < full && len(l.buckets) < maxBuckets {
		return
	}
	l.swept = now
	for k, b := range l.buckets {
		if now.Sub(b.at) >= full {
			delete(l.buckets, k)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// Address is the address of the visitor: the peer, or behind a trusted proxy
// (see [Mux.TrustedProxies]) the last address in X-Forwarded-For that is no
// trusted proxy itself. The zero Addr when it cannot be told.
func Address(r *http.Request) netip.Addr {
	if q := requestOf(r); q != nil {
		return q.addr
	}
	return peer(r)
}

// Network is the visitor's network as text, for limits and journals: /24 of
// IPv4 and /56 of IPv6, what one household or operator's gate usually holds.
func Network(r *http.Request) string {
	a := Address(r)
	bits := 56
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
