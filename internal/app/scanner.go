package app

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/okno-gov/okno/internal/portal/document"
	portalexchange "github.com/okno-gov/okno/internal/portal/exchange"
)

// scanner is what looks for harmful content in uploads. Without a configured
// one files wait, visibly; only an explicit «off» lets them pass unchecked.
func (a *App) scanner() document.Scanner {
	switch c := a.cfg.Scanner; {
	case c.Off:
		return document.NoScanner{}
	case c.Address != "":
		if path, unix := strings.CutPrefix(c.Address, "unix:"); unix {
			return &portalexchange.Clamd{Network: "unix", Addr: path}
		}
		return &portalexchange.Clamd{Network: "tcp", Addr: c.Address}
	}
	return awayScanner{}
}

// awayScanner stands for a scanner that nobody has configured.
type awayScanner struct{}

func (awayScanner) Scan(context.Context, io.Reader) (document.Verdict, error) {
	return document.Verdict{}, errors.New("no virus scanner is configured: set scanner.address, or scanner.off")
}
