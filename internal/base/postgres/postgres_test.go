package postgres_test

import (
	"context"
	"os"
	"syscall"
	"testing"

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
