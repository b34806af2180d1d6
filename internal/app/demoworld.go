package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/base/postgres"
	"github.com/okno-gov/okno/internal/demo"
)

// configure is the demo's configuration with what the options change in it, and
// with a virus scanner where one is installed.
func (d *Demo) configure(ctx context.Context, o DemoOptions, listen, state string, w *world) (Config, error) {
	cfg := d.config(listen, state, w)
	if o.Config != "" {
		if err := overlay(&cfg, o.Config); err != nil {
			return cfg, err
		}
	}
	if o.Database != "" {
		if err := foreignServer(ctx, &cfg, o.Database); err != nil {
			return cfg, err
		}
	}
	if cfg.Scanner != (ScannerConfig{}) {
		return cfg, nil
	}
	scanner, err := demo.StartClamd(filepath.Join(state, "clamd"))
	switch {
	case errors.Is(err, demo.ErrNoClamd):
		cfg.Scanner.Off = true // the pages say so at every file
		if o.Log != nil {
			o.Log.Warn("files are not checked for viruses", "cause", err)
		}
	case err != nil:
		return cfg, err
	default:
		d.world = append(d.world, scanner)
		cfg.Scanner.Address = scanner.Address
	}
	return cfg, nil
}

// overlay reads settings over those that are there. Lists are replaced as a whole.
func overlay(cfg *Config, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(cfg); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("--config %s: %w", path, err)
	}
	return nil
}

// foreignServer puts the databases on a server that somebody else runs, making
// those that are missing.
func foreignServer(ctx context.Context, cfg *Config, server string) error {
	u, err := url.Parse(server)
	if err != nil {
		return errors.New("--database: the URL cannot be read") // it may hold a password
	}
	at := func(name string) string { v := *u; v.Path = "/" + name; return v.String() }
	cfg.PrivatePostgres = false
	put := func(name string, to *Secret) error {
		*to = Secret(at(name))
		return postgres.CreateDatabase(ctx, at("postgres"), name)
	}
	if err := put(idpDatabase, &cfg.IDP.Database); err != nil {
		return err
	}
	for i := range cfg.Portals {
		if err := put(cfg.Portals[i].databaseName(), &cfg.Portals[i].Database); err != nil {
			return err
		}
	}
	return nil
}
