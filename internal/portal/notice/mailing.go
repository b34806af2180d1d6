package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Mailing is word to everybody who has asked for news of the portal (NTS-02): an
// entry in the feed, and a message by the ways that the person has chosen.
type Mailing struct {
	Object    string            `db:"object"` // what it tells of, once: "news/<code>"
	Topic     string            `db:"topic"`  // see [Post]
	Args      map[string]string `db:"args"`
	StartedAt time.Time         `db:"started_at"`
	StartedBy string            `db:"started_by"` // an officer's id
	Sent      int               `db:"sent"`       // people who have it
	EndedAt   *time.Time        `db:"ended_at"`
}

const mailingColumns = `object, topic, args, started_at, started_by, sent, ended_at`

// The pace of a mailing, some 180,000 people in an hour: notices of applications
// must not wait behind it, and gateways have their limits.
const (
	mailingEvery = 10 * time.Second
	mailingBatch = 500
)

// Subscribers counts who would get a mailing.
func (n *Notices) Subscribers(ctx context.Context) (count int, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		count, err = db.Get[int](ctx, tx, `SELECT count(DISTINCT owner_id)::int FROM notice.choice WHERE type = $1 AND wanted`, TypeNews)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count subscribers: %w", err)
	}
	return count, nil
}

// Mail begins a mailing. within authorises whoever begins it and journals the deed
// in the same transaction. A second one of the same object is fault Conflict
// notice.mailed_already.
func (n *Notices) Mail(ctx context.Context, m Mailing, within func(ctx context.Context, tx *db.Tx) error) error {
	err := n.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := within(ctx, tx); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `INSERT INTO notice.mailing (object, topic, args, started_at, started_by) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (object) DO NOTHING`, m.Object, m.Topic, m.Args, n.Clock.Now(), m.StartedBy)
		if err == nil && done == 0 {
			return fault.Conflict("notice.mailed_already")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("begin mailing of %s: %w", m.Object, err)
	}
	return nil
}

// MailingOf answers the mailing of an object, nil where there was none.
func (n *Notices) MailingOf(ctx context.Context, object string) (m *Mailing, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		m, err = db.Find[Mailing](ctx, tx, `SELECT `+mailingColumns+` FROM notice.mailing WHERE object = $1`, object)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read mailing of %s: %w", object, err)
	}
	return m, nil
}

// mail takes the oldest open mailing one batch further: the sweep notice.mailing.
// Progress and entries are one transaction, so that a batch that dies is begun anew
// and nobody has the entry twice. It answers none, lest the next batch follow at once.
func (n *Notices) mail(ctx context.Context) (int, error) {
	var next *string
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		next, err = db.Find[string](ctx, tx, `SELECT object FROM notice.mailing WHERE ended_at IS NULL ORDER BY started_at, object LIMIT 1`)
		return err
	})
	if err != nil || next == nil {
		return 0, err
	}
	public, err := n.Public(ctx, *next) // may read by a connection of its own: not in the transaction
	if err != nil {
		return 0, fmt.Errorf("mail %s: %w", *next, err)
	}
	err = n.DB.InTx(ctx, func(tx *db.Tx) error { return n.mailBatch(ctx, tx, *next, public) })
	if err != nil {
		return 0, fmt.Errorf("mail %s: %w", *next, err)
	}
	return 0, nil
}

func (n *Notices) mailBatch(ctx context.Context, tx *db.Tx, object string, public bool) error {
	type open struct {
		Mailing
		Reached string `db:"reached"`
	}
	m, err := db.Find[open](ctx, tx, `SELECT `+mailingColumns+`, reached::text FROM notice.mailing
		WHERE object = $1 AND ended_at IS NULL FOR UPDATE SKIP LOCKED`, object)
	if err != nil || m == nil {
		return err
	}
	var owners []string
	if public { // withdrawn meanwhile: nobody more is told
		owners, err = db.List[string](ctx, tx, `SELECT DISTINCT owner_id::text AS owner FROM notice.choice
			WHERE type = $1 AND wanted AND owner_id > $2 ORDER BY owner LIMIT $3`, TypeNews, m.Reached, mailingBatch)
		if err != nil {
			return err
		}
	}
	for _, owner := range owners {
		err := n.Post(ctx, tx, Post{
			Owner: owner, Key: m.Object, Category: CategoryNews, Type: TypeNews, Topic: m.Topic, Args: m.Args, Object: m.Object, Words: []string{m.Args["title"]},
		})
		if err != nil {
			return err
		}
		m.Reached = owner
	}
	var ended *time.Time
	if len(owners) < mailingBatch {
		now := n.Clock.Now()
		ended = &now
	}
	_, err = tx.Exec(ctx, `UPDATE notice.mailing SET reached = $2, sent = sent + $3, ended_at = $4 WHERE object = $1`,
		m.Object, m.Reached, len(owners), ended)
	return err
}
