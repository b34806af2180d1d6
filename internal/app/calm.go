package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When memory that is not used goes back to the system: what the start took
// soon after it, and what a rush took within a minute. Okno often shares a small
// machine with its PostgreSQL, which makes better use of it as a cache.
const (
	calmAfterStart = 2 * time.Second
	calmEvery      = time.Minute
	calmIdle       = 8 << 20 // free bytes worth a collection of some 10 ms
)

func (a *App) keepCalm(ctx context.Context) {
	timer := time.NewTimer(calmAfterStart)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	debug.FreeOSMemory()
	tick := time.NewTicker(calmEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if idleHeap() > calmIdle {
			debug.FreeOSMemory()
		}
	}
}

// idleHeap are the bytes that the heap holds without need.
func idleHeap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}
