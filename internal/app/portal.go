package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/document"
	portalexchange "github.com/okno-gov/okno/internal/portal/exchange"
	portaljournal "github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/notice"
	"github.com/okno-gov/okno/internal/portal/officer"
	portalsetting "github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/portal/term"
	"github.com/okno-gov/okno/internal/site/officesite"
	"github.com/okno-gov/okno/internal/site/portalsite"
	"github.com/okno-gov/okno/services"
)

// portal is one region's portal: its contexts and its sites.
type portal struct {
	cfg          PortalConfig
	db           *db.DB
	queue        *job.Queue
	outbox       *outbound.Outbox
	zone         *time.Location
	settings     *portalsetting.Settings
	brands       *brand.Brands
	journal      *portaljournal.Journal
	accounts     *account.Accounts
	officers     *officer.Officers
	directory    *directory.Directory
	services     *catalogue.Services
	misses       *catalogue.Misses
	contents     *content.Contents
	documents    *document.Documents
	notices      *notice.Notices
	applications *application.Applications
	cases        *casework.Cases
	support      *support.Tickets
}

func portalMigrations() []db.Source {
	return []db.Source{
		ledger.Migrations(), outbound.Migrations(), oidcrp.Migrations(), portalsetting.Migrations(),
		account.Migrations(), officer.Migrations(), directory.Migrations(), catalogue.Migrations(), content.Migrations(),
		document.Migrations(), notice.Migrations(), application.Migrations(), casework.Migrations(), portalexchange.Migrations(),
		support.Migrations(),
	}
}

func (a *App) newPortal(ctx context.Context, cfg PortalConfig) (*portal, error) {
	d, err := a.openDatabase(ctx, cfg.Database, cfg.databaseName())
	if err != nil {
		return nil, err
	}
	p := &portal{cfg: cfg, db: d, queue: a.newQueue(d, portalMigrations()), zone: zone(cfg.Zone, "Europe/Moscow")}
	region, err := strconv.Atoi(cfg.Code)
	if err != nil {
		return nil, fmt.Errorf("code %q is no number of a region", cfg.Code)
	}
	calendar := term.Russian()
	p.settings = &portalsetting.Settings{DB: d, Clock: a.clock}
	p.brands = brandsOf(d, a.clock, p.settings, cfg.Brand)
	p.outbox = a.newOutbox(d, p.queue, senderName(p.brands))
	p.journal = &portaljournal.Journal{DB: d, Clock: a.clock, Keys: a.keys, KeepDays: portalsetting.KeepDays}
	p.accounts = &account.Accounts{DB: d, Clock: a.clock, Keys: a.keys}
	p.officers = &officer.Officers{
		DB: d, Clock: a.clock, Keys: a.keys, Outbox: p.outbox, Bundle: a.bundle, URL: cfg.OfficeURL, Portal: p.brands.Title,
	}
	p.directory = &directory.Directory{DB: d, Clock: a.clock}
	p.services = &catalogue.Services{DB: d, Clock: a.clock, Directory: p.directory, Zone: p.zone}
	p.misses = &catalogue.Misses{DB: d, Clock: a.clock, Keys: a.keys, Zone: p.zone}
	p.documents = &document.Documents{DB: d, Clock: a.clock, Blobs: &blob.Sealed{Store: a.blobs, Keys: a.keys}, Scanner: a.scanner(), Queue: p.queue}
	p.notices = &notice.Notices{
		DB: d, Clock: a.clock, Queue: p.queue, Accounts: p.accounts, Outbox: p.outbox, Bundle: a.bundle, Zone: p.zone,
		BaseURL: cfg.URL, Portal: p.brands.Title,
	}
	p.contents = &content.Contents{DB: d, Clock: a.clock}
	p.notices.Public = p.contents.Public
	p.applications = &application.Applications{
		DB: d, Clock: a.clock, Keys: a.keys, Queue: p.queue, Accounts: p.accounts, Services: p.services, Directory: p.directory,
		Documents: p.documents, Notices: p.notices, Journal: p.journal, Calendar: calendar, Bundle: a.bundle, Zone: p.zone,
		Region: region, BaseURL: cfg.URL, Portal: p.brands.Title,
	}
	p.cases = &casework.Cases{
		DB: d, Clock: a.clock, Keys: a.keys, Applications: p.applications, Services: p.services, Officers: p.officers,
		Documents: p.documents, Journal: p.journal, Calendar: calendar, Zone: p.zone,
	}
	p.support = &support.Tickets{
		DB: d, Clock: a.clock, Keys: a.keys, Officers: p.officers, Notices: p.notices, Outbox: p.outbox, Journal: p.journal, Bundle: a.bundle,
		Portal: p.brands.Title, BaseURL: cfg.URL,
	}
	p.officers.Cases, p.officers.Tickets = p.cases, p.support
	p.applications.OnErase = append(p.applications.OnErase, p.cases.Erase)
	p.applications.OnPart = append(p.applications.OnPart, p.parted)
	p.applications.Erased = p.caseErased
	for _, w := range []interface{ Work(q *job.Queue) }{p.outbox, p.journal, p.officers, p.documents, p.notices, p.applications, p.support} {
		w.Work(p.queue)
	}
	p.services.Work(p.queue)
	p.misses.Work(p.queue)
	p.queue.Sweep("content.rating", time.Hour, p.contents.ForgetRatings)
	if err := p.importData(ctx); err != nil {
		return nil, err
	}
	return p, a.servePortal(p)
}

// onLogin makes or finds the account of somebody who signs in, in the
// transaction that opens the session.
func (p *portal) onLogin(ctx context.Context, tx *db.Tx, s *oidcrp.Session) error {
	_, err := p.accounts.SignedIn(ctx, tx, account.SignIn{
		Subject: s.Subject, Level: account.Level(s.Claims.Level), Proofing: s.Claims.Proofing, Locale: s.Claims.Locale,
	})
	return err
}

// importData publishes the delivered definitions: unchanged ones stay as they
// are, and what an editor has changed since is not overwritten.
func (p *portal) importData(ctx context.Context) error {
	const by = byDelivery
	dir, err := deliveredDirectory(p.cfg.Code)
	if errors.Is(err, fs.ErrNotExist) {
		// A region of which this release knows nothing: agencies and services come
		// from its own editors.
		return p.importTexts(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := p.directory.Deliver(ctx, dir, by); err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	bundle, err := catalogue.LoadBundle(services.FS, p.cfg.Code)
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if _, err := p.services.Deliver(ctx, bundle, by); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return p.importTexts(ctx)
}

// importTexts publishes the delivered help, agreement and legal acts.
func (p *portal) importTexts(ctx context.Context) error {
	texts, err := content.Load(services.FS, "content")
	if err != nil {
		return fmt.Errorf("content: %w", err)
	}
	if _, err := p.contents.Deliver(ctx, texts, byDelivery); err != nil {
		return fmt.Errorf("content: %w", err)
	}
	return nil
}

// deliveredDirectory are a region's agencies and centres as delivered.
func deliveredDirectory(code string) (*directory.File, error) {
	raw, err := services.FS.ReadFile("region/" + code + "/directory.yaml")
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	dir, err := directory.ParseFile(raw)
	if err != nil {
		return nil, fmt.Errorf("directory of region %s: %w", code, err)
	}
	return dir, nil
}

// deliveredPlaces is the dictionary of regions and towns.
func deliveredPlaces() (*directory.Places, error) {
	raw, err := services.FS.ReadFile("places.yaml")
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	return directory.ParsePlaces(raw)
}

// neighbours are the portals of all regions that this process knows.
func (c *Config) neighbours() map[string]string {
	out := maps.Clone(c.Neighbours)
	if out == nil {
		out = map[string]string{}
	}
	for i := range c.Portals {
		out[c.Portals[i].Code] = c.Portals[i].URL
	}
	return out
}

func (a *App) servePortal(p *portal) error {
	issuer := p.cfg.Issuer
	if issuer == "" {
		issuer = a.cfg.IDP.URL
	}
	profiles := &portalexchange.ProfileReader{Base: issuer, HTTP: a.calls.Client("profile"), Clock: a.clock, OnRead: p.profileRead}
	places, err := deliveredPlaces()
	if err != nil {
		return err
	}
	office := a.party(p, issuer, p.cfg.OfficeURL, p.cfg.OfficeClient, []string{"openid", "fullname"}, "office"+p.cfg.Code, "2fa")
	office.Work(p.queue)
	p.officers.OnLeave = office.EndSubject
	// Sweeps belong to the worker, which may be a process without sites.
	party := a.party(p, issuer, p.cfg.URL, p.cfg.Client, portalScopes, "portal"+p.cfg.Code, "")
	party.OnLogin = p.onLogin
	party.Work(p.queue)
	events := a.newEvents(p, party, office)
	if a.cfg.has("portal") {
		site := &portalsite.Site{
			Region: portalsite.Region{Code: p.cfg.Code, BaseURL: p.cfg.URL}, Brands: p.brands,
			IDP: issuer, Zone: p.zone, Clock: a.clock, Keys: a.keys, Bundle: a.bundle, Log: a.log, Secure: secure(p.cfg.URL), TrustedProxies: a.proxies(),
			Metrics: a.metrics, Admission: a.entry, Places: places, Neighbours: a.cfg.neighbours(), Party: party, Profiles: profiles, Accounts: p.accounts, Services: p.services, Missed: p.misses.Note, Directory: p.directory,
			Contents: p.contents, Documents: p.documents, Applications: p.applications, Notices: p.notices, Journal: p.journal,
			Support: p.support,
		}
		a.addHost(p.cfg.URL, withEvents(events, site.Handler()))
	}
	if a.cfg.has("office") && p.cfg.OfficeURL != "" {
		site := &officesite.Site{
			Code: p.cfg.Code, Brands: p.brands, PortalURL: p.cfg.URL, IDP: issuer, Agreement: p.cfg.URL + "/agreement",
			Zone: p.zone, Clock: a.clock, Bundle: a.bundle, Log: a.log, Secure: secure(p.cfg.OfficeURL), TrustedProxies: a.proxies(), Metrics: a.metrics,
			Party: office, Officers: p.officers, Cases: p.cases, Services: p.services, Misses: p.misses, Directory: p.directory,
			Contents: p.contents, Notices: p.notices, Support: p.support, Settings: p.settings, ReportURL: p.cfg.URL + "/report",
		}
		a.addHost(p.cfg.OfficeURL, site.Handler())
	}
	return nil
}

// portalScopes are what a portal asks for: what forms are filled in with.
var portalScopes = []string{
	"openid", "fullname", "birthdate", "gender", "birthplace", "snils", "id_doc", "mobile", "email", "addresses",
	"kid_fullname", "kid_birthdate", "kid_gender", "kid_snils", "kid_birth_cert_doc",
}

func (a *App) party(p *portal, issuer, base string, c ClientConfig, scopes []string, cookie, acr string) *oidcrp.Party {
	return &oidcrp.Party{
		DB: p.db, Clock: a.clock, Keys: a.keys, HTTP: a.calls.Client("identity-provider"),
		Config: oidcrp.Config{
			Issuer: issuer, ClientID: c.ID, ClientSecret: a.clientSecret(c), RedirectURL: base + "/auth/callback", PostLogoutURL: base + "/",
			Scopes: scopes, CookieName: cookie, Secure: secure(base), ACR: acr,
		},
	}
}

// clientSecret is the configured one; for sites of this very process it comes
// from the key file, so that nobody has to invent and copy it.
func (a *App) clientSecret(c ClientConfig) string {
	if c.Secret != "" {
		return string(c.Secret)
	}
	return base64.RawURLEncoding.EncodeToString(a.keys.Derive("client secret " + c.ID))
}
