package layout

import (
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/ui"
)

// VI is the version for the visually impaired (GOST R 52872-2019): larger type,
// wider spacing, a colour scheme, no pictures. It lies on top of pages that are
// accessible anyway. The zero value is the usual look.
type VI struct {
	On       bool
	Size     int    // 125, 150 or 200 per cent; else 100
	Spacing  bool   // letters and lines further apart
	Scheme   string // "light" black on white, "dark" white on black, "blue" dark on light blue; "" own colours
	NoImages bool

	URL string // of the page that sets it; "" hides the link
}

// VISizes and VISchemes are the choices; the first of each is the usual look.
var (
	VISizes   = []int{100, 125, 150, 200}
	VISchemes = []string{"", "light", "dark", "blue"}
)

// ParseVI reads what String wrote (a cookie, a row); what it does not know is
// left out, so that a cookie of another version does no harm.
func ParseVI(s string) VI {
	var v VI
	for part := range strings.SplitSeq(s, ".") {
		switch part {
		case "on":
			v.On = true
		case "125":
			v.Size = 125
		case "150":
			v.Size = 150
		case "200":
			v.Size = 200
		case "spacing":
			v.Spacing = true
		case "noimages":
			v.NoImages = true
		case "light", "dark", "blue":
			v.Scheme = part
		}
	}
	return v
}

// String is the form for a cookie or a row: "on.150.spacing.dark"; "" is the usual look.
func (v VI) String() string {
	if !v.On {
		return ""
	}
	parts := []string{"on"}
	if slices.Contains([]int{125, 150, 200}, v.Size) {
		parts = append(parts, itoa(v.Size))
	}
	if v.Spacing {
		parts = append(parts, "spacing")
	}
	if v.Scheme != "" && slices.Contains(VISchemes, v.Scheme) {
		parts = append(parts, v.Scheme)
	}
	if v.NoImages {
		parts = append(parts, "noimages")
	}
	return strings.Join(parts, ".")
}

// ViewForm reads the fields of VIForm: size, scheme, spacing, noimages.
func VIFromForm(get func(string) string) VI {
	if get("vi") == "off" {
		return VI{}
	}
	return ParseVI(strings.Join([]string{"on", get("size"), get("scheme"), get("spacing"), get("noimages")}, "."))
}

// class is what the version adds to <html>.
func (v VI) class() string {
	if !v.On {
		return ""
	}
	names := []string{"okno-vi"}
	for part := range strings.SplitSeq(v.String(), ".") {
		switch part {
		case "125", "150", "200", "spacing", "noimages":
			names = append(names, "okno-vi-"+part)
		case "light", "dark", "blue":
			names = append(names, "okno-vi-scheme-"+part)
		}
	}
	return ui.Class(names...)
}
