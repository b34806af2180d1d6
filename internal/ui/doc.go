// Package ui holds the components of the interface: the markup of govuk-frontend
// where it has one (its fixtures are our golden tests), our own okno- layer where
// it has not. It knows nothing of the domain: texts come in through props, in the
// reader's language; the few fixed words of components («Ошибка:», «Показать»)
// are the keys ui.* of the catalogues, taken from the i18n.Localizer in ctx.
//
// Every props struct works with its zero values. A slot has up to two fields: a
// text (Label, Hint, Text), which is escaped, and a component of the same name
// with Body, which wins when it is set. Attrs are extra attributes whose names
// must be constants of the program. Nothing here writes inline style or script.
//
// README.md shows how a page is put together; package kit shows every component.
package ui

import (
	"context"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/i18n"
)

// Attrs are extra HTML attributes of an element.
type Attrs = templ.Attributes

// T is the text of a key in the language of the page.
func T(ctx context.Context, key string, args ...any) string { return i18n.From(ctx).T(key, args...) }

// Class joins class names and leaves out the empty ones.
func Class(names ...string) string {
	joined := ""
	for _, name := range names {
		switch {
		case name == "":
		case joined == "":
			joined = name
		default:
			joined += " " + name
		}
	}
	return joined
}

// when is s if cond holds, else "".
func when(cond bool, s string) string {
	if cond {
		return s
	}
	return ""
}

// or is the first of two texts that is not empty.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// sized is the modifier of a size, "" for none.
func sized(prefix, size string) string {
	if size == "" {
		return ""
	}
	return prefix + size
}
