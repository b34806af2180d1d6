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
	name    string
	css     []byte
	address string // "": below Path
}

// brandPrefix begins the names of sheets.
const brandPrefix = "brand."

// brandable are the tokens that a region may set; amber, red and green have a
// meaning that does not change with the region.
var brandable = []string{
	"blue-950", "blue-900", "blue-800", "blue-700", "blue-500", "blue-300", "blue-200", "blue-100", "blue-50",
	"deep", "deep-hover", "deep-soft",
}

// Tokens are the names of the colours that a region may set, with the values of
// the product's own look.
func Tokens() []Token {
	out := make([]Token, 0, len(brandable))
	for _, name := range brandable {
		out = append(out, Token{name, ownColours[name]})
	}
	return out
}

// Token is a colour of the palette.
type Token struct{ Name, Value string }

// ColourError says which token NewBrand refuses.
type ColourError struct {
	Token string
	// Ground and Ratio are set when text in the colour of Token could not be read
	// on the colour of Ground; without them the token is unknown or no colour.
	Ground string
	Ratio  float64
	Why    string
}

func (e *ColourError) Error() string { return "brand: " + e.Why }

// ownColours are the product's values, as style/_token.scss has them.
var ownColours = map[string]string{
	"blue-950": "#081c40", "blue-900": "#0b2859", "blue-800": "#0d3674", "blue-700": "#134896", "blue-500": "#3c74c6", "blue-300": "#9dbfe8",
	"blue-200": "#c6dbf4", "blue-100": "#e1ecf9", "blue-50": "#f2f6fc", "deep": "#0b2859", "deep-hover": "#0d3674", "deep-soft": "#c6dbf4",
	"white": "#ffffff", "ink": "#142033", "ink-2": "#4b596c",
}

// NewBrand checks the tokens ("blue-700": "#0a5c4a") and writes the sheet. It
// refuses an unknown token, a value that is not #rrggbb, and colours on which
// text would be hard to read (WCAG 2.2, 1.4.3: 4.5 to 1): a *ColourError.
func NewBrand(tokens map[string]string) (*Brand, error) {
	if len(tokens) == 0 {
		return nil, nil //nolint:nilnil // no tokens is the product's own look, not an error
	}
	var css strings.Builder
	css.WriteString(":root{")
	for _, name := range slices.Sorted(maps.Keys(tokens)) {
		if !slices.Contains(brandable, name) {
			return nil, &ColourError{Token: name, Why: fmt.Sprintf("unknown colour %q; a region may set %s", name, strings.Join(brandable, ", "))}
		}
		if _, err := luminance(tokens[name]); err != nil {
			return nil, &ColourError{Token: name, Why: name + ": " + err.Error()}
		}
		fmt.Fprintf(&css, "--okno-%s:%s;", name, strings.ToLower(tokens[name]))
	}
	css.WriteString("}\n")
	if err := readable(tokens); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(css.String()))
	return &Brand{name: brandPrefix + hex.EncodeToString(sum[:5]) + ".css", css: []byte(css.String())}, nil
}

// At is the sheet under another address than that of [Handler]: a preview of
// what is not published yet.
func (b *Brand) At(address string) *Brand {
	if b == nil {
		return nil
	}
	return &Brand{name: b.name, css: b.css, address: address}
}

// Name is the last part of the address, with the hash of the colours.
func (b *Brand) Name() string {
	if b == nil {
		return ""
	}
	return b.name
}

// CSS is the sheet itself.
func (b *Brand) CSS() []byte { return b.css }

// Palette derives all tokens from one colour, which becomes blue-700: its hue, in
// the lightness that the product's own palette has.
func Palette(main string) (map[string]string, error) {
	if _, err := luminance(main); err != nil {
		return nil, &ColourError{Token: "blue-700", Why: err.Error()}
	}
	h, s, l := hsl(main)
	_, s0, l0 := hsl(ownColours["blue-700"])
	out := map[string]string{}
	for _, name := range brandable {
		_, st, lt := hsl(ownColours[name])
		// Darker than the main colour in proportion to it, lighter between it and white.
		light := l * lt / l0
		if lt > l0 {
			light = l + (1-l)*(lt-l0)/(1-l0)
		}
		out[name] = fromHSL(h, min(1, s*st/s0), light)
	}
	out["blue-700"] = strings.ToLower(main)
	return out, nil
}

// hsl takes a colour that luminance accepts apart: hue in turns, saturation, lightness.
func hsl(hex string) (h, s, l float64) {
	n, _ := strconv.ParseUint(hex[1:], 16, 32)
	r, g, b := float64(n>>16&255)/255, float64(n>>8&255)/255, float64(n&255)/255
	top, low := max(r, g, b), min(r, g, b)
	l = (top + low) / 2
	d := top - low
	if d == 0 {
		return 0, 0, l
	}
	s = d / (1 - math.Abs(2*l-1))
	switch top {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h / 6, s, l
}

func fromHSL(h, s, l float64) string {
	part := func(n float64) int {
		k := math.Mod(n+h*12, 12)
		return int(math.Round(255 * (l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1)))))
	}
	return fmt.Sprintf("#%02x%02x%02x", part(0), part(8), part(4))
}

// URL is the address of the sheet, "" for the look of the product.
func (b *Brand) URL() string {
	if b == nil || b.name == "" {
		return ""
	}
	if b.address != "" {
		return b.address
	}
	return Path + b.name
}

// readable checks the pairs that are text on a ground somewhere on the page.
func readable(tokens map[string]string) error {
	own := maps.Clone(ownColours)
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
			return &ColourError{
				Token: pair[0], Ground: pair[1], Ratio: c,
				Why: fmt.Sprintf("%s on %s has a contrast of %.1f to 1, text needs 4.5", pair[0], pair[1], c),
			}
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
