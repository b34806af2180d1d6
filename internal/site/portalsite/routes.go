package portalsite

import (
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// uploadTime is how long a slow line may take for an attachment: 15 MB at
// 200 kbit/s.
const uploadTime = 10 * time.Minute

func (s *Site) routes() {
	m := s.mux
	m.Mount("GET /assets/", asset.Finding(s.sheets.Find))
	m.Mount("GET "+asset.WorkerPath, asset.Worker(offlinePath))
	m.Handle("GET "+offlinePath, s.showOffline)

	// Everybody.
	m.Handle("GET /{$}", s.showMain)
	m.Handle("GET /search", s.showSearch)
	m.Handle("GET /search/suggest", s.suggest)
	m.Handle("GET /services", s.showRegistry)
	m.Handle("GET /services/{code}", s.showService)
	m.Handle("GET /services/{code}/apply", s.apply)
	m.Handle("GET /categories", s.showCategories)
	m.Handle("GET /categories/{code}", s.showCategory)
	m.Handle("GET /agencies", s.showAgencies)
	m.Handle("GET /agencies/{code}", s.showAgency)
	m.Handle("GET /situations", s.showSituations)
	m.Handle("GET /situations/{code}", s.showSituation)
	m.Handle("GET /centres", s.showCentres)
	m.Handle("POST /centres", s.nearCentres)
	m.Handle("GET /help/{$}", s.showHelp)
	m.Handle("GET /help/{code}", s.showArticle)
	m.Handle("POST /help/{code}/rate", s.rateArticle)
	m.Handle("GET /news", s.showNews)
	m.Handle("GET /news/{code}", s.showNewsItem)
	m.Handle("GET /acts", s.showActs)
	m.Handle("GET /privacy", s.showPrivacy)
	m.Handle("GET /check/{token}", s.showGenuine)
	s.supportRoutes()

	s.placeRoutes()

	// Sign-in.
	m.Handle("GET /auth/begin", s.beginAuth)
	m.Handle("GET /auth/again", s.beginAgain)
	m.Handle("GET /auth/register", s.register)
	m.Handle("GET /auth/callback", s.callback)
	m.Handle("GET /auth/entered", s.enter)
	m.Handle("POST /auth/logout", s.logout)
	m.Handle("POST /auth/extend", s.extend)
	m.Mount("POST /auth/backchannel", http.HandlerFunc(s.Party.BackchannelLogout))
	m.Handle("GET /agreement", s.showAgreement)
	m.Handle("POST /agreement", s.agree)

	// The cabinet.
	m.Handle("GET /lk/{$}", s.person(s.showPersonal))
	m.Handle("GET /lk/notifications", s.person(s.showFeed))
	m.Handle("POST /lk/notifications/read", s.person(s.readFeed))
	m.Handle("GET /lk/settings", s.person(s.showSettings))
	m.Handle("POST /lk/settings", s.person(s.saveSettings))
	m.Handle("GET /lk/applications", s.person(s.showApplications))
	m.Handle("GET /lk/applications/archive", s.person(s.showArchive))
	m.Handle("GET /lk/applications/{id}", s.person(s.showApplication))
	m.Handle("GET /lk/applications/{id}/sent", s.person(s.showSent))
	m.Handle("GET /lk/applications/{id}/receipt.pdf", s.person(s.receipt))
	m.Handle("GET /lk/applications/{id}/application.pdf", s.person(s.printed))
	m.Handle("POST /lk/applications/{id}/answer", s.reply(s.answer), kit.Body(maxUpload), kit.Deadline(uploadTime))
	m.Handle("POST /lk/applications/{id}/message", s.reply(s.write))
	m.Handle("GET /lk/applications/{id}/withdraw", s.person(s.askWithdraw))
	m.Handle("POST /lk/applications/{id}/withdraw", s.person(s.withdraw))
	m.Handle("GET /lk/applications/{id}/files/{file}", s.person(s.openFile), kit.Deadline(uploadTime))

	// Forms.
	m.Handle("POST /services/{code}/apply", s.person(s.beginDraft))
	m.Handle("GET /lk/drafts/{id}", s.person(s.openDraft))
	m.Handle("GET /lk/drafts/{id}/check", s.person(s.showCheck))
	m.Handle("POST /lk/drafts/{id}/check", s.person(s.submit))
	m.Handle("GET /lk/drafts/{id}/delete", s.person(s.askDeleteDraft))
	m.Handle("POST /lk/drafts/{id}/delete", s.person(s.deleteDraft))
	m.Handle("GET /lk/drafts/{id}/files/{file}", s.person(s.openDraftFile), kit.Deadline(uploadTime))
	m.Handle("GET /lk/drafts/{id}/{step}", s.person(s.showStep))
	m.Handle("POST /lk/drafts/{id}/{step}", s.step(s.saveStep), kit.Body(maxUpload), kit.Deadline(uploadTime))
}
