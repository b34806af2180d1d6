// Okno is the single window: an identity provider and regional portals for
// digital public services, in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/okno-gov/okno/internal/app"
)

// commands is the table of sub-commands; each has a file of its own.
type commands struct {
	Demo      demoCommand      `cmd:"" help:"Run everything with demo data on a private PostgreSQL."`
	Serve     serveCommand     `cmd:"" help:"Run the configured roles until stopped."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the databases to this release's schema."`
	Doctor    doctorCommand    `cmd:"" help:"Look at everything that the configuration names and tell what works."`
	Config    configCommand    `cmd:"" help:"Print an example configuration, or the one that is used."`
	Admin     adminCommand     `cmd:"" help:"Give rights to staff."`
	Services  servicesCommand  `cmd:"" help:"Check and publish definitions of services."`
	Keys      keysCommand      `cmd:"" help:"Make and rotate key-encryption keys."`
	Backup    backupCommand    `cmd:"" help:"Write databases, files and keys to a folder."`
	Retention retentionCommand `cmd:"" help:"Print what is kept, for how long, and why."`
	Erasures  erasuresCommand  `cmd:"" help:"List and print the acts of erased personal data."`
	Restore   restoreCommand   `cmd:"" help:"Bring a backup back."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("okno"), kong.Description("The single window: identity provider and portals for public services."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "okno:", err)
		os.Exit(app.ExitStatus(err))
	}
}
