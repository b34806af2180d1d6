// Package enroltest is the stand of tests that need the identity provider's people:
// real contexts on a fresh database, with post and registers that tests command.
package enroltest

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/notify"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/locale"
)

// Start is when each stand's clock stands at first: 09:40 in Moscow.
var Start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

// Moscow is the stand's zone.
var Moscow = time.FixedZone("MSK", 3*60*60)

var bundle = sync.OnceValues(func() (*i18n.Bundle, error) { return i18n.Load(locale.FS) })

// Post collects what is written to people, in place of the outbox.
type Post struct {
	mu   sync.Mutex
	seen map[string]bool
	all  []outbound.Message
}

// Enqueue fills notify.Outbox: a message with a known id is dropped.
func (p *Post) Enqueue(_ context.Context, tx *db.Tx, m outbound.Message) error {
	if tx.Raw() == nil {
		return errors.New("a message outside of a transaction")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[m.ID] {
		return nil
	}
	p.seen[m.ID] = true
	p.all = append(p.all, m)
	return nil
}

// To lists the texts to an address, the newest last.
func (p *Post) To(address string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, m := range p.all {
		if m.To == address {
			out = append(out, m.Text)
		}
	}
	return out
}

// CodeInText finds a one-time code.
var CodeInText = regexp.MustCompile(`\b\d{6}\b`)

// Code is the newest code that came to an address.
func (p *Post) Code(t testing.TB, address string) string {
	t.Helper()
	texts := p.To(address)
	for i := len(texts) - 1; i >= 0; i-- {
		if c := CodeInText.FindString(texts[i]); c != "" {
			return c
		}
	}
	t.Fatalf("no code came to %s: %q", address, texts)
	return ""
}

// Link is the token of the newest link that came to an address.
func (p *Post) Link(t testing.TB, address string) string {
	t.Helper()
	texts := p.To(address)
	for i := len(texts) - 1; i >= 0; i-- {
		if _, rest, ok := strings.Cut(texts[i], enrol.LinkPath); ok {
			token, _, _ := strings.Cut(rest, "\n")
			return token
		}
	}
	t.Fatalf("no link came to %s: %q", address, texts)
	return ""
}

// Last is the last group of a pattern in the newest text to an address that has it.
func (p *Post) Last(t testing.TB, address, pattern string) string {
	t.Helper()
	texts, re := p.To(address), regexp.MustCompile(pattern)
	for i := len(texts) - 1; i >= 0; i-- {
		if m := re.FindStringSubmatch(texts[i]); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("nothing like %s came to %s: %q", pattern, address, texts)
	return ""
}

// Register is a register of the state that answers as told; at first it matches.
type Register struct {
	mu     sync.Mutex
	answer enrol.Answer
	err    error
	asked  []string
}

// Set tells what to answer from now on.
func (r *Register) Set(a enrol.Answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.err = a, err
}

// Questions is how often the register was asked.
func (r *Register) Questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

func (r *Register) ask(id string) (enrol.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, id)
	return r.answer, r.err
}

// CheckDocument fills enrol.IdentityRegister.
func (r *Register) CheckDocument(_ context.Context, q enrol.DocumentQuery) (enrol.Answer, error) {
	return r.ask(q.ID)
}

// CheckSNILS fills enrol.PensionRegister.
func (r *Register) CheckSNILS(_ context.Context, q enrol.SNILSQuery) (enrol.Answer, error) {
	return r.ask(q.ID)
}

// CheckINN fills enrol.TaxRegister.
func (r *Register) CheckINN(_ context.Context, q enrol.INNQuery) (enrol.Answer, error) {
	return r.ask(q.ID)
}

// World is everything about people in one place.
type World struct {
	*enrol.Enrolments
	Post          *Post
	MVD, SFR, FNS *Register
	Jobs          *job.Queue
}

// New builds a world on a fresh database with these further schemas.
func New(t testing.TB, further ...db.Source) *World {
	t.Helper()
	d := dbtest.New(t, append([]db.Source{
		person.Migrations(), event.Migrations(), credential.Migrations(), session.Migrations(), journal.Migrations(),
		setting.Migrations(), notify.Migrations(), enrol.Migrations(),
	}, further...)...)
	b, err := bundle()
	if err != nil {
		t.Fatal(err)
	}
	c, keys := clock.At(Start), crypt.NewTestKeyring()
	w := &World{Post: &Post{seen: map[string]bool{}}, MVD: &Register{}, SFR: &Register{}, FNS: &Register{}, Jobs: job.New(d, c)}
	w.MVD.Set(enrol.Answer{Result: enrol.Match}, nil)
	w.SFR.Set(enrol.Answer{Result: enrol.Match}, nil)
	w.FNS.Set(enrol.Answer{Result: enrol.Match}, nil)
	settings, log := &setting.Settings{DB: d, Clock: c}, &journal.Journal{DB: d, Clock: c, Keys: keys}
	persons := &person.Persons{DB: d, Clock: c, Keys: keys, Events: &event.Outbox{DB: d, Clock: c}}
	notices := &notify.Notices{
		DB: d, Clock: c, Bundle: b, Outbox: w.Post, Contacts: persons.Reach, Site: "https://esia.example", Brand: "Окно", Zone: Moscow,
	}
	credentials := &credential.Credentials{
		DB: d, Clock: c, Keys: keys, Passwords: crypt.NewPasswords(crypt.Cheap), Settings: settings, Journal: log, Owner: notices,
	}
	sessions := &session.Sessions{DB: d, Clock: c, Keys: keys, Settings: settings}
	w.Enrolments = &enrol.Enrolments{
		DB: d, Clock: c, Keys: keys, Settings: settings, Journal: log, Persons: persons, Credentials: credentials, Sessions: sessions,
		Notices: notices, Identity: w.MVD, Pension: w.SFR, Tax: w.FNS, Zone: Moscow,
	}
	persons.OnDelete = append(persons.OnDelete, sessions.Erase, credentials.Erase, w.Erase, notices.Erase, log.Erase)
	w.Work(w.Jobs)
	return w
}

// Settle runs all jobs and sweeps that are due.
func (w *World) Settle(t testing.TB) {
	t.Helper()
	if err := w.Jobs.Settle(context.Background()); err != nil {
		t.Fatal(err)
	}
}
