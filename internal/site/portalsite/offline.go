package portalsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// offlinePath is the page that browsers keep for the time without a connection.
const offlinePath = "/offline"

// impersonal tells the addresses that never know who asks: a browser keeps the
// offline page, and whoever uses the browser next must not read a name there.
func impersonal(path string) bool { return path == offlinePath || path == asset.WorkerPath }

func (s *Site) showOffline(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, s.words(r).T("ui.offline.title"))
	p.NoIndex = true
	return kit.Render(w, r, http.StatusOK, p, layout.OfflineBody(s.brand(r.Context()).Phone))
}
