package kit

import (
	"math"
	"slices"
	"sync"
	"time"
)

// line is the queue outside: people with tickets, who ask again by themselves.
// They are called in the order of their tickets, at the rate at which visits
// could be let in lately.
type line struct {
	mu       sync.Mutex
	issued   int     // tickets so far
	called   float64 // of these, how many may come in
	marks    []mark  // which number was given out when, for tickets of other processes
	rate     float64 // calls per second
	admitted float64 // visits let in per second, averaged over some ten seconds
	peak     float64 // the most of it in the last minutes
	fresh    int     // visits let in since the last step
	tight    bool    // somebody had to wait long, or in vain, since the last step
	stepped  time.Time
	rush     time.Time // when it was tight last
}

type mark struct {
	at    int64 // Unix milliseconds
	first int   // the first number given out then or later
}

const (
	lineStep  = time.Second
	markEvery = 100 // ms
	mostMarks = 100_000
	// rushEnds is how long after the last sign of a rush visits are still marked.
	rushEnds = time.Minute
)

// join gives out the next number.
func (l *line) join(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step(now)
	n, ms := l.issued, now.UnixMilli()
	l.issued++
	if k := len(l.marks); k == 0 || ms-l.marks[k-1].at >= markEvery {
		if k >= mostMarks {
			l.marks = slices.Delete(l.marks, 0, k/2)
		}
		l.marks = append(l.marks, mark{ms, n})
	}
	return n
}

// place tells how many are called before number n, 0 when it is called.
func (l *line) place(n int, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step(now)
	return max(0, int(math.Ceil(float64(n+1)-l.called)))
}

// numberOf is the place among the tickets of this process of one that another
// process has given out.
func (l *line) numberOf(arrived time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, _ := slices.BinarySearchFunc(l.marks, arrived.UnixMilli(), func(m mark, at int64) int { return int(m.at - at) })
	if i == len(l.marks) {
		return l.issued - 1 // nobody came later: called with the last one here
	}
	return l.marks[i].first
}

// length is how many have not been called.
func (l *line) length(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step(now)
	return max(0, l.issued-int(l.called))
}

// wait is how long the n-th from now waits about.
func (l *line) wait(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(float64(n) / max(l.rate, 0.1) * float64(time.Second))
}

// let notes a visit that was let in, and how it went.
func (l *line) let(now time.Time, tight bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh++
	l.note(now, tight)
}

// refused notes that the gate did not take somebody who was called or going.
func (l *line) refused(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(now, true)
}

func (l *line) note(now time.Time, tight bool) {
	if tight {
		l.tight, l.rush = true, now
	}
	l.step(now)
}

// inRush tells whether visits must be told apart from arrivals now.
func (l *line) inRush(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step(now)
	return l.issued > int(l.called) || now.Sub(l.rush) < rushEnds && !l.rush.IsZero()
}

// step calls who is due: faster and faster while nobody waits inside, slower as
// soon as it is tight there, about as fast as visits could be let in lately.
func (l *line) step(now time.Time) {
	d := now.Sub(l.stepped)
	if d < lineStep {
		return
	}
	if l.stepped.IsZero() || d > time.Minute {
		l.stepped, l.fresh, l.tight = now, 0, false
		l.called = float64(l.issued) // nobody asked for a minute: nobody waits
		return
	}
	s := d.Seconds()
	l.stepped = now
	keep := math.Exp(-s / 10)
	l.admitted = l.admitted*keep + float64(l.fresh)/s*(1-keep)
	if l.admitted == 0 || float64(l.fresh)/s > l.admitted {
		l.admitted = float64(l.fresh) / s
	}
	l.peak = max(l.peak*math.Exp(-s/60), l.admitted)
	if l.tight {
		l.rate = max(l.admitted, l.rate*0.8)
	} else {
		// Who is called comes when his page asks again: what is let in lags behind, and
		// must not slow down the calls that it waits for.
		l.rate = max(l.admitted*1.25, l.rate*1.3)
	}
	l.rate = max(1, min(l.rate, 2*l.peak))
	l.fresh, l.tight = 0, false
	l.called = min(float64(l.issued), l.called+l.rate*s)
	for len(l.marks) > 1 && float64(l.marks[1].first) <= l.called {
		l.marks = l.marks[1:]
	}
}
