package consent

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/recall"
	"github.com/okno-gov/okno/internal/idp/client"
	"github.com/okno-gov/okno/internal/idp/event"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/idp/person"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the tables of schema consent.
func Migrations() db.Source { return db.Source{Context: "consent", FS: migrations, Tables: tables} }

// TextVersion names the wording of the consent page (locale/consent.*.yaml).
// Whoever changes the wording changes the version: it is part of each record.
const TextVersion = "login-2026-11"

const (
	// valid bounds a consent, so that one which nobody remembers ends by itself.
	valid = 3 * 365 * 24 * time.Hour
	// kept is how long an ended record proves what was permitted (G-22).
	kept = 3 * 365 * 24 * time.Hour
)

// Consent is one record, complete by ID-CNS-10: grantor, grantee, scopes,
// purpose, text version, given, expires, withdrawn.
type Consent struct {
	OID int64  `db:"oid" json:"grantor"`
	ID  string `db:"id" json:"id"`
	// Chain is the first record of an unbroken row of replacements. Tokens refer
	// to it: widening a consent keeps them alive, withdrawing kills them for good.
	Chain       string     `db:"chain" json:"chain"`
	ClientID    string     `db:"client_id" json:"grantee"`
	ClientName  string     `db:"client_name" json:"grantee_name"`
	Scopes      []string   `db:"scopes" json:"scopes"`
	Purpose     string     `db:"purpose" json:"purpose"`
	TextVersion string     `db:"text_version" json:"text_version"`
	Locale      string     `db:"locale" json:"locale"`
	GivenAt     time.Time  `db:"given_at" json:"given_at"`
	ExpiresAt   time.Time  `db:"expires_at" json:"expires_at"`
	EndedAt     *time.Time `db:"ended_at" json:"ended_at,omitempty"`
	EndedBy     string     `db:"ended_by" json:"ended_by,omitempty"`
}

// InForce tells whether the consent counts at t.
func (c *Consent) InForce(t time.Time) bool { return c.EndedAt == nil && t.Before(c.ExpiresAt) }

// Covers tells whether every wanted scope is permitted.
func (c *Consent) Covers(scopes []string) bool {
	for _, s := range scopes {
		if !slices.Contains(c.Scopes, s) {
			return false
		}
	}
	return true
}

// Status names the state for lists: in_force, withdrawn, replaced, expired.
func (c *Consent) Status(t time.Time) string {
	switch {
	case c.EndedAt != nil:
		return c.EndedBy
	case !t.Before(c.ExpiresAt):
		return "expired"
	}
	return "in_force"
}

// Portal is one row of «Авторизованные порталы» (ID-CNS-07).
type Portal struct {
	ClientID string    `db:"client_id"`
	FirstAt  time.Time `db:"first_at"`
	LastAt   time.Time `db:"last_at"`
	Count    int64     `db:"count"`
	Name     string    `db:"-"`
	HomeURL  string    `db:"-"`
}

// Consents gives, lists and withdraws permissions.
type Consents struct {
	DB      *db.DB
	Clock   *clock.Clock
	Clients *client.Clients
	Events  *event.Outbox
	Journal *journal.Journal
	// Owner tells a person that a consent was withdrawn (ID-SEC-13); nil: nobody is told.
	Owner Owner

	ready sync.Once
	ends  recall.Rows[string, time.Time] // of chains, when they expire
	noted noted
}

// topic is under which changes of consents are told, by chain.
const topic = "consent"

// Owner tells a person something on all confirmed contacts; notify.Notices is one.
type Owner interface {
	Tell(ctx context.Context, tx *db.Tx, oid int64, key string, args ...any) error
}

const columns = `oid, id::text, chain::text, client_id, client_name, scopes, purpose, text_version, locale, given_at, expires_at, ended_at, ended_by`

// Find returns the consent in force for a client, nil without one.
func (cs *Consents) Find(ctx context.Context, tx *db.Tx, oid int64, clientID string) (*Consent, error) {
	c, err := db.Find[Consent](ctx, tx, `SELECT `+columns+` FROM consent.consent
		WHERE oid=$1 AND client_id=$2 AND ended_at IS NULL AND expires_at > $3`, oid, clientID, cs.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("find consent: %w", err)
	}
	return c, nil
}

// Alive tells whether a chain of consents is in force: for tokens, which ask at
// each use. It answers from memory: a withdrawal is seen at once in this process
// and within a second in others.
func (cs *Consents) Alive(ctx context.Context, chain string) (bool, error) {
	cs.ready.Do(func() {
		cs.ends.DB, cs.ends.Topic = cs.DB, topic
		cs.ends.Keys = func(chain string, _ time.Time) []string { return []string{chain} }
	})
	until, err := cs.ends.Get(ctx, chain, func(ctx context.Context) (until time.Time, keep bool, err error) {
		var found *time.Time
		err = cs.DB.Read(ctx, func(tx *db.Tx) (err error) {
			found, err = db.Get[*time.Time](ctx, tx, `SELECT max(expires_at) FROM consent.consent WHERE chain=$1 AND ended_at IS NULL`, chain)
			return err
		})
		if err != nil || found == nil {
			return time.Time{}, false, err
		}
		return *found, true, nil
	})
	if err != nil {
		return false, fmt.Errorf("look for consent: %w", err)
	}
	return cs.Clock.Now().Before(until), nil
}

// Give records that the person permits the client to see the scopes. What was
// permitted before stays permitted; asking for nothing new changes nothing.
// A second press of «Предоставить» finds the record of the first. A record older
// than since is written anew (the client asked for a fresh one); zero: any age.
func (cs *Consents) Give(ctx context.Context, tx *db.Tx, oid int64, c *client.Client, scopes []string, locale string, since time.Time) (*Consent, error) {
	now := cs.Clock.Now()
	old, err := db.Find[Consent](ctx, tx, `SELECT `+columns+` FROM consent.consent
		WHERE oid=$1 AND client_id=$2 AND ended_at IS NULL FOR UPDATE`, oid, c.ID)
	if err != nil {
		return nil, fmt.Errorf("give consent: %w", err)
	}
	if old != nil && old.InForce(now) && old.Covers(scopes) && !old.GivenAt.Before(since) {
		return old, nil
	}
	id := db.NewID()
	n := &Consent{
		OID: oid, ID: id, Chain: id, ClientID: c.ID, ClientName: c.Name, Scopes: client.Sorted(scopes), Purpose: c.Purpose,
		TextVersion: TextVersion, Locale: locale, GivenAt: now, ExpiresAt: now.Add(valid),
	}
	if old != nil {
		by := "expired"
		if old.InForce(now) {
			by, n.Chain = "replaced", old.Chain
			n.Scopes = client.Sorted(client.Expand(append(slices.Clone(old.Scopes), scopes...)))
		}
		if err := end(ctx, tx, old, by, now); err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO consent.consent (oid, id, chain, client_id, client_name, scopes, purpose, text_version, locale, given_at, expires_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
		n.OID, n.ID, n.Chain, n.ClientID, n.ClientName, n.Scopes, n.Purpose, n.TextVersion, n.Locale, n.GivenAt, n.ExpiresAt)
	if db.IsUnique(err, "consent_in_force") {
		return nil, fault.Conflict("consent.given_elsewhere").Wrap(err)
	}
	if err != nil {
		return nil, fmt.Errorf("give consent: %w", err)
	}
	return n, cs.note(ctx, tx, oid, journal.ConsentGiven, n)
}

func end(ctx context.Context, tx *db.Tx, c *Consent, by string, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE consent.consent SET ended_at=$2, ended_by=$3 WHERE id=$1 AND ended_at IS NULL`, c.ID, now, by); err != nil {
		return fmt.Errorf("end consent: %w", err)
	}
	return tx.Changed(ctx, topic, c.Chain)
}

func (cs *Consents) note(ctx context.Context, tx *db.Tx, oid int64, kind journal.Kind, c *Consent) error {
	return cs.Journal.Write(ctx, tx, journal.Entry{OID: oid, Kind: kind, Details: map[string]string{"client": c.ClientID, "name": c.ClientName}})
}

// Withdraw ends a consent of the person; withdrawing again changes nothing.
// A foreign or unknown id is fault NotFound.
func (cs *Consents) Withdraw(ctx context.Context, oid int64, id string) error {
	return cs.DB.InTx(ctx, func(tx *db.Tx) error {
		c, err := db.Find[Consent](ctx, tx, `SELECT `+columns+` FROM consent.consent WHERE oid=$1 AND id::text=$2 FOR UPDATE`, oid, id)
		if err != nil {
			return fmt.Errorf("withdraw consent: %w", err)
		}
		if c == nil {
			return fault.NotFound("consent.unknown")
		}
		if c.EndedAt != nil {
			return nil
		}
		// The event comes first: afterwards the client is no receiver any more.
		if err := cs.Events.Emit(ctx, tx, event.Event{Type: event.ConsentWithdrawn, OID: oid, Payload: map[string]string{"client": c.ClientID}}); err != nil {
			return err
		}
		if err := end(ctx, tx, c, "withdrawn", cs.Clock.Now()); err != nil {
			return err
		}
		if err := cs.note(ctx, tx, oid, journal.ConsentEnded, c); err != nil || cs.Owner == nil {
			return err
		}
		return cs.Owner.Tell(ctx, tx, oid, "consent_withdrawn", "client", c.ClientName, "at", cs.Clock.Now())
	})
}

// Get returns one record of the person; a foreign one is fault NotFound.
func (cs *Consents) Get(ctx context.Context, oid int64, id string) (c *Consent, err error) {
	err = cs.DB.Read(ctx, func(tx *db.Tx) error {
		c, err = db.Find[Consent](ctx, tx, `SELECT `+columns+` FROM consent.consent WHERE oid=$1 AND id::text=$2`, oid, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("get consent: %w", err)
	}
	if c == nil {
		return nil, fault.NotFound("consent.unknown")
	}
	return c, nil
}

// List gives the person's records, those in force first, then the newest; it
// is the export too, since a record marshals to JSON completely.
func (cs *Consents) List(ctx context.Context, oid int64, limit, offset int) (out []Consent, err error) {
	err = cs.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Consent](ctx, tx, `SELECT `+columns+` FROM consent.consent WHERE oid=$1
			ORDER BY (ended_at IS NULL) DESC, given_at DESC, id LIMIT $2 OFFSET $3`, oid, limit, offset)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return out, nil
}

// Visit notes that the person entered a client now.
func (cs *Consents) Visit(ctx context.Context, tx *db.Tx, oid int64, clientID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO consent.visit (oid, client_id, first_at, last_at, count) VALUES ($1,$2,$3,$3,1)
		ON CONFLICT (oid, client_id) DO UPDATE SET last_at=$3, count=consent.visit.count+1`, oid, clientID, cs.Clock.Now())
	if err != nil {
		return fmt.Errorf("note visit: %w", err)
	}
	return nil
}

// Portals lists the clients that the person has entered, the last one first.
func (cs *Consents) Portals(ctx context.Context, oid int64) (out []Portal, err error) {
	err = cs.DB.Read(ctx, func(tx *db.Tx) error {
		out, err = db.List[Portal](ctx, tx, `SELECT client_id, first_at, last_at, count FROM consent.visit WHERE oid=$1
			ORDER BY last_at DESC, client_id LIMIT 200`, oid)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list portals: %w", err)
	}
	for i := range out {
		c, err := cs.Clients.Find(ctx, out[i].ClientID)
		if err != nil {
			return nil, err
		}
		if out[i].Name = out[i].ClientID; c != nil {
			out[i].Name, out[i].HomeURL = c.Name, c.HomeURL
		}
	}
	return out, nil
}

// Forget ends everything of a deleted account; for person.Persons.OnDelete.
// The records stay as proof until their term, the list of visits goes.
func (cs *Consents) Forget(ctx context.Context, tx *db.Tx, oid person.OID) error {
	chains, err := db.List[string](ctx, tx, `UPDATE consent.consent SET ended_at=$2, ended_by='account' WHERE oid=$1 AND ended_at IS NULL RETURNING chain::text`,
		oid, cs.Clock.Now())
	if err != nil {
		return fmt.Errorf("end consents of account: %w", err)
	}
	if err := tx.Changed(ctx, topic, chains...); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM consent.visit WHERE oid=$1`, oid); err != nil {
		return fmt.Errorf("forget visits of account: %w", err)
	}
	return nil
}

// EventReceivers names the relying parties that know the person: those with a
// consent in force, and our own staff sites that he has visited. It fills
// event.Receivers.
func (cs *Consents) EventReceivers(ctx context.Context, tx *db.Tx, oid int64) ([]event.Receiver, error) {
	clients, err := cs.Clients.Receivers(ctx, tx)
	if err != nil || len(clients) == 0 {
		return nil, err
	}
	consented, err := db.List[string](ctx, tx, `SELECT client_id FROM consent.consent
		WHERE oid=$1 AND ended_at IS NULL AND expires_at > $2 ORDER BY 1 LIMIT 1000`, oid, cs.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("list receivers: %w", err)
	}
	visited, err := db.List[string](ctx, tx, `SELECT client_id FROM consent.visit WHERE oid=$1 ORDER BY 1 LIMIT 1000`, oid)
	if err != nil {
		return nil, fmt.Errorf("list receivers: %w", err)
	}
	var out []event.Receiver
	for _, c := range clients {
		if slices.Contains(consented, c.ID) || c.FirstParty && slices.Contains(visited, c.ID) {
			out = append(out, event.Receiver{ID: c.ID, Endpoint: c.EventURI})
		}
	}
	return out, nil
}

// EventReceiver finds the endpoint of one receiver, nil when it has none now.
func (cs *Consents) EventReceiver(ctx context.Context, tx *db.Tx, id string) (*event.Receiver, error) {
	c, err := cs.Clients.FindTx(ctx, tx, id)
	if err != nil || c == nil || c.Status != client.Active || c.EventURI == "" {
		return nil, err
	}
	return &event.Receiver{ID: c.ID, Endpoint: c.EventURI}, nil
}

// Work registers the sweep that erases records whose term of keeping is over.
func (cs *Consents) Work(q *job.Queue) { q.Sweep("consent.old", time.Hour, cs.sweep) }

func (cs *Consents) sweep(ctx context.Context) (int, error) {
	now := cs.Clock.Now()
	var n int64
	err := cs.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, sql := range []string{
			`DELETE FROM consent.consent WHERE ended_at < $1`,
			`DELETE FROM consent.visit WHERE last_at < $1`,
		} {
			gone, err := tx.Exec(ctx, sql, now.Add(-kept))
			if err != nil {
				return err
			}
			n += gone
		}
		expired, err := tx.Exec(ctx, `UPDATE consent.consent SET ended_at=expires_at, ended_by='expired' WHERE ended_at IS NULL AND expires_at <= $1`, now)
		n += expired
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep consents: %w", err)
	}
	return int(n), nil
}
