package art_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/ui/art"
)

func svg(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The glyph lights one, two or four panes; a level that does not exist lights none.
func TestLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 4, 4: 0} {
		if got := strings.Count(svg(t, art.Level(level)), "okno-glyph__on"); got != want {
			t.Errorf("level %d lights %d panes, want %d", level, got, want)
		}
	}
}

func TestQR(t *testing.T) {
	t.Parallel()
	code := svg(t, art.QR("https://uslugi.example/check/7F3K92QD", `код "проверки"`))
	if !strings.Contains(code, `role="img" aria-label="код &#34;проверки&#34;"`) || !strings.Contains(code, `viewBox="-4 -4 `) {
		t.Errorf("the code has no name or no quiet zone: %.200s", code)
	}
	// The finder pattern begins with seven dark modules in a row.
	if !strings.Contains(code, `d="M0 0h7v1h-7z`) {
		t.Errorf("no finder pattern at the corner: %.300s", code)
	}
	if err := art.QR(strings.Repeat("x", 4000), "длинный").Render(t.Context(), &strings.Builder{}); err == nil {
		t.Error("a text that does not fit is drawn")
	}
}

// Pictures take their colours from classes; only the files for the browser's tab
// and for documents carry them.
func TestColours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]templ.Component{"birth": art.Of(art.Birth), "unknown": art.Of("nothing"), "mark": art.Mark(), "empty": art.Empty(), "night": art.Night(), "done": art.Done(), "hero": art.Hero()} {
		if picture := svg(t, c); strings.Contains(picture, `fill="#`) || strings.Contains(picture, `stroke="#`) || !strings.Contains(picture, `aria-hidden="true"`) {
			t.Errorf("%s has colours of its own or speaks to readers", name)
		}
	}
	if file := art.MarkFile(); strings.Contains(file, "class=") || !strings.Contains(file, "xmlns=") {
		t.Error("the file of the mark does not stand alone")
	}
	if art.Known("nothing") || !art.Known("birth") {
		t.Error("Known does not know the scenes")
	}
}
