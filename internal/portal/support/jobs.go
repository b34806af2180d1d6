package support

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// Work registers the watch over terms, the end of answered tickets and the
// eraser.
func (t *Tickets) Work(q *job.Queue) {
	q.Sweep("support.overdue", time.Minute, t.watch)
	q.Sweep("support.close", time.Hour, t.closeQuiet)
	q.Sweep("support.erase", time.Hour, t.erase)
}

const batch = 200

// watch marks tickets whose term is over and tells their owners (HLP-07).
func (t *Tickets) watch(ctx context.Context) (int, error) {
	return t.each(ctx, `NOT overdue AND status IN ('new', 'in_work') AND due_at <= $1 ORDER BY due_at`, t.Clock.Now(),
		func(tx *db.Tx, x *Ticket) error {
			if _, err := tx.Exec(ctx, `UPDATE support.ticket SET overdue = true WHERE id = $1`, x.ID); err != nil {
				return fmt.Errorf("mark ticket %s: %w", x.ID, err)
			}
			return t.tell(ctx, tx, x, "overdue", "", nil)
		})
}

// closeQuiet closes answered tickets to which nobody has come back.
func (t *Tickets) closeQuiet(ctx context.Context) (int, error) {
	days, err := t.days(ctx, CloseDays)
	if err != nil {
		return 0, err
	}
	return t.each(ctx, `status = 'answered' AND changed_at <= $1 ORDER BY changed_at`, t.Clock.Now().AddDate(0, 0, -days),
		func(tx *db.Tx, x *Ticket) error {
			t.end(x, EndingQuiet)
			return t.save(ctx, tx, x)
		})
}

// erase deletes closed tickets whose time of keeping is over, with their texts
// and what the feed says of them, and old counters.
func (t *Tickets) erase(ctx context.Context) (int, error) {
	days, err := t.days(ctx, setting.RetentionDays)
	if err != nil {
		return 0, err
	}
	now := t.Clock.Now()
	err = t.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM support.quota WHERE hour < $1`, now.Add(-48*time.Hour))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase counters: %w", err)
	}
	return t.each(ctx, `status = 'closed' AND closed_at <= $1 ORDER BY closed_at`, now.AddDate(0, 0, -days),
		func(tx *db.Tx, x *Ticket) error {
			if _, err := tx.Exec(ctx, `DELETE FROM support.ticket WHERE id = $1`, x.ID); err != nil {
				return fmt.Errorf("erase ticket %s: %w", x.ID, err)
			}
			if x.Owner == "" {
				return nil
			}
			return t.Notices.Remove(ctx, tx, x.Owner, Object(x.ID))
		})
}

func (t *Tickets) days(ctx context.Context, k *setting.Key[int]) (n int, err error) {
	err = t.DB.Read(ctx, func(tx *db.Tx) error {
		n, err = setting.Get(ctx, tx, k)
		return err
	})
	return n, err
}

// each runs fn on a batch of tickets in one transaction.
func (t *Tickets) each(ctx context.Context, where string, at time.Time, fn func(tx *db.Tx, x *Ticket) error) (int, error) {
	n := 0
	err := t.DB.InTx(ctx, func(tx *db.Tx) error {
		rows, err := db.List[ticketRow](ctx, tx, `SELECT `+ticketColumns+` FROM support.ticket WHERE `+where+` LIMIT $2 FOR UPDATE SKIP LOCKED`, at, batch)
		if err != nil {
			return fmt.Errorf("sweep tickets: %w", err)
		}
		for i := range rows {
			x, err := t.ticket(&rows[i])
			if err != nil {
				return err
			}
			if err := fn(tx, x); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	return n, err
}

// mail sends an answer to somebody without an account, in the language of his
// request. The key makes it one letter.
func (t *Tickets) mail(ctx context.Context, tx *db.Tx, x *Ticket, key, text string) error {
	if x.Owner != "" || x.Email == "" {
		return nil
	}
	l := t.Bundle.For(x.Locale)
	args := []any{"number", x.Number, "portal", t.Portal(ctx, l.Lang()), "text", text, "link", t.BaseURL + "/support"}
	err := t.Outbox.Enqueue(ctx, tx, outbound.Message{
		ID: "support:" + x.ID + ":" + key + ":email", Channel: outbound.Email, Class: outbound.Notice, To: x.Email,
		Subject: l.T("support.mail.subject", args...), Text: l.T("support.mail.text", args...),
	})
	if err != nil {
		return fmt.Errorf("mail answer of ticket %s: %w", x.ID, err)
	}
	return nil
}
