package support

import (
	"context"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
)

// Deed is an act on a ticket.
type Deed struct {
	Officer string // id
	Ticket  string
	Key     string // of the form: sent twice, it is one act
	Version int    // of the ticket as the officer saw it
	Text    string
}

// do carries out an act: it locks the ticket, looks up rights, key and version.
func (t *Tickets) do(ctx context.Context, d Deed, a Act, fn func(tx *db.Tx, o *officer.Officer, x *Ticket) error) error {
	if !db.IsID(d.Key) {
		return fault.Invalid("support.key_missing")
	}
	return t.DB.InTx(ctx, func(tx *db.Tx) error {
		who := t.agent
		if a == ActTake {
			who = t.joiner
		}
		o, err := who(ctx, tx, d.Officer)
		if err != nil {
			return err
		}
		x, err := t.any(ctx, tx, d.Ticket, "FOR UPDATE")
		if err != nil {
			return err
		}
		if there, err := said(ctx, tx, x.ID, d.Key); err != nil || there {
			return err
		}
		if !slices.Contains(possible(x, o), a) {
			return refusal(x, o, a)
		}
		if a != ActNote && a != ActTake && x.Version != d.Version {
			return fault.Conflict("support.changed")
		}
		return fn(tx, o, x)
	})
}

// refusal says why an act is not possible.
func refusal(x *Ticket, o *officer.Officer, a Act) error {
	switch {
	case x.Status == StatusClosed:
		return fault.Conflict("support.closed")
	case x.Officer == "":
		return fault.Conflict("support.take_first")
	case !o.ActsFor(x.Officer):
		return fault.Conflict("support.held_by").With("name", x.OfficerName)
	case a == ActTake:
		return nil // it is his already
	}
	return fault.Conflict("support.changed")
}

// trace leaves what an officer did in the ticket's history; by its key an act
// that is sent twice is known.
func (t *Tickets) trace(ctx context.Context, tx *db.Tx, x *Ticket, d Deed, o *officer.Officer, what string) error {
	return t.addMessage(ctx, tx, x.ID, d.Key, Message{Side: SideAct, Officer: shortName(o), Text: what}, o.ID)
}

// Take makes the officer the holder of a free ticket. Of several who take it at
// once one wins; the others learn his name.
func (t *Tickets) Take(ctx context.Context, d Deed) error {
	return t.do(ctx, d, ActTake, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		x.Officer, x.OfficerName = o.ID, shortName(o)
		if x.Status == StatusNew {
			x.Status = StatusInWork
		}
		if err := t.trace(ctx, tx, x, d, o, string(ActTake)); err != nil {
			return err
		}
		return t.save(ctx, tx, x)
	})
}

// PutBack gives a ticket back to the queue; its term runs on.
func (t *Tickets) PutBack(ctx context.Context, d Deed) error {
	return t.do(ctx, d, ActPut, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		if err := t.trace(ctx, tx, x, d, o, string(ActPut)); err != nil {
			return err
		}
		x.Officer, x.OfficerName, x.Status = "", "", StatusNew
		return t.save(ctx, tx, x)
	})
}

// Answer sends the citizen an answer: into his feed, or by e-mail to the address
// that he left. Who left none gets nothing; the answer stays in the ticket.
func (t *Tickets) Answer(ctx context.Context, d Deed) error {
	text, err := textOf(d.Text, "text")
	if err != nil {
		return err
	}
	return t.do(ctx, d, ActAnswer, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		now := t.Clock.Now()
		if x.Late(now) {
			x.Overdue = true
		}
		if err := t.addMessage(ctx, tx, x.ID, d.Key, Message{Side: SideSupport, Officer: shortName(o), Text: text}, o.ID); err != nil {
			return err
		}
		x.Status, x.AnsweredAt = StatusAnswered, &now
		if err := t.save(ctx, tx, x); err != nil {
			return err
		}
		if err := t.tell(ctx, tx, x, "answered", d.Key, nil); err != nil {
			return err
		}
		return t.mail(ctx, tx, x, d.Key, text)
	})
}

// Move changes the topic, which may give the ticket to the other queue. The term
// runs on: the citizen is not to wait because his ticket was in a wrong place.
func (t *Tickets) Move(ctx context.Context, d Deed, to Topic) error {
	if !slices.Contains(Topics, to) {
		return fault.Invalid("support.invalid", fault.F("topic", "support.topic_missing"))
	}
	return t.do(ctx, d, ActMove, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		if err := t.trace(ctx, tx, x, d, o, string(ActMove)+":"+string(to)); err != nil {
			return err
		}
		if to.Queue() != x.Queue {
			x.Officer, x.OfficerName, x.Status = "", "", StatusNew
		}
		x.Topic, x.Queue = to, to.Queue()
		return t.save(ctx, tx, x)
	})
}

// Close ends a ticket without an answer. The text is an internal note.
func (t *Tickets) Close(ctx context.Context, d Deed, why Ending) error {
	if !slices.Contains(Endings, why) {
		return fault.Invalid("support.invalid", fault.F("ending", "support.ending_missing"))
	}
	note := ""
	if strings.TrimSpace(d.Text) != "" {
		var err error
		if note, err = textOf(d.Text, "note"); err != nil {
			return err
		}
	}
	return t.do(ctx, d, ActClose, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		if note != "" {
			if err := t.addMessage(ctx, tx, x.ID, d.Key+"/note", Message{Side: SideNote, Officer: shortName(o), Text: note}, o.ID); err != nil {
				return err
			}
		}
		if err := t.trace(ctx, tx, x, d, o, string(ActClose)+":"+string(why)); err != nil {
			return err
		}
		unanswered := x.AnsweredAt == nil
		if x.Late(t.Clock.Now()) {
			x.Overdue = true
		}
		t.end(x, why)
		if err := t.save(ctx, tx, x); err != nil {
			return err
		}
		if !unanswered {
			return nil
		}
		return t.tell(ctx, tx, x, "closed", d.Key, nil)
	})
}

// Note keeps an internal remark that the citizen never sees.
func (t *Tickets) Note(ctx context.Context, d Deed) error {
	text, err := textOf(d.Text, "note")
	if err != nil {
		return err
	}
	return t.do(ctx, d, ActNote, func(tx *db.Tx, o *officer.Officer, x *Ticket) error {
		return t.addMessage(ctx, tx, x.ID, d.Key, Message{Side: SideNote, Officer: shortName(o), Text: text}, o.ID)
	})
}
