package catalogue_test

import (
	"os"
	"testing"

	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/form"
)

// What is delivered speaks three languages: every card, form, category and
// situation of both regions has its Tatar and its English (G-30).
func TestDeliveredServicesAreTranslated(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"72", "92"} {
		b, err := catalogue.LoadBundle(os.DirFS(definitions), region)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range b.Services {
			for _, at := range s.Untranslated() {
				t.Errorf("%s, region %s, lacks %s", s.Code, region, at)
			}
		}
		for _, at := range form.Untranslated(b.Shelves) {
			t.Errorf("catalogue.yaml lacks %s", at)
		}
	}
}
