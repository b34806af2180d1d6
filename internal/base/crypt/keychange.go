package crypt

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Create writes a new ring with one key; it never overwrites.
func (f KeyFile) Create() error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Lstat(f.Path); err == nil {
		// Before a key is made in a device that nobody would ever use.
		return fmt.Errorf("write key file: %s exists", f.Path)
	}
	r := &ring{Keys: map[string]string{}}
	id, err := f.newKey(r)
	if err != nil {
		return err
	}
	r.Active = id
	index := make([]byte, keySize)
	mustRead(index)
	if err := f.sealIndex(r, index); err != nil {
		return err
	}
	return f.put(r, nil, os.Link) // a link never replaces what is there
}

// Add adds a key for opening alone: the first step of a rotation where several
// machines have copies of the file.
func (f KeyFile) Add() (id string, err error) {
	err = f.change(func(r *ring) (err error) {
		id, err = f.newKey(r)
		return err
	})
	return id, err
}

// Activate makes a key of the file the one that seals.
func (f KeyFile) Activate(id string) error {
	return f.change(func(r *ring) error {
		if _, ok := r.Keys[id]; !ok {
			return fmt.Errorf("key file %s has no key %q", f.Path, id)
		}
		r.Active = id
		return nil
	})
}

// Rotate adds a key and makes it active; older keys stay for opening. Programs
// that run follow the file within seconds.
func (f KeyFile) Rotate() (id string, err error) {
	err = f.change(func(r *ring) (err error) {
		id, err = f.newKey(r)
		r.Active = id
		return err
	})
	return id, err
}

// Remove takes a key out of the file for good. The caller has proven that
// nothing is sealed under it any more. A key in a device stays there: old
// backups may need it, and the device's own tool destroys it.
func (f KeyFile) Remove(id string) error {
	return f.change(func(r *ring) error {
		if _, ok := r.Keys[id]; !ok {
			return fmt.Errorf("key file %s has no key %q", f.Path, id)
		}
		if r.Active == id {
			return errors.New("the active key cannot be removed: rotate first")
		}
		delete(r.Keys, id)
		return nil
	})
}

// Restore puts another ring in the place of the file, such as one of a backup.
// The former file stays beside it under the returned name, empty if there was
// none: keys are never thrown away by us.
func (f KeyFile) Restore(from string) (former string, err error) {
	r, err := KeyFile{Path: from}.read()
	if err != nil {
		return "", err
	}
	if r.Active == "" || r.Keys[r.Active] == "" {
		return "", fmt.Errorf("key file %s names no active key", from)
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return "", fmt.Errorf("write key file: %w", err)
	}
	if there, err := f.resolved(); err == nil {
		f = there
	}
	unlock, err := f.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	info, err := os.Stat(f.Path)
	if errors.Is(err, os.ErrNotExist) {
		return "", f.put(r, nil, os.Link)
	}
	if err != nil {
		return "", fmt.Errorf("replace key file: %w", err)
	}
	if former, err = f.keepFormer(); err != nil {
		return "", fmt.Errorf("keep the former key file: %w", err)
	}
	return former, f.put(r, info, os.Rename)
}

// keepFormer gives the file a second name that nothing else has.
func (f KeyFile) keepFormer() (string, error) {
	for n := 1; ; n++ {
		name := f.Path + ".before-restore"
		if n > 1 {
			name = fmt.Sprintf("%s.%d", name, n)
		}
		err := os.Link(f.Path, name)
		if !errors.Is(err, os.ErrExist) {
			return name, err
		}
	}
}

// change replaces the file in one step, so that a reader sees the old or the new
// one, and under a lock, so that two changes at a time are one after the other.
// Owner and mode stay, since the service may run as another user than who
// rotates.
func (f KeyFile) change(change func(*ring) error) error {
	f, err := f.resolved()
	if err != nil {
		return err
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	info, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("read key file: %w", err)
	}
	r, err := f.read()
	if err != nil {
		return err
	}
	_, index, err := f.open(r)
	if err != nil {
		return err
	}
	if err := change(r); err != nil {
		return err
	}
	if err := f.sealIndex(r, index); err != nil {
		return err
	}
	return f.put(r, info, os.Rename)
}

// resolved follows symbolic links: they stay, and all names of a file share its lock.
func (f KeyFile) resolved() (KeyFile, error) {
	path, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return f, fmt.Errorf("read key file: %w", err)
	}
	f.Path = path
	return f, nil
}

// lock keeps other processes from changing the file until the returned function
// is called, or this process dies. Readers need no lock.
func (f KeyFile) lock() (unlock func(), err error) {
	name := f.Path + ".lock"
	held, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock key file: %w", err)
	}
	// Whoever may change the file may lock it, also after root did; who cannot
	// give that away has no need to.
	if info, err := os.Stat(f.Path); err == nil {
		_ = chown(held, info)
		_ = held.Chmod(info.Mode().Perm() | 0o600)
	}
	for {
		if err = syscall.Flock(int(held.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = held.Close()
		return nil, fmt.Errorf("lock key file: %w", err)
	}
	return func() { _ = held.Close() }, nil // the lock ends with its file
}

// put writes a ring beside the file and gives it the file's name by place, which
// is os.Rename or os.Link. The ring is on the disk before it has the name, and
// the name before put returns. The caller holds the lock.
func (f KeyFile) put(r *ring, like os.FileInfo, place func(from, to string) error) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	dir, name := filepath.Dir(f.Path), filepath.Base(f.Path)
	if err := f.sweep(); err != nil {
		return err
	}
	// The name cannot be foreseen, and the file is new: nobody has it open.
	tmp, err := os.CreateTemp(dir, name+newSuffix+"*")
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer func() {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name()) // gone after a rename
	}()
	if like != nil {
		if err := own(tmp, like); err != nil {
			return fmt.Errorf("write key file: %w", err)
		}
	}
	if _, err := tmp.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := place(tmp.Name(), f.Path); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return syncFolder(dir)
}

// newSuffix begins what follows the file's name while a new one is written.
const newSuffix = ".new-"

// sweep removes what processes left that died while they wrote: keys should lie
// in one file alone. The caller holds the lock, so nobody is writing.
func (f KeyFile) sweep() error {
	dir, name := filepath.Dir(f.Path), filepath.Base(f.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name+newSuffix) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("write key file: %w", err)
		}
	}
	return nil
}

// own gives a file the mode and, if we are root, the owner of another.
func own(file *os.File, like os.FileInfo) error {
	if err := chown(file, like); err != nil {
		return err
	}
	return file.Chmod(like.Mode().Perm())
}

func chown(file *os.File, like os.FileInfo) error {
	st, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return file.Chown(int(st.Uid), int(st.Gid))
}

// syncFolder makes a new name outlive a power failure.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}
