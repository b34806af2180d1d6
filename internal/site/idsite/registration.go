package idsite

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/credential"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/setting"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

const registrationCookie = "registration"

// attemptLife is how long the browser keeps an unfinished attempt; the attempt
// itself may end earlier.
const attemptLife = 24 * time.Hour

// registrationView is the first form (ID-REG-04…06).
type registrationView struct {
	Hidden []ui.Hidden
	Typed  enrol.Application
	Wrong  kit.Wrong
	Login  string // address of the sign-in with the flow kept
	Phone  bool   // a phone is required (C-01)
	Email  bool   // an e-mail is required
	Client string
}

// showRegistration shows the step that the stored attempt asks for.
func (s *Site) showRegistration(w http.ResponseWriter, r *http.Request) error {
	f := flowOf(r.URL.Query().Get)
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	if sess != nil {
		return kit.See(w, r, f.url())
	}
	if f.request != "" {
		st, err := s.next(r, f)
		if err != nil {
			return err
		}
		if st.Request != nil {
			r = s.inAskedLang(w, r, st.Request.Locales)
		}
	}
	return s.registrationStep(w, r, http.StatusOK, f, enrol.Application{}, kit.Wrong{})
}

func (s *Site) registrationStep(w http.ResponseWriter, r *http.Request, status int, f flow, typed enrol.Application, wrong kit.Wrong) error {
	reg, err := s.Enrolments.Registration(r.Context(), s.mux.Cookie(r, registrationCookie))
	if fault.Is(err, fault.KindNotFound) {
		reg, err = nil, nil
	}
	if err != nil {
		return err
	}
	title, body, err := s.registrationPage(r, f, reg, typed, wrong)
	if err != nil {
		return err
	}
	p := auth(kit.Base(r), kit.L(r).T(title))
	p.Errors = wrong.Summary
	return kit.Render(w, r, status, p, body)
}

func (s *Site) registrationPage(r *http.Request, f flow, reg *enrol.Registration, typed enrol.Application, wrong kit.Wrong) (string, templ.Component, error) {
	step := enrol.Step("")
	if reg != nil {
		step = reg.Step
	}
	switch step {
	case enrol.StepCode:
		return "idsite.reg.code.title", regCodePage(s.sentView(r, f, ruid.Phone(reg.Phone).String(), reg.Sent, wrong)), nil
	case enrol.StepLink:
		return "idsite.reg.link.title", regLinkPage(s.sentView(r, f, ruid.Email(reg.Email).String(), reg.Sent, wrong)), nil
	case enrol.StepPassword:
		v, err := s.passwordView(r, f.hidden(), wrong)
		return "idsite.reg.password.title", regPasswordPage(v), err
	}
	v, err := s.Settings.Get(r.Context())
	if err != nil {
		return "", nil, err
	}
	return "idsite.reg.title", registrationForm(registrationView{
		Hidden: append(f.hidden(), ui.Hidden{Name: kit.KeyField, Value: keyOr(typed.Key)}), Typed: typed, Wrong: wrong, Login: f.url(),
		Phone: v.Contacts != setting.ContactAny, Email: v.Contacts == setting.ContactBoth,
	}), nil
}

func keyOr(key string) string {
	if key != "" {
		return key
	}
	return kit.NewKey()
}

// sentView is a page that waits for a code or a link.
type sentView struct {
	Flow    flow
	To      string
	Life    string // how long it is good for
	Resend  string // "" when another one can be sent now
	Wrong   kit.Wrong
	Expired bool
}

func (s *Site) sentView(r *http.Request, f flow, to string, sent *enrol.Sent, wrong kit.Wrong) sentView {
	v := sentView{Flow: f, To: to, Wrong: wrong}
	if sent == nil {
		return v
	}
	now, l := s.Clock.Now(), kit.L(r)
	if left := sent.ExpiresAt.Sub(now); left > 0 {
		v.Life = kit.WaitText(l, left)
	} else {
		v.Expired = true
	}
	if wait := sent.ResendAt.Sub(now); wait > 0 {
		v.Resend = kit.WaitText(l, wait)
	}
	return v
}

// passwordView is a form with a new password, twice (ID-REG-11…15).
type passwordView struct {
	Hidden    []ui.Hidden
	Wrong     kit.Wrong
	Strict    bool
	Suggested string // a generated password, for browsers without script
	Suggest   string // address that suggests one
}

func (s *Site) passwordView(r *http.Request, hidden []ui.Hidden, wrong kit.Wrong) (passwordView, error) {
	set, err := s.Settings.Get(r.Context())
	if err != nil {
		return passwordView{}, err
	}
	v := passwordView{Hidden: hidden, Wrong: wrong, Strict: set.Password == setting.PasswordStrict}
	q := r.URL.Query()
	if q.Get("suggest") != "" {
		v.Suggested = credential.Generate()
	}
	q.Set("suggest", "1")
	v.Suggest = "?" + q.Encode()
	return v, nil
}

// register begins an attempt. A taken contact looks like any other (ID-REG-22).
func (s *Site) register(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	key, err := form.Key()
	if err != nil {
		return err
	}
	in := enrol.Application{
		Surname: form.Text("surname"), Given: form.Text("name"), Patronymic: form.Text("patronymic"),
		Phone: form.Text("phone"), Email: form.Text("email"), Consent: form.Ticked("consent"), Locale: kit.L(r).Lang(), Key: key,
	}
	if err = s.unhurried(w, r, 2); err == nil {
		var token string
		if token, err = s.Enrolments.BeginRegistration(r.Context(), in, s.visit(w, r)); err == nil {
			s.mux.SetCookie(w, registrationCookie, token, attemptLife)
			return kit.See(w, r, f.at("/registration"))
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "surname"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	r = dropCookie(r, s.mux.CookieName(registrationCookie))
	return s.registrationStep(w, r, kit.Status(e.Kind), f, in, wrong)
}

// registrationAct is a form of a later step: it does its act and leads back.
func (s *Site) registrationAct(act func(w http.ResponseWriter, r *http.Request, form kit.Form, token string) error, field string) kit.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := kit.FormOf(r)
		if err != nil {
			return err
		}
		f := flowOf(form.Text)
		if err = s.unhurried(w, r, 1); err == nil {
			err = act(w, r, form, s.mux.Cookie(r, registrationCookie))
		}
		switch {
		case err == nil, fault.Is(err, fault.KindNotFound): // the attempt is over: begin anew
			return kit.See(w, r, f.at("/registration"))
		}
		wrong, ok := kit.WrongOf(r, err, map[string]string{"": field})
		if !ok {
			return err
		}
		e, _ := fault.As(err)
		return s.registrationStep(w, r, kit.Status(e.Kind), f, enrol.Application{}, wrong)
	}
}

func (s *Site) registrationCode(_ http.ResponseWriter, r *http.Request, form kit.Form, token string) error {
	return s.Enrolments.EnterRegistrationCode(r.Context(), token, form.Text("code"))
}

func (s *Site) registrationResend(_ http.ResponseWriter, r *http.Request, _ kit.Form, token string) error {
	return s.Enrolments.ResendRegistration(r.Context(), token)
}

// registrationRestart forgets the attempt in this browser.
func (s *Site) registrationRestart(w http.ResponseWriter, _ *http.Request, _ kit.Form, _ string) error {
	s.mux.DropCookie(w, registrationCookie)
	return nil
}

// registrationPassword ends the registration and signs in (ID-REG-16).
func (s *Site) registrationPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	if err = s.unhurried(w, r, 1); err == nil {
		var e *enrol.Entry
		e, err = s.Enrolments.FinishRegistration(r.Context(), s.mux.Cookie(r, registrationCookie),
			enrol.Password{Password: form.Secret("password"), Repeat: form.Secret("password2")}, s.visit(w, r))
		if err == nil {
			s.mux.DropCookie(w, registrationCookie)
			s.setSession(w, e.Token, e.Session)
			return kit.See(w, r, f.at("/registration/done"))
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "password"})
	e, _ := fault.As(err)
	switch {
	case fault.Is(err, fault.KindNotFound):
		return kit.See(w, r, f.at("/registration"))
	case !ok:
		return err
	case e.Key == "enrol.registration_done": // pressed twice: the first press has signed in
		return kit.See(w, r, f.at("/registration/done"))
	}
	return s.registrationStep(w, r, kit.Status(e.Kind), f, enrol.Application{}, wrong)
}

// setSession gives the browser its session. On a foreign computer nothing
// outlives the browser (ID-LOG-11).
func (s *Site) setSession(w http.ResponseWriter, token string, sess *session.Session) {
	life := sess.ExpiresAt.Sub(s.Clock.Now())
	if sess.Foreign {
		life = 0
	}
	s.mux.SetCookie(w, sessionCookie, token, life)
}

// registeredView is the end of a registration with the next doors (ID-REG-17).
type registeredView struct {
	Name   string
	Return ui.Link // back to where one came from; zero: nowhere
}

func (s *Site) showRegistered(w http.ResponseWriter, r *http.Request, m me) error {
	f := flowOf(r.URL.Query().Get)
	l := kit.L(r)
	v := registeredView{Name: m.who.Given}
	if f.request != "" || f.back != "" {
		v.Return = ui.Link{Text: l.T("idsite.reg.done.return"), Href: f.url()}
	}
	return kit.Render(w, r, http.StatusOK, auth(kit.Base(r), l.T("idsite.reg.done.title")), registeredPage(v))
}

// linkView asks to go on with a one-time link: mail programs follow links by
// themselves, so only a press uses it up.
type linkView struct{ Action, Title, Text, Button string }

func (s *Site) showLink(w http.ResponseWriter, r *http.Request) error {
	act, err := s.Enrolments.LinkAct(r.Context(), r.PathValue("token"))
	if fault.Is(err, fault.KindNotFound) {
		return s.linkOver(w, r)
	}
	if err != nil {
		return err
	}
	l := kit.L(r)
	w.Header().Set("Referrer-Policy", "no-referrer")
	v := linkView{
		Action: r.URL.Path, Title: l.T("idsite.link." + string(act) + ".title"),
		Text: l.T("idsite.link." + string(act) + ".text"), Button: l.T("idsite.link." + string(act) + ".button"),
	}
	return kit.Render(w, r, http.StatusOK, auth(kit.Base(r), v.Title), linkPage(v))
}

// linkOver is the end of a used or expired link, with the next doors (ID-REG-09).
func (s *Site) linkOver(w http.ResponseWriter, r *http.Request) error {
	l := kit.L(r)
	return kit.Render(w, r, http.StatusNotFound, auth(kit.Base(r), l.T("idsite.link.over.title")), linkOverPage())
}
