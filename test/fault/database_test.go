package fault_test

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// A database that hangs for half a minute: pages say so with 503 and do not hang
// longer than their deadline, nothing is lost, and afterwards all goes on.
//
// PRT-13
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.citizen("Соколова")
	ready, err := drive.Ready(t.Context(), p, s.portal())
	must(t, err)

	pids := s.Postgres()
	signal(t, pids, syscall.SIGSTOP)
	defer signal(t, pids, syscall.SIGCONT)
	stopped := time.Now()
	sent := make(chan error, 1)
	go func() {
		_, err := drive.Send(t.Context(), ready)
		sent <- err
	}()
	for name, at := range map[string]string{
		"a page of the cabinet": s.portal() + "/lk/applications", "the sign-in of the provider": s.URL("esia", "/profile/data"),
	} {
		wantAway(t, name, p, at)
	}
	if took := time.Since(stopped); took > 75*time.Second {
		t.Errorf("two pages took %s to say that they cannot", took)
	}
	// What needs no database answers as ever.
	pg, err := drive.NewPerson().Get(t.Context(), s.URL("esia", "/.well-known/openid-configuration"))
	must(t, err)
	must(t, pg.Want(http.StatusOK))
	signal(t, pids, syscall.SIGCONT)
	if err := <-sent; err != nil {
		t.Logf("the application that was sent meanwhile: %v", err)
	}
	eventually(t, "the portal answers again", func(ctx context.Context) error {
		pg, err := p.Get(ctx, s.portal()+"/lk/applications")
		if err != nil {
			return err
		}
		return pg.Want(http.StatusOK)
	})
	// Whatever became of the first press, the second one ends it, and once.
	first, err := drive.Send(t.Context(), ready)
	must(t, err)
	second, err := drive.Send(t.Context(), ready)
	must(t, err)
	if first != second {
		t.Errorf("one draft became %s and %s", first, second)
	}
	if ids := applications(t, s, p); len(ids) != 1 || ids[0] != first {
		t.Errorf("the list has %v, want %s", ids, first)
	}
}

// A database that has died and comes back: the same.
func TestDatabaseDies(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.citizen("Соколова")
	ready, err := drive.Ready(t.Context(), p, s.portal())
	must(t, err)
	if err := syscall.Kill(s.Postmaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, err = drive.Send(t.Context(), ready)
	t.Logf("sent into the void: %v", err)
	eventually(t, "the database is back", func(ctx context.Context) error {
		pg, err := p.Get(ctx, s.portal()+"/lk/applications")
		if err != nil {
			return err
		}
		if pg.Status != http.StatusOK && pg.Status != http.StatusServiceUnavailable {
			t.Errorf("a page of the cabinet says %d instead of 503", pg.Status)
		}
		return pg.Want(http.StatusOK)
	})
	id, err := drive.Send(t.Context(), ready)
	must(t, err)
	if ids := applications(t, s, p); len(ids) != 1 || ids[0] != id {
		t.Errorf("the list has %v, want %s", ids, id)
	}
}

func wantAway(t *testing.T, name string, p *drive.Person, at string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	pg, err := p.Get(ctx, at)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := pg.Want(http.StatusServiceUnavailable); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if !pg.Has("h1") || pg.Text() == "" {
		t.Errorf("%s says nothing", name)
	}
}

func signal(t *testing.T, pids []int, sig syscall.Signal) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH { //nolint:errorlint // a bare errno
			t.Errorf("signal %d: %v", pid, err)
		}
	}
}

// eventually asks until there is no error, for a minute and a half.
func eventually(t *testing.T, what string, ask func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
