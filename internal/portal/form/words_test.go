package form

import (
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/base/i18n"
)

// russian is the real catalogue, so that tests read what a citizen reads.
func russian(t testing.TB) Words { return words(t, "ru") }

func words(t testing.TB, lang string) Words {
	t.Helper()
	b, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	return b.For(lang)
}
