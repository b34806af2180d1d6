package document

import (
	"context"
	"embed"
	"io"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema document.
func Migrations() db.Source { return db.Source{Context: "document", FS: migrations, Tables: tables} }

// ScanState is what is known about harmful content. Its name for people is the
// message "document.scan.<state>".
type ScanState string

// The states.
const (
	ScanReceived  ScanState = "received"  // bytes are arriving, or a crash cut them off
	ScanWaiting   ScanState = "waiting"   // the scanner has not answered yet
	ScanClean     ScanState = "clean"     // the scanner found nothing
	ScanInfected  ScanState = "infected"  // the scanner found something: nobody gets the bytes
	ScanUnchecked ScanState = "unchecked" // this portal runs without a scanner
)

// Readable tells whether a person other than the uploader may have the bytes.
func (s ScanState) Readable() bool { return s == ScanClean || s == ScanUnchecked }

// Side is who gave the file.
type Side string

// The sides.
const (
	SideCitizen Side = "citizen"
	SideAgency  Side = "agency"
)

// Document is one stored file.
type Document struct {
	ID        string
	Owner     string // account id; empty for an agency's file that is not issued yet
	Holder    string // "draft/<id>", "application/<id>", "answer/<id>"
	Side      Side
	Slot      string // the form's attachment slot; empty outside forms
	Name      string // cleaned, as shown and offered for download
	Ext       string // lower case, without dot, one of the permitted
	Media     string // media type by the extension, for the download
	Size      int64  // bytes
	SHA256    []byte
	Encrypted bool // an archive with a password: the scanner saw its shell only
	Scan      ScanState
	ScannedAt *time.Time
	CreatedAt time.Time

	wrapped []byte // the file's key, see blob.Ref
}

func (d *Document) ref() blob.Ref {
	return blob.Ref{Key: blobKey(d.ID), Wrapped: d.wrapped, Size: d.Size, SHA256: d.SHA256}
}

// blobKey is derived from the id, so that the sweep finds the blob of a row
// whose upload never ended.
func blobKey(id string) string { return "document/" + strings.ReplaceAll(id, "-", "") }

// Scanner looks for harmful content: portal/exchange has the client for clamd.
// An error means "not now": the file waits and the scan is repeated.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (Verdict, error)
}

// Verdict is a scanner's answer. State is clean, infected or unchecked.
type Verdict struct {
	State     ScanState
	Signature string // what was found, for the operators' journal
}

// NoScanner is the scanner of a portal that has none: it says so.
type NoScanner struct{}

// Scan implements [Scanner].
func (NoScanner) Scan(context.Context, io.Reader) (Verdict, error) {
	return Verdict{State: ScanUnchecked}, nil
}

// Documents owns the files of one portal.
type Documents struct {
	DB      *db.DB
	Clock   *clock.Clock
	Blobs   *blob.Sealed
	Scanner Scanner
	Queue   *job.Queue

	// OnInfected runs in the transaction that records an infected file, so that
	// the holder can tell the person; nil tells nobody.
	OnInfected func(ctx context.Context, tx *db.Tx, d *Document) error
}
