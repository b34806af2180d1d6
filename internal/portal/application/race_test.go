package application_test

import (
	"testing"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/fault"
)

// What is sent is what was read: a draft that changes, or goes, between the
// reading and the transaction makes no application and leaves nothing of it.
func TestDraftThatChangesUnderSubmitIsNotSent(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]fault.Kind{
		`UPDATE application.draft SET version = version + 1 WHERE id = $1`: fault.KindConflict,
		`DELETE FROM application.draft WHERE id = $1`:                      fault.KindNotFound,
	} {
		k := newKit(t)
		ctx := t.Context()
		s := k.submission(k.anna, k.fill(t, k.anna))
		sent := make(chan error, 1)
		must(t, k.DB.InTx(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, sql, s.Draft); err != nil {
				return err
			}
			go func() { _, err := k.Submit(ctx, s); sent <- err }()
			for {
				waits, err := db.Get[bool](ctx, tx, `SELECT EXISTS (SELECT 1 FROM pg_locks
					WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)
					FROM pg_sleep(0.005)`)
				if err != nil || waits {
					return err
				}
				select {
				case err := <-sent:
					sent <- err
					return nil
				default:
				}
			}
		}))
		if err := <-sent; !fault.Is(err, want) {
			t.Errorf("%s: %v, want the fault %v", sql, err, want)
		}
		must(t, k.DB.Read(ctx, func(tx *db.Tx) error {
			n, err := db.Get[int](ctx, tx, `SELECT (SELECT count(*) FROM application.application)
				+ (SELECT count(*) FROM river.river_job WHERE kind = 'application.route')
				+ (SELECT count(*) FROM ledger.entry WHERE kind = 'application.submitted')`)
			if err == nil && n != 0 {
				t.Errorf("%s: %d rows of an application that was not sent", sql, n)
			}
			return err
		}))
	}
}
