package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

// A rotation of the key-encryption key, while everything runs:
//
//	okno keys rotate FILE        the file has a new active key
//	followKeys                   each process seals under it within seconds
//	sweep okno.rewrap            older values move under it
//	okno keys status             how many are left
//	okno keys remove ID          proves that none is, then the key leaves the file
const (
	followKeysEvery = 2 * time.Second
	rewrapEvery     = time.Second
)

// moveKeys registers the sweep that moves a database's sealed values under the
// active key.
func (a *App) moveKeys(d *db.DB, q *job.Queue, sources []db.Source) {
	r := &db.Rewrap{DB: d, Clock: a.clock, Keys: a.keys, Tables: db.Tables(sources...)}
	a.rewraps = append(a.rewraps, r)
	q.Sweep("okno.rewrap", rewrapEvery, r.Step)
}

// followKeys takes a changed key file into use and tells the other processes
// which key this one seals under. A file that cannot be read changes nothing.
func (a *App) followKeys(ctx context.Context) {
	tick := time.NewTicker(followKeysEvery)
	defer tick.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := a.keys.Reload()
		if err != nil {
			if said != err.Error() {
				said = err.Error()
				a.log.Error("the key file has changed and cannot be used; the keys in memory stay", "error", err)
			}
			continue
		}
		said = ""
		if changed {
			a.log.Info("the key file has changed", "active", a.keys.ActiveID(), "keys", len(a.keys.IDs()))
		}
		for _, d := range a.databases {
			if changed {
				if err := d.ProveKeys(ctx, a.keys); err != nil && ctx.Err() == nil {
					a.log.Error("keys", "error", err)
				}
			}
			if err := d.UseKey(ctx, a.process, a.keys.ActiveID(), a.clock.Wall()); err != nil && ctx.Err() == nil {
				a.log.Warn("note key", "error", err)
			}
		}
	}
}

// eachDatabase opens the databases of a configuration for a command.
func eachDatabase(ctx context.Context, cfg Config, do func(name string, d *db.DB, sources []db.Source) error) error {
	all, stop, err := schemas(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range all {
		d, err := db.Open(ctx, db.Config{URL: s.url, MaxConns: 2, CacheDescribe: true})
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		err = do(s.name, d, s.sources)
		d.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// KeyStatus prints the keys and how many values are under each, by database;
// left is how many are not under the active one.
func KeyStatus(ctx context.Context, cfg Config, out io.Writer) (left int64, err error) {
	keys, closeDevice, err := loadKeys(cfg)
	if err != nil {
		return 0, err
	}
	defer closeDevice()
	for _, id := range keys.IDs() {
		state := "opens only"
		if id == keys.ActiveID() {
			state = "active"
		}
		fmt.Fprintf(out, "key %s: %s\n", id, state)
	}
	err = eachDatabase(ctx, cfg, func(name string, d *db.DB, sources []db.Source) error {
		r := &db.Rewrap{DB: d, Clock: clock.New(), Keys: keys, Tables: db.Tables(sources...)}
		n, err := r.Left(ctx)
		if err != nil {
			return err
		}
		progress, err := r.Progress(ctx)
		if err != nil {
			return err
		}
		left += printLeft(out, name, n, progress, keys.ActiveID())
		return nil
	})
	return left, err
}

func printLeft(out io.Writer, name string, n map[string]int64, progress []db.RewrapState, active string) (left int64) {
	for _, id := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(out, "%s: %d values are under the key %s\n", name, n[id], id)
		left += n[id]
	}
	var moved int64
	var busy []string
	for _, p := range progress {
		if p.KeyID != active {
			continue
		}
		if moved += p.Moved; p.FinishedAt == nil {
			busy = append(busy, p.Target)
		}
	}
	switch {
	case len(busy) > 0:
		fmt.Fprintf(out, "%s: %d moved, %d left; at work on %s\n", name, moved, left, strings.Join(busy, " "))
	default:
		fmt.Fprintf(out, "%s: %d moved, %d left\n", name, moved, left)
	}
	return left
}

// RemoveKey takes a retired key out of the file, after each database has proven
// that no value and no running process needs it.
func RemoveKey(ctx context.Context, cfg Config, id string) error {
	keys, closeDevice, err := loadKeys(cfg)
	if err != nil {
		return err
	}
	defer closeDevice()
	err = eachDatabase(ctx, cfg, func(_ string, d *db.DB, sources []db.Source) error {
		return (&db.Rewrap{DB: d, Clock: clock.New(), Keys: keys, Tables: db.Tables(sources...)}).ForgetKey(ctx, id)
	})
	if err != nil {
		return err
	}
	return changeKeys(cfg, func(f crypt.KeyFile) error { return f.Remove(id) })
}

// SigningKeys prints the keys that sign tokens (OpenID Connect).
func SigningKeys(ctx context.Context, cfg Config, out io.Writer) error {
	return withSigningKeys(ctx, cfg, func(k signingKeys) error {
		list, err := k.List(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "KEY\tSIGNS\tFROM\tUNTIL\tPUBLISHED UNTIL")
		for _, one := range list {
			signs := ""
			if one.Signs {
				signs = "now"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", one.KID, signs, one.ActiveAt.Format(time.RFC3339), one.RetiredAt.Format(time.RFC3339), one.RemovedAt.Format(time.RFC3339))
		}
		return t.Flush()
	})
}

// RotateSigningKey publishes the next signing key now; it signs after the
// overlap, when every client has read it.
func RotateSigningKey(ctx context.Context, cfg Config) error {
	return withSigningKeys(ctx, cfg, func(k signingKeys) error { return k.Rotate(ctx) })
}

// ReplaceSigningKey removes a key that has leaked at once.
func ReplaceSigningKey(ctx context.Context, cfg Config, kid string) error {
	return withSigningKeys(ctx, cfg, func(k signingKeys) error { return k.Replace(ctx, kid) })
}
