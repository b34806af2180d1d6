package opssite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
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
	DB     *db.DB
	Ping   func(ctx context.Context) error
	Queue  *job.Queue
	Outbox *outbound.Outbox
	Ledger *ledger.Ledger
	// Rewrap moves its values under the active key.
	Rewrap *db.Rewrap

	// What one product has and another has not; nil: none.

	// Events lists security events that a receiver has not taken, RetryEvent
	// sends one again.
	Events     func(ctx context.Context, limit int) ([]Event, error)
	RetryEvent func(ctx context.Context, tx *db.Tx, id, receiver string) error
	// Checks are the questions that registers have not answered.
	Checks func(ctx context.Context) ([]Check, error)
	// Misses are searches without result, and how many were too rare to be shown.
	Misses func(ctx context.Context, limit int) (list []Miss, rare int64, err error)
}

// Event is a security event that one receiver has not taken.
type Event struct {
	ID, Type, Receiver string
	Failed             bool // given up; else it is tried again at Next
	Attempts           int
	Error              string
	At, Next           time.Time // domain time
}

// Check is how many questions a register has not answered, and since when.
type Check struct {
	Register string
	N, Away  int       // Away of them got no answer at all
	Oldest   time.Time // domain time
}

// Miss is what several people have searched in vain.
type Miss struct {
	Query string
	Times int64
	Last  time.Time // the day
}

// Disk is a file system of this machine, in bytes.
type Disk struct{ Free, Total uint64 }

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
	Disk         func() (Disk, error) // where the state folder lies; nil: there is none
	Keys         *crypt.Keyring
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
	m.Handle("POST /jobs/{system}/{job}/retry", s.admin(s.retryJob))
	m.Handle("POST /jobs/{system}/{job}/discard", s.admin(s.discardJob))
	m.Handle("GET /deliveries", s.admin(s.showDeliveries))
	m.Handle("POST /deliveries/{system}/now", s.admin(s.sendNow))
	m.Handle("POST /deliveries/{system}/events/{event}/retry", s.admin(s.retryEvent))
	m.Handle("GET /outside", s.admin(s.showOutside))
	m.Handle("GET /journals", s.admin(s.showJournals))
	m.Handle("POST /journals/{system}/verify", s.admin(s.verifyJournal), kit.Deadline(verifyTime))
	m.Handle("GET /pages", s.admin(s.showPages))
	m.Handle("GET /searches", s.admin(s.showSearches))
	m.Handle("GET /storage", s.admin(s.showStorage))
	return m.Handler()
}

// verifyTime bounds the recomputation of a journal: some 50,000 entries a second.
const verifyTime = 5 * time.Minute
