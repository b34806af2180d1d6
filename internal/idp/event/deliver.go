package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

// deliver are the arguments of the job event.deliver.
type deliver struct {
	Event    string `json:"event" db:"event"`
	Receiver string `json:"receiver" db:"receiver"`
}

// Kind names the job.
func (deliver) Kind() string { return "event.deliver" }

// Work registers delivery, the sweep that repeats it and the erasure.
func (o *Outbox) Work(q *job.Queue) {
	o.Queue = q
	job.Handle(q, o.deliver, job.Timeout(15*time.Second))
	q.Sweep("event.retry", 5*time.Second, o.retry)
	q.Sweep("event.erase", time.Hour, o.erase)
}

const (
	giveUpAfter = 72 * time.Hour
	keptFor     = 30 * 24 * time.Hour
	retryGap    = 30 * time.Second // a fresh delivery's own job gets that long before the sweep repeats it
)

// pause grows from half a minute to an hour.
func pause(attempts int) time.Duration {
	return min(retryGap<<min(attempts, 10), time.Hour)
}

type waiting struct {
	Type     string            `db:"type"`
	OID      int64             `db:"oid"`
	Payload  map[string]string `db:"payload"`
	At       time.Time         `db:"at"`
	State    string            `db:"state"`
	Attempts int               `db:"attempts"`
}

// deliver pushes one event to one receiver. A failure is noted in the row and
// repeated by the sweep, by domain time; the job itself does not fail.
func (o *Outbox) deliver(ctx context.Context, a deliver) error {
	if o.Sender == nil || o.Signer == nil || o.Receivers == nil {
		return nil
	}
	var w *waiting
	var to *Receiver
	err := o.DB.Read(ctx, func(tx *db.Tx) (err error) {
		w, err = db.Find[waiting](ctx, tx, `SELECT e.type, e.oid, e.payload, e.at, d.state, d.attempts
			FROM event.delivery d JOIN event.event e ON e.id = d.event_id WHERE d.event_id = $1 AND d.receiver = $2`, a.Event, a.Receiver)
		if err != nil || w == nil {
			return err
		}
		to, err = o.Receivers.EventReceiver(ctx, tx, a.Receiver)
		return err
	})
	if err != nil {
		return fmt.Errorf("deliver event: %w", err)
	}
	if w == nil || w.State != "waiting" {
		return nil
	}
	if to == nil { // the receiver is gone or takes no events any more
		return o.end(ctx, a, "failed", "receiver takes no events")
	}
	token, err := o.token(ctx, a.Event, w, to)
	if err != nil {
		return err
	}
	if err := o.Sender.SendEvent(ctx, *to, token); err != nil {
		return o.failed(ctx, a, w, err)
	}
	return o.end(ctx, a, "delivered", "")
}

// token builds the security event token. The subject is iss_sub of RFC 9493;
// iat is wall time, since a foreign program checks it.
func (o *Outbox) token(ctx context.Context, id string, w *waiting, to *Receiver) (string, error) {
	body := map[string]any{"event_timestamp": w.At.Unix()}
	for k, v := range w.Payload {
		body[k] = v
	}
	claims, err := json.Marshal(map[string]any{
		"iss": o.Signer.Issuer(), "aud": to.ID, "jti": id, "iat": o.Clock.Wall().Unix(),
		"sub_id": map[string]string{"format": "iss_sub", "iss": o.Signer.Issuer(), "sub": strconv.FormatInt(w.OID, 10)},
		"events": map[string]any{Type(w.Type).URI(): body},
	})
	if err != nil {
		return "", err
	}
	token, err := o.Signer.SignEvent(ctx, claims)
	if err != nil {
		return "", fmt.Errorf("sign event: %w", err)
	}
	return token, nil
}

func (o *Outbox) end(ctx context.Context, a deliver, state, reason string) error {
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE event.delivery SET state = $3, attempts = attempts + 1, error = $4, delivered_at = $5
			WHERE event_id = $1 AND receiver = $2 AND state = 'waiting'`, a.Event, a.Receiver, state, reason, o.Clock.Now())
		return err
	})
}

func (o *Outbox) failed(ctx context.Context, a deliver, w *waiting, cause error) error {
	now := o.Clock.Now()
	if now.Sub(w.At) > giveUpAfter {
		return o.end(ctx, a, "failed", cause.Error())
	}
	return o.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE event.delivery SET attempts = attempts + 1, error = $3, due_at = $4
			WHERE event_id = $1 AND receiver = $2 AND state = 'waiting'`, a.Event, a.Receiver, cause.Error(), now.Add(pause(w.Attempts)))
		return err
	})
}

// retry enqueues deliveries whose time has come again.
func (o *Outbox) retry(ctx context.Context) (int, error) {
	n := 0
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		now := o.Clock.Now()
		due, err := db.List[deliver](ctx, tx, `UPDATE event.delivery SET due_at = $2 WHERE (event_id, receiver) IN
			(SELECT event_id, receiver FROM event.delivery WHERE state = 'waiting' AND due_at <= $1 AND (attempts > 0 OR due_at <= $3)
			ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED)
			RETURNING event_id::text AS event, receiver`, now, now.Add(retryGap), now.Add(-retryGap))
		if err != nil {
			return err
		}
		n = len(due)
		for _, d := range due {
			if err := o.Queue.Enqueue(ctx, tx, d, job.Unique()); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (o *Outbox) erase(ctx context.Context) (int, error) {
	var n int64
	err := o.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM event.event WHERE id IN
			(SELECT id FROM event.event WHERE at < $1 LIMIT 1000)`, o.Clock.Now().Add(-keptFor))
		return err
	})
	return int(n), err
}
