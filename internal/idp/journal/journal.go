// Package journal is what a person can see of what happened to the account:
// «Последние действия», «История входов», the requests to other agencies and who
// looked at the data (ID-SEC-07…09, ID-VER-18, ID-MFC-07).
//
// Entries are never changed. Address, device and details are sealed; erasing an
// account removes them and leaves the chain whole.
package journal

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema journal.
func Migrations() db.Source { return db.Source{Context: "journal", FS: migrations} }

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
	AccountDeleted  Kind = "account_deleted"
	ExchangeRequest Kind = "exchange_request" // details agency, purpose, result
	ProfileRead     Kind = "profile_read"     // a relying party read data: details client, name, scopes
	OperatorLooked  Kind = "operator_looked"  // details centre, reason
	OperatorActed   Kind = "operator_acted"   // details centre, act, reason, document
)

var groups = map[Group][]Kind{
	GroupSignIn:   {SignedIn, SignInFailed, SignInSlowed, SignedOut, SessionEnded, ClientEntered},
	GroupExchange: {ExchangeRequest},
	GroupAccess:   {ProfileRead, OperatorLooked},
	GroupAction: {
		Registered, PasswordChanged, PasswordSetNew, SecondFactorSet, ContactAdded, ContactConfirm, ContactRemoved, DataSent, CheckEnded,
		LevelRaised, IdentityProven, ProfileChanged, ConsentGiven, ConsentEnded, SettingsChanged, AccountDeleted, OperatorActed, SignedIn,
	},
}

// Kinds lists the kinds of a section; of an unknown one: none.
func Kinds(g Group) []Kind { return groups[g] }

// Entry is one line of the journal.
type Entry struct {
	ID      string
	OID     int64 // whose journal
	Kind    Kind
	At      time.Time // set by Write
	Actor   string    // oid of who acted; empty: the person; "client:<id>", "system"
	Address string    // client address as the person may recognise it
	Device  string    // «Firefox, Windows»
	Details map[string]string
}

// Journal writes and reads entries.
type Journal struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring
}

type payload struct {
	Actor   string            `json:"actor,omitempty"`
	Address string            `json:"address,omitempty"`
	Device  string            `json:"device,omitempty"`
	Details map[string]string `json:"details,omitempty"`
}

// Filter chooses a page of a journal, the newest first.
type Filter struct {
	Kinds  []Kind // empty: all
	Before string // id of the last entry of the page before; empty: the first page
	Limit  int    // at most 100; 0: 20
}

func aad(id string) string { return "journal.entry:" + id }

// Write adds an entry in the transaction of what it tells.
func (j *Journal) Write(ctx context.Context, tx *db.Tx, e Entry) error {
	raw, err := json.Marshal(payload{e.Actor, e.Address, e.Device, e.Details})
	if err != nil {
		return err
	}
	id := db.NewID()
	_, err = tx.Exec(ctx, `INSERT INTO journal.entry (id, oid, kind, at, sealed) VALUES ($1, $2, $3, $4, $5)`,
		id, e.OID, e.Kind, j.Clock.Now(), j.Keys.Seal(raw, aad(id)))
	if err != nil {
		return fmt.Errorf("write journal %s: %w", e.Kind, err)
	}
	return nil
}
