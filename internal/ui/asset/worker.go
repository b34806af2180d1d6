package asset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
)

// WorkerPath is where a site mounts Worker: at the root, so that its scope is
// the whole site.
const WorkerPath = "/worker.js"

// Worker serves the service worker that shows the site's offline page when there
// is no connection. offline is the path of that page; it must be the same for
// everybody (no names, no cookies). The page is fetched again when an asset
// changes.
func Worker(offline string) http.Handler {
	settings := struct {
		Cache string   `json:"cache"`
		Page  string   `json:"page"`
		Files []string `json:"files"`
	}{
		Page: offline,
		Files: []string{
			URL("okno.css"), URL("first.js"), URL("okno.js"), URL("mark.svg"),
			URL("golos-text-cyrillic-400-normal.woff2"), URL("golos-text-cyrillic-600-normal.woff2"),
			URL("golos-text-latin-400-normal.woff2"), URL("golos-text-latin-600-normal.woff2"),
		},
	}
	sum := sha256.New()
	for _, f := range settings.Files {
		sum.Write([]byte(f))
	}
	sum.Write([]byte(offline))
	settings.Cache = "okno-" + hex.EncodeToString(sum.Sum(nil)[:5])
	head, err := json.Marshal(settings)
	if err != nil {
		panic(err) // strings always marshal
	}
	script := append([]byte("const OKNO_WORKER="+string(head)+";\n"), Content("worker.js")...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Length", strconv.Itoa(len(script)))
		if r.Method == http.MethodGet {
			// The client is gone when this fails; there is nobody to tell.
			_, _ = w.Write(script)
		}
	})
}
