package document

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

// ScanArgs asks the scanner for one document.
type ScanArgs struct {
	Document string `json:"document"`
}

// Kind implements job.Args.
func (ScanArgs) Kind() string { return "document.scan" }

// looseFor is how long a file may wait for the transaction that names it: an
// evening at a form with a night between.
const looseFor = 24 * time.Hour

// Work registers the scan and the sweep of what nobody names.
func (d *Documents) Work(q *job.Queue) {
	// A scanner may be away for a weekend: the file waits, visibly.
	job.Handle(q, d.scan, job.Timeout(2*time.Minute), job.MaxAttempts(200), job.Backoff(func(attempt int) time.Duration {
		return min(time.Duration(attempt)*10*time.Second, 10*time.Minute)
	}))
	q.Sweep("document.orphans", time.Hour, d.sweep)
}

// ScanNow asks the scanner for a document without waiting for the queue and
// answers it with its new state. A scanner that is away leaves it waiting.
func (d *Documents) ScanNow(ctx context.Context, doc *Document) (*Document, error) {
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	// The job is enqueued already: what fails here is tried again there.
	_ = d.scan(short, ScanArgs{Document: doc.ID})
	return d.Get(ctx, doc.Holder, doc.ID)
}

func (d *Documents) scan(ctx context.Context, a ScanArgs) error {
	var row *documentRow
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		row, err = db.Find[documentRow](ctx, tx, `
			SELECT `+documentColumns+` FROM document.document
			 WHERE id = $1 AND scan = 'waiting' AND doomed_at IS NULL`, a.Document)
		return err
	})
	if err != nil || row == nil {
		return err
	}
	body, err := d.Blobs.Open(ctx, row.document().ref())
	if err != nil {
		return fmt.Errorf("open document %s for its scan: %w", row.ID, err)
	}
	defer body.Close()
	v, err := d.Scanner.Scan(ctx, body)
	if err != nil {
		return fmt.Errorf("scan document %s: %w", row.ID, err)
	}
	return d.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE document.document SET scan = $2, signature = $3, scanned_at = $4 WHERE id = $1 AND scan = 'waiting'`,
			row.ID, v.State, v.Signature, d.Clock.Now())
		if err != nil {
			return fmt.Errorf("record scan of document %s: %w", row.ID, err)
		}
		if n == 0 || v.State != ScanInfected || d.OnInfected == nil {
			return nil
		}
		// The holder may have changed while the scanner read.
		now, err := db.Get[documentRow](ctx, tx, `SELECT `+documentColumns+` FROM document.document WHERE id = $1`, row.ID)
		if err != nil {
			return fmt.Errorf("read infected document %s: %w", row.ID, err)
		}
		return d.OnInfected(ctx, tx, now.document())
	})
}

// sweep deletes what was released, what failed, and what nobody kept in time.
// The row is doomed first, so that nobody can keep it while its blob goes.
func (d *Documents) sweep(ctx context.Context) (int, error) {
	now := d.Clock.Now()
	var ids []string
	err := d.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		ids, err = db.List[string](ctx, tx, `
			UPDATE document.document SET doomed_at = coalesce(doomed_at, $1)
			 WHERE id IN (SELECT id FROM document.document
			               WHERE doomed_at IS NOT NULL OR (kept_at IS NULL AND created_at <= $2)
			               ORDER BY created_at LIMIT 200 FOR UPDATE SKIP LOCKED)
			RETURNING id`, now, now.Add(-looseFor))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("find orphans: %w", err)
	}
	for i, id := range ids {
		if err := d.Blobs.Delete(ctx, blobKey(id)); err != nil {
			return i, fmt.Errorf("delete blob of document %s: %w", id, err)
		}
		err := d.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM document.document WHERE id = $1`, id)
			return err
		})
		if err != nil {
			return i, fmt.Errorf("delete document %s: %w", id, err)
		}
	}
	return len(ids), nil
}
