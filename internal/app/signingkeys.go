package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/idp/token"
)

// signingKeys are what the commands do with the keys of the identity provider.
type signingKeys interface {
	List(ctx context.Context) ([]token.KeyInfo, error)
	Rotate(ctx context.Context) error
	Replace(ctx context.Context, kid string) error
}

func withSigningKeys(ctx context.Context, cfg Config, do func(signingKeys) error) error {
	if cfg.IDP == nil {
		return errors.New("this configuration has no identity provider: signing keys belong to one")
	}
	ring, closeDevice, err := loadKeys(cfg)
	if err != nil {
		return err
	}
	defer closeDevice()
	cfg.Portals = nil
	return eachDatabase(ctx, cfg, func(_ string, d *db.DB, _ []db.Source) error {
		if err := d.CheckKeys(ctx, ring); err != nil {
			return err
		}
		off, err := d.ClockOffset(ctx)
		if err != nil {
			return fmt.Errorf("read clock offset: %w", err)
		}
		c := clock.New()
		c.SetOffset(off)
		return do(&token.Keys{DB: d, Clock: c, Keyring: ring})
	})
}
