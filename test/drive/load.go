package drive

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Load has people send applications, one after the other in several windows,
// and remembers what was acknowledged to whom.
type Load struct {
	Base   string // address of the portal
	People []*Person
	// Patient people press the button again after a failure, as long as the load
	// goes on; otherwise every failure is kept in Failed.
	Patient bool

	mu     sync.Mutex
	acked  map[string]*Person
	at     []time.Time // when something was acknowledged
	failed []string
	tries  int
	ends   context.CancelFunc
	work   sync.WaitGroup
}

// Start opens so many windows for each person.
func (l *Load) Start(ctx context.Context, windows int) {
	ctx, l.ends = context.WithCancel(ctx)
	l.acked = map[string]*Person{}
	for _, p := range l.People {
		for range windows {
			l.work.Go(func() {
				for ctx.Err() == nil {
					l.one(ctx, p)
				}
			})
		}
	}
}

// Stop lets every window finish what it is at and waits.
func (l *Load) Stop() {
	l.ends()
	l.work.Wait()
}

// patience is how long a page may take while something is broken.
const patience = 20 * time.Second

// pause of a person who reads that something does not work.
const pause = 100 * time.Millisecond

// one sends one application. What has begun ends, though the load has: its
// outcome would be unknown else.
func (l *Load) one(load context.Context, p *Person) {
	var form *Form
	for {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(load), patience)
		var err error
		var id string
		if form == nil {
			form, err = Ready(ctx, p, l.Base)
		}
		if err == nil {
			id, err = Send(ctx, form)
		}
		cancel()
		l.note(p, id, err)
		if err == nil || !l.Patient || form == nil && load.Err() != nil {
			return
		}
		if load.Err() != nil && time.Since(l.lastAck()) > time.Minute {
			return // nothing works any more; the test says so
		}
		time.Sleep(pause)
	}
}

func (l *Load) lastAck() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.at) == 0 {
		return time.Time{}
	}
	return l.at[len(l.at)-1]
}

func (l *Load) note(p *Person, id string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries++
	if err != nil {
		l.failed = append(l.failed, time.Now().Format("15:04:05.000 ")+err.Error())
		return
	}
	l.acked[id] = p
	l.at = append(l.at, time.Now())
}

// Acknowledged are the ids of all applications that somebody was told of.
func (l *Load) Acknowledged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(l.acked))
	for id := range l.acked {
		out = append(out, id)
	}
	return out
}

// Failed are the requests that were not answered as they should.
func (l *Load) Failed() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}

// Await waits until so many more applications were acknowledged.
func (l *Load) Await(ctx context.Context, more int) error {
	want := len(l.Acknowledged()) + more
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	for len(l.Acknowledged()) < want {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d applications: %w; %s", len(l.Acknowledged()), want, ctx.Err(), strings.Join(l.lastFailures(3), "; "))
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (l *Load) lastFailures(n int) []string {
	f := l.Failed()
	return f[max(0, len(f)-n):]
}

// Gap is the longest time without any acknowledgement between two moments.
func (l *Load) Gap(from, to time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	longest, last := time.Duration(0), from
	for _, t := range append(slices.Clone(l.at), to) {
		if t.Before(from) || t.After(to) {
			continue
		}
		longest = max(longest, t.Sub(last))
		last = t
	}
	return longest
}

// Lost compares what was acknowledged with the people's lists.
func (l *Load) Lost(ctx context.Context) (lost, unknown []string, err error) {
	seen := map[string]bool{}
	for _, p := range l.People {
		list, err := Applications(ctx, p, l.Base)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range list {
			if seen[a.ID] {
				return nil, nil, fmt.Errorf("%s is listed twice", a.ID)
			}
			seen[a.ID] = true
		}
	}
	for _, id := range l.Acknowledged() {
		if !seen[id] {
			lost = append(lost, id)
		}
		delete(seen, id)
	}
	for id := range seen {
		unknown = append(unknown, id)
	}
	return lost, unknown, nil
}

// Listed is an application in «Мои заявления».
type Listed struct{ ID, Number string }

// Applications reads all pages of a person's list.
func Applications(ctx context.Context, p *Person, base string) ([]Listed, error) {
	var out []Listed
	next := base + "/lk/applications"
	for range 1000 {
		pg, err := p.Get(ctx, next)
		if err != nil {
			return nil, err
		}
		if err := pg.Want(http.StatusOK); err != nil {
			return nil, err
		}
		numbers := number.FindAllString(strings.Join(pg.Texts(".okno-feed"), " "), -1)
		at := 0
		for _, href := range pg.Attrs(".okno-feed h3 a", "href") {
			id, ok := strings.CutPrefix(href, "/lk/applications/")
			if !ok {
				continue
			}
			if at >= len(numbers) {
				return nil, fmt.Errorf("%s has no number", id)
			}
			out = append(out, Listed{ID: id, Number: numbers[at]})
			at++
		}
		more := pg.Attrs("a[href*='after=']", "href")
		if len(more) == 0 {
			return out, nil
		}
		next = base + more[0]
	}
	return nil, fmt.Errorf("the list of %d applications has no end", len(out))
}
