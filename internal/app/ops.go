package app

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/opssite"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// opsClient is what an identity provider of this deployment knows the site as.
const opsClient = "okno-ops"

// serveOps builds the operations site and the metrics. Its sessions lie in the
// first database of the process.
func (a *App) serveOps(ctx context.Context) error {
	systems := a.systems()
	a.measure(systems)
	if a.cfg.Ops.URL == "" {
		return nil
	}
	cfg := a.cfg.Ops
	if cfg.Client.ID == "" {
		cfg.Client.ID = opsClient
	}
	if cfg.Issuer == "" && a.idp != nil {
		cfg.Issuer = a.idp.cfg.URL
	}
	party := &oidcrp.Party{
		DB: a.databases[0], Clock: a.clock, Keys: a.keys, HTTP: a.calls.Client("identity-provider"),
		Config: oidcrp.Config{
			Issuer: cfg.Issuer, ClientID: cfg.Client.ID, ClientSecret: a.opsSecret(cfg.Client), RedirectURL: cfg.URL + "/auth/callback",
			PostLogoutURL: cfg.URL + "/", Scopes: []string{"openid", "fullname"}, CookieName: "ops", Secure: secure(cfg.URL), ACR: "2fa",
		},
	}
	party.Work(a.queues[0])
	if !a.cfg.has("ops") {
		return nil
	}
	if a.idp != nil && cfg.Issuer == a.idp.cfg.URL {
		if err := a.putOwn(ctx, staffClient(cfg.Client.ID, a.bundle.For("ru").T("ops.brand"), cfg.URL), cfg.Client); err != nil {
			return err
		}
	}
	site := &opssite.Site{
		Bundle: a.bundle, Log: a.log, Clock: a.clock, Zone: a.opsZone(), Brand: layout.Brand{Name: "Окно"}, Secure: secure(cfg.URL),
		TrustedProxies: a.proxies(), Party: party, Allowed: a.administers, Systems: systems, Destinations: a.calls.Destinations,
		Disk: a.disk(), Keys: a.keys, Metrics: a.metrics, Gatherer: a.metrics, MetricsToken: string(cfg.MetricsToken), Version: Version(), Started: time.Now(),
	}
	a.addHost(cfg.URL, site.Handler())
	return nil
}

// opsSecret is the configured secret, or the one that the key file gives to
// sites of this deployment.
func (a *App) opsSecret(c ClientConfig) string {
	if c.Secret != "" {
		return string(c.Secret)
	}
	return base64.RawURLEncoding.EncodeToString(a.keys.Derive("client secret " + c.ID))
}

func (a *App) systems() []opssite.System {
	var out []opssite.System
	add := func(s opssite.System, d *db.DB) {
		s.DB, s.Ping, s.Ledger, s.Rewrap = d, d.Ping, &ledger.Ledger{DB: d, Clock: a.clock, Keys: a.keys}, a.rewrapOf(d)
		out = append(out, s)
	}
	if a.idp != nil {
		add(opssite.System{
			Code: "idp", Name: a.bundle.For("ru").T("ops.system.idp"), Queue: a.idp.queue, Outbox: a.idp.outbox,
			Events: a.idp.undelivered, RetryEvent: a.idp.events.Retry, Checks: a.idp.openChecks,
		}, a.idp.db)
	}
	for _, p := range a.portals {
		// As it was called when this process began: the operators' page need not follow at once.
		name := p.brands.Title(context.Background(), "ru")
		if name == "" {
			name = a.bundle.For("ru").T("ops.system.portal", "code", p.cfg.Code)
		}
		add(opssite.System{Code: "portal-" + p.cfg.Code, Name: name, Queue: p.queue, Outbox: p.outbox, Misses: p.missed}, p.db)
	}
	return out
}

func (a *App) opsZone() *time.Location {
	if a.idp != nil {
		return zone(a.idp.cfg.Zone, "Europe/Moscow")
	}
	return a.portals[0].zone
}

// administers tells whether a subject administers the identity provider or one
// of the portals of this process.
func (a *App) administers(ctx context.Context, subject string) (bool, error) {
	if a.idp != nil {
		oid, err := person.ParseOID(subject)
		if err != nil {
			return false, nil //nolint:nilerr // a subject of another provider is nobody here
		}
		switch o, err := a.idp.operator.Get(ctx, oid); {
		case err == nil && o.May(operator.Admin):
			return true, nil
		case err != nil && !isRefusal(err):
			return false, err
		}
	}
	for _, p := range a.portals {
		switch o, err := p.officers.Acting(ctx, subject); {
		case err == nil && o.Has(officer.RoleAdmin):
			return true, nil
		case err != nil && !isRefusal(err):
			return false, err
		}
	}
	return false, nil
}

// isRefusal tells a «no» of a context from a fault of the machinery.
func isRefusal(err error) bool {
	f, ok := fault.As(err)
	return ok && (f.Kind == fault.KindForbidden || f.Kind == fault.KindNotFound) && !errors.Is(err, context.DeadlineExceeded)
}
