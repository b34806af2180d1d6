package app

import (
	"fmt"

	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// layout is how the pages of a region look: the same components for every
// region (PRT-14), with its name, its phones and its colours.
func (c BrandConfig) layout() (layout.Brand, error) {
	sheet, err := asset.NewBrand(c.Colours)
	if err != nil {
		return layout.Brand{}, fmt.Errorf("colours: %w", err)
	}
	return layout.Brand{Name: c.Name, Sub: c.Sub, Phone: c.Phone, PhoneShort: c.PhoneShort, PhoneNote: c.PhoneNote, Sheet: sheet}, nil
}
