// Package icon draws the icons of the interface as inline SVG: 24 px grid, stroke
// 1.75, colour of the text. An icon never speaks alone: a word stands beside it,
// therefore all of them are hidden from screen readers.
package icon

import (
	"context"
	"io"
	"slices"

	"github.com/a-h/templ"
)

// Name of an icon. Data (a service card, a notice category) may carry one as
// text; Known tells whether it exists.
type Name string

// Known tells whether there is an icon of that name.
func Known(name string) bool {
	_, ok := paths[Name(name)]
	return ok
}

// Of is the icon at 24 px. An unknown name draws a document: data may name an
// icon that this version does not have.
func Of(name Name, class ...string) templ.Component { return draw(name, "okno-icon", class) }

// Small is the icon at 20 px, for lines of small text.
func Small(name Name, class ...string) templ.Component {
	return draw(name, "okno-icon okno-icon--s", class)
}

func draw(name Name, class string, more []string) templ.Component {
	path, ok := paths[name]
	if !ok {
		path = paths[Doc]
	}
	for _, c := range more {
		class += " " + c
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="`+templ.EscapeString(class)+`" viewBox="0 0 24 24" aria-hidden="true" focusable="false">`+path+`</svg>`)
		return err
	})
}

// Names lists every icon, in order, for the gallery and for editors of cards.
func Names() []string {
	names := make([]string, 0, len(paths))
	for n := range paths {
		names = append(names, string(n))
	}
	slices.Sort(names)
	return names
}
