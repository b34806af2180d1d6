package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

// configFile is the flag that most commands share.
type configFile struct {
	Config string `short:"c" default:"/etc/okno/okno.yaml" help:"Configuration file." type:"path"`
}

func (f configFile) load() (app.Config, error) { return app.LoadConfig(f.Config) }

type serveCommand struct {
	configFile
	Roles []string `help:"Roles of this process, instead of the configured ones: idp portal office desk ops worker."`
}

func (s *serveCommand) Run(ctx context.Context) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if len(s.Roles) > 0 {
		cfg.Roles = s.Roles
		if err := cfg.Check(); err != nil {
			return err
		}
	}
	log := app.NewLog(os.Stderr, cfg.Log)
	slog.SetDefault(log)
	return app.Serve(ctx, cfg, app.Options{Log: log}, nil)
}
