package officesite

import (
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// An answer may carry several files over a slow line.
const (
	maxUpload  = 5*form.MaxFileSize + 1<<20
	uploadTime = 10 * time.Minute
)

func (s *Site) routes() {
	m := s.mux
	m.Mount("GET /assets/", asset.Finding(s.sheets.Find))

	m.Handle("GET /auth/begin", s.beginAuth)
	m.Handle("GET /auth/callback", s.Party.Callback)
	m.Handle("POST /auth/logout", s.Party.Logout)
	m.Handle("POST /auth/extend", s.extend)
	m.Mount("POST /auth/backchannel", http.HandlerFunc(s.Party.BackchannelLogout))

	m.Handle("GET /{$}", s.clerk(s.showQueue))
	m.Handle("POST /next", s.clerk(s.takeNext))
	m.Handle("GET /cases/{id}", s.clerk(s.showCase))
	m.Handle("GET /cases/{id}/files/{file}", s.clerk(s.openFile), kit.Deadline(uploadTime))
	m.Handle("POST /cases/{id}/take", s.clerk(s.take))
	m.Handle("POST /cases/{id}/put-back", s.clerk(s.putBack))
	m.Handle("POST /cases/{id}/resume", s.clerk(s.resume))
	m.Handle("POST /cases/{id}/close", s.clerk(s.closeCase))
	m.Handle("POST /cases/{id}/message", s.clerk(s.write))
	m.Handle("POST /cases/{id}/note", s.clerk(s.note))
	m.Handle("GET /cases/{id}/answer", s.clerk(s.askAnswer))
	m.Handle("POST /cases/{id}/answer", s.clerk(s.answer), kit.Body(maxUpload), kit.Deadline(uploadTime))
	m.Handle("GET /cases/{id}/ask", s.clerk(s.askAsk))
	m.Handle("POST /cases/{id}/ask", s.clerk(s.ask))
	m.Handle("GET /cases/{id}/invite", s.clerk(s.askInvite))
	m.Handle("POST /cases/{id}/invite", s.clerk(s.invite))
	m.Handle("GET /cases/{id}/refuse", s.clerk(s.askRefuse))
	m.Handle("POST /cases/{id}/refuse", s.clerk(s.refuse))
	m.Handle("GET /cases/{id}/hand-over", s.clerk(s.askHandOver))
	m.Handle("POST /cases/{id}/hand-over", s.clerk(s.handOver))

	s.supportRoutes()
	s.settingRoutes()
	s.manageRoutes()
}
