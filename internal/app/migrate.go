package app

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/okno-gov/okno/internal/base/db"
)

// schema is one database with what belongs into it.
type schema struct {
	named
	sources []db.Source
}

// schemas are the databases of a configuration; stop as of databaseURLs.
func schemas(ctx context.Context, cfg Config) (out []schema, stop func(), err error) {
	urls, stop, err := databaseURLs(ctx, cfg)
	if err != nil {
		return nil, stop, err
	}
	for _, u := range urls {
		s := schema{named: u, sources: portalMigrations()}
		if u.name == idpDatabase {
			s.sources = idpMigrations()
		}
		out = append(out, s)
	}
	return out, stop, nil
}

// Migrate brings all databases of a configuration to this release's schema.
// Migrations only add: the release before works on the new schema as well, so
// they run before the processes are replaced one by one.
func Migrate(ctx context.Context, cfg Config, out io.Writer) error {
	all, stop, err := schemas(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range all {
		if err := ensureDatabase(ctx, s.named); err != nil {
			return err
		}
		pending, err := db.Pending(ctx, s.url, s.sources...)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := db.Migrate(ctx, s.url, s.sources...); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(out, "%s: %d migrations applied\n", s.name, len(pending))
	}
	return nil
}

// Pending lists what [Migrate] would do and tells how much that is.
func Pending(ctx context.Context, cfg Config, out io.Writer) (int, error) {
	all, stop, err := schemas(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer stop()
	n := 0
	for _, s := range all {
		pending, err := db.Pending(ctx, s.url, s.sources...)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
		if n += len(pending); len(pending) > 0 {
			fmt.Fprintf(out, "%s: %s\n", s.name, strings.Join(pending, " "))
			continue
		}
		fmt.Fprintf(out, "%s: up to date\n", s.name)
	}
	return n, nil
}
