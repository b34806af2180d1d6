package catalogue_test

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/okno-gov/okno/internal/portal/catalogue"
)

// A card that is accepted has what every page of it needs.
func FuzzCard(f *testing.F) {
	const folder = "../../../services/federal/criminal-record/"
	card, err := os.ReadFile(folder + "service.yaml")
	if err != nil {
		f.Fatal(err)
	}
	form, err := os.ReadFile(folder + "form.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(card, form)
	f.Add([]byte("code: criminal-record\n"), []byte("format: 1\n"))
	f.Fuzz(func(t *testing.T, card, form []byte) {
		s, err := catalogue.LoadService(fstest.MapFS{
			"criminal-record/service.yaml": {Data: card}, "criminal-record/form.yaml": {Data: form},
		}, "criminal-record")
		if err == nil && (s.Code != "criminal-record" || s.Title.RU == "" || s.Agency == "") {
			t.Errorf("accepted without code, title or agency: %+v", s.Card)
		}
	})
}
