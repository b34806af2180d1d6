package idsite

import (
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/journal"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/asset"
)

// routes is the whole route table.
func (s *Site) routes() {
	m := s.mux
	m.Mount("GET "+asset.Path, asset.Handler(s.Brand.Sheet))
	m.Mount("/oauth2/", s.OIDC.Handler())
	m.Mount("GET /.well-known/", s.OIDC.Handler())
	m.Mount("GET /rs/", s.REST)

	m.Handle("GET /{$}", s.showHome)
	m.Handle("GET /agreement", s.showText("agreement"))
	m.Handle("GET /processing", s.showText("processing"))
	m.Handle("GET /about", s.showText("about"))

	// Sign-in: one page that shows the next step, one address per act.
	m.Handle("GET /login", s.showLogin)
	m.Handle("POST /login", s.postLogin)
	m.Handle("POST /login/code", s.postCode)
	m.Handle("POST /login/password", s.temporaryPassword)
	m.Handle("POST /login/consent", s.grant)
	m.Handle("POST /login/refuse", s.refuse)
	m.Handle("POST /login/restart", s.restartLogin)
	m.Handle("GET /logout", s.showLogout)
	m.Handle("POST /logout", s.logout)
	m.Handle("POST /session/extend", s.extendSession)

	// Registration and recovery: the same pattern.
	m.Handle("GET /registration", s.showRegistration)
	m.Handle("POST /registration", s.register)
	m.Handle("POST /registration/code", s.registrationAct(s.registrationCode, "code"))
	m.Handle("POST /registration/resend", s.registrationAct(s.registrationResend, ""))
	m.Handle("POST /registration/restart", s.registrationAct(s.registrationRestart, ""))
	m.Handle("POST /registration/password", s.registrationPassword)
	m.Handle("GET /registration/done", s.signedIn(s.showRegistered))
	m.Handle("GET /recovery", s.showRecovery)
	m.Handle("POST /recovery", s.recover)
	m.Handle("POST /recovery/code", s.recoveryAct(s.recoveryCode, "code"))
	m.Handle("POST /recovery/resend", s.recoveryAct(s.recoveryResend, ""))
	m.Handle("POST /recovery/restart", s.recoveryAct(s.recoveryRestart, ""))
	m.Handle("POST /recovery/password", s.recoveryAct(s.recoveryPassword, "password"))
	m.Handle("GET /link/{token}", s.showLink)
	m.Handle("POST /link/{token}", s.followLink)

	// The first password of an administrator, and the app for codes of anybody.
	m.Handle("GET /setup/{token}", s.showSetup)
	m.Handle("POST /setup/{token}", s.setUp)
	m.Handle("GET "+factorPath, s.fresh(s.showFactor))
	m.Handle("POST "+factorPath, s.fresh(s.beginFactor))
	m.Handle("POST "+factorPath+"/code", s.fresh(s.confirmFactor))
	m.Handle("POST "+factorPath+"/remove", s.fresh(s.removeFactor))

	// The profile.
	m.Handle("GET /profile/data", s.signedIn(s.showData))
	m.Handle("POST /profile/data", s.signedIn(s.sendData))
	m.Handle("GET /profile/check", s.signedIn(s.showCheck))
	m.Handle("GET /profile/confirm", s.signedIn(s.showConfirm))
	m.Handle("GET /profile/documents", s.signedIn(s.showDocuments))
	m.Handle("GET /profile/documents/{type}", s.signedIn(s.showDocument))
	m.Handle("POST /profile/documents/{type}", s.signedIn(s.putDocument))
	m.Handle("POST /profile/documents/{type}/remove", s.signedIn(s.removeDocument))
	m.Handle("GET /profile/children", s.signedIn(s.showChildren))
	m.Handle("GET /profile/children/{id}", s.signedIn(s.showChild))
	m.Handle("POST /profile/children/{id}", s.signedIn(s.putChild))
	m.Handle("POST /profile/children/{id}/remove", s.signedIn(s.removeChild))
	m.Handle("GET /profile/vehicles", s.signedIn(s.showVehicles))
	m.Handle("POST /profile/vehicles", s.signedIn(s.addVehicle))
	m.Handle("POST /profile/vehicles/{id}/remove", s.signedIn(s.removeVehicle))
	m.Handle("GET /profile/addresses/{kind}", s.signedIn(s.showAddress))
	m.Handle("POST /profile/addresses/{kind}", s.signedIn(s.putAddress))
	m.Handle("GET /profile/avatar/{id}", s.signedIn(s.showAvatar))
	m.Handle("POST /profile/settings/avatar", s.signedIn(s.setAvatar), kit.Body(enrol.MaxAvatarBytes+64<<10))
	m.Handle("GET /profile/contacts", s.fresh(s.showContacts))
	m.Handle("POST /profile/contacts/phone", s.contactAct("phone", "idsite.contact.code_sent", s.addPhone))
	m.Handle("POST /profile/contacts/phone/code", s.contactAct("code", "idsite.contact.phone_done", s.confirmPhone))
	m.Handle("POST /profile/contacts/email", s.contactAct("email", "idsite.contact.link_sent", s.addEmail))
	m.Handle("POST /profile/contacts/resend", s.contactAct("phone", "idsite.contact.sent_again", s.resendContact))
	m.Handle("POST /profile/contacts/home", s.contactAct("home_phone", "idsite.saved", s.setHomePhone))
	m.Handle("POST /profile/contacts/{id}/remove", s.contactAct("phone", "idsite.contact.removed", s.removeContact))
	m.Handle("GET /profile/consents", s.signedIn(s.showConsents))
	m.Handle("GET /profile/consents.json", s.signedIn(s.exportConsents))
	m.Handle("GET /profile/consents/{id}", s.fresh(s.showWithdraw))
	m.Handle("POST /profile/consents/{id}", s.fresh(s.withdraw))
	m.Handle("GET /profile/export", s.fresh(s.showExport))
	m.Handle("GET /profile/export.json", s.fresh(s.downloadExport))
	m.Handle("GET /profile/portals", s.signedIn(s.showPortals))
	m.Handle("GET /profile/actions", s.showJournal(journal.GroupAction))
	m.Handle("GET /profile/actions/logins", s.showJournal(journal.GroupSignIn))
	m.Handle("GET /profile/actions/requests", s.showJournal(journal.GroupExchange))
	m.Handle("GET /profile/actions/looks", s.showJournal(journal.GroupAccess))
	m.Handle("GET /profile/settings", s.signedIn(s.showSettings))
	m.Handle("GET /profile/settings/password", s.signedIn(s.showPassword))
	m.Handle("POST /profile/settings/password", s.signedIn(s.changePassword))
	m.Handle("POST /profile/settings/notice", s.signedIn(s.setNotice))
	m.Handle("POST /profile/settings/sessions", s.signedIn(s.endOtherSessions))
	m.Handle("POST /profile/settings/sessions/{id}", s.signedIn(s.endSession))
	m.Handle("GET /profile/settings/delete", s.fresh(s.showDelete))
	m.Handle("POST /profile/settings/delete", s.fresh(s.deleteAccount))
}
