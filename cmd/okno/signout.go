package main

import (
	"context"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type adminSignOutCommand struct {
	configFile
	OID       []string `help:"Number of an account; repeat for several."`
	Everybody bool     `help:"All accounts: after a theft of keys or data."`
	Reason    string   `required:"" help:"Kept in the journals that the persons read."`
}

func (c *adminSignOutCommand) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return app.SignOut(ctx, cfg, app.SignOutOptions{OIDs: c.OID, Everybody: c.Everybody, Reason: c.Reason}, os.Stdout)
}
