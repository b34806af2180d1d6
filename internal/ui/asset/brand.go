package asset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Brand is the small style sheet with which a region changes our colours. A nil
// Brand, or one without tokens, is the look of the product.
type Brand struct {
	name string
	css  []byte
}

// brandable are the tokens that a region may set; amber, red and green have a
// meaning that does not change with the region.
var brandable = []string{
	"blue-950", "blue-900", "blue-800", "blue-700", "blue-500", "blue-300", "blue-200", "blue-100", "blue-50",
	"deep", "deep-hover", "deep-soft",
}

// NewBrand checks the tokens ("blue-700": "#0a5c4a") and writes the sheet. It
// refuses an unknown token, a value that is not #rrggbb, and colours on which
// text would be hard to read (WCAG 2.2, 1.4.3: 4.5 to 1).
func NewBrand(tokens map[string]string) (*Brand, error) {
	if len(tokens) == 0 {
		return nil, nil //nolint:nilnil // no tokens is the product's own look, not an error
	}
	var css strings.Builder
	css.WriteString(":root{")
	for _, name := range slices.Sorted(maps.Keys(tokens)) {
		if !slices.Contains(brandable, name) {
			return nil, fmt.Errorf("brand: unknown colour %q; a region may set %s", name, strings.Join(brandable, ", "))
		}
		if _, err := luminance(tokens[name]); err != nil {
			return nil, fmt.Errorf("brand: %s: %w", name, err)
		}
		fmt.Fprintf(&css, "--okno-%s:%s;", name, strings.ToLower(tokens[name]))
	}
	css.WriteString("}\n")
	if err := readable(tokens); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(css.String()))
	return &Brand{name: "brand." + hex.EncodeToString(sum[:5]) + ".css", css: []byte(css.String())}, nil
}

// URL is the address of the sheet, "" for the look of the product.
func (b *Brand) URL() string {
	if b == nil || b.name == "" {
		return ""
	}
	return Path + b.name
}

// readable checks the pairs that are text on a ground somewhere on the page.
func readable(tokens map[string]string) error {
	own := map[string]string{
		"blue-950": "#081c40", "blue-900": "#0b2859", "blue-800": "#0d3674", "blue-700": "#134896",
		"blue-100": "#e1ecf9", "blue-50": "#f2f6fc", "deep": "#0b2859", "deep-hover": "#0d3674", "deep-soft": "#c6dbf4",
		"white": "#ffffff", "ink": "#142033", "ink-2": "#4b596c",
	}
	maps.Copy(own, tokens)
	for _, pair := range [][2]string{
		{"blue-700", "white"},
		{"blue-900", "white"},
		{"blue-950", "white"},
		{"blue-700", "blue-50"},
		{"blue-800", "blue-100"},
		{"blue-900", "blue-100"},
		{"ink", "blue-100"},
		{"ink-2", "blue-50"},
		{"deep", "white"},
		{"deep-hover", "white"},
		{"deep-soft", "deep"},
	} {
		if c := contrast(own[pair[0]], own[pair[1]]); c < 4.5 {
			return fmt.Errorf("brand: %s on %s has a contrast of %.1f to 1, text needs 4.5", pair[0], pair[1], c)
		}
	}
	return nil
}

// contrast is the ratio of WCAG 2.2 for two colours that luminance accepts.
func contrast(a, b string) float64 {
	la, _ := luminance(a)
	lb, _ := luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(hex string) (float64, error) {
	if len(hex) != 7 || hex[0] != '#' {
		return 0, fmt.Errorf("%q is not a colour like #0a5c4a", hex)
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a colour like #0a5c4a", hex)
	}
	linear := func(v uint64) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16&255) + 0.7152*linear(n>>8&255) + 0.0722*linear(n&255), nil
}
