package main

import (
	"context"
	"errors"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type migrateCommand struct {
	configFile
	Check bool `help:"Only tell what is pending; exit status 1 when something is."`
}

func (m *migrateCommand) Run(ctx context.Context) error {
	cfg, err := m.load()
	if err != nil {
		return err
	}
	if !m.Check {
		return app.Migrate(ctx, cfg, os.Stdout)
	}
	n, err := app.Pending(ctx, cfg, os.Stdout)
	if err == nil && n > 0 {
		err = errors.New("migrations are pending")
	}
	return err
}
