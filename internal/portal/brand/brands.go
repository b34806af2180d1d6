package brand

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/setting"
)

// published is the brand that an administrator has published; nil: that of the
// configuration file.
var published = setting.Define[*Brand]("brand.published", nil, func(b *Brand) error {
	if b == nil {
		return nil
	}
	return b.Check()
})

// pollEvery bounds how long a process may show what another has changed.
const pollEvery = time.Second

// Brands reads and publishes the brand of one portal.
type Brands struct {
	DB       *db.DB
	Clock    *clock.Clock
	Settings *setting.Settings
	// Configured is what the configuration file says.
	Configured Brand
	// Colours refuses tokens that are unknown or on which text could not be read:
	// fault Invalid with fields colours.<token>.
	Colours func(tokens map[string]string) error

	mu      sync.Mutex
	checked time.Time
	reading bool
	known   *Current
}

// Current is the brand in force. It is shared: do not change it.
type Current struct {
	Brand
	// Version moves with every change; zero while nobody has published anything.
	Version int
	// Published is false while the configuration file rules.
	Published bool
}

// Now answers the brand in force. When the database does not answer, the last
// known one stays, and before there is one the configured: a page without its
// name helps nobody.
func (b *Brands) Now(ctx context.Context) *Current {
	c, _ := b.current(ctx)
	return c
}

// Title is [Brand.Title] of the brand in force.
func (b *Brands) Title(ctx context.Context, lang string) string { return b.Now(ctx).Title(lang) }

// Version moves with every change that a prepared page must show.
func (b *Brands) Version(ctx context.Context) (int64, error) {
	c, err := b.current(ctx)
	return int64(c.Version), err
}

// KnownVersion is [Brands.Version] without asking or waiting for anything; false
// when it is not known well enough.
func (b *Brands) KnownVersion() (int64, bool) {
	if !b.mu.TryLock() {
		return 0, false
	}
	defer b.mu.Unlock()
	if b.known == nil || b.Clock.Wall().Sub(b.checked) >= pollEvery {
		return 0, false
	}
	return int64(b.known.Version), true
}

// current is never nil. One caller at a time looks at the database, the others go
// on with what is known: they may hold a transaction.
func (b *Brands) current(ctx context.Context) (*Current, error) {
	now := b.Clock.Wall()
	b.mu.Lock()
	known := b.known
	if known != nil && (b.reading || now.Sub(b.checked) < pollEvery) {
		b.mu.Unlock()
		return known, nil
	}
	b.reading = true
	b.mu.Unlock()

	next := &Current{Brand: b.Configured}
	err := b.DB.Aside(ctx, func(tx *db.Tx) error {
		saved, version, err := setting.Latest(ctx, tx, published)
		if err != nil {
			return err
		}
		if next.Version = version; saved != nil {
			next.Brand, next.Published = *saved, true
		}
		return nil
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	switch {
	case err != nil && known != nil:
		return known, fmt.Errorf("read brand: %w", err)
	case err != nil:
		return next, fmt.Errorf("read brand: %w", err)
	case known == nil || known.Version != next.Version:
		b.known = next
	}
	b.checked = now
	return b.known, nil
}

// Forget makes the next reader of this process look at the database.
func (b *Brands) Forget() {
	b.mu.Lock()
	b.checked = time.Time{}
	b.mu.Unlock()
}

// Refresh looks at the database again unless it has just done so: somebody asks
// for what another process has published a moment ago.
func (b *Brands) Refresh(ctx context.Context) *Current {
	b.mu.Lock()
	if b.Clock.Wall().Sub(b.checked) >= pollEvery/10 {
		b.checked = time.Time{}
	}
	b.mu.Unlock()
	return b.Now(ctx)
}

// Check is [Brand.Check] with the colours, all mistakes together.
func (b *Brands) Check(next *Brand) error {
	err := next.Check()
	if b.Colours == nil || len(next.Colours) == 0 {
		return err
	}
	colours := b.Colours(next.Colours)
	if err == nil || colours == nil {
		if err == nil {
			err = colours
		}
		return err
	}
	words, ok := fault.As(err)
	tokens, also := fault.As(colours)
	if !ok || !also {
		return err
	}
	return fault.Invalid(words.Key, append(append([]fault.Field{}, words.Fields...), tokens.Fields...)...)
}

// Publish makes next the brand of the portal; nil returns to the configuration
// file. seen is the version that the administrator was shown: a change in between
// is fault Conflict setting.changed_meanwhile. What is the brand already is fault
// Conflict brand.nothing_changed. by and reason are for the journal, within runs
// first in the same transaction: it authorises.
func (b *Brands) Publish(ctx context.Context, seen int, next *Brand, by, reason string, within func(ctx context.Context, tx *db.Tx) error) error {
	if next != nil {
		next.Tidy()
		if err := b.Check(next); err != nil {
			return err
		}
	}
	if c := b.Refresh(ctx); c.Version == seen && (next == nil && !c.Published || next != nil && next.equal(&c.Brand)) {
		return fault.Conflict("brand.nothing_changed")
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("publish brand: %w", err)
	}
	err = b.Settings.Change(ctx, published.Name(), seen, raw, by, reason, within)
	b.Forget()
	return err
}

// Version is one line of the journal of a brand.
type Version struct {
	setting.Version
	Returned bool     // to the configuration file
	Changes  []Change // against the version before
}

// History lists what was published, the newest first, with what it changed. The
// beginning is compared with the configuration file as it is now.
func (b *Brands) History(ctx context.Context) ([]Version, error) {
	list, err := b.Settings.History(ctx, published.Name())
	if err != nil {
		return nil, err
	}
	brands := make([]*Brand, len(list))
	out := make([]Version, len(list))
	for i, v := range list {
		out[i].Version = v
		if err := json.Unmarshal(v.Value, &brands[i]); err != nil {
			return nil, fmt.Errorf("read history of the brand: %w", err)
		}
		if brands[i] == nil {
			out[i].Returned, brands[i] = true, &b.Configured
		}
	}
	for i := range out {
		was := &b.Configured
		if i+1 < len(out) {
			was = brands[i+1]
		}
		out[i].Changes = Changes(was, brands[i])
	}
	return out, nil
}
