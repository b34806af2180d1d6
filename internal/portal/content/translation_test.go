package content_test

import (
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/form"
)

// Every delivered help article, legal act and agreement has its Tatar and its
// English (G-30).
func TestDeliveredContentIsTranslated(t *testing.T) {
	t.Parallel()
	entries, err := content.Load(os.DirFS("../../../services"), "content")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("nothing is delivered")
	}
	for _, e := range entries {
		for _, at := range form.Untranslated(e) {
			t.Errorf("content %s %s lacks %s", e.Kind, e.Code, at)
		}
	}
}
