package crypt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// KeyFile is where a ring lies: the file, and for keys that are not in the file
// itself the device that holds them.
type KeyFile struct {
	Path string
	// Device makes and holds the keys; nil: they lie in the file.
	Device Device
}

// Device is a place that key-encryption keys never leave, such as a hardware
// security module (package hsm).
type Device interface {
	// Label is the name that new keys get there, beside their id.
	Label() string
	// Generate makes a key with that label and this id.
	Generate(id string) error
	// Key is a key that was made before; an error says what is missing.
	Key(label, id string) (Wrapper, error)
}

// ring is the JSON form of a ring on disk, mode 0600. A key is 32 bytes in
// base64, or deviceKey and the label under which the device has it. The index is
// 32 bytes in base64; when the active key lies in a device, it is
// "<key id>:<base64>", wrapped by that key.
type ring struct {
	Active string            `json:"active"`
	Keys   map[string]string `json:"keys"`
	Index  string            `json:"index"`
}

// deviceKey begins the entry of a key that lies in a device; base64 has no colon.
const deviceKey = "pkcs11:"

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

// Load reads the ring. A missing file is an error with words: data sealed under
// a lost key cannot be read by anybody.
func (f KeyFile) Load() (*Keyring, error) {
	k := &Keyring{file: f}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Reload reads the key file again when it has changed, and tells whether it
// had. The program goes on with the keys that it has when the new file is
// unreadable, or is another ring: its blind indexes would find nothing.
func (k *Keyring) Reload() (changed bool, err error) {
	if k.file.Path == "" {
		return false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.file.Path)
	if err != nil {
		return false, fmt.Errorf("read key file: %w", err)
	}
	state := stateOf(info)
	if state == k.read {
		return false, nil
	}
	r, err := k.file.read()
	if err != nil {
		return false, err
	}
	set, index, err := k.file.open(r)
	if err != nil {
		return false, err
	}
	if k.index != nil && !bytes.Equal(k.index, index) {
		return false, fmt.Errorf("key file %s belongs to other data: its index differs", k.file.Path)
	}
	if k.index == nil { // the first reading: nobody else has the ring yet
		k.index = index
	}
	k.keys.Store(set)
	k.read = state
	return true, nil
}

func (f KeyFile) read() (*ring, error) {
	raw, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	var r ring
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("key file %s is not valid JSON", f.Path)
	}
	return &r, nil
}

// open makes the keys of a ring ready for use.
func (f KeyFile) open(r *ring) (set *keySet, index []byte, err error) {
	var active Wrapper
	var older []Wrapper
	for id, entry := range r.Keys {
		w, err := f.openKey(id, entry)
		if err != nil {
			return nil, nil, err
		}
		if id == r.Active {
			active = w
		} else {
			older = append(older, w)
		}
	}
	if active == nil {
		return nil, nil, fmt.Errorf("key file %s: the active key %q is missing", f.Path, r.Active)
	}
	if set, err = newKeySet(active, older...); err != nil {
		return nil, nil, err
	}
	index, err = f.openIndex(r, set)
	return set, index, err
}

func (f KeyFile) openKey(id, entry string) (Wrapper, error) {
	if label, ok := strings.CutPrefix(entry, deviceKey); ok {
		if f.Device == nil {
			return nil, fmt.Errorf("key file %s: the key %q lies in a device: configure pkcs11", f.Path, id)
		}
		return f.Device.Key(label, id)
	}
	key, err := base64.StdEncoding.DecodeString(entry)
	if err != nil {
		return nil, fmt.Errorf("key file %s: key %q is not base64", f.Path, id)
	}
	return NewFileKey(id, key)
}

// InFile tells whether the file itself holds a key, so that whoever reads the
// file has it.
func (f KeyFile) InFile(id string) bool {
	r, err := f.read()
	if err != nil {
		return false
	}
	entry, ok := r.Keys[id]
	return ok && !strings.HasPrefix(entry, deviceKey)
}

func (f KeyFile) openIndex(r *ring, set *keySet) ([]byte, error) {
	id, text, sealed := strings.Cut(r.Index, ":")
	if !sealed {
		text = r.Index
	}
	index, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: index is not base64", f.Path)
	}
	if sealed {
		w, ok := set.byID[id]
		if !ok {
			return nil, fmt.Errorf("key file %s: the key %q of the index is missing", f.Path, id)
		}
		if index, err = w.Unwrap(index); err != nil {
			return nil, fmt.Errorf("key file %s: the index does not open: %w", f.Path, err)
		}
	}
	if len(index) < keySize {
		return nil, fmt.Errorf("key file %s: the index root is shorter than %d bytes", f.Path, keySize)
	}
	return index, nil
}

// newKey adds a fresh key to a ring, in the device if there is one.
func (f KeyFile) newKey(r *ring) (id string, err error) {
	id = newKeyID()
	if f.Device == nil {
		r.Keys[id] = randomBase64()
		return id, nil
	}
	if err := f.Device.Generate(id); err != nil {
		return "", fmt.Errorf("make a key in the device: %w", err)
	}
	r.Keys[id] = deviceKey + f.Device.Label()
	return id, nil
}

// sealIndex writes the root of the blind indexes into a ring: as safe as the
// active key is.
func (f KeyFile) sealIndex(r *ring, index []byte) error {
	if !strings.HasPrefix(r.Keys[r.Active], deviceKey) {
		r.Index = base64.StdEncoding.EncodeToString(index)
		return nil
	}
	w, err := f.openKey(r.Active, r.Keys[r.Active])
	if err != nil {
		return err
	}
	sealed, err := w.Wrap(index)
	if err != nil {
		return fmt.Errorf("wrap the index: %w", err)
	}
	r.Index = r.Active + ":" + base64.StdEncoding.EncodeToString(sealed)
	return nil
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
