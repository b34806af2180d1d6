package application

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/term"
)

// maxDrafts bounds the drafts of one owner.
const maxDrafts = 100

// draftContent is the sealed part of a draft.
type draftContent struct {
	Answers form.Answers `json:"answers"`
	Profile form.Profile `json:"profile"`
}

// Begin opens a draft for a service with the profile as it was just read. The
// same key, from a form sent twice, answers the first draft.
func (a *Applications) Begin(ctx context.Context, owner, service, key string, p form.Profile) (*Draft, error) {
	card, err := a.Services.Card(ctx, service)
	if err != nil {
		return nil, err
	}
	if !card.Apply() {
		return nil, fault.Conflict("application.not_applied_for_here")
	}
	now := a.Clock.Now()
	d := &Draft{
		ID: db.NewID(), Owner: owner, Service: card.Code, Revision: card.Revision, Title: card.Title, Status: StatusDraft,
		Version: 1, CreatedAt: now, UpdatedAt: now, ProfileAt: p.TakenAt,
	}
	sealed, err := a.sealDraft(d.ID, draftContent{Answers: form.Answers{}, Profile: p})
	if err != nil {
		return nil, err
	}
	err = a.DB.InTx(ctx, func(tx *db.Tx) error {
		acc, err := a.Accounts.GetIn(ctx, tx, owner)
		if err != nil {
			return err
		}
		if err := permitted(acc, card, card.MinLevel); err != nil {
			return err
		}
		if err := a.noteProfile(ctx, tx, owner, p); err != nil {
			return err
		}
		if earlier, err := findDraft(ctx, tx, `owner_id = $1 AND start_key = $2`, owner, key); err != nil || earlier != nil {
			if earlier != nil {
				*d = earlier.Draft
			}
			return err
		}
		n, err := db.Get[int](ctx, tx, `SELECT count(*) FROM application.draft WHERE owner_id = $1`, owner)
		if err != nil {
			return fmt.Errorf("begin draft: %w", err)
		}
		if n >= maxDrafts {
			return fault.Limited("application.too_many_drafts", 0)
		}
		return a.insertDraft(ctx, tx, d, key, sealed)
	})
	if db.IsUnique(err, "draft_start_key") { // a double click lost the race: its twin's draft is there now
		return a.draftByKey(ctx, owner, key)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// noteProfile keeps the confirmed contacts of a profile that was read, for
// messages to the person, and journals the reading.
func (a *Applications) noteProfile(ctx context.Context, tx *db.Tx, owner string, p form.Profile) error {
	if err := a.Accounts.SetContacts(ctx, tx, owner, contacts(p), p.TakenAt); err != nil {
		return err
	}
	return a.Journal.Look(ctx, tx, journal.Entry{Owner: owner, Kind: journal.ProfileRead, Actor: "system"})
}

// contacts are the confirmed ones of a profile.
func contacts(p form.Profile) account.Contacts {
	c := account.Contacts{}
	if p.Phone.Verified {
		c.Mobile = p.Phone.Value
	}
	if p.Email.Verified {
		c.Email = p.Email.Value
	}
	return c
}

// Forget deletes the drafts of an owner whose account was deleted. What was sent
// stays with the agencies; the sweep application.part cuts its link to the
// person when it has ended (G-23).
func (a *Applications) Forget(ctx context.Context, tx *db.Tx, owner string) error {
	ids, err := db.List[string](ctx, tx, `SELECT id FROM application.draft WHERE owner_id = $1 LIMIT $2`, owner, maxDrafts)
	if err != nil {
		return fmt.Errorf("forget drafts: %w", err)
	}
	for _, id := range ids {
		if err := a.dropDraft(ctx, tx, owner, id); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE application.application SET parted_at = $2 WHERE owner_id = $1 AND parted_at IS NULL`, owner, a.Clock.Now())
	if err != nil {
		return fmt.Errorf("part cases: %w", err)
	}
	return nil
}

func (a *Applications) insertDraft(ctx context.Context, tx *db.Tx, d *Draft, key string, sealed []byte) error {
	expires, warn, err := a.lifetime(ctx, tx)
	if err != nil {
		return err
	}
	d.ExpiresAt = expires
	_, err = tx.Exec(ctx, `
		INSERT INTO application.draft (id, owner_id, start_key, service, revision, title, content, profile_at, status,
		                               created_at, updated_at, expires_at, warn_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)`,
		d.ID, d.Owner, key, d.Service, d.Revision, d.Title, sealed, d.ProfileAt, d.Status, d.CreatedAt, expires, warn)
	if err != nil {
		return fmt.Errorf("begin draft: %w", err)
	}
	if err := a.draftEntry(ctx, tx, d); err != nil {
		return err
	}
	// Last: everybody who opens this service waits for this row.
	return a.Services.CountOpened(ctx, tx, d.Service)
}

func (a *Applications) draftByKey(ctx context.Context, owner, key string) (*Draft, error) {
	var out *storedDraft
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = findDraft(ctx, tx, `owner_id = $1 AND start_key = $2`, owner, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, fault.NotFound("application.draft_not_found")
	}
	return &out.Draft, nil
}

// permitted checks the account's level against the service's, or the portal's own
// where that is higher, at the act itself (SVC-03, C-05, C-12, ID-LVL-13).
func permitted(acc *account.Account, card *catalogue.Service, level string) error {
	need := account.Level(catalogue.LevelNumber(level))
	switch {
	case acc.ClosedAt != nil:
		return fault.Forbidden("application.account_closed")
	case acc.Level < need && acc.Offered >= need:
		return fault.Forbidden("application.sign_in_again").With("level", need.String())
	case acc.Level < need:
		return fault.Forbidden("application.level_too_low").With("level", need.String())
	}
	for _, way := range card.ExcludedProofing {
		if acc.Proofing == way {
			return fault.Forbidden("application.proofing_excluded").With("way", way)
		}
	}
	return nil
}

// lifetime is until when a draft that is touched now is kept and when its owner
// is warned.
func (a *Applications) lifetime(ctx context.Context, tx *db.Tx) (expires, warn time.Time, err error) {
	days, err := setting.Get(ctx, tx, DraftDays)
	if err != nil {
		return expires, warn, err
	}
	before, err := setting.Get(ctx, tx, DraftWarnDays)
	if err != nil {
		return expires, warn, err
	}
	// The end of a day in the zone: people are told a day, not a moment.
	expires = term.EndOf(term.Date(a.Clock.Now(), a.Zone).AddDate(0, 0, days), a.Zone)
	return expires, expires.AddDate(0, 0, -min(before, days)), nil
}

// draftEntry keeps the draft's line in the feed (DRF-02); it tells the unfinished
// from what only waits for its signature (C-26, NTF-09).
func (a *Applications) draftEntry(ctx context.Context, tx *db.Tx, d *Draft) error {
	p := notice.Post{
		Owner: d.Owner, Key: holderOfDraft(d.ID), Category: notice.CategoryDraft, Type: notice.TypeDraft, Topic: "draft.open",
		Args: titled(d.Title), Object: holderOfDraft(d.ID), Words: []string{d.Title.RU},
	}
	if d.Status == StatusUnsigned {
		p.Topic, p.Action = "draft.unsigned", true
	}
	return a.Notices.Refresh(ctx, tx, p)
}

// Drafts lists an owner's drafts, the last touched first.
func (a *Applications) Drafts(ctx context.Context, owner string) ([]Draft, error) {
	var out []Draft
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[draftRow](ctx, tx, `
			SELECT `+draftColumns+` FROM application.draft WHERE owner_id = $1 AND expires_at > $2
			 ORDER BY updated_at DESC, id LIMIT $3`, owner, a.Clock.Now(), maxDrafts)
		for i := range rows {
			out = append(out, rows[i].draft())
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return out, nil
}

// Open answers a draft with its form evaluated for today in the words given.
func (a *Applications) Open(ctx context.Context, owner, id string, words form.Words) (*DraftView, error) {
	var v *DraftView
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		v, err = a.view(ctx, tx, owner, id, words, "")
		return err
	})
	return v, err
}

// Refresh lays a newer profile under a draft that is opened again (DRF-05).
func (a *Applications) Refresh(ctx context.Context, owner, id string, p form.Profile) error {
	_, err := a.changeView(ctx, owner, id, nil, func(tx *db.Tx, v *DraftView) error {
		if !p.TakenAt.After(v.ProfileAt) {
			return nil
		}
		v.Profile, v.ProfileAt = p, p.TakenAt
		return a.noteProfile(ctx, tx, owner, p)
	})
	return err
}

// SaveStep keeps what was sent for a step, right or wrong, and answers the form
// as it stands then: its StepErrors tell whether to go on.
func (a *Applications) SaveStep(ctx context.Context, owner, id, step string, posted map[string][]string, words form.Words) (*DraftView, error) {
	return a.changed(ctx, owner, id, words, func(v *DraftView) error {
		v.Answers = v.Card.Form.Accept(a.input(v, words), step, posted)
		v.Step = step
		return nil
	})
}

// Attach receives a file for a slot. Its size, type and number are those that
// the form permits; faults name the rule: "document.too_large",
// "document.type_not_permitted", "application.too_many_files" …
func (a *Applications) Attach(ctx context.Context, owner, id, slot string, u document.Upload, words form.Words) (*DraftView, error) {
	v, err := a.Open(ctx, owner, id, words)
	if err != nil {
		return nil, err
	}
	f := v.Card.Form.Field(slot)
	if f == nil || f.Kind != form.KindFile {
		return nil, fault.NotFound("application.slot_not_found")
	}
	limits := f.Slot()
	if len(v.Answers[slot]) >= limits.MaxFiles {
		return nil, tooManyFiles(limits.MaxFiles)
	}
	u.Owner, u.Holder, u.Slot, u.Side = owner, holderOfDraft(id), slot, document.SideCitizen
	u.MaxBytes, u.Types = limits.MaxBytes, limits.Types
	doc, err := a.Documents.Upload(ctx, u)
	if err != nil {
		return nil, err
	}
	return a.changeView(ctx, owner, id, words, func(tx *db.Tx, v *DraftView) error {
		answers, rule := v.Card.Form.Attach(v.Answers, slot, formFile(doc))
		if rule != "" {
			return tooManyFiles(limits.MaxFiles)
		}
		if err := a.Documents.Keep(ctx, tx, holderOfDraft(id), doc.ID); err != nil {
			return err
		}
		v.Answers, v.Files[doc.ID] = answers, formFile(doc)
		return nil
	})
}

func tooManyFiles(n int) error { return fault.Invalid("application.too_many_files").With("n", n) }

// Detach takes a file out of the draft; it is deleted.
func (a *Applications) Detach(ctx context.Context, owner, id, file string, words form.Words) (*DraftView, error) {
	if !db.IsID(file) {
		return nil, fault.NotFound("document.not_found")
	}
	return a.changeView(ctx, owner, id, words, func(tx *db.Tx, v *DraftView) error {
		v.Answers = v.Card.Form.Detach(v.Answers, file)
		delete(v.Files, file)
		return a.Documents.Release(ctx, tx, holderOfDraft(id), file)
	})
}

// DeleteDraft removes a draft with its files. A missing one is deleted already.
func (a *Applications) DeleteDraft(ctx context.Context, owner, id string) error {
	if !db.IsID(id) {
		return fault.NotFound("application.draft_not_found")
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error { return a.dropDraft(ctx, tx, owner, id) })
}

func (a *Applications) dropDraft(ctx context.Context, tx *db.Tx, owner, id string) error {
	n, err := tx.Exec(ctx, `DELETE FROM application.draft WHERE id = $1 AND owner_id = $2`, id, owner)
	if err != nil {
		return fmt.Errorf("delete draft: %w", err)
	}
	if n == 0 {
		return nil
	}
	if err := a.Documents.Release(ctx, tx, holderOfDraft(id)); err != nil {
		return err
	}
	return a.Notices.Remove(ctx, tx, owner, holderOfDraft(id))
}

func (a *Applications) changed(ctx context.Context, owner, id string, words form.Words, fn func(*DraftView) error) (*DraftView, error) {
	return a.changeView(ctx, owner, id, words, func(_ *db.Tx, v *DraftView) error { return fn(v) })
}

// changeView changes a draft under its row's lock, evaluates it anew and stores
// it, with its life prolonged.
func (a *Applications) changeView(ctx context.Context, owner, id string, words form.Words, fn func(*db.Tx, *DraftView) error) (*DraftView, error) {
	var v *DraftView
	err := a.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if v, err = a.view(ctx, tx, owner, id, words, "FOR UPDATE"); err != nil {
			return err
		}
		if err := fn(tx, v); err != nil {
			return err
		}
		v.State = v.Card.Form.Evaluate(a.input(v, words))
		v.Status = StatusDraft
		if v.State.Complete() {
			v.Status = StatusUnsigned
		}
		v.Version++
		v.UpdatedAt = a.Clock.Now()
		return a.storeDraft(ctx, tx, v)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (a *Applications) storeDraft(ctx context.Context, tx *db.Tx, v *DraftView) error {
	sealed, err := a.sealDraft(v.ID, draftContent{Answers: v.Answers, Profile: v.Profile})
	if err != nil {
		return err
	}
	expires, warn, err := a.lifetime(ctx, tx)
	if err != nil {
		return err
	}
	v.ExpiresAt = expires
	_, err = tx.Exec(ctx, `
		UPDATE application.draft
		   SET content = $2, profile_at = $3, step = $4, status = $5, version = $6, updated_at = $7, expires_at = $8,
		       warn_at = $9, warned_at = NULL
		 WHERE id = $1`,
		v.ID, sealed, v.ProfileAt, v.Step, v.Status, v.Version, v.UpdatedAt, expires, warn)
	if err != nil {
		return fmt.Errorf("store draft: %w", err)
	}
	return a.draftEntry(ctx, tx, &v.Draft)
}

// view reads a draft with everything around it. lock is "" or "FOR UPDATE".
func (a *Applications) view(ctx context.Context, tx *db.Tx, owner, id string, words form.Words, lock string) (*DraftView, error) {
	if !db.IsID(id) || !db.IsID(owner) {
		return nil, fault.NotFound("application.draft_not_found")
	}
	d, err := findDraft(ctx, tx, `id = $1 AND owner_id = $2 `+lock, id, owner)
	if err != nil {
		return nil, err
	}
	if d == nil || !d.ExpiresAt.After(a.Clock.Now()) {
		return nil, fault.NotFound("application.draft_not_found")
	}
	held, err := a.Documents.Held(ctx, tx, holderOfDraft(id))
	if err != nil {
		return nil, err
	}
	return a.viewOf(ctx, d, held, words)
}

// viewOf opens and evaluates a draft that was read.
func (a *Applications) viewOf(ctx context.Context, d *storedDraft, held []document.Document, words form.Words) (*DraftView, error) {
	plain, err := a.Keys.Open(d.content, draftAAD(d.ID))
	if err != nil {
		return nil, fmt.Errorf("open draft %s: %w", d.ID, err)
	}
	var c draftContent
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, fmt.Errorf("open draft %s: %w", d.ID, err)
	}
	v := &DraftView{Draft: d.Draft, Answers: c.Answers, Profile: c.Profile, Files: map[string]form.File{}}
	if v.Card, err = a.Services.Revision(ctx, d.Revision); err != nil {
		return nil, err
	}
	for i := range held {
		v.Files[held[i].ID] = formFile(&held[i])
	}
	v.State = v.Card.Form.Evaluate(a.input(v, words))
	return v, nil
}

func (a *Applications) input(v *DraftView, words form.Words) form.Input {
	return form.Input{
		Profile: v.Profile, Answers: v.Answers, Files: v.Files, Today: term.Date(a.Clock.Now(), a.Zone), Words: words,
	}
}

func formFile(d *document.Document) form.File {
	return form.File{
		ID: d.ID, Name: d.Name, Size: d.Size, Type: d.Ext, SHA256: fmt.Sprintf("%x", d.SHA256),
		Infected: d.Scan == document.ScanInfected, Waiting: d.Scan == document.ScanWaiting || d.Scan == document.ScanReceived,
		Unchecked: d.Scan == document.ScanUnchecked,
	}
}

func (a *Applications) sealDraft(id string, c draftContent) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("seal draft: %w", err)
	}
	return a.Keys.SealPacked(plain, draftAAD(id)), nil
}

func draftAAD(id string) string { return "application.draft:" + id }
