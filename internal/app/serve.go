package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/site/opssite"
)

// NewLog makes the program's log: no personal data, the request's number.
func NewLog(w io.Writer, c LogConfig) *slog.Logger {
	level := slog.LevelInfo
	_ = level.UnmarshalText([]byte(c.Level)) // Check has seen it; empty stays info
	return slog.New(obs.NewHandler(w, obs.Options{Level: level, JSON: c.Format == "json"}))
}

// Serve runs the configured roles until ctx ends, then lets requests and jobs
// come to their end. ready, when given, is called once the sites answer.
func Serve(ctx context.Context, cfg Config, o Options, ready func(*App)) error {
	a, err := New(ctx, cfg, o)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Start(ctx); err != nil {
		return err
	}
	a.log.Info("serving", "addr", a.Addr().String(), "roles", a.cfg.roleNames(), "sites", a.siteNames(), "version", Version())
	if ready != nil {
		ready(a)
	}
	select {
	case err := <-a.Failed():
		return err
	case <-ctx.Done():
	}
	a.drain()
	return nil
}

// drain lets a balancer notice that this process is leaving before it does.
func (a *App) drain() {
	a.stopping.Store(true)
	a.log.Info("stopping", "drain", a.cfg.Drain.String())
	if a.cfg.Drain <= 0 {
		return
	}
	select {
	case <-time.After(a.cfg.Drain):
	case <-a.failed:
	}
}

func (c *Config) roleNames() string {
	var out []string
	for _, r := range roles {
		if c.has(r) {
			out = append(out, r)
		}
	}
	return strings.Join(out, " ")
}

func (a *App) siteNames() string {
	var out []string
	for h := range a.hosts {
		out = append(out, h)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// healthPath answers on every host and address: balancers ask by number.
const healthPath = "/healthz"

const metricsPath = "/metrics"

// front puts the health check and the metrics before the sites: every process
// is asked by its own address, whatever hosts it serves.
func (a *App) front() http.Handler {
	metrics := opssite.Metrics(a.metrics, string(a.cfg.Ops.MetricsToken))
	sites := a.traced(a.hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			// Kept connections move to another process with their next request,
			// before this one closes them under somebody's feet.
			w.Header().Set("Connection", "close")
		}
		switch {
		case r.URL.Path == healthPath:
			a.serveHealth(w, r)
		case r.URL.Path == metricsPath && r.Method == http.MethodGet && r.Header.Get("Authorization") != "":
			metrics.ServeHTTP(w, r)
		default:
			sites.ServeHTTP(w, r)
		}
	})
}

// healthTimeout is shorter than the patience of the usual balancers.
const healthTimeout = 2 * time.Second

// serveHealth tells whether this process should be sent requests: it is not
// stopping, and its databases answer. It names nothing but the reason's kind.
func (a *App) serveHealth(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if a.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	for _, d := range a.databases {
		if err := d.Ping(ctx); err != nil {
			http.Error(w, "database away", http.StatusServiceUnavailable)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
	if a.deviceRefuses() {
		// All processes share the device: taking them out of the balancer would
		// take from people what needs no keys.
		fmt.Fprintln(w, "key device refuses the PIN")
	}
}
