package idsite

import (
	"net/http"
	"net/url"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

const factorPath = "/profile/settings/factor"

// setupView is the page of a one-time link that sets the first password of an
// administrator.
type setupView struct {
	Name     string
	Token    string
	Password passwordView
}

func (s *Site) showSetup(w http.ResponseWriter, r *http.Request) error {
	return s.setupPage(w, r, http.StatusOK, kit.Wrong{})
}

func (s *Site) setupPage(w http.ResponseWriter, r *http.Request, status int, wrong kit.Wrong) error {
	token := r.PathValue("token")
	who, err := s.Enrolments.SetupOwner(r.Context(), token)
	if err != nil {
		return err
	}
	v := setupView{Name: who.FullName(), Token: token}
	if v.Password, err = s.passwordView(r, nil, wrong); err != nil {
		return err
	}
	p := auth(kit.Base(r), kit.L(r).T("admin.setup.title"))
	p.Errors = wrong.Summary
	return kit.Render(w, r, status, p, setupPage(v))
}

// setUp sets the password, signs in and goes on to the second factor.
func (s *Site) setUp(w http.ResponseWriter, r *http.Request) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err = s.unhurried(w, r, 2); err == nil {
		var e *enrol.Entry
		e, err = s.Enrolments.FinishSetup(r.Context(), r.PathValue("token"),
			enrol.Password{Password: form.Secret("password"), Repeat: form.Secret("password2")}, s.visit(w, r))
		if err == nil {
			s.setSession(w, e.Token, e.Session)
			return kit.See(w, r, factorPath)
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "password"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.setupPage(w, r, kit.Status(e.Kind), wrong)
}

// factorView is the page on which an app for codes is connected.
type factorView struct {
	Flow    flow
	InForce bool
	URI     string // for the QR code; "" before the start
	Secret  string // in groups of four, to be typed
	Removal bool   // this session may disconnect it
	Wrong   kit.Wrong
}

func (s *Site) showFactor(w http.ResponseWriter, r *http.Request, m me) error {
	return s.factorPage(w, r, m, http.StatusOK, flowOf(r.URL.Query().Get), kit.Wrong{})
}

// appNames are issuer and account as the app shows them.
func (s *Site) appNames(m me) (issuer, account string) {
	return s.Brand.Name, rutext.Initials(m.who.Surname, m.who.Given, m.who.Patronymic)
}

func (s *Site) factorPage(w http.ResponseWriter, r *http.Request, m me, status int, f flow, wrong kit.Wrong) error {
	if f.request != "" {
		// The right code leads on to the client at once. A request that is over does not
		// keep anybody from connecting the app.
		st, err := s.next(r, f)
		if _, known := fault.As(err); err != nil && !known {
			return err
		}
		if err == nil {
			kit.AllowFormAction(w, r, st.FormOrigins...)
		}
	}
	issuer, account := s.appNames(m)
	state, err := s.Enrolments.Factor(r.Context(), s.self(w, r, m), issuer, account)
	if err != nil {
		return err
	}
	v := factorView{Flow: f, InForce: state.InForce, Removal: m.sess.ACR() == "2fa", Wrong: wrong}
	if state.Pending != nil {
		v.URI = state.Pending.URI
		for i, c := range state.Pending.Secret {
			if i > 0 && i%4 == 0 {
				v.Secret += " "
			}
			v.Secret += string(c)
		}
	}
	p := auth(kit.Base(r), kit.L(r).T("admin.factor.title"))
	p.Errors = wrong.Summary
	if f.request == "" {
		p.Back = &ui.Link{Href: "/profile/settings"}
	}
	return kit.Render(w, r, status, p, factorPage(v))
}

// beginFactor makes the secret; a second press makes another one.
func (s *Site) beginFactor(w http.ResponseWriter, r *http.Request, m me) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	issuer, account := s.appNames(m)
	if err := s.Enrolments.BeginFactor(r.Context(), s.self(w, r, m), issuer, account); err != nil && !fault.Is(err, fault.KindConflict) {
		return err
	}
	return kit.See(w, r, f.at(factorPath))
}

// confirmFactor puts the app in force and goes on where the person came from.
func (s *Site) confirmFactor(w http.ResponseWriter, r *http.Request, m me) error {
	form, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	f := flowOf(form.Text)
	if err = s.unhurried(w, r, 1); err == nil {
		var token string
		token, err = s.Enrolments.ConfirmFactor(r.Context(), s.self(w, r, m), form.Text("code"))
		if err == nil {
			s.setSession(w, token, m.sess)
			if f.request != "" {
				return kit.See(w, r, f.url())
			}
			s.mux.Flash(w, "admin.factor.done")
			return kit.See(w, r, "/profile/settings")
		}
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "code"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.factorPage(w, r, m, kit.Status(e.Kind), f, wrong)
}

// removeFactor disconnects the app.
func (s *Site) removeFactor(w http.ResponseWriter, r *http.Request, m me) error {
	err := s.Enrolments.RemoveFactor(r.Context(), s.self(w, r, m))
	if fault.Is(err, fault.KindUnauthenticated) {
		return kit.See(w, r, "/login?"+url.Values{"again": {"1"}, "back": {factorPath}}.Encode())
	}
	if err != nil {
		return err
	}
	s.mux.Flash(w, "admin.factor.removed")
	return kit.See(w, r, "/profile/settings")
}
