package application

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/term"
)

// This file is for package casework, which decides who may.

// Move is one step of an application through its statuses.
type Move struct {
	To      Status
	Actor   Actor
	Officer string // id, of an officer's move
	Name    string // of the officer, as the citizen sees it
	Key     string // of the act: done twice, it is one
	Comment string // public words
	Ground  string // code of the ground, of a refusal
	// AnswerBy is the end of the citizen's time, of a question.
	AnswerBy *time.Time
}

// Lock answers an application of an agency for a change; a foreign one is not
// found.
func (a *Applications) Lock(ctx context.Context, tx *db.Tx, agency, id string) (*Application, error) {
	return a.ofAgency(ctx, tx, agency, id, "FOR UPDATE")
}

// Read answers an application of an agency.
func (a *Applications) Read(ctx context.Context, tx *db.Tx, agency, id string) (*Application, error) {
	return a.ofAgency(ctx, tx, agency, id, "")
}

func (a *Applications) ofAgency(ctx context.Context, tx *db.Tx, agency, id, lock string) (*Application, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("application.not_found")
	}
	app, err := findApplication(ctx, tx, `id = $1 AND agency = $2 `+lock, id, agency)
	if err == nil && app == nil {
		return nil, fault.NotFound("application.not_found")
	}
	return app, err
}

// Details reads everything around an application for the officer who handles
// it. The caller journals the look.
func (a *Applications) Details(ctx context.Context, tx *db.Tx, app *Application) (*Details, error) {
	return a.details(ctx, tx, app)
}

// Done tells whether the act with the key was done on the application.
func (a *Applications) Done(ctx context.Context, tx *db.Tx, id, key string) (bool, error) {
	return done(ctx, tx, id, key)
}

// Apply moves a locked application. The move must be permitted by the machine;
// otherwise somebody was quicker.
func (a *Applications) Apply(ctx context.Context, tx *db.Tx, app *Application, m Move) error {
	return a.move(ctx, tx, app, m)
}

// Keep stores a locked application whose holder or marks were changed.
func (a *Applications) Keep(ctx context.Context, tx *db.Tx, app *Application) error {
	return save(ctx, tx, app)
}

// Say adds an officer's message to the citizen.
func (a *Applications) Say(ctx context.Context, tx *db.Tx, app *Application, key, officer, name, text string) error {
	err := a.insertMessage(ctx, tx, app.ID, key, Message{Side: document.SideAgency, Officer: name, Text: text}, officer)
	if err != nil {
		return err
	}
	app.ChangedAt = a.Clock.Now()
	if err := save(ctx, tx, app); err != nil {
		return err
	}
	return a.tell(ctx, tx, app, "message", nil)
}

// AddFiles hands documents of a holder to the application as the agency's.
func (a *Applications) AddFiles(ctx context.Context, tx *db.Tx, app *Application, holder string, ids []string) error {
	return a.addFiles(ctx, tx, app, holder, document.SideAgency, app.Owner, ids)
}

func (a *Applications) addFiles(ctx context.Context, tx *db.Tx, app *Application, holder string, side document.Side, owner string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	held, err := a.Documents.Held(ctx, tx, holder)
	if err != nil {
		return err
	}
	byID := map[string]document.Document{}
	for _, d := range held {
		byID[d.ID] = d
	}
	for _, id := range ids {
		d, ok := byID[id]
		if !ok {
			return fault.NotFound("document.not_found")
		}
		if d.Scan == document.ScanInfected {
			return fault.Conflict("document.infected")
		}
		f := File{Document: id, Side: side, Name: d.Name, Ext: d.Ext, Size: d.Size, SHA256: d.SHA256}
		if err := insertFile(ctx, tx, app.ID, f, a.Clock.Now()); err != nil {
			return err
		}
	}
	return a.Documents.Move(ctx, tx, holder, Holder(app.ID), owner, ids...)
}

func (a *Applications) insertMessage(ctx context.Context, tx *db.Tx, app, key string, m Message, officer string) error {
	id := db.NewID()
	_, err := tx.Exec(ctx, `
		INSERT INTO application.message (id, application_id, key, at, side, officer_id, officer_name, text)
		VALUES ($1, $2, $3, $4, $5, nullif($6, '')::uuid, $7, $8)`,
		id, app, key, a.Clock.Now(), m.Side, officer, m.Officer, a.sealText("message", id, m.Text))
	if err != nil {
		return fmt.Errorf("record message: %w", err)
	}
	return nil
}

// move carries out one step: status, history, feed, journal. The caller holds
// the row's lock.
func (a *Applications) move(ctx context.Context, tx *db.Tx, app *Application, m Move) error {
	if !Permits(app.Status, m.To, m.Actor) {
		return fault.Conflict("application.moved_meanwhile")
	}
	now := a.Clock.Now()
	if app.Status == StatusMoreInfo && m.To.Open() {
		if err := a.resumeTerm(ctx, tx, app, now); err != nil {
			return err
		}
	}
	app.Status, app.ChangedAt = m.To, now
	switch m.To {
	case StatusMoreInfo:
		app.AnswerBy = m.AnswerBy
	case StatusGranted, StatusRefused:
		app.Outcome, app.Ground, app.DecidedAt, app.AnswerBy = m.To, m.Ground, &now, nil
	default:
		app.AnswerBy = nil
	}
	if m.Actor == ActorOfficer {
		app.Unseen = false
	}
	if err := save(ctx, tx, app); err != nil {
		return err
	}
	e := Event{At: now, Status: m.To, Actor: m.Actor, Officer: m.Name, Comment: m.Comment, Ground: m.Ground}
	if err := a.insertEvent(ctx, tx, app.ID, m.Key, e, m.Officer); err != nil {
		return err
	}
	if err := a.Notices.Done(ctx, tx, app.Owner, Holder(app.ID)); err != nil {
		return err
	}
	if err := a.tellMove(ctx, tx, app, m); err != nil {
		return err
	}
	entry := journal.Entry{
		Owner: app.Owner, Kind: journal.StatusMoved, Object: object(app.ID), Actor: "system",
		Details: map[string]string{"number": app.Number, "service": app.Title.RU, "status": string(m.To), "agency": app.Body},
	}
	switch m.Actor {
	case ActorOfficer:
		entry.Actor = "officer:" + m.Officer
	case ActorApplicant:
		entry.Actor = ""
		if m.To == StatusWithdrawn {
			entry.Kind = journal.Withdrawn
		}
	}
	return a.Journal.Write(ctx, tx, entry)
}

// resumeTerm lets the term of the service go on after a question to the citizen:
// it stood still until the answer, as both were told.
func (a *Applications) resumeTerm(ctx context.Context, tx *db.Tx, app *Application, now time.Time) error {
	if app.DueAt == nil {
		return nil
	}
	asked, err := db.Get[*time.Time](ctx, tx, `SELECT max(at) FROM application.event WHERE application_id = $1 AND status = 'more_info' AND reason = ''`, app.ID)
	if err != nil {
		return fmt.Errorf("find the question of %s: %w", app.ID, err)
	}
	if asked == nil {
		return nil
	}
	card, err := a.Services.Revision(ctx, app.Revision)
	if err != nil {
		return fmt.Errorf("resume the term of %s: %w", app.ID, err)
	}
	due := a.Calendar.Resume(*app.DueAt, *asked, now, TermOf(card).Unit, a.Zone)
	app.DueAt = &due
	return nil
}

// TermOf is the term in which a service is given.
func TermOf(card *catalogue.Service) term.Term {
	if card.Term.IsZero() {
		return term.Term{Days: 30, Unit: term.CalendarDays} // 59-FZ art. 12, where the regulation sets none
	}
	return card.Term
}

// tellMove posts the entry of a move (SVC-19). Only what the citizen did not do
// himself, and what asks or decides, goes out as a message.
func (a *Applications) tellMove(ctx context.Context, tx *db.Tx, app *Application, m Move) error {
	topic := string(m.To)
	switch {
	case m.To == StatusInWork && m.Actor == ActorApplicant:
		topic = "answered"
	case m.To == StatusClosed, m.To == StatusRegistered && m.Actor == ActorOfficer:
		return nil
	}
	return a.tell(ctx, tx, app, topic, func(p *notice.Post) {
		p.Silent = m.To == StatusInWork
		p.Action = app.Status.CitizensTurn()
		if day := app.AnswerDay(a.Zone); day != nil {
			p.Due, p.Args["due_date"] = day, day.Format(time.DateOnly)
		} else if day := app.DueDay(a.Zone); day != nil {
			p.Args["due_date"] = day.Format(time.DateOnly)
		}
	})
}

// NextFree answers, locked, the case of an agency that waits for somebody to take it and
// whose term ends first: a registered one, or one that the citizen has answered while
// nobody held it. NotFound when there is none.
func (a *Applications) NextFree(ctx context.Context, tx *db.Tx, agency string) (*Application, error) {
	app, err := findApplication(ctx, tx, `agency = $1 AND status IN ('registered', 'in_work') AND officer_id IS NULL
		ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`, agency)
	if err == nil && app == nil {
		return nil, fault.NotFound("application.none_free")
	}
	return app, err
}

// QueueFilter chooses cases of an agency.
type QueueFilter struct {
	Agency  string
	Service string     // code; empty: all
	Status  []Status   // empty: everything that is not ended
	Officer string     // id: only his
	Free    bool       // nobody's; with Officer: his and nobody's
	Late    bool       // overdue only, and not waiting for the citizen: that term stands still
	Unseen  bool       // with news of the citizen
	DueBy   *time.Time // not overdue yet, and overdue after this moment
	Query   string     // number, surname, full name or SNILS, exactly
	Page    int        // from 1
	Limit   int        // 0: 20, at most 100
}

// QueueRow is a case in the queue with the applicant's name: showing it is a
// look, which the caller journals.
type QueueRow struct {
	Application
	Applicant string
}

// AgencyQueue lists an agency's cases, the nearest term first, and counts them all. What waits for
// the citizen stands by the end of his time: the agency's own stands still.
func (a *Applications) AgencyQueue(ctx context.Context, tx *db.Tx, f QueueFilter) ([]QueueRow, int, error) {
	if f.Limit <= 0 || f.Limit > 100 {
		f.Limit = 20
	}
	where, args := f.where(a)
	total, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM application.application WHERE `+where, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("count queue: %w", err)
	}
	rows, err := db.List[applicationRow](ctx, tx, `SELECT `+applicationColumns+` FROM application.application WHERE `+where+`
		ORDER BY coalesce(CASE WHEN status = 'more_info' THEN answer_by END, due_at, register_by), id `+fmt.Sprintf("LIMIT %d OFFSET %d", f.Limit, (max(f.Page, 1)-1)*f.Limit), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read queue: %w", err)
	}
	out := make([]QueueRow, len(rows))
	for i := range rows {
		out[i].Application = *rows[i].application()
		if rows[i].Applicant == nil {
			continue
		}
		name, err := a.Keys.Open(rows[i].Applicant, applicantAAD(rows[i].ID))
		if err != nil {
			return nil, 0, fmt.Errorf("open applicant of %s: %w", rows[i].ID, err)
		}
		out[i].Applicant = string(name)
	}
	return out, total, nil
}

func (f *QueueFilter) where(a *Applications) (string, []any) {
	var b strings.Builder
	b.WriteString(`agency = $1`)
	args := []any{f.Agency}
	add := func(cond string, v any) {
		args = append(args, v)
		fmt.Fprintf(&b, " AND "+cond, len(args))
	}
	if f.Service != "" {
		add(`service = $%d`, f.Service)
	}
	if len(f.Status) > 0 {
		words := make([]string, len(f.Status))
		for i, s := range f.Status {
			words[i] = string(s)
		}
		add(`status = ANY($%d)`, words)
	} else {
		b.WriteString(` AND status NOT IN ('granted', 'refused', 'withdrawn', 'closed')`)
	}
	switch {
	case f.Officer != "" && f.Free:
		add(`(officer_id = $%d OR officer_id IS NULL)`, f.Officer)
	case f.Officer != "":
		add(`officer_id = $%d`, f.Officer)
	case f.Free:
		b.WriteString(` AND officer_id IS NULL`)
	}
	if f.Late {
		b.WriteString(` AND overdue AND status <> 'more_info'`) // its term stands still
	}
	if f.Unseen {
		b.WriteString(` AND unseen`)
	}
	if f.DueBy != nil {
		add(`due_at <= $%d AND NOT overdue AND status <> 'more_info'`, *f.DueBy)
	}
	if q := rutext.MatchKey(f.Query); q != "" {
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, f.Query)
		args = append(args, "%\n%"+likeEscape(q)+"%\n%", [][]byte{
			a.Keys.Index("application.finder", q), a.Keys.Index("application.finder", digits),
		})
		fmt.Fprintf(&b, " AND (words LIKE $%d OR finders && $%d)", len(args)-1, len(args))
	}
	return b.String(), args
}

// QueueCounts are the numbers above a queue.
type QueueCounts struct {
	Open, Mine, Free, Late, Today, Week, Unseen int
}

// CountQueue counts an agency's open cases for an officer.
func (a *Applications) CountQueue(ctx context.Context, tx *db.Tx, agency, officer string) (QueueCounts, error) {
	today := term.Date(a.Clock.Now(), a.Zone)
	c, err := db.Get[QueueCounts](ctx, tx, `
		SELECT count(*)::int AS open, (count(*) FILTER (WHERE officer_id = $2))::int AS mine,
		       (count(*) FILTER (WHERE officer_id IS NULL))::int AS free, (count(*) FILTER (WHERE overdue AND status <> 'more_info'))::int AS late,
		       (count(*) FILTER (WHERE NOT overdue AND status <> 'more_info' AND due_at <= $3))::int AS today,
		       (count(*) FILTER (WHERE NOT overdue AND status <> 'more_info' AND due_at <= $4))::int AS week,
		       (count(*) FILTER (WHERE unseen))::int AS unseen
		  FROM application.application
		 WHERE agency = $1 AND status NOT IN ('granted', 'refused', 'withdrawn', 'closed')`,
		agency, officer, term.EndOf(today, a.Zone), term.EndOf(today.AddDate(0, 0, 7), a.Zone))
	if err != nil {
		return c, fmt.Errorf("count queue: %w", err)
	}
	return c, nil
}

// Rating is what citizens think of a service (SVC-23).
type Rating struct {
	Service string
	Count   int
	Average float64
}

// Ratings lists the ratings by service, for the administrator.
func (a *Applications) Ratings(ctx context.Context, agency string) ([]Rating, error) {
	var out []Rating
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Rating](ctx, tx, `
			SELECT service, count(*)::int AS count, avg(stars)::float8 AS average FROM application.application
			 WHERE stars > 0 AND ($1 = '' OR agency = $1) GROUP BY service ORDER BY service LIMIT 10000`, agency)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read ratings: %w", err)
	}
	return out, nil
}
