package db

import (
	"sync"
	"sync/atomic"
	"time"
)

// keptFor bounds how long a process may show what another has changed.
const keptFor = time.Second

// Kept holds in memory what every page reads and few acts change: the catalogue, the
// directory, texts. Readers take it without a lock; once a second one of them looks
// whether it has moved, while the others wait for him. The zero value holds nothing.
type Kept[T any] struct {
	mu      sync.Mutex
	checked atomic.Int64 // wall time in nanoseconds
	value   atomic.Pointer[T]
}

// Get answers what is held. When it may be too old, renew is called with it, or nil at
// first, and answers the same value when nothing has moved; what it answers is shared and
// must not be changed. renew may run inside a caller's transaction: it reads with
// [DB.Aside].
func (k *Kept[T]) Get(now time.Time, renew func(held *T) (*T, error)) (*T, error) {
	if v := k.Known(now); v != nil {
		return v, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.Known(now); v != nil {
		return v, nil
	}
	v, err := renew(k.value.Load())
	if err != nil {
		return nil, err
	}
	k.value.Store(v)
	k.checked.Store(now.UnixNano())
	return v, nil
}

// Known is what is held without asking or waiting for anything; nil when it may be too
// old.
func (k *Kept[T]) Known(now time.Time) *T {
	v := k.value.Load()
	if v == nil || now.UnixNano()-k.checked.Load() >= int64(keptFor) {
		return nil
	}
	return v
}

// Forget makes the next reader look again: for whoever has just changed it.
func (k *Kept[T]) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.checked.Store(0)
}
