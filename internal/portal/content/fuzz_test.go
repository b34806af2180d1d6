package content_test

import (
	"testing"
	"testing/fstest"

	"github.com/okno-gov/okno/internal/portal/content"
)

// Texts of editors: what is accepted has a code and a title.
func FuzzTexts(f *testing.F) {
	f.Add("---\ntitle: Как войти\norder: 1\n---\nОткройте страницу.", "[{code: zakon, title: Закон, url: 'https://example.org'}]")
	f.Add("---\n---\n", "[]")
	f.Fuzz(func(t *testing.T, article, acts string) {
		entries, err := content.Load(fstest.MapFS{
			"c/help/enter.ru.md": {Data: []byte(article)}, "c/acts.yaml": {Data: []byte(acts)},
		}, "c")
		if err != nil {
			return
		}
		for _, e := range entries {
			if e.Code == "" || e.Title.RU == "" {
				t.Errorf("accepted without code or title: %+v", e)
			}
		}
	})
}
