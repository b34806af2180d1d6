package idsite

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

const recoveryCookie = "recovery"

// recoveryView is the form «Я не знаю пароль» (ID-REC-01…03). All ways stand
// there for everybody: which of them works is nobody else's business (ID-REC-09).
type recoveryView struct {
	Hidden []ui.Hidden
	Way    enrol.Way
	Login  string
	Wrong  kit.Wrong
	Ways   []ui.Link
	Back   string
}

func (s *Site) showRecovery(w http.ResponseWriter, r *http.Request) error {
	f := flowOf(r.URL.Query().Get)
	return s.recoveryStep(w, r, http.StatusOK, f, enrol.Way(r.URL.Query().Get("by")), "", "", kit.Wrong{})
}

func (s *Site) recoveryStep(w http.ResponseWriter, r *http.Request, status int, f flow, way enrol.Way, login, key string, wrong kit.Wrong) error {
	rec, err := s.Enrolments.Recovery(r.Context(), s.mux.Cookie(r, recoveryCookie))
	if fault.Is(err, fault.KindNotFound) {
		rec, err = nil, nil
	}
	if err != nil {
		return err
	}
	var body templ.Component
	title := "idsite.rec.title"
	switch {
	case rec != nil && rec.Step == enrol.StepCode:
		body = recCodePage(s.sentView(r, f, "", rec.Sent, wrong), rec.Way == enrol.WayContact)
	case rec != nil && rec.Step == enrol.StepLink:
		body = recLinkPage(s.sentView(r, f, "", rec.Sent, wrong))
	case rec != nil && rec.Step == enrol.StepPassword:
		v, err := s.passwordView(r, f.hidden(), wrong)
		if err != nil {
			return err
		}
		title, body = "idsite.rec.password", recPasswordPage(v)
	default:
		body = recoveryForm(recoveryOf(r, f, way, login, key, wrong))
	}
	p := auth(kit.Base(r), kit.L(r).T(title))
	p.Errors = wrong.Summary
	return kit.Render(w, r, status, p, body)
}

func recoveryOf(r *http.Request, f flow, way enrol.Way, login, key string, wrong kit.Wrong) recoveryView {
	if !slices.Contains(enrol.Ways(), way) {
		way = enrol.WayContact
	}
	v := recoveryView{
		Hidden: append(f.hidden(), ui.Hidden{Name: "by", Value: string(way)}, ui.Hidden{Name: kit.KeyField, Value: keyOr(key)}),
		Way:    way, Login: login, Wrong: wrong, Back: f.url(),
	}
	for _, x := range enrol.Ways() {
		q := f.query()
		q.Set("by", string(x))
		v.Ways = append(v.Ways, ui.Link{Text: kit.L(r).T("idsite.rec.way." + string(x)), Href: "/recovery?" + q.Encode(), Current: x == way})
	}
	return v
}

// recover starts a recovery. An unknown account looks like any other.
func (s *Site) recover(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	key, err := form.Key()
	if err != nil {
		return err
	}
	f, way, login := flowOf(form.Text), enrol.Way(form.Text("by")), form.Text("login")
	if err = s.unhurried(w, r, 2); err == nil {
		var token string
		if token, err = s.Enrolments.BeginRecovery(r.Context(), way, login, kit.L(r).Lang(), key, s.visit(w, r)); err == nil {
			s.mux.SetCookie(w, recoveryCookie, token, attemptLife)
			return kit.See(w, r, f.at("/recovery"))
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "login"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	r = dropCookie(r, s.mux.CookieName(recoveryCookie))
	return s.recoveryStep(w, r, kit.Status(e.Kind), f, way, login, key, wrong)
}

// recoveryAct is a form of a later step: it does its act and leads to next.
func (s *Site) recoveryAct(act func(w http.ResponseWriter, r *http.Request, form kit.Form, token string) (next string, err error), field string) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := kit.FormOf(r)
		if err != nil {
			return err
		}
		f, next := flowOf(form.Text), ""
		if err = s.unhurried(w, r, 1); err == nil {
			next, err = act(w, r, form, s.mux.Cookie(r, recoveryCookie))
		}
		if next == "" {
			next = f.at("/recovery")
		}
		if err == nil || fault.Is(err, fault.KindNotFound) { // over: begin anew
			return kit.See(w, r, next)
		}
		wrong, ok := kit.WrongOf(r, err, map[string]string{"": field})
		if !ok {
			return err
		}
		e, _ := fault.As(err)
		return s.recoveryStep(w, r, kit.Status(e.Kind), f, "", "", "", wrong)
	}
}

func (s *Site) recoveryCode(_ http.ResponseWriter, r *http.Request, form kit.Form, token string) (string, error) {
	return "", s.Enrolments.EnterRecoveryCode(r.Context(), token, form.Text("code"))
}

func (s *Site) recoveryResend(_ http.ResponseWriter, r *http.Request, _ kit.Form, token string) (string, error) {
	return "", s.Enrolments.ResendRecovery(r.Context(), token)
}

func (s *Site) recoveryRestart(w http.ResponseWriter, _ *http.Request, _ kit.Form, _ string) (string, error) {
	s.mux.DropCookie(w, recoveryCookie)
	return "", nil
}

// recoveryPassword sets the new password; then one signs in with it (ID-REC-05).
func (s *Site) recoveryPassword(w http.ResponseWriter, r *http.Request, form kit.Form, token string) (string, error) {
	err := s.Enrolments.FinishRecovery(r.Context(), token, enrol.Password{Password: form.Secret("password"), Repeat: form.Secret("password2")}, s.visit(w, r))
	if fault.Is(err, fault.KindConflict) { // pressed twice: the first press has set the password
		if rec, _ := s.Enrolments.Recovery(r.Context(), token); rec != nil && rec.Step == enrol.StepDone {
			err = nil
		}
	}
	if err != nil {
		return "", err
	}
	s.mux.DropCookie(w, recoveryCookie)
	s.mux.DropCookie(w, sessionCookie)
	s.mux.Flash(w, "idsite.rec.done")
	return flowOf(form.Text).url(), nil
}

// followLink uses a one-time link up and leads on.
func (s *Site) followLink(w http.ResponseWriter, r *http.Request) error {
	link := r.PathValue("token")
	act, err := s.Enrolments.LinkAct(r.Context(), link)
	next := "/"
	if err == nil {
		switch act {
		case enrol.ActRegistration:
			next = "/registration"
			err = s.keep(w, registrationCookie)(s.Enrolments.FollowRegistrationLink(r.Context(), link))
		case enrol.ActRecovery:
			next = "/recovery"
			err = s.keep(w, recoveryCookie)(s.Enrolments.FollowRecoveryLink(r.Context(), link))
		case enrol.ActEmail:
			if _, err = s.Enrolments.ConfirmEmail(r.Context(), link, s.visit(w, r)); err == nil {
				s.mux.Flash(w, "idsite.link.email_done")
			}
		default:
			err = fault.NotFound("enrol.link_over")
		}
	}
	if fault.Is(err, fault.KindNotFound) {
		return s.linkOver(w, r)
	}
	if err != nil {
		return err
	}
	return kit.See(w, r, next)
}

// keep stores the token that a flow gave for this browser.
func (s *Site) keep(w http.ResponseWriter, cookie string) func(token string, err error) error {
	return func(token string, err error) error {
		if err == nil {
			s.mux.SetCookie(w, cookie, token, attemptLife)
		}
		return err
	}
}
