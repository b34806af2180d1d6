package document

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Keep makes the caller's transaction the one that names the holder's files.
// A file of another holder, a half-received or a swept one is NotFound.
func (d *Documents) Keep(ctx context.Context, tx *db.Tx, holder string, ids ...string) error {
	return d.move(ctx, tx, holder, holder, "", ids)
}

// Move hands files from one holder to another, such as from the draft to the
// application. owner becomes the owner when it is not empty: an answer belongs
// to the citizen from the moment it is issued.
func (d *Documents) Move(ctx context.Context, tx *db.Tx, from, to, owner string, ids ...string) error {
	return d.move(ctx, tx, from, to, owner, ids)
}

func (d *Documents) move(ctx context.Context, tx *db.Tx, from, to, owner string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	unique := map[string]bool{}
	for _, id := range ids {
		if !db.IsID(id) {
			return fault.NotFound("document.not_found")
		}
		unique[id] = true
	}
	n, err := tx.Exec(ctx, `
		UPDATE document.document
		   SET holder = $3, owner_id = coalesce(nullif($4, '')::uuid, owner_id), kept_at = coalesce(kept_at, $5)
		 WHERE id = ANY($1::uuid[]) AND holder = $2 AND scan <> 'received' AND doomed_at IS NULL`,
		ids, from, to, owner, d.Clock.Now())
	if err != nil {
		return fmt.Errorf("keep documents: %w", err)
	}
	if int(n) != len(unique) {
		return fault.NotFound("document.not_found")
	}
	return nil
}

// Release gives up files of a holder, all of them without ids; the sweep
// deletes them.
func (d *Documents) Release(ctx context.Context, tx *db.Tx, holder string, ids ...string) error {
	_, err := tx.Exec(ctx, `
		UPDATE document.document SET doomed_at = $3
		 WHERE holder = $1 AND doomed_at IS NULL AND (cardinality($2::uuid[]) = 0 OR id = ANY($2::uuid[]))`,
		holder, append([]string{}, ids...), d.Clock.Now())
	if err != nil {
		return fmt.Errorf("release documents: %w", err)
	}
	return nil
}

// Held lists the complete files of a holder in the order of their arrival.
func (d *Documents) Held(ctx context.Context, tx *db.Tx, holder string) ([]Document, error) {
	rows, err := db.List[documentRow](ctx, tx, `
		SELECT `+documentColumns+` FROM document.document
		 WHERE holder = $1 AND scan <> 'received' AND doomed_at IS NULL ORDER BY created_at, id LIMIT 200`, holder)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	out := make([]Document, len(rows))
	for i := range rows {
		out[i] = *rows[i].document()
	}
	return out, nil
}

// HeldBy is [Documents.Held] of several holders at once, by holder.
func (d *Documents) HeldBy(ctx context.Context, tx *db.Tx, holders ...string) (map[string][]Document, error) {
	rows, err := db.List[documentRow](ctx, tx, `
		SELECT `+documentColumns+` FROM document.document
		 WHERE holder = ANY($1) AND scan <> 'received' AND doomed_at IS NULL ORDER BY created_at, id LIMIT $2`,
		holders, 200*len(holders))
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	out := map[string][]Document{}
	for i := range rows {
		doc := rows[i].document()
		out[doc.Holder] = append(out[doc.Holder], *doc)
	}
	return out, nil
}

// Get answers the facts of a holder's file without its bytes.
func (d *Documents) Get(ctx context.Context, holder, id string) (*Document, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("document.not_found")
	}
	var row *documentRow
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[documentRow](ctx, tx, `
			SELECT `+documentColumns+` FROM document.document
			 WHERE id = $1 AND holder = $2 AND scan <> 'received' AND doomed_at IS NULL`, id, holder)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if row == nil {
		return nil, fault.NotFound("document.not_found")
	}
	return row.document(), nil
}

// OpenOwn gives a citizen his file: what he uploaded himself at once, what an
// agency issued when the scanner has let it pass.
func (d *Documents) OpenOwn(ctx context.Context, owner, id string) (*Document, *blob.Reader, error) {
	if !db.IsID(owner) {
		return nil, nil, fault.NotFound("document.not_found")
	}
	return d.open(ctx, `owner_id = $2::uuid`, id, owner)
}

// OpenHeld gives the file of a holder to somebody whom the caller has found
// entitled to the holder, such as the clerk of a case: only when the scanner
// has let it pass.
func (d *Documents) OpenHeld(ctx context.Context, holder, id string) (*Document, *blob.Reader, error) {
	return d.open(ctx, `holder = $2`, id, holder)
}

func (d *Documents) open(ctx context.Context, where, id, arg string) (*Document, *blob.Reader, error) {
	if !db.IsID(id) {
		return nil, nil, fault.NotFound("document.not_found")
	}
	var row *documentRow
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[documentRow](ctx, tx, `
			SELECT `+documentColumns+` FROM document.document
			 WHERE id = $1 AND `+where+` AND scan <> 'received' AND doomed_at IS NULL`, id, arg)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("open document: %w", err)
	}
	if row == nil {
		return nil, nil, fault.NotFound("document.not_found")
	}
	doc := row.document()
	own := doc.Side == SideCitizen && arg == doc.Owner
	switch {
	case doc.Scan == ScanInfected:
		return doc, nil, fault.Conflict("document.infected")
	case !doc.Scan.Readable() && !own:
		return doc, nil, fault.Conflict("document.waiting")
	}
	body, err := d.Blobs.Open(ctx, doc.ref())
	if errors.Is(err, blob.ErrAway) {
		return doc, nil, fault.Unavailable("document.cannot_open").Wrap(fmt.Errorf("open document %s: %w", doc.ID, err))
	}
	if err != nil {
		return doc, nil, fmt.Errorf("open document %s: %w", doc.ID, err)
	}
	return doc, body, nil
}

const documentColumns = `id, coalesce(owner_id::text, '') AS owner, holder, side, slot, name, ext, media, size, sha256,
	encrypted, scan, scanned_at, created_at, wrapped`

type documentRow struct {
	ID, Owner, Holder, Side, Slot, Name, Ext, Media string
	Size                                            int64
	SHA256                                          []byte `db:"sha256"`
	Encrypted                                       bool
	Scan                                            string
	ScannedAt                                       *time.Time
	CreatedAt                                       time.Time
	Wrapped                                         []byte
}

func (r *documentRow) document() *Document {
	return &Document{
		ID: r.ID, Owner: r.Owner, Holder: r.Holder, Side: Side(r.Side), Slot: r.Slot, Name: r.Name, Ext: r.Ext,
		Media: r.Media, Size: r.Size, SHA256: r.SHA256, Encrypted: r.Encrypted, Scan: ScanState(r.Scan),
		ScannedAt: r.ScannedAt, CreatedAt: r.CreatedAt, wrapped: r.Wrapped,
	}
}

// Hand gives the files of a holder to another owner: to nobody, when a case has
// lost its link to a person.
func (d *Documents) Hand(ctx context.Context, tx *db.Tx, holder, owner string) error {
	_, err := tx.Exec(ctx, `UPDATE document.document SET owner_id = $2 WHERE holder = $1 AND owner_id IS NOT NULL`, holder, owner)
	if err != nil {
		return fmt.Errorf("hand documents: %w", err)
	}
	return nil
}
