package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/idp/event"
)

var start = time.Date(2026, 11, 21, 6, 40, 0, 0, time.UTC)

const anna = 1_000_000_001

// world is receivers, signer and sender in one.
type world struct {
	*event.Outbox
	q *job.Queue

	mu        sync.Mutex
	receivers []event.Receiver
	away      bool
	got       map[string][]string // receiver → claims
}

func (w *world) EventReceivers(context.Context, *db.Tx, int64) ([]event.Receiver, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.receivers, nil
}

func (w *world) EventReceiver(_ context.Context, _ *db.Tx, id string) (*event.Receiver, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.receivers {
		if r.ID == id {
			return &r, nil
		}
	}
	return nil, nil
}

func (w *world) SignEvent(_ context.Context, claims []byte) (string, error) {
	return string(claims), nil
}

func (w *world) Issuer() string { return "https://esia.example" }

func (w *world) SendEvent(_ context.Context, r event.Receiver, token string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away && r.ID == "portal" {
		return errors.New("status 503")
	}
	w.got[r.ID] = append(w.got[r.ID], token)
	return nil
}

func (w *world) count(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.got[id])
}

func setUp(t *testing.T) *world {
	t.Helper()
	d, c := dbtest.New(t, event.Migrations()), clock.At(start)
	w := &world{got: map[string][]string{}, q: job.New(d, c), receivers: []event.Receiver{{ID: "portal", Endpoint: "x"}, {ID: "desk", Endpoint: "y"}}}
	w.Outbox = &event.Outbox{DB: d, Clock: c, Receivers: w, Signer: w, Sender: w}
	w.Work(w.q)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) emit(t *testing.T, e event.Event) {
	t.Helper()
	ctx := context.Background()
	must(t, w.DB.InTx(ctx, func(tx *db.Tx) error { return w.Emit(ctx, tx, e) }))
}

// An event reaches each receiver once, as a token of RFC 8417 with the subject of RFC 9493.
func TestDelivery(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	w.emit(t, event.Event{Type: event.LevelRaised, OID: anna, Payload: map[string]string{"level": "standard"}})
	must(t, w.q.Settle(context.Background()))
	must(t, w.q.Settle(context.Background()))
	if w.count("portal") != 1 || w.count("desk") != 1 {
		t.Fatalf("delivered %v", w.got)
	}
	var claims struct {
		Iss, Aud, Jti string
		Iat           int64
		Sub           map[string]string         `json:"sub_id"`
		Events        map[string]map[string]any `json:"events"`
	}
	must(t, json.Unmarshal([]byte(w.got["portal"][0]), &claims))
	body := claims.Events["urn:okno:event:level.raised"]
	if claims.Iss != "https://esia.example" || claims.Aud != "portal" || claims.Jti == "" || claims.Iat == 0 || body["level"] != "standard" || body["event_timestamp"] != float64(start.Unix()) {
		t.Errorf("claims %+v", claims)
	}
	if claims.Sub["format"] != "iss_sub" || claims.Sub["iss"] != claims.Iss || claims.Sub["sub"] != "1000000001" {
		t.Errorf("subject %v", claims.Sub)
	}
}

// An event of a transaction that was rolled back is never told.
func TestRolledBack(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	_ = w.DB.InTx(ctx, func(tx *db.Tx) error {
		must(t, w.Emit(ctx, tx, event.Event{Type: event.AccountDeleted, OID: anna}))
		return errors.New("roll back")
	})
	must(t, w.q.Settle(ctx))
	if len(w.got) != 0 {
		t.Errorf("told %v", w.got)
	}
}

// A receiver that is away gets the event when it is back, by domain time; the others do not wait; after three days it is given up.
func TestReceiverAway(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.away = true
	w.emit(t, event.Event{Type: event.ContactChanged, OID: anna})
	must(t, w.q.Settle(ctx))
	if w.count("portal") != 0 || w.count("desk") != 1 {
		t.Fatalf("delivered %v", w.got)
	}
	w.Clock.Advance(30 * time.Hour)
	must(t, w.q.Settle(ctx))
	w.away = false
	w.Clock.Advance(time.Hour)
	must(t, w.q.Settle(ctx))
	if w.count("portal") != 1 || w.count("desk") != 1 {
		t.Fatalf("delivered %v", w.got)
	}
	w.away = true
	w.emit(t, event.Event{Type: event.ContactChanged, OID: anna})
	must(t, w.q.Settle(ctx))
	w.Clock.Advance(73 * time.Hour)
	must(t, w.q.Settle(ctx))
	w.away = false
	w.Clock.Advance(2 * time.Hour)
	must(t, w.q.Settle(ctx))
	if w.count("portal") != 1 {
		t.Error("an event of three days ago was still delivered")
	}
	w.Clock.Advance(31 * 24 * time.Hour)
	must(t, w.q.Settle(ctx))
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := db.Get[int](ctx, tx, `SELECT (SELECT count(*) FROM event.event)::int + (SELECT count(*) FROM event.delivery)::int`)
		if n != 0 {
			t.Errorf("%d rows are kept for ever", n)
		}
		return err
	}))
}

// A receiver that has gone meanwhile ends its deliveries.
func TestReceiverGone(t *testing.T) {
	t.Parallel()
	w := setUp(t)
	ctx := context.Background()
	w.emit(t, event.Event{Type: event.LevelRaised, OID: anna})
	w.receivers = w.receivers[1:]
	must(t, w.q.Settle(ctx))
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		state, err := db.Get[string](ctx, tx, `SELECT state FROM event.delivery WHERE receiver = 'portal'`)
		if state != "failed" || w.count("desk") != 1 {
			t.Errorf("state %s, delivered %v", state, w.got)
		}
		return err
	}))
}
