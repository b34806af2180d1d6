package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/okno-gov/okno/internal/app"
)

type servicesCommand struct {
	Lint   servicesLintCommand   `cmd:"" help:"Look for mistakes in definitions of services."`
	Import servicesImportCommand `cmd:"" help:"Publish definitions of services at a portal, all or none."`
}

type servicesLintCommand struct {
	Region string `default:"72" help:"Region whose folder of a tree is read."`
	Dir    string `arg:"" help:"Folder of one service, of several, or a tree with federal/ and region/." type:"existingdir"`
}

func (l *servicesLintCommand) Run() error {
	codes, warnings, err := app.LintServices(l.Dir, l.Region)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Println("warning:", w)
	}
	fmt.Printf("%d services are in order: %s\n", len(codes), strings.Join(codes, " "))
	return nil
}

type servicesImportCommand struct {
	configFile
	Portal string `required:"" help:"Code of the portal."`
	By     string `default:"import" help:"Who publishes, for the history."`
	Dir    string `arg:"" help:"Folder of one service, of several, or a tree with federal/ and region/." type:"existingdir"`
}

func (i *servicesImportCommand) Run(ctx context.Context) error {
	cfg, err := i.load()
	if err != nil {
		return err
	}
	n, err := app.ImportServices(ctx, cfg, i.Dir, i.Portal, i.By)
	if err != nil {
		return err
	}
	fmt.Printf("%d services were published; the portal shows them within a minute.\n", n)
	return nil
}
