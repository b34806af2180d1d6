package idsite

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/idp/session"
	"github.com/okno-gov/okno/internal/idp/signin"
	"github.com/okno-gov/okno/internal/site/kit"
)

const pendingCookie = "pending"

// showLogin shows the step that the dispatcher derives, or leads on.
func (s *Site) showLogin(w http.ResponseWriter, r *http.Request) error {
	f := flowOf(r.URL.Query().Get)
	st, err := s.next(r, f)
	if err != nil {
		return err
	}
	var typed loginForm
	if st.Kind == signin.StepLogin {
		typed.flash = s.mux.TakeFlash(w, r)
	}
	return s.showStep(w, r, http.StatusOK, f, st, typed, kit.Wrong{})
}

// next derives the step of a flow. Proving oneself again at the provider itself
// is a step of this site: no client asks for it.
func (s *Site) next(r *http.Request, f flow) (*signin.Step, error) {
	sess, who, err := s.visitor(r)
	if err != nil {
		return nil, err
	}
	st, err := s.Dispatcher.Next(r.Context(), f.request, sess)
	if err != nil {
		return nil, err
	}
	if f.request == "" && st.Kind == signin.StepDone {
		st.Redirect = kit.LocalPath(f.back, "/")
		if f.again {
			ok, err := s.Sessions.Fresh(r.Context(), sess)
			if err != nil {
				return nil, err
			}
			switch {
			case sess.Level < who.Level:
				st.Kind, st.Why = signin.StepLogin, signin.WhyLevel
			case !ok:
				st.Kind, st.Why = signin.StepLogin, signin.WhyFresh
			}
		}
	}
	return st, nil
}

// loginForm is what somebody typed, to be shown again after a mistake. The
// password is never shown again.
type loginForm struct {
	login   string
	foreign bool
	flash   string // what was just done: a recovered password
}

func (s *Site) showStep(w http.ResponseWriter, r *http.Request, status int, f flow, st *signin.Step, typed loginForm, wrong kit.Wrong) error {
	if st.Kind == signin.StepDone {
		return kit.See(w, r, st.Redirect)
	}
	kit.AllowFormAction(w, r, st.FormOrigins...)
	if st.Request != nil {
		r = s.inAskedLang(w, r, st.Request.Locales)
	}
	if st.Kind == signin.StepLogin {
		waits, err := s.awaits(r)
		if err != nil {
			return err
		}
		if waits {
			st.Kind = signin.StepSecondFactor
		}
	}
	status, title, body, err := s.stepPage(r, status, f, st, typed, wrong)
	if err != nil {
		return err
	}
	p := auth(kit.Base(r), kit.L(r).T(title))
	p.Errors = wrong.Summary
	return kit.Render(w, r, status, p, body)
}

// stepPage is the page of a step with its title and status.
func (s *Site) stepPage(r *http.Request, status int, f flow, st *signin.Step, typed loginForm, wrong kit.Wrong) (int, string, templ.Component, error) {
	switch st.Kind {
	case signin.StepSecondFactor:
		return status, "idsite.code.title", codePage(codeView{Flow: f, Wrong: wrong, Client: clientName(st)}), nil
	case signin.StepNoFactor:
		return http.StatusForbidden, "idsite.nofactor.title", noFactorPage(noFactorView{Flow: f, Client: clientName(st)}), nil
	case signin.StepPassword:
		v, err := s.passwordView(r, f.hidden(), wrong)
		return status, "idsite.temporary.title", temporaryPage(v), err
	case signin.StepLevel:
		return http.StatusForbidden, "idsite.level.title", levelPage(s.levelView(f, st)), nil
	case signin.StepConsent:
		v, err := s.consentView(r, f, st)
		return status, "idsite.consent.title", consentPage(v), err
	}
	return status, "idsite.login.title", loginPage(s.loginView(r, f, st, typed, wrong)), nil
}

func clientName(st *signin.Step) string {
	if st.Client == nil {
		return ""
	}
	return st.Client.Name
}

// awaits tells whether a right password waits for its second factor here.
func (s *Site) awaits(r *http.Request) (bool, error) {
	pending := s.mux.Cookie(r, pendingCookie)
	if pending == "" {
		return false, nil
	}
	return s.Dispatcher.Awaits(r.Context(), pending)
}

// loginView is the page of login and password.
type loginView struct {
	Flash    string
	Flow     flow
	Client   string // where one returns; "" for the provider itself
	Service  string
	Why      string // text: why somebody who is signed in must prove himself
	Login    string
	SNILS    bool
	Foreign  bool
	Wrong    kit.Wrong
	Register string
	Recovery string
	Refuse   bool
	PhoneTab string
	SNILSTab string
}

func (s *Site) loginView(r *http.Request, f flow, st *signin.Step, typed loginForm, wrong kit.Wrong) loginView {
	v := loginView{Flash: typed.flash, Flow: f, Client: clientName(st), Login: typed.login, SNILS: f.snils, Foreign: typed.foreign, Wrong: wrong, Refuse: f.request != ""}
	if st.Why != "" {
		v.Why = kit.L(r).T("idsite." + st.Why)
	}
	if v.Login == "" && !wrong.Any() {
		if v.Login = st.LoginHint; v.Login == "" {
			v.Login = s.remembered(r)
		}
		kind, _ := signin.ParseLogin(v.Login, false)
		if isSNILS := kind == person.LoginSNILS; isSNILS != f.snils {
			v.Login = "" // belongs to the other tab
		}
	}
	phone, snils := f, f
	phone.snils, snils.snils = false, true
	v.PhoneTab, v.SNILSTab = phone.url(), snils.url()
	v.Register, v.Recovery = f.at("/registration"), f.at("/recovery")
	return v
}

// postLogin judges login and password.
func (s *Site) postLogin(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	typed := loginForm{login: form.Text("login"), foreign: form.Ticked("foreign")}
	if err = s.unhurried(w, r, 1); err == nil {
		var e *signin.Entered
		e, err = s.Dispatcher.Password(r.Context(), signin.Attempt{
			Login: typed.login, Password: form.Secret("password"), SNILS: f.snils, Foreign: typed.foreign,
			Current: sess, Visit: s.visit(w, r),
		})
		if err == nil {
			return s.entered(w, r, f, e, typed.foreign)
		}
	}
	return s.loginFailed(w, r, f, typed, err, map[string]string{"": "login"})
}

// entered stores what a right proof gave and leads to the next step.
func (s *Site) entered(w http.ResponseWriter, r *http.Request, f flow, e *signin.Entered, foreign bool) error {
	if e.Pending != "" {
		s.mux.SetCookie(w, pendingCookie, e.Pending, 0)
	} else {
		s.mux.DropCookie(w, pendingCookie)
		s.setSession(w, e.Token, e.Session)
	}
	if foreign {
		s.remember(w, "")
	} else if e.Remember != "" {
		s.remember(w, e.Remember)
	}
	return kit.See(w, r, f.url())
}

// loginFailed shows the step again with what was wrong.
func (s *Site) loginFailed(w http.ResponseWriter, r *http.Request, f flow, typed loginForm, cause error, ids map[string]string) error {
	wrong, ok := kit.WrongOf(r, cause, ids)
	if !ok {
		return cause
	}
	st, err := s.next(r, f)
	if err != nil {
		return err
	}
	if st.Kind == signin.StepDone { // signed in already, and this proof of again was wrong
		st.Kind = signin.StepLogin
	}
	e, _ := fault.As(cause)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", "30")
	}
	return s.showStep(w, r, kit.Status(e.Kind), f, st, typed, wrong)
}

// postCode judges the second factor: after the password, or on top of a living
// session that a client wants proven twice.
func (s *Site) postCode(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	pending := s.mux.Cookie(r, pendingCookie)
	if err = s.unhurried(w, r, 1); err == nil {
		var e *signin.Entered
		switch {
		case pending != "":
			e, err = s.Dispatcher.SecondFactor(r.Context(), pending, form.Text("code"), signin.Attempt{Current: sess, Visit: s.visit(w, r)})
		case sess != nil:
			e, err = s.Dispatcher.StepUp(r.Context(), sess, form.Text("code"), s.visit(w, r))
		default:
			err = fault.Unauthenticated("signin.pending_over")
		}
		if err == nil {
			return s.entered(w, r, f, e, e.Session.Foreign)
		}
	}
	if fault.Is(err, fault.KindUnauthenticated) {
		s.mux.DropCookie(w, pendingCookie)
		r = dropCookie(r, s.mux.CookieName(pendingCookie))
	}
	return s.loginFailed(w, r, f, loginForm{}, err, map[string]string{"": "code"})
}

// dropCookie is the request without a cookie, for pages that go on with it.
func dropCookie(r *http.Request, name string) *http.Request {
	r2 := r.Clone(r.Context())
	r2.Header.Del("Cookie")
	for _, c := range r.Cookies() {
		if c.Name != name {
			r2.AddCookie(c)
		}
	}
	return r2
}

// restartLogin forgets a half-finished sign-in: «Войти под другим именем».
func (s *Site) restartLogin(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	s.mux.DropCookie(w, pendingCookie)
	if sess, _, err := s.visitor(r); err == nil && sess != nil {
		if _, err := s.signOut(w, r, sess, ""); err != nil {
			return err
		}
	}
	return kit.See(w, r, flowOf(form.Text).url())
}

// grant is «Предоставить».
func (s *Site) grant(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	if sess == nil {
		return kit.See(w, r, f.url())
	}
	st, err := s.Dispatcher.Grant(r.Context(), f.request, sess, kit.L(r).Lang())
	if err != nil {
		return err
	}
	return s.showStep(w, r, http.StatusOK, f, st, loginForm{}, kit.Wrong{})
}

// refuse leads back to the client with a refusal, from any page of the sign-in.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	redirect, err := s.Dispatcher.Refuse(r.Context(), f.request)
	if err != nil {
		return err
	}
	return kit.See(w, r, redirect)
}

// levelView says what is missing and what raises it (ID-LVL-09, ID-SSO-05).
type levelView struct {
	Flow            flow
	Client, HomeURL string
	Level, Needed   int
	RefusedProofing string // message key of the way that does not suffice
	Next            string // path of the next step up
}

func (s *Site) levelView(f flow, st *signin.Step) levelView {
	v := levelView{Flow: f, Client: clientName(st), HomeURL: st.Client.HomeURL, Level: int(st.Level), Needed: int(st.Needed), Next: "/profile/data"}
	if st.RefusedProofing != "" {
		v.RefusedProofing, v.Next = "idsite.proofing."+st.RefusedProofing, "/profile/confirm"
	} else if st.Level >= person.Standard {
		v.Next = "/profile/confirm"
	}
	return v
}

// extendSession answers the script's «Остаться» with the seconds that are left,
// and a form without script with the page it came from.
func (s *Site) extendSession(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	back := kit.LocalPath(form.Text("back"), "/")
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	if r.Header.Get("Okno-Fragment") == "" {
		return kit.See(w, r, back)
	}
	if sess == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	now := s.Clock.Now()
	left := min(sess.IdleUntil.Sub(now), sess.ExpiresAt.Sub(now))
	w.Header().Set("Okno-Session-Seconds", itoa(int(left.Seconds())))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// showLogout asks, so that a link on a foreign page signs nobody out.
func (s *Site) showLogout(w http.ResponseWriter, r *http.Request) error {
	to := r.URL.Query().Get("to")
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	if sess == nil && to == "" {
		return kit.See(w, r, "/")
	}
	return kit.Render(w, r, http.StatusOK, auth(kit.Base(r), kit.L(r).T("idsite.logout.title")), logoutPage(to))
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	sess, _, err := s.visitor(r)
	if err != nil {
		return err
	}
	redirect, err := s.signOut(w, r, sess, form.Text("to"))
	if err != nil {
		return err
	}
	if redirect == "/" {
		s.mux.Flash(w, "idsite.logout.done")
	}
	return kit.See(w, r, redirect)
}

// signOut ends the visitor's session and everything that hangs on it.
func (s *Site) signOut(w http.ResponseWriter, r *http.Request, sess *session.Session, to string) (string, error) {
	s.mux.DropCookie(w, pendingCookie)
	return s.OIDC.SignOut(w, r, sess, to)
}
