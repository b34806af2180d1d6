package officesite

import (
	"net/http"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// newOffice is the word of an office that is not there yet, in addresses.
const newOffice = "new"

// officeForm is an office of an agency with what was typed for it.
type officeForm struct {
	office   directory.Office
	phones   string
	week     directory.Week
	lat, lon string
	version  int64
	bad      kit.Wrong
}

func (s *Site) agencyOf(r *http.Request, o *officer.Officer) (*directory.Entry, error) {
	e, err := s.Directory.Entry(r.Context(), directory.KindAgency, r.PathValue("code"))
	if err == nil && !o.Edits(e.Code()) {
		err = fault.Forbidden("officer.other_agency")
	}
	return e, err
}

func (s *Site) showOffice(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	e, err := s.agencyOf(r, o)
	if err != nil {
		return err
	}
	in := officeForm{version: e.Version}
	if code := r.PathValue("office"); code != newOffice {
		x := e.Agency.Office(code)
		if x == nil {
			return fault.NotFound("directory.agency_not_found")
		}
		in.office, in.phones, in.week = *x, directory.PhoneLines(x.Phones), directory.WeekOf(x.Hours)
		in.lat, in.lon = pointText(x.Point)
	}
	return s.officePage(w, r, o, http.StatusOK, e, in)
}

func (s *Site) officePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, e *directory.Entry, in officeForm) error {
	l := s.words(r)
	code := r.PathValue("office")
	at := entryAt(directory.KindAgency, e.Code()) + "/offices/" + code
	back := ui.Link{Text: l.T("manage.back"), Href: entryAt(directory.KindAgency, e.Code())}
	title := l.T("manage.office.new")
	if code != newOffice {
		title = in.office.Name
	}
	f := field{l, in.bad, "manage.directory."}
	fields := []templ.Component{f.line("name", in.office.Name, "", true), f.line("address", in.office.Address, "", true), f.area("phones", in.phones, 3)}
	fields = append(fields, weekFields(f, in.week, in.lat, in.lon)...)
	v := page.Sheet{Manage: s.manage(w, r, o, directoryAt(directory.KindAgency), title, e.Name())}
	v.Main = []templ.Component{page.Panel("office", l.T("manage.directory.data"), false, page.FormOf(page.Form{
		Action: at, Hidden: []ui.Hidden{version(in.version)}, Fields: fields, Button: l.T("manage.publish"), Back: &back,
	}))}
	if code != newOffice && len(e.Agency.Offices) > 1 {
		v.Main = append(v.Main, page.Panel("drop", l.T("manage.office.drop_title"), false, page.FormOf(page.Form{
			Action: at + "/drop", Hidden: []ui.Hidden{version(in.version)}, Button: l.T("manage.office.drop"), Kind: "warning",
		})))
	}
	return s.sheet(w, r, status, in.bad, nil, v)
}

func (s *Site) saveOffice(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	e, err := s.agencyOf(r, o)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in := officeForm{phones: f.Lines("phones"), lat: f.Text("lat"), lon: f.Text("lon")}
	if in.version, err = versionOf(f); err != nil {
		return err
	}
	code := r.PathValue("office")
	if code == newOffice {
		code = e.Agency.FreeOfficeCode()
	} else if e.Agency.Office(code) == nil {
		return fault.NotFound("directory.agency_not_found")
	}
	in.office = directory.Office{Code: code, Name: f.Text("name"), Address: f.Text("address"), Phones: directory.ReadPhones(in.phones)}
	var wrong []fault.Field
	in.week, in.office.Hours, in.office.Point, wrong = placeIn(f)
	if wrong = append(wrong, in.office.Check()...); len(wrong) > 0 {
		err = fault.Invalid("directory.invalid", wrong...)
	} else {
		next := *e.Agency
		next.PutOffice(in.office)
		err = s.Directory.Save(r.Context(), s.directoryEdit(o, directory.KindAgency, e.Code(), in.version), directory.Entry{Kind: directory.KindAgency, Agency: &next})
	}
	return s.settled(w, r, err, "name", "manage.published", entryAt(directory.KindAgency, e.Code()), func(status int, bad kit.Wrong) error {
		if in.bad = bad; status == http.StatusConflict {
			in.version = e.Version
		}
		return s.officePage(w, r, o, status, e, in)
	})
}

func (s *Site) dropOffice(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	e, err := s.agencyOf(r, o)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	next := *e.Agency
	next.DropOffice(r.PathValue("office"))
	err = s.Directory.Save(r.Context(), s.directoryEdit(o, directory.KindAgency, e.Code(), v), directory.Entry{Kind: directory.KindAgency, Agency: &next})
	return s.settled(w, r, err, "", "manage.published", entryAt(directory.KindAgency, e.Code()), nil)
}
