package idsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// settingsView is «Настройки учётной записи» with the panel «Безопасность»
// (ID-ACC-01, ID-SEC-01).
type settingsView struct {
	Flash    string
	Side     []ui.Link
	Account  []ui.Row
	Level    int
	Hints    []string // what makes the account safer (ID-SEC-12)
	Notice   bool     // a letter about each sign-in
	Email    bool     // there is a confirmed e-mail to send it to
	Sessions []sessionView
	Avatar   string // address of the picture, "" without one
	Wrong    kit.Wrong
}

// sessionView is one device that is signed in (ID-SEC-10).
type sessionView struct {
	ID, Device, Text string
	This             bool
}

func (s *Site) showSettings(w http.ResponseWriter, r *http.Request, m me) error {
	return s.settingsPage(w, r, m, http.StatusOK, kit.Wrong{})
}

func (s *Site) settingsPage(w http.ResponseWriter, r *http.Request, m me, status int, wrong kit.Wrong) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	list, err := s.Sessions.List(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	wants, err := s.Notices.WantsSignedIn(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	factor, err := s.Credentials.HasTOTP(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := settingsView{
		Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/settings"), Level: int(m.Level()),
		Account: accountRows(l, prof), Hints: hints(l, prof, factor), Notice: wants, Email: contactText(prof, person.Email) != "", Wrong: wrong,
	}
	if m.who.Avatar != "" {
		v.Avatar = "/profile/avatar/" + m.who.Avatar
	}
	for _, x := range list {
		v.Sessions = append(v.Sessions, s.sessionView(l, x, m.sess.ID))
	}
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.nav.settings"), wrong.Summary
	return kit.Render(w, r, status, p, settingsPage(v))
}

func (s *Site) sessionView(l *i18n.Localizer, x *session.Session, own string) sessionView {
	return sessionView{
		ID: x.ID, Device: x.DeviceName, This: x.ID == own,
		Text: l.T("idsite.sessions.times", "opened", l.DateTime(x.OpenedAt, s.Zone), "seen", l.DateTime(x.SeenAt, s.Zone)),
	}
}

// accountRows are the names and the logins (ID-ACC-01, ID-LOG-19).
func accountRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	none := l.T("idsite.settings.none")
	or := func(s string) string {
		if s == "" {
			return none
		}
		return s
	}
	change := []ui.Link{{Text: l.T("idsite.change"), Href: "/profile/contacts"}}
	rows := []ui.Row{
		{Key: l.T("idsite.data.surname"), Value: p.Surname},
		{Key: l.T("idsite.data.name"), Value: p.Given},
		{Key: l.T("idsite.data.patronymic"), Value: or(p.Patronymic)},
		{Key: l.T("idsite.contact.phone"), Value: or(contactText(p, person.Phone)), Actions: change},
		{Key: l.T("idsite.contact.email"), Value: or(contactText(p, person.Email)), Actions: change},
		{Key: l.T("idsite.settings.level"), Value: l.T("ui.level." + itoa(int(p.Level)))},
	}
	logins := joined(contactText(p, person.Phone), contactText(p, person.Email))
	if p.SNILSVerified {
		logins = joined(logins, l.T("idsite.data.snils")+" "+snilsText(p.SNILS))
	}
	return append(rows, ui.Row{Key: l.T("idsite.settings.logins"), Value: or(logins)})
}

// hints name what is missing for a safe account and an easy recovery; factor tells
// whether an app for codes is connected.
func hints(l *i18n.Localizer, p *person.Profile, factor bool) []string {
	var out []string
	if contactText(p, person.Phone) == "" {
		out = append(out, l.T("idsite.hint.phone"))
	}
	if contactText(p, person.Email) == "" {
		out = append(out, l.T("idsite.hint.email"))
	}
	if !p.SNILSVerified {
		out = append(out, l.T("idsite.hint.data"))
	}
	if !factor {
		out = append(out, l.T("idsite.hint.factor"))
	}
	if len(out) > 0 {
		out = append(out, l.T("idsite.hint.password"))
	}
	return out
}

func (s *Site) self(w http.ResponseWriter, r *http.Request, m me) enrol.Self {
	return enrol.Self{Session: m.sess, Visit: s.visit(w, r)}
}

// showPassword is the form of a new password.
func (s *Site) showPassword(w http.ResponseWriter, r *http.Request, m me) error {
	return s.changePasswordPage(w, r, m, http.StatusOK, kit.Wrong{})
}

func (s *Site) changePasswordPage(w http.ResponseWriter, r *http.Request, _ me, status int, wrong kit.Wrong) error {
	v, err := s.passwordView(r, nil, wrong)
	if err != nil {
		return err
	}
	p := kit.Base(r)
	p.Title, p.Errors = kit.L(r).T("idsite.password.change"), wrong.Summary
	p.Back = &ui.Link{Href: "/profile/settings"}
	return kit.Render(w, r, status, p, changePasswordPage(v))
}

// changePassword replaces the password; all other sessions end (ID-SEC-02).
func (s *Site) changePassword(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err = s.unhurried(w, r, 1); err == nil {
		var token string
		token, err = s.Enrolments.ChangePassword(r.Context(), s.self(w, r, m), f.Secret("current"),
			enrol.Password{Password: f.Secret("password"), Repeat: f.Secret("password2")})
		if err == nil {
			s.setSession(w, token, m.sess)
			s.mux.Flash(w, "idsite.password.changed")
			return kit.See(w, r, "/profile/settings")
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "current"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.changePasswordPage(w, r, m, kit.Status(e.Kind), wrong)
}

// temporaryPassword replaces a used temporary password by the person's own and
// goes on with the sign-in (ID-REC-08).
func (s *Site) temporaryPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	sess, who, err := s.visitor(r)
	if err != nil {
		return err
	}
	if sess == nil || sess.Restricted == "" {
		return kit.See(w, r, f.url())
	}
	m := me{sess, who}
	token, err := s.Enrolments.ChangePassword(r.Context(), s.self(w, r, m), "", enrol.Password{Password: form.Secret("password"), Repeat: form.Secret("password2")})
	if err == nil {
		s.setSession(w, token, sess)
		return kit.See(w, r, f.url())
	}
	return s.loginFailed(w, r, f, loginForm{}, err, map[string]string{"": "password"})
}

// setNotice switches the letter about each sign-in (ID-SEC-05).
func (s *Site) setNotice(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := s.Enrolments.SetSignInNotice(r.Context(), s.self(w, r, m), f.Ticked("on")); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.saved")
	return kit.See(w, r, "/profile/settings")
}

// endSession ends the sign-in of one device; of this one it is «Выйти».
func (s *Site) endSession(w http.ResponseWriter, r *http.Request, m me) error {
	id := r.PathValue("id")
	if id == m.sess.ID {
		redirect, err := s.signOut(w, r, m.sess, "")
		if err != nil {
			return err
		}
		return kit.See(w, r, redirect)
	}
	if err := s.Enrolments.EndSession(r.Context(), s.self(w, r, m), id); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.sessions.ended")
	return kit.See(w, r, "/profile/settings")
}

func (s *Site) endOtherSessions(w http.ResponseWriter, r *http.Request, m me) error {
	if err := s.Enrolments.EndOtherSessions(r.Context(), s.self(w, r, m)); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.sessions.ended_all")
	return kit.See(w, r, "/profile/settings")
}

// showDelete says what a deletion means and asks for the password (ID-ACC-05, G-23).
func (s *Site) showDelete(w http.ResponseWriter, r *http.Request, m me) error {
	return s.deletePage(w, r, http.StatusOK, kit.Wrong{})
}

func (s *Site) deletePage(w http.ResponseWriter, r *http.Request, status int, wrong kit.Wrong) error {
	p := kit.Base(r)
	p.Title, p.Errors = kit.L(r).T("idsite.delete.title"), wrong.Summary
	p.Back = &ui.Link{Href: "/profile/settings"}
	return kit.Render(w, r, status, p, deletePage(wrong))
}

func (s *Site) deleteAccount(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if !f.Ticked("sure") {
		err = fault.Invalid("idsite.delete.sure_missing", fault.F("sure", "idsite.delete.sure_missing"))
	} else {
		err = s.Enrolments.DeleteAccount(r.Context(), s.self(w, r, m), f.Secret("password"))
	}
	if err == nil {
		s.mux.DropCookie(w, sessionCookie)
		s.remember(w, "")
		s.mux.Flash(w, "idsite.delete.done")
		return kit.See(w, r, "/")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "password"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.deletePage(w, r, kit.Status(e.Kind), wrong)
}
