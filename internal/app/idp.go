package app

import (
	"context"
	"time"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/consent"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/event"
	idpexchange "github.com/okno-gov/okno/internal/idp/exchange"
	idpjournal "github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/oidc"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/rest"
	"github.com/okno-gov/okno/internal/idp/session"
	idpsetting "github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/idp/signin"
	"github.com/okno-gov/okno/internal/idp/token"
	"github.com/okno-gov/okno/internal/site/desksite"
	"github.com/okno-gov/okno/internal/site/idsite"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// idp is the identity provider: its contexts and its sites.
type idp struct {
	cfg      *IDPConfig
	db       *db.DB
	queue    *job.Queue
	outbox   *outbound.Outbox
	settings *idpsetting.Settings
	journal  *idpjournal.Journal
	events   *event.Outbox
	persons  *person.Persons
	creds    *credential.Credentials
	sessions *session.Sessions
	clients  *client.Clients
	consents *consent.Consents
	keys     *token.Keys
	issuer   *token.Issuer
	notices  *notify.Notices
	signin   *signin.Dispatcher
	enrol    *enrol.Enrolments
	operator *operator.Operators
	oidc     *oidc.Provider
}

func idpMigrations() []db.Source {
	return []db.Source{
		ledger.Migrations(), outbound.Migrations(), oidcrp.Migrations(), idpsetting.Migrations(), idpjournal.Migrations(),
		event.Migrations(), notify.Migrations(), person.Migrations(), credential.Migrations(), session.Migrations(),
		client.Migrations(), consent.Migrations(), token.Migrations(), signin.Migrations(), enrol.Migrations(), operator.Migrations(),
	}
}

func (a *App) newIDP(ctx context.Context) (*idp, error) {
	cfg := a.cfg.IDP
	d, err := a.openDatabase(ctx, cfg.Database, idpDatabase)
	if err != nil {
		return nil, err
	}
	p := &idp{cfg: cfg, db: d, queue: a.newQueue(d, idpMigrations())}
	p.outbox = a.newOutbox(d, p.queue, always(a.bundle.For("ru").T("ops.system.idp")))
	p.settings = &idpsetting.Settings{DB: d, Clock: a.clock}
	p.journal = &idpjournal.Journal{DB: d, Clock: a.clock, Keys: a.keys}
	p.events = &event.Outbox{DB: d, Clock: a.clock, Queue: p.queue}
	p.persons = &person.Persons{DB: d, Clock: a.clock, Keys: a.keys, Events: p.events}
	p.notices = &notify.Notices{
		DB: d, Clock: a.clock, Bundle: a.bundle, Outbox: p.outbox, Contacts: p.persons.Reach,
		Site: cfg.URL, Brand: "Окно", Zone: zone(cfg.Zone, "Europe/Moscow"),
	}
	p.sessions = &session.Sessions{DB: d, Clock: a.clock, Keys: a.keys, Settings: p.settings}
	p.creds = &credential.Credentials{
		DB: d, Clock: a.clock, Keys: a.keys, Passwords: crypt.NewPasswordsOn(a.cost, cores()), Settings: p.settings, Journal: p.journal, Owner: p.notices,
	}
	a.wireProtocol(p)
	a.wireEnrolment(p)
	for _, w := range []interface{ Work(q *job.Queue) }{
		p.outbox, p.events, p.clients, p.consents, p.issuer, p.signin, p.enrol, p.operator,
	} {
		w.Work(p.queue)
	}
	p.queue.Sweep("session.erase", time.Hour, p.sessions.EraseEnded)
	p.queue.Sweep("credential.erase", time.Hour, p.creds.EraseOld)
	p.journal.Work(p.queue, func(ctx context.Context) (time.Duration, error) {
		v, err := p.settings.Get(ctx)
		return v.JournalTerm.D(), err
	})
	p.persons.Witness = p.witnessPerson
	p.persons.OnDelete = append(p.persons.OnDelete, p.enrol.Erase, p.creds.Erase, p.consents.Forget, p.issuer.Forget, p.signin.Forget, p.sessions.Erase,
		p.operator.Erase, p.notices.Erase, p.journal.Erase)
	a.serveIDP(p)
	return p, nil
}

// wireProtocol builds what speaks with relying parties.
func (a *App) wireProtocol(p *idp) {
	d := p.db
	push := &idpexchange.Push{HTTP: a.calls.Client("relying-party")}
	p.clients = &client.Clients{DB: d, Clock: a.clock, Keys: a.keys}
	p.consents = &consent.Consents{DB: d, Clock: a.clock, Clients: p.clients, Events: p.events, Journal: p.journal, Owner: p.notices}
	p.keys = &token.Keys{DB: d, Clock: a.clock, Keyring: a.keys}
	p.issuer = &token.Issuer{
		DB: d, Clock: a.clock, Keyring: a.keys, Keys: p.keys, Queue: p.queue, Persons: p.persons, Consents: p.consents,
		Clients: p.clients, URL: p.cfg.URL, Poster: push,
	}
	p.sessions.OnEnd = append(p.sessions.OnEnd, p.issuer.SessionsEnded)
	p.events.Receivers, p.events.Signer, p.events.Sender = p.consents, p.issuer, push
	p.signin = &signin.Dispatcher{
		DB: d, Clock: a.clock, Keys: a.keys, Persons: p.persons, Credentials: p.creds, Sessions: p.sessions,
		Clients: p.clients, Consents: p.consents, Issuer: p.issuer, Journal: p.journal, Owner: p.notices,
	}
	p.oidc = &oidc.Provider{
		DB: d, Clock: a.clock, Keys: a.keys, Clients: p.clients, Consents: p.consents, Issuer: p.issuer,
		Dispatcher: p.signin, Sessions: p.sessions, Journal: p.journal,
	}
}

// wireEnrolment builds registration, checks and the operators' work.
func (a *App) wireEnrolment(p *idp) {
	p.enrol = &enrol.Enrolments{
		DB: p.db, Clock: a.clock, Keys: a.keys, Settings: p.settings, Journal: p.journal, Persons: p.persons,
		Credentials: p.creds, Sessions: p.sessions, Notices: p.notices, Queue: p.queue, Zone: zone(p.cfg.Zone, "Europe/Moscow"),
		Identity: &idpexchange.MVD{Endpoint: a.endpoint("mvd", p.cfg.MVD)},
		Pension:  &idpexchange.SFR{Endpoint: a.endpoint("sfr", p.cfg.SFR)},
	}
	if p.cfg.FNS.URL != "" {
		p.enrol.Tax = &idpexchange.FNS{Endpoint: a.endpoint("fns", p.cfg.FNS)}
	}
	p.operator = &operator.Operators{
		DB: p.db, Clock: a.clock, Keys: a.keys, Journal: p.journal, Persons: p.persons, Enrolments: p.enrol,
		Credentials: p.creds, Sessions: p.sessions, Notices: p.notices,
	}
}

func (a *App) serveIDP(p *idp) {
	if a.cfg.has("idp") {
		site := &idsite.Site{
			Bundle: a.bundle, Log: a.log, Secure: secure(p.cfg.URL), TrustedProxies: a.proxies(), Metrics: a.metrics, Admission: a.entry, Clock: a.clock,
			Keys: a.keys, Zone: zone(p.cfg.Zone, "Europe/Moscow"), Brand: layout.Brand{Name: "Окно", Sub: "Единая учётная запись"},
			HelpURL: below(p.cfg.HelpURL, "/help/"), ReportURL: below(p.cfg.HelpURL, "/report"),
			Dispatcher: p.signin, Persons: p.persons, Credentials: p.creds, Sessions: p.sessions, Clients: p.clients,
			Consents: p.consents, Journal: p.journal, Settings: p.settings, Enrolments: p.enrol, Notices: p.notices, Operators: p.operator, OIDC: p.oidc,
			REST: &rest.Profiles{Issuer: p.issuer, Persons: p.persons, Consents: p.consents, Settings: p.settings},
		}
		a.addHost(p.cfg.URL, site.Handler())
	}
	if p.cfg.DeskURL != "" {
		party := &oidcrp.Party{
			DB: p.db, Clock: a.clock, Keys: a.keys, HTTP: a.calls.Client("identity-provider"),
			Config: oidcrp.Config{
				Issuer: p.cfg.URL, ClientID: "okno-desk", ClientSecret: a.clientSecret(ClientConfig{ID: "okno-desk"}),
				RedirectURL: p.cfg.DeskURL + "/auth/callback", PostLogoutURL: p.cfg.DeskURL + "/",
				Scopes: []string{"openid", "fullname"}, CookieName: "desk", Secure: secure(p.cfg.DeskURL), ACR: "2fa",
			},
		}
		party.Work(p.queue)
		if !a.cfg.has("desk") {
			return
		}
		desk := &desksite.Site{
			Bundle: a.bundle, Log: a.log, Secure: secure(p.cfg.DeskURL), TrustedProxies: a.proxies(), Metrics: a.metrics, Clock: a.clock,
			Zone: zone(p.cfg.Zone, "Europe/Moscow"), Brand: layout.Brand{Name: "Окно", Sub: "Центр обслуживания"},
			ReportURL: below(p.cfg.HelpURL, "/report"), Party: party, Operators: p.operator,
			URL: p.cfg.DeskURL, Clients: p.clients, Settings: p.settings, SigningKeys: p.keys,
		}
		a.addHost(p.cfg.DeskURL, desk.Handler())
	}
}

func (a *App) endpoint(name string, c RegisterConfig) idpexchange.Endpoint {
	return idpexchange.Endpoint{URL: c.URL, Token: string(c.Token), HTTP: a.calls.Client(name)}
}

func below(base, path string) string {
	if base == "" {
		return ""
	}
	return base + path
}
