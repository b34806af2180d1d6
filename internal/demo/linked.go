package demo

import (
	"context"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/a-h/templ"
)

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// linked shows a message's text with its addresses as links.
func linked(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		at := 0
		for _, m := range address.FindAllStringIndex(text, -1) {
			u := html.EscapeString(text[m[0]:m[1]])
			b.WriteString(html.EscapeString(text[at:m[0]]))
			b.WriteString(`<a class="govuk-link" href="` + u + `">` + u + `</a>`)
			at = m[1]
		}
		b.WriteString(html.EscapeString(text[at:]))
		_, err := io.WriteString(w, b.String())
		return err
	})
}
