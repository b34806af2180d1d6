// Package event is the outbox of security events: what relying parties must
// learn without asking (level raised, check ended, contact changed, account
// deleted). An event is written in the transaction of what it tells; a job
// pushes it to each receiver as a signed security event token (RFC 8417,
// delivered by RFC 8935), at least once, until the receiver has it.
//
//	waiting ──202──▶ delivered
//	   └──for three days no answer──▶ failed (the receiver reads the profile at the next sign-in anyway)
//
// Payloads say what changed, never the values: a receiver reads these through
// the profile API with the person's consent.
package event

import (
	"context"
	"embed"
	"fmt"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema event.
func Migrations() db.Source { return db.Source{Context: "event", FS: migrations, Tables: tables} }

// Type names what happened; on the wire it is [Type.URI].
type Type string

// The events.
const (
	LevelRaised      Type = "level.raised"       // payload level
	CheckEnded       Type = "check.ended"        // payload result: verified, failed
	ContactChanged   Type = "contact.changed"    // payload kind: phone, email
	DataChanged      Type = "data.changed"       // payload section: documents, addresses, children, vehicles
	ConsentWithdrawn Type = "consent.withdrawn"  // payload client
	PasswordChanged  Type = "credential.changed" // payload kind: password
	SessionsRevoked  Type = "sessions.revoked"
	AccountDeleted   Type = "account.deleted"
)

// URI is the event's identifier inside a security event token.
func (t Type) URI() string { return "urn:okno:event:" + string(t) }

// Event is one thing that happened to a person.
type Event struct {
	Type    Type
	OID     int64
	Payload map[string]string // no personal data
}

// Outbox takes events and delivers them.
type Outbox struct {
	DB    *db.DB
	Clock *clock.Clock
	// Queue carries the deliveries; without it the sweep alone finds them.
	Queue *job.Queue
	// Receivers, Signer and Sender are wired in app. Without them events are
	// written and nobody is told, as in a product without relying parties.
	Receivers Receivers
	Signer    Signer
	Sender    Sender
}

// Receiver is where a relying party takes events.
type Receiver struct {
	ID       string // the client's id: audience of the token
	Endpoint string // https address of RFC 8935
}

// Receivers names the relying parties that know this person: those with a
// consent, and our own first-party sites.
type Receivers interface {
	EventReceivers(ctx context.Context, tx *db.Tx, oid int64) ([]Receiver, error)
	EventReceiver(ctx context.Context, tx *db.Tx, id string) (*Receiver, error)
}

// Signer makes a compact JWS over JSON claims, by a key of the published JWKS,
// with the header typ "secevent+jwt" (RFC 8417, 2.3). Issuer is what goes into iss.
type Signer interface {
	SignEvent(ctx context.Context, claims []byte) (string, error)
	Issuer() string
}

// Sender pushes one token; a nil error means that the receiver has it.
type Sender interface {
	SendEvent(ctx context.Context, r Receiver, token string) error
}

// Emit writes an event and a delivery for each receiver in the transaction of
// what it tells.
func (o *Outbox) Emit(ctx context.Context, tx *db.Tx, e Event) error {
	if e.Payload == nil {
		e.Payload = map[string]string{}
	}
	id, now := db.NewID(), o.Clock.Now()
	_, err := tx.Exec(ctx, `INSERT INTO event.event (id, type, oid, payload, at) VALUES ($1, $2, $3, $4, $5)`,
		id, e.Type, e.OID, e.Payload, now)
	if err != nil {
		return fmt.Errorf("emit %s: %w", e.Type, err)
	}
	if o.Receivers == nil {
		return nil
	}
	receivers, err := o.Receivers.EventReceivers(ctx, tx, e.OID)
	if err != nil {
		return fmt.Errorf("emit %s: receivers: %w", e.Type, err)
	}
	for _, r := range receivers {
		_, err := tx.Exec(ctx, `INSERT INTO event.delivery (event_id, receiver, state, due_at)
			VALUES ($1, $2, 'waiting', $3) ON CONFLICT DO NOTHING`, id, r.ID, now)
		if err != nil {
			return fmt.Errorf("emit %s to %s: %w", e.Type, r.ID, err)
		}
		if o.Queue == nil {
			continue
		}
		if err := o.Queue.Enqueue(ctx, tx, deliver{Event: id, Receiver: r.ID}); err != nil {
			return err
		}
	}
	return nil
}
