package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/setting"
)

type deliverArgs struct {
	Entry string `json:"entry"`
}

// Kind implements job.Args.
func (deliverArgs) Kind() string { return "notice.deliver" }

// Work registers the delivery, the mailings and the end of old entries.
func (n *Notices) Work(q *job.Queue) {
	job.Handle(q, n.deliver)
	q.Sweep("notice.retention", time.Hour, n.erase)
	q.Sweep("notice.mailing", mailingEvery, n.mail)
}

// erase deletes entries older than the term of retention (G-22).
func (n *Notices) erase(ctx context.Context) (int, error) {
	var gone int64
	err := n.DB.InTx(ctx, func(tx *db.Tx) error {
		days, err := setting.Get(ctx, tx, setting.RetentionDays)
		if err != nil {
			return err
		}
		gone, err = tx.Exec(ctx, `DELETE FROM notice.entry WHERE id IN
			(SELECT id FROM notice.entry WHERE at <= $1 ORDER BY at LIMIT 500)`, n.Clock.Now().AddDate(0, 0, -days))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("erase old notices: %w", err)
	}
	return int(gone), nil
}

// deliver hands an entry to the outbox, once per channel that is wanted and
// that has a contact. The keys are stable, so that a second run adds nothing.
func (n *Notices) deliver(ctx context.Context, a deliverArgs) error {
	return n.DB.InTx(ctx, func(tx *db.Tx) error {
		row, err := db.Find[entryRow](ctx, tx, `SELECT `+entryColumns+` FROM notice.entry WHERE id = $1`, a.Entry)
		if err != nil {
			return fmt.Errorf("deliver notice %s: %w", a.Entry, err)
		}
		if row == nil {
			return nil // removed with its object
		}
		e := row.entry()
		acc, err := n.Accounts.GetIn(ctx, tx, e.Owner)
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("deliver notice %s: %w", e.ID, err)
		}
		if acc.ClosedAt != nil {
			return nil
		}
		contacts, err := n.Accounts.Contacts(ctx, tx, e.Owner)
		if err != nil {
			return fmt.Errorf("deliver notice %s: %w", e.ID, err)
		}
		s, err := n.settings(ctx, tx, e.Owner)
		if err != nil {
			return err
		}
		for _, m := range n.messages(ctx, &e, acc, contacts, s) {
			if err := n.Outbox.Enqueue(ctx, tx, m); err != nil {
				return fmt.Errorf("deliver notice %s by %s: %w", e.ID, m.Channel, err)
			}
		}
		return nil
	})
}

// messages renders an entry for each channel that it goes out by.
func (n *Notices) messages(ctx context.Context, e *Entry, acc *account.Account, c account.Contacts, s Settings) []outbound.Message {
	locale := acc.Locale
	if locale == "" {
		locale = "ru"
	}
	l := n.Bundle.For(locale)
	args := arguments(l, e.Args)
	if path := Path(e.Object); path != "" {
		args = append(args, "link", n.BaseURL+path)
	} else {
		args = append(args, "link", n.BaseURL+"/lk/notifications")
	}
	args = append(args, "portal", n.Portal(ctx, l.Lang()))
	var notBefore time.Time
	if s.Hours != nil {
		notBefore = s.Hours.next(n.Clock.Now(), n.Zone)
	}
	prefix, sms := "notice."+e.Topic, n.BaseURL+"/lk/" // not the object's address: with that an SMS takes a third part
	if e.Type == TypeNews {
		sms = n.BaseURL + "/news"
	}
	var out []outbound.Message
	// A contact that cannot be right must not hold up the other one.
	if ruid.Email(c.Email).Valid() && s.Wanted[e.Type][ChannelEmail] {
		out = append(out, outbound.Message{
			ID: "notice:" + e.ID + ":email", Channel: outbound.Email, Class: outbound.Notice, To: c.Email, NotBefore: notBefore,
			Subject: l.T(prefix+".subject", args...), Text: l.T(prefix+".email", args...) + "\n\n" + l.T("notice.signature", args...),
		})
	}
	if phone := ruid.Phone(c.Mobile); phone.Valid() && phone.IsMobile() && s.Wanted[e.Type][ChannelSMS] {
		out = append(out, outbound.Message{
			ID: "notice:" + e.ID + ":sms", Channel: outbound.SMS, Class: outbound.Notice, To: c.Mobile, NotBefore: notBefore,
			Text: l.T(prefix+".sms", append([]any{"link", sms}, args...)...),
		})
	}
	return out
}
