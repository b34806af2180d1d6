package app

import (
	"errors"
	"fmt"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/base/hsm"
)

// PKCS11Config is a hardware security module that holds the key-encryption keys.
// The key file then names them, and holds none.
type PKCS11Config struct {
	Module string `yaml:"module"` // path of the maker's library
	Token  string `yaml:"token"`  // label of the token, or
	Slot   *uint  `yaml:"slot"`   // its slot
	PIN    Secret `yaml:"pin"`
	Label  string `yaml:"label"` // of new keys; default okno
}

// defaultLabel of keys in a device.
const defaultLabel = "okno"

func (c PKCS11Config) device() hsm.Config {
	d := hsm.Config{Module: c.Module, Token: c.Token, Slot: c.Slot, PIN: string(c.PIN), Label: c.Label}
	if d.Label == "" {
		d.Label = defaultLabel
	}
	return d
}

func (c PKCS11Config) check(add func(string, ...any)) {
	if c == (PKCS11Config{}) {
		return
	}
	if err := c.device().Check(); err != nil {
		add("pkcs11: %w", err)
	}
}

// openKeyFile signs in to the key device, if one is configured. Close the device
// when the keys are not needed any more.
func openKeyFile(cfg Config) (f crypt.KeyFile, closeDevice func(), err error) {
	f, closeDevice = crypt.KeyFile{Path: cfg.Keys}, func() {}
	if cfg.PKCS11.Module == "" {
		return f, closeDevice, nil
	}
	token, err := hsm.Open(cfg.PKCS11.device())
	if err != nil {
		return f, closeDevice, fmt.Errorf("pkcs11: %w", err)
	}
	f.Device = token
	return f, token.Close, nil
}

// loadKeys reads the ring of a configuration for a command.
func loadKeys(cfg Config) (ring *crypt.Keyring, closeDevice func(), err error) {
	f, closeDevice, err := openKeyFile(cfg)
	if err != nil {
		return nil, closeDevice, err
	}
	if ring, err = f.Load(); err != nil {
		closeDevice()
		return nil, func() {}, err
	}
	return ring, closeDevice, nil
}

// changeKeys does something to the key file of a configuration.
func changeKeys(cfg Config, do func(crypt.KeyFile) error) error {
	f, closeDevice, err := openKeyFile(cfg)
	if err != nil {
		return err
	}
	defer closeDevice()
	return do(f)
}

// CreateKeys writes a key file with a first key; it never overwrites one.
func CreateKeys(cfg Config) error { return changeKeys(cfg, crypt.KeyFile.Create) }

// RotateKeys adds a key-encryption key and makes it active.
func RotateKeys(cfg Config) (id string, err error) {
	err = changeKeys(cfg, func(f crypt.KeyFile) (err error) { id, err = f.Rotate(); return err })
	return id, err
}

// AddKey adds a key for opening alone: the first step where several machines
// have copies of the file.
func AddKey(cfg Config) (id string, err error) {
	err = changeKeys(cfg, func(f crypt.KeyFile) (err error) { id, err = f.Add(); return err })
	return id, err
}

// ActivateKey makes a key of the file the one that seals.
func ActivateKey(cfg Config, id string) error {
	return changeKeys(cfg, func(f crypt.KeyFile) error { return f.Activate(id) })
}

// keyDevice is what a running process tells of the device of its keys.
type keyDevice interface {
	// Refused is why the PIN is not taken; nil while it is.
	Refused() error
}

// deviceRefuses tells whether the key device takes our PIN no more.
func (a *App) deviceRefuses() bool { return a.device != nil && a.device.Refused() != nil }

// ExitConfig is the status of a process that must not be started again before
// somebody has mended its configuration (EX_CONFIG of sysexits.h): each start
// would use up a try at the PIN. See RestartPreventExitStatus in okno.service.
const ExitConfig = 78

// ExitStatus is what the process ends with after an error.
func ExitStatus(err error) int {
	if errors.Is(err, hsm.ErrPIN) {
		return ExitConfig
	}
	return 1
}

func (a *App) openKeys() error {
	f, closeDevice, err := openKeyFile(a.cfg)
	if err != nil {
		return err
	}
	a.closeDevice = closeDevice
	if t, ok := f.Device.(*hsm.Token); ok {
		a.device = t
	}
	if a.keys, err = f.Load(); err != nil {
		return fmt.Errorf("%w; make one with «okno keys create», or give the one that sealed these data", err)
	}
	return nil
}
