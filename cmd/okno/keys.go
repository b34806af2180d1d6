package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type keysCommand struct {
	Create   keysCreateCommand   `cmd:"" help:"Make a key file with a first key."`
	Rotate   keysRotateCommand   `cmd:"" help:"Add a key-encryption key and make it the active one; older keys stay for reading."`
	Add      keysAddCommand      `cmd:"" help:"Add a key for reading alone: the first step where several machines have copies of the file."`
	Activate keysActivateCommand `cmd:"" help:"Make a key of the file the active one."`
	Status   keysStatusCommand   `cmd:"" help:"Count the values that are not under the active key."`
	Remove   keysRemoveCommand   `cmd:"" help:"Take a retired key out of the file, after proof that nothing needs it."`
	Signing  keysSigningCommand  `cmd:"" help:"The keys that sign tokens (OpenID Connect)."`
}

// keyFile says which ring: a key file that holds its keys itself, or that of a
// configuration, which may have the keys in a device.
type keyFile struct {
	Config string `short:"c" help:"Configuration file; needed where a device holds the keys." type:"path"`
	File   string `arg:"" optional:"" help:"The key file, where it holds the keys itself." type:"path"`
}

func (k keyFile) config() (app.Config, error) {
	switch {
	case (k.Config == "") == (k.File == ""):
		return app.Config{}, errors.New("name the key file, or the configuration with -c")
	case k.Config != "":
		return app.LoadConfig(k.Config)
	}
	return app.Config{Keys: k.File}, nil
}

type keysCreateCommand struct{ keyFile }

func (k *keysCreateCommand) Run() error {
	cfg, err := k.config()
	if err != nil {
		return err
	}
	return app.CreateKeys(cfg)
}

type keysRotateCommand struct{ keyFile }

func (k *keysRotateCommand) Run() error {
	cfg, err := k.config()
	if err != nil {
		return err
	}
	id, err := app.RotateKeys(cfg)
	if err != nil {
		return err
	}
	fmt.Printf("The active key is now %s. Processes that run follow the file within seconds; data are moved under it in the background.\n", id)
	return nil
}

type keysAddCommand struct{ keyFile }

func (k *keysAddCommand) Run() error {
	cfg, err := k.config()
	if err != nil {
		return err
	}
	id, err := app.AddKey(cfg)
	if err != nil {
		return err
	}
	fmt.Printf("The key %s is in the file and seals nothing yet. Copy the file to all machines, then say «okno keys activate».\n", id)
	return nil
}

type keysActivateCommand struct {
	Config string `short:"c" help:"Configuration file; needed where a device holds the keys." type:"path"`
	// What are the file and the key, or the key alone with a configuration.
	What []string `arg:"" name:"file-and-key" help:"The key file and the key's id; with -c the id alone."`
}

func (k *keysActivateCommand) Run() error {
	id := k.What[len(k.What)-1]
	ring := keyFile{Config: k.Config}
	if len(k.What) == 2 {
		ring.File = k.What[0]
	}
	cfg, err := ring.config()
	if err != nil || len(k.What) > 2 {
		return errors.Join(err, errors.New("usage: okno keys activate FILE ID, or okno keys activate -c CONFIG ID"))
	}
	return app.ActivateKey(cfg, id)
}

type keysStatusCommand struct{ configFile }

func (k *keysStatusCommand) Run(ctx context.Context) error {
	cfg, err := k.load()
	if err != nil {
		return err
	}
	left, err := app.KeyStatus(ctx, cfg, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("%d values are left to move.\n", left)
	return nil
}

type keysRemoveCommand struct {
	configFile
	ID string `arg:"" help:"The key's id."`
}

func (k *keysRemoveCommand) Run(ctx context.Context) error {
	cfg, err := k.load()
	if err != nil {
		return err
	}
	if err := app.RemoveKey(ctx, cfg, k.ID); err != nil {
		return err
	}
	fmt.Printf("The key %s is gone. Backups from before need it: keep their own key files with them.\n", k.ID)
	return nil
}

type keysSigningCommand struct {
	List    signingListCommand    `cmd:"" help:"Show the published keys."`
	Rotate  signingRotateCommand  `cmd:"" help:"Publish the next key now; it signs after the overlap of a day."`
	Replace signingReplaceCommand `cmd:"" help:"Remove a key that has leaked at once; a fresh one signs. What it signed is refused."`
}

type signingListCommand struct{ configFile }

func (k *signingListCommand) Run(ctx context.Context) error {
	cfg, err := k.load()
	if err != nil {
		return err
	}
	return app.SigningKeys(ctx, cfg, os.Stdout)
}

type signingRotateCommand struct{ configFile }

func (k *signingRotateCommand) Run(ctx context.Context) error {
	cfg, err := k.load()
	if err != nil {
		return err
	}
	if err := app.RotateSigningKey(ctx, cfg); err != nil {
		return err
	}
	return app.SigningKeys(ctx, cfg, os.Stdout)
}

type signingReplaceCommand struct {
	configFile
	KID string `arg:"" help:"The key's id, as «okno keys signing list» shows it."`
}

func (k *signingReplaceCommand) Run(ctx context.Context) error {
	cfg, err := k.load()
	if err != nil {
		return err
	}
	if err := app.ReplaceSigningKey(ctx, cfg, k.KID); err != nil {
		return err
	}
	return app.SigningKeys(ctx, cfg, os.Stdout)
}
