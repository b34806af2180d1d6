package application

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/term"
)

// routeArgs hands a sent application to its agency.
type routeArgs struct {
	Application string `json:"application"`
}

// Kind implements job.Args.
func (routeArgs) Kind() string { return "application.route" }

// Work registers routing, the watch over terms, the end of drafts, and the word
// about infected files.
func (a *Applications) Work(q *job.Queue) {
	job.Handle(q, a.route)
	q.Sweep("application.overdue", time.Minute, a.watchTerms)
	q.Sweep("application.draft_warning", time.Hour, a.warnDrafts)
	q.Sweep("application.draft_end", time.Hour, a.endDrafts)
	q.Sweep("application.retention", time.Hour, a.erase)
	q.Sweep("application.part", time.Minute, a.part)
	a.Documents.OnInfected = a.infected
}

// route registers an application: from now on the term of the service runs.
func (a *Applications) route(ctx context.Context, args routeArgs) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		app, err := findApplication(ctx, tx, `id = $1 FOR UPDATE`, args.Application)
		if err != nil {
			return err
		}
		if app == nil || app.Status != StatusSent {
			return nil // registered already, or withdrawn
		}
		card, err := a.Services.Revision(ctx, app.Revision)
		if err != nil {
			return fmt.Errorf("route application %s: %w", app.ID, err)
		}
		now := a.Clock.Now()
		due := a.Calendar.Due(now, TermOf(card), a.Zone)
		app.RegisteredAt, app.DueAt = &now, &due
		app.LateRegistration = now.After(app.RegisterBy)
		if err := a.move(ctx, tx, app, Move{To: StatusRegistered, Actor: ActorSystem, Key: "register"}); err != nil {
			return err
		}
		return a.Services.CountSubmitted(ctx, tx, app.Service)
	})
}

// watchTerms marks what is overdue and tells its owner (SVC-27). The term of what
// waits for the citizen's answer stands still.
func (a *Applications) watchTerms(ctx context.Context) (int, error) {
	n := 0
	err := a.DB.InTx(ctx, func(tx *db.Tx) error {
		now := a.Clock.Now()
		late, err := tx.Exec(ctx, `
			UPDATE application.application SET late_registration = true, version = version + 1
			 WHERE id IN (SELECT id FROM application.application
			               WHERE register_by <= $1 AND NOT late_registration AND status = 'sent'
			               ORDER BY register_by LIMIT 200 FOR UPDATE SKIP LOCKED)`, now)
		if err != nil {
			return fmt.Errorf("watch registration: %w", err)
		}
		rows, err := db.List[applicationRow](ctx, tx, `SELECT `+applicationColumns+` FROM application.application
			WHERE due_at <= $1 AND NOT overdue AND status IN ('registered', 'in_work', 'invited', 'awaiting_payment')
			ORDER BY due_at LIMIT 200 FOR UPDATE SKIP LOCKED`, now)
		if err != nil {
			return fmt.Errorf("watch terms: %w", err)
		}
		for i := range rows {
			app := rows[i].application()
			app.Overdue = true
			if err := save(ctx, tx, app); err != nil {
				return err
			}
			err := a.tell(ctx, tx, app, "overdue", func(p *notice.Post) {
				p.Args["due_date"] = app.DueDay(a.Zone).Format(time.DateOnly)
			})
			if err != nil {
				return err
			}
		}
		n = int(late) + len(rows)
		return nil
	})
	return n, err
}

// warnDrafts tells owners of drafts that will be deleted (DRF-05).
func (a *Applications) warnDrafts(ctx context.Context) (int, error) {
	return a.eachDraft(ctx, `warn_at <= $1 AND warned_at IS NULL AND expires_at > $1`, func(tx *db.Tx, d *Draft) error {
		if _, err := tx.Exec(ctx, `UPDATE application.draft SET warned_at = $2 WHERE id = $1`, d.ID, a.Clock.Now()); err != nil {
			return fmt.Errorf("warn of draft %s: %w", d.ID, err)
		}
		day := term.DueDay(d.ExpiresAt, a.Zone)
		p := a.draftPost(d, "expiring")
		p.Object, p.Action, p.Due = holderOfDraft(d.ID), true, &day
		p.Args["due_date"] = day.Format(time.DateOnly)
		return a.Notices.Post(ctx, tx, p)
	})
}

// endDrafts deletes drafts whose time is over and says so.
func (a *Applications) endDrafts(ctx context.Context) (int, error) {
	return a.eachDraft(ctx, `expires_at <= $1`, func(tx *db.Tx, d *Draft) error {
		if err := a.dropDraft(ctx, tx, d.Owner, d.ID); err != nil {
			return err
		}
		return a.Notices.Post(ctx, tx, a.draftPost(d, "expired"))
	})
}

func (a *Applications) draftPost(d *Draft, topic string) notice.Post {
	return notice.Post{
		Owner: d.Owner, Key: holderOfDraft(d.ID) + "/" + topic + "/" + d.ExpiresAt.Format(time.DateOnly),
		Category: notice.CategoryDraft, Type: notice.TypeDraft, Topic: "draft." + topic,
		Args: titled(d.Title), Words: []string{d.Title.RU},
	}
}

func (a *Applications) eachDraft(ctx context.Context, where string, fn func(*db.Tx, *Draft) error) (int, error) {
	n := 0
	err := a.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := db.List[draftRow](ctx, tx, `SELECT `+draftColumns+` FROM application.draft WHERE `+where+`
			ORDER BY expires_at LIMIT 200 FOR UPDATE SKIP LOCKED`, a.Clock.Now())
		if err != nil {
			return fmt.Errorf("find drafts: %w", err)
		}
		for i := range rows {
			d := rows[i].draft()
			if err := fn(tx, &d); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	return n, err
}

// infected tells the owner that the agency cannot open a file of his. In a
// draft the form itself says so.
func (a *Applications) infected(ctx context.Context, tx *db.Tx, d *document.Document) error {
	id, ok := strings.CutPrefix(d.Holder, "application/")
	if !ok || d.Side != document.SideCitizen {
		return nil
	}
	app, err := findApplication(ctx, tx, `id = $1`, id)
	if err != nil || app == nil {
		return err
	}
	return a.tell(ctx, tx, app, "file_infected", func(p *notice.Post) {
		p.Key = Holder(app.ID) + "/file_infected/" + d.ID
	})
}
