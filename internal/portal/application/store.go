package application

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
)

const draftColumns = `id, owner_id::text AS owner, service, revision, title, content, profile_at, step, status, version,
	created_at, updated_at, expires_at`

type draftRow struct {
	ID, Owner, Service, Revision    string
	Title                           form.Text
	Content                         []byte
	ProfileAt                       time.Time
	Step, Status                    string
	Version                         int
	CreatedAt, UpdatedAt, ExpiresAt time.Time
}

func (r *draftRow) draft() Draft {
	return Draft{
		ID: r.ID, Owner: r.Owner, Service: r.Service, Revision: r.Revision, Title: r.Title, Step: r.Step,
		Status: Status(r.Status), Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		ExpiresAt: r.ExpiresAt, ProfileAt: r.ProfileAt,
	}
}

type storedDraft struct {
	Draft
	content []byte
}

func findDraft(ctx context.Context, tx *db.Tx, where string, args ...any) (*storedDraft, error) {
	row, err := db.Find[draftRow](ctx, tx, `SELECT `+draftColumns+` FROM application.draft WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read draft: %w", err)
	}
	if row == nil {
		return nil, nil
	}
	return &storedDraft{Draft: row.draft(), content: row.Content}, nil
}

const applicationColumns = `id, draft_id::text AS draft, number, owner_id::text AS owner, filed_by::text AS filed_by, capacity,
	channel, service, revision, title, agency, body, status, outcome, ground, version, level, proofing, submitted_at,
	register_by, registered_at, due_at, answer_by, decided_at, changed_at, late_registration, overdue,
	coalesce(officer_id::text, '') AS officer, officer_name, taken_at, unseen, contents, stars, erased_at, applicant`

type applicationRow struct {
	ID, Draft, Number, Owner, FiledBy, Capacity string
	Channel, Service, Revision                  string
	Title                                       form.Text
	Agency, Body, Status, Outcome, Ground       string
	Version, Level                              int
	Proofing                                    string
	SubmittedAt, RegisterBy                     time.Time
	RegisteredAt, DueAt, AnswerBy, DecidedAt    *time.Time
	ChangedAt                                   time.Time
	LateRegistration, Overdue                   bool
	Officer, OfficerName                        string
	TakenAt                                     *time.Time
	Unseen                                      bool
	Contents, Stars                             int
	ErasedAt                                    *time.Time
	Applicant                                   []byte
}

func (r *applicationRow) application() *Application {
	return &Application{
		ID: r.ID, Draft: r.Draft, Number: r.Number, Owner: r.Owner, FiledBy: r.FiledBy, Capacity: r.Capacity, Channel: r.Channel,
		Service: r.Service, Revision: r.Revision, Title: r.Title, Agency: r.Agency, Body: r.Body,
		Status: Status(r.Status), Outcome: Status(r.Outcome), Ground: r.Ground, Version: r.Version,
		Level: account.Level(r.Level), Proofing: r.Proofing, SubmittedAt: r.SubmittedAt, RegisterBy: r.RegisterBy,
		RegisteredAt: r.RegisteredAt, DueAt: r.DueAt, AnswerBy: r.AnswerBy, DecidedAt: r.DecidedAt, ChangedAt: r.ChangedAt,
		LateRegistration: r.LateRegistration, Overdue: r.Overdue, Officer: r.Officer, OfficerName: r.OfficerName,
		TakenAt: r.TakenAt, Unseen: r.Unseen, Contents: r.Contents, Stars: r.Stars, ErasedAt: r.ErasedAt,
	}
}

func findApplication(ctx context.Context, tx *db.Tx, where string, args ...any) (*Application, error) {
	row, err := db.Find[applicationRow](ctx, tx,
		`SELECT `+applicationColumns+` FROM application.application WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	if row == nil {
		return nil, nil
	}
	return row.application(), nil
}

// findByDraft answers what a draft of the owner has become, nil while it is a
// draft.
func (a *Applications) findByDraft(ctx context.Context, owner, draft string) (*Application, error) {
	if !db.IsID(draft) || !db.IsID(owner) {
		return nil, fault.NotFound("application.draft_not_found")
	}
	var out *Application
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = findApplication(ctx, tx, `draft_id = $1 AND owner_id = $2`, draft, owner)
		return err
	})
	return out, err
}

// own answers an owner's application; lock is "" or "FOR UPDATE".
func own(ctx context.Context, tx *db.Tx, owner, id, lock string) (*Application, error) {
	if !db.IsID(id) || !db.IsID(owner) {
		return nil, fault.NotFound("application.not_found")
	}
	app, err := findApplication(ctx, tx, `id = $1 AND owner_id = $2 `+lock, id, owner)
	if err == nil && app == nil {
		return nil, fault.NotFound("application.not_found")
	}
	return app, err
}

// save writes what moves in an application and raises its version. The caller
// holds the row's lock.
func save(ctx context.Context, tx *db.Tx, app *Application) error {
	app.Version++
	_, err := tx.Exec(ctx, `
		UPDATE application.application
		   SET status = $2, outcome = $3, ground = $4, version = $5, registered_at = $6, due_at = $7, answer_by = $8,
		       decided_at = $9, changed_at = $10, late_registration = $11, overdue = $12, officer_id = nullif($13, '')::uuid,
		       officer_name = $14, taken_at = $15, unseen = $16, contents = $17
		 WHERE id = $1`,
		app.ID, app.Status, app.Outcome, app.Ground, app.Version, app.RegisteredAt, app.DueAt, app.AnswerBy, app.DecidedAt,
		app.ChangedAt, app.LateRegistration, app.Overdue, app.Officer, app.OfficerName, app.TakenAt, app.Unseen, app.Contents)
	if err != nil {
		return fmt.Errorf("save application %s: %w", app.ID, err)
	}
	return nil
}

func (a *Applications) insertEvent(ctx context.Context, tx *db.Tx, app, key string, e Event, officer string) error {
	id := db.NewID()
	_, err := tx.Exec(ctx, `
		INSERT INTO application.event (id, application_id, key, at, status, actor, officer_id, officer_name, comment, ground, reason)
		VALUES ($1, $2, $3, $4, $5, $6, nullif($7, '')::uuid, $8, $9, $10, $11)`,
		id, app, key, e.At, e.Status, e.Actor, officer, e.Officer, a.sealText("comment", id, e.Comment), e.Ground, e.Reason)
	if err != nil {
		return fmt.Errorf("record event: %w", err)
	}
	return nil
}

// done tells whether the act with this key has been recorded already.
func done(ctx context.Context, tx *db.Tx, app, key string) (bool, error) {
	ok, err := db.Get[bool](ctx, tx, `
		SELECT EXISTS (SELECT 1 FROM application.event WHERE application_id = $1 AND key = $2)
		    OR EXISTS (SELECT 1 FROM application.message WHERE application_id = $1 AND key = $2)`, app, key)
	if err != nil {
		return false, fmt.Errorf("look for an earlier act: %w", err)
	}
	return ok, nil
}

func insertFile(ctx context.Context, tx *db.Tx, app string, f File, at time.Time) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO application.file (application_id, document_id, side, slot, name, ext, size, sha256, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		app, f.Document, f.Side, f.Slot, f.Name, f.Ext, f.Size, f.SHA256, at)
	if err != nil {
		return fmt.Errorf("record file: %w", err)
	}
	return nil
}

func (a *Applications) sealText(kind, id, text string) []byte {
	if text == "" {
		return nil
	}
	return a.Keys.Seal([]byte(text), textAAD(kind, id))
}

func (a *Applications) openText(kind, id string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := a.Keys.Open(sealed, textAAD(kind, id))
	if err != nil {
		return "", fmt.Errorf("open %s %s: %w", kind, id, err)
	}
	return string(plain), nil
}

// details reads everything around an application.
func (a *Applications) details(ctx context.Context, tx *db.Tx, app *Application) (*Details, error) {
	d := &Details{Application: *app}
	var err error
	if d.Content, err = a.content(ctx, tx, app); err != nil {
		return nil, err
	}
	if d.Events, err = a.events(ctx, tx, app); err != nil {
		return nil, err
	}
	if d.Messages, err = a.messages(ctx, tx, app.ID); err != nil {
		return nil, err
	}
	d.Files, err = a.files(ctx, tx, app.ID)
	return d, err
}

func (a *Applications) content(ctx context.Context, tx *db.Tx, app *Application) (Content, error) {
	var c Content
	if app.ErasedAt != nil {
		return c, nil
	}
	sealed, err := db.Get[[]byte](ctx, tx, `
		SELECT content FROM application.content WHERE application_id = $1 AND version = $2`, app.ID, app.Contents)
	if err != nil {
		return c, fmt.Errorf("read content of %s: %w", app.ID, err)
	}
	plain, _, err := a.openContent(sealed, app.ID, app.Contents)
	if err != nil {
		return c, fmt.Errorf("open content of %s: %w", app.ID, err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("open content of %s: %w", app.ID, err)
	}
	return c, nil
}

func (a *Applications) events(ctx context.Context, tx *db.Tx, app *Application) ([]Event, error) {
	type row struct {
		ID                         string
		At                         time.Time
		Status, Actor, OfficerName string
		Comment                    []byte
		Ground, Reason             string
	}
	rows, err := db.List[row](ctx, tx, `
		SELECT id, at, status, actor, officer_name, comment, ground, reason FROM application.event
		 WHERE application_id = $1 ORDER BY at, id LIMIT 500`, app.ID)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = Event{ID: r.ID, At: r.At, Status: Status(r.Status), Actor: Actor(r.Actor), Officer: r.OfficerName, Body: app.Body, Ground: r.Ground, Reason: Reason(r.Reason)}
		if out[i].Comment, err = a.openText("comment", r.ID, r.Comment); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *Applications) messages(ctx context.Context, tx *db.Tx, app string) ([]Message, error) {
	type row struct {
		ID                string
		At                time.Time
		Side, OfficerName string
		Text              []byte
	}
	rows, err := db.List[row](ctx, tx, `
		SELECT id, at, side, officer_name, text FROM application.message
		 WHERE application_id = $1 ORDER BY at, id LIMIT 500`, app)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	out := make([]Message, len(rows))
	for i, r := range rows {
		out[i] = Message{ID: r.ID, At: r.At, Side: document.Side(r.Side), Officer: r.OfficerName}
		if out[i].Text, err = a.openText("message", r.ID, r.Text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *Applications) files(ctx context.Context, tx *db.Tx, app string) ([]File, error) {
	type row struct {
		DocumentID, Side, Slot, Name, Ext string
		Size                              int64
		SHA256                            []byte `db:"sha256"`
		At                                time.Time
	}
	rows, err := db.List[row](ctx, tx, `
		SELECT document_id::text AS document_id, side, slot, name, ext, size, sha256, at FROM application.file
		 WHERE application_id = $1 ORDER BY at, document_id LIMIT 500`, app)
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	held, err := a.Documents.Held(ctx, tx, Holder(app))
	if err != nil {
		return nil, err
	}
	scans := map[string]document.ScanState{}
	for _, d := range held {
		scans[d.ID] = d.Scan
	}
	out := make([]File, len(rows))
	for i, r := range rows {
		out[i] = File{
			Document: r.DocumentID, Side: document.Side(r.Side), Slot: r.Slot, Name: r.Name, Ext: r.Ext, Size: r.Size,
			SHA256: r.SHA256, At: r.At, Scan: scans[r.DocumentID],
		}
	}
	return out, nil
}
