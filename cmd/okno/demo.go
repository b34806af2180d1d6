package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type demoCommand struct {
	Listen string            `default:"127.0.0.1:8080" help:"Address of all sites; they are told apart by host."`
	State  string            `help:"State folder; default /var/lib/okno-demo/… for root, else below the XDG state folder."`
	Reset  bool              `help:"Forget the state of earlier runs first."`
	Log    string            `default:"info" enum:"debug,info,warn,error" help:"What the log on standard error holds."`
	Public map[string]string `help:"Public address of a site, such as esia=http://127.0.0.1:8081; the site then listens there as well." mapsep:","`

	Config   string            `help:"A file of settings over the demo's own, written like okno.yaml." type:"existingfile"`
	Database string            `help:"URL of a PostgreSQL server to use instead of a private one; missing databases are made." env:"OKNO_DATABASE"`
	World    map[string]string `help:"Where a server around the products listens, such as smtp=127.0.0.1:2525; others are sms, mvd, sfr." mapsep:","`
}

func (d *demoCommand) Run(ctx context.Context) error {
	log := app.NewLog(os.Stderr, app.LogConfig{Level: d.Log})
	slog.SetDefault(log)
	return app.RunDemo(ctx, app.DemoOptions{Listen: d.Listen, State: d.State, Reset: d.Reset, Public: d.Public, Out: os.Stdout, Log: log, Config: d.Config, Database: d.Database, World: d.World})
}
