package ui

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown turns the texts of services, articles and news into HTML of our
// components. HTML within the text is left out: editors are people too.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(dress{}, 500))),
)

// dress gives the elements the classes of the design system.
type dress struct{}

func (dress) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	// Walk fails only when the visitor does.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		class := ""
		switch n := n.(type) {
		case *ast.Paragraph:
			class = "govuk-body"
		case *ast.List:
			class = "govuk-list govuk-list--bullet"
			if n.IsOrdered() {
				class = "govuk-list govuk-list--number"
			}
		case *ast.Link, *ast.AutoLink:
			class = "govuk-link"
		case *ast.Blockquote:
			class = "govuk-inset-text"
		case *east.Table:
			class = "govuk-table"
		case *ast.Heading:
			// The page has the h1.
			n.Level = min(max(n.Level, 2), 6)
			class = "govuk-heading-m"
			if n.Level > 2 {
				class = "govuk-heading-s"
			}
		}
		if class != "" {
			n.SetAttributeString("class", []byte(class))
		}
		return ast.WalkContinue, nil
	})
}

// Markdown is a text in Markdown. A text that cannot be read is shown as it is.
func Markdown(md string) templ.Component {
	var b bytes.Buffer
	if strings.TrimSpace(md) == "" {
		return templ.NopComponent
	}
	if err := markdown.Convert([]byte(md), &b); err != nil {
		return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "<p class=\"govuk-body\">"+templ.EscapeString(md)+"</p>")
			return err
		})
	}
	return templ.Raw(b.String())
}
