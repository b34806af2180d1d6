package catalogue

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/form"
)

// Listed is a service as the editor sees it, published or withdrawn.
type Listed struct {
	Code      string
	Title     form.Text
	Agency    string
	Published bool
	Revision  string
	Version   int64
	Weight    int // of the editor's order of popular services
	ChangedAt time.Time
}

// Listing answers all services that were ever published, by code; at most 5,000.
func (s *Services) Listing(ctx context.Context) ([]Listed, error) {
	type row struct {
		Code      string    `db:"code"`
		Revision  string    `db:"revision_id"`
		State     string    `db:"state"`
		Version   int64     `db:"version"`
		ChangedAt time.Time `db:"changed_at"`
	}
	var rows []row
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.List[row](ctx, tx, `SELECT code, revision_id, state, version, changed_at FROM catalogue.service ORDER BY code LIMIT 5000`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	out := make([]Listed, 0, len(rows))
	for _, r := range rows {
		sv, err := s.Revision(ctx, r.Revision)
		if err != nil {
			return nil, err
		}
		out = append(out, Listed{
			Code: r.Code, Title: sv.Title, Agency: sv.Agency, Published: r.State == "published", Revision: r.Revision, Version: r.Version,
			Weight: sv.Weight, ChangedAt: r.ChangedAt,
		})
	}
	return out, nil
}

// SetWeight moves a published service in the editor's order of popular services:
// the higher first, 0 leaves it to its use (CAT-05). It is a revision like any
// other change.
func (s *Services) SetWeight(ctx context.Context, code string, weight int, actor, reason string) error {
	if weight < 0 || weight > 1000 {
		return fault.Invalid("catalogue.invalid_weight", fault.F("weight", "catalogue.invalid_weight"))
	}
	now, err := s.Card(ctx, code)
	if err != nil {
		return err
	}
	// The card may be raised to the portal's own minimum level; the revision is not.
	was, err := s.Revision(ctx, now.Revision)
	if err != nil {
		return err
	}
	next := *was
	next.Weight = weight
	_, err = s.Publish(ctx, &next, actor, reason)
	return err
}

// Step is what an import would do with one service.
type Step struct {
	Code  string
	Title form.Text
	Kind  string // new, changed, same, again (withdrawn now, published by the import)
}

// Compare tells what [Services.Import] would do.
func (s *Services) Compare(ctx context.Context, b *Bundle) ([]Step, error) {
	list, err := s.Listing(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]Listed{}
	for _, l := range list {
		known[l.Code] = l
	}
	var out []Step
	for _, sv := range b.Services {
		id, _, err := sv.encode()
		if err != nil {
			return nil, err
		}
		step := Step{Code: sv.Code, Title: sv.Title, Kind: "new"}
		if l, ok := known[sv.Code]; ok {
			switch {
			case !l.Published:
				step.Kind = "again"
			case l.Revision == id:
				step.Kind = "same"
			default:
				step.Kind = "changed"
			}
		}
		out = append(out, step)
	}
	return out, nil
}

// The limits of an archive: a catalogue of thousands of services stays far below.
const (
	MaxArchive   = 16 << 20 // bytes of the file
	maxUnpacked  = 64 << 20
	maxFiles     = 20000
	archiveIndex = "catalogue.yaml"
)

// OpenArchive reads a zip in the format of services/: catalogue.yaml at the top or
// in one folder. Fault Invalid catalogue.archive for anything else.
func OpenArchive(raw []byte) (fs.FS, error) {
	bad := fault.Invalid("catalogue.archive", fault.F("archive", "catalogue.archive"))
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, bad.Wrap(err)
	}
	var size uint64
	root := ""
	found := false
	for _, f := range z.File {
		size += f.UncompressedSize64
		if size > maxUnpacked || len(z.File) > maxFiles {
			return nil, bad
		}
		if path.Base(f.Name) == archiveIndex && strings.Count(f.Name, "/") <= 1 && !found {
			root, found = path.Dir(f.Name), true
		}
	}
	if !found {
		return nil, bad
	}
	sub, err := fs.Sub(z, root)
	if err != nil {
		return nil, bad.Wrap(err)
	}
	return sub, nil
}

// Archive is [Services.Export] as a zip.
func (s *Services) Archive(ctx context.Context, region string) ([]byte, error) {
	files, err := s.Export(ctx, region)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack catalogue: %w", err)
	}
	return b.Bytes(), nil
}
