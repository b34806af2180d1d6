package main

import (
	"context"
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

type keysCreateCommand struct {
	File string `arg:"" help:"Where to write it; an existing file is never overwritten." type:"path"`
}

func (k *keysCreateCommand) Run() error { return app.CreateKeys(k.File) }

type keysRotateCommand struct {
	File string `arg:"" help:"The key file." type:"existingfile"`
}

func (k *keysRotateCommand) Run() error {
	id, err := app.RotateKeys(k.File)
	if err != nil {
		return err
	}
	fmt.Printf("The active key is now %s. Processes that run follow the file within seconds; data are moved under it in the background.\n", id)
	return nil
}

type keysAddCommand struct {
	File string `arg:"" help:"The key file." type:"existingfile"`
}

func (k *keysAddCommand) Run() error {
	id, err := app.AddKey(k.File)
	if err != nil {
		return err
	}
	fmt.Printf("The key %s is in the file and seals nothing yet. Copy the file to all machines, then say «okno keys activate».\n", id)
	return nil
}

type keysActivateCommand struct {
	File string `arg:"" help:"The key file." type:"existingfile"`
	ID   string `arg:"" help:"The key's id."`
}

func (k *keysActivateCommand) Run() error { return app.ActivateKey(k.File, k.ID) }

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
