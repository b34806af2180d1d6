package account

import (
	"embed"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/recall"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema account.
func Migrations() db.Source { return db.Source{Context: "account", FS: migrations, Tables: tables} }

// Level is how surely the identity provider knows the person.
type Level int

// The levels of an account, ordered.
const (
	LevelNone       Level = 0
	LevelSimplified Level = 1
	LevelStandard   Level = 2
	LevelConfirmed  Level = 3
)

var levelNames = [...]string{"none", "simplified", "standard", "confirmed"}

// String is the level's word in files, events and message keys.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return levelNames[0]
	}
	return levelNames[l]
}

// ParseLevel reads the word of a level; unknown words are no level.
func ParseLevel(s string) Level {
	for i, n := range levelNames {
		if n == s {
			return Level(i)
		}
	}
	return LevelNone
}

// Account is one person on this portal.
type Account struct {
	ID      string // owner id of everything in the cabinet (UUID)
	Subject string // the identity provider's number; empty once the account is closed

	// Level is the level that acts go by. Offered is higher than Level while
	// the provider has raised the level and the person has not signed in again
	// (C-53).
	Level    Level
	Offered  Level
	Proofing string // how the person was confirmed (C-12); services may exclude ways

	Locale           string // ru, tt, en; empty: no choice made here
	Place            string // code of the chosen place; empty: the region's capital
	Prefs            Prefs
	AgreementVersion string // version of the user agreement that was accepted
	AgreedAt         *time.Time

	CreatedAt  time.Time
	SignedInAt time.Time
	ClosedAt   *time.Time
}

// NeedsNewSignIn tells whether a sign-in would raise the level (C-53).
func (a *Account) NeedsNewSignIn() bool { return a.Offered > a.Level }

// Prefs is the version for the visually impaired as the person set it
// (GOST R 52872).
type Prefs struct {
	On      bool   `json:"on,omitempty"`      // chosen at all
	Size    int    `json:"size,omitempty"`    // per cent, 100 to 200; 0: not set
	Spacing bool   `json:"spacing,omitempty"` // wider letters and lines
	Scheme  string `json:"scheme,omitempty"`  // name of the colour scheme; empty: the usual one
	NoImage bool   `json:"no_image,omitempty"`
}

// Contacts is where messages to the person go: confirmed ones only.
type Contacts struct {
	Email  string `json:"email,omitempty"`
	Mobile string `json:"mobile,omitempty"` // +79120000001
}

// SignIn is what the identity provider said at a sign-in.
type SignIn struct {
	Subject  string
	Level    Level
	Proofing string
	Locale   string
}

// Accounts owns the accounts of one portal.
type Accounts struct {
	DB    *db.DB
	Clock *clock.Clock
	Keys  *crypt.Keyring

	kept keptAccounts
}

// Topic is told when an account has changed, or the provider has sent word of its
// person, see base/recall; keys are its id and its subject.
const Topic = "account"

// keptAccounts are those whose persons look at pages.
type keptAccounts struct {
	once sync.Once
	recall.Rows[string, *Account]
}
