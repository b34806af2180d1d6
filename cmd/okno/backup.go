package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/okno-gov/okno/internal/app"
)

type backupCommand struct {
	configFile
	WithoutKeys bool   `help:"Leave the key file out; keep it elsewhere."`
	Dir         string `arg:"" help:"Folder to make." type:"path"`
}

func (b *backupCommand) Run(ctx context.Context) error {
	cfg, err := b.load()
	if err != nil {
		return err
	}
	m, err := app.Backup(ctx, cfg, app.BackupOptions{Dir: b.Dir, WithoutKeys: b.WithoutKeys, Progress: os.Stderr})
	if err != nil {
		return err
	}
	fmt.Printf("%d databases and %d files are in %s\n", len(m.Databases), m.Blobs, b.Dir)
	return nil
}

type restoreCommand struct {
	configFile
	Replace bool   `help:"Overwrite databases and the key file that exist."`
	Check   bool   `help:"Only look whether the backup is whole and unchanged."`
	Dir     string `arg:"" help:"The backup." type:"existingdir"`
}

func (r *restoreCommand) Run(ctx context.Context) error {
	if r.Check {
		m, err := app.ReadManifest(r.Dir)
		if err == nil {
			fmt.Printf("The backup of %s is whole: %d databases, %d files.\n", m.MadeAt.Format(time.RFC3339), len(m.Databases), m.Blobs)
		}
		return err
	}
	cfg, err := r.load()
	if err != nil {
		return err
	}
	return app.Restore(ctx, cfg, app.BackupOptions{Dir: r.Dir, Replace: r.Replace, Progress: os.Stderr})
}
