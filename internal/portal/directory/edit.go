package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
)

// Kind is what an entry of the directory is.
type Kind string

// The kinds of entries.
const (
	KindAgency Kind = "agency"
	KindCentre Kind = "centre"
)

// Kinds are all kinds.
var Kinds = []Kind{KindAgency, KindCentre}

// Entry is an agency or a centre as its editor sees it, hidden ones too.
type Entry struct {
	Kind    Kind
	Agency  *Agency // of that kind
	Centre  *Centre
	Version int64
	Hidden  bool
	At      time.Time
	By      string // an officer's id or a command
}

// Code is the code of the agency or centre.
func (e *Entry) Code() string {
	if e.Kind == KindAgency {
		return e.Agency.Code
	}
	return e.Centre.Code
}

// Name is its name.
func (e *Entry) Name() string {
	if e.Kind == KindAgency {
		return e.Agency.Name
	}
	return e.Centre.Name
}

func (e *Entry) body() any {
	if e.Kind == KindAgency {
		return e.Agency
	}
	return e.Centre
}

// Edit is by whom and on top of what an entry is changed.
type Edit struct {
	By string // an officer's id
	// Version is that of the entry which the editor saw, 0 for a new one: somebody
	// else's change in between is fault Conflict directory.changed_meanwhile.
	Version int64
	// Within authorises the editor for what belongs to the agencies ("" is the whole
	// portal) and journals the deed in the same transaction.
	Within func(ctx context.Context, tx *db.Tx, agencies ...string) error
}

type entryRow struct {
	Body      []byte    `db:"body"`
	Version   int64     `db:"version"`
	Hidden    bool      `db:"hidden"`
	ChangedAt time.Time `db:"changed_at"`
	ChangedBy string    `db:"changed_by"`
}

func (r *entryRow) entry(k Kind) (*Entry, error) {
	e := &Entry{Kind: k, Version: r.Version, Hidden: r.Hidden, At: r.ChangedAt, By: r.ChangedBy}
	if k == KindAgency {
		e.Agency = &Agency{}
		return e, json.Unmarshal(r.Body, e.Agency)
	}
	e.Centre = &Centre{}
	return e, json.Unmarshal(r.Body, e.Centre)
}

const entryColumns = `body, version, hidden, changed_at, changed_by`

func notFound(k Kind) error { return fault.NotFound("directory." + string(k) + "_not_found") }

// Entry answers an entry as it is now.
func (d *Directory) Entry(ctx context.Context, k Kind, code string) (*Entry, error) {
	if !slices.Contains(Kinds, k) {
		return nil, fault.NotFound("directory.agency_not_found")
	}
	return d.read(ctx, k, `SELECT `+entryColumns+` FROM directory.`+string(k)+` WHERE code = $1`, code)
}

// Past answers an entry as it was in one of its versions.
func (d *Directory) Past(ctx context.Context, k Kind, code string, version int64) (*Entry, error) {
	return d.read(ctx, k, `SELECT `+entryColumns+` FROM directory.history WHERE kind = $1 AND code = $2 AND version = $3`, string(k), code, version)
}

func (d *Directory) read(ctx context.Context, k Kind, sql string, args ...any) (*Entry, error) {
	var row *entryRow
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[entryRow](ctx, tx, sql, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", k, err)
	}
	if row == nil {
		return nil, notFound(k)
	}
	return row.entry(k)
}

// Entries lists entries in the editor's order, hidden ones last, and tells how many
// there are. query is a part of the name, the code or the address.
func (d *Directory) Entries(ctx context.Context, k Kind, query string, offset, limit int) (out []Entry, total int, err error) {
	if !slices.Contains(Kinds, k) {
		return nil, 0, fault.NotFound("directory.agency_not_found")
	}
	var rows []entryRow
	err = d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[entryRow](ctx, tx, `SELECT `+entryColumns+` FROM directory.`+string(k)+` ORDER BY hidden, position, code LIMIT 5000`)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list %s entries: %w", k, err)
	}
	key := rutext.MatchKey(query)
	for i := range rows {
		e, err := rows[i].entry(k)
		if err != nil {
			return nil, 0, fmt.Errorf("list %s entries: %w", k, err)
		}
		if key == "" || strings.Contains(rutext.MatchKey(e.words()), key) {
			out = append(out, *e)
		}
	}
	total = len(out)
	from := min(max(offset, 0), total)
	return out[from:min(from+max(limit, 0), total)], total, nil
}

// words are what an entry is found by.
func (e *Entry) words() string {
	if e.Kind == KindCentre {
		return strings.Join([]string{e.Centre.Name, e.Centre.Operator, e.Centre.City, e.Centre.Address, e.Centre.Code}, " ")
	}
	out := []string{e.Agency.Name, e.Agency.Short, e.Agency.Code}
	for _, o := range e.Agency.Offices {
		out = append(out, o.Name, o.Address)
	}
	return strings.Join(out, " ")
}

// Save publishes an entry: a new one at the end, a known one in its place, a hidden
// one again. What is missing or wrong is fault Invalid directory.invalid with fields
// named as in [Agency.Check] and [Centre.Check].
func (d *Directory) Save(ctx context.Context, by Edit, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	code := e.Code()
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := d.begin(ctx, tx, by, e.Kind, code); err != nil {
			return err
		}
		at, err := db.Get[int](ctx, tx, `SELECT coalesce((SELECT position FROM directory.`+string(e.Kind)+` WHERE code = $1),
			(SELECT coalesce(max(position), -1) + 1 FROM directory.`+string(e.Kind)+`))`, code)
		if err != nil {
			return err
		}
		changed, err := d.put(ctx, tx, string(e.Kind), code, at, e.body(), by.By)
		if err != nil || changed == 0 {
			return err
		}
		return moved(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("save %s %s: %w", e.Kind, code, err)
	}
	d.forget()
	return nil
}

// begin locks the directory, lets the caller authorise and compares versions.
func (d *Directory) begin(ctx context.Context, tx *db.Tx, by Edit, k Kind, code string) error {
	if _, err := lockVersion(ctx, tx); err != nil {
		return err
	}
	agency := "" // new ones and centres belong to the whole portal
	if k == KindAgency && by.Version != 0 {
		agency = code
	}
	if err := by.Within(ctx, tx, agency); err != nil {
		return err
	}
	now, err := db.Find[int64](ctx, tx, `SELECT version FROM directory.`+string(k)+` WHERE code = $1`, code)
	switch {
	case err != nil:
		return err
	case now == nil && by.Version != 0:
		return notFound(k)
	case now != nil && by.Version == 0:
		return fault.Invalid("directory.invalid", fault.F("code", "directory.code_taken"))
	case now != nil && *now != by.Version:
		return fault.Conflict("directory.changed_meanwhile")
	}
	return nil
}

func moved(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE directory.state SET version = version + 1`)
	return err
}

// Hide takes an entry off the pages; its past stays. [Directory.Save] shows it again.
func (d *Directory) Hide(ctx context.Context, by Edit, k Kind, code string) error {
	if !slices.Contains(Kinds, k) || by.Version == 0 {
		return notFound(KindAgency)
	}
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := d.begin(ctx, tx, by, k, code); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE directory.`+string(k)+` SET hidden = true, version = version + 1, changed_at = $2, changed_by = $3
			WHERE code = $1 AND NOT hidden`, code, d.Clock.Now(), by.By)
		if err != nil {
			return err
		}
		if n == 0 {
			return notFound(k)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO directory.history (kind, code, version, body, hidden, changed_at, changed_by)
			SELECT $2, code, version, body, true, changed_at, changed_by FROM directory.`+string(k)+` WHERE code = $1`, code, string(k)); err != nil {
			return err
		}
		return moved(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("hide %s %s: %w", k, code, err)
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

// History answers who changed an entry, the newest first, 200 lines at most.
func (d *Directory) History(ctx context.Context, k Kind, code string) (out []Change, err error) {
	err = d.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Change](ctx, tx, `SELECT version, hidden, changed_at, changed_by FROM directory.history
			WHERE kind = $1 AND code = $2 ORDER BY version DESC LIMIT 200`, string(k), code)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read history of %s %s: %w", k, code, err)
	}
	return out, nil
}

// Deliver is [Directory.Import] at each start of a release: what anybody else than
// deliverer has changed or hidden since is his and stays as it is.
func (d *Directory) Deliver(ctx context.Context, f *File, deliverer string) (int, error) {
	changed := 0
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		changed = 0
		if _, err := lockVersion(ctx, tx); err != nil {
			return err
		}
		own, err := ownedByOthers(ctx, tx, deliverer)
		if err != nil {
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
		return moved(ctx, tx)
	})
	if err != nil {
		return 0, fmt.Errorf("deliver directory: %w", err)
	}
	d.forget()
	return changed, nil
}

// ownedByOthers are the entries, "kind code", that somebody else changed last.
func ownedByOthers(ctx context.Context, tx *db.Tx, deliverer string) (map[string]bool, error) {
	own := map[string]bool{}
	for _, k := range Kinds {
		codes, err := db.List[string](ctx, tx, `SELECT code FROM directory.`+string(k)+` WHERE changed_by <> $1 LIMIT 10000`, deliverer)
		if err != nil {
			return nil, err
		}
		for _, c := range codes {
			own[string(k)+" "+c] = true
		}
	}
	return own, nil
}
