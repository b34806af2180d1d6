package layout

import (
	"bytes"
	"context"
	"fmt"
	"html"

	"github.com/okno-gov/okno/internal/ui/asset"
)

// FaultPage is the whole error page. It cannot fail: when the frame of the site
// does not render (that may be the fault itself), a plain page with the same
// words comes instead.
func FaultPage(ctx context.Context, p Page, f Fault) (out []byte) {
	defer func() {
		if recover() != nil {
			out = plainFault(p, f)
		}
	}()
	p.Title, p.Bare, p.NoIndex = f.Title, false, true
	p.Errors, p.Back, p.Breadcrumbs = nil, nil, nil
	var buf bytes.Buffer
	if err := Render(p, faultBody(p, f)).Render(ctx, &buf); err != nil {
		return plainFault(p, f)
	}
	return buf.Bytes()
}

// plainFault uses nothing that could be broken: no catalogue, no template.
func plainFault(p Page, f Fault) []byte {
	code := ""
	if f.Code != "" {
		code = "<p>" + html.EscapeString(f.Code) + "</p>"
	}
	phone := ""
	if p.Brand.Phone != "" {
		phone = `<p><a href="` + html.EscapeString(tel(p.Brand.Phone)) + `">` + html.EscapeString(p.Brand.Phone) + "</a></p>"
	}
	return fmt.Appendf(nil, `<!DOCTYPE html>
<html lang="%s" class="govuk-template"><head><meta charset="utf-8"><title>%s</title><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="%s"></head>
<body class="govuk-template__body"><main class="okno-wrap govuk-main-wrapper" id="main"><h1 class="govuk-heading-l">%[2]s</h1><p class="govuk-body">%[4]s</p>%[5]s%[6]s<p><a class="govuk-link" href="%[7]s">%[8]s</a></p></main></body></html>
`, html.EscapeString(p.lang()), html.EscapeString(f.Title), html.EscapeString(asset.URL("okno.css")), html.EscapeString(f.Text), code, phone,
		html.EscapeString(p.Brand.home()), html.EscapeString(orText(p.Brand.Name, p.Brand.home())))
}
