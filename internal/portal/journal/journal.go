// Package journal is what a citizen can see of what happened to his things on
// this portal: what he filed, what agencies did with it, and who looked at it
// («Кто смотрел мои данные»).
//
// Entries live in the database's ledger: nobody rewrites them unnoticed, their
// details can be erased. Looks at personal data, a row of a list included, are
// entries too: one per officer, object and hour.
package journal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
)

// Migrations gives the schema ledger, in which the entries live.
func Migrations() db.Source { return ledger.Migrations() }

// Kind says what happened; the text for people is the message "journal.<kind>".
type Kind string

// What happens. The details are arguments of the message.
const (
	Submitted   Kind = "application.submitted" // details number, service
	Corrected   Kind = "application.corrected" // details number, service
	Withdrawn   Kind = "application.withdrawn" // details number, service
	StatusMoved Kind = "application.status"    // details number, service, status, agency
	Looked      Kind = "application.looked"    // details number, service, officer, agency
	Listed      Kind = "application.listed"    // details as of Looked: the name stood in a list
	FileOpened  Kind = "document.opened"       // details number, name, officer, agency
	ProfileRead Kind = "profile.read"          // the portal read the profile to fill in a form
	Agreed      Kind = "agreement.accepted"    // details version

	SupportLooked Kind = "support.looked" // details number, officer
	SupportListed Kind = "support.listed" // details as of SupportLooked
)

// Access are the kinds of «Кто смотрел мои данные».
var Access = []Kind{Looked, Listed, FileOpened, ProfileRead, SupportLooked, SupportListed}

// Entry is one line.
type Entry struct {
	ID      string    // set by Write
	Owner   string    // account id: whose journal
	Kind    Kind      // what happened
	Actor   string    // "officer:<id>", "system"; empty for the owner himself
	Object  string    // "application:<id>"; may be empty
	At      time.Time // set by Write
	Details map[string]string
	// Once keeps an entry single: a second one with the same value is dropped.
	Once string
	// Erased tells, in listed entries, that the details are gone.
	Erased bool
}

// Journal writes and reads entries.
type Journal struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
	// KeepDays answers how long details are kept (the setting retention.days,
	// wired in app); nil keeps them for good.
	KeepDays func(ctx context.Context, tx *db.Tx) (int, error)
}

// Ledger is the store below, for operations: sealing, verifying, key rotation.
func (j *Journal) Ledger() *ledger.Ledger {
	return &ledger.Ledger{DB: j.DB, Clock: j.Clock, Keys: j.Keys}
}

// Work registers the sealer of the chain and the eraser of old details.
func (j *Journal) Work(q *job.Queue) {
	j.Ledger().Work(q)
	q.Sweep("journal.erase", time.Hour, j.erase)
}

// erase clears the details of entries older than the term of retention (G-22);
// the lines and the chain stay.
func (j *Journal) erase(ctx context.Context) (int, error) {
	if j.KeepDays == nil {
		return 0, nil
	}
	var n int64
	err := j.DB.InTx(ctx, func(tx *db.Tx) error {
		days, err := j.KeepDays(ctx, tx)
		if err != nil {
			return err
		}
		n, err = j.Ledger().EraseBefore(ctx, tx, j.Clock.Now().AddDate(0, 0, -days), 500)
		return err
	})
	return int(n), err
}

func subject(owner string) string { return "account:" + owner }

// Write adds an entry in the transaction of what it tells.
func (j *Journal) Write(ctx context.Context, tx db.Writer, e Entry) error {
	if err := j.Ledger().Append(ctx, tx, e.ledger()); err != nil {
		return fmt.Errorf("journal %s: %w", e.Kind, err)
	}
	return nil
}

// Prepare seals an entry without Once before the transaction that writes it with
// others by [Journal.WriteAll].
func (j *Journal) Prepare(e Entry) (ledger.Prepared, error) {
	p, err := j.Ledger().Prepare(e.ledger())
	if err != nil {
		return p, fmt.Errorf("journal %s: %w", e.Kind, err)
	}
	return p, nil
}

// WriteAll adds prepared entries in one statement.
func (j *Journal) WriteAll(ctx context.Context, tx db.Writer, entries []ledger.Prepared) error {
	if err := j.Ledger().AppendAll(ctx, tx, entries); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

func (e *Entry) ledger() ledger.Entry {
	actor := e.Actor
	if actor == "" {
		actor = subject(e.Owner)
	}
	return ledger.Entry{
		Subject: subject(e.Owner), Actor: actor, Kind: string(e.Kind), Object: e.Object, Once: e.Once, Payload: e.Details,
	}
}

// Look adds the entry of a look at personal data: one per actor, object, kind
// and hour, however often the page is opened.
func (j *Journal) Look(ctx context.Context, tx *db.Tx, e Entry) error {
	e.Once = strings.Join([]string{
		"look", string(e.Kind), e.Actor, e.Object, e.Details["name"],
		j.Clock.Now().UTC().Truncate(time.Hour).Format("2006010215"),
	}, "|")
	return j.Write(ctx, tx, e)
}

// Forget clears the details of a closed account's journal; the lines stay.
func (j *Journal) Forget(ctx context.Context, tx *db.Tx, owner string) error {
	_, err := j.Ledger().Erase(ctx, tx, subject(owner))
	return err
}

// Filter chooses a page of a journal, the newest entries first.
type Filter struct {
	Kinds []Kind // empty: all
	After string // cursor of the page before; empty: the first page
	Limit int    // entries of a page; 0: 50, at most 200
}

// Page is a part of a journal. Next is empty on the last page.
type Page struct {
	Entries []Entry
	Next    string
}

// List reads an owner's journal. The caller has checked that the reader is the
// owner or may see it.
func (j *Journal) List(ctx context.Context, owner string, f Filter) (Page, error) {
	var page ledger.Page
	err := j.DB.Read(ctx, func(tx *db.Tx) (err error) {
		page, err = j.Ledger().List(ctx, tx, subject(owner), f.ledger())
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list journal: %w", err)
	}
	return convert(page)
}

// ListObject reads what happened to an object, such as "application:<id>", for
// those who handle it.
func (j *Journal) ListObject(ctx context.Context, object string, f Filter) (Page, error) {
	var page ledger.Page
	err := j.DB.Read(ctx, func(tx *db.Tx) (err error) {
		page, err = j.Ledger().ListObject(ctx, tx, object, f.ledger())
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("list journal: %w", err)
	}
	return convert(page)
}

func (f Filter) ledger() ledger.Filter {
	out := ledger.Filter{After: f.After, Limit: f.Limit}
	for _, k := range f.Kinds {
		out.Kinds = append(out.Kinds, string(k))
	}
	return out
}

func convert(p ledger.Page) (Page, error) {
	out := Page{Next: p.Next}
	for _, l := range p.Entries {
		e := Entry{
			ID: l.ID, Owner: strings.TrimPrefix(l.Subject, "account:"), Kind: Kind(l.Kind), Actor: l.Actor,
			Object: l.Object, At: l.At, Erased: l.Erased,
		}
		if l.Actor == l.Subject {
			e.Actor = ""
		}
		if err := l.Decode(&e.Details); err != nil {
			return Page{}, err
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}
