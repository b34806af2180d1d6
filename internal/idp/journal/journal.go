// Package journal is what a person can see of what happened to the account:
// «Последние действия», «История входов», the requests to other agencies and who
// looked at the data (ID-SEC-07…09, ID-VER-18, ID-MFC-07).
//
// Entries are never changed. Address, device and details are sealed; erasing an
// account removes them and leaves the chain whole.
package journal

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
)

// Migrations gives the schema ledger, in which the entries live.
func Migrations() db.Source { return ledger.Migrations() }

// Kind says what happened; the text for people is the message journal.<kind>.
type Kind string

// Group is a section of the journal.
type Group string

// The sections.
const (
	GroupSignIn   Group = "sign_in"  // «История входов»
	GroupAction   Group = "action"   // «Последние действия»
	GroupExchange Group = "exchange" // журнал межведомственных запросов
	GroupAccess   Group = "access"   // who looked at the data
)

// What happens.
const (
	SignedIn        Kind = "signed_in"
	SignInFailed    Kind = "sign_in_failed"
	SignInSlowed    Kind = "sign_in_slowed"
	SignedOut       Kind = "signed_out"
	SessionEnded    Kind = "session_ended"
	AccessStopped   Kind = "access_stopped" // all sessions by the administrator, details reason
	ClientEntered   Kind = "client_entered" // details client, name
	Registered      Kind = "registered"
	PasswordChanged Kind = "password_changed"
	PasswordSetNew  Kind = "password_recovered"
	SecondFactorSet Kind = "second_factor_set"
	ContactAdded    Kind = "contact_added"
	ContactConfirm  Kind = "contact_confirmed"
	ContactRemoved  Kind = "contact_removed"
	DataSent        Kind = "data_sent"
	CheckEnded      Kind = "check_ended" // details result
	LevelRaised     Kind = "level_raised"
	IdentityProven  Kind = "identity_proven" // details method, place, document
	ProfileChanged  Kind = "profile_changed" // details section
	ConsentGiven    Kind = "consent_given"
	ConsentEnded    Kind = "consent_withdrawn"
	SettingsChanged Kind = "settings_changed"
	DataExported    Kind = "data_exported" // the person took a copy of everything
	AccountDeleted  Kind = "account_deleted"
	ExchangeRequest Kind = "exchange_request" // details agency, purpose, result
	ProfileRead     Kind = "profile_read"     // a relying party read data: details client, name, scopes
	OperatorLooked  Kind = "operator_looked"  // details centre, reason
	OperatorActed   Kind = "operator_acted"   // details centre, act, reason, document
)

var groups = map[Group][]Kind{
	GroupSignIn:   {SignedIn, SignInFailed, SignInSlowed, SignedOut, SessionEnded, AccessStopped, ClientEntered},
	GroupExchange: {ExchangeRequest},
	GroupAccess:   {ProfileRead, OperatorLooked},
	GroupAction: {
		Registered, PasswordChanged, PasswordSetNew, SecondFactorSet, ContactAdded, ContactConfirm, ContactRemoved, DataSent, CheckEnded,
		LevelRaised, IdentityProven, ProfileChanged, ConsentGiven, ConsentEnded, SettingsChanged, DataExported, AccountDeleted, OperatorActed, SignedIn,
	},
}

// Kinds lists the kinds of a section; of an unknown one: none.
func Kinds(g Group) []Kind { return groups[g] }

// Entry is one line of the journal.
type Entry struct {
	ID      string    // set by Write
	OID     int64     // whose journal
	Kind    Kind      // what happened
	At      time.Time // set by Write
	Actor   string    // who acted: empty for the person, "operator:<oid>", "client:<id>", "system"
	Address string    // client address, so that the person may recognise it
	Device  string    // «Firefox, Windows»
	Details map[string]string
	// Once keeps an entry single: a second one with the same value is dropped.
	// Looks are journalled once per officer, person and hour.
	Once string
	// Erased tells, in listed entries, that address, device and details are gone.
	Erased bool
}

// Journal writes and reads entries.
type Journal struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
}

type payload struct {
	Address string            `json:"address,omitempty"`
	Device  string            `json:"device,omitempty"`
	Details map[string]string `json:"details,omitempty"`
}

// Ledger is the store below, for operations: sealing, verifying, key rotation.
func (j *Journal) Ledger() *ledger.Ledger {
	return &ledger.Ledger{DB: j.DB, Clock: j.Clock, Keys: j.Keys}
}

func subject(oid int64) string { return "person:" + strconv.FormatInt(oid, 10) }

// Write adds an entry in the transaction of what it tells.
func (j *Journal) Write(ctx context.Context, tx *db.Tx, e Entry) error {
	actor := e.Actor
	if actor == "" {
		actor = subject(e.OID)
	}
	err := j.Ledger().Append(ctx, tx, ledger.Entry{
		Subject: subject(e.OID), Actor: actor, Kind: string(e.Kind), Once: e.Once,
		Payload: payload{e.Address, e.Device, e.Details},
	})
	if err != nil {
		return fmt.Errorf("journal %s: %w", e.Kind, err)
	}
	return nil
}

// Filter chooses a page of a journal, the newest entries first.
type Filter struct {
	Kinds []Kind // empty: all
	After string // cursor of the page before; empty: the first page
	Limit int    // entries of a page; 0: 20, at most 200
}

// Page is a part of a journal. Next is empty on the last page.
type Page struct {
	Entries []Entry
	Next    string
}

// List reads a person's journal. The caller has checked that the reader may see it.
func (j *Journal) List(ctx context.Context, oid int64, f Filter) (Page, error) {
	if f.Limit <= 0 {
		f.Limit = 20
	}
	kinds := make([]string, 0, len(f.Kinds))
	for _, k := range f.Kinds {
		kinds = append(kinds, string(k))
	}
	var out Page
	err := j.DB.Read(ctx, func(tx *db.Tx) error {
		page, err := j.Ledger().List(ctx, tx, subject(oid), ledger.Filter{Kinds: kinds, After: f.After, Limit: f.Limit})
		if err != nil {
			return err
		}
		out = Page{Next: page.Next}
		for _, e := range page.Entries {
			var p payload
			if err := e.Decode(&p); err != nil {
				return err
			}
			entry := Entry{
				ID: e.ID, OID: oid, Kind: Kind(e.Kind), At: e.At, Actor: e.Actor, Erased: e.Erased,
				Address: p.Address, Device: p.Device, Details: p.Details,
			}
			if entry.Actor == subject(oid) {
				entry.Actor = ""
			}
			out.Entries = append(out.Entries, entry)
		}
		return nil
	})
	if err != nil {
		if f.After != "" { // a cursor that was tampered with is the likely cause
			return Page{}, fault.NotFound("journal.page_not_found").Wrap(err)
		}
		return Page{}, fmt.Errorf("list journal: %w", err)
	}
	return out, nil
}

// Erase removes the payloads of a deleted account: wired into person.Persons.OnDelete.
func (j *Journal) Erase(ctx context.Context, tx *db.Tx, oid int64) error {
	_, err := j.Ledger().Erase(ctx, tx, subject(oid))
	return err
}

const eraseBatch = 500

// Work registers the sealer and the erasure of payloads older than the term.
func (j *Journal) Work(q *job.Queue, term func(ctx context.Context) (time.Duration, error)) {
	j.Ledger().Work(q)
	q.Sweep("journal.erase", time.Hour, func(ctx context.Context) (int, error) {
		d, err := term(ctx)
		if err != nil {
			return 0, err
		}
		var n int64
		err = j.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			n, err = j.Ledger().EraseBefore(ctx, tx, j.Clock.Now().Add(-d), eraseBatch)
			return err
		})
		return int(n), err
	})
}
