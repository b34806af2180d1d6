package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

type sendCode struct {
	ID string `json:"id"`
}

func (sendCode) Kind() string { return "outbound.code" }

type sendNotice struct {
	ID string `json:"id"`
}

func (sendNotice) Kind() string { return "outbound.notice" }

// Bounds of the tries; the expiry of a message comes first in general.
const (
	codeAttempts   = 30
	noticeAttempts = 35
)

// Work registers the jobs and sweeps of the outbox.
func (o *Outbox) Work(q *job.Queue) {
	backoff := o.Backoff
	if backoff == nil {
		backoff = defaultBackoff
	}
	job.Handle(q, func(ctx context.Context, a sendCode) error { return o.send(ctx, a.ID) }, job.MaxAttempts(codeAttempts),
		job.Backoff(func(attempt int) time.Duration { return backoff(Code, attempt) }))
	job.Handle(q, func(ctx context.Context, a sendNotice) error { return o.send(ctx, a.ID) }, job.MaxAttempts(noticeAttempts),
		job.Backoff(func(attempt int) time.Duration { return backoff(Notice, attempt) }))
	q.Sweep("outbound.due", 10*time.Second, o.sweepDue)
	q.Sweep("outbound.tidy", time.Minute, o.sweepTidy)
}

// defaultBackoff is short for codes, since somebody waits; a notice may wait up to three hours between attempts.
func defaultBackoff(c Class, attempt int) time.Duration {
	pause := time.Second << min(attempt-1, 14)
	if c == Code {
		return min(pause, 20*time.Second)
	}
	pause = min(pause, 3*time.Hour)
	return pause + rand.N(pause/4)
}

func (o *Outbox) enqueueJob(ctx context.Context, tx *db.Tx, id string, class Class) error {
	if class == Code {
		return o.Queue.Enqueue(ctx, tx, sendCode{id})
	}
	return o.Queue.Enqueue(ctx, tx, sendNotice{id})
}

type claim struct {
	Channel   Channel   `db:"channel"`
	Class     Class     `db:"class"`
	State     State     `db:"state"`
	Sealed    []byte    `db:"sealed"`
	ExpiresAt time.Time `db:"expires_at"`
	CreatedAt time.Time `db:"created_at"`
}

// send makes one attempt: claim, deliver, record. Between claim and record the row says «sending», so that after a
// crash a code is not sent a second time.
func (o *Outbox) send(ctx context.Context, id string) error {
	c, err := o.claim(ctx, id)
	if err != nil || c == nil {
		return err
	}
	envelope, err := o.envelope(id, *c)
	if err != nil {
		return o.end(ctx, id, Failed, "the row does not open", err)
	}
	sender, ok := o.Senders[c.Channel]
	if !ok {
		// An administrator mends that; the message waits as long as its term allows.
		return o.record(ctx, id, c.Class, &Failure{Deferred, "no gateway is configured for " + string(c.Channel)})
	}
	sctx, cancel := context.WithTimeout(ctx, sendTerm)
	err = sender.Send(sctx, envelope)
	cancel()
	// The outcome is recorded even when the program is stopping.
	return o.record(context.WithoutCancel(ctx), id, c.Class, err)
}

// claim marks the message as being sent; nil means that there is nothing to send.
func (o *Outbox) claim(ctx context.Context, id string) (*claim, error) {
	var out *claim
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		out = nil
		c, err := db.Find[claim](ctx, tx, `SELECT channel, class, state, sealed, expires_at, created_at FROM outbound.message
			WHERE id = $1 AND ended_at IS NULL FOR UPDATE`, id)
		if err != nil || c == nil {
			return err
		}
		switch {
		case c.Class == Code && c.State == Sending:
			return o.endTx(ctx, tx, id, Failed, "unknown whether it was sent: the program stopped meanwhile")
		case !c.ExpiresAt.After(o.Clock.Now()):
			return o.endTx(ctx, tx, id, Expired, "")
		}
		if _, err := tx.Exec(ctx, `UPDATE outbound.message SET state = 'sending', attempts = attempts + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		out = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim message %s: %w", id, err)
	}
	return out, nil
}

func (o *Outbox) envelope(id string, c claim) (Envelope, error) {
	plain, err := o.Keys.Open(c.Sealed, aad(id))
	if err != nil {
		return Envelope{}, err
	}
	var body content
	if err := json.Unmarshal(plain, &body); err != nil {
		return Envelope{}, errors.New("the sealed content is no message")
	}
	sum := sha256.Sum256([]byte(id))
	return Envelope{
		Key: hex.EncodeToString(sum[:16]), To: body.To, Subject: body.Subject, Text: body.Text, HTML: body.HTML, Date: c.CreatedAt,
	}, nil
}

// record writes what became of an attempt, and returns an error when the job must be run again.
func (o *Outbox) record(ctx context.Context, id string, class Class, err error) error {
	if err == nil {
		return o.end(ctx, id, Sent, "", nil)
	}
	f := failure(err)
	_, last := job.Attempt(ctx)
	switch {
	case f.Fate == Refused, f.Fate == Unknown && class == Code, last:
		return o.end(ctx, id, Failed, f.Error(), nil)
	}
	rerr := o.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbound.message SET state = 'queued', failure = $2 WHERE id = $1 AND ended_at IS NULL`, id, f.Error())
		return err
	})
	return fmt.Errorf("send message %s: %w", id, errors.Join(f, rerr))
}

func (o *Outbox) end(ctx context.Context, id string, s State, failure string, cause error) error {
	err := o.DB.InTx(ctx, func(tx *db.Tx) error { return o.endTx(ctx, tx, id, s, failure) })
	if err = errors.Join(cause, err); err != nil {
		return fmt.Errorf("end message %s: %w", id, err)
	}
	return nil
}

func (o *Outbox) endTx(ctx context.Context, tx *db.Tx, id string, s State, failure string) error {
	_, err := tx.Exec(ctx, `UPDATE outbound.message SET state = $2, failure = $3, sealed = NULL, ended_at = $4
		WHERE id = $1 AND ended_at IS NULL`, id, s, failure, o.Clock.Now())
	return err
}

// sweepDue queues messages whose time has come.
func (o *Outbox) sweepDue(ctx context.Context) (int, error) {
	type due struct {
		ID    string `db:"id"`
		Class Class  `db:"class"`
	}
	found := 0
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := db.List[due](ctx, tx, `UPDATE outbound.message SET state = 'queued' WHERE id IN (
			SELECT id FROM outbound.message WHERE state = 'waiting' AND not_before <= $1 ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED)
			RETURNING id, class`, o.Clock.Now(), sweepBatch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := o.enqueueJob(ctx, tx, r.ID, r.Class); err != nil {
				return err
			}
		}
		found = len(rows)
		return nil
	})
	return found, err
}

// sweepTidy ends messages whose time is over, also when their job is lost, and removes old lines. A row that is being
// sent is left to its attempt for a while longer.
func (o *Outbox) sweepTidy(ctx context.Context) (int, error) {
	now := o.Clock.Now()
	var n int64
	err := o.DB.InTx(ctx, func(tx *db.Tx) error {
		ended, err := tx.Exec(ctx, `UPDATE outbound.message SET state = CASE WHEN state = 'sending' AND class = 'code' THEN 'failed' ELSE 'expired' END,
			failure = CASE WHEN state = 'sending' AND class = 'code' THEN 'unknown whether it was sent: the program stopped meanwhile' ELSE failure END,
			sealed = NULL, ended_at = $1
			WHERE id IN (SELECT id FROM outbound.message WHERE ended_at IS NULL
				AND (expires_at <= $2 OR expires_at <= $1 AND state <> 'sending') LIMIT $3 FOR UPDATE SKIP LOCKED)`,
			now, now.Add(-5*time.Minute), sweepBatch)
		if err != nil {
			return err
		}
		removed, err := tx.Exec(ctx, `DELETE FROM outbound.message WHERE id IN (
			SELECT id FROM outbound.message WHERE ended_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-keepEnded), sweepBatch)
		n = ended + removed
		return err
	})
	return int(n), err
}
