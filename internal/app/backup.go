package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/postgres"
)

// Manifest describes a backup.
type Manifest struct {
	Format    int               `json:"format"`
	MadeAt    time.Time         `json:"made_at"`
	Version   string            `json:"version"`
	Databases []string          `json:"databases"`
	Blobs     int               `json:"blobs"`
	Files     map[string]string `json:"files"` // path → SHA-256
	Keys      bool              `json:"keys"`
}

const (
	manifestName   = "manifest.json"
	manifestFormat = 1
)

// BackupOptions of [Backup] and [Restore].
type BackupOptions struct {
	Dir         string // of the backup
	WithoutKeys bool   // the key file is kept elsewhere
	Replace     bool   // Restore: overwrite what is there
	Progress    io.Writer
}

// Backup writes all databases, files and keys to a folder that must not exist
// yet. Each database is one consistent snapshot; files are written before the
// commit that names them, so they are copied after the databases. Between two
// databases there is no common moment: events and jobs are repeated after a
// restore and are idempotent.
func Backup(ctx context.Context, cfg Config, o BackupOptions) (*Manifest, error) {
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("backup folder: %w", err)
	}
	urls, stop, err := databaseURLs(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer stop()
	m := &Manifest{Format: manifestFormat, MadeAt: time.Now().UTC(), Version: Version(), Files: map[string]string{}}
	for _, d := range urls {
		o.say("database %s", d.name)
		file := d.name + ".dump"
		if err := pgTool(ctx, d.url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+filepath.Join(o.Dir, file)); err != nil {
			return nil, err
		}
		m.Databases = append(m.Databases, d.name)
		if m.Files[file], err = fileHash(filepath.Join(o.Dir, file)); err != nil {
			return nil, err
		}
	}
	o.say("files")
	if m.Blobs, err = copyBlobs(ctx, cfg, o.Dir, m); err != nil {
		return nil, err
	}
	if !o.WithoutKeys {
		o.say("keys: keep this backup as secret as the keys themselves")
		if err := copyFile(cfg.Keys, filepath.Join(o.Dir, "keys.json")); err != nil {
			return nil, err
		}
		m.Keys = true
	}
	return m, writeManifest(o.Dir, m)
}

func (o BackupOptions) say(format string, args ...any) {
	if o.Progress != nil {
		fmt.Fprintf(o.Progress, format+"\n", args...)
	}
}

// named is one database with its address, a direct one where there is a pooler.
// admin leads to the private PostgreSQL that holds it; empty: it is foreign.
type named struct{ name, url, admin string }

// databaseURLs are the addresses of all databases of a configuration. With a
// private PostgreSQL it joins the running one or starts it; stop ends the latter.
func databaseURLs(ctx context.Context, cfg Config) (out []named, stop func(), err error) {
	stop = func() {}
	private := func(string) string { return "" }
	if cfg.PrivatePostgres {
		url, running := postgres.Attach(cfg.State)
		if !running {
			s, err := postgres.Start(ctx, postgres.Options{Dir: cfg.State, Fsync: true})
			if err != nil {
				return nil, stop, err
			}
			url, stop = s.URL, func() { _ = s.Stop() }
		}
		private = url
	}
	add := func(name string, url, direct Secret) {
		d := named{name: name, url: string(cmp.Or(direct, url))}
		if d.url == "" {
			d.url, d.admin = private(name), private("postgres")
		}
		out = append(out, d)
	}
	if cfg.IDP != nil {
		add(idpDatabase, cfg.IDP.Database, cfg.IDP.DatabaseDirect)
	}
	for _, p := range cfg.Portals {
		add(p.databaseName(), p.Database, p.DatabaseDirect)
	}
	return out, stop, nil
}

const idpDatabase = "okno_idp"

// ensureDatabase makes a database of the private PostgreSQL; others are made by
// whoever runs their server.
func ensureDatabase(ctx context.Context, d named) error {
	if d.admin == "" {
		return nil
	}
	return postgres.CreateDatabase(ctx, d.admin, d.name)
}

// pgTool runs one of PostgreSQL's programs on a database; the password goes by
// the environment, since everybody may read command lines.
func pgTool(ctx context.Context, address, name string, args ...string) error {
	bin, err := postgres.Binaries()
	if err != nil {
		return err
	}
	public, password, err := libpqURL(address)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, name), append([]string{"--dbname=" + public}, args...)...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// libpqURL parts an address into what a command line may show and the password,
// without the parameters that pgx alone understands.
func libpqURL(address string) (public, password string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New("the database URL cannot be read")
	}
	if u.User != nil {
		password, _ = u.User.Password()
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	if p := q.Get("password"); p != "" {
		password = p
	}
	for k := range q {
		if k == "password" || k == "default_query_exec_mode" || k == "statement_cache_capacity" || strings.HasPrefix(k, "pool_") {
			q.Del(k)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), password, nil
}

// blobFolders are the contexts that keep files.
var blobFolders = []string{"document", "avatar", "application", "answer"}

func copyBlobs(ctx context.Context, cfg Config, dir string, m *Manifest) (int, error) {
	from, err := openStore(ctx, cfg)
	if err != nil {
		return 0, err
	}
	to := filepath.Join(dir, "blobs")
	n := 0
	for _, folder := range blobFolders {
		err := from.List(ctx, folder, func(i blob.Info) error {
			r, err := from.Open(ctx, i.Key, 0, -1)
			if errors.Is(err, blob.ErrNotFound) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			defer r.Close()
			path := filepath.Join(to, filepath.FromSlash(i.Key))
			sum, err := writeHashed(path, r)
			if err != nil {
				return err
			}
			m.Files[filepath.ToSlash(filepath.Join("blobs", i.Key))] = sum
			n++
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("copy files: %w", err)
		}
	}
	return n, nil
}

func writeHashed(path string, r io.Reader) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), f.Sync()
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = writeHashed(to, r)
	return err
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func writeManifest(dir string, m *Manifest) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestName), append(raw, '\n'), 0o600)
}

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
	}
	o.say("files")
	return restoreBlobs(ctx, cfg, o.Dir, m)
}

func restoreKeys(cfg Config, o BackupOptions, m *Manifest) error {
	if !m.Keys {
		return nil
	}
	if _, err := os.Stat(cfg.Keys); err == nil {
		if !o.Replace {
			o.say("keys: %s stays as it is", cfg.Keys)
			return nil
		}
		if err := os.Rename(cfg.Keys, cfg.Keys+".before-restore"); err != nil {
			return err
		}
	}
	return copyFile(filepath.Join(o.Dir, "keys.json"), cfg.Keys)
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
