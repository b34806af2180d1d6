package portalsite

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/oidcrp"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
)

func query(s string) string { return url.QueryEscape(s) }

// signIn leads to the identity provider and afterwards to a page of this site.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request, returnTo string) error {
	return s.Party.Begin(w, r, returnTo, oidcrp.Options{Locale: kit.L(r).Lang(), VI: kit.VIOf(r)})
}

func (s *Site) beginAuth(w http.ResponseWriter, r *http.Request) error {
	back := kit.LocalPath(r.URL.Query().Get("back"), "/")
	if visitorOf(r) != nil {
		return kit.See(w, r, back)
	}
	return s.signIn(w, r, entered(back))
}

// entered is where somebody comes in: the first time he reads the agreement
// before he reaches his page (ID-CNS-08).
func entered(back string) string { return "/auth/entered?back=" + query(back) }

func (s *Site) enter(w http.ResponseWriter, r *http.Request) error {
	back := kit.LocalPath(r.URL.Query().Get("back"), "/")
	if v := visitorOf(r); v != nil {
		ok, err := s.agreed(r, v)
		if err != nil {
			return err
		}
		if !ok {
			back = "/agreement?back=" + query(back)
		}
	}
	return kit.See(w, r, back)
}

// register leads to the identity provider's registration: the region keeps no
// form of its own (ID-REG-02). Who has registered comes back signed in.
func (s *Site) register(w http.ResponseWriter, r *http.Request) error {
	back := kit.LocalPath(r.URL.Query().Get("back"), "/")
	if visitorOf(r) != nil {
		return kit.See(w, r, back)
	}
	return s.Party.Begin(w, r, entered(back), oidcrp.Options{Locale: kit.L(r).Lang(), VI: kit.VIOf(r), Register: true})
}

// beginAgain signs in anew: a raised level takes effect with a new token (C-53).
// The session at the identity provider goes on, so it costs no password.
func (s *Site) beginAgain(w http.ResponseWriter, r *http.Request) error {
	return s.signIn(w, r, kit.LocalPath(r.URL.Query().Get("back"), refererPath(r)))
}

// refererPath is the page of this site that a link stood on.
func refererPath(r *http.Request) string {
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host {
		return kit.LocalPath(u.RequestURI(), "/lk/")
	}
	return "/lk/"
}

func (s *Site) callback(w http.ResponseWriter, r *http.Request) error {
	return s.Party.Callback(w, r)
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request) error {
	return s.Party.Logout(w, r)
}

// extend prolongs the session: recognising the visitor has done it already. The
// script wants the seconds, a browser without script its page back.
func (s *Site) extend(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r)
	if v == nil {
		return fault.Unauthenticated("kit.error.unauthenticated.text")
	}
	if r.Header.Get("Okno-Fragment") != "" {
		w.Header().Set("Okno-Session-Seconds", strconv.Itoa(int(s.sessionLeft(v).Seconds())))
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return kit.See(w, r, kit.LocalPath(f.Text("back"), "/lk/"))
}

// agreed tells whether the person has accepted the agreement that is in force.
func (s *Site) agreed(r *http.Request, v *visitor) (bool, error) {
	a, err := s.Contents.Agreement(r.Context())
	if err != nil {
		return false, err
	}
	return v.acc.AgreementVersion == a.Version, nil
}

// showAgreement is the user agreement: to accept at the first entry
// (ID-CNS-08), to read for everybody.
func (s *Site) showAgreement(w http.ResponseWriter, r *http.Request) error {
	return s.agreementPage(w, r, http.StatusOK, kit.LocalPath(r.URL.Query().Get("back"), ""), kit.Wrong{})
}

func (s *Site) agreementPage(w http.ResponseWriter, r *http.Request, status int, back string, bad kit.Wrong) error {
	a, err := s.Contents.Agreement(r.Context())
	if err != nil {
		return err
	}
	l, v := s.words(r), visitorOf(r)
	out := page.Agreement{
		Title: l.in(a.Title), Text: l.in(a.Body), Version: l.Date(a.Since), Action: "/agreement", Errors: bad.Summary,
		Read:   v == nil || v.acc.AgreementVersion == a.Version,
		Hidden: []ui.Hidden{{Name: "back", Value: back}, {Name: "version", Value: a.Version}},
	}
	if v != nil {
		out.Changed = v.acc.AgreementVersion != ""
	}
	p := s.page(r, out.Title)
	if !out.Read {
		p.Nav = nil
	}
	return kit.Render(w, r, status, p, page.AgreementPage(out))
}

func (s *Site) agree(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r)
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	back := kit.LocalPath(f.Text("back"), "/lk/")
	if v == nil {
		return s.signIn(w, r, back)
	}
	a, err := s.Contents.Agreement(r.Context())
	if err != nil {
		return err
	}
	// A page that showed an older edition does not accept the new one.
	if !f.Ticked("agree") || f.Text("version") != a.Version {
		bad, _ := kit.WrongOf(r, fault.Invalid("portal.agreement.agree_error", fault.F("agree", "portal.agreement.agree_error")), nil)
		return s.agreementPage(w, r, http.StatusUnprocessableEntity, back, bad)
	}
	if err := s.Accounts.Agree(r.Context(), v.acc.ID, a.Version); err != nil {
		return err
	}
	return kit.See(w, r, back)
}
