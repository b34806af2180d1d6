package desksite

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// centresView is the list of service centres (ID-CNF-05).
type centresView struct {
	adminHead
	Rows  []ui.DataRow
	Pager *ui.PagerProps
}

func (s *Site) showCentres(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	paging := kit.PagingOf(r, adminPageSize)
	list, total, err := s.Operators.AllCentres(r.Context(), m.OID, paging.Offset(), adminPageSize)
	if err != nil {
		return err
	}
	paging.Total = total
	v := centresView{adminHead: s.adminHead(w, r, "/admin/centres"), Pager: paging.Pager()}
	for _, c := range list {
		tag := ui.TagProps{Text: l.T("admin.centre.open"), Colour: "green"}
		if !c.Active {
			tag = ui.TagProps{Text: l.T("admin.centre.closed"), Colour: "grey"}
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: linkCell(c.Name, "/admin/centres/"+c.ID, c.ID)},
			{Text: l.T("operator.kind." + string(c.Kind)), Label: l.T("admin.centre.kind")},
			{Text: orDash(c.Address), Label: l.T("admin.centre.address")},
			{Text: orDash(rightsText(l, c.Acts)), Label: l.T("admin.centre.acts")},
			{Body: tagCell(tag), Label: l.T("admin.staff.state")},
		}})
	}
	return s.adminPage(w, r, http.StatusOK, "admin.tab.centres", kit.Wrong{}, "", centresPage(v))
}

// centreView is the form of one centre.
type centreView struct {
	adminHead
	New       bool
	Centre    operator.Centre
	Lat, Lon  string
	Kinds     []ui.Option
	Acts      []string
	Options   []ui.Option
	Wrong     kit.Wrong
	ActionURL string
}

func (s *Site) newCentre(w http.ResponseWriter, r *http.Request, _ me) error {
	return s.centreForm(w, r, http.StatusOK, centreView{New: true, Centre: operator.Centre{Kind: operator.MFC, Acts: operator.Acts(), Active: true}})
}

func (s *Site) showCentre(w http.ResponseWriter, r *http.Request, m me) error {
	c, err := s.Operators.GetCentre(r.Context(), m.OID, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := centreView{Centre: *c}
	if c.Latitude != nil && c.Longitude != nil {
		v.Lat, v.Lon = degrees(*c.Latitude), degrees(*c.Longitude)
	}
	return s.centreForm(w, r, http.StatusOK, v)
}

func degrees(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func (s *Site) centreForm(w http.ResponseWriter, r *http.Request, status int, v centreView) error {
	l := kit.L(r)
	v.adminHead = s.adminHead(w, r, "/admin/centres")
	v.ActionURL = "/admin/centres/" + v.Centre.ID
	title := "admin.centre.edit"
	if v.New {
		v.ActionURL, title = "/admin/centres/new", "admin.centre.new"
	}
	for _, k := range operator.Kinds() {
		v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: l.T("operator.kind." + string(k))})
	}
	for _, a := range operator.Acts() {
		v.Options = append(v.Options, ui.Option{Value: string(a), Text: l.T("operator.right." + string(a))})
	}
	for _, a := range v.Centre.Acts {
		v.Acts = append(v.Acts, string(a))
	}
	return s.adminPage(w, r, status, title, v.Wrong, "/admin/centres", centrePage(v))
}

func (s *Site) addCentre(w http.ResponseWriter, r *http.Request, m me) error {
	return s.saveCentre(w, r, m, true)
}

func (s *Site) changeCentre(w http.ResponseWriter, r *http.Request, m me) error {
	return s.saveCentre(w, r, m, false)
}

func (s *Site) saveCentre(w http.ResponseWriter, r *http.Request, m me, add bool) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v := centreView{New: add, Lat: f.Text("latitude"), Lon: f.Text("longitude"), Centre: operator.Centre{
		ID: r.PathValue("id"), Kind: operator.CentreKind(f.Text("kind")), Name: f.Text("name"), Address: f.Text("address"),
		Phone: f.Text("phone"), Hours: f.Text("hours"), Active: f.Ticked("active"),
	}}
	if add {
		v.Centre.ID = f.Text("id")
	}
	for _, a := range f.All("acts") {
		v.Centre.Acts = append(v.Centre.Acts, operator.Right(a))
	}
	var okLat, okLon bool
	v.Centre.Latitude, okLat = readDegrees(v.Lat)
	v.Centre.Longitude, okLon = readDegrees(v.Lon)
	if okLat && okLon {
		err = s.Operators.SaveCentre(r.Context(), m.OID, v.Centre, add)
	} else {
		err = fault.Invalid("operator.centre_invalid", fault.F("latitude", "operator.centre_point"))
	}
	return s.adminDone(w, r, err, map[string]string{"": "id"}, "admin.saved", "/admin/centres", func(status int, wrong kit.Wrong) error {
		v.Wrong = wrong
		return s.centreForm(w, r, status, v)
	})
}

// readDegrees takes a comma as well as a point; nothing is no place.
func readDegrees(s string) (*float64, bool) {
	if s == "" {
		return nil, true
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", "."), 64)
	if err != nil || x != x {
		return nil, false
	}
	return &x, true
}
