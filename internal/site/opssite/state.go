package opssite

import (
	"context"
	"time"

	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/outcall"
)

// state is one system as it stands now.
type state struct {
	System
	Down        bool // the database does not answer; nothing else is known then
	Jobs        map[string]int
	Failures    []job.Failure
	Sweeps      []job.SweepState
	Counts      []outbound.Count
	Problems    []outbound.Status
	Head        ledger.Head
	Undelivered []Event
	Open        []Check
	Acts        []ledger.Entry
}

// shown bounds each list of a page; more than that is a matter for the metrics.
const shown = 100

// lookTime bounds the look at one database: a page about a fault must not hang
// on it.
const lookTime = 3 * time.Second

func (s *Site) states(ctx context.Context) []state {
	out := make([]state, len(s.Systems))
	for i, sys := range s.Systems {
		out[i] = s.look(ctx, sys)
	}
	return out
}

func (s *Site) look(ctx context.Context, sys System) state {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	st := state{System: sys}
	steps := []func() error{
		func() error { return sys.Ping(ctx) },
		func() (err error) { st.Jobs, err = sys.Queue.Counts(ctx); return err },
		func() (err error) { st.Failures, err = sys.Queue.Failures(ctx, shown); return err },
		func() (err error) { st.Sweeps, err = sys.Queue.Sweeps(ctx); return err },
		func() (err error) { st.Counts, err = sys.Outbox.Counts(ctx); return err },
		func() (err error) { st.Problems, err = sys.Outbox.Problems(ctx, shown); return err },
		func() (err error) { st.Head, err = sys.Ledger.Head(ctx); return err },
		func() (err error) { st.Acts, err = acts(ctx, sys); return err },
	}
	if sys.Events != nil {
		steps = append(steps, func() (err error) { st.Undelivered, err = sys.Events(ctx, shown); return err })
	}
	if sys.Checks != nil {
		steps = append(steps, func() (err error) { st.Open, err = sys.Checks(ctx); return err })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			s.Log.WarnContext(ctx, "look at system", "system", sys.Code, "error", err)
			return state{System: sys, Down: true}
		}
	}
	return st
}

// trouble is a line of the first page: what needs somebody.
type trouble struct {
	key  string // message
	args []any
	href string // page with more; may be empty
}

// What is more than a passing delay. The alert rules in deploy/prometheus use the
// same numbers.
const (
	lateDelivery = 15 * time.Minute
	lateSweep    = 2 * time.Hour
	lateEvent    = time.Hour
	lateCheck    = 24 * time.Hour // C-07: five days are the term
)

// troubles are what needs somebody, the worst first.
func (s *Site) troubles(states []state, destinations []outcall.Destination) []trouble {
	var out []trouble
	for _, st := range states {
		if st.Down {
			out = append(out, trouble{key: "ops.trouble.database", args: []any{"system", st.Name}})
		}
	}
	for _, d := range destinations {
		if !d.Up {
			out = append(out, trouble{"ops.trouble.destination", []any{"name", d.Name}, "/outside"})
		}
	}
	for _, st := range states {
		out = append(out, s.systemTroubles(st)...)
	}
	return out
}

func (s *Site) systemTroubles(st state) []trouble {
	var out []trouble
	if n := st.Jobs["discarded"] + st.Jobs["cancelled"]; n > 0 {
		out = append(out, trouble{"ops.trouble.jobs", []any{"n", n, "system", st.Name}, "/jobs"})
	}
	for _, w := range st.Sweeps {
		if w.Error != "" || s.Clock.Wall().Sub(w.StartedAt) > lateSweep {
			out = append(out, trouble{"ops.trouble.sweep", []any{"sweep", w.Name, "system", st.Name}, "/jobs"})
		}
	}
	for _, c := range st.Counts {
		if waits(c.State) && s.Clock.Now().Sub(c.Oldest) > lateDelivery {
			out = append(out, trouble{"ops.trouble.delivery", []any{"n", c.N, "channel", string(c.Channel), "system", st.Name}, "/deliveries"})
		}
	}
	if n := s.lateEvents(st.Undelivered); n > 0 {
		out = append(out, trouble{"ops.trouble.events", []any{"n", n, "system", st.Name}, "/deliveries"})
	}
	for _, c := range st.Open {
		if s.Clock.Now().Sub(c.Oldest) > lateCheck {
			out = append(out, trouble{"ops.trouble.checks", []any{"n", c.N, "register", c.Register, "system", st.Name}, "/outside"})
		}
	}
	return out
}

// lateEvents counts the events that were given up or wait for long.
func (s *Site) lateEvents(list []Event) (n int) {
	for _, e := range list {
		if e.Failed || s.Clock.Now().Sub(e.At) > lateEvent {
			n++
		}
	}
	return n
}

// waits tells whether messages in a state are still to be sent. Those that wait
// for their hour (quiet hours) are in another state until then.
func waits(st outbound.State) bool { return st == outbound.Queued || st == outbound.Sending }
