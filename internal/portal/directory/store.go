package directory

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema directory.
func Migrations() db.Source { return db.Source{Context: "directory", FS: migrations, Tables: tables} }

// Directory reads and writes agencies and centres of one region.
type Directory struct {
	DB    *db.DB
	Clock *clock.Clock

	kept db.Kept[snapshot]
}

type snapshot struct {
	version  int64
	agencies []Agency
	centres  []Centre
	byCode   map[string]*Agency
	hidden   []Agency
}

// File is the format of import and export: services/region/<NN>/directory.yaml.
type File struct {
	Agencies []Agency `yaml:"agencies"`
	Centres  []Centre `yaml:"centres"`
}

// ParseFile reads a directory file; its error names every mistake.
func ParseFile(data []byte) (*File, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	f := &File{}
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	if p := f.Lint(); len(p) > 0 {
		return nil, p
	}
	return f, nil
}

// Agency answers one agency; fault directory.agency_not_found where there is none.
func (d *Directory) Agency(ctx context.Context, code string) (*Agency, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	if a := s.byCode[code]; a != nil {
		return a, nil
	}
	return nil, fault.NotFound("directory.agency_not_found")
}

// Known is [Directory.Agency] for what has begun: a draft, an application or a
// published service of an agency that was taken off the pages since goes on, so
// hidden agencies are answered too.
func (d *Directory) Known(ctx context.Context, code string) (*Agency, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	if a := s.byCode[code]; a != nil {
		return a, nil
	}
	if i := slices.IndexFunc(s.hidden, func(a Agency) bool { return a.Code == code }); i >= 0 {
		return &s.hidden[i], nil
	}
	return nil, fault.NotFound("directory.agency_not_found")
}

// Standing tells in a transaction which agencies there are, and whether each is on
// the pages.
func (d *Directory) Standing(ctx context.Context, tx *db.Tx) (map[string]bool, error) {
	type row struct {
		Code  string `db:"code"`
		Shown bool   `db:"shown"`
	}
	list, err := db.List[row](ctx, tx, `SELECT code, NOT hidden AS shown FROM directory.agency LIMIT 5000`)
	if err != nil {
		return nil, fmt.Errorf("read agencies: %w", err)
	}
	out := map[string]bool{}
	for _, r := range list {
		out[r.Code] = r.Shown
	}
	return out, nil
}

// Agencies answers all agencies in the editor's order. The slice is shared: do not change it.
func (d *Directory) Agencies(ctx context.Context) ([]Agency, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	return s.agencies, nil
}

// Hidden answers the agencies that were taken off the pages. Do not change it.
func (d *Directory) Hidden(ctx context.Context) ([]Agency, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	return s.hidden, nil
}

// Centre answers one centre; fault directory.centre_not_found where there is none.
func (d *Directory) Centre(ctx context.Context, code string) (*Centre, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	for i := range s.centres {
		if s.centres[i].Code == code {
			return &s.centres[i], nil
		}
	}
	return nil, fault.NotFound("directory.centre_not_found")
}

// Centres answers the centres that have the function, all where it is empty, nearest first where
// the place of the citizen is known.
func (d *Directory) Centres(ctx context.Context, does Function, from *Point) ([]Placed, error) {
	s, err := d.current(ctx)
	if err != nil {
		return nil, err
	}
	var out []Centre
	for i := range s.centres {
		if does == "" || s.centres[i].Does(does) {
			out = append(out, s.centres[i])
		}
	}
	return Nearest(out, from), nil
}

// Version moves with every change that a prepared page must show.
func (d *Directory) Version(ctx context.Context) (int64, error) {
	s, err := d.current(ctx)
	if err != nil {
		return 0, err
	}
	return s.version, nil
}

// KnownVersion is [Directory.Version] without asking or waiting for anything; false
// when it is not known well enough.
func (d *Directory) KnownVersion() (int64, bool) {
	if s := d.kept.Known(d.Clock.Wall()); s != nil {
		return s.version, true
	}
	return 0, false
}

// Import puts the entries of a file into the directory: new ones are added, changed ones get a new
// version, equal ones stay. What the file does not name stays too. It answers how many it changed.
func (d *Directory) Import(ctx context.Context, f *File, by string) (int, error) {
	changed := 0
	err := d.DB.InTx(ctx, func(tx *db.Tx) error {
		changed = 0
		if _, err := lockVersion(ctx, tx); err != nil {
			return err
		}
		for i := range f.Agencies {
			ok, err := d.put(ctx, tx, "agency", f.Agencies[i].Code, i, f.Agencies[i], by)
			if err != nil {
				return err
			}
			changed += ok
		}
		for i := range f.Centres {
			ok, err := d.put(ctx, tx, "centre", f.Centres[i].Code, i, f.Centres[i], by)
			if err != nil {
				return err
			}
			changed += ok
		}
		if changed == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE directory.state SET version = version + 1`)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("import directory: %w", err)
	}
	d.forget()
	return changed, nil
}

func lockVersion(ctx context.Context, tx *db.Tx) (int64, error) {
	return db.Get[int64](ctx, tx, `SELECT version FROM directory.state FOR UPDATE`)
}

var putSQL = map[string]string{
	"agency": `INSERT INTO directory.agency AS t (code, position, body, version, changed_at, changed_by) VALUES ($1, $2, $3, 1, $4, $5)
		ON CONFLICT (code) DO UPDATE SET position = excluded.position, body = excluded.body, hidden = false, version = t.version + 1,
			changed_at = excluded.changed_at, changed_by = excluded.changed_by
		WHERE t.body <> excluded.body OR t.position <> excluded.position OR t.hidden
		RETURNING version`,
	"centre": `INSERT INTO directory.centre AS t (code, position, body, version, changed_at, changed_by) VALUES ($1, $2, $3, 1, $4, $5)
		ON CONFLICT (code) DO UPDATE SET position = excluded.position, body = excluded.body, hidden = false, version = t.version + 1,
			changed_at = excluded.changed_at, changed_by = excluded.changed_by
		WHERE t.body <> excluded.body OR t.position <> excluded.position OR t.hidden
		RETURNING version`,
}

func (d *Directory) put(ctx context.Context, tx *db.Tx, kind, code string, position int, entry any, by string) (int, error) {
	body, err := json.Marshal(entry)
	if err != nil {
		return 0, err
	}
	now := d.Clock.Now()
	version, err := db.Find[int64](ctx, tx, putSQL[kind], code, position, body, now, by)
	if err != nil || version == nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO directory.history (kind, code, version, body, hidden, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, false, $5, $6)`, kind, code, *version, body, now, by)
	return 1, err
}

func (d *Directory) forget() { d.kept.Forget() }

// current answers the snapshot, renewed when the version has moved.
func (d *Directory) current(ctx context.Context) (*snapshot, error) {
	s, err := d.kept.Get(d.Clock.Wall(), func(held *snapshot) (s *snapshot, err error) {
		err = d.DB.Aside(ctx, func(tx *db.Tx) error { s, err = renew(ctx, tx, held); return err })
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return s, nil
}

func renew(ctx context.Context, tx *db.Tx, held *snapshot) (*snapshot, error) {
	version, err := db.Get[int64](ctx, tx, `SELECT version FROM directory.state`)
	if err != nil || held != nil && held.version == version {
		return held, err
	}
	s := &snapshot{version: version, byCode: map[string]*Agency{}}
	if s.agencies, err = load[Agency](ctx, tx, `SELECT body FROM directory.agency WHERE NOT hidden ORDER BY position, code LIMIT 5000`); err != nil {
		return nil, err
	}
	if s.hidden, err = load[Agency](ctx, tx, `SELECT body FROM directory.agency WHERE hidden ORDER BY position, code LIMIT 5000`); err != nil {
		return nil, err
	}
	if s.centres, err = load[Centre](ctx, tx, `SELECT body FROM directory.centre WHERE NOT hidden ORDER BY position, code LIMIT 5000`); err != nil {
		return nil, err
	}
	for i := range s.agencies {
		s.byCode[s.agencies[i].Code] = &s.agencies[i]
	}
	return s, nil
}

func load[T any](ctx context.Context, tx *db.Tx, sql string) ([]T, error) {
	rows, err := db.List[[]byte](ctx, tx, sql)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(rows))
	for i, b := range rows {
		if err := json.Unmarshal(b, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
