package casework

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// Filter chooses cases of the officer's agency.
type Filter struct {
	Service string
	Status  []application.Status // empty: not ended
	Mine    bool
	Free    bool // nobody's; with Mine: mine and nobody's
	Late    bool
	Unseen  bool       // the citizen wrote or answered
	DueBy   *time.Time // the term ends by this moment and has not ended yet
	Query   string     // number, surname, full name or SNILS
	Page    int        // from 1
	Limit   int        // 0: 20
}

// Queue is a page of the agency's cases.
type Queue struct {
	Rows   []application.QueueRow
	Total  int
	Counts application.QueueCounts
}

// Queue lists cases, the nearest term first. Each row shows a name, so each is
// a look.
func (c *Cases) Queue(ctx context.Context, officerID string, f Filter) (*Queue, error) {
	out := &Queue{}
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		q := application.QueueFilter{
			Agency: o.Agency, Service: f.Service, Status: f.Status, Free: f.Free, Late: f.Late, Unseen: f.Unseen,
			DueBy: f.DueBy, Query: f.Query, Page: f.Page, Limit: f.Limit,
		}
		if f.Mine {
			q.Officer = o.ID
		}
		if out.Rows, out.Total, err = c.Applications.AgencyQueue(ctx, tx, q); err != nil {
			return err
		}
		for i := range out.Rows {
			if err := c.look(ctx, tx, o, &out.Rows[i].Application, journal.Listed, ""); err != nil {
				return err
			}
		}
		out.Counts, err = c.Applications.CountQueue(ctx, tx, o.Agency, o.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	return out, nil
}

// Note is an internal remark: the citizen never sees it.
type Note struct {
	ID      string
	At      time.Time
	Officer string // name
	Text    string
}

// Case is an application on an officer's desk.
type Case struct {
	*application.Details
	Notes []Note
	Acts  []Possible
}

// Get opens a case; the look is journalled.
func (c *Cases) Get(ctx context.Context, officerID, id string) (*Case, error) {
	out := &Case{}
	err := c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		app, err := c.Applications.Read(ctx, tx, o.Agency, id)
		if err != nil {
			return err
		}
		if err := c.look(ctx, tx, o, app, journal.Looked, ""); err != nil {
			return err
		}
		if out.Details, err = c.Applications.Details(ctx, tx, app); err != nil {
			return err
		}
		out.Acts = possible(app, o)
		out.Notes, err = c.notes(ctx, tx, app.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// OpenFile gives an officer a file of a case when the scanner has let it pass;
// the look is journalled.
func (c *Cases) OpenFile(ctx context.Context, officerID, id, file string) (*document.Document, *blob.Reader, error) {
	doc, err := c.Documents.Get(ctx, application.Holder(id), file)
	if err != nil {
		return nil, nil, err
	}
	err = c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		app, err := c.Applications.Read(ctx, tx, o.Agency, id)
		if err != nil {
			return err
		}
		return c.look(ctx, tx, o, app, journal.FileOpened, doc.Name)
	})
	if err != nil {
		return nil, nil, err
	}
	return c.Documents.OpenHeld(ctx, application.Holder(id), file)
}

// Looks lists who looked at a case, for the officers who handle it.
func (c *Cases) Looks(ctx context.Context, officerID, id string) ([]journal.Entry, error) {
	err := c.DB.Read(ctx, func(tx *db.Tx) error {
		o, err := c.clerk(ctx, tx, officerID)
		if err != nil {
			return err
		}
		_, err = c.Applications.Read(ctx, tx, o.Agency, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	page, err := c.Journal.ListObject(ctx, "application:"+id, journal.Filter{
		Kinds: []journal.Kind{journal.Looked, journal.FileOpened}, Limit: 50,
	})
	return page.Entries, err
}

func (c *Cases) look(ctx context.Context, tx *db.Tx, o *officer.Officer, app *application.Application, k journal.Kind, file string) error {
	details := map[string]string{
		"number": app.Number, "service": app.Title.RU, "officer": shortName(o), "agency": app.Body,
	}
	if file != "" {
		details["name"] = file
	}
	return c.Journal.Look(ctx, tx, journal.Entry{
		Owner: app.Owner, Kind: k, Actor: "officer:" + o.ID, Object: "application:" + app.ID, Details: details,
	})
}

func (c *Cases) notes(ctx context.Context, tx *db.Tx, id string) ([]Note, error) {
	type row struct {
		ID, OfficerName string
		At              time.Time
		Text            []byte
	}
	rows, err := db.List[row](ctx, tx, `
		SELECT id, officer_name, at, text FROM casework.note WHERE application_id = $1 ORDER BY at, id LIMIT 500`, id)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	out := make([]Note, len(rows))
	for i, r := range rows {
		plain, err := c.Keys.Open(r.Text, noteAAD(r.ID))
		if err != nil {
			return nil, fmt.Errorf("open note %s: %w", r.ID, err)
		}
		out[i] = Note{ID: r.ID, At: r.At, Officer: r.OfficerName, Text: string(plain)}
	}
	return out, nil
}

func noteAAD(id string) string { return "casework.note:" + id }
