package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// PutAgency publishes one agency: a new one at the end, a known one in its place.
// One that lacks something is fault Invalid directory.invalid with the problems.
// Who may edit is checked by the caller: an editor's page.
func (d *Directory) PutAgency(ctx context.Context, a Agency, by string) error {
	return d.putOne(ctx, "agency", a.Code, a, (&File{Agencies: []Agency{a}}).Lint(), by)
}

// PutCentre is [Directory.PutAgency] for a service centre.
func (d *Directory) PutCentre(ctx context.Context, c Centre, by string) error {
	return d.putOne(ctx, "centre", c.Code, c, (&File{Centres: []Centre{c}}).Lint(), by)
}

func (d *Directory) putOne(ctx context.Context, kind, code string, entry any, p Problems, by string) error {
	if len(p) > 0 {
		return fault.Invalid("directory.invalid").With("problems", p.Error()).Wrap(p)
	}
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := lockVersion(ctx, tx); err != nil {
			return err
		}
		at, err := db.Get[int](ctx, tx, `SELECT coalesce((SELECT position FROM directory.`+kind+` WHERE code = $1),
			(SELECT coalesce(max(position), -1) + 1 FROM directory.`+kind+`))`, code)
		if err != nil {
			return err
		}
		changed, err := d.put(ctx, tx, kind, code, at, entry, by)
		if err != nil || changed == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE directory.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("save %s %s: %w", kind, code, err)
	}
	d.forget()
	return nil
}

// HideAgency takes an agency off the pages; its past stays. [Directory.PutAgency]
// shows it again.
func (d *Directory) HideAgency(ctx context.Context, code, by string) error {
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := lockVersion(ctx, tx); err != nil {
			return err
		}
		now := d.Clock.Now()
		n, err := tx.Exec(ctx, `UPDATE directory.agency SET hidden = true, version = version + 1, changed_at = $2, changed_by = $3
			WHERE code = $1 AND NOT hidden`, code, now, by)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.NotFound("directory.agency_not_found")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO directory.history (kind, code, version, body, hidden, changed_at, changed_by)
			SELECT 'agency', code, version, body, true, changed_at, changed_by FROM directory.agency WHERE code = $1`, code); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE directory.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return fmt.Errorf("hide agency %s: %w", code, err)
	}
	d.forget()
	return nil
}

// Change is a line of an entry's history.
type Change struct {
	Version int64     `db:"version"`
	Hidden  bool      `db:"hidden"`
	At      time.Time `db:"changed_at"`
	By      string    `db:"changed_by"` // an officer's id or a command
}

// AgencyHistory answers who changed an agency, the newest first, 200 lines at most.
func (d *Directory) AgencyHistory(ctx context.Context, code string) (out []Change, err error) {
	err = d.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Change](ctx, tx, `SELECT version, hidden, changed_at, changed_by FROM directory.history
			WHERE kind = 'agency' AND code = $1 ORDER BY version DESC LIMIT 200`, code)
		return err
	})
	return out, err
}

// Deliver is [Directory.Import] at each start of a release: what anybody else than
// deliverer has changed or hidden since is his and stays as it is.
func (d *Directory) Deliver(ctx context.Context, f *File, deliverer string) (int, error) {
	own := map[string]bool{}
	err := d.DB.Read(ctx, func(tx *db.Tx) error {
		for _, kind := range []string{"agency", "centre"} {
			codes, err := db.List[string](ctx, tx, `SELECT code FROM directory.`+kind+` WHERE changed_by <> $1 LIMIT 10000`, deliverer)
			if err != nil {
				return err
			}
			for _, c := range codes {
				own[kind+" "+c] = true
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("deliver directory: %w", err)
	}
	changed := 0
	err = d.DB.InTx(ctx, func(tx *db.Tx) error {
		changed = 0
		if _, err := lockVersion(ctx, tx); err != nil {
			return err
		}
		put := func(kind, code string, at int, entry any) error {
			if own[kind+" "+code] {
				return nil
			}
			n, err := d.put(ctx, tx, kind, code, at, entry, deliverer)
			changed += n
			return err
		}
		for i := range f.Agencies {
			if err := put("agency", f.Agencies[i].Code, i, f.Agencies[i]); err != nil {
				return err
			}
		}
		for i := range f.Centres {
			if err := put("centre", f.Centres[i].Code, i, f.Centres[i]); err != nil {
				return err
			}
		}
		if changed == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE directory.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("deliver directory: %w", err)
	}
	d.forget()
	return changed, nil
}
