package officesite

import "github.com/okno-gov/okno/internal/portal/brand"

func colours(c *brand.Current) (int, map[string]string) { return c.Version, c.Colours }
