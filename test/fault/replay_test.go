package fault_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/test/drive"
)

// The databases of a backup are not of one moment. After a restore the identity
// provider repeats events that a portal has seen, and every database repeats jobs
// that were done and not yet marked as done: nobody notices.
//
// SVC-10
func TestEventsAndJobsBetweenTwoBackups(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	ctx, desk := t.Context(), s.Desk()
	who, a := stranger(t, s, 0)
	must(t, drive.SignIn(ctx, a.Person, s.portal(), a.Phone, a.Password)) // the portal knows this person now
	askRegisters(t, s, a, who)
	must(t, desk.Advance(ctx, "1h")) // the level rises, which is an event
	p := s.citizen("Соколова")
	form, err := drive.Ready(ctx, p, s.portal())
	must(t, err)
	_, err = drive.Send(ctx, form)
	must(t, err)
	must(t, desk.Advance(ctx, "1m"))
	if n := s.count(t, "okno_idp", `SELECT count(*) FROM event.delivery WHERE state = 'delivered'`); n == 0 {
		t.Fatal("no event was delivered: there is nothing to repeat")
	}
	before := s.traces(t)

	s.exec(t, "okno_idp", `UPDATE event.delivery SET state = 'waiting', delivered_at = NULL, due_at = at FROM event.event WHERE event.id = event_id AND state = 'delivered'`)
	repeated := int64(0)
	for _, name := range []string{"okno_idp", "okno_portal_72"} {
		repeated += s.exec(t, name, `UPDATE river.river_job SET state = 'available', attempt = 0, finalized_at = NULL, scheduled_at = created_at WHERE state = 'completed'`)
	}
	if repeated == 0 {
		t.Fatal("no job was done: there is nothing to repeat")
	}
	eventually(t, "everything is done again", func(ctx context.Context) error {
		if err := desk.Advance(ctx, "5m"); err != nil {
			return err
		}
		if n := s.count(t, "okno_idp", `SELECT count(*) FROM event.delivery WHERE state <> 'delivered'`); n > 0 {
			return fmt.Errorf("%d events wait", n)
		}
		for _, name := range []string{"okno_idp", "okno_portal_72"} {
			if n := s.count(t, name, `SELECT count(*) FROM river.river_job WHERE state NOT IN ('completed', 'scheduled')`); n > 0 {
				return fmt.Errorf("%s: %d jobs wait", name, n)
			}
		}
		return nil
	})
	t.Logf("%d jobs were repeated", repeated)
	for what, want := range before {
		if got := s.traces(t)[what]; got != want {
			t.Errorf("%s: %d became %d", what, want, got)
		}
	}
}

// traces count what jobs and events leave behind.
func (s *stand) traces(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for what, q := range map[string][2]string{
		"events that the portal has taken": {"okno_portal_72", `SELECT count(*) FROM exchange.received`},
		"applications":                     {"okno_portal_72", `SELECT count(*) FROM application.application`},
		"lines of histories":               {"okno_portal_72", `SELECT count(*) FROM application.event`},
		"submissions counted":              {"okno_portal_72", `SELECT coalesce(sum(submitted), 0)::bigint FROM catalogue.use`},
		"messages of the portal":           {"okno_portal_72", `SELECT count(*) FROM outbound.message`},
		"messages of the provider":         {"okno_idp", `SELECT count(*) FROM outbound.message`},
		"events":                           {"okno_idp", `SELECT count(*) FROM event.event`},
	} {
		out[what] = s.count(t, q[0], q[1])
	}
	var all []drive.Message
	must(t, s.Desk().Call(t.Context(), "GET", "/api/outbox", nil, &all))
	out["letters and SMS that arrived"] = len(all)
	return out
}

func (s *stand) open(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	socket, err := s.Socket()
	must(t, err)
	conn, err := pgx.Connect(t.Context(), "postgres:///"+database+"?user=postgres&host="+url.QueryEscape(socket))
	must(t, err)
	return conn
}

func (s *stand) count(t *testing.T, database, sql string) (n int) {
	t.Helper()
	conn := s.open(t, database)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	must(t, conn.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

func (s *stand) exec(t *testing.T, database, sql string) int64 {
	t.Helper()
	conn := s.open(t, database)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	tag, err := conn.Exec(t.Context(), sql)
	must(t, err)
	return tag.RowsAffected()
}
