// Package notify writes to people: notices to all confirmed contacts of an
// account (C-09), a word to a single contact, and one-time codes. Texts are
// rendered here, in the person's language; delivery, encryption while waiting
// and repeats belong to the outbox behind [Outbox].
//
// A notice has the messages notify.<key>.subject, notify.<key>.text (e-mail) and
// notify.<key>.sms. A code has the same under its key and the argument code.
package notify

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/outbound"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema notify.
func Migrations() db.Source { return db.Source{Context: "notify", FS: migrations, Tables: tables} }

// Channel is how a message travels.
type Channel = outbound.Channel

// The channels.
const (
	SMS   = outbound.SMS
	Email = outbound.Email
)

// Outbox takes a message in the transaction of what it tells: outbound.Outbox.
type Outbox interface {
	Enqueue(ctx context.Context, tx *db.Tx, m outbound.Message) error
}

// Contacts says where and in which language to write to a person:
// person.Persons.Reach.
type Contacts func(ctx context.Context, tx *db.Tx, oid int64) (locale string, phones, emails []string, err error)

// Key is an argument that is itself a message, such as a reason.
type Key string

// Notices are the use cases.
type Notices struct {
	DB       *db.DB
	Clock    *clock.Clock
	Bundle   *i18n.Bundle
	Outbox   Outbox
	Contacts Contacts
	// Site is the public base of the identity provider without a slash at the
	// end, for links; Brand is its name; Zone rules printed times.
	Site  string
	Brand string
	Zone  *time.Location
}

// Tell writes a notice to all confirmed contacts of a person. It cannot be
// switched off. args are alternating name, value; a value of type time.Time is
// printed as date and time in Zone, a [Key] in the person's language.
func (n *Notices) Tell(ctx context.Context, tx *db.Tx, oid int64, key string, args ...any) error {
	return n.tell(ctx, tx, db.NewID(), oid, key, args)
}

// TellOnce is Tell that does nothing when the same once was told before.
func (n *Notices) TellOnce(ctx context.Context, tx *db.Tx, once string, oid int64, key string, args ...any) error {
	return n.tell(ctx, tx, once, oid, key, args)
}

func (n *Notices) tell(ctx context.Context, tx *db.Tx, id string, oid int64, key string, args []any) error {
	locale, phones, emails, err := n.Contacts(ctx, tx, oid)
	if err != nil {
		return fmt.Errorf("tell %s: %w", key, err)
	}
	for i, to := range phones {
		if err := n.send(ctx, tx, id+":sms:"+strconv.Itoa(i), locale, SMS, to, key, args, time.Time{}); err != nil {
			return err
		}
	}
	for i, to := range emails {
		if err := n.send(ctx, tx, id+":email:"+strconv.Itoa(i), locale, Email, to, key, args, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// TellContact writes a notice to one address: to a contact that has just been
// replaced, or to an address that is nobody's yet.
func (n *Notices) TellContact(ctx context.Context, tx *db.Tx, locale string, ch Channel, to, key string, args ...any) error {
	return n.send(ctx, tx, db.NewID(), locale, ch, to, key, args, time.Time{})
}

// TellContactOnce is TellContact that does nothing when the same once was told before.
func (n *Notices) TellContactOnce(ctx context.Context, tx *db.Tx, once, locale string, ch Channel, to, key string, args ...any) error {
	return n.send(ctx, tx, once, locale, ch, to, key, args, time.Time{})
}

// Secret writes a code or a one-time link, worthless after expires.
func (n *Notices) Secret(ctx context.Context, tx *db.Tx, locale string, ch Channel, to, key string, expires time.Time, args ...any) error {
	return n.send(ctx, tx, db.NewID(), locale, ch, to, key, args, expires)
}

func (n *Notices) send(ctx context.Context, tx *db.Tx, id, locale string, ch Channel, to, key string, args []any, expires time.Time) error {
	l := n.Bundle.For(locale)
	filled := make([]any, 0, len(args)+4)
	for _, a := range args {
		switch v := a.(type) {
		case time.Time:
			a = l.DateTime(v, n.Zone)
		case Key:
			a = l.T(string(v), "brand", n.Brand)
		}
		filled = append(filled, a)
	}
	filled = append(filled, "brand", n.Brand, "site", n.Site)
	m := outbound.Message{ID: "idp:" + id, Channel: ch, To: to, Class: outbound.Notice, Expires: expires}
	if !expires.IsZero() {
		m.Class = outbound.Code
	}
	if ch == SMS {
		m.Text = l.T("notify."+key+".sms", filled...)
	} else {
		m.Subject = l.T("notify."+key+".subject", filled...)
		m.Text = l.T("notify.hello") + "\n\n" + l.T("notify."+key+".text", filled...) + "\n\n" + l.T("notify.bye", filled...)
	}
	if err := n.Outbox.Enqueue(ctx, tx, m); err != nil {
		return fmt.Errorf("send %s by %s: %w", key, ch, err)
	}
	return nil
}

// SignedIn tells by e-mail of a sign-in, when the person wants that (ID-SEC-05).
func (n *Notices) SignedIn(ctx context.Context, tx *db.Tx, oid int64, device, address string, at time.Time) error {
	on, err := db.Find[bool](ctx, tx, `SELECT signed_in FROM notify.preference WHERE oid = $1`, oid)
	if err != nil {
		return fmt.Errorf("read preference: %w", err)
	}
	if on == nil || !*on {
		return nil
	}
	locale, _, emails, err := n.Contacts(ctx, tx, oid)
	if err != nil {
		return err
	}
	for _, to := range emails {
		if err := n.TellContact(ctx, tx, locale, Email, to, "signed_in", "device", device, "address", address, "at", at); err != nil {
			return err
		}
	}
	return nil
}

// WantsSignedIn tells whether a person is told of sign-ins.
func (n *Notices) WantsSignedIn(ctx context.Context, oid int64) (bool, error) {
	var on *bool
	err := n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		on, err = db.Find[bool](ctx, tx, `SELECT signed_in FROM notify.preference WHERE oid = $1`, oid)
		return err
	})
	return on != nil && *on, err
}

// SetSignedIn switches the notice of sign-ins.
func (n *Notices) SetSignedIn(ctx context.Context, tx *db.Tx, oid int64, on bool) error {
	_, err := tx.Exec(ctx, `INSERT INTO notify.preference (oid, signed_in) VALUES ($1, $2)
		ON CONFLICT (oid) DO UPDATE SET signed_in = excluded.signed_in`, oid, on)
	return err
}

// Erase removes what a deleted account leaves: wired into person.Persons.OnDelete.
func (n *Notices) Erase(ctx context.Context, tx *db.Tx, oid int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM notify.preference WHERE oid = $1`, oid)
	return err
}
