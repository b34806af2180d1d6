package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations creates the schema "ledger".
func Migrations() db.Source { return db.Source{Context: "ledger", FS: migrations, Tables: tables} }

// Ledger is the journal of one database.
type Ledger struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
}

// Entry is one line of a journal. Subject, Actor and Object are ids with their kind, never names or contacts;
// whatever is personal goes into Payload.
type Entry struct {
	ID      string    // set by Append when empty
	Subject string    // whose journal it is: who may read it and who may have it erased
	Actor   string    // "person:1000000001", "officer:…", "system"
	Kind    string    // "person.signed_in", "application.viewed"
	Object  string    // "application:…"; may be empty
	At      time.Time // set to domain time by Append when zero
	Payload any       // becomes JSON; nil for none

	// Once, when not empty, keeps the entry single: a second Append with the same value does nothing.
	// Looks at a case are journalled once per officer, case and hour.
	Once string

	// Erased tells, in entries that List returns, that the payload has been erased.
	Erased bool
	raw    json.RawMessage
}

// Decode reads the payload of a listed entry into v; an erased or empty payload leaves v as it is.
func (e *Entry) Decode(v any) error {
	if len(e.raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(e.raw, v); err != nil {
		return fmt.Errorf("payload of entry %s: %w", e.ID, err)
	}
	return nil
}

const saltSize = 32

// Append writes an entry in the transaction of what it tells of.
func (l *Ledger) Append(ctx context.Context, tx db.Writer, e Entry) error {
	p, err := l.Prepare(e)
	if err != nil {
		return err
	}
	if e.Once == "" {
		return l.AppendAll(ctx, tx, []Prepared{p})
	}
	err = tx.Write(ctx, `INSERT INTO ledger.entry (id, subject, actor, kind, object, at, once, payload, payload_hash, hash, key_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT ON CONSTRAINT entry_once_key DO NOTHING`,
		p.e.ID, p.e.Subject, p.e.Actor, p.e.Kind, p.e.Object, p.e.At, p.e.Once, p.payload, p.payloadHash, p.hash, crypt.KeyID(p.payload))
	if err != nil {
		return fmt.Errorf("append to ledger: %s: %w", e.Kind, err)
	}
	return nil
}

// Prepared is an entry with everything computed, ready to be written.
type Prepared struct {
	e                          Entry
	payload, payloadHash, hash []byte
}

// Prepare hashes and seals an entry, which takes no database: before the
// transaction that writes it. The entry's time is now.
func (l *Ledger) Prepare(e Entry) (Prepared, error) {
	if e.Subject == "" || e.Actor == "" || e.Kind == "" {
		return Prepared{}, fmt.Errorf("append to ledger: entry %q lacks subject, actor or kind", e.Kind)
	}
	if e.ID == "" {
		e.ID = db.NewID()
	}
	if e.At.IsZero() {
		e.At = l.Clock.Now()
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	var payload []byte
	if e.Payload != nil {
		var err error
		if payload, err = json.Marshal(e.Payload); err != nil {
			return Prepared{}, fmt.Errorf("append to ledger: %s: %w", e.Kind, err)
		}
	}
	salted := make([]byte, saltSize, saltSize+len(payload))
	if _, err := rand.Read(salted); err != nil {
		return Prepared{}, fmt.Errorf("append to ledger: %w", err)
	}
	salted = append(salted, payload...)
	payloadHash := sha256.Sum256(salted)
	return Prepared{e: e, payload: l.Keys.Seal(salted, aad(e.ID)), payloadHash: payloadHash[:], hash: e.hash(payloadHash[:])}, nil
}

// AppendAll writes prepared entries, none of them with Once, in one statement.
func (l *Ledger) AppendAll(ctx context.Context, tx db.Writer, entries []Prepared) error {
	var c struct {
		id, subject, actor, kind, object, key []string
		at                                    []time.Time
		payload, payloadHash, hash            [][]byte
	}
	for _, p := range entries {
		if p.e.Once != "" {
			return fmt.Errorf("append to ledger: %s: an entry that is single cannot be one of many", p.e.Kind)
		}
		c.id, c.subject, c.actor = append(c.id, p.e.ID), append(c.subject, p.e.Subject), append(c.actor, p.e.Actor)
		c.kind, c.object, c.at = append(c.kind, p.e.Kind), append(c.object, p.e.Object), append(c.at, p.e.At)
		c.payload, c.payloadHash = append(c.payload, p.payload), append(c.payloadHash, p.payloadHash)
		c.hash, c.key = append(c.hash, p.hash), append(c.key, crypt.KeyID(p.payload))
	}
	err := tx.Write(ctx, `INSERT INTO ledger.entry (id, subject, actor, kind, object, at, payload, payload_hash, hash, key_id)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[], $8::bytea[],
		                     $9::bytea[], $10::text[])`,
		c.id, c.subject, c.actor, c.kind, c.object, c.at, c.payload, c.payloadHash, c.hash, c.key)
	if err != nil {
		return fmt.Errorf("append %d entries to ledger: %w", len(entries), err)
	}
	return nil
}

func aad(id string) string { return "ledger.entry:" + id }

// hash binds everything that stays after erasure. Each part carries its length, so that parts cannot flow over.
func (e *Entry) hash(payloadHash []byte) []byte {
	h := sha256.New()
	for _, part := range []string{
		"okno ledger entry 1", e.ID, e.Subject, e.Actor, e.Kind, e.Object,
		strconv.FormatInt(e.At.UnixMicro(), 10), string(payloadHash),
	} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// Filter narrows a list.
type Filter struct {
	Kinds  []string  // none: all
	Object string    // empty: all
	Since  time.Time // zero: from the beginning
	After  string    // cursor of the previous page, empty for the first
	Limit  int       // entries of a page; zero and more than 200: 50
}

// Page is a part of a journal, the newest entries first. Next is empty on the last page.
type Page struct {
	Entries []Entry
	Next    string
}

type row struct {
	ID      string    `db:"id"`
	Subject string    `db:"subject"`
	Actor   string    `db:"actor"`
	Kind    string    `db:"kind"`
	Object  string    `db:"object"`
	At      time.Time `db:"at"`
	Payload []byte    `db:"payload"`
}

const columns = `id::text AS id, subject, actor, kind, object, at, payload`

// List reads the journal of a subject. The caller has checked that the reader may see it.
func (l *Ledger) List(ctx context.Context, tx *db.Tx, subject string, f Filter) (Page, error) {
	return l.list(ctx, tx, `subject = $1`, subject, f)
}

// ListObject reads what happened to an object in all journals: for those who handle the object.
func (l *Ledger) ListObject(ctx context.Context, tx *db.Tx, object string, f Filter) (Page, error) {
	f.Object = ""
	return l.list(ctx, tx, `object = $1`, object, f)
}

func (l *Ledger) list(ctx context.Context, tx *db.Tx, where, value string, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	before, ok := db.ParseCursor(f.After)
	if !ok {
		return Page{}, errCursor
	}
	if f.Kinds == nil {
		f.Kinds = []string{}
	}
	rows, err := db.List[row](ctx, tx, `SELECT `+columns+` FROM ledger.entry WHERE `+where+`
		AND (cardinality($2::text[]) = 0 OR kind = ANY($2)) AND ($3 = '' OR object = $3) AND at >= $4
		AND (at, id) < ($5, $6::uuid) ORDER BY at DESC, id DESC LIMIT $7`,
		value, f.Kinds, f.Object, since(f.Since), before.At, before.ID, f.Limit+1)
	if err != nil {
		return Page{}, fmt.Errorf("list ledger: %w", err)
	}
	var page Page
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[len(rows)-1]
		page.Next = db.Cursor{At: last.At, ID: last.ID}.String()
	}
	for _, r := range rows {
		e, err := l.open(r)
		if err != nil {
			return Page{}, err
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

var errCursor = errors.New("ledger: the cursor cannot be read")

func since(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

func (l *Ledger) open(r row) (Entry, error) {
	e := Entry{ID: r.ID, Subject: r.Subject, Actor: r.Actor, Kind: r.Kind, Object: r.Object, At: r.At.UTC(), Erased: r.Payload == nil}
	if r.Payload == nil {
		return e, nil
	}
	salted, err := l.Keys.Open(r.Payload, aad(r.ID))
	if err != nil || len(salted) < saltSize {
		return Entry{}, fmt.Errorf("open ledger entry %s: %w", r.ID, errors.Join(err, errShort(salted)))
	}
	if e.raw = salted[saltSize:]; len(e.raw) > 0 {
		e.Payload = e.raw
	}
	return e, nil
}

func errShort(salted []byte) error {
	if len(salted) < saltSize {
		return crypt.ErrSealed
	}
	return nil
}

// Erase clears the payloads of a subject's journal, for instance after the account was deleted. The lines stay.
func (l *Ledger) Erase(ctx context.Context, tx *db.Tx, subject string) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE ledger.entry SET payload = NULL WHERE subject = $1 AND payload IS NOT NULL`, subject)
	if err != nil {
		return 0, fmt.Errorf("erase ledger: %w", err)
	}
	return n, nil
}

// EraseBefore clears at most limit payloads older than the term of retention; acts of erasure never before their own.
func (l *Ledger) EraseBefore(ctx context.Context, tx *db.Tx, t time.Time, limit int) (int64, error) {
	n, err := tx.Exec(ctx, `UPDATE ledger.entry SET payload = NULL WHERE id IN
		(SELECT id FROM ledger.entry WHERE payload IS NOT NULL AND at < $1 AND (kind <> $3 OR at < $4) ORDER BY at LIMIT $2)`,
		t, limit, KindErased, l.Clock.Now().AddDate(-actYears, 0, 0))
	if err != nil {
		return 0, fmt.Errorf("erase ledger: %w", err)
	}
	return n, nil
}

// Work registers the sealer.
func (l *Ledger) Work(q *job.Queue) { q.Sweep("ledger.seal", sealEvery, l.Seal) }
