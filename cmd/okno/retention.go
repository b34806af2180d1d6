package main

import (
	"os"

	"github.com/okno-gov/okno/internal/app"
)

type retentionCommand struct {
	Markdown bool `help:"As the page docs/security/retention.md."`
}

func (r *retentionCommand) Run() error {
	if r.Markdown {
		return app.WriteRetentionPage(os.Stdout)
	}
	return app.WriteRetention(os.Stdout)
}
