package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// RiverSchema is the schema of the job queue in every database.
const RiverSchema = "river"

// Source is one context's migrations: files migration/NNNN_verb_noun.sql in
// goose's format, forward only. The context owns the schema of its name.
type Source struct {
	Context string
	FS      fs.FS
	Tables  []Table // what retention and key rotation must know of them
}

//go:embed migration/*.sql
var baseMigrations embed.FS

// base is what every database has: the clock's offset and the sweeps' states.
var base = Source{Context: "okno", FS: baseMigrations}

// Base are the tables that each database has beside those of its contexts.
func Base() Source { return base }

var contextName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Migrate brings a database to the newest schema of all sources and of the job
// queue. One session lock is held over all of it, so several processes may
// start at once; url must be a direct connection (no transaction pooler).
func Migrate(ctx context.Context, url string, sources ...Source) error {
	pc, err := pgxpool.ParseConfig(url)
	if err != nil {
		return errors.New("migrate: the database URL cannot be read")
	}
	// A migration that a crash takes back is made by the next start, and what is
	// written afterwards flushes it: there is nothing to wait for.
	pc.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// Closing the pool ends the session and with it the lock.
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := migrateQueue(ctx, pool); err != nil {
		return err
	}
	sources = append([]Source{base}, sources...)
	if ok, err := current(ctx, conn.Conn(), sources); err != nil || ok {
		return err
	}
	std := stdlib.OpenDBFromPool(pool)
	defer std.Close()
	for _, s := range sources {
		p, err := provider(std, s)
		if err != nil {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate %s: %w", s.Context, err)
		}
	}
	return nil
}

// Pending lists migrations that a database still lacks, as "context/version".
func Pending(ctx context.Context, url string, sources ...Source) ([]string, error) {
	std, err := sql.Open("pgx", url)
	if err != nil {
		return nil, errors.New("migrations: the database URL cannot be read")
	}
	defer std.Close()
	var out []string
	for _, s := range append([]Source{base}, sources...) {
		p, err := provider(std, s)
		if err != nil {
			return nil, err
		}
		st, err := p.Status(ctx)
		if err != nil {
			return nil, fmt.Errorf("migrations of %s: %w", s.Context, err)
		}
		for _, m := range st {
			if m.State == goose.StatePending {
				out = append(out, fmt.Sprintf("%s/%d", s.Context, m.Source.Version))
			}
		}
	}
	return out, nil
}

// current tells, in two questions for all contexts together, whether every
// migration has been applied: what most starts find.
func current(ctx context.Context, conn *pgx.Conn, sources []Source) (bool, error) {
	var ask []string
	var want []string
	for _, s := range sources {
		if !contextName.MatchString(s.Context) {
			return false, fmt.Errorf("migrate: %q is no name of a context", s.Context)
		}
		files, err := fs.Glob(s.FS, "migration/*.sql")
		if err != nil {
			return false, fmt.Errorf("migrate %s: %w", s.Context, err)
		}
		for _, f := range files {
			v, err := goose.NumericComponent(f)
			if err != nil {
				return false, fmt.Errorf("migrate %s: %w", s.Context, err)
			}
			want = append(want, fmt.Sprintf("%s/%d", s.Context, v))
		}
		ask = append(ask, fmt.Sprintf("SELECT '%s/' || version_id FROM goose_%s WHERE is_applied", s.Context, s.Context))
	}
	var missing bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM unnest($1::text[]) AS s (context) WHERE to_regclass('goose_' || context) IS NULL)`,
		contexts(sources)).Scan(&missing)
	if err != nil || missing {
		return false, err
	}
	rows, err := conn.Query(ctx, strings.Join(ask, " UNION ALL "))
	if err != nil {
		return false, fmt.Errorf("migrate: %w", err)
	}
	applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return false, fmt.Errorf("migrate: %w", err)
	}
	return !slices.ContainsFunc(want, func(v string) bool { return !slices.Contains(applied, v) }), nil
}

func contexts(sources []Source) (out []string) {
	for _, s := range sources {
		out = append(out, s.Context)
	}
	return out
}

func provider(std *sql.DB, s Source) (*goose.Provider, error) {
	if !contextName.MatchString(s.Context) {
		return nil, fmt.Errorf("migrate: %q is no name of a context", s.Context)
	}
	sub, err := fs.Sub(s.FS, "migration")
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", s.Context, err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, std, sub, goose.WithTableName("goose_"+s.Context))
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", s.Context, err)
	}
	return p, nil
}

const migrateLock = 0x6f6b6e6f // "okno"

// migrateQueue does not run in one transaction: the queue's own migrations add
// enum values that later ones use.
func migrateQueue(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+RiverSchema); err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: RiverSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	return nil
}
