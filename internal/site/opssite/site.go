package opssite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/outcall"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// System is one database with what works on it.
type System struct {
	Code   string // short, for addresses and metrics: "idp", "portal-72"
	Name   string // for people
	Ping   func(ctx context.Context) error
	Queue  *job.Queue
	Outbox *outbound.Outbox
	Ledger *ledger.Ledger
}

// Site is the operations site. Set all fields, then call Handler.
type Site struct {
	Bundle         *i18n.Bundle
	Log            *slog.Logger
	Clock          *clock.Clock
	Zone           *time.Location
	Brand          layout.Brand
	Secure         bool
	TrustedProxies []netip.Prefix

	Party *oidcrp.Party
	// Allowed tells whether a subject administers one of the products. It is
	// asked at each request: rights that were taken away end at once.
	Allowed func(ctx context.Context, subject string) (bool, error)

	Systems      []System
	Destinations func() []outcall.Destination
	Metrics      prometheus.Registerer
	Gatherer     prometheus.Gatherer
	// MetricsToken is the bearer token of /metrics; empty: nobody may read them.
	MetricsToken string
	Version      string
	Started      time.Time

	mux *kit.Mux
}

// Handler is the whole route table.
func (s *Site) Handler() http.Handler {
	s.mux = &kit.Mux{
		Name: "ops", Bundle: s.Bundle, Log: s.Log, Secure: s.Secure, Zone: s.Zone, Frame: s.frame,
		TrustedProxies: s.TrustedProxies, Metrics: s.Metrics, Exempt: []string{"POST /auth/backchannel"},
	}
	m := s.mux
	m.Use(s.recognised)
	m.Mount("GET /assets/", asset.Handler())
	m.Handle("GET /auth/begin", s.beginAuth)
	m.Handle("GET /auth/callback", s.Party.Callback)
	m.Handle("POST /auth/logout", s.Party.Logout)
	m.Handle("POST /auth/extend", s.extend)
	m.Mount("POST /auth/backchannel", http.HandlerFunc(s.Party.BackchannelLogout))
	m.Mount("GET /metrics", Metrics(s.Gatherer, s.MetricsToken))

	m.Handle("GET /{$}", s.admin(s.showHome))
	m.Handle("GET /jobs", s.admin(s.showJobs))
	m.Handle("GET /deliveries", s.admin(s.showDeliveries))
	m.Handle("GET /outside", s.admin(s.showOutside))
	m.Handle("GET /journals", s.admin(s.showJournals))
	m.Handle("POST /journals/{system}/verify", s.admin(s.verifyJournal), kit.Deadline(verifyTime))
	m.Handle("GET /pages", s.admin(s.showPages))
	return m.Handler()
}

// verifyTime bounds the recomputation of a journal: some 50,000 entries a second.
const verifyTime = 5 * time.Minute
