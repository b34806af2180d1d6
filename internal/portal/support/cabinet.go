package support

import (
	"context"
	"fmt"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/notice"
)

// Page is a part of «Мои обращения в поддержку», the last changed first. Next is
// empty on the last part.
type Page struct {
	Tickets []Ticket
	Next    string
}

const pageSize = 20

// List reads an owner's tickets after the cursor of the page before.
func (t *Tickets) List(ctx context.Context, owner, after string) (Page, error) {
	below, ok := db.ParseCursor(after)
	if !ok {
		return Page{}, fault.NotFound("support.not_found")
	}
	var page Page
	err := t.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := db.List[ticketRow](ctx, tx, `
			SELECT `+ticketColumns+` FROM support.ticket WHERE owner_id = $1 AND (changed_at, id) < ($2, $3::uuid)
			 ORDER BY changed_at DESC, id DESC LIMIT $4`, owner, below.At, below.ID, pageSize+1)
		if err != nil {
			return err
		}
		if len(rows) > pageSize {
			rows = rows[:pageSize]
			last := rows[pageSize-1]
			page.Next = db.Cursor{At: last.ChangedAt, ID: last.ID}.String()
		}
		for i := range rows {
			x, err := t.ticket(&rows[i])
			if err != nil {
				return err
			}
			page.Tickets = append(page.Tickets, *x)
		}
		return nil
	})
	if err != nil {
		return Page{}, fmt.Errorf("list tickets: %w", err)
	}
	return page, nil
}

// Get answers an owner's ticket with its texts, internal notes left out.
func (t *Tickets) Get(ctx context.Context, owner, id string) (*Details, error) {
	var out *Details
	err := t.DB.Read(ctx, func(tx *db.Tx) error {
		x, err := t.own(ctx, tx, owner, id, "")
		if err != nil {
			return err
		}
		out, err = t.details(ctx, tx, x, false)
		return err
	})
	return out, err
}

// Write adds a text of the owner. An answered ticket is open again with a new
// term; a closed one stays closed: a new request is made then.
func (t *Tickets) Write(ctx context.Context, owner, id, key, text string) error {
	if !db.IsID(key) {
		return fault.Invalid("support.key_missing")
	}
	text, err := textOf(text, "text")
	if err != nil {
		return err
	}
	return t.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := t.own(ctx, tx, owner, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if there, err := said(ctx, tx, x.ID, key); err != nil || there {
			return err
		}
		if x.Status == StatusClosed {
			return fault.Conflict("support.closed")
		}
		if err := t.count(ctx, tx, Request{Owner: owner}); err != nil {
			return err
		}
		if err := t.addMessage(ctx, tx, x.ID, key, Message{Side: SideCitizen, Text: text}, ""); err != nil {
			return err
		}
		if x.Status == StatusAnswered {
			if err := t.reopen(ctx, tx, x); err != nil {
				return err
			}
		}
		return t.save(ctx, tx, x)
	})
}

// reopen makes support owe an answer again: to the holder if he is still at
// work, else to nobody in particular.
func (t *Tickets) reopen(ctx context.Context, tx *db.Tx, x *Ticket) (err error) {
	if x.DueAt, err = t.due(ctx, tx, x.Queue, t.Clock.Now()); err != nil {
		return err
	}
	x.Status = StatusNew
	if x.Officer == "" {
		return nil
	}
	if _, err := t.joiner(ctx, tx, x.Officer); err == nil {
		x.Status = StatusInWork
	} else if fault.Is(err, fault.KindForbidden) {
		x.Officer, x.OfficerName = "", ""
	} else {
		return err
	}
	return nil
}

// Solve closes the owner's ticket: the question is settled. A second click
// changes nothing.
func (t *Tickets) Solve(ctx context.Context, owner, id string) error {
	return t.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := t.own(ctx, tx, owner, id, "FOR UPDATE")
		if err != nil || x.Status == StatusClosed {
			return err
		}
		t.end(x, EndingSolved)
		return t.save(ctx, tx, x)
	})
}

func (t *Tickets) end(x *Ticket, why Ending) {
	now := t.Clock.Now()
	x.Status, x.Ending, x.ClosedAt = StatusClosed, why, &now
}

// tell posts word of an owner's ticket to his feed (HLP-08, NTF-08); key makes
// the same event one entry.
func (t *Tickets) tell(ctx context.Context, tx *db.Tx, x *Ticket, topic, key string, change func(*notice.Post)) error {
	if x.Owner == "" {
		return nil
	}
	p := notice.Post{
		Owner: x.Owner, Key: Object(x.ID) + "/" + topic + "/" + key, Category: notice.CategorySupport, Type: notice.TypeSupport,
		Topic: "support." + topic, Object: Object(x.ID), Words: []string{x.Number},
		Args: map[string]string{"number": x.Number, "topic": "key:support.topic." + string(x.Topic)},
	}
	if change != nil {
		change(&p)
	}
	return t.Notices.Post(ctx, tx, p)
}
