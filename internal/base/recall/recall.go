// Package recall keeps rows in memory that every request needs: who is signed
// in, what he may do. Each process keeps its own; a change is seen everywhere
// within a second and at once where it was made (see [db.DB.Following]).
//
//	Get ──kept and believed──▶ the value
//	 └──not kept──▶ load ──nothing was told meanwhile──▶ kept until Drop, Life or others need the room
//
// Whoever changes such a row calls Changed of [db.Tx] or [db.Batch] with the
// topic and the key that [Rows.Keys] names. When the database cannot be asked
// what has changed, every Get loads.
package recall

import (
	"context"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// Rows keep values of one kind by what requests ask with, such as the hash of a
// cookie. The exported fields are set once; it is not copied after its first use.
type Rows[K comparable, V any] struct {
	DB    *db.DB
	Topic string
	More  []string // further topics that a value depends on
	// Keys are the names under which changes of a value are told, such as the
	// session's id and its person's number.
	Keys func(key K, v V) []string
	Max  int           // of values; zero: 10,000
	Life time.Duration // at most, wall time; zero: 30 s. What no change tells is not older.

	once  sync.Once
	mu    sync.RWMutex
	kept  map[K]*item[V]
	named map[string]map[K]struct{}
	told  uint64 // grows with each drop: what was loaded before it is not kept
}

type item[V any] struct {
	value V
	names []string
	until time.Time // with a monotonic reading
}

const (
	defaultMax  = 10_000
	defaultLife = 30 * time.Second
)

// Get answers the value of a key. load reads it, and says whether it may be kept:
// that there is no such row should not be. The value is shared by all who ask:
// nobody changes it.
func (r *Rows[K, V]) Get(ctx context.Context, key K, load func(ctx context.Context) (v V, keep bool, err error)) (V, error) {
	if v, ok := r.Kept(key); ok {
		return v, nil
	}
	return r.Load(ctx, key, load)
}

// Kept answers the value of a key where it is kept and may be believed.
func (r *Rows[K, V]) Kept(key K) (v V, ok bool) {
	r.once.Do(r.follow)
	if !r.DB.Following() {
		return v, false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if it := r.kept[key]; it != nil && time.Now().Before(it.until) {
		return it.value, true
	}
	return v, false
}

// Load is [Rows.Get] that always loads.
func (r *Rows[K, V]) Load(ctx context.Context, key K, load func(ctx context.Context) (v V, keep bool, err error)) (V, error) {
	r.once.Do(r.follow)
	follows := r.DB.Following()
	r.mu.RLock()
	told := r.told
	r.mu.RUnlock()
	v, keep, err := load(ctx)
	if err == nil && keep && follows {
		r.keep(key, v, told)
	}
	return v, err
}

func (r *Rows[K, V]) follow() {
	r.kept, r.named = map[K]*item[V]{}, map[string]map[K]struct{}{}
	if r.Max <= 0 {
		r.Max = defaultMax
	}
	if r.Life <= 0 {
		r.Life = defaultLife
	}
	for _, topic := range append([]string{r.Topic}, r.More...) {
		r.DB.Follow(topic, db.Follower{Drop: r.Drop, All: r.DropAll})
	}
}

// Put replaces a kept value by one that this process has just made of it, such as
// a session that was used; what is not kept stays so.
func (r *Rows[K, V]) Put(key K, v V) {
	r.once.Do(r.follow)
	r.mu.Lock()
	defer r.mu.Unlock()
	if it := r.kept[key]; it != nil {
		r.kept[key] = &item[V]{v, it.names, it.until}
	}
}

func (r *Rows[K, V]) keep(key K, v V, told uint64) {
	var names []string
	if r.Keys != nil {
		names = r.Keys(key, v)
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told != told {
		return // a change was told while it was loaded: perhaps of this one
	}
	r.forget(key)
	r.makeRoom(now)
	r.kept[key] = &item[V]{v, names, now.Add(r.Life)}
	for _, n := range names {
		if r.named[n] == nil {
			r.named[n] = map[K]struct{}{}
		}
		r.named[n][key] = struct{}{}
	}
}

// makeRoom forgets a few that are over, and any when there are too many: maps
// are walked in a random order.
func (r *Rows[K, V]) makeRoom(now time.Time) {
	looked := 0
	for k, it := range r.kept {
		if len(r.kept) >= r.Max || !now.Before(it.until) {
			r.forget(k)
		}
		if looked++; looked >= 4 && len(r.kept) < r.Max {
			return
		}
	}
}

func (r *Rows[K, V]) forget(key K) {
	it := r.kept[key]
	if it == nil {
		return
	}
	delete(r.kept, key)
	for _, n := range it.names {
		delete(r.named[n], key)
		if len(r.named[n]) == 0 {
			delete(r.named, n)
		}
	}
}

// Drop forgets, in this process, what has a name.
func (r *Rows[K, V]) Drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told++
	for k := range r.named[name] {
		r.forget(k)
	}
}

// DropAll forgets everything in this process.
func (r *Rows[K, V]) DropAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told++
	clear(r.kept)
	clear(r.named)
}

// Len is how many are kept: for metrics and tests.
func (r *Rows[K, V]) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.kept)
}
