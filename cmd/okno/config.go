package main

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/okno-gov/okno/internal/app"
)

type configCommand struct {
	Example exampleCommand `cmd:"" help:"Print a commented configuration."`
	Show    showCommand    `cmd:"" help:"Print a configuration as it was understood, without secrets."`
}

type exampleCommand struct{}

func (exampleCommand) Run() error {
	_, err := os.Stdout.Write(app.ExampleConfig)
	return err
}

type showCommand struct{ configFile }

func (s *showCommand) Run() error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	raw, err := yaml.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	_, err = os.Stdout.Write(raw)
	return err
}
