package crypt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// keyFile is the JSON form of a ring on disk, mode 0600.
type keyFile struct {
	Active string            `json:"active"`
	Keys   map[string]string `json:"keys"`
	Index  string            `json:"index"`
}

// fileState tells whether a file has changed since it was read.
type fileState struct {
	size  int64
	mod   time.Time
	inode uint64
}

func stateOf(i os.FileInfo) fileState {
	s := fileState{size: i.Size(), mod: i.ModTime()}
	if st, ok := i.Sys().(*syscall.Stat_t); ok {
		s.inode = st.Ino
	}
	return s
}

// LoadKeyring reads a key file. A missing file is an error with words: data
// sealed under a lost key cannot be read by anybody.
func LoadKeyring(path string) (*Keyring, error) {
	k := &Keyring{path: path}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads the key file again when it has changed, and tells whether it
// had. The program goes on with the keys that it has when the new file is
// unreadable, or is another ring: its blind indexes would find nothing.
func (k *Keyring) Reload() (changed bool, err error) {
	if k.path == "" {
		return false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.path)
	if err != nil {
		return false, fmt.Errorf("read key file: %w", err)
	}
	state := stateOf(info)
	if state == k.read {
		return false, nil
	}
	f, err := readKeyFile(k.path)
	if err != nil {
		return false, err
	}
	set, index, err := f.keys(k.path)
	if err != nil {
		return false, err
	}
	if k.index != nil && !bytes.Equal(k.index, index) {
		return false, fmt.Errorf("key file %s belongs to other data: its index differs", k.path)
	}
	if k.index == nil { // the first reading: nobody else has the ring yet
		k.index = index
	}
	k.keys.Store(set)
	k.read = state
	return true, nil
}

func readKeyFile(path string) (*keyFile, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	var f keyFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("key file %s is not valid JSON", path)
	}
	return &f, nil
}

func (f *keyFile) keys(path string) (set *keySet, index []byte, err error) {
	index, err = base64.StdEncoding.DecodeString(f.Index)
	if err != nil {
		return nil, nil, fmt.Errorf("key file %s: index is not base64", path)
	}
	if len(index) < keySize {
		return nil, nil, fmt.Errorf("key file %s: the index root is shorter than %d bytes", path, keySize)
	}
	var active Wrapper
	var older []Wrapper
	for id, b64 := range f.Keys {
		key, err := base64.StdEncoding.DecodeString(b64)
		if err != nil {
			return nil, nil, fmt.Errorf("key file %s: key %q is not base64", path, id)
		}
		w, err := NewFileKey(id, key)
		if err != nil {
			return nil, nil, err
		}
		if id == f.Active {
			active = w
		} else {
			older = append(older, w)
		}
	}
	if active == nil {
		return nil, nil, fmt.Errorf("key file %s: the active key %q is missing", path, f.Active)
	}
	set, err = newKeySet(active, older...)
	return set, index, err
}

// CreateKeyFile writes a new ring with one key; it never overwrites.
func CreateKeyFile(path string) error {
	f := &keyFile{Keys: map[string]string{}, Index: randomBase64()}
	f.Active = newKeyID()
	f.Keys[f.Active] = randomBase64()
	return writeKeyFile(path, f, os.O_EXCL)
}

// AddKey adds a key for opening alone: the first step of a rotation where
// several machines have copies of the file.
func AddKey(path string) (id string, err error) {
	err = changeKeyFile(path, func(f *keyFile) error {
		id = newKeyID()
		f.Keys[id] = randomBase64()
		return nil
	})
	return id, err
}

// ActivateKey makes a key of the file the one that seals.
func ActivateKey(path, id string) error {
	return changeKeyFile(path, func(f *keyFile) error {
		if _, ok := f.Keys[id]; !ok {
			return fmt.Errorf("key file %s has no key %q", path, id)
		}
		f.Active = id
		return nil
	})
}

// RotateKeyFile adds a key and makes it active; older keys stay for opening.
// Programs that run follow the file within seconds.
func RotateKeyFile(path string) (id string, err error) {
	err = changeKeyFile(path, func(f *keyFile) error {
		id = newKeyID()
		f.Active, f.Keys[id] = id, randomBase64()
		return nil
	})
	return id, err
}

// RemoveKey takes a key out of the file for good. The caller has proven that
// nothing is sealed under it any more.
func RemoveKey(path, id string) error {
	return changeKeyFile(path, func(f *keyFile) error {
		if _, ok := f.Keys[id]; !ok {
			return fmt.Errorf("key file %s has no key %q", path, id)
		}
		if f.Active == id {
			return errors.New("the active key cannot be removed: rotate first")
		}
		delete(f.Keys, id)
		return nil
	})
}

// changeKeyFile replaces the file in one step, so that a reader sees the old or
// the new one; owner and mode stay, since the service may run as another user
// than who rotates.
func changeKeyFile(path string, change func(*keyFile) error) error {
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	if _, _, err := f.keys(path); err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	tmp := path + ".new"
	if err := writeKeyFile(tmp, f, os.O_TRUNC); err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := os.Chown(tmp, int(st.Uid), int(st.Gid)); err != nil {
			return fmt.Errorf("replace key file: %w", err)
		}
	}
	if err := os.Chmod(tmp, info.Mode().Perm()); err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename outlive a power failure.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	return nil
}

func writeKeyFile(path string, f *keyFile, flag int) error {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer out.Close()
	if _, err := out.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return out.Sync()
}

func newKeyID() string {
	b := make([]byte, 6)
	mustRead(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func randomBase64() string {
	b := make([]byte, keySize)
	mustRead(b)
	return base64.StdEncoding.EncodeToString(b)
}
