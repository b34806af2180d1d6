package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/postgres"
)

// ReadManifest reads and verifies a backup: every file is there and unchanged.
func ReadManifest(dir string) (*Manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("backup: %w; a backup without manifest was not finished", err)
	}
	var m Manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.Format != manifestFormat {
		return nil, errors.New("backup: the manifest is unreadable or of another format")
	}
	for name, want := range m.Files {
		got, err := fileHash(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		if got != want {
			return nil, fmt.Errorf("backup: %s has changed since the backup was made", name)
		}
	}
	return &m, nil
}

// Restore brings a backup into the databases and files of cfg. Okno must not
// run meanwhile. Databases that hold something are refused without Replace.
func Restore(ctx context.Context, cfg Config, o BackupOptions) error {
	m, err := ReadManifest(o.Dir)
	if err != nil {
		return err
	}
	if cfg.PrivatePostgres {
		if _, running := postgres.Attach(cfg.State); running {
			return errors.New("restore: Okno runs on this state folder; stop it first")
		}
	}
	if err := restoreKeys(cfg, o, m); err != nil {
		return err
	}
	urls, stop, err := databaseURLs(ctx, cfg)
	if err != nil {
		return err
	}
	defer stop()
	for _, d := range urls {
		if !slices.Contains(m.Databases, d.name) {
			return fmt.Errorf("restore: the backup has no database %s", d.name)
		}
		o.say("database %s", d.name)
		if err := restoreDatabase(ctx, d, o); err != nil {
			return err
		}
		if err := settleRestored(ctx, cfg, d, m.Heads[d.name]); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	o.say("files")
	return restoreBlobs(ctx, cfg, o.Dir, m)
}

func restoreKeys(cfg Config, o BackupOptions, m *Manifest) error {
	if !m.Keys {
		return nil
	}
	if _, err := os.Stat(cfg.Keys); err == nil && !o.Replace {
		o.say("keys: %s stays as it is", cfg.Keys)
		return nil
	}
	former, err := crypt.KeyFile{Path: cfg.Keys}.Restore(filepath.Join(o.Dir, "keys.json"))
	if former != "" {
		o.say("keys: the former ones are kept in %s", former)
	}
	return err
}

func restoreDatabase(ctx context.Context, d named, o BackupOptions) error {
	admin, err := pgx.ParseConfig(d.url)
	if err != nil {
		return errors.New("restore: the database URL cannot be read")
	}
	name := admin.Database
	admin.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return fmt.Errorf("restore %s: %w", d.name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil {
		return fmt.Errorf("restore %s: %w", d.name, err)
	}
	id := pgx.Identifier{name}.Sanitize()
	if exists {
		if !o.Replace {
			return fmt.Errorf("restore: database %s exists; say --replace to overwrite it", name)
		}
		if _, err := conn.Exec(ctx, "DROP DATABASE "+id+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("restore %s: %w", d.name, err)
		}
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+id); err != nil {
		return fmt.Errorf("restore %s: %w", d.name, err)
	}
	return pgTool(ctx, d.url, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
		filepath.Join(o.Dir, d.name+".dump"))
}

func restoreBlobs(ctx context.Context, cfg Config, dir string, m *Manifest) error {
	to, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	for name := range m.Files {
		key, ok := strings.CutPrefix(name, "blobs/")
		if !ok {
			continue
		}
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return fmt.Errorf("restore files: %w", err)
		}
		err = to.Put(ctx, key, f)
		f.Close()
		if err != nil {
			return fmt.Errorf("restore files: %w", err)
		}
	}
	return nil
}

// settleRestored proves keys and journal, up to the noted end and beyond, and
// gives the jobs free that the lost machine was working at.
func settleRestored(ctx context.Context, cfg Config, d named, noted Head) error {
	keys, closeDevice, err := loadKeys(cfg)
	if err != nil {
		return err
	}
	defer closeDevice()
	base, err := db.Open(ctx, db.Config{URL: d.url, MaxConns: 2})
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, explainDatabase(err))
	}
	defer base.Close()
	if err := base.CheckKeys(ctx, keys); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if _, err := job.New(base, clock.New()).Rescue(ctx); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	hash, err := hex.DecodeString(noted.Hash)
	if err != nil {
		return fmt.Errorf("%s: the manifest's journal head is unreadable", d.name)
	}
	var anchors []ledger.Head
	if noted.Seq > 0 {
		anchors = []ledger.Head{{Seq: noted.Seq, Hash: hash}}
	}
	report, err := (&ledger.Ledger{DB: base, Keys: keys}).Verify(ctx, anchors...)
	if err != nil {
		return fmt.Errorf("%s: verify journal: %w", d.name, err)
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("%s: the journal does not fit: %s (%d problems)", d.name, report.Problems[0], len(report.Problems))
	}
	return nil
}
