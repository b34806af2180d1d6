package support

import (
	"context"
	"fmt"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// Act is something that an officer may do to a ticket now. Its name for people
// is the message "support.act.<act>".
type Act string

// The acts.
const (
	ActTake   Act = "take"
	ActPut    Act = "put_back"
	ActAnswer Act = "answer"
	ActMove   Act = "move" // to another topic and with it, maybe, to another queue
	ActClose  Act = "close"
	ActNote   Act = "note"

	// ActRelease is nobody's choice: the holder left, or lost the role.
	ActRelease Act = "released"
)

func possible(x *Ticket, o *officer.Officer) []Act {
	switch {
	case x.Status == StatusClosed:
		return []Act{ActNote}
	case x.Officer == "":
		return []Act{ActTake, ActMove, ActNote}
	case !o.ActsFor(x.Officer):
		return []Act{ActNote}
	case x.Status == StatusAnswered:
		return []Act{ActAnswer, ActClose, ActNote}
	}
	return []Act{ActAnswer, ActPut, ActMove, ActClose, ActNote}
}

// agent answers the officer if he may answer for the support now.
func (t *Tickets) agent(ctx context.Context, tx *db.Tx, id string) (*officer.Officer, error) {
	o, err := t.Officers.GetIn(ctx, tx, id)
	if fault.Is(err, fault.KindNotFound) {
		return nil, fault.Forbidden("officer.unknown")
	}
	if err != nil {
		return nil, err
	}
	if !o.Has(officer.RoleSupport) {
		return nil, fault.Forbidden("officer.unknown")
	}
	return o, nil
}

// joiner is agent for acts that make somebody a holder: his row is locked until the end,
// so that nobody is given a ticket while he is being dismissed.
func (t *Tickets) joiner(ctx context.Context, tx *db.Tx, id string) (*officer.Officer, error) {
	if err := t.Officers.Stay(ctx, tx, id); err != nil {
		return nil, err
	}
	return t.agent(ctx, tx, id)
}

// shortName is how citizens see an officer: «Гареева Л. М.».
func shortName(o *officer.Officer) string {
	f := append(strings.Fields(o.Name), "", "", "")
	return rutext.Initials(f[0], f[1], f[2])
}

// View is a part of the queue.
type View string

// The views.
const (
	ViewWork     View = "work"     // mine and nobody's, open
	ViewMine     View = "mine"     // mine, open
	ViewFree     View = "free"     // nobody's
	ViewLate     View = "late"     // the term is over (HLP-07)
	ViewOpen     View = "open"     // all that wait for an answer
	ViewAnswered View = "answered" // the citizen may ask again
	ViewClosed   View = "closed"
)

// Views are all views in the order of the page.
var Views = []View{ViewWork, ViewMine, ViewFree, ViewLate, ViewOpen, ViewAnswered, ViewClosed}

// Filter chooses tickets.
type Filter struct {
	View  View   // empty: all
	Queue Queue  // empty: both
	Query string // number, id of an error, e-mail; searched in all views
	Page  int    // from 1
	Limit int    // 0: 25, at most 100
}

// Row is a ticket in the queue with the beginning of its first text.
type Row struct {
	Ticket
	Head string
}

// Counts are the numbers above the queue.
type Counts struct {
	Mine, Free, Late, Open int
	Answered               int
}

// Board is a page of the queue.
type Board struct {
	Rows   []Row
	Total  int
	Counts Counts
}

// headLength is how much of the text a row shows.
const headLength = 90

var viewWhere = map[View]string{
	"":           `true`,
	ViewWork:     `status IN ('new', 'in_work') AND (officer_id IS NULL OR officer_id = $1)`,
	ViewMine:     `status IN ('new', 'in_work') AND officer_id = $1`,
	ViewFree:     `status IN ('new', 'in_work') AND officer_id IS NULL`,
	ViewLate:     `status IN ('new', 'in_work') AND due_at <= $2`,
	ViewOpen:     `status IN ('new', 'in_work')`,
	ViewAnswered: `status = 'answered'`,
	ViewClosed:   `status = 'closed'`,
}

// Board lists tickets for an officer: what waits, the nearest term first; what
// is done, the last one first. Each row shows what somebody wrote, so each is a
// look.
func (t *Tickets) Board(ctx context.Context, officerID string, f Filter) (*Board, error) {
	where, ok := viewWhere[f.View]
	if !ok {
		return nil, fault.NotFound("support.not_found")
	}
	if f.Limit <= 0 || f.Limit > 100 {
		f.Limit = 25
	}
	f.Page = max(f.Page, 1)
	order := `due_at, id`
	if f.View == "" || f.View == ViewAnswered || f.View == ViewClosed {
		order = `changed_at DESC, id DESC`
	}
	out := &Board{}
	err := t.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := t.agent(ctx, tx, officerID)
		if err != nil {
			return err
		}
		*out = Board{}
		var email []byte
		if e, err := ruid.ParseEmail(f.Query); err == nil {
			email = t.Keys.Index("support.email", string(e))
		}
		// Every condition names all parameters, so that each view takes the same.
		cond := where + ` AND $1::uuid IS NOT NULL AND $2::timestamptz IS NOT NULL AND ($3 = '' OR queue = $3)
			AND ($4 = '' OR number = $4 OR error_id = $4 OR ($5::bytea IS NOT NULL AND finders @> ARRAY[$5::bytea]))`
		args := []any{o.ID, t.Clock.Now(), f.Queue, searchKey(f.Query), email}
		if out.Total, err = db.Get[int](ctx, tx, `SELECT count(*)::int FROM support.ticket WHERE `+cond, args...); err != nil {
			return fmt.Errorf("count tickets: %w", err)
		}
		rows, err := db.List[ticketRow](ctx, tx, `SELECT `+ticketColumns+` FROM support.ticket WHERE `+cond+
			` ORDER BY `+order+` LIMIT $6 OFFSET $7`, append(args, f.Limit, (f.Page-1)*f.Limit)...)
		if err != nil {
			return fmt.Errorf("read tickets: %w", err)
		}
		if err := t.fill(ctx, tx, o, rows, out); err != nil {
			return err
		}
		out.Counts, err = t.counts(ctx, tx, o.ID, f.Queue)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read support queue: %w", err)
	}
	return out, nil
}

// searchKey is a number as it is kept, also when it was typed without its dash.
func searchKey(q string) string {
	q = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(q), "№"))
	if len(q) == 8 && strings.Trim(q, "0123456789") == "" {
		return q[:4] + "-" + q[4:]
	}
	return q
}

// fill opens the rows with the heads of their first texts and journals the looks.
func (t *Tickets) fill(ctx context.Context, tx *db.Tx, o *officer.Officer, rows []ticketRow, out *Board) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	first, err := db.List[messageRow](ctx, tx, `
		SELECT DISTINCT ON (ticket_id) id, ticket_id::text AS ticket, side, officer_name AS officer, at, text FROM support.message
		 WHERE ticket_id = ANY($1::uuid[]) AND side = 'citizen' ORDER BY ticket_id, at, id`, ids)
	if err != nil {
		return fmt.Errorf("read first messages: %w", err)
	}
	heads := map[string]string{}
	for i := range first {
		m, err := t.message(&first[i])
		if err != nil {
			return err
		}
		heads[first[i].Ticket] = headOf(m.Text)
	}
	for i := range rows {
		x, err := t.ticket(&rows[i])
		if err != nil {
			return err
		}
		if err := t.look(ctx, tx, o, x, journal.SupportListed); err != nil {
			return err
		}
		out.Rows = append(out.Rows, Row{Ticket: *x, Head: heads[x.ID]})
	}
	return nil
}

func headOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > headLength {
		return strings.TrimSpace(string(r[:headLength])) + "…"
	}
	return text
}

func (t *Tickets) counts(ctx context.Context, tx *db.Tx, officerID string, q Queue) (Counts, error) {
	c, err := db.Get[Counts](ctx, tx, `
		SELECT (count(*) FILTER (WHERE status <> 'answered' AND officer_id = $1))::int AS mine,
		       (count(*) FILTER (WHERE status <> 'answered' AND officer_id IS NULL))::int AS free,
		       (count(*) FILTER (WHERE status <> 'answered' AND due_at <= $2))::int AS late,
		       (count(*) FILTER (WHERE status <> 'answered'))::int AS open,
		       (count(*) FILTER (WHERE status = 'answered'))::int AS answered
		  FROM support.ticket WHERE status <> 'closed' AND ($3 = '' OR queue = $3)`, officerID, t.Clock.Now(), q)
	if err != nil {
		return c, fmt.Errorf("count tickets: %w", err)
	}
	return c, nil
}

// Read opens a ticket for an officer; the look is journalled.
func (t *Tickets) Read(ctx context.Context, officerID, id string) (*Details, error) {
	var out *Details
	err := t.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := t.agent(ctx, tx, officerID)
		if err != nil {
			return err
		}
		x, err := t.any(ctx, tx, id, "")
		if err != nil {
			return err
		}
		if err := t.look(ctx, tx, o, x, journal.SupportLooked); err != nil {
			return err
		}
		if out, err = t.details(ctx, tx, x, true); err != nil {
			return err
		}
		out.Acts = possible(x, o)
		return nil
	})
	return out, err
}

func (t *Tickets) any(ctx context.Context, tx *db.Tx, id, lock string) (*Ticket, error) {
	if !db.IsID(id) {
		return nil, fault.NotFound("support.not_found")
	}
	x, err := t.find(ctx, tx, `id = $1 `+lock, id)
	if err == nil && x == nil {
		return nil, fault.NotFound("support.not_found")
	}
	return x, err
}

// look writes into the owner's journal who saw his ticket. A ticket of somebody
// without an account has a journal of its own.
func (t *Tickets) look(ctx context.Context, tx *db.Tx, o *officer.Officer, x *Ticket, k journal.Kind) error {
	owner := x.Owner
	if owner == "" {
		owner = x.ID
	}
	return t.Journal.Look(ctx, tx, journal.Entry{
		Owner: owner, Kind: k, Actor: "officer:" + o.ID, Object: Object(x.ID),
		Details: map[string]string{"number": x.Number, "officer": shortName(o)},
	})
}
