// Package page holds the pages of the portal: what a handler has found out goes
// in as a plain struct, HTML comes out. Texts of the interface are the keys
// portal.* of the catalogues; nothing here asks a database or decides anything.
package page

import (
	"context"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
)

// t is the text of the key portal.<key> in the reader's language.
func t(ctx context.Context, key string, args ...any) string {
	return i18n.From(ctx).T("portal."+key, args...)
}

// Item is a link with a second line.
type Item struct {
	Title, Text, Href string
}

func link(text, href string) ui.Link { return ui.Link{Text: text, Href: href} }
