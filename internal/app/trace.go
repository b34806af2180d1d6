package app

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/okno-gov/okno/internal/base/obs"
)

// TracingConfig sends traces to an OpenTelemetry collector; empty: none are made.
type TracingConfig struct {
	// URL of the collector's OTLP/HTTP receiver, without the path /v1/traces.
	URL   string `yaml:"url"`
	Token Secret `yaml:"token"`
	// Ratio of the traces that are kept; default 1. All processes take the same.
	Ratio *float64 `yaml:"ratio"`
}

func (c TracingConfig) check(add func(string, ...any)) {
	checkURL("tracing.url", c.URL, false, add)
	if c.Ratio != nil && (*c.Ratio <= 0 || *c.Ratio > 1) {
		add("tracing.ratio: more than 0 and at most 1, such as 0.1")
	}
}

// openTracer begins to send spans, if a collector is configured.
func (a *App) openTracer(ctx context.Context) error {
	c := a.cfg.Tracing
	if c.URL == "" {
		return nil
	}
	o := obs.TraceOptions{URL: c.URL, Token: string(c.Token), Ratio: 1, Version: Version(), Instance: a.process, Log: a.log}
	if c.Ratio != nil {
		o.Ratio = *c.Ratio
	}
	var err error
	a.tracer, err = obs.NewTracer(context.WithoutCancel(ctx), o)
	return err
}

// closeTracer sends what is waiting.
func (a *App) closeTracer() {
	ctx, cancel := context.WithTimeout(context.Background(), traceGrace)
	defer cancel()
	if err := a.tracer.Close(ctx); err != nil {
		a.log.Warn("traces are lost", "error", err)
	}
}

const traceGrace = 3 * time.Second

// traced gives each request a span; the site names it by its route.
func (a *App) traced(next http.Handler) http.Handler {
	if a.tracer == nil {
		return next
	}
	proxies := a.proxies()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := a.tracer.Request(r, fromProxy(proxies, r))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// fromProxy tells whether the peer itself is one of our proxies: what it says of
// a trace counts, what others say does not.
func fromProxy(proxies []netip.Prefix, r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range proxies {
		if p.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}
