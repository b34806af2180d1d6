package officer

import (
	"context"
	"embed"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/outbound"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema officer.
func Migrations() db.Source { return db.Source{Context: "officer", FS: migrations, Tables: tables} }

// Role is a set of permitted acts. Its name for people is the message
// "officer.role.<role>".
type Role string

// The roles.
const (
	RoleClerk   Role = "clerk"   // works the cases of his agency
	RoleEditor  Role = "editor"  // edits service cards, agencies, news
	RoleSupport Role = "support" // answers the portal's support queue
	RoleAdmin   Role = "admin"   // officers, settings, journals of the portal
)

// Roles are all roles.
var Roles = []Role{RoleClerk, RoleEditor, RoleSupport, RoleAdmin}

// Officer is a person at work.
type Officer struct {
	ID      string
	Subject string // at the identity provider
	Agency  string // code in the directory; empty for the portal's own staff
	Name    string // «Гареева Лилия Маратовна», as citizens see it in answers
	Post    string // «инспектор»
	Roles   []Role
	Active  bool
	Version int64 // moves with each change
	// Principals are the officers whose deputy he is now.
	Principals []string
}

// Has tells whether the officer is active in the role.
func (o *Officer) Has(r Role) bool { return o != nil && o.Active && slices.Contains(o.Roles, r) }

// ActsFor tells whether the officer may continue what the other has begun.
func (o *Officer) ActsFor(id string) bool { return o.ID == id || slices.Contains(o.Principals, id) }

// Deputy lets one officer act for another. Until is exclusive.
type Deputy struct {
	OfficerID string // the one who is away
	DeputyID  string
	From      time.Time
	Until     time.Time
}

// Officers owns the staff of one portal.
type Officers struct {
	DB     *db.DB
	Clock  *clock.Clock
	Keys   *crypt.Keyring   // makes the links of invitations
	Outbox *outbound.Outbox // mails them; nil: they are handed over in person
	Bundle *i18n.Bundle     // the words of that mail
	URL    string           // of the office, without a slash at the end
	// Portal is the portal's name in a language, for that mail.
	Portal func(ctx context.Context, lang string) string
	// OnLeave runs in the transaction that ends somebody's work, with his subject at
	// the identity provider: his sessions end at once. May be nil.
	OnLeave func(ctx context.Context, tx *db.Tx, subject string) error
	// Cases and Tickets are what officers hold. May be nil.
	Cases, Tickets Holding
}

// Holding is work that officers take out of a common queue and hold until it is done: the
// cases of the agencies, the tickets of the support. Their owners implement it.
type Holding interface {
	// Held counts what an officer holds and somebody has to finish.
	Held(ctx context.Context, tx *db.Tx, id string) (int, error)
	// Release gives back to the queue what the officer holds and may not finish as he is
	// now, and answers how much that is.
	Release(ctx context.Context, tx *db.Tx, now *Officer) (int, error)
}
