package desksite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/ui/asset"
)

// routes is the whole route table.
func (s *Site) routes() {
	m := s.mux
	m.Mount("GET "+asset.Path, asset.Handler(s.Brand.Sheet))
	m.Handle("GET /auth/callback", s.callback)
	m.Handle("POST /auth/logout", s.logout)
	m.Handle("POST /auth/extend", s.extend)
	m.Mount("POST /auth/backchannel", http.HandlerFunc(s.Party.BackchannelLogout))

	m.Handle("GET /{$}", s.atDesk(s.showDesk))
	m.Handle("POST /find", s.atDesk(s.find))
	m.Handle("GET /visits/{id}", s.atDesk(s.showVisit))
	m.Handle("POST /visits/{id}/code", s.atDesk(s.sendCode))
	m.Handle("POST /visits/{id}/confirm", s.atDesk(s.confirm))
	m.Handle("POST /visits/{id}/phone", s.atDesk(s.setPhone))
	m.Handle("POST /visits/{id}/recover", s.atDesk(s.recover))
	m.Handle("GET /visits/{id}/correct", s.atDesk(s.showCorrect))
	m.Handle("POST /visits/{id}/correct", s.atDesk(s.correct))
	m.Handle("GET /register", s.atDesk(s.showRegister))
	m.Handle("POST /register", s.atDesk(s.register))
	m.Handle("POST /visits/{id}/register", s.atDesk(s.finishRegister))
	m.Handle("GET /assist", s.atDesk(s.showAssist))
	m.Handle("POST /assist", s.atDesk(s.assist))
	m.Handle("POST /visits/{id}/assist-code", s.atDesk(s.assistCode))
	m.Handle("POST /visits/{id}/assist", s.atDesk(s.finishAssist))
	m.Handle("GET /journal", s.atDesk(s.showJournal))

	s.adminRoutes()
}
