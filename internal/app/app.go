// Package app is the composition root: from a [Config] to databases, queues,
// contexts and sites. A test can start the whole program with it.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/base/outcall"
	"github.com/okno-gov/okno/internal/base/postgres"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/locale"
)

// App is a running Okno.
type App struct {
	cfg     Config
	log     *slog.Logger
	clock   *clock.Clock
	keys    *crypt.Keyring
	bundle  *i18n.Bundle
	metrics *prometheus.Registry
	entry   *kit.Admission // of the sites for citizens, together
	blobs   blob.Store
	calls   *outcall.Factory
	tracer  *obs.Tracer // nil: no traces
	cost    crypt.Cost
	process string // this process among those of the deployment
	rewraps []*db.Rewrap

	pg        *postgres.Server
	databases []*db.DB
	queues    []*job.Queue
	idp       *idp
	portals   []*portal
	hosts     hosts
	sites     map[string]http.Handler // by public address: demo sites may share a host name
	listeners []*listener
	served    sync.WaitGroup
	failed    chan error
	stopClock context.CancelFunc
	gateways  []io.Closer // that keep a connection
	// device holds the keys; nil: they lie in the file.
	device keyDevice
	// closeDevice ends the sessions with the key device; nil without one.
	closeDevice func()
	stopping    atomic.Bool
}

// maxConns of one process to one database.
const maxConns = 24

// Options of [New] that no configuration file may set.
type Options struct {
	Log *slog.Logger
	// Cost of password hashes; zero: crypt.Production. Tests take crypt.Cheap.
	Cost crypt.Cost
}

// New builds everything and migrates the databases; nothing is served yet.
func New(ctx context.Context, cfg Config, o Options) (*App, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	a := &App{cfg: cfg, log: o.Log, clock: clock.New(), cost: o.Cost, process: db.NewID(), hosts: hosts{}, sites: map[string]http.Handler{}, metrics: obs.NewRegistry(), failed: make(chan error, 4)}
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.cost == (crypt.Cost{}) {
		a.cost = crypt.Production
	}
	if err := a.build(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	var err error
	if err = a.openKeys(); err != nil {
		return err
	}
	// The texts are read while the databases are brought up.
	texts := make(chan error, 1)
	go func() {
		bundle, err := i18n.Load(locale.FS)
		a.bundle = bundle
		texts <- err
	}()
	err = a.prepare(ctx)
	if err := errors.Join(err, <-texts); err != nil {
		return err
	}
	a.entry = &kit.Admission{
		Key: a.keys.Derive("admission"), Concurrent: a.cfg.Admission.Concurrent, Cores: cores(), Uploads: a.cfg.Admission.Uploads, Wait: a.cfg.Admission.Wait, Metrics: a.metrics,
	}
	if a.blobs, err = openStore(ctx, a.cfg); err != nil {
		return err
	}
	if err = a.openTracer(ctx); err != nil {
		return err
	}
	if a.calls, err = outcall.New(a.cfg.Outcall.Allow...); err != nil {
		return err
	}
	a.calls.Tracer = a.tracer
	if a.cfg.IDP != nil {
		if a.idp, err = a.newIDP(ctx); err != nil {
			return fmt.Errorf("identity provider: %w", err)
		}
	}
	for _, pc := range a.cfg.Portals {
		p, err := a.newPortal(ctx, pc)
		if err != nil {
			return fmt.Errorf("portal %s: %w", pc.Code, err)
		}
		a.portals = append(a.portals, p)
	}
	if err := a.joinProducts(ctx); err != nil {
		return err
	}
	return a.serveOps(ctx)
}

// prepare starts the private PostgreSQL, if it is wanted, makes its databases,
// and migrates all of them at the same time: a first start is mostly that.
func (a *App) prepare(ctx context.Context) error {
	if a.cfg.PrivatePostgres {
		var err error
		if a.pg, err = postgres.Start(ctx, postgres.Options{Dir: a.cfg.State, Fsync: true}); err != nil {
			return err
		}
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	migrate := func(what string, url, direct Secret, name string, sources []db.Source) {
		wait.Go(func() {
			if err := a.migrate(ctx, url, direct, name, sources); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	if c := a.cfg.IDP; c != nil {
		migrate("identity provider", c.Database, c.DatabaseDirect, idpDatabase, idpMigrations())
	}
	for _, c := range a.cfg.Portals {
		migrate("portal "+c.Code, c.Database, c.DatabaseDirect, c.databaseName(), portalMigrations())
	}
	wait.Wait()
	return errors.Join(failed...)
}

func (a *App) migrate(ctx context.Context, url, direct Secret, name string, sources []db.Source) error {
	if url == "" {
		if err := a.pg.CreateDatabase(ctx, name); err != nil {
			return err
		}
	}
	return db.Migrate(ctx, string(cmp.Or(direct, a.databaseURL(url, name))), sources...)
}

// databaseURL is the configured address, else that of a database in the private
// PostgreSQL.
func (a *App) databaseURL(url Secret, name string) Secret {
	if url != "" {
		return url
	}
	return Secret(a.pg.URL(name))
}

// openDatabase opens one of the databases that prepare has migrated.
func (a *App) openDatabase(ctx context.Context, url Secret, name string) (*db.DB, error) {
	d, err := db.Open(ctx, db.Config{URL: string(a.databaseURL(url, name)), MaxConns: maxConns, CacheDescribe: a.cfg.Pgbouncer})
	if err != nil {
		return nil, err
	}
	a.databases = append(a.databases, d)
	off, err := d.ClockOffset(ctx)
	if err != nil {
		return nil, fmt.Errorf("read clock offset: %w", err)
	}
	a.clock.SetOffset(max(off, a.clock.Offset()))
	if err := d.ProveKeys(ctx, a.keys); err != nil {
		return nil, err
	}
	if err := d.UseKey(ctx, a.process, a.keys.ActiveID(), a.clock.Wall()); err != nil {
		return nil, fmt.Errorf("note key: %w", err)
	}
	return d, nil
}

func (a *App) newQueue(d *db.DB, sources []db.Source) *job.Queue {
	q := job.New(d, a.clock)
	q.Tracer = a.tracer
	a.moveKeys(d, q, sources)
	a.queues = append(a.queues, q)
	return q
}

// Start serves the sites and, in the role worker, works the queues.
func (a *App) Start(ctx context.Context, extra ...*listener) error {
	a.listeners = append([]*listener{{addr: a.cfg.Listen, handler: a.front()}}, extra...)
	for _, l := range a.listeners {
		if err := l.open(); err != nil {
			return err
		}
	}
	if err := a.secureListener(); err != nil {
		return err
	}
	if a.cfg.has("worker") {
		for _, q := range a.queues {
			if a.cfg.PrivatePostgres {
				// Nobody else works on it: what is marked as running was left by a crash.
				if _, err := q.Rescue(ctx); err != nil {
					return err
				}
			}
			if err := q.Start(ctx); err != nil {
				return err
			}
		}
	}
	cctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.stopClock = cancel
	a.served.Go(func() { a.followClock(cctx) })
	a.served.Go(func() { a.followKeys(cctx) })
	a.served.Go(func() { a.writeMisses(cctx) })
	a.served.Go(func() { a.keepCalm(cctx) })
	for _, l := range a.listeners {
		a.served.Go(func() {
			if err := l.serve(); err != nil {
				a.failed <- err
			}
		})
	}
	return nil
}

// Addr is where the sites are served, after Start.
func (a *App) Addr() net.Addr { return a.listeners[0].ln.Addr() }

// Failed tells when serving broke.
func (a *App) Failed() <-chan error { return a.failed }

// followClock reads the shared offset: another process may have moved it.
func (a *App) followClock(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, d := range a.databases {
			if off, err := d.ClockOffset(ctx); err == nil && off > a.clock.Offset() {
				a.clock.SetOffset(off)
			}
		}
	}
}

// Advance moves the domain time of all databases and does what has become due.
func (a *App) Advance(ctx context.Context, by time.Duration) error {
	off := a.clock.Offset() + by
	for _, d := range a.databases {
		if err := d.SetClockOffset(ctx, off); err != nil {
			return fmt.Errorf("move clock: %w", err)
		}
	}
	a.clock.SetOffset(off)
	for _, q := range a.queues {
		if err := q.Hurry(ctx, by); err != nil {
			return fmt.Errorf("move clock: %w", err)
		}
	}
	return a.Settle(ctx)
}

// Settle does all work that is due, also what one database causes in another.
func (a *App) Settle(ctx context.Context) error {
	for range 2 {
		for _, q := range a.queues {
			if err := q.Settle(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// shutdownGrace is how long requests may take to end.
const shutdownGrace = 10 * time.Second

// Close ends serving and working in order and closes what was opened.
func (a *App) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	if a.stopClock != nil {
		a.stopClock()
	}
	for _, l := range a.listeners {
		l.shutdown(ctx)
	}
	for _, q := range a.queues {
		if err := q.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			a.log.Warn("stop queue", "error", err)
		}
	}
	a.served.Wait()
	for _, g := range a.gateways {
		if err := g.Close(); err != nil {
			a.log.Warn("leave the gateway", "error", err)
		}
	}
	if a.calls != nil {
		a.calls.Close()
	}
	for _, d := range a.databases {
		if err := d.LeaveKey(ctx, a.process); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			a.log.Warn("leave key", "error", err)
		}
		d.Close()
	}
	if a.pg != nil {
		_ = a.pg.Stop()
	}
	if a.closeDevice != nil {
		a.closeDevice()
	}
	a.closeTracer()
}

func (a *App) addHost(base string, h http.Handler) {
	if base != "" && h != nil {
		h = a.withSecurityTxt(base, h)
		a.hosts[hostOf(base)], a.sites[base] = h, h
	}
}

func (a *App) proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range a.cfg.TrustedProxies {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}
