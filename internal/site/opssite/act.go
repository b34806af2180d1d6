package opssite

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/site/kit"
)

// subjectOperations is the journal of the acts of this site; it is nobody's own.
const subjectOperations = "operations"

// Kinds of entries in that journal.
const (
	jobRetried      = "operations.job_retried"
	jobDiscarded    = "operations.job_discarded"
	messagesHurried = "operations.messages_hurried"
	eventRetried    = "operations.event_retried"
)

// acts are the last acts of administrators on a system.
func acts(ctx context.Context, sys System) ([]ledger.Entry, error) {
	var page ledger.Page
	err := sys.DB.Read(ctx, func(tx *db.Tx) (err error) {
		page, err = sys.Ledger.List(ctx, tx, subjectOperations, ledger.Filter{Limit: 20})
		return err
	})
	return page.Entries, err
}

// system is the one that the address names.
func (s *Site) system(r *http.Request) (*System, error) {
	i := slices.IndexFunc(s.Systems, func(sys System) bool { return sys.Code == r.PathValue("system") })
	if i < 0 {
		return nil, fault.NotFound("kit.error.not_found.text")
	}
	return &s.Systems[i], nil
}

// act does something to a system and writes it into its journal, or neither.
func (s *Site) act(r *http.Request, sys *System, kind, object string, do func(ctx context.Context, tx *db.Tx) (detail string, err error)) error {
	return sys.DB.InTx(r.Context(), func(tx *db.Tx) error {
		detail, err := do(r.Context(), tx)
		if err != nil {
			return err
		}
		return sys.Ledger.Append(r.Context(), tx, ledger.Entry{
			Subject: subjectOperations, Actor: "person:" + visitorOf(r).session.Subject, Kind: kind, Object: object,
			Payload: map[string]string{"detail": detail},
		})
	})
}

func (s *Site) retryJob(w http.ResponseWriter, r *http.Request) error {
	return s.actOnJob(w, r, jobRetried, func(ctx context.Context, tx *db.Tx, sys *System, id int64) (string, error) {
		return sys.Queue.Retry(ctx, tx, id)
	})
}

func (s *Site) discardJob(w http.ResponseWriter, r *http.Request) error {
	return s.actOnJob(w, r, jobDiscarded, func(ctx context.Context, tx *db.Tx, sys *System, id int64) (string, error) {
		return sys.Queue.Discard(ctx, tx, id)
	})
}

func (s *Site) actOnJob(w http.ResponseWriter, r *http.Request, kind string, do func(ctx context.Context, tx *db.Tx, sys *System, id int64) (string, error)) error {
	sys, err := s.system(r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PathValue("job"), 10, 64)
	if err != nil {
		return fault.NotFound("kit.error.not_found.text")
	}
	err = s.act(r, sys, kind, "job:"+strconv.FormatInt(id, 10), func(ctx context.Context, tx *db.Tx) (string, error) { return do(ctx, tx, sys, id) })
	if err != nil {
		return err
	}
	return kit.See(w, r, "/jobs#s-"+sys.Code)
}

// sendNow tries the messages that wait for their next attempt: a gateway is back.
func (s *Site) sendNow(w http.ResponseWriter, r *http.Request) error {
	sys, err := s.system(r)
	if err != nil {
		return err
	}
	err = s.act(r, sys, messagesHurried, "", func(ctx context.Context, tx *db.Tx) (string, error) {
		n, err := sys.Outbox.TryNow(ctx, tx)
		return strconv.FormatInt(n, 10), err
	})
	if err != nil {
		return err
	}
	return kit.See(w, r, "/deliveries#s-"+sys.Code)
}

func (s *Site) retryEvent(w http.ResponseWriter, r *http.Request) error {
	sys, err := s.system(r)
	if err != nil {
		return err
	}
	if sys.RetryEvent == nil {
		return fault.NotFound("kit.error.not_found.text")
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	id, receiver := r.PathValue("event"), f.Text("receiver")
	err = s.act(r, sys, eventRetried, "event:"+id, func(ctx context.Context, tx *db.Tx) (string, error) {
		return receiver, sys.RetryEvent(ctx, tx, id, receiver)
	})
	if err != nil {
		return err
	}
	return kit.See(w, r, "/deliveries#s-"+sys.Code)
}
