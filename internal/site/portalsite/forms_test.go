package portalsite_test

import (
	"net/http"
	"net/url"
	"path"
	"testing"
)

// Every step of every service can be drawn, empty, refused and in English, by
// the rules that hold for all pages; a step that is not there leads on.
func TestEveryStepOfEveryService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	all, err := w.site.Services.All(t.Context())
	must(t, err)
	for _, sv := range all {
		if !sv.Apply() {
			continue
		}
		page := b.Get("/services/" + sv.Code).Submit("form[action$=apply]").WantStatus(http.StatusOK)
		draft := path.Dir(page.URL.Path)
		for _, st := range sv.Form.Steps {
			if st.ID == "check" || st.ID == "delete" {
				t.Errorf("%s: the step %q hides behind a page of the draft", sv.Code, st.ID)
			}
			page = b.Get(draft + "/" + st.ID)
			if page.URL.Path != draft+"/"+st.ID {
				continue // not shown for these answers
			}
			page.WantStatus(http.StatusOK).Want("h1", st.Title.RU).Want(".okno-steps", "Шаг")
			if got := b.Post(page.URL.Path, url.Values{"go": {"next"}}); got.Status >= 500 {
				t.Errorf("%s/%s: nothing sent: %s", sv.Code, st.ID, got)
			}
			b.SetCookie("okno_lang", "en")
			b.Get(page.URL.Path).Want(".okno-steps", "Step")
			b.SetCookie("okno_lang", "ru")
		}
		b.Get(draft + "/nonsense").WantStatus(http.StatusNotFound)
		if got := b.Get(draft + "/check"); got.URL.Path == draft+"/check" {
			t.Errorf("%s: an empty form can be checked and sent", sv.Code)
		}
	}
}
