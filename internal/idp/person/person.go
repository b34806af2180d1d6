package person

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/recall"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/event"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema person.
func Migrations() db.Source { return db.Source{Context: "person", FS: migrations, Tables: tables} }

// OID is a person's public number: random in [10⁹, 2³¹), never reused. It is
// ESIA's oid and OpenID Connect's sub alike (decimal text outside).
type OID = int64

// ErrOID says that a text is no person's number.
var ErrOID = errors.New("person: not an oid")

const (
	minOID = 1_000_000_000
	endOID = 1 << 31
)

// FormatOID writes the number as tokens and addresses carry it.
func FormatOID(oid OID) string { return strconv.FormatInt(oid, 10) }

// ParseOID reads what FormatOID wrote and refuses all else.
func ParseOID(s string) (OID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < minOID || n >= endOID || FormatOID(n) != s {
		return 0, ErrOID
	}
	return n, nil
}

// newOID draws a number; the primary key guards against the rare equal one.
func newOID() OID {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return minOID + OID(binary.BigEndian.Uint64(b[:])%(endOID-minOID))
}

// Level is how surely we know who somebody is. Levels are ordered (ID-LVL-01).
type Level int16

// The three levels.
const (
	Simplified Level = 1 // упрощённая: a confirmed contact
	Standard   Level = 2 // стандартная: both registers know the data
	Confirmed  Level = 3 // подтверждённая: identity proven
)

// Valid tells whether l is one of the three.
func (l Level) Valid() bool { return l >= Simplified && l <= Confirmed }

// String is the name in interfaces and message keys.
func (l Level) String() string {
	switch l {
	case Simplified:
		return "simplified"
	case Standard:
		return "standard"
	case Confirmed:
		return "confirmed"
	}
	return "none"
}

// Status of an account.
type Status string

// The two statuses. A deleted account keeps only its number and dates.
const (
	Registered Status = "registered"
	Deleted    Status = "deleted"
)

// Person is the account with the names in force.
type Person struct {
	OID        OID        `db:"oid"`
	Status     Status     `db:"status"`
	Level      Level      `db:"level"`
	LevelAt    time.Time  `db:"level_at"`
	Locale     string     `db:"locale"` // ru, tt or en
	Look       string     `db:"look"`   // version for the visually impaired as a site writes it; "" the usual one
	Surname    string     `db:"surname"`
	Given      string     `db:"given"`
	Patronymic string     `db:"patronymic"`
	Sex        string     `db:"sex"` // M, F or empty
	BirthDate  *time.Time `db:"birth_date"`
	BirthPlace string     `db:"birth_place"`
	// Citizenship is the country's three letters, such as RUS; empty: unknown.
	Citizenship string `db:"citizenship"`
	// Version is the number of the verified data in force; nil: never verified.
	Version   *int       `db:"version"`
	Avatar    string     `db:"avatar"` // id of the picture, empty without one
	CreatedAt time.Time  `db:"created_at"`
	UpdatedAt time.Time  `db:"updated_at"`
	DeletedAt *time.Time `db:"deleted_at"`
}

const personColumns = `oid, status, level, level_at, locale, look, surname, given, patronymic, sex, birth_date, birth_place,
	citizenship, version, avatar, created_at, updated_at, deleted_at`

// FullName is «Соколова Анна Викторовна».
func (p *Person) FullName() string { return rutext.FullName(p.Surname, p.Given, p.Patronymic) }

// Initials is «Соколова А. В.».
func (p *Person) Initials() string { return rutext.Initials(p.Surname, p.Given, p.Patronymic) }

// Active tells whether the account lives.
func (p *Person) Active() bool { return p.Status == Registered }

// Persons are the use cases of accounts and profiles.
type Persons struct {
	DB     *db.DB
	Clock  *clock.Clock
	Keys   *crypt.Keyring
	Events *event.Outbox
	// OnDelete run in the transaction that deletes an account, in order: the
	// owners of sessions, credentials, consents and tokens hang in here.
	OnDelete []func(ctx context.Context, tx *db.Tx, oid OID) error
	// Witness, when set, sees an account before it is deleted; what it returns
	// runs after, in the same transaction: it writes the act of the erasure.
	Witness func(ctx context.Context, tx *db.Tx, oid OID) (func(ctx context.Context) error, error)

	ready sync.Once
	known recall.Rows[OID, *Known]
}

// New is what registration knows of a person.
type New struct {
	Surname, Given, Patronymic string
	Locale                     string // empty: ru
}

// Create makes a simplified account without contacts (ID-REG-18).
func (p *Persons) Create(ctx context.Context, tx *db.Tx, n New) (OID, error) {
	if n.Locale == "" {
		n.Locale = "ru"
	}
	now := p.Clock.Now()
	for range 8 {
		oid := newOID()
		got, err := tx.Exec(ctx, `INSERT INTO person.person
			(oid, level, level_at, locale, surname, given, patronymic, name_key, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $3, $3) ON CONFLICT DO NOTHING`,
			oid, Simplified, now, n.Locale, n.Surname, n.Given, n.Patronymic, nameKey(n.Surname, n.Given, n.Patronymic))
		if err != nil {
			return 0, fmt.Errorf("create person: %w", err)
		}
		if got == 1 {
			return oid, nil
		}
	}
	return 0, errors.New("create person: no free number found")
}

func nameKey(surname, given, patronymic string) string {
	return rutext.MatchKey(surname + " " + given + " " + patronymic)
}

// Get returns an account that lives; fault NotFound person.not_found else.
func (p *Persons) Get(ctx context.Context, oid OID) (*Person, error) {
	var found *Person
	err := p.DB.Read(ctx, func(tx *db.Tx) (err error) { found, err = p.GetTx(ctx, tx, oid); return err })
	return found, err
}

// GetTx is Get inside a transaction.
func (p *Persons) GetTx(ctx context.Context, tx *db.Tx, oid OID) (*Person, error) {
	found, err := db.Find[Person](ctx, tx, `SELECT `+personColumns+` FROM person.person WHERE oid = $1`, oid)
	if err != nil {
		return nil, fmt.Errorf("get person: %w", err)
	}
	if found == nil || !found.Active() {
		return nil, fault.NotFound("person.not_found")
	}
	return found, nil
}

// Lock makes changes of one account follow one another until the end of the
// transaction; fault NotFound person.not_found.
func (p *Persons) Lock(ctx context.Context, tx *db.Tx, oid OID) error {
	_, err := lock(ctx, tx, oid)
	return err
}

// lock takes the account's row for the transaction, so that changes of one
// account follow one another.
func lock(ctx context.Context, tx *db.Tx, oid OID) (*Person, error) {
	found, err := db.Find[Person](ctx, tx, `SELECT `+personColumns+` FROM person.person WHERE oid = $1 FOR UPDATE`, oid)
	if err != nil {
		return nil, fmt.Errorf("lock person: %w", err)
	}
	if found == nil || !found.Active() {
		return nil, fault.NotFound("person.not_found")
	}
	return found, nil
}

// maxLook bounds the word of the look: it is a site's, not ours.
const maxLook = 60

// SetLook keeps the version for the visually impaired; it is told to nobody.
func (p *Persons) SetLook(ctx context.Context, oid OID, look string) error {
	if len(look) > maxLook {
		return fault.Invalid("person.look_unknown")
	}
	return p.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE person.person SET look = $2, updated_at = $3 WHERE oid = $1 AND status = 'registered'`,
			oid, look, p.Clock.Now())
		return cmp.Or(err, tell(ctx, tx, oid))
	})
}

// SetLocale keeps the language of pages and messages: ru, tt or en.
func (p *Persons) SetLocale(ctx context.Context, oid OID, locale string) error {
	if locale != "ru" && locale != "tt" && locale != "en" {
		return fault.Invalid("person.locale_unknown")
	}
	return p.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE person.person SET locale = $2, updated_at = $3 WHERE oid = $1 AND status = 'registered'`,
			oid, locale, p.Clock.Now())
		return cmp.Or(err, tell(ctx, tx, oid))
	})
}
