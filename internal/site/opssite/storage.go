package opssite

import (
	"context"
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// stored is how much a system keeps and how safe it is.
type stored struct {
	System
	Down   bool
	Bytes  int64
	Backup *time.Time
	Moved  int64    // values that the rotation to the active key has moved
	Busy   []moving // tables that it has not been through yet
}

// moving is a table that a rotation of keys is going through.
type moving struct {
	Table   string
	Percent int64
}

// lateBackup is more than a night that was left out.
const lateBackup = 36 * time.Hour

func (s *Site) stored(ctx context.Context, sys System) stored {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	out := stored{System: sys}
	var rotation []db.RewrapState
	for _, step := range []func() error{
		func() error { return sys.Ping(ctx) },
		func() (err error) { out.Bytes, err = sys.DB.Size(ctx); return err },
		func() (err error) { out.Backup, err = sys.DB.LastBackup(ctx); return err },
		func() (err error) { rotation, err = sys.Rewrap.Progress(ctx); return err },
	} {
		if err := step(); err != nil {
			s.Log.WarnContext(ctx, "look at storage", "system", sys.Code, "error", err)
			return stored{System: sys, Down: true}
		}
	}
	for _, p := range rotation {
		if p.KeyID != s.Keys.ActiveID() {
			continue
		}
		if out.Moved += p.Moved; p.FinishedAt == nil {
			out.Busy = append(out.Busy, moving{p.Target, min(100, 100*p.Block/max(p.Blocks, 1))})
		}
	}
	return out
}

func (s *Site) showStorage(w http.ResponseWriter, r *http.Request) error {
	v := storageView{words: s.words(r), Active: s.Keys.ActiveID(), Keys: s.Keys.IDs(), Now: s.Clock.Wall()}
	for _, sys := range s.Systems {
		v.Systems = append(v.Systems, s.stored(r.Context(), sys))
	}
	if s.Disk != nil {
		d, err := s.Disk()
		if err != nil {
			s.Log.WarnContext(r.Context(), "look at disk", "error", err)
		} else {
			v.Disk = &d
		}
	}
	return s.render(w, r, "ops.storage.title", storagePage(v))
}

// searched are the searches without result of one system.
type searched struct {
	System
	Down bool
	List []Miss
	Rare int64
}

func (s *Site) showSearches(w http.ResponseWriter, r *http.Request) error {
	var list []searched
	for _, sys := range s.Systems {
		if sys.Misses == nil {
			continue
		}
		list = append(list, s.searched(r.Context(), sys))
	}
	return s.render(w, r, "ops.searches.title", searchesPage(s.words(r), list))
}

func (s *Site) searched(ctx context.Context, sys System) searched {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	list, rare, err := sys.Misses(ctx, shown)
	if err != nil {
		s.Log.WarnContext(ctx, "look at searches", "system", sys.Code, "error", err)
		return searched{System: sys, Down: true}
	}
	return searched{System: sys, List: list, Rare: rare}
}
