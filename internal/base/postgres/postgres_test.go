package postgres_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/postgres"
)

// tempDir is reachable for the unprivileged child, which t.TempDir is not.
func tempDir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "okno-pgtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	return d
}

func TestStateSurvivesStopAndKill(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := tempDir(t)
	s, err := postgres.Start(ctx, postgres.Options{Dir: dir, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Start(ctx, postgres.Options{Dir: dir}); err == nil {
		t.Fatal("two servers share one state folder")
	}
	for range 2 { // the second time it exists
		if err := s.CreateDatabase(ctx, "okno_x"); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, s, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = s.Stop()

	s, err = postgres.Start(ctx, postgres.Options{Dir: dir, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	conn, err := pgx.Connect(ctx, s.URL("okno_x"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, "SELECT n FROM kept").Scan(&n); err != nil || n != 7 {
		t.Fatalf("after kill -9: %d, %v", n, err)
	}
}

// A postmaster that is killed comes back by itself with what was committed.
func TestDeadChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := postgres.Start(ctx, postgres.Options{Dir: tempDir(t), Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if err := s.CreateDatabase(ctx, "okno_x"); err != nil {
		t.Fatal(err)
	}
	exec(t, s, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
	first := s.Pid()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("okno_x"))
		if err == nil {
			var n int
			err = conn.QueryRow(ctx, "SELECT n FROM kept").Scan(&n)
			conn.Close(ctx)
			if err == nil && n == 7 && s.Pid() != first {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it does not come back: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func exec(t *testing.T, s *postgres.Server, sql ...string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), s.URL("okno_x"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, q := range sql {
		if _, err := conn.Exec(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
}
