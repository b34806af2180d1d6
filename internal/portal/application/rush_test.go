package application_test

import (
	"sync"
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/application"
)

// Many send at the same moment, each from two windows; one of them brings what
// the database refuses. All others are sent, once each, and his draft stays.
//
// SVC-10
func TestOneBadSubmissionHarmsNoOther(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	const people, bad = 12, 5
	submissions := make([]application.Submission, people)
	for i := range submissions {
		owner := []string{k.anna, k.boris}[i%2]
		submissions[i] = k.submission(owner, k.fill(t, owner))
	}
	submissions[bad].Consent = "2026-11\x00" // no text of PostgreSQL
	type answer struct {
		app *application.Application
		err error
	}
	var answers [2 * people]answer
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			app, err := k.Submit(t.Context(), submissions[i%people])
			answers[i] = answer{app, err}
		})
	}
	wait.Wait()
	numbers := map[string]bool{}
	for i, got := range answers[:people] {
		twin := answers[i+people]
		if i == bad {
			if got.err == nil || twin.err == nil {
				t.Errorf("what cannot be stored was acknowledged: %+v, %+v", got, twin)
			}
			continue
		}
		if got.err != nil || twin.err != nil || got.app.ID != twin.app.ID || got.app.Draft != submissions[i].Draft {
			t.Fatalf("submission %d: %+v, its twin %+v", i, got, twin)
		}
		numbers[got.app.Number] = true
		if _, digest, err := k.Signed(t.Context(), got.app.ID, 1); err != nil || len(digest) == 0 {
			t.Errorf("submission %d: what was signed: %v", i, err)
		}
	}
	if len(numbers) != people-1 {
		t.Errorf("%d numbers, want %d", len(numbers), people-1)
	}
	if _, err := k.Open(t.Context(), submissions[bad].Owner, submissions[bad].Draft, k.ru); err != nil {
		t.Errorf("the draft that was refused: %v", err)
	}
	must(t, k.DB.Read(t.Context(), func(tx *db.Tx) error {
		for _, table := range []string{
			`application.application`, `application.content`, `application.signature`, `application.event`,
			`ledger.entry WHERE kind = 'application.submitted'`, `notice.entry WHERE topic = 'application.sent'`,
			`river.river_job WHERE kind = 'application.route'`,
		} {
			n, err := db.Get[int](t.Context(), tx, `SELECT count(*) FROM `+table)
			if err != nil || n != people-1 {
				t.Errorf("%s: %d, %v, want %d", table, n, err, people-1)
			}
		}
		return nil
	}))
}

// A draft that another request holds makes nobody wait but its owner.
func TestALockedDraftHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	held := k.submission(k.anna, k.fill(t, k.anna))
	free := make([]application.Submission, 8)
	for i := range free {
		free[i] = k.submission(k.boris, k.fill(t, k.boris))
	}
	sent := make(chan error, 1)
	must(t, k.DB.InTx(t.Context(), func(tx *db.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT 1 FROM application.draft WHERE id = $1 FOR UPDATE`, held.Draft); err != nil {
			return err
		}
		go func() { _, err := k.Submit(t.Context(), held); sent <- err }()
		var wait sync.WaitGroup
		for _, s := range free {
			wait.Go(func() {
				if _, err := k.Submit(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait() // while the lock is held
		return nil
	}))
	if err := <-sent; err != nil {
		t.Errorf("the held draft: %v", err)
	}
}
