package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/okno-gov/okno/internal/base/blob"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/ledger"
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
	// Heads are the journals' ends as of the beginning of each dump: a restored
	// journal that does not contain them has been cut.
	Heads map[string]Head `json:"heads"`
}

// Head is the end of one database's journal; see base/ledger.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
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
// yet; Okno may be at work meanwhile. Each database is one consistent snapshot;
// files are written before the commit that names them, so they are copied after
// the databases. Between two databases there is no common moment: the identity
// provider's comes first, so that after a restore it repeats events that the
// portals may have seen already and take once, and never omits one. The manifest
// is written last: a folder without it is no backup.
func Backup(ctx context.Context, cfg Config, o BackupOptions) (*Manifest, error) {
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("backup folder: %w", err)
	}
	urls, stop, err := databaseURLs(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer stop()
	m := &Manifest{Format: manifestFormat, MadeAt: time.Now().UTC(), Version: Version(), Files: map[string]string{}, Heads: map[string]Head{}}
	for _, d := range urls {
		o.say("database %s", d.name)
		if m.Heads[d.name], err = journalHead(ctx, d); err != nil {
			return nil, err
		}
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
	if err := writeManifest(o.Dir, m); err != nil {
		return nil, err
	}
	for _, n := range urls {
		if err := noteBackup(ctx, n.url, m.MadeAt); err != nil {
			o.say("the backup is whole, but %s could not be told so: its schema is older than this release, or it went away", n.name)
		}
	}
	return m, nil
}

// noteBackup tells a database, so that the operations page knows how old the last
// backup is.
func noteBackup(ctx context.Context, url string, at time.Time) error {
	d, err := db.Open(ctx, db.Config{URL: url, MaxConns: 1})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.NoteBackup(ctx, at)
}

func (o BackupOptions) say(format string, args ...any) {
	if o.Progress != nil {
		fmt.Fprintf(o.Progress, format+"\n", args...)
	}
}

// blobFolders are the contexts that keep files.
var blobFolders = []string{"document"}

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
	// By way of a rename: a manifest is there as a whole or not at all.
	part := filepath.Join(dir, manifestName+".part")
	if _, err := writeHashed(part, bytes.NewReader(append(raw, '\n'))); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(dir, manifestName))
}

// journalHead notes the end of a database's journal.
func journalHead(ctx context.Context, d named) (Head, error) {
	base, err := db.Open(ctx, db.Config{URL: d.url, MaxConns: 1})
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", d.name, explainDatabase(err))
	}
	defer base.Close()
	h, err := (&ledger.Ledger{DB: base}).Head(ctx)
	if err != nil {
		return Head{}, fmt.Errorf("%s: journal: %w", d.name, err)
	}
	return Head{Seq: h.Seq, Hash: hex.EncodeToString(h.Hash)}, nil
}
