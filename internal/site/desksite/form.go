package desksite

import (
	"net/http"
	"slices"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/operator"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// formView is the personal-data form as the operator fills it from the papers.
type formView struct {
	Form      enrol.Form
	Wrong     kit.Wrong
	Countries []ui.Option
	Foreign   bool
}

func newFormView(l *i18n.Localizer, f enrol.Form, wrong kit.Wrong) *formView {
	v := &formView{Form: f, Wrong: wrong, Foreign: f.Citizenship != "" && f.Citizenship != "RUS"}
	v.Countries = []ui.Option{{Value: "", Text: l.T("desk.form.country_choose")}}
	for _, code := range enrol.Countries() {
		if code != "RUS" {
			v.Countries = append(v.Countries, ui.Option{Value: code, Text: l.T("country." + code)})
		}
	}
	return v
}

// readForm takes the twelve fields and tells at which controls faults stand.
func readForm(f kit.Form) (enrol.Form, map[string]string) {
	form := enrol.Form{
		Surname: f.Text("surname"), Given: f.Text("name"), Patronymic: f.Text("patronymic"), Sex: f.Text("sex"),
		BirthDate: f.Text("birth_date"), BirthPlace: f.Text("birth_place"), SNILS: f.Text("snils"), Citizenship: "RUS",
		Document: f.Text("document"), IssueDate: f.Text("issue_date"), IssuerCode: f.Text("issuer_code"), IssuedBy: f.Text("issued_by"),
	}
	ids := map[string]string{"": "surname"}
	if f.Text("citizenship") != "RUS" {
		form.Citizenship, form.Document, form.IssuerCode = f.Text("country"), f.Text("foreign_document"), ""
		ids["document"], ids["citizenship"] = "foreign_document", "country"
	}
	return form, ids
}

// paperRows are the form's values, to be read against the papers once more.
func paperRows(l *i18n.Localizer, f *enrol.Form) []compareRow {
	var out []compareRow
	for _, x := range []struct{ key, value string }{
		{"desk.row.name", joinWords(f.Surname, f.Given, f.Patronymic)},
		{"desk.row.birth_date", f.BirthDate},
		{"desk.row.birth_place", f.BirthPlace},
		{"desk.row.snils", f.SNILS},
		{"desk.row.citizenship", l.T("country." + f.Citizenship)},
		{"desk.row.document", f.Document},
		{"desk.form.issue_date", f.IssueDate},
		{"desk.form.issuer_code", f.IssuerCode},
		{"desk.form.issued_by", f.IssuedBy},
	} {
		if x.value != "" {
			out = append(out, compareRow{Name: l.T(x.key), Paper: x.value})
		}
	}
	return out
}

// registerView is the registration on the spot (ID-MFC-02, ID-REG-26).
type registerView struct {
	Place        string
	Form         *formView
	Phone, Email string
	Consent      bool
	Wrong        kit.Wrong
}

func (s *Site) showRegister(w http.ResponseWriter, r *http.Request, m me) error {
	if !m.May(operator.MayRegister) {
		return fault.Forbidden("operator.not_permitted")
	}
	return s.registerPage(w, r, m, http.StatusOK, registerView{}, enrol.Form{Citizenship: "RUS"})
}

func (s *Site) registerPage(w http.ResponseWriter, r *http.Request, m me, status int, v registerView, form enrol.Form) error {
	l := kit.L(r)
	v.Place, v.Form = place(l, m), newFormView(l, form, v.Wrong)
	p := kit.Base(r)
	p.Title, p.Errors = l.T("desk.register.title"), v.Wrong.Summary
	return kit.Render(w, r, status, p, registerPage(v))
}

func (s *Site) register(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form, ids := readForm(f)
	v := registerView{Phone: f.Text("phone"), Email: f.Text("email"), Consent: f.Ticked("consent")}
	visit, err := s.Operators.BeginRegistration(r.Context(), m.OID, operator.NewAccount{
		Form: form, Phone: v.Phone, Email: v.Email, Consent: v.Consent, Locale: "ru",
	})
	if err == nil {
		return kit.See(w, r, "/visits/"+visit)
	}
	wrong, ok := kit.WrongOf(r, err, ids)
	if !ok || fault.Is(err, fault.KindForbidden) {
		return err
	}
	e, _ := fault.As(err)
	v.Wrong = wrong
	return s.registerPage(w, r, m, kit.Status(e.Kind), v, form)
}

// finishRegister makes the account with the code that the citizen tells.
func (s *Site) finishRegister(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return s.act(w, r, m, deed{
		do: func() error {
			_, err := s.Operators.FinishRegistration(r.Context(), m.OID, r.PathValue("id"), f.Text("code"), checked(f))
			return err
		},
		done: "desk.registered", next: "/", typed: typedBoxes(f), field: "code",
	})
}

// assistView is the start of the help for somebody who got stuck (ID-MFC-05).
type assistView struct {
	Place, Phone string
	Wrong        kit.Wrong
}

func (s *Site) showAssist(w http.ResponseWriter, r *http.Request, m me) error {
	if !m.May(operator.MayRegister) {
		return fault.Forbidden("operator.not_permitted")
	}
	return s.assistPage(w, r, m, http.StatusOK, assistView{})
}

func (s *Site) assistPage(w http.ResponseWriter, r *http.Request, m me, status int, v assistView) error {
	v.Place = place(kit.L(r), m)
	p := kit.Base(r)
	p.Title, p.Errors = kit.L(r).T("desk.assist.title"), v.Wrong.Summary
	return kit.Render(w, r, status, p, assistPage(v))
}

func (s *Site) assist(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	visit, err := s.Operators.BeginAssist(r.Context(), m.OID, f.Text("phone"))
	if err == nil {
		return kit.See(w, r, "/visits/"+visit)
	}
	wrong, ok := kit.WrongOf(r, err, map[string]string{"": "phone"})
	if !ok || fault.Is(err, fault.KindForbidden) {
		return err
	}
	e, _ := fault.As(err)
	return s.assistPage(w, r, m, kit.Status(e.Kind), assistView{Phone: f.Text("phone"), Wrong: wrong})
}

func (s *Site) assistCode(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	return s.act(w, r, m, deed{
		do:   func() error { return s.Operators.EnterAssistCode(r.Context(), m.OID, id, f.Text("code")) },
		done: "desk.assist.proved", next: "/visits/" + id, field: "code",
	})
}

// finishAssist completes the registration from the papers.
func (s *Site) finishAssist(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form, ids := readForm(f)
	err = s.Operators.FinishAssist(r.Context(), m.OID, r.PathValue("id"), form, checked(f))
	if err == nil {
		s.mux.Flash(w, "desk.assisted")
		return kit.See(w, r, "/")
	}
	wrong, ok := kit.WrongOf(r, err, ids)
	if !ok || fault.Is(err, fault.KindForbidden) {
		return err
	}
	e, _ := fault.As(err)
	if e.Key == "operator.visit_over" {
		return err
	}
	return s.visitPage(w, r, m, kit.Status(e.Kind), typedBoxes(f), wrong, &form)
}

// correctView is the correction of wrong data from the papers (G-42).
type correctView struct {
	Place, ID, Name, Reason string
	Form                    *formView
	Wrong                   kit.Wrong
}

func (s *Site) showCorrect(w http.ResponseWriter, r *http.Request, m me) error {
	c, err := s.Operators.Compare(r.Context(), m.OID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if !c.MayCorrect {
		return fault.Forbidden("operator.not_permitted")
	}
	return s.correctPage(w, r, m, http.StatusOK, correctView{Name: c.Profile.FullName()}, formFrom(c))
}

// formFrom starts with the profile's values and the papers' numbers.
func formFrom(c *operator.Comparison) enrol.Form {
	p := c.Profile
	f := enrol.Form{
		Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic, Sex: p.Sex, BirthPlace: p.BirthPlace, SNILS: c.SNILS,
		Citizenship: p.Citizenship, Document: documentTextJoined(c.Type, c.Document),
	}
	if p.BirthDate != nil {
		f.BirthDate = p.BirthDate.Format("02.01.2006")
	}
	if f.Citizenship == "" {
		f.Citizenship = "RUS"
	}
	return f
}

func (s *Site) correctPage(w http.ResponseWriter, r *http.Request, m me, status int, v correctView, form enrol.Form) error {
	l := kit.L(r)
	v.Place, v.ID, v.Form = place(l, m), r.PathValue("id"), newFormView(l, form, v.Wrong)
	p := kit.Base(r)
	p.Title, p.Errors = l.T("desk.correct.title"), v.Wrong.Summary
	p.Back = &ui.Link{Href: "/visits/" + v.ID}
	return kit.Render(w, r, status, p, correctPage(v))
}

func (s *Site) correct(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	form, ids := readForm(f)
	v := correctView{Reason: f.Lines("reason"), Name: joinWords(form.Surname, form.Given, form.Patronymic)}
	err = s.Operators.Correct(r.Context(), m.OID, r.PathValue("id"), operator.Correction{Form: form, Reason: v.Reason})
	if err == nil {
		s.mux.Flash(w, "desk.corrected")
		return kit.See(w, r, "/")
	}
	wrong, ok := kit.WrongOf(r, err, ids)
	if !ok || fault.Is(err, fault.KindForbidden) {
		return err
	}
	e, _ := fault.As(err)
	v.Wrong = wrong
	return s.correctPage(w, r, m, kit.Status(e.Kind), v, form)
}

// journalView is the operator's own journal (ID-MFC-07).
type journalView struct {
	Place string
	Rows  []ui.DataRow
	Next  string
}

const actsPerPage = 50

func (s *Site) showJournal(w http.ResponseWriter, r *http.Request, m me) error {
	acts, err := s.Operators.Log(r.Context(), m.OID, r.URL.Query().Get("after"), actsPerPage+1)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := journalView{Place: place(l, m)}
	if len(acts) > actsPerPage {
		acts = acts[:actsPerPage]
		v.Next = "/journal?after=" + acts[actsPerPage-1].ID
	}
	for _, a := range acts {
		const none = "—"
		document, oid, reason := none, none, a.Reason
		if reason == "" {
			reason = none
		}
		if a.Document != "" {
			document = l.T("person.document." + a.Document)
		}
		if a.OID != nil {
			oid = person.FormatOID(*a.OID)
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Text: l.DateTime(a.At, s.Zone), Label: l.T("desk.journal.at")},
			{Text: l.T("operator.act." + a.Kind), Label: l.T("desk.journal.act")},
			{Text: oid, Label: l.T("desk.journal.account")},
			{Text: document, Label: l.T("desk.journal.document")},
			{Text: reason, Label: l.T("desk.journal.reason")},
		}})
	}
	p := kit.Base(r)
	p.Title = l.T("desk.journal.title")
	return kit.Render(w, r, http.StatusOK, p, journalPage(v))
}

func joinWords(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func snilsText(s string) string {
	if s == "" {
		return ""
	}
	return ruid.SNILS(s).String()
}

func phoneText(s string) string {
	if s == "" {
		return ""
	}
	return ruid.Phone(s).String()
}

func documentText(t person.DocumentType, series, number string) string {
	if p := ruid.Passport(series + number); t == person.RFPassport && p.Valid() {
		return p.String()
	}
	return joinWords(series, number)
}

// documentTextJoined is documentText for series and number in one text.
func documentTextJoined(t person.DocumentType, s string) string {
	series, number, ok := strings.Cut(s, " ")
	if !ok {
		return s
	}
	return documentText(t, series, number)
}
