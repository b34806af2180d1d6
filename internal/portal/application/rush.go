package application

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
)

// At the end of a term many submit at once. Those who come at the same moment are
// read together and written together, as one transaction with many rows.

const (
	rushMost = 48
	rushWays = 2
	// rushLinger is short against a commit, and waited only while others come.
	rushLinger = time.Millisecond
	// rushLock bounds how long a group waits for what another request holds. Then
	// each goes alone, and whoever is held up still, by himself.
	rushLock = 50 * time.Millisecond
)

// rush are the groups of one process.
type rush struct {
	reads  *db.Group[*reading]
	writes *db.Group[*parcel]
}

func (a *Applications) groups() *rush {
	a.rushOnce.Do(func() {
		a.rush = rush{
			reads:  &db.Group[*reading]{Run: a.readAll, Most: rushMost, Ways: rushWays},
			writes: &db.Group[*parcel]{Run: a.writeAll, Key: draftOf, Most: rushMost, Ways: rushWays, Linger: rushLinger},
		}
	})
	return &a.rush
}

// reading is what a submission reads.
type reading struct {
	owner, draft string

	found   *storedDraft // nil: there is none of the owner's
	held    []document.Document
	account *account.Account
}

func (a *Applications) read(ctx context.Context, s Submission) (*reading, error) {
	r := &reading{owner: s.Owner, draft: s.Draft}
	if err := a.groups().reads.Do(ctx, r); err != nil {
		return nil, err
	}
	if r.found == nil || !r.found.ExpiresAt.After(a.Clock.Now()) {
		return nil, fault.NotFound("application.draft_not_found")
	}
	if r.account == nil {
		return nil, fault.NotFound("account.not_found")
	}
	return r, nil
}

func (a *Applications) readAll(ctx context.Context, all []*reading) error {
	var drafts, owners, holders []string
	for _, r := range all {
		drafts, owners, holders = append(drafts, r.draft), append(owners, r.owner), append(holders, holderOfDraft(r.draft))
	}
	return a.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[draftRow](ctx, tx, `SELECT `+draftColumns+` FROM application.draft WHERE id = ANY($1::uuid[]) LIMIT $2`,
			drafts, len(drafts))
		if err != nil {
			return fmt.Errorf("read drafts: %w", err)
		}
		found := make(map[string]*draftRow, len(rows))
		for i := range rows {
			found[rows[i].ID] = &rows[i]
		}
		accounts, err := a.Accounts.GetAll(ctx, tx, owners...)
		if err != nil {
			return err
		}
		held, err := a.Documents.HeldBy(ctx, tx, holders...)
		if err != nil {
			return err
		}
		for _, r := range all {
			r.found, r.account, r.held = nil, accounts[r.owner], held[holderOfDraft(r.draft)]
			if row := found[r.draft]; row != nil && row.Owner == r.owner {
				r.found = &storedDraft{Draft: row.draft(), content: row.Content}
			}
		}
		return nil
	})
}

// parcel is a submission with everything sealed, ready to be written.
type parcel struct {
	app  *Application
	view *DraftView
	s    Submission

	title, words, amr           string
	applicant, proof, proofHash []byte
	content, digest             []byte
	finders                     [4][]byte
	event                       string
	entry                       ledger.Prepared
	post                        notice.Post
	job                         job.Prepared
	ended                       bool // the draft was there in the version that was read
}

func draftOf(p *parcel) string { return p.app.Draft }

// pack seals and signs: all that takes no database.
func (a *Applications) pack(ctx context.Context, v *DraftView, app *Application, s Submission) (*parcel, error) {
	content, signed, err := a.contents(v, app, s)
	if err != nil {
		return nil, err
	}
	title, err := json.Marshal(app.Title)
	if err != nil {
		return nil, fmt.Errorf("seal application: %w", err)
	}
	proof, digest := crypt.Token(), sha256.Sum256(signed)
	p := &parcel{
		app: app, view: v, s: s, event: db.NewID(), title: string(title), amr: list(s.Auth.AMR),
		applicant: a.Keys.Seal([]byte(applicantOf(v)), applicantAAD(app.ID)),
		proof:     a.Keys.Seal([]byte(proof), proofAAD(app.ID)), proofHash: crypt.HashToken(proof),
		content: a.Keys.SealPacked(slices.Concat(content, []byte{'\n'}, signed), contentAAD(app.ID, app.Contents)), digest: digest[:],
	}
	copy(p.finders[:], a.finders(v.Profile.Person, v.Profile.SNILS.Value))
	p.post = a.post(ctx, app, "sent")
	p.post.Silent = true
	p.words = p.post.Keys() // of the same words
	if p.entry, err = a.Journal.Prepare(journal.Entry{
		Owner: app.Owner, Kind: journal.Submitted, Object: object(app.ID),
		Details: map[string]string{"number": app.Number, "service": app.Title.RU},
	}); err != nil {
		return nil, err
	}
	p.job, err = a.Queue.Prepare(ctx, routeArgs{Application: app.ID})
	return p, err
}

// separator stands between the words of a list that is one value of an array:
// arrays of arrays must be rectangular.
const separator = "\x1f"

func list(words []string) string {
	var clean []string
	for _, w := range words {
		clean = append(clean, strings.ReplaceAll(w, separator, ""))
	}
	return strings.Join(clean, separator)
}

// send writes a parcel: with those of others, or alone when files must be moved
// or another request holds the draft.
func (a *Applications) send(ctx context.Context, p *parcel) error {
	var err error
	if len(p.view.Files) == 0 {
		err = a.groups().writes.Do(ctx, p)
	}
	if len(p.view.Files) > 0 || db.IsLocked(err) {
		err = a.write(ctx, 0, p)
	}
	if err == nil && !p.ended {
		return errDraftGone
	}
	return err
}

func (a *Applications) writeAll(ctx context.Context, all []*parcel) error {
	return a.write(ctx, rushLock, all...)
}

// write ends the drafts and writes the applications with all that belongs to
// them. A draft that is not there any more in the version that was read makes
// none, and says so. Locks are waited for so long, 0: as long as it takes.
func (a *Applications) write(ctx context.Context, lock time.Duration, all ...*parcel) error {
	// In one order everywhere, two groups that hold the same drafts do not stand in
	// each other's way.
	all = slices.SortedFunc(slices.Values(all), func(x, y *parcel) int { return strings.Compare(x.app.Draft, y.app.Draft) })
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		ended, err := endAll(ctx, tx, lock, all)
		if err != nil || len(ended) == 0 {
			return err
		}
		var w db.Batch
		if err := a.insertAll(ctx, &w, ended); err != nil {
			return err
		}
		if err := a.announceAll(ctx, &w, ended); err != nil {
			return err
		}
		if err := tx.Send(ctx, &w); err != nil {
			return err
		}
		for _, p := range ended {
			if len(p.view.Files) == 0 {
				continue
			}
			if err := a.takeFiles(ctx, tx, p.app, p.view); err != nil {
				return err
			}
		}
		return nil
	})
}

// endAll deletes the drafts and answers the parcels whose draft was there.
func endAll(ctx context.Context, tx *db.Tx, lock time.Duration, all []*parcel) ([]*parcel, error) {
	var ids, owners []string
	var versions []int
	for _, p := range all {
		ids, owners, versions = append(ids, p.app.Draft), append(owners, p.app.Owner), append(versions, p.s.Version)
	}
	var first db.Batch
	if err := first.Write(ctx, `SELECT set_config('lock_timeout', $1, true)`, fmt.Sprint(lock.Milliseconds())); err != nil {
		return nil, err
	}
	gone, err := db.ListAfter[string](ctx, tx, &first, `
		DELETE FROM application.draft AS d USING unnest($1::uuid[], $2::uuid[], $3::int[]) AS s (id, owner_id, version)
		 WHERE d.id = s.id AND d.owner_id = s.owner_id AND d.version = s.version RETURNING d.id::text`, ids, owners, versions)
	if err != nil {
		return nil, fmt.Errorf("end drafts: %w", err)
	}
	var ended []*parcel
	for _, p := range all {
		if p.ended = slices.Contains(gone, p.app.Draft); p.ended {
			ended = append(ended, p)
		}
	}
	return ended, nil
}

// column collects one value of each parcel.
func column[T any](all []*parcel, of func(*parcel) T) []T {
	out := make([]T, len(all))
	for i, p := range all {
		out[i] = of(p)
	}
	return out
}

func (a *Applications) insertAll(ctx context.Context, w db.Writer, all []*parcel) error {
	str := func(of func(*parcel) string) []string { return column(all, of) }
	raw := func(of func(*parcel) []byte) [][]byte { return column(all, of) }
	at := func(of func(*parcel) time.Time) []time.Time { return column(all, of) }
	ids := str(func(p *parcel) string { return p.app.ID })
	owners := str(func(p *parcel) string { return p.app.Owner })
	sent := at(func(p *parcel) time.Time { return p.app.SubmittedAt })
	err := w.Write(ctx, `
		INSERT INTO application.application (id, draft_id, number, owner_id, filed_by, capacity, channel, service, revision, title,
		       agency, body, words, applicant, finders, status, level, proofing, submitted_at, register_by, changed_at, proof_hash, proof)
		SELECT id, draft_id, number, owner_id, owner_id, capacity, $7, service, revision, title::jsonb, agency, body, words, applicant,
		       array_remove(ARRAY[f1, f2, f3, f4], NULL), $19, level, proofing, submitted_at, register_by, submitted_at, proof_hash, proof
		  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $8::text[], $9::text[], $10::text[],
		              $11::text[], $12::text[], $13::bytea[], $14::bytea[], $15::bytea[], $16::bytea[], $17::bytea[], $18::smallint[],
		              $20::text[], $21::timestamptz[], $22::timestamptz[], $23::bytea[], $24::bytea[])
		    AS s (id, draft_id, number, owner_id, capacity, service, revision, title, agency, body, words, applicant, f1, f2, f3, f4,
		          level, proofing, submitted_at, register_by, proof_hash, proof)`,
		ids, str(draftOf), str(func(p *parcel) string { return p.app.Number }), owners,
		str(func(p *parcel) string { return p.app.Capacity }), str(func(p *parcel) string { return p.app.Service }), ChannelPortal,
		str(func(p *parcel) string { return p.app.Revision }), str(func(p *parcel) string { return p.title }),
		str(func(p *parcel) string { return p.app.Agency }), str(func(p *parcel) string { return p.app.Body }),
		str(func(p *parcel) string { return p.words }), raw(func(p *parcel) []byte { return p.applicant }),
		raw(func(p *parcel) []byte { return p.finders[0] }), raw(func(p *parcel) []byte { return p.finders[1] }),
		raw(func(p *parcel) []byte { return p.finders[2] }), raw(func(p *parcel) []byte { return p.finders[3] }),
		column(all, func(p *parcel) int16 { return int16(p.app.Level) }), StatusSent,
		str(func(p *parcel) string { return p.app.Proofing }), sent, at(func(p *parcel) time.Time { return p.app.RegisterBy }),
		raw(func(p *parcel) []byte { return p.proofHash }), raw(func(p *parcel) []byte { return p.proof }))
	if err != nil {
		return fmt.Errorf("insert applications: %w", err)
	}
	err = w.Write(ctx, `
		INSERT INTO application.content (application_id, version, content, signed)
		SELECT id, 1, content, '' FROM unnest($1::uuid[], $2::bytea[]) AS s (id, content)`,
		ids, raw(func(p *parcel) []byte { return p.content }))
	if err != nil {
		return fmt.Errorf("insert contents: %w", err)
	}
	err = w.Write(ctx, `
		INSERT INTO application.signature (application_id, version, kind, signer_id, digest, session, acr, amr, auth_time, consent, signed_at)
		SELECT id, 1, 'simple', owner_id, digest, session, acr, string_to_array(amr, $10), auth_time, consent, signed_at
		  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::timestamptz[])
		    AS s (id, owner_id, digest, session, acr, amr, auth_time, consent, signed_at)`,
		ids, owners, raw(func(p *parcel) []byte { return p.digest }), str(func(p *parcel) string { return p.s.Auth.Session }),
		str(func(p *parcel) string { return p.s.Auth.ACR }), str(func(p *parcel) string { return p.amr }),
		at(func(p *parcel) time.Time { return p.s.Auth.Time }), str(func(p *parcel) string { return p.s.Consent }), sent, separator)
	if err != nil {
		return fmt.Errorf("insert signatures: %w", err)
	}
	err = w.Write(ctx, `
		INSERT INTO application.event (id, application_id, key, at, status, actor)
		SELECT id, application_id, 'submit', at, $4, $5 FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS s (id, application_id, at)`,
		str(func(p *parcel) string { return p.event }), ids, sent, StatusSent, ActorApplicant)
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

// announceAll tells everybody who must know. What counts how often a service is
// used is not among it: its row would make all submissions wait for one another
// (see route).
func (a *Applications) announceAll(ctx context.Context, w db.Writer, all []*parcel) error {
	err := a.Notices.RemoveAll(ctx, w, column(all, func(p *parcel) string { return p.app.Owner }),
		column(all, func(p *parcel) string { return holderOfDraft(p.app.Draft) }))
	if err != nil {
		return err
	}
	if err := a.Notices.NoteAll(ctx, w, column(all, func(p *parcel) notice.Post { return p.post })); err != nil {
		return err
	}
	if err := a.Journal.WriteAll(ctx, w, column(all, func(p *parcel) ledger.Prepared { return p.entry })); err != nil {
		return err
	}
	return a.Queue.EnqueueAll(ctx, w, column(all, func(p *parcel) job.Prepared { return p.job }))
}
