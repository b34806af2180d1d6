package idsite

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// childrenView is «Семья и дети».
type childrenView struct {
	Flash string
	Side  []ui.Link
	Rows  []ui.Row
}

func (s *Site) showChildren(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.nav.children")
	return kit.Render(w, r, http.StatusOK, p, childrenPage(childrenView{Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/children"), Rows: childRows(l, prof)}))
}

// childView is the form of one card; ID is empty for a new one.
type childView struct {
	Side  []ui.Link
	ID    string
	Form  enrol.ChildForm
	Wrong kit.Wrong
}

func (s *Site) showChild(w http.ResponseWriter, r *http.Request, m me) error {
	id := r.PathValue("id")
	if id == "new" {
		return s.childPage(w, r, http.StatusOK, childView{})
	}
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	for _, c := range prof.Children {
		if c.ID == id {
			return s.childPage(w, r, http.StatusOK, childView{ID: id, Form: enrol.ChildFormOf(c)})
		}
	}
	return fault.NotFound("person.child_not_found")
}

func (s *Site) childPage(w http.ResponseWriter, r *http.Request, status int, v childView) error {
	l := kit.L(r)
	v.Side = side(l, "/profile/children")
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.child.title"), v.Wrong.Summary
	p.Back = &ui.Link{Href: "/profile/children"}
	return kit.Render(w, r, status, p, childPage(v))
}

func (s *Site) putChild(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if id == "new" {
		id = ""
	}
	form := enrol.ChildForm{
		Surname: f.Text("surname"), Given: f.Text("name"), Patronymic: f.Text("patronymic"), Sex: f.Text("sex"), BirthDate: f.Text("birth_date"),
		SNILS: f.Text("snils"), Certificate: f.Text("certificate"), CertificateDate: f.Text("certificate_date"), CertificateBy: f.Text("certificate_by"),
	}
	_, err = s.Enrolments.PutChild(r.Context(), s.self(w, r, m), id, form)
	if err == nil {
		s.mux.Flash(w, "idsite.child.saved")
		return kit.See(w, r, "/profile/children")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "surname"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.childPage(w, r, kit.Status(e.Kind), childView{ID: id, Form: form, Wrong: wrong})
}

func (s *Site) removeChild(w http.ResponseWriter, r *http.Request, m me) error {
	if err := s.Enrolments.RemoveChild(r.Context(), s.self(w, r, m), r.PathValue("id")); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.child.removed")
	return kit.See(w, r, "/profile/children")
}

// vehiclesView is the list of vehicles with the form for one more.
type vehiclesView struct {
	Flash string
	Side  []ui.Link
	Cars  []carView
	Form  enrol.VehicleForm
	Wrong kit.Wrong
}

type carView struct{ ID, Name, Plate, Certificate string }

func (s *Site) showVehicles(w http.ResponseWriter, r *http.Request, m me) error {
	return s.vehiclesPage(w, r, m, http.StatusOK, enrol.VehicleForm{}, kit.Wrong{})
}

func (s *Site) vehiclesPage(w http.ResponseWriter, r *http.Request, m me, status int, form enrol.VehicleForm, wrong kit.Wrong) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := vehiclesView{Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/vehicles"), Form: form, Wrong: wrong}
	for _, c := range prof.Vehicles {
		v.Cars = append(v.Cars, carView{c.ID, c.Name, ruid.Plate(c.Plate).String(), joinWords(c.CertificateSeries, c.CertificateNumber)})
	}
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.block.vehicles"), wrong.Summary
	return kit.Render(w, r, status, p, vehiclesPage(v))
}

func (s *Site) addVehicle(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form := enrol.VehicleForm{Name: f.Text("vehicle"), Plate: f.Text("plate"), Certificate: f.Text("certificate")}
	_, err = s.Enrolments.AddVehicle(r.Context(), s.self(w, r, m), form)
	if err == nil {
		s.mux.Flash(w, "idsite.vehicle.saved")
		return kit.See(w, r, "/profile/vehicles")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "vehicle"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.vehiclesPage(w, r, m, kit.Status(e.Kind), form, wrong)
}

func (s *Site) removeVehicle(w http.ResponseWriter, r *http.Request, m me) error {
	if err := s.Enrolments.RemoveVehicle(r.Context(), s.self(w, r, m), r.PathValue("id")); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.vehicle.removed")
	return kit.See(w, r, "/profile/vehicles")
}

// addressView is the form of one address.
type addressView struct {
	Side  []ui.Link
	Kind  person.AddressKind
	Form  enrol.AddressForm
	Wrong kit.Wrong
}

func addressKind(r *http.Request) (person.AddressKind, error) {
	switch r.PathValue("kind") {
	case "registration":
		return person.Registration, nil
	case "residence":
		return person.Residence, nil
	}
	return "", fault.NotFound("person.address_kind")
}

func (s *Site) showAddress(w http.ResponseWriter, r *http.Request, m me) error {
	kind, err := addressKind(r)
	if err != nil {
		return err
	}
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := addressView{Kind: kind}
	if a := prof.Address(kind); a != nil {
		v.Form = enrol.AddressFormOf(a.AddressData)
	}
	return s.addressPage(w, r, http.StatusOK, v)
}

func (s *Site) addressPage(w http.ResponseWriter, r *http.Request, status int, v addressView) error {
	l := kit.L(r)
	v.Side = side(l, "/profile/contacts")
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.address."+string(v.Kind)), v.Wrong.Summary
	p.Back = &ui.Link{Href: "/"}
	return kit.Render(w, r, status, p, addressPage(v, r.PathValue("kind")))
}

func (s *Site) putAddress(w http.ResponseWriter, r *http.Request, m me) error {
	kind, err := addressKind(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form := enrol.AddressForm{
		Zip: f.Text("zip"), Region: f.Text("region"), City: f.Text("city"), Street: f.Text("street"), House: f.Text("house"),
		Building: f.Text("building"), Flat: f.Text("flat"),
	}
	err = s.Enrolments.PutAddress(r.Context(), s.self(w, r, m), kind, form)
	if err == nil {
		s.mux.Flash(w, "idsite.saved")
		return kit.See(w, r, "/")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "region"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.addressPage(w, r, kit.Status(e.Kind), addressView{Kind: kind, Form: form, Wrong: wrong})
}

// showAvatar serves the person's own picture; its address changes with it.
func (s *Site) showAvatar(w http.ResponseWriter, r *http.Request, m me) error {
	jpeg, err := s.Persons.Avatar(r.Context(), m.who.OID, r.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	_, _ = w.Write(jpeg)
	return nil
}

// setAvatar takes a picture, or removes it (ID-ACC-03).
func (s *Site) setAvatar(w http.ResponseWriter, r *http.Request, m me) error {
	var picture bytes.Buffer
	got := false
	f, err := kit.UploadOf(r, func(u kit.Upload) error {
		got = true
		_, err := picture.ReadFrom(u.Body)
		return err
	})
	if err == nil {
		switch {
		case f.Ticked("remove"):
			err = s.Enrolments.RemoveAvatar(r.Context(), s.self(w, r, m))
		case !got:
			err = fault.Invalid("idsite.avatar.missing", fault.F("avatar", "idsite.avatar.missing"))
		default:
			err = s.Enrolments.SetAvatar(r.Context(), s.self(w, r, m), &picture)
		}
	}
	if err == nil {
		s.mux.Flash(w, "idsite.saved")
		return kit.See(w, r, "/profile/settings")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "avatar"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.settingsPage(w, r, m, kit.Status(e.Kind), wrong)
}
