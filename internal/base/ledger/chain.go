package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
)

const (
	sealEvery = 5 * time.Second
	batchSize = 2000
	rewrapMax = 500
	macBatch  = "ledger.batch"
)

// Head is the end of the chain. Noted elsewhere, it proves later that nothing before it has been cut off.
type Head struct {
	Seq  int64  `db:"seq"`
	Hash []byte `db:"hash"`
}

type sealable struct {
	ID   string `db:"id"`
	Hash []byte `db:"hash"`
}

// Seal chains the entries that no batch holds yet, at most one batch, and tells how many it took. Two sealers at the
// same time do no harm: the number of the batch is unique, and the second finds nothing done.
func (l *Ledger) Seal(ctx context.Context) (int, error) {
	count := 0
	err := l.DB.InTx(ctx, func(tx *db.Tx) error {
		count = 0
		head, err := findHead(ctx, tx)
		if err != nil {
			return err
		}
		entries, err := db.List[sealable](ctx, tx, `SELECT id::text AS id, hash FROM ledger.entry WHERE batch IS NULL ORDER BY id LIMIT $1`, batchSize)
		if err != nil || len(entries) == 0 {
			return err
		}
		// The database stores microseconds; the hash must be over what will be read back.
		at := l.Clock.Wall()
		ids, hashes := make([]string, len(entries)), make([][]byte, len(entries))
		for i, e := range entries {
			ids[i], hashes[i] = e.ID, e.Hash
		}
		hash := batchHash(head.Seq+1, head.Hash, at, hashes)
		if _, err := tx.Exec(ctx, `INSERT INTO ledger.batch (seq, count, previous, hash, mac, sealed_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			head.Seq+1, len(entries), head.Hash, hash, l.Keys.MAC(macBatch, string(hash)), at); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE ledger.entry SET batch = $1 WHERE id = ANY($2::uuid[]) AND batch IS NULL`, head.Seq+1, ids)
		if err == nil && n != int64(len(ids)) {
			return fmt.Errorf("%d of %d entries were sealed by another process", int64(len(ids))-n, len(ids))
		}
		count = len(entries)
		return err
	})
	if db.IsUnique(err, "batch_pkey") {
		return 0, nil // another process seals; the next sweep goes on
	}
	if err != nil {
		return 0, fmt.Errorf("seal ledger: %w", err)
	}
	return count, nil
}

// Head gives the end of the chain; Seq is 0 while nothing is sealed.
func (l *Ledger) Head(ctx context.Context) (head Head, err error) {
	err = l.DB.Read(ctx, func(tx *db.Tx) error {
		head, err = findHead(ctx, tx)
		return err
	})
	return head, err
}

func findHead(ctx context.Context, tx *db.Tx) (Head, error) {
	head, err := db.Find[Head](ctx, tx, `SELECT seq, hash FROM ledger.batch ORDER BY seq DESC LIMIT 1`)
	if err != nil {
		return Head{}, fmt.Errorf("head of ledger: %w", err)
	}
	if head == nil {
		return Head{Hash: []byte{}}, nil
	}
	return *head, nil
}

func batchHash(seq int64, previous []byte, at time.Time, entries [][]byte) []byte {
	h := sha256.New()
	h.Write([]byte("okno ledger batch 1"))
	for _, n := range []int64{seq, int64(len(previous)), at.UnixMicro(), int64(len(entries))} {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	h.Write(previous)
	for _, hash := range entries {
		h.Write(hash)
	}
	return h.Sum(nil)
}

// Problem is one thing that does not fit; Batch or Entry names the place.
type Problem struct {
	Batch int64  // 0 for an entry that waits for its batch
	Entry string // empty for the batch as a whole
	What  string // in English, for operators
}

func (p Problem) String() string {
	return fmt.Sprintf("batch %d entry %q: %s", p.Batch, p.Entry, p.What)
}

// Report is the outcome of a verification.
type Report struct {
	Batches, Entries int64 // sealed ones that were looked at
	Waiting          int64 // entries that no batch holds yet
	Erased           int64 // entries without payload
	Head             Head
	Problems         []Problem // at most 1 000
}

const maxProblems = 1000

func (r *Report) add(batch int64, entry, what string) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{batch, entry, what})
	}
}

type batchRow struct {
	Seq      int64     `db:"seq"`
	Count    int       `db:"count"`
	Previous []byte    `db:"previous"`
	Hash     []byte    `db:"hash"`
	MAC      []byte    `db:"mac"`
	SealedAt time.Time `db:"sealed_at"`
}

type fullRow struct {
	row
	PayloadHash []byte `db:"payload_hash"`
	Hash        []byte `db:"hash"`
}

// Verify recomputes the whole chain, batch by batch. Anchors are heads that were noted earlier.
// An error means that the check could not be made, a Problem that the journal does not fit.
func (l *Ledger) Verify(ctx context.Context, anchors ...Head) (*Report, error) {
	report := &Report{Head: Head{Hash: []byte{}}}
	noted := map[int64][]byte{}
	for _, a := range anchors {
		noted[a.Seq] = a.Hash
	}
	for {
		more := false
		err := l.DB.Read(ctx, func(tx *db.Tx) error {
			b, err := db.Find[batchRow](ctx, tx, `SELECT seq, count, previous, hash, mac, sealed_at FROM ledger.batch WHERE seq > $1 ORDER BY seq LIMIT 1`, report.Head.Seq)
			if err != nil || b == nil {
				return err
			}
			more = true
			return l.verifyBatch(ctx, tx, *b, noted, report)
		})
		if err != nil {
			return nil, fmt.Errorf("verify ledger: %w", err)
		}
		if !more {
			break
		}
	}
	for seq := range noted {
		if seq > report.Head.Seq {
			report.add(seq, "", "a batch that was noted elsewhere is missing: the end of the journal was cut off")
		}
	}
	return report, l.verifyWaiting(ctx, report)
}

func (l *Ledger) verifyBatch(ctx context.Context, tx *db.Tx, b batchRow, noted map[int64][]byte, report *Report) error {
	if b.Seq != report.Head.Seq+1 {
		report.add(b.Seq, "", fmt.Sprintf("batches %d to %d are missing", report.Head.Seq+1, b.Seq-1))
	} else if !crypt.Equal(b.Previous, report.Head.Hash) {
		report.add(b.Seq, "", "the batch does not follow the one before it")
	}
	rows, err := db.List[fullRow](ctx, tx, `SELECT `+columns+`, payload_hash, hash FROM ledger.entry WHERE batch = $1 ORDER BY id LIMIT $2`, b.Seq, 2*batchSize)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(rows))
	for i, r := range rows {
		hashes[i] = r.Hash
		l.verifyEntry(b.Seq, r, report)
	}
	if len(rows) != b.Count {
		report.add(b.Seq, "", fmt.Sprintf("the batch was sealed with %d entries and has %d", b.Count, len(rows)))
	}
	if !crypt.Equal(b.Hash, batchHash(b.Seq, b.Previous, b.SealedAt, hashes)) {
		report.add(b.Seq, "", "the entries are not those that were sealed")
	}
	if !crypt.Equal(b.MAC, l.Keys.MAC(macBatch, string(b.Hash))) {
		report.add(b.Seq, "", "the seal was not made with our key")
	}
	if hash, ok := noted[b.Seq]; ok && !crypt.Equal(hash, b.Hash) {
		report.add(b.Seq, "", "the batch is not the one that was noted elsewhere")
	}
	report.Batches++
	report.Entries += int64(len(rows))
	report.Head = Head{Seq: b.Seq, Hash: b.Hash}
	return nil
}

// verifyEntry recomputes an entry's hashes, the payload's too while it is there.
func (l *Ledger) verifyEntry(batch int64, r fullRow, report *Report) {
	e := Entry{ID: r.ID, Subject: r.Subject, Actor: r.Actor, Kind: r.Kind, Object: r.Object, At: r.At}
	if !crypt.Equal(e.hash(r.PayloadHash), r.Hash) {
		report.add(batch, r.ID, "the entry was changed")
	}
	if r.Payload == nil {
		report.Erased++
		return
	}
	salted, err := l.Keys.Open(r.Payload, aad(r.ID))
	if err != nil {
		report.add(batch, r.ID, "the payload does not open")
		return
	}
	if sum := sha256.Sum256(salted); !crypt.Equal(sum[:], r.PayloadHash) {
		report.add(batch, r.ID, "the payload was changed")
	}
}

// verifyWaiting looks at what no batch holds yet.
func (l *Ledger) verifyWaiting(ctx context.Context, report *Report) error {
	return l.DB.Read(ctx, func(tx *db.Tx) error {
		waiting, err := db.Get[int64](ctx, tx, `SELECT count(*) FROM ledger.entry WHERE batch IS NULL`)
		report.Waiting = waiting
		if err != nil {
			return fmt.Errorf("verify ledger: %w", err)
		}
		orphans, err := db.List[string](ctx, tx, `SELECT id::text FROM ledger.entry WHERE batch IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM ledger.batch b WHERE b.seq = entry.batch) ORDER BY id LIMIT $1`, maxProblems)
		if err != nil {
			return fmt.Errorf("verify ledger: %w", err)
		}
		for _, id := range orphans {
			report.add(0, id, "the entry claims a batch that does not exist")
		}
		return nil
	})
}

// Rewrap moves payloads under the active key after a rotation and tells how many it moved, in batches.
func (l *Ledger) Rewrap(ctx context.Context) (int, error) {
	moved := 0
	err := l.DB.InTx(ctx, func(tx *db.Tx) error {
		moved = 0
		rows, err := db.List[row](ctx, tx, `SELECT `+columns+` FROM ledger.entry WHERE payload IS NOT NULL AND key_id <> $1
			ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`, l.Keys.ActiveID(), rewrapMax)
		if err != nil {
			return err
		}
		for _, r := range rows {
			sealed, err := l.Keys.Rewrap(r.Payload)
			if err != nil {
				return fmt.Errorf("entry %s: %w", r.ID, err)
			}
			if _, err := tx.Exec(ctx, `UPDATE ledger.entry SET payload = $2, key_id = $3 WHERE id = $1`, r.ID, sealed, crypt.KeyID(sealed)); err != nil {
				return err
			}
		}
		moved = len(rows)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("rewrap ledger: %w", err)
	}
	return moved, nil
}
