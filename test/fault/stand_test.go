package fault_test

import (
	"context"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/test/drive"
)

// stand is a demo that may be killed and started again on the same state.
type stand struct {
	t     *testing.T
	state string
	port  string
	flags []string // of the demo, beside its state and port
	*drive.Process
}

// full says that the long forms were asked for (./check --full).
func full() bool { return os.Getenv("OKNO_FULL") == "1" }

// times is n, or the number of the long form.
func times(n, long int) int {
	if full() {
		return long
	}
	return n
}

func newStand(t *testing.T, flags ...string) *stand {
	t.Helper()
	state, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(state) })
	return newStandOn(t, state, flags...)
}

// newStandOn is a stand on a folder that the caller removes.
func newStandOn(t *testing.T, state string, flags ...string) *stand {
	t.Helper()
	port, err := drive.FreePort()
	must(t, err)
	s := &stand{t: t, state: state, port: port, flags: flags}
	s.start()
	t.Cleanup(func() {
		if s.Running() {
			if err := s.Stop(); err != nil {
				t.Errorf("stop: %v\n%s", err, s.Log.Tail(2000))
			}
		}
		if left := s.Orphans(15 * time.Second); len(left) > 0 {
			t.Errorf("PostgreSQL is left behind: %v", left)
		}
		if t.Failed() {
			t.Logf("the last words of okno:\n%s", s.Log.Tail(3000))
		}
	})
	return s
}

// start starts the demo; it answers afterwards.
func (s *stand) start() {
	s.t.Helper()
	p, err := drive.StartDemo(s.t.Context(), s.state, s.port, s.flags...)
	must(s.t, err)
	s.Process = p
}

// setClock sets how far the domain time of all databases is from the machine's;
// the program must be started anew to believe in one that goes back.
func (s *stand) setClock(t *testing.T, offset time.Duration) {
	t.Helper()
	socket, err := s.Socket()
	must(t, err)
	for _, name := range []string{"okno_idp", "okno_portal_72", "okno_portal_92"} {
		conn, err := pgx.Connect(t.Context(), "postgres:///"+name+"?user=postgres&host="+url.QueryEscape(socket))
		must(t, err)
		_, err = conn.Exec(t.Context(), `UPDATE okno.clock SET offset_us = $1`, offset.Microseconds())
		must(t, err)
		must(t, conn.Close(t.Context()))
	}
}

// portal is the portal's address.
func (s *stand) portal() string { return s.URL("uslugi", "") }

// citizen is a demo person who has signed in at the portal.
func (s *stand) citizen(surname string) *drive.Person {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	a, err := s.Desk().Account(ctx, surname)
	must(s.t, err)
	p := drive.NewPerson()
	must(s.t, drive.SignIn(ctx, p, s.portal(), a.Phone, a.Password))
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
