package portalsite_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The page for the time without a connection is the same for everybody: a
// browser keeps it, also for whoever comes after. Every page names the worker
// that fetches it, and the worker keeps nothing else of the portal.
func TestOfflinePageKnowsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	page := b.Get("/offline").WantStatus(200)
	page.Want("h1", "Нет связи с интернетом").Want("main", "8 800 100-70-10").Lacks("body", "Тестова").Lacks("body", "Выйти")
	if page.Has(".okno-menu__panel form[action='/auth/logout']") || len(page.Header.Values("Set-Cookie")) > 0 {
		t.Error("the kept page knows who is signed in")
	}
	for _, path := range []string{"/", "/lk/", "/services/criminal-record", "/no/such/page"} {
		if got := b.Get(path).Attr("meta[name=okno-worker]", "content"); got != "/worker.js" {
			t.Errorf("%s names the worker %q", path, got)
		}
	}
	worker := b.Raw(http.MethodGet, "/worker.js", nil, "")
	defer worker.Body.Close()
	raw, err := io.ReadAll(worker.Body)
	must(t, err)
	script := string(raw)
	if worker.StatusCode != 200 || !strings.HasPrefix(worker.Header.Get("Content-Type"), "text/javascript") || worker.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("worker: %d %v", worker.StatusCode, worker.Header)
	}
	if !strings.Contains(script, `"page":"/offline"`) || strings.Contains(script, "/lk/") {
		t.Error("the worker keeps another page")
	}
}
