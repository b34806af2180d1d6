package support

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// Call is a request that came by phone, by a social network, by letter or by
// word of mouth and that an officer writes down (HLP-09, BO-21).
type Call struct {
	Officer string
	Key     string
	Channel Channel
	Name    string
	Email   string // where the answer goes; may be empty
	Topic   Topic
	Kind    Kind
	Text    string
	Source  string // of a social network: the address of the message
}

// Register makes a ticket of a call; the officer holds it.
func (t *Tickets) Register(ctx context.Context, c Call) (*Ticket, error) {
	n, err := c.check()
	if err != nil {
		return nil, err
	}
	var out *Ticket
	err = t.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := t.agent(ctx, tx, c.Officer)
		if err != nil {
			return err
		}
		if out, err = t.byKey(ctx, tx, c.Key, ""); err != nil || out != nil {
			return err
		}
		n.officer, n.officerName = o.ID, shortName(o)
		if out, err = t.insert(ctx, tx, n); err != nil {
			return err
		}
		return t.addMessage(ctx, tx, out.ID, n.key, Message{Side: SideCitizen, Text: n.text}, "")
	})
	if err != nil {
		return nil, fmt.Errorf("register call: %w", err)
	}
	return out, nil
}

func (c *Call) check() (*draft, error) {
	if !db.IsID(c.Key) {
		return nil, fault.Invalid("support.key_missing")
	}
	n := &draft{
		key: c.Key, channel: c.Channel, topic: c.Topic, kind: c.Kind, locale: "ru",
		content: Content{Name: strings.TrimSpace(c.Name), Page: CleanPage(c.Source)},
	}
	wrong := checkAbout(n)
	if !slices.Contains(Registered, c.Channel) {
		wrong = append(wrong, fault.F("channel", "support.channel_missing"))
	}
	if utf8.RuneCountInString(n.content.Name) > maxName {
		wrong = append(wrong, fault.F("name", "support.name_long", "n", maxName))
	}
	var bad []fault.Field
	n.content.Email, bad = checkEmail(c.Email, false)
	wrong = append(wrong, bad...)
	var badText *fault.Field
	if n.text, badText = checkText(c.Text, "text", "support.text_missing"); badText != nil {
		wrong = append(wrong, *badText)
	}
	if len(wrong) > 0 {
		return nil, fault.Invalid("support.invalid", wrong...)
	}
	return n, nil
}
