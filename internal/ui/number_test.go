package ui_test

import (
	"bytes"
	"testing"

	"github.com/okno-gov/okno/internal/ui"
)

// A number stays in one line; the text around it, its spaces and what only looks
// like a number stay as they are.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "",
		"Нет чисел":                 "Нет чисел",
		"№ 72-2026-0000001-5, МВД":  `№ <span class="okno-num">72-2026-0000001-5</span>, МВД`,
		"звоните: 8 800 100-70-10!": `звоните: <span class="okno-num">8 800 100-70-10</span>!`,
		"0004-5900 и 0004-5901":     `<span class="okno-num">0004-5900</span> и <span class="okno-num">0004-5901</span>`,
		"с 9 до 18 -5 <b>1-2</b>":   `с 9 до 18 -5 &lt;b&gt;<span class="okno-num">1-2</span>&lt;/b&gt;`,
	} {
		var b bytes.Buffer
		if err := ui.Numbers(text).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%q: %s", text, b.String())
		}
	}
}
