package main

import (
	"fmt"

	"github.com/okno-gov/okno/internal/app"
)

type keysCommand struct {
	Create keysCreateCommand `cmd:"" help:"Make a key file with a first key."`
	Rotate keysRotateCommand `cmd:"" help:"Add a key-encryption key and make it the active one; older keys stay for reading."`
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
	fmt.Printf("The active key is now %s. Restart all processes; data are moved under it in the background.\n", id)
	return nil
}
