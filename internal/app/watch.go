package app

import (
	"context"
	"syscall"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/site/opssite"
)

// What the operations site and the metrics are told of the products, as values
// of their own: opssite imports neither product.

func (p *idp) undelivered(ctx context.Context, limit int) ([]opssite.Event, error) {
	list, err := p.events.Undelivered(ctx, limit)
	out := make([]opssite.Event, 0, len(list))
	for _, d := range list {
		out = append(out, opssite.Event{
			ID: d.Event, Type: d.Type, Receiver: d.Receiver, Failed: d.State == "failed", Attempts: d.Attempts, Error: d.Error, At: d.At, Next: d.DueAt,
		})
	}
	return out, err
}

func (p *idp) openChecks(ctx context.Context) ([]opssite.Check, error) {
	list, err := p.enrol.OpenChecks(ctx)
	out := make([]opssite.Check, 0, len(list))
	for _, c := range list {
		out = append(out, opssite.Check{Register: c.Register, N: c.N, Away: c.Away, Oldest: c.Oldest})
	}
	return out, err
}

func (p *portal) missed(ctx context.Context, limit int) ([]opssite.Miss, int64, error) {
	list, rare, err := p.misses.Common(ctx, limit)
	out := make([]opssite.Miss, 0, len(list))
	for _, m := range list {
		out = append(out, opssite.Miss{Query: m.Query, Times: m.Times, Last: m.LastDay})
	}
	return out, rare, err
}

// rewrapOf is what moves a database's values under the active key.
func (a *App) rewrapOf(d *db.DB) *db.Rewrap {
	for _, r := range a.rewraps {
		if r.DB == d {
			return r
		}
	}
	return nil
}

// disk looks at the file system of the state folder; nil without one.
func (a *App) disk() func() (opssite.Disk, error) {
	dir := a.cfg.State
	if dir == "" {
		return nil
	}
	return func() (opssite.Disk, error) {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			return opssite.Disk{}, err
		}
		size := uint64(s.Bsize) //nolint:gosec // a block has a positive size
		return opssite.Disk{Free: s.Bavail * size, Total: s.Blocks * size}, nil
	}
}

// writeMissesEvery bounds how many counts of searches a crash loses.
const writeMissesEvery = time.Minute

// writeMisses counts searches without result now and then, and at the end.
func (a *App) writeMisses(ctx context.Context) {
	tick := time.NewTicker(writeMissesEvery)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-ctx.Done():
			done = true
		case <-tick.C:
		}
		wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), measureTime)
		for _, p := range a.portals {
			if err := p.misses.Write(wctx); err != nil {
				a.log.Warn("searches", "error", err)
			}
		}
		cancel()
	}
}
