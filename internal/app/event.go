package app

import (
	"context"
	"net/http"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/account"
	portalexchange "github.com/okno-gov/okno/internal/portal/exchange"
	"github.com/okno-gov/okno/internal/portal/form"
)

// eventPath is where a portal takes the identity provider's security events;
// the registration of the portal as a client names it.
const eventPath = "/auth/events"

// newEvents carries out the identity provider's security events at a portal.
func (a *App) newEvents(p *portal, party *oidcrp.Party, others ...*oidcrp.Party) *portalexchange.Events {
	events := &portalexchange.Events{
		DB: p.db, Clock: a.clock, Party: party, Accounts: p.accounts, Notices: p.notices, Sites: append(others, party),
		OnDelete: []func(ctx context.Context, tx *db.Tx, owner string) error{p.applications.Forget, p.notices.Forget, p.support.Forget, p.forgetJournal},
		Witness:  p.witnessAccount,
	}
	events.Work(p.queue)
	return events
}

// withEvents lets a portal's site take security events too. They come from a
// program, without cookie or browser: no part of the site's frame fits them.
func withEvents(events, site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == eventPath {
			events.ServeHTTP(w, r)
			return
		}
		site.ServeHTTP(w, r)
	})
}

// profileRead keeps the confirmed contacts of a profile that a site has read:
// messages go to the newest ones.
func (p *portal) profileRead(ctx context.Context, f form.Profile) error {
	c := account.Contacts{}
	if f.Phone.Verified {
		c.Mobile = f.Phone.Value
	}
	if f.Email.Verified {
		c.Email = f.Email.Value
	}
	return p.db.InTx(ctx, func(tx *db.Tx) error {
		acc, err := p.accounts.FindBySubject(ctx, tx, f.Subject)
		if err != nil || acc == nil {
			return err
		}
		return p.accounts.SetContacts(ctx, tx, acc.ID, c, f.TakenAt)
	})
}
