package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/okno-gov/okno/internal/base/clock"
	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/portal/form"
	portalsetting "github.com/okno-gov/okno/internal/portal/setting"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// brand is what the file says about a region, for as long as no administrator
// has published anything else: the same components for every region (PRT-14),
// with its name, its phones and its colours.
func (c BrandConfig) brand() brand.Brand {
	b := brand.Brand{
		Name: form.Text{RU: c.Name}, Sub: form.Text{RU: c.Sub}, Region: form.Text{RU: c.Region}, Place: c.Place,
		Phone: c.Phone, PhoneShort: c.PhoneShort, PhoneNote: form.Text{RU: c.PhoneNote}, AppealURL: c.AppealURL, Colours: c.Colours,
	}
	for _, name := range slices.Sorted(maps.Keys(c.Social)) {
		b.Social = append(b.Social, brand.Link{Name: name, URL: c.Social[name]})
	}
	b.Tidy()
	return b
}

// check refuses colours on which text cannot be read.
func (c BrandConfig) check() error {
	if _, err := asset.NewBrand(c.Colours); err != nil {
		return fmt.Errorf("colours: %w", err)
	}
	return nil
}

// brandsOf reads and publishes the brand of a portal.
func brandsOf(d *db.DB, c *clock.Clock, s *portalsetting.Settings, cfg BrandConfig) *brand.Brands {
	return &brand.Brands{DB: d, Clock: c, Settings: s, Configured: cfg.brand(), Colours: kit.CheckColours}
}

// senderName is who letters of a portal come from.
func senderName(b *brand.Brands) func(context.Context) string {
	return func(ctx context.Context) string { return b.Title(ctx, "ru") }
}

// always is a name that does not change.
func always(name string) func(context.Context) string {
	return func(context.Context) string { return name }
}
