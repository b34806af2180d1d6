package oidcrp

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the tables of schema rp.
func Migrations() db.Source { return db.Source{Context: "rp", FS: migrations, Tables: tables} }

// Config is one registered client of a provider.
type Config struct {
	Issuer        string
	ClientID      string
	ClientSecret  string
	RedirectURL   string // absolute: where Callback is mounted
	PostLogoutURL string // absolute: where the provider leads after a logout
	Scopes        []string
	CookieName    string // on https with the prefix __Host-
	Secure        bool   // the site is served over https
	// ACR is demanded of every sign-in, such as "2fa" at staff sites; empty: any.
	ACR string
	// Idle and Life bound a session; zero: 30 minutes and 12 hours (G-20).
	Idle, Life time.Duration
}

// Party signs people in. Its exported fields are set once.
type Party struct {
	DB     *db.DB
	Clock  *clock.Clock
	Keys   *crypt.Keyring
	HTTP   *http.Client // with a timeout of some 3 s; nil: a plain one with that
	Config Config
	// OnLogin runs in the transaction that opens a session: the site makes or
	// finds its own account there. An error refuses the sign-in.
	OnLogin func(ctx context.Context, tx *db.Tx, s *Session) error

	provider  provider
	flights   flights
	kept      keptSessions
	exchanges atomic.Int32
}

// maxExchanges bounds how many sign-ins may wait for the provider at once: a
// provider that is slow, or a browser that repeats callbacks, must not hold
// every connection of the site.
const maxExchanges = 64

const (
	timeout     = 3 * time.Second
	defaultIdle = 30 * time.Minute
	defaultLife = 12 * time.Hour
)

func (p *Party) idle() time.Duration {
	if p.Config.Idle > 0 {
		return p.Config.Idle
	}
	return defaultIdle
}

func (p *Party) life() time.Duration {
	if p.Config.Life > 0 {
		return p.Config.Life
	}
	return defaultLife
}

func (p *Party) client() *http.Client {
	if p.HTTP != nil {
		return p.HTTP
	}
	return &http.Client{Timeout: timeout}
}

// away is the fault of a provider that does not answer.
func away(err error) error { return fault.Unavailable("oidcrp.provider_away").Wrap(err) }

// LocalPath tells whether s is a path of this very site that a redirect may
// lead to: no scheme, no host, nothing that browsers read as one.
func LocalPath(s string) bool {
	if len(s) == 0 || len(s) > 2000 || s[0] != '/' || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\") {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.HasPrefix(u.Path, "//")
}

// Work registers the sweep that erases ended sessions.
func (p *Party) Work(q *job.Queue) { q.Sweep("rp.session:"+p.Config.ClientID, 10*time.Minute, p.sweep) }

func (p *Party) sweep(ctx context.Context) (int, error) {
	var n int64
	err := p.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM rp.session WHERE id IN (SELECT id FROM rp.session WHERE party=$1 AND expires_at < $2 LIMIT 1000)`,
			p.Config.ClientID, p.Clock.Now().Add(-24*time.Hour))
		return err
	})
	return int(n), err
}

// flights lets one refresh per session run at a time.
type flights struct {
	mu   sync.Mutex
	busy map[string]*sync.Mutex
	used map[string]int
}

func (f *flights) enter(id string) (leave func()) {
	f.mu.Lock()
	if f.busy == nil {
		f.busy, f.used = map[string]*sync.Mutex{}, map[string]int{}
	}
	m := f.busy[id]
	if m == nil {
		m = &sync.Mutex{}
		f.busy[id] = m
	}
	f.used[id]++
	f.mu.Unlock()
	m.Lock()
	return func() {
		m.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.used[id]--; f.used[id] == 0 {
			delete(f.busy, id)
			delete(f.used, id)
		}
	}
}
