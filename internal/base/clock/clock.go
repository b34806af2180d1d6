// Package clock gives domain time: the time by which sessions, codes, terms
// and drafts live. It is wall time plus an offset, so that a demo or a test can
// travel; in production the offset is zero. What foreign programs check (JWT,
// TOTP, certificates, ESIA timestamps) goes by [Clock.Wall].
package clock

import (
	"sync/atomic"
	"time"
	_ "time/tzdata" // legal days must not depend on what the machine has installed
)

// Clock is domain time. The zero value is not usable: use [New] or [At].
type Clock struct {
	offset atomic.Int64 // nanoseconds added to wall time
	manual atomic.Int64 // unix microseconds of a stopped clock; 0 when it runs
}

// New returns a running clock without offset.
func New() *Clock { return &Clock{} }

// At returns a clock that stands at t until it is advanced: for tests.
func At(t time.Time) *Clock {
	c := &Clock{}
	c.manual.Store(t.UnixMicro())
	return c
}

// Now is domain time in UTC, cut to microseconds as PostgreSQL keeps them.
func (c *Clock) Now() time.Time {
	if m := c.manual.Load(); m != 0 {
		return time.UnixMicro(m).UTC()
	}
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Wall is wall time in UTC: for whatever a foreign program checks.
func (c *Clock) Wall() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Advance moves domain time by d. Time that runs backwards is for tests alone.
func (c *Clock) Advance(d time.Duration) {
	if m := c.manual.Load(); m != 0 {
		c.manual.Store(m + d.Microseconds())
		return
	}
	c.offset.Add(int64(d))
}

// Set puts a standing clock to t; a running one gets the matching offset.
func (c *Clock) Set(t time.Time) {
	if c.manual.Load() != 0 {
		c.manual.Store(t.UnixMicro())
		return
	}
	c.offset.Store(int64(time.Until(t)))
}

// Offset is how far domain time is from wall time.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// SetOffset is for the process that reads the shared offset from its database.
func (c *Clock) SetOffset(d time.Duration) { c.offset.Store(int64(d)) }
