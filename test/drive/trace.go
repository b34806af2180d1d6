package drive

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// traces are what a job leaves each time that it is done; the first one has no
// key that could hide a second time.
var traces = []struct{ what, sql string }{
	{"submissions that the routing job has counted", `SELECT coalesce(sum(submitted), 0)::int FROM catalogue.use`},
	{"jobs that route", `SELECT count(*)::int FROM river.river_job WHERE kind = 'application.route'`},
	{"histories with «registered»", `SELECT count(*)::int FROM application.event WHERE status = 'registered'`},
}

// Registered is an error until exactly so many applications were registered by
// their jobs.
func (f *Fleet) Registered(ctx context.Context, want int) error {
	got, err := f.count(ctx, `SELECT count(*)::int FROM application.application WHERE status = 'registered'`)
	if err == nil && got != want {
		err = fmt.Errorf("%d of %d applications are registered", got, want)
	}
	return err
}

// Doubled compares the traces of jobs with the number of applications and says
// in words what does not fit.
func (f *Fleet) Doubled(ctx context.Context, applications int) ([]string, error) {
	var out []string
	for _, tr := range traces {
		got, err := f.count(ctx, tr.sql)
		if err != nil {
			return nil, err
		}
		if got != applications {
			out = append(out, fmt.Sprintf("%s: %d, want %d", tr.what, got, applications))
		}
	}
	return out, nil
}

func (f *Fleet) count(ctx context.Context, sql string) (n int, err error) {
	conn, err := pgx.Connect(ctx, f.DatabaseURL("okno_portal_72"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return n, conn.QueryRow(ctx, sql).Scan(&n)
}
