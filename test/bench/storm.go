package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/okno-gov/okno/test/drive"
)

// storm is P2: 256 people sign in at the same moment. Who reads meanwhile is a
// process of its own, and the 256 browsers get out of the way of both: elsewhere
// they are other machines.
func (b *bench) storm() error {
	const people = 256
	s, err := b.startSide("demo")
	if err != nil {
		return err
	}
	reader, err := b.startSide("hello")
	if err != nil {
		return err
	}
	p, err := b.newParty(s)
	if err != nil {
		return err
	}
	if err := unix.Setpriority(unix.PRIO_PGRP, 0, 10); err != nil { // the sides have groups of their own
		return fmt.Errorf("lower our priority: %w", err)
	}
	var peaks, rests, calms, busies, ratios []float64
	var refused int
	for range b.rounds {
		time.Sleep(6 * time.Second) // the process has given back what went before
		rest, err := memory(s.cmd.Process.Pid, "VmRSS")
		if err != nil {
			return err
		}
		calm, err := reader.reading(s.port, func() error { time.Sleep(3 * time.Second); return nil })
		if err != nil {
			return err
		}
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil { // forgets the peak
			return err
		}
		busy, err := reader.reading(s.port, func() error {
			n, err := p.storm(b, people)
			refused += n
			return err
		})
		if err != nil {
			return err
		}
		peak, err := memory(s.cmd.Process.Pid, "VmHWM")
		if err != nil {
			return err
		}
		peaks, rests, calms, busies, ratios = append(peaks, peak), append(rests, rest), append(calms, calm), append(busies, busy), append(ratios, busy/calm)
	}
	peak := slices.Max(peaks)
	allowed := slices.Min(rests) + 2.5*float64(runtime.NumCPU())*19
	b.add(row{
		goal: "P2", what: "peak of 256 logins at once", unit: "MB", ours: peak, floor: allowed, ratio: peak / allowed, want: "≤ 1", ok: peak <= allowed,
		note: fmt.Sprintf("the highest; at rest %.0f MB, floor is rest + 2.5 × cores × 19 MiB; %d told to try again", slices.Min(rests), refused),
	})
	r := median(ratios)
	b.add(row{
		goal: "P2", what: "p99 of reads meanwhile", unit: "ms", ours: median(busies), floor: median(calms), ratio: r, want: "≤ 3", ok: r <= 3,
		note: "main page, one connection, from a process of its own",
	})
	_, err = s.tell("heap " + filepath.Join(b.dir, "P2.heap.pprof"))
	return err
}

// storm signs so many people in at once and counts those who were told honestly
// to try again.
func (p *party) storm(b *bench, people int) (refused int, err error) {
	var mu sync.Mutex
	err = each(people, people, func(int) error {
		_, err := p.signIn(b, drive.NewPerson())
		if err != nil && (strings.Contains(err.Error(), "(429)") || strings.Contains(err.Error(), "(503)")) {
			mu.Lock()
			refused++
			mu.Unlock()
			return nil
		}
		return err
	})
	return refused, err
}

// reading has the child read the main page while f works; it is the p99 in milliseconds.
func (s *side) reading(port string, f func() error) (p99 float64, err error) {
	if _, err := s.tell("read " + port); err != nil {
		return 0, err
	}
	worked := f()
	answer, err := s.tell("quantile")
	if err := errors.Join(worked, err); err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(answer, &p99)
	return p99, err
}

// reading is a main page that is asked for again and again, some hundred times
// a second, in the child.
type reading struct {
	stop  context.CancelFunc
	done  chan struct{}
	times []float64
	err   error
}

func startReading(port string) (*reading, error) {
	ctx, stop := context.WithCancel(context.Background())
	r := &reading{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			t, err := once(request{port: port, host: "uslugi.localhost", path: "/", want: 200})
			if err != nil {
				r.err = err
				return
			}
			r.times = append(r.times, t)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return r, nil
}

// end stops and tells the p99 in milliseconds.
func (r *reading) end() (string, error) {
	if r == nil {
		return "", errors.New("nothing is read")
	}
	r.stop()
	<-r.done
	if r.err != nil || len(r.times) == 0 {
		return "", errors.Join(r.err, errors.New("nothing was read"))
	}
	slices.Sort(r.times)
	return fmt.Sprint(r.times[len(r.times)*99/100]), nil
}
