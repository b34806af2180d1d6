package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is a [Store] in a local directory: <dir>/<folder>/<two characters>/<key>.
type Folder struct{ dir string }

// staleTemporary is the age at which a half-written file is certainly nobody's any more.
const staleTemporary = 24 * time.Hour

const temporary = ".tmp"

// OpenFolder opens or creates a store in dir, readable by the owner only, and removes what interrupted writes left.
func OpenFolder(dir string) (*Folder, error) {
	f := &Folder{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, temporary), 0o700); err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(dir, temporary))
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > staleTemporary {
			_ = os.Remove(filepath.Join(dir, temporary, e.Name())) // another process may have been quicker
		}
	}
	return f, nil
}

func (f *Folder) path(key string) string {
	folder, name, _ := strings.Cut(key, "/")
	return filepath.Join(f.dir, folder, name[:2], name)
}

// Put writes to a temporary file, makes it durable and renames it.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) error {
	if err := checkKey(key); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Join(f.dir, temporary), "put-")
	if err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, err = io.Copy(tmp, contextReader{ctx, r})
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	path := f.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	// The name must survive a power cut as well: its folder, and the folders' names in theirs.
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("put blob: %w", err)
		}
		if dir == filepath.Clean(f.dir) {
			return nil
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

type rangeFile struct {
	io.Reader
	io.Closer
}

// Open reads a range of a file.
func (f *Folder) Open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, notFound("open", err)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		file.Close()
		return nil, fmt.Errorf("open blob: %w", err)
	}
	if length < 0 {
		return file, nil
	}
	return rangeFile{io.LimitReader(file, length), file}, nil
}

// Size gives the number of bytes of a file.
func (f *Folder) Size(_ context.Context, key string) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	info, err := os.Stat(f.path(key))
	if err != nil {
		return 0, notFound("size of", err)
	}
	return info.Size(), nil
}

// Delete removes a file.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// List walks a folder.
func (f *Folder) List(ctx context.Context, folder string, fn func(Info) error) error {
	if err := checkFolder(folder); err != nil {
		return err
	}
	err := filepath.WalkDir(filepath.Join(f.dir, folder), func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile, or nothing was ever stored here
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.IsDir() {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(Info{Key: folder + "/" + e.Name(), Size: info.Size(), Modified: info.ModTime()})
	})
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	return nil
}

func notFound(what string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return fmt.Errorf("%s blob: %w", what, err)
}
