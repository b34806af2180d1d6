package page

import (
	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/ui"
)

// Prose is a text of a service, an article or news.
func Prose(md string) templ.Component { return ui.Markdown(md) }
