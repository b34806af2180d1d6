package setting

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema setting.
func Migrations() db.Source { return db.Source{Context: "setting", FS: migrations, Tables: tables} }

// Key is one setting: its name, its first value and what it permits. Make it
// with [Int], [Bool], [Word] or [Define], once, as a package variable.
type Key[T any] struct {
	name    string
	initial T
	check   func(T) error
}

// Name is the setting's name, "<context>.<word>".
func (k *Key[T]) Name() string { return k.name }

// Default is the first value.
func (k *Key[T]) Default() T { return k.initial }

// Declared describes a setting for the administrator's page.
type Declared struct {
	Name    string
	Default json.RawMessage
	// Low and High bound a whole number, both permitted; Words are the values of
	// a choice. A setting with neither is edited by no page.
	Low, High int
	Words     []string
	check     func(json.RawMessage) error
}

var declared = struct {
	sync.Mutex
	byName map[string]Declared
}{byName: map[string]Declared{}}

// Define declares a setting; check says what is not permitted, nil permits all.
// Two settings of one name are a defect of the program and stop it.
func Define[T any](name string, initial T, check func(T) error) *Key[T] {
	raw, err := json.Marshal(initial)
	if err != nil {
		panic("setting " + name + ": " + err.Error())
	}
	k := &Key[T]{name: name, initial: initial, check: check}
	declared.Lock()
	defer declared.Unlock()
	if _, double := declared.byName[name]; double {
		panic("setting " + name + " is declared twice")
	}
	declared.byName[name] = Declared{Name: name, Default: raw, check: func(r json.RawMessage) error {
		_, err := k.parse(r)
		return err
	}}
	return k
}

// Int is a whole number between lo and hi, both permitted.
func Int(name string, initial, lo, hi int) *Key[int] {
	k := Define(name, initial, func(v int) error {
		if v < lo || v > hi {
			return outOfRange(name, lo, hi)
		}
		return nil
	})
	describe(name, func(d *Declared) { d.Low, d.High = lo, hi })
	return k
}

// Word is one of the given words.
func Word(name, initial string, words ...string) *Key[string] {
	k := Define(name, initial, func(v string) error {
		if v != initial && !slices.Contains(words, v) {
			return fault.Invalid("setting.unknown_value", fault.F(name, "setting.unknown_value"))
		}
		return nil
	})
	if !slices.Contains(words, initial) {
		words = append([]string{initial}, words...)
	}
	describe(name, func(d *Declared) { d.Words = words })
	return k
}

func describe(name string, change func(*Declared)) {
	declared.Lock()
	defer declared.Unlock()
	d := declared.byName[name]
	change(&d)
	declared.byName[name] = d
}

// All lists the declared settings by name.
func All() []Declared {
	declared.Lock()
	defer declared.Unlock()
	out := make([]Declared, 0, len(declared.byName))
	for _, d := range declared.byName {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Declared) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// unreadable says what is wanted instead of what is no value at all.
func (k *Key[T]) unreadable() *fault.Error {
	declared.Lock()
	defer declared.Unlock()
	if d := declared.byName[k.name]; d.High > d.Low {
		return outOfRange(k.name, d.Low, d.High)
	}
	return fault.Invalid("setting.unknown_value", fault.F(k.name, "setting.unknown_value"))
}

func outOfRange(name string, lo, hi int) *fault.Error {
	return fault.Invalid("setting.out_of_range", fault.F(name, "setting.out_of_range", "low", lo, "high", hi))
}

func (k *Key[T]) parse(raw json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, k.unreadable().Wrap(err)
	}
	if k.check != nil {
		if err := k.check(v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// Get answers the value in force. A stored value that the program no longer
// permits counts as not set: an old row must not stop the portal.
func Get[T any](ctx context.Context, tx *db.Tx, k *Key[T]) (T, error) {
	v, _, err := Latest(ctx, tx, k)
	return v, err
}

// Latest is [Get] with the version of the value, zero for one that was never set:
// for whoever keeps a value in memory.
func Latest[T any](ctx context.Context, tx *db.Tx, k *Key[T]) (T, int, error) {
	type row struct {
		Version int
		Value   json.RawMessage
	}
	r, err := db.Find[row](ctx, tx, `
		SELECT version, value FROM setting.value WHERE name = $1 ORDER BY version DESC LIMIT 1`, k.name)
	if err != nil {
		return k.initial, 0, fmt.Errorf("read setting %s: %w", k.name, err)
	}
	if r == nil {
		return k.initial, 0, nil
	}
	v, err := k.parse(r.Value)
	if err != nil {
		return k.initial, r.Version, nil
	}
	return v, r.Version, nil
}

// Settings is where an administrator changes values.
type Settings struct {
	DB    *db.DB
	Clock *clock.Clock
}

// Version is one value that a setting had.
type Version struct {
	Name    string
	Version int
	Value   json.RawMessage
	SetBy   string // officer id
	Reason  string
	SetAt   time.Time
}

// Change sets a value. seen is the version that the administrator was shown,
// zero for the default: a change in between is a conflict, not overwritten. within
// runs first in the same transaction: it authorises and journals.
func (s *Settings) Change(ctx context.Context, name string, seen int, value json.RawMessage, by, reason string, within ...func(ctx context.Context, tx *db.Tx) error) error {
	declared.Lock()
	d, known := declared.byName[name]
	declared.Unlock()
	if !known {
		return fault.NotFound("setting.not_found")
	}
	if reason == "" {
		return fault.Invalid("setting.reason_missing", fault.F("reason", "setting.reason_missing"))
	}
	if err := d.check(value); err != nil {
		return err
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, do := range within {
			if err := do(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO setting.value (name, version, value, set_by, reason, set_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			name, seen+1, value, by, reason, s.Clock.Now())
		return err
	})
	if db.IsUnique(err, "") {
		return fault.Conflict("setting.changed_meanwhile")
	}
	if err != nil {
		return fmt.Errorf("change setting %s: %w", name, err)
	}
	return nil
}

// History lists the values of a setting, newest first: the journal of its
// changes.
func (s *Settings) History(ctx context.Context, name string) ([]Version, error) {
	var out []Version
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.List[Version](ctx, tx, `
			SELECT name, version, value, set_by, reason, set_at FROM setting.value
			 WHERE name = $1 ORDER BY version DESC LIMIT 200`, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read history of setting %s: %w", name, err)
	}
	return out, nil
}
