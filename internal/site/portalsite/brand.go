package portalsite

import (
	"context"

	"github.com/okno-gov/okno/internal/portal/brand"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

func colours(c *brand.Current) (int, map[string]string) { return c.Version, c.Colours }

// brand is the region's brand in force.
func (s *Site) brand(ctx context.Context) *brand.Current { return s.Brands.Now(ctx) }

// layoutBrand is the brand for the frame of a page.
func (s *Site) layoutBrand(ctx context.Context, c *brand.Current, lang string) layout.Brand {
	return layout.Brand{
		Name: c.Name.In(lang), Sub: c.Sub.In(lang), Phone: c.Phone, PhoneShort: c.PhoneShort, PhoneNote: c.PhoneNote.In(lang), Sheet: s.sheets.Sheet(ctx),
	}
}

// socialNames are the networks by the short names that a configuration may use;
// any other name is shown as it is written.
var socialNames = map[string]string{
	"vk": "ВКонтакте", "ok": "Одноклассники", "telegram": "Telegram", "twitter": "Twitter", "facebook": "Facebook",
}

// social are the support's pages in social networks (HLP-09).
func social(c *brand.Current) []ui.Link {
	var out []ui.Link
	for _, l := range c.Social {
		name := l.Name
		if known := socialNames[name]; known != "" {
			name = known
		}
		out = append(out, link(name, l.URL))
	}
	return out
}
