package ui

import (
	"bytes"
	"strings"
	"testing"
)

// What an editor or a foreign file brings never runs in a reader's browser.
func TestMarkdownIsHarmless(t *testing.T) {
	t.Parallel()
	for _, md := range []string{
		"[x](javascript:alert(1))", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](javascript:alert(1))",
		"[x](data:text/html,<script>alert(1)</script>)", "<a href=\"javascript:alert(1)\">x</a>",
	} {
		var b bytes.Buffer
		if err := Markdown(md).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"javascript:", "<script", "<img src=x", "data:text"} {
			if strings.Contains(strings.ToLower(b.String()), bad) {
				t.Errorf("%s became %s", md, b.String())
			}
		}
	}
}
