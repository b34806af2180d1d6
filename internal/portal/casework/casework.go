package casework

import (
	"context"
	"embed"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/journal"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/term"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema casework.
func Migrations() db.Source { return db.Source{Context: "casework", FS: migrations, Tables: tables} }

// Cases is the work of the agencies of one portal.
type Cases struct {
	DB           *db.DB
	Clock        *clock.Clock
	Keys         *crypt.Keyring
	Applications *application.Applications
	Officers     *officer.Officers
	Services     *catalogue.Services
	Documents    *document.Documents
	Journal      *journal.Journal
	Calendar     *term.Calendar
	Zone         *time.Location
}

// Act is what an officer does to a case.
type Act struct {
	Officer     string // id
	Application string
	Key         string // of the form: sent twice, it is one act
	Version     int    // of the case as the officer saw it
	Text        string // words to the citizen
}

// Possible is an act that a page may offer. Its name for people is the message
// "casework.act.<act>".
type Possible string

// The acts.
const (
	ActTake   Possible = "take"
	ActPut    Possible = "put_back"
	ActHand   Possible = "hand_over"
	ActAsk    Possible = "ask"
	ActInvite Possible = "invite"
	ActGo     Possible = "resume"
	ActAnswer Possible = "answer"
	ActRefuse Possible = "refuse"
	ActClose  Possible = "close"
	ActWrite  Possible = "write"
)

// possible lists what an officer can do to a case now.
func possible(app *application.Application, o *officer.Officer) []Possible {
	s := app.Status
	if app.Officer == "" {
		switch {
		case s.Open() && s != application.StatusSent:
			return []Possible{ActTake}
		case s.Decided(): // its holder has left; what is left to do needs no holder
			return []Possible{ActClose}
		}
		return nil
	}
	if !o.ActsFor(app.Officer) {
		return nil
	}
	var out []Possible
	may := func(to application.Status) bool { return application.Permits(s, to, application.ActorOfficer) }
	for _, c := range []struct {
		act Possible
		to  application.Status
	}{
		{ActAnswer, application.StatusGranted},
		{ActAsk, application.StatusMoreInfo},
		{ActInvite, application.StatusInvited},
		{ActRefuse, application.StatusRefused},
		{ActClose, application.StatusClosed},
	} {
		if may(c.to) {
			out = append(out, c.act)
		}
	}
	if may(application.StatusInWork) {
		out = append(out, ActGo)
	}
	if s == application.StatusInWork {
		out = append(out, ActPut)
	}
	if s.Open() {
		out = append(out, ActHand, ActWrite)
	}
	return out
}

// clerk answers the officer if he may work cases now.
func (c *Cases) clerk(ctx context.Context, tx *db.Tx, id string) (*officer.Officer, error) {
	o, err := c.Officers.GetIn(ctx, tx, id)
	if fault.Is(err, fault.KindNotFound) {
		return nil, fault.Forbidden("officer.unknown")
	}
	if err != nil {
		return nil, err
	}
	if !o.Has(officer.RoleClerk) || o.Agency == "" {
		return nil, fault.Forbidden("officer.unknown")
	}
	return o, nil
}

// joiner is clerk for acts that make somebody a holder: his row is locked until the end,
// so that nobody is given a case while he is being dismissed or moved.
func (c *Cases) joiner(ctx context.Context, tx *db.Tx, id string) (*officer.Officer, error) {
	if err := c.Officers.Stay(ctx, tx, id); err != nil {
		return nil, err
	}
	return c.clerk(ctx, tx, id)
}

// do carries out an act on a case that the officer holds: it locks the case,
// checks rights, key and version, and calls fn.
func (c *Cases) do(ctx context.Context, a Act, fn func(tx *db.Tx, o *officer.Officer, app *application.Application) error) error {
	return c.lockedBy(ctx, a, c.clerk, func(tx *db.Tx, o *officer.Officer, app *application.Application) error {
		if err := mine(o, app); err != nil {
			return err
		}
		if app.Version != a.Version {
			return fault.Conflict("application.changed")
		}
		return fn(tx, o, app)
	})
}

// mine refuses an act on what the officer holds neither himself nor as a deputy.
func mine(o *officer.Officer, app *application.Application) error {
	switch {
	case app.Officer == "":
		return fault.Conflict("casework.take_first")
	case !o.ActsFor(app.Officer):
		return fault.Conflict("casework.held_by").With("name", app.OfficerName)
	}
	return nil
}

// lockedBy locks the case of an officer whom who lets in, and calls fn unless the act was
// done before.
func (c *Cases) lockedBy(ctx context.Context, a Act, who func(ctx context.Context, tx *db.Tx, id string) (*officer.Officer, error), fn func(tx *db.Tx, o *officer.Officer, app *application.Application) error) error {
	if a.Key == "" {
		return fault.Invalid("application.key_missing")
	}
	return c.DB.InTx(ctx, func(tx *db.Tx) error {
		o, err := who(ctx, tx, a.Officer)
		if err != nil {
			return err
		}
		app, err := c.Applications.Lock(ctx, tx, o.Agency, a.Application)
		if err != nil {
			return err
		}
		if again, err := c.Applications.Done(ctx, tx, app.ID, a.Key); err != nil || again {
			return err
		}
		return fn(tx, o, app)
	})
}

// shortName is how citizens see an officer: «Гареева Л. М.».
func shortName(o *officer.Officer) string {
	f := append(strings.Fields(o.Name), "", "", "")
	return rutext.Initials(f[0], f[1], f[2])
}

func move(o *officer.Officer, a Act, to application.Status) application.Move {
	return application.Move{
		To: to, Actor: application.ActorOfficer, Officer: o.ID, Name: shortName(o), Key: a.Key, Comment: strings.TrimSpace(a.Text),
	}
}

// text checks the words of an act.
func text(s string, required bool) error {
	s = strings.TrimSpace(s)
	switch {
	case s == "" && required:
		return fault.Invalid("application.text_missing", fault.F("text", "application.text_missing"))
	case len([]rune(s)) > application.MaxText:
		return fault.Invalid("application.text_too_long", fault.F("text", "application.text_too_long", "n", application.MaxText))
	}
	return nil
}

// Has tells whether an act is among those possible.
func (d *Case) Has(p Possible) bool { return slices.Contains(d.Acts, p) }
