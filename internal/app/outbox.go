package app

import (
	"context"
	"net"
	"net/mail"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
)

// newOutbox gives a database its outbox with the configured gateways. A channel
// without gateway keeps its messages waiting, visibly. Letters come from name:
// people look at that before they look at the address.
func (a *App) newOutbox(d *db.DB, q *job.Queue, name func(context.Context) string) *outbound.Outbox {
	o := &outbound.Outbox{DB: d, Clock: a.clock, Keys: a.keys, Queue: q, Senders: map[outbound.Channel]outbound.Sender{}}
	if s := a.mailer(name); s != nil {
		o.Senders[outbound.Email] = s
	}
	if s := a.smsSender(); s != nil {
		o.Senders[outbound.SMS] = s
	}
	return o
}

func (a *App) mailer(name func(context.Context) string) outbound.Sender {
	c := a.cfg.Mail
	if c.Address == "" {
		return nil
	}
	m := &outbound.Mail{Addr: c.Address, From: mail.Address{Address: c.From}, Name: name, User: c.User, Password: string(c.Password)}
	if m.Security = outbound.Security(c.Security); c.Security == "" {
		m.Security = outbound.StartTLS
	}
	if host, _, err := net.SplitHostPort(c.Address); err == nil && c.From == "" {
		m.From.Address = "okno@" + host
	}
	return m
}

func (a *App) smsSender() outbound.Sender {
	c := a.cfg.SMS
	switch {
	case c.SMPP != "":
		s := &outbound.SMPP{Addr: c.SMPP, SystemID: c.User, Password: string(c.Password), Source: c.From}
		a.gateways = append(a.gateways, s) // it keeps its connection until it is closed
		return s
	case c.URL != "":
		return &outbound.SMSGateway{URL: c.URL, Token: string(c.Token), Sender: c.From, Client: a.calls.Client("sms")}
	}
	return nil
}
