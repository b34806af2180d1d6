package outbound

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ruid"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations creates the schema "outbound".
func Migrations() db.Source { return db.Source{Context: "outbound", FS: migrations, Tables: tables} }

// Channel is a way to a person.
type Channel string

// The channels that have senders here.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
)

// Class says what happens when it is unknown whether an attempt arrived.
type Class string

const (
	// Code is sent at most once: a one-time code, a temporary password.
	Code Class = "code"
	// Notice is sent at least once, with a stable Message-ID.
	Notice Class = "notice"
)

// State is where a message stands.
type State string

// States of a message; Sent, Failed and Expired are ends.
const (
	Waiting State = "waiting" // for its time
	Queued  State = "queued"
	Sending State = "sending"
	Sent    State = "sent"    // the gateway has taken it
	Failed  State = "failed"  // refused for good, or a code of unknown fate
	Expired State = "expired" // its time was over before it could be sent
)

// Message is what a context wants told.
type Message struct {
	// ID is unique and stable: the same for the same event, recipient and channel. It is made of ids,
	// since it stands in jobs and logs: "application.accepted:<application>:email".
	ID      string
	Channel Channel
	To      string // canonical address: ruid.Email or mobile ruid.Phone
	Subject string // e-mail only
	Text    string // in the person's language
	HTML    string // e-mail only; optional, beside Text
	Class   Class
	// NotBefore delays it, for quiet hours; zero: at once. Domain time.
	NotBefore time.Time
	// Expires ends the attempts; zero: 5 minutes for a code (G-20), 3 days for a notice, after NotBefore. Domain time.
	Expires time.Time
}

// Terms after which a message is not sent any more, unless it says otherwise.
const (
	codeTerm   = 5 * time.Minute // G-20
	noticeTerm = 72 * time.Hour
	keepEnded  = 90 * 24 * time.Hour
	sendTerm   = 45 * time.Second
	sweepBatch = 200
)

// Outbox is the queue of messages of one database. Set all fields, then call Work.
type Outbox struct {
	DB      *db.DB
	Clock   *clock.Clock
	Keys    *crypt.Keyring
	Queue   *job.Queue
	Senders map[Channel]Sender
	// Backoff gives the pause after the n-th failed attempt (from 1); nil: short for codes, up to hours for notices.
	Backoff func(c Class, attempt int) time.Duration
}

// content is what the row holds sealed.
type content struct {
	To      string `json:"to"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

func aad(id string) string { return "outbound.message:" + id }

var errMessage = errors.New("outbound: the message is not complete")

// Enqueue puts a message into the outbox in the caller's transaction. A message whose ID is there already is dropped.
func (o *Outbox) Enqueue(ctx context.Context, tx *db.Tx, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	now := o.Clock.Now()
	if m.NotBefore.Before(now) {
		m.NotBefore = now
	}
	if m.Expires.IsZero() {
		m.Expires = m.NotBefore.Add(term(m.Class))
	}
	state := Queued
	if m.NotBefore.After(now) {
		state = Waiting
	}
	plain, err := json.Marshal(content{To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML})
	if err != nil {
		return fmt.Errorf("enqueue message %s: %w", m.ID, err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO outbound.message (id, channel, class, state, sealed, not_before, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
		m.ID, m.Channel, m.Class, state, o.Keys.Seal(plain, aad(m.ID)), m.NotBefore, m.Expires, now)
	if err != nil {
		return fmt.Errorf("enqueue message %s: %w", m.ID, err)
	}
	if n == 0 || state == Waiting {
		return nil
	}
	return o.enqueueJob(ctx, tx, m.ID, m.Class)
}

func term(c Class) time.Duration {
	if c == Code {
		return codeTerm
	}
	return noticeTerm
}

func (m *Message) check() error {
	switch {
	case m.ID == "" || strings.TrimSpace(m.Text) == "" || (m.Class != Code && m.Class != Notice):
		return fmt.Errorf("enqueue message %q of class %q: %w", m.ID, m.Class, errMessage)
	case m.Channel == Email && !ruid.Email(m.To).Valid():
		return fmt.Errorf("enqueue message %s: the address is not canonical", m.ID)
	case m.Channel == Email && strings.TrimSpace(m.Subject) == "":
		return fmt.Errorf("enqueue message %s: no subject: %w", m.ID, errMessage)
	case m.Channel == SMS && (!ruid.Phone(m.To).Valid() || !ruid.Phone(m.To).IsMobile()):
		return fmt.Errorf("enqueue message %s: the number is not a canonical mobile number", m.ID)
	case m.Channel != Email && m.Channel != SMS && m.To == "":
		return fmt.Errorf("enqueue message %s: %w", m.ID, errMessage)
	}
	return nil
}

// Status tells how a message fared. Times are domain time.
type Status struct {
	ID        string     `db:"id"`
	Channel   Channel    `db:"channel"`
	Class     Class      `db:"class"`
	State     State      `db:"state"`
	Attempts  int        `db:"attempts"`
	Failure   string     `db:"failure"` // of the last attempt, for operators; holds no address
	NotBefore time.Time  `db:"not_before"`
	CreatedAt time.Time  `db:"created_at"`
	EndedAt   *time.Time `db:"ended_at"`
}

const statusColumns = `id, channel, class, state, attempts, failure, not_before, created_at, ended_at`

// Find gives the status of a message, nil when there is none (any more).
func (o *Outbox) Find(ctx context.Context, tx *db.Tx, id string) (*Status, error) {
	s, err := db.Find[Status](ctx, tx, `SELECT `+statusColumns+` FROM outbound.message WHERE id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("find message %s: %w", id, err)
	}
	return s, nil
}

// Problems lists messages that failed or expired, the newest first, for the operations page.
func (o *Outbox) Problems(ctx context.Context, limit int) (out []Status, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Status](ctx, tx, `SELECT `+statusColumns+` FROM outbound.message WHERE state IN ('failed', 'expired')
			ORDER BY ended_at DESC, id LIMIT $1`, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list undelivered messages: %w", err)
	}
	return out, nil
}

// Count is how many messages of a channel stand in a state, and since when the oldest does.
type Count struct {
	Channel Channel   `db:"channel"`
	State   State     `db:"state"`
	N       int       `db:"n"`
	Oldest  time.Time `db:"oldest"`
}

// Counts tells how the outbox fares, for the operations page and metrics.
func (o *Outbox) Counts(ctx context.Context) (out []Count, err error) {
	err = o.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Count](ctx, tx, `SELECT channel, state, count(*)::int AS n, min(created_at) AS oldest
			FROM outbound.message GROUP BY channel, state ORDER BY channel, state`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	return out, nil
}
