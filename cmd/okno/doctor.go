package main

import (
	"context"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type doctorCommand struct{ configFile }

func (d *doctorCommand) Run(ctx context.Context) error {
	cfg, err := d.load()
	if err != nil {
		return err
	}
	return app.Doctor(ctx, cfg, os.Stdout)
}
