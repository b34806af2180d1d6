package application

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/journal"
)

// This file is for package casework: who holds a case, apart from where it stands.

const heldBy = `officer_id = $1 AND status NOT IN ('withdrawn', 'closed')`

// CountHeld counts what an officer holds and the agency has not decided.
func (a *Applications) CountHeld(ctx context.Context, tx *db.Tx, officer string) (int, error) {
	n, err := db.Get[int](ctx, tx, `SELECT count(*)::int FROM application.application WHERE `+heldBy+` AND status NOT IN ('granted', 'refused')`, officer)
	if err != nil {
		return 0, fmt.Errorf("count held applications: %w", err)
	}
	return n, nil
}

// Held answers, locked, what an officer holds, decided and not closed cases too, but for
// those of the agency keep.
func (a *Applications) Held(ctx context.Context, tx *db.Tx, officer, keep string) ([]*Application, error) {
	rows, err := db.List[applicationRow](ctx, tx, `SELECT `+applicationColumns+` FROM application.application
		WHERE `+heldBy+` AND agency <> $2 ORDER BY id FOR UPDATE`, officer, keep)
	if err != nil {
		return nil, fmt.Errorf("read held applications: %w", err)
	}
	out := make([]*Application, len(rows))
	for i := range rows {
		out[i] = rows[i].application()
	}
	return out, nil
}

// Release takes the holder off a locked application: it is the agency's common queue's
// again. What was in work is registered again; a question or an invitation to the
// citizen stands, and so does a decision. The term runs on, or stands still, as before.
// The history tells it; nobody is written to, for nothing changes for the citizen.
func (a *Applications) Release(ctx context.Context, tx *db.Tx, app *Application) error {
	officer, name := app.Officer, app.OfficerName
	app.Officer, app.OfficerName, app.TakenAt = "", "", nil
	if app.Status == StatusInWork {
		app.Status = StatusRegistered
	}
	if !app.Status.Open() {
		return save(ctx, tx, app)
	}
	if err := a.trace(ctx, tx, app, Event{Actor: ActorSystem, Officer: name, Reason: ReasonReleased}, fmt.Sprintf("released/%d", app.Version), officer); err != nil {
		return err
	}
	return a.Journal.Write(ctx, tx, journal.Entry{
		Owner: app.Owner, Kind: journal.StatusMoved, Object: object(app.ID), Actor: "system",
		Details: map[string]string{"number": app.Number, "service": app.Title.RU, "status": string(app.Status), "agency": app.Body},
	})
}

// Hold stores a locked application that somebody took though it waits for the citizen:
// its status stays.
func (a *Applications) Hold(ctx context.Context, tx *db.Tx, app *Application, key string) error {
	return a.trace(ctx, tx, app, Event{Actor: ActorOfficer, Officer: app.OfficerName, Reason: ReasonTaken}, key, app.Officer)
}

// trace stores an application whose holder changed and tells it in the history.
func (a *Applications) trace(ctx context.Context, tx *db.Tx, app *Application, e Event, key, officer string) error {
	app.ChangedAt = a.Clock.Now()
	if err := save(ctx, tx, app); err != nil {
		return err
	}
	e.At, e.Status = app.ChangedAt, app.Status
	return a.insertEvent(ctx, tx, app.ID, key, e, officer)
}
