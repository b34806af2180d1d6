// Package art holds the pictures of the interface: the mark (a window with one
// pane lit), scenes of life situations, states, the level glyph and QR codes.
// All are inline SVG without meaning of their own (hidden from readers), except
// the QR code, which has a name.
package art

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"
	"rsc.io/qr"
)

// Scene names the picture of a life situation; data carries it as text.
type Scene string

// The scenes that are drawn.
const (
	Birth     Scene = "birth"
	House     Scene = "house"
	School    Scene = "school"
	Loss      Scene = "loss"
	Move      Scene = "move"
	Documents Scene = "docs"
	Car       Scene = "car"
	Pension   Scene = "pension"
)

// Known tells whether there is a scene of that name.
func Known(name string) bool {
	_, ok := scenes[Scene(name)]
	return ok
}

// Of is the picture of a life situation, seen through a window. An unknown name
// gives the papers.
func Of(s Scene) templ.Component {
	svg, ok := scenes[s]
	if !ok {
		svg = scenes[Documents]
	}
	return raw(svg)
}

// Empty is the picture of an empty list: the lit window with a cat.
func Empty() templ.Component { return raw(emptySVG) }

// Night is the picture of a fault: the dark window with a lamp.
func Night() templ.Component { return raw(nightSVG) }

// Done is the picture of a confirmation.
func Done() templ.Component { return raw(doneSVG) }

// Hero is the evening house of the main page.
func Hero() templ.Component { return raw(heroSVG) }

const markBody = `<rect class="f7" width="40" height="40" rx="10"/><rect class="f3" x="7" y="7" width="12" height="12" rx="2.5"/><rect class="f3" x="21" y="7" width="12" height="12" rx="2.5"/><rect class="f3" x="7" y="21" width="12" height="12" rx="2.5"/><rect class="fa" x="21" y="21" width="12" height="12" rx="2.5"/>`

// Mark is the mark of the product beside its name.
func Mark() templ.Component {
	return raw(`<svg class="okno-art" viewBox="0 0 40 40" aria-hidden="true" focusable="false">` + markBody + `</svg>`)
}

// MarkFile is the mark as a file of its own, with the colours written out: the
// icon of the browser's tab and of documents.
func MarkFile() string {
	body := strings.NewReplacer(`class="f7"`, `fill="#134896"`, `class="f3"`, `fill="#9dbfe8"`, `class="fa"`, `fill="#f5a623"`).Replace(markBody)
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">` + body + "</svg>\n"
}

// Level is the glyph of an account level: 1, 2 or 4 panes of the window are lit
// for level 1, 2 and 3. Other values light none.
func Level(level int) templ.Component {
	lit := map[int][4]bool{1: {true, false, false, false}, 2: {true, false, false, true}, 3: {true, true, true, true}}[level]
	var b strings.Builder
	b.WriteString(`<svg class="okno-glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><rect class="okno-glyph__off" x="1" y="1" width="22" height="22" rx="5" stroke-width="1.5"/>`)
	for i, on := range lit {
		class := "okno-glyph__off"
		if on {
			class = "okno-glyph__on"
		}
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="7" height="7" rx="1.5"/>`, class, 4+9*(i%2), 4+9*(i/2))
	}
	b.WriteString(`</svg>`)
	return raw(b.String())
}

// QR is the code of a text (an address where anyone can check a document), with
// its name for readers. A text that does not fit (about 2,900 bytes) is an error
// at rendering.
func QR(text, label string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		code, err := qr.Encode(text, qr.M)
		if err != nil {
			return fmt.Errorf("draw QR code: %w", err)
		}
		// The standard asks for a quiet zone of four modules (ISO/IEC 18004, 5.3.8).
		side := code.Size + 8
		if _, err := fmt.Fprintf(w, `<svg class="okno-qr" viewBox="-4 -4 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><rect x="-4" y="-4" width="%d" height="%d" fill="#fff"/><path fill="#000" d="`,
			side, side, templ.EscapeString(label), side, side); err != nil {
			return err
		}
		for y := range code.Size {
			for x := 0; x < code.Size; x++ {
				run := 0
				for x+run < code.Size && code.Black(x+run, y) {
					run++
				}
				if run == 0 {
					continue
				}
				if _, err := fmt.Fprintf(w, "M%d %dh%dv1h-%dz", x, y, run, run); err != nil {
					return err
				}
				x += run
			}
		}
		_, err = io.WriteString(w, `"/></svg>`)
		return err
	})
}

func raw(svg string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, svg)
		return err
	})
}
