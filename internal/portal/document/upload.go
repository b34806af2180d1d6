package document

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
)

// maxLoose bounds how many unkept files one holder may have: an upload page is
// no free storage.
const maxLoose = 100

// Upload is a file that arrives.
type Upload struct {
	Owner    string // account id; empty for an agency's file
	Holder   string
	Side     Side
	Slot     string
	Name     string   // as the browser said
	MaxBytes int64    // 0: [DefaultMaxBytes]
	Types    []string // permitted extensions; empty: all 19
	Body     io.Reader
}

// Upload receives a file to its last byte and asks the scanner for it. What is
// too large, of a type that is not permitted, or of content that is not what
// the extension says, is Invalid; nothing of it stays.
func (d *Documents) Upload(ctx context.Context, u Upload) (*Document, error) {
	if u.MaxBytes <= 0 {
		u.MaxBytes = DefaultMaxBytes
	}
	doc := &Document{
		ID: db.NewID(), Owner: u.Owner, Holder: u.Holder, Side: u.Side, Slot: u.Slot,
		Name: CleanName(u.Name), Scan: ScanReceived, CreatedAt: d.Clock.Now(),
	}
	doc.Ext = extension(doc.Name)
	k, known := kinds[doc.Ext]
	if !known || (len(u.Types) > 0 && !slices.Contains(u.Types, doc.Ext)) {
		return nil, fault.Invalid("document.type_not_permitted").With("ext", doc.Ext)
	}
	doc.Media = k.media
	if err := d.begin(ctx, doc); err != nil {
		return nil, err
	}
	if err := d.receive(ctx, doc, u); err != nil {
		d.abandon(ctx, doc.ID)
		return nil, err
	}
	if err := d.complete(ctx, doc); err != nil {
		d.abandon(ctx, doc.ID)
		return nil, err
	}
	return doc, nil
}

// begin names the blob before it exists, so that a crash leaves something that
// the sweep finds.
func (d *Documents) begin(ctx context.Context, doc *Document) error {
	return d.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT count(*) FROM document.document WHERE holder = $1 AND doomed_at IS NULL`, doc.Holder)
		if err != nil {
			return fmt.Errorf("begin upload: %w", err)
		}
		if n >= maxLoose {
			return fault.Limited("document.too_many", 0)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO document.document (id, owner_id, holder, side, slot, name, ext, media, scan, created_at)
			VALUES ($1, nullif($2, '')::uuid, $3, $4, $5, $6, $7, $8, 'received', $9)`,
			doc.ID, doc.Owner, doc.Holder, doc.Side, doc.Slot, doc.Name, doc.Ext, doc.Media, doc.CreatedAt)
		if err != nil {
			return fmt.Errorf("begin upload: %w", err)
		}
		return nil
	})
}

var errTooLarge = errors.New("document: too large")

// limited fails with errTooLarge at the first byte beyond the limit.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

func (d *Documents) receive(ctx context.Context, doc *Document, u Upload) error {
	body := &limited{r: u.Body, left: u.MaxBytes}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(body, head)
	head = head[:n]
	switch {
	case errors.Is(err, errTooLarge):
		return tooLarge(u.MaxBytes)
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("receive document: %w", err)
	case n == 0:
		return fault.Invalid("document.empty")
	case !fits(doc.Ext, head):
		return fault.Invalid("document.content_mismatch").With("ext", doc.Ext)
	}
	doc.Encrypted = locked(doc.Ext, head)

	sum := sha256.New()
	text := &textCheck{}
	count := &counter{}
	r := io.TeeReader(io.MultiReader(&replay{head}, body), io.MultiWriter(sum, text, count))
	if err := d.Blobs.Put(ctx, doc.ID, r); err != nil {
		if errors.Is(err, errTooLarge) {
			return tooLarge(u.MaxBytes)
		}
		return fmt.Errorf("receive document: %w", err)
	}
	if doc.Ext == "txt" && !text.ok() {
		return fault.Invalid("document.content_mismatch").With("ext", doc.Ext)
	}
	doc.Size, doc.SHA256 = count.n, sum.Sum(nil)
	return nil
}

func tooLarge(limit int64) error { return fault.Invalid("document.too_large").With("mb", limit>>20) }

// replay gives the head once more.
type replay struct{ head []byte }

func (r *replay) Read(p []byte) (int, error) {
	if len(r.head) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.head)
	r.head = r.head[n:]
	return n, nil
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func (d *Documents) complete(ctx context.Context, doc *Document) error {
	doc.Scan = ScanWaiting
	return d.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE document.document SET scan = 'waiting', size = $2, sha256 = $3, encrypted = $4
			 WHERE id = $1 AND scan = 'received' AND doomed_at IS NULL`, doc.ID, doc.Size, doc.SHA256, doc.Encrypted)
		if err != nil {
			return fmt.Errorf("complete upload: %w", err)
		}
		if n == 0 {
			return fault.Conflict("document.upload_expired")
		}
		return d.Queue.Enqueue(ctx, tx, ScanArgs{Document: doc.ID}, job.Unique())
	})
}

// abandon hurries the sweep for an upload that failed; when even that fails,
// the sweep finds it by age.
func (d *Documents) abandon(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = d.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE document.document SET doomed_at = $2 WHERE id = $1`, id, d.Clock.Now())
		return err
	})
}
