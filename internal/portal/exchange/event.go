package exchange

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/notice"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations is the schema exchange.
func Migrations() db.Source { return db.Source{Context: "exchange", FS: migrations, Tables: tables} }

// Events receives the identity provider's security events (RFC 8417, pushed as
// RFC 8935 says): level raised, check ended, contact changed, account deleted,
// sessions or consent ended. An event is carried out once, however often it is
// pushed: its id is kept in the transaction of its effects.
//
// Mount it for POST without a body parser before it; pushes carry no cookie.
type Events struct {
	DB       *db.DB
	Clock    *clock.Clock
	Party    *oidcrp.Party // whose provider and client id the tokens must name
	Accounts *account.Accounts
	Notices  *notice.Notices
	// Sites are the relying parties whose sessions end with an account, Party
	// among them.
	Sites []*oidcrp.Party
	// OnDelete runs in the transaction that closes an account, with its id.
	OnDelete []func(ctx context.Context, tx *db.Tx, owner string) error
	// Witness, when set, sees an account before it is closed; what it returns
	// runs after, in the same transaction: it writes the act of the erasure.
	Witness func(ctx context.Context, tx *db.Tx, owner string) (func(ctx context.Context) error, error)
}

const (
	maxEvent     = 64 << 10
	keepReceived = 30 * 24 * time.Hour
	eventPrefix  = "urn:okno:event:"
)

// Work registers the sweep of ids that are no longer needed.
func (e *Events) Work(q *job.Queue) {
	q.Sweep("exchange.received", time.Hour, func(ctx context.Context) (int, error) {
		var n int64
		err := e.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.Exec(ctx, `DELETE FROM exchange.received WHERE id IN
				(SELECT id FROM exchange.received WHERE at <= $1 LIMIT 1000)`, e.Clock.Now().Add(-keepReceived))
			return err
		})
		return int(n), err
	})
}

// ServeHTTP takes one pushed token: 202 when it is carried out or was before,
// 400 when it is not to be believed, 503 when the provider shall repeat it.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || media != "application/secevent+jwt" {
		refuse(w, "invalid_request")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err != nil {
		refuse(w, "invalid_request")
		return
	}
	ev, err := e.Party.SecurityEvent(r.Context(), strings.TrimSpace(string(raw)))
	if oidcrp.InvalidToken(err) {
		refuse(w, "authentication_failed")
		return
	}
	if err == nil {
		err = e.take(r.Context(), ev)
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"err": code})
}

// payload is what our events carry. Values of the profile are never among it.
type payload struct {
	At     int64  `json:"event_timestamp"`
	Level  string `json:"level"`
	Result string `json:"result"`
	Kind   string `json:"kind"`
}

func (e *Events) take(ctx context.Context, ev *oidcrp.SecurityEvent) error {
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO exchange.received (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, ev.ID, e.Clock.Now())
		if err != nil {
			return fmt.Errorf("receive event: %w", err)
		}
		if n == 0 {
			return nil
		}
		acc, err := e.Accounts.FindBySubject(ctx, tx, ev.Subject)
		if err != nil || acc == nil {
			return err // nobody's here: nothing to do
		}
		// Whatever has happened: what is kept in memory of the person is read anew.
		if err := tx.Changed(ctx, account.Topic, ev.Subject); err != nil {
			return err
		}
		for uri, body := range ev.Events {
			var p payload
			// Events of other providers may have another shape: what we do not
			// understand changes nothing.
			if json.Unmarshal(body, &p) != nil {
				continue
			}
			if err := e.carryOut(ctx, tx, acc, strings.TrimPrefix(uri, eventPrefix), ev, p); err != nil {
				return fmt.Errorf("event %s: %w", ev.ID, err)
			}
		}
		return nil
	})
}

func (e *Events) carryOut(ctx context.Context, tx *db.Tx, acc *account.Account, kind string, ev *oidcrp.SecurityEvent, p payload) error {
	switch kind {
	case "level.raised":
		level := account.ParseLevel(p.Level)
		if level == account.LevelNone {
			return nil
		}
		if err := e.Accounts.RaiseOffer(ctx, tx, ev.Subject, level); err != nil {
			return err
		}
		if level <= acc.Level {
			return nil
		}
		return e.tell(ctx, tx, acc.ID, ev.ID, "level_raised")
	case "check.ended":
		if p.Result == "verified" {
			return e.tell(ctx, tx, acc.ID, ev.ID, "verified")
		}
		return e.tell(ctx, tx, acc.ID, ev.ID, "check_failed")
	case "contact.changed":
		at := time.Unix(p.At, 0).Add(time.Second) // the stamp is cut to seconds
		return e.Accounts.ForgetContact(ctx, tx, acc.ID, p.Kind, at)
	case "sessions.revoked", "consent.withdrawn":
		return e.endSessions(ctx, tx, ev.Subject)
	case "account.deleted":
		return e.deleted(ctx, tx, acc.ID, ev.Subject)
	}
	return nil
}

// tell puts word about the account into the feed (NTF-06). Messages are the
// provider's own.
func (e *Events) tell(ctx context.Context, tx *db.Tx, owner, id, topic string) error {
	return e.Notices.Post(ctx, tx, notice.Post{
		Owner: owner, Key: "event/" + id, Category: notice.CategoryAccount, Type: notice.TypeAccount,
		Topic: "account." + topic, Silent: true,
	})
}

func (e *Events) endSessions(ctx context.Context, tx *db.Tx, subject string) error {
	for _, s := range e.Sites {
		if err := s.EndSubject(ctx, tx, subject); err != nil {
			return err
		}
	}
	return nil
}

func (e *Events) deleted(ctx context.Context, tx *db.Tx, owner, subject string) error {
	done := func(context.Context) error { return nil }
	if e.Witness != nil {
		var err error
		if done, err = e.Witness(ctx, tx, owner); err != nil {
			return err
		}
	}
	if err := e.endSessions(ctx, tx, subject); err != nil {
		return err
	}
	for _, f := range e.OnDelete {
		if err := f(ctx, tx, owner); err != nil {
			return err
		}
	}
	if err := e.Accounts.Close(ctx, tx, subject); err != nil {
		return err
	}
	return done(ctx)
}
