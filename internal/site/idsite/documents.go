package idsite

import (
	"net/http"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// documentsView is «Мои документы»: what is there, and an empty cell with «+» for
// each kind that is not.
type documentsView struct {
	Flash string
	Side  []ui.Link
	Docs  []ui.Document
	More  []ui.Document
}

func (s *Site) showDocuments(w http.ResponseWriter, r *http.Request, m me) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := documentsView{Flash: s.mux.TakeFlash(w, r), Side: side(l, "/profile/documents"), Docs: s.documentCards(l, prof)}
	if !slices.ContainsFunc(prof.Documents, func(d person.Document) bool { return d.Type.Identity() }) {
		v.Docs = append(v.Docs, ui.Document{Title: l.T("idsite.doc.identity"), Text: l.T("idsite.doc.why.identity"), Href: "/profile/data", Empty: true})
	}
	for _, t := range enrol.DocumentTypes() {
		if !slices.ContainsFunc(prof.Documents, func(d person.Document) bool { return d.Type == t }) {
			v.More = append(v.More, ui.Document{
				Title: l.T("idsite.doc." + string(t)), Text: l.T("idsite.doc.why." + string(t)), Href: "/profile/documents/" + string(t), Empty: true,
			})
		}
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.nav.documents")
	return kit.Render(w, r, http.StatusOK, p, documentsPage(v))
}

// documentView is the form of one further document.
type documentView struct {
	Side   []ui.Link
	Title  string
	Form   enrol.DocumentForm
	Wrong  kit.Wrong
	Expiry bool
	Issue  bool
	Held   *ui.Document // what is there now
	ID     string
}

func documentType(r *http.Request) (person.DocumentType, error) {
	t := person.DocumentType(r.PathValue("type"))
	if !slices.Contains(enrol.DocumentTypes(), t) {
		return "", fault.NotFound("person.document_not_found")
	}
	return t, nil
}

func (s *Site) showDocument(w http.ResponseWriter, r *http.Request, m me) error {
	t, err := documentType(r)
	if err != nil {
		return err
	}
	return s.documentPage(w, r, m, http.StatusOK, enrol.DocumentForm{Type: t}, kit.Wrong{})
}

func (s *Site) documentPage(w http.ResponseWriter, r *http.Request, m me, status int, form enrol.DocumentForm, wrong kit.Wrong) error {
	l := kit.L(r)
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	v := documentView{
		Side: side(l, "/profile/documents"), Title: l.T("idsite.doc." + string(form.Type)), Form: form, Wrong: wrong,
		Issue: form.Type != person.INN && form.Type != person.MedicalPolicy, Expiry: form.Type == person.DrivingLicence || form.Type == person.ForeignPassport,
	}
	for _, d := range prof.Documents {
		if d.Type == form.Type {
			card := s.documentCard(l, prof, d)
			card.Href, v.Held, v.ID = "", &card, d.ID
			if form.Number == "" && !wrong.Any() {
				v.Form = documentFormOf(d)
			}
			break
		}
	}
	p := kit.Base(r)
	p.Title, p.Errors = v.Title, wrong.Summary
	p.Back = &ui.Link{Href: "/profile/documents"}
	return kit.Render(w, r, status, p, documentPage(v))
}

func documentFormOf(d person.Document) enrol.DocumentForm {
	short := func(s string) string {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return ""
		}
		return t.Format("02.01.2006")
	}
	return enrol.DocumentForm{
		Type: d.Type, Number: joinWords(d.Series, d.Number), IssueDate: short(d.IssueDate), ExpiryDate: short(d.ExpiryDate), IssuedBy: d.IssuedBy,
	}
}

func (s *Site) putDocument(w http.ResponseWriter, r *http.Request, m me) error {
	t, err := documentType(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form := enrol.DocumentForm{
		Type: t, Number: f.Text("number"), IssueDate: f.Text("issue_date"), ExpiryDate: f.Text("expiry_date"), IssuedBy: f.Text("issued_by"),
	}
	doc, err := s.Enrolments.PutDocument(r.Context(), m.who.OID, form)
	if err == nil {
		s.mux.Flash(w, "idsite.doc.saved_"+string(doc.State))
		return kit.See(w, r, "/profile/documents")
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "number"})
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.documentPage(w, r, m, kit.Status(e.Kind), form, wrong)
}

func (s *Site) removeDocument(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	if err := s.Enrolments.RemoveDocument(r.Context(), m.who.OID, f.Text("id")); err != nil {
		return err
	}
	s.mux.Flash(w, "idsite.doc.removed")
	return kit.See(w, r, "/profile/documents")
}
