package oidc

import (
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
)

// limiter counts events per key in fixed windows. It is a brake against floods
// within one process, not a guard of secrets: those are 256 random bits.
type limiter struct {
	mu     sync.Mutex
	counts map[string]int
	began  time.Time
}

const (
	window = time.Minute
	// A town may sit behind one address: the bound is far above what its
	// people do in a minute.
	requestsPerNetwork = 1200
	failuresPerClient  = 60
	// keysPerWindow bounds memory; beyond it everybody new shares one count.
	keysPerWindow = 50_000
)

// take counts one event and refuses from the bound on.
func (l *limiter) take(key string, bound int, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil || now.Sub(l.began) >= window || now.Before(l.began) {
		l.counts, l.began = map[string]int{}, now
	}
	if _, known := l.counts[key]; !known && len(l.counts) >= keysPerWindow {
		key = "rest"
	}
	if l.counts[key] >= bound {
		return fault.Limited("signin.too_many", l.began.Add(window).Sub(now))
	}
	l.counts[key]++
	return nil
}

// full tells whether the bound is reached, without counting.
func (l *limiter) full(key string, bound int, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts != nil && now.Sub(l.began) < window && l.counts[key] >= bound {
		return fault.Limited("signin.too_many", l.began.Add(window).Sub(now))
	}
	return nil
}
