package idsite

import (
	"net/http"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// contactsView is the page of phones, e-mail and addresses (ID-ACC-02, ID-ACC-11).
type contactsView struct {
	Flash                   string
	Side                    []ui.Link
	Rows                    []contactRow
	Typed                   map[string]string
	Wrong                   kit.Wrong
	PhoneWaits, EmailWaits  string // the new value that waits for its confirmation
	PhoneResend, HomePhone  string
	Registration, Residence string
}

// contactRow is one confirmed contact.
type contactRow struct {
	ID, Name, Value string
	Removable       bool
}

func (s *Site) showContacts(w http.ResponseWriter, r *http.Request, m me) error {
	return s.contactsPage(w, r, m, http.StatusOK, nil, kit.Wrong{})
}

func (s *Site) contactsPage(w http.ResponseWriter, r *http.Request, m me, status int, typed map[string]string, wrong kit.Wrong) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	sent, err := s.Enrolments.PhoneSent(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := contactsView{Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/contacts"), Typed: typed, Wrong: wrong}
	confirmed := 0
	for _, c := range prof.Contacts {
		if c.Confirmed {
			confirmed++
		}
	}
	for _, c := range prof.Contacts {
		value := contactValue(c.Kind, c.Value)
		switch {
		case c.Kind == person.HomePhone:
			v.HomePhone = value
		case c.Confirmed:
			v.Rows = append(v.Rows, contactRow{ID: c.ID, Name: l.T("idsite.contact." + string(c.Kind)), Value: value, Removable: confirmed > 1})
		case c.Kind == person.Phone:
			v.PhoneWaits = value
		case c.Kind == person.Email:
			v.EmailWaits = value
		}
	}
	if sent != nil {
		if wait := sent.ResendAt.Sub(s.Clock.Now()); wait > 0 {
			v.PhoneResend = kit.WaitText(l, wait)
		}
	}
	if a := prof.Address(person.Registration); a != nil {
		v.Registration = a.Text
	}
	if a := prof.Address(person.Residence); a != nil {
		v.Residence = a.Text
	}
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.nav.contacts"), wrong.Summary
	return kit.Render(w, r, status, p, contactsPage(v))
}

// contactAct is a form of the page: it does its act and comes back.
func (s *Site) contactAct(field, done string, act func(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error) kit.HandlerFunc {
	return s.fresh(func(w http.ResponseWriter, r *http.Request, m me) error {
		f, err := kit.FormOf(r)
		if err != nil {
			return err
		}
		if err = s.unhurried(w, r, 1); err == nil {
			err = act(w, r, m, f)
		}
		if err == nil {
			s.mux.Flash(w, done)
			return kit.See(w, r, "/profile/contacts")
		}
		wrong, ok := kit.WrongOf(r, err, map[string]string{"": field})
		if !ok {
			return err
		}
		e, _ := fault.As(err)
		return s.contactsPage(w, r, m, kit.Status(e.Kind), map[string]string{field: f.Text(field)}, wrong)
	})
}

func (s *Site) addPhone(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error {
	return s.Enrolments.AddContact(r.Context(), s.self(w, r, m), person.Phone, f.Text("phone"))
}

func (s *Site) addEmail(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error {
	return s.Enrolments.AddContact(r.Context(), s.self(w, r, m), person.Email, f.Text("email"))
}

func (s *Site) confirmPhone(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error {
	return s.Enrolments.ConfirmPhone(r.Context(), s.self(w, r, m), f.Text("code"))
}

func (s *Site) resendContact(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error {
	kind := person.Phone
	if f.Text("kind") == string(person.Email) {
		kind = person.Email
	}
	return s.Enrolments.ResendContact(r.Context(), s.self(w, r, m), kind)
}

func (s *Site) removeContact(w http.ResponseWriter, r *http.Request, m me, _ kit.Form) error {
	return s.Enrolments.RemoveContact(r.Context(), s.self(w, r, m), r.PathValue("id"))
}

func (s *Site) setHomePhone(w http.ResponseWriter, r *http.Request, m me, f kit.Form) error {
	return s.Enrolments.SetHomePhone(r.Context(), s.self(w, r, m), f.Text("home_phone"))
}
