// Package page holds the pages of the office: what a handler has found out goes
// in as a plain struct, HTML comes out. Texts are the keys office.*.
package page

import (
	"context"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
)

func t(ctx context.Context, key string, args ...any) string {
	return i18n.From(ctx).T("office."+key, args...)
}

func link(text, href string) ui.Link { return ui.Link{Text: text, Href: href} }
