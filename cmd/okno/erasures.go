package main

import (
	"context"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type erasuresCommand struct {
	configFile
	Act string `arg:"" optional:"" help:"Print this act as the paper to sign; without it, list all."`
}

func (e *erasuresCommand) Run(ctx context.Context) error {
	cfg, err := e.load()
	if err != nil {
		return err
	}
	if e.Act != "" {
		return app.PrintErasure(ctx, cfg, e.Act, os.Stdout)
	}
	return app.ListErasures(ctx, cfg, os.Stdout)
}
