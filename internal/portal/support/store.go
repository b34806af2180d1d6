package support

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

const ticketColumns = `id, number, coalesce(owner_id::text, '') AS owner, channel, queue, topic, kind, error_id, locale, content, status, ending, version,
	created_at, changed_at, due_at, answered_at, closed_at, overdue, coalesce(officer_id::text, '') AS officer, officer_name`

type ticketRow struct {
	ID, Number, Owner, Channel, Queue, Topic, Kind, ErrorID, Locale string
	Content                                                         []byte
	Status, Ending                                                  string
	Version                                                         int
	CreatedAt, ChangedAt, DueAt                                     time.Time
	AnsweredAt, ClosedAt                                            *time.Time
	Overdue                                                         bool
	Officer, OfficerName                                            string
}

func (t *Tickets) ticket(r *ticketRow) (*Ticket, error) {
	out := &Ticket{
		ID: r.ID, Number: r.Number, Owner: r.Owner, Channel: Channel(r.Channel), Queue: Queue(r.Queue), Topic: Topic(r.Topic), Kind: Kind(r.Kind),
		ErrorID: r.ErrorID, Locale: r.Locale, Status: Status(r.Status), Ending: Ending(r.Ending), Version: r.Version,
		CreatedAt: r.CreatedAt, ChangedAt: r.ChangedAt, DueAt: r.DueAt, AnsweredAt: r.AnsweredAt, ClosedAt: r.ClosedAt, Overdue: r.Overdue,
		Officer: r.Officer, OfficerName: r.OfficerName,
	}
	plain, err := t.Keys.Open(r.Content, contentAAD(r.ID))
	if err != nil {
		return nil, fmt.Errorf("open ticket %s: %w", r.ID, err)
	}
	if err := json.Unmarshal(plain, &out.Content); err != nil {
		return nil, fmt.Errorf("open ticket %s: %w", r.ID, err)
	}
	return out, nil
}

func contentAAD(id string) string { return "support.ticket:" + id }

func messageAAD(id string) string { return "support.message:" + id }

func (t *Tickets) sealContent(id string, c Content) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("seal ticket: %w", err)
	}
	return t.Keys.Seal(plain, contentAAD(id)), nil
}

// find reads one ticket, nil when there is none.
func (t *Tickets) find(ctx context.Context, tx *db.Tx, where string, args ...any) (*Ticket, error) {
	row, err := db.Find[ticketRow](ctx, tx, `SELECT `+ticketColumns+` FROM support.ticket WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read ticket: %w", err)
	}
	if row == nil {
		return nil, nil
	}
	return t.ticket(row)
}

// own reads an owner's ticket; a foreign one is not there.
func (t *Tickets) own(ctx context.Context, tx *db.Tx, owner, id, lock string) (*Ticket, error) {
	if !db.IsID(id) || !db.IsID(owner) {
		return nil, fault.NotFound("support.not_found")
	}
	out, err := t.find(ctx, tx, `id = $1 AND owner_id = $2 `+lock, id, owner)
	if err == nil && out == nil {
		return nil, fault.NotFound("support.not_found")
	}
	return out, err
}

// save writes what acts change and counts the version up.
func (t *Tickets) save(ctx context.Context, tx *db.Tx, x *Ticket) error {
	x.Version++
	x.ChangedAt = t.Clock.Now()
	var holder *string
	if x.Officer != "" {
		holder = &x.Officer
	}
	_, err := tx.Exec(ctx, `
		UPDATE support.ticket
		   SET queue = $2, topic = $3, status = $4, ending = $5, version = $6, changed_at = $7, due_at = $8, answered_at = $9,
		       closed_at = $10, overdue = $11, officer_id = $12, officer_name = $13
		 WHERE id = $1`,
		x.ID, x.Queue, x.Topic, x.Status, x.Ending, x.Version, x.ChangedAt, x.DueAt, x.AnsweredAt, x.ClosedAt, x.Overdue, holder, x.OfficerName)
	if err != nil {
		return fmt.Errorf("save ticket %s: %w", x.ID, err)
	}
	return nil
}

func (t *Tickets) addMessage(ctx context.Context, tx *db.Tx, ticket, key string, m Message, officerID string) error {
	id := db.NewID()
	var by *string
	if officerID != "" {
		by = &officerID
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO support.message (id, ticket_id, key, side, officer_id, officer_name, at, text)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT ON CONSTRAINT message_key DO NOTHING`,
		id, ticket, key, m.Side, by, m.Officer, t.Clock.Now(), t.Keys.Seal([]byte(m.Text), messageAAD(id)))
	if err != nil {
		return fmt.Errorf("keep message of ticket %s: %w", ticket, err)
	}
	return nil
}

// said tells whether a form has left its message already.
func said(ctx context.Context, tx *db.Tx, ticket, key string) (bool, error) {
	there, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT FROM support.message WHERE ticket_id = $1 AND key = $2)`, ticket, key)
	if err != nil {
		return false, fmt.Errorf("read messages of ticket %s: %w", ticket, err)
	}
	return there, nil
}

// messages reads a ticket's texts, with what is internal or without.
func (t *Tickets) messages(ctx context.Context, tx *db.Tx, ticket string, internal bool) ([]Message, error) {
	rows, err := db.List[messageRow](ctx, tx, `
		SELECT id, ticket_id::text AS ticket, side, officer_name AS officer, at, text FROM support.message
		 WHERE ticket_id = $1 AND ($2 OR side IN ('citizen', 'support')) ORDER BY at, id LIMIT 500`, ticket, internal)
	if err != nil {
		return nil, fmt.Errorf("read messages of ticket %s: %w", ticket, err)
	}
	out := make([]Message, len(rows))
	for i := range rows {
		if out[i], err = t.message(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type messageRow struct {
	ID, Ticket, Side, Officer string
	At                        time.Time
	Text                      []byte
}

func (t *Tickets) message(r *messageRow) (Message, error) {
	plain, err := t.Keys.Open(r.Text, messageAAD(r.ID))
	if err != nil {
		return Message{}, fmt.Errorf("open message %s: %w", r.ID, err)
	}
	return Message{ID: r.ID, Side: Side(r.Side), Officer: r.Officer, At: r.At, Text: string(plain)}, nil
}

func (t *Tickets) details(ctx context.Context, tx *db.Tx, x *Ticket, internal bool) (*Details, error) {
	out := &Details{Ticket: *x}
	var err error
	out.Messages, err = t.messages(ctx, tx, x.ID, internal)
	return out, err
}
