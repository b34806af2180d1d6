package document_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/document"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// bait is a scanner that finds one word, and may be away.
type bait struct{ away atomic.Bool }

func (b *bait) Scan(_ context.Context, r io.Reader) (document.Verdict, error) {
	if b.away.Load() {
		return document.Verdict{}, errors.New("scanner is away")
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return document.Verdict{}, err
	}
	if bytes.Contains(content, []byte("EVIL")) {
		return document.Verdict{State: document.ScanInfected, Signature: "Test.Evil"}, nil
	}
	return document.Verdict{State: document.ScanClean}, nil
}

type kit struct {
	*document.Documents
	folder  *blob.Folder
	scanner *bait
}

func newKit(t *testing.T) *kit {
	t.Helper()
	d := dbtest.New(t, document.Migrations())
	c := clock.At(start)
	folder, err := blob.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{folder: folder, scanner: &bait{}}
	k.Documents = &document.Documents{
		DB: d, Clock: c, Blobs: &blob.Sealed{Store: folder, Keys: crypt.NewTestKeyring()}, Scanner: k.scanner, Queue: job.New(d, c),
	}
	k.Work(k.Queue)
	return k
}

// blobs counts the files in the store.
func (k *kit) blobs(t *testing.T) (n int) {
	t.Helper()
	err := k.folder.List(t.Context(), "document", func(blob.Info) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (k *kit) upload(t *testing.T, owner, holder, name, content string) (*document.Document, error) {
	t.Helper()
	return k.Upload(t.Context(), document.Upload{
		Owner: owner, Holder: holder, Side: document.SideCitizen, Name: name, Body: strings.NewReader(content),
	})
}

func (k *kit) settle(t *testing.T) {
	t.Helper()
	if err := k.Queue.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (k *kit) tx(t *testing.T, fn func(tx *db.Tx) error) error {
	t.Helper()
	return k.DB.InTx(t.Context(), fn)
}

const pdf = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"

func TestUploadHashesAndKeeps(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	owner := db.NewID()
	doc, err := k.upload(t, owner, "draft/1", `C:\Мои документы\паспорт.PDF`, pdf)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(pdf))
	if doc.Name != "паспорт.PDF" || doc.Ext != "pdf" || doc.Media != "application/pdf" || doc.Size != int64(len(pdf)) || !bytes.Equal(doc.SHA256, sum[:]) {
		t.Errorf("document: %+v", doc)
	}
	if doc.Scan != document.ScanWaiting {
		t.Errorf("scan state %s, want waiting", doc.Scan)
	}
	if err := k.tx(t, func(tx *db.Tx) error { return k.Keep(t.Context(), tx, "draft/1", doc.ID) }); err != nil {
		t.Fatal(err)
	}
	_, body, err := k.OpenOwn(t.Context(), owner, doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, _ := io.ReadAll(body); string(got) != pdf {
		t.Errorf("content came back as %q", got)
	}
}

// The limit is counted in bytes of the file while they stream: 15 MB pass, one
// byte more does not, and nothing of the refused file stays.
//
// APL-07
func TestLimitIsExactToTheByte(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	full := pdf + strings.Repeat("x", document.DefaultMaxBytes-len(pdf))
	doc, err := k.upload(t, db.NewID(), "draft/1", "a.pdf", full)
	if err != nil || doc.Size != 15*1024*1024 {
		t.Fatalf("15 MB: %+v, %v", doc, err)
	}
	_, err = k.upload(t, db.NewID(), "draft/2", "a.pdf", full+"x")
	if f, _ := fault.As(err); !fault.Is(err, fault.KindInvalid) || f.Key != "document.too_large" {
		t.Fatalf("15 MB and one byte: %v", err)
	}
	if k.blobs(t) != 1 {
		t.Errorf("%d blobs, want the accepted one alone", k.blobs(t))
	}
	if _, err := k.Upload(t.Context(), document.Upload{Owner: db.NewID(), Holder: "draft/3", Side: document.SideCitizen, Name: "a.pdf", MaxBytes: 8, Body: strings.NewReader(pdf)}); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("a slot's own limit: %v", err)
	}
}

func TestForeignFilesAreNotFound(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	owner, stranger := db.NewID(), db.NewID()
	doc, err := k.upload(t, owner, "draft/1", "a.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	k.settle(t)
	for name, open := range map[string]func() error{
		"stranger":       func() error { _, _, err := k.OpenOwn(t.Context(), stranger, doc.ID); return err },
		"nobody":         func() error { _, _, err := k.OpenOwn(t.Context(), "", doc.ID); return err },
		"foreign holder": func() error { _, _, err := k.OpenHeld(t.Context(), "draft/2", doc.ID); return err },
		"nonsense id":    func() error { _, _, err := k.OpenOwn(t.Context(), owner, "1 OR 1=1"); return err },
		"keep foreign": func() error {
			return k.tx(t, func(tx *db.Tx) error { return k.Keep(t.Context(), tx, "draft/2", doc.ID) })
		},
		"move foreign": func() error {
			return k.tx(t, func(tx *db.Tx) error { return k.Move(t.Context(), tx, "draft/2", "application/1", stranger, doc.ID) })
		},
	} {
		if err := open(); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}

// A clerk gets a file only after the scanner has let it pass; an infected one
// nobody gets.
func TestClerkWaitsForTheScanner(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	var told []string
	k.OnInfected = func(_ context.Context, _ *db.Tx, d *document.Document) error {
		told = append(told, d.Holder+" "+d.Name)
		return nil
	}
	owner := db.NewID()
	good, err := k.upload(t, owner, "application/1", "good.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	evil, err := k.upload(t, owner, "application/1", "evil.pdf", pdf+"EVIL")
	if err != nil {
		t.Fatal(err)
	}
	held := func(id string) error {
		_, body, err := k.OpenHeld(t.Context(), "application/1", id)
		if err == nil {
			body.Close()
		}
		return err
	}
	k.scanner.away.Store(true)
	k.settle(t)
	key := func(err error) string {
		f, ok := fault.As(err)
		if !ok {
			return ""
		}
		return f.Key
	}
	if got := key(held(good.ID)); got != "document.waiting" {
		t.Errorf("scanner away: %q, want document.waiting", got)
	}
	if _, body, err := k.OpenOwn(t.Context(), owner, good.ID); err != nil {
		t.Errorf("the uploader himself must get his file: %v", err)
	} else {
		body.Close()
	}
	k.scanner.away.Store(false)
	if err := k.Queue.Hurry(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	k.settle(t)
	if err := held(good.ID); err != nil {
		t.Errorf("clean file: %v", err)
	}
	if got := key(held(evil.ID)); got != "document.infected" {
		t.Errorf("infected file for the clerk: %q", got)
	}
	if _, _, err := k.OpenOwn(t.Context(), owner, evil.ID); key(err) != "document.infected" {
		t.Errorf("infected file for its owner: %v", err)
	}
	if len(told) != 1 || told[0] != "application/1 evil.pdf" {
		t.Errorf("told about %v", told)
	}
}

func TestWithoutScannerTheStateSaysSo(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.Scanner = document.NoScanner{}
	doc, err := k.upload(t, db.NewID(), "application/1", "a.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	k.settle(t)
	got, body, err := k.OpenHeld(t.Context(), "application/1", doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
	if got.Scan != document.ScanUnchecked {
		t.Errorf("state %s, want unchecked: an unscanned file must not be called clean", got.Scan)
	}
}

// A crash between the blob and the commit leaves something that the sweep
// finds; what a transaction named stays.
func TestSweepTakesOrphansAlone(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	ctx := t.Context()
	owner := db.NewID()
	kept, err := k.upload(t, owner, "draft/1", "kept.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.tx(t, func(tx *db.Tx) error { return k.Keep(ctx, tx, "draft/1", kept.ID) }); err != nil {
		t.Fatal(err)
	}
	loose, err := k.upload(t, owner, "draft/1", "loose.pdf", pdf)
	if err != nil {
		t.Fatal(err)
	}
	// What is left when the process dies after the blob and before the commit.
	crashed := db.NewID()
	if err := k.folder.Put(ctx, "document/"+strings.ReplaceAll(crashed, "-", ""), strings.NewReader(pdf)); err != nil {
		t.Fatal(err)
	}
	if err := k.tx(t, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO document.document (id, holder, side, name, ext, media, scan, created_at)
			VALUES ($1, 'draft/1', 'citizen', 'crashed.pdf', 'pdf', 'application/pdf', 'received', $2)`, crashed, start)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	k.settle(t)
	if k.blobs(t) != 3 {
		t.Fatalf("%d blobs right after the upload, want 3: an evening at a form must be possible", k.blobs(t))
	}
	k.Clock.Advance(25 * time.Hour)
	k.settle(t)
	if k.blobs(t) != 1 {
		t.Errorf("%d blobs after the sweep, want 1", k.blobs(t))
	}
	if err := k.tx(t, func(tx *db.Tx) error { return k.Keep(ctx, tx, "draft/1", loose.ID) }); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("a swept file could be kept: %v", err)
	}
	if err := k.tx(t, func(tx *db.Tx) error { return k.Release(ctx, tx, "draft/1") }); err != nil {
		t.Fatal(err)
	}
	k.settle(t)
	if k.blobs(t) != 0 {
		t.Errorf("%d blobs after the release, want none", k.blobs(t))
	}
}

func TestFailedUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	broken := io.MultiReader(strings.NewReader(pdf+strings.Repeat("x", 5000)), errReader{})
	_, err := k.Upload(t.Context(), document.Upload{Owner: db.NewID(), Holder: "draft/1", Side: document.SideCitizen, Name: "a.pdf", Body: broken})
	if err == nil || fault.Is(err, fault.KindInvalid) {
		t.Errorf("a broken connection: %v", err)
	}
	k.settle(t)
	var rows int
	_ = k.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		rows, err = db.Get[int](t.Context(), tx, `SELECT count(*) FROM document.document`)
		return err
	})
	if rows != 0 || k.blobs(t) != 0 {
		t.Errorf("%d rows and %d blobs stay", rows, k.blobs(t))
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
