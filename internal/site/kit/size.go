package kit

import (
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/rutext"
)

// SizeText writes a number of bytes for people: «84 кБ», «2,4 МБ».
func SizeText(l *i18n.Localizer, n int64) string {
	switch {
	case n < 1000:
		return l.T("kit.size.b", "n", n)
	case n < 1<<20:
		return l.T("kit.size.kb", "n", (n+1023)/1024)
	}
	tenths := (n*10 + 1<<19) / (1 << 20)
	text := rutext.Number(tenths / 10)
	if tenths%10 != 0 {
		comma := ","
		if l.Lang() == "en" {
			comma = "."
		}
		text += comma + string(rune('0'+tenths%10))
	}
	return l.T("kit.size.mb", "n", text)
}
