package app

import (
	"context"
	"errors"
	"io"

	"github.com/okno-gov/okno/internal/portal/document"
)

// scanner is what looks for harmful content in uploads. Without a configured
// one files wait, visibly; only an explicit «off» lets them pass unchecked.
func (a *App) scanner() document.Scanner {
	if a.cfg.Scanner.Off {
		return document.NoScanner{}
	}
	return awayScanner{}
}

// awayScanner stands for a scanner that nobody has configured.
type awayScanner struct{}

func (awayScanner) Scan(context.Context, io.Reader) (document.Verdict, error) {
	return document.Verdict{}, errors.New("no virus scanner is configured: set scanner.address, or scanner.off")
}
