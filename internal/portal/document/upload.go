package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
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

func (d *Documents) receive(ctx context.Context, doc *Document, u Upload) error {
	source := whole{u.Body}
	head := make([]byte, headBytes)
	n, err := io.ReadFull(source, head)
	head = head[:n]
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("receive document: %w", err)
	case n == 0:
		return fault.Invalid("document.empty")
	case !fits(doc.Ext, head):
		return fault.Invalid("document.content_mismatch").With("ext", doc.Ext)
	}
	doc.Encrypted = locked(doc.Ext, head)

	text := &textCheck{}
	body := io.MultiReader(bytes.NewReader(head), source)
	if doc.Ext == "txt" {
		body = io.TeeReader(body, text)
	}
	ref, err := d.Blobs.Put(ctx, blobKey(doc.ID), body, u.MaxBytes)
	if errors.Is(err, blob.ErrTooLarge) {
		return fault.Invalid("document.too_large").With("mb", u.MaxBytes>>20)
	}
	if errors.Is(err, blob.ErrAway) {
		return fault.Unavailable("document.store_away").Wrap(fmt.Errorf("receive document: %w", err))
	}
	if err != nil {
		return fmt.Errorf("receive document: %w", err)
	}
	if doc.Ext == "txt" && !text.ok() {
		return fault.Invalid("document.content_mismatch").With("ext", doc.Ext)
	}
	doc.Size, doc.SHA256, doc.wrapped = ref.Size, ref.SHA256, ref.Wrapped
	return nil
}

var errCutOff = errors.New("document: the connection broke off")

// whole gives a connection that broke off an error of its own: io.ReadFull would
// take io.ErrUnexpectedEOF of the source for the end of the file.
type whole struct{ r io.Reader }

func (w whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCutOff
	}
	return n, err
}

func (d *Documents) complete(ctx context.Context, doc *Document) error {
	doc.Scan = ScanWaiting
	return d.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE document.document SET scan = 'waiting', size = $2, sha256 = $3, encrypted = $4, wrapped = $5
			 WHERE id = $1 AND scan = 'received' AND doomed_at IS NULL`, doc.ID, doc.Size, doc.SHA256, doc.Encrypted, doc.wrapped)
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
