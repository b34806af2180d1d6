package desksite

import (
	"net/http"
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

// deskView is the page with the search (ID-MFC-03).
type deskView struct {
	Flash    string
	Place    string
	Query    operator.Query
	Wrong    kit.Wrong
	Searched bool
	Found    []candidateView
	Register bool // may register whoever has no account
}

// candidateView is an account that the papers lead to.
type candidateView struct {
	Href, Name                string
	Level                     int
	DocumentMatches, SNILSToo bool
}

func place(l *i18n.Localizer, m me) string {
	return l.T("desk.place", "centre", m.Centre.Name, "name", joinWords(m.sess.Claims.FamilyName, m.sess.Claims.GivenName))
}

func (s *Site) showDesk(w http.ResponseWriter, r *http.Request, m me) error {
	return s.deskPage(w, r, m, http.StatusOK, deskView{Flash: s.mux.TakeFlash(w, r), Query: operator.Query{Type: person.RFPassport}})
}

func (s *Site) deskPage(w http.ResponseWriter, r *http.Request, m me, status int, v deskView) error {
	l := kit.L(r)
	v.Place, v.Register = place(l, m), m.May(operator.MayRegister)
	p := kit.Base(r)
	p.Title, p.Errors = l.T("desk.title"), v.Wrong.Summary
	return kit.Render(w, r, status, p, deskPage(v))
}

// find looks by document and SNILS; one hit leads on at once.
func (s *Site) find(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v := deskView{Query: operator.Query{Type: person.DocumentType(f.Text("type")), Document: f.Text("document"), SNILS: f.Text("snils")}, Searched: true}
	found, err := s.Operators.Find(r.Context(), m.OID, v.Query)
	if err != nil {
		wrong, ok := kit.WrongOf(r, err, map[string]string{"": "document"})
		if !ok || fault.Is(err, fault.KindForbidden) {
			return err
		}
		e, _ := fault.As(err)
		v.Wrong, v.Searched = wrong, false
		return s.deskPage(w, r, m, kit.Status(e.Kind), v)
	}
	if len(found) == 1 {
		return kit.See(w, r, "/visits/"+found[0].Visit)
	}
	for _, c := range found {
		v.Found = append(v.Found, candidateView{
			Href: "/visits/" + c.Visit, Name: c.FullName, Level: int(c.Level), DocumentMatches: c.DocumentMatches, SNILSToo: c.SNILSMatches,
		})
	}
	return s.deskPage(w, r, m, http.StatusOK, v)
}

// visitView is the page on which person, papers and profile are compared.
type visitView struct {
	Flash    string
	Place    string
	ID, Kind string
	Name     string
	Level    int
	Rows     []compareRow
	Known    []ui.Row // what the profile says besides
	Blocked  string   // why confirming is not possible
	Confirm  bool
	Recover  bool
	// Recovering opens the form of the recovery: after a mistake in it, or with a
	// code for a new phone on its way.
	Recovering bool
	Correct    bool
	CanSend    bool
	NoPhone    bool
	Code       *codeView
	Wrong      kit.Wrong
	Typed      map[string]string
	Phone      string       // of a registration or an assistance
	Form       *formView    // of an assistance, once the code was right
	Papers     []compareRow // of a registration: the form to be read against the papers
}

// codeView is a code on its way to the citizen.
type codeView struct{ Life, Resend string }

// compareRow is one value in the papers and in the profile.
type compareRow struct {
	Name, Paper, Profile string
	Tag                  *ui.TagProps
}

func (s *Site) showVisit(w http.ResponseWriter, r *http.Request, m me) error {
	return s.visitPage(w, r, m, http.StatusOK, nil, kit.Wrong{}, nil)
}

func (s *Site) visitPage(w http.ResponseWriter, r *http.Request, m me, status int, typed map[string]string, wrong kit.Wrong, form *enrol.Form) error {
	id := r.PathValue("id")
	c, err := s.Operators.Compare(r.Context(), m.OID, id)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := visitView{
		Flash: s.mux.TakeFlash(w, r), Place: place(l, m), ID: c.Visit, Kind: c.Kind, Wrong: wrong, Typed: typed, CanSend: c.CanSendCode,
		Confirm: c.MayConfirm, Recover: c.MayRecover, Correct: c.MayCorrect, Phone: phoneText(c.Phone), Code: s.codeView(l, c.Code),
	}
	title := l.T("desk.visit." + c.Kind)
	for _, name := range []string{"r_compared", "r_code", "r_reason"} {
		v.Recovering = v.Recovering || wrong.Field(name) != ""
	}
	v.Recovering = v.Recovering || (c.Code != nil && !c.MayConfirm)
	if c.ConfirmBlocked != "" && c.Kind == "found" {
		v.Blocked = l.T(c.ConfirmBlocked)
	}
	if v.Phone == "" { // an assistance by e-mail
		v.Phone = ruid.Email(c.Email).String()
	}
	if c.Profile != nil {
		v.Name, v.Level = c.Profile.FullName(), int(c.Profile.Level)
		v.Rows, v.Known = compareRows(l, c), s.knownRows(l, c.Profile)
		v.NoPhone = c.Profile.Contact(person.Phone) == nil || !c.Profile.Contact(person.Phone).Confirmed
		title = v.Name
	}
	switch {
	case c.Kind == "register" && c.Form != nil:
		v.Papers, v.Name = paperRows(l, c.Form), joinWords(c.Form.Surname, c.Form.Given, c.Form.Patronymic)
		title = v.Name
	case c.Kind == "assist" && c.Proved:
		if form == nil {
			if form, err = s.Operators.AssistForm(r.Context(), m.OID, id); err != nil {
				return err
			}
		}
		v.Form = newFormView(l, *form, wrong)
	}
	p := kit.Base(r)
	p.Title, p.Errors = title, wrong.Summary
	p.Back = &ui.Link{Href: "/"}
	return kit.Render(w, r, status, p, visitPage(v))
}

func (s *Site) codeView(l *i18n.Localizer, sent *enrol.Sent) *codeView {
	if sent == nil {
		return nil
	}
	v, now := &codeView{}, s.Clock.Now()
	if left := sent.ExpiresAt.Sub(now); left > 0 {
		v.Life = kit.WaitText(l, left)
	}
	if wait := sent.ResendAt.Sub(now); wait > 0 {
		v.Resend = kit.WaitText(l, wait)
	}
	return v
}

// compareRows stand side by side: what the operator read from the papers, and the
// profile: the data in force, or those that are being checked.
func compareRows(l *i18n.Localizer, c *operator.Comparison) []compareRow {
	p := c.Profile
	docType, doc, snils, birth, born, sex := person.DocumentType(""), "", p.SNILS, p.BirthDate, p.BirthPlace, p.Sex
	if p.Identity != nil {
		docType, doc = p.Identity.Type, documentText(p.Identity.Type, p.Identity.Series, p.Identity.Number)
	}
	if v := p.Pending; v != nil && p.Version == nil {
		docType, doc, snils = v.DocumentType, documentText(v.DocumentType, v.Document.Series, v.Document.Number), v.SNILS
	}
	paper := documentTextJoined(c.Type, c.Document)
	rows := []compareRow{{Name: l.T("desk.row.name"), Profile: p.FullName()}}
	if birth != nil {
		rows = append(rows, compareRow{Name: l.T("desk.row.birth_date"), Profile: l.Date(*birth)})
	}
	if born != "" {
		rows = append(rows, compareRow{Name: l.T("desk.row.birth_place"), Profile: born})
	}
	if sex != "" {
		rows = append(rows, compareRow{Name: l.T("desk.row.sex"), Profile: l.T("desk.sex." + sex)})
	}
	return append(rows,
		compareRow{Name: l.T("desk.find." + documentKind(c.Type)), Paper: paper, Profile: doc, Tag: matchTag(l, docType == c.Type && doc == paper)},
		compareRow{Name: l.T("desk.row.snils"), Paper: c.SNILS, Profile: snilsText(snils), Tag: matchTag(l, snils != "" && c.SNILS == snilsText(snils))})
}

func documentKind(t person.DocumentType) string {
	if t == person.RFPassport {
		return "passport"
	}
	return "foreign"
}

// knownRows are what helps to know the person but stands in no paper.
func (s *Site) knownRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	var rows []ui.Row
	if contact := p.Contact(person.Phone); contact != nil && contact.Confirmed {
		rows = append(rows, ui.Row{Key: l.T("desk.row.phone"), Value: ruid.Phone(contact.Value).Masked()})
	}
	if p.VerifiedAt != nil {
		rows = append(rows, ui.Row{Key: l.T("desk.row.verified"), Value: l.T("desk.verified."+p.VerifiedBy, "day", l.Date(p.VerifiedAt.In(s.Zone)))})
	}
	return rows
}

func matchTag(l *i18n.Localizer, same bool) *ui.TagProps {
	if same {
		return &ui.TagProps{Text: l.T("desk.match.yes"), Colour: "green"}
	}
	return &ui.TagProps{Text: l.T("desk.match.no"), Colour: "red"}
}

// deed is an act of a visit: what to do, what to say then and where to go.
type deed struct {
	do         func() error
	done, next string
	typed      map[string]string // what to show again after a mistake
	field      string            // where a fault without fields is shown
	prefix     string            // of the fields of a further form on the page
}

// act runs a deed; what the operator can mend is shown on the visit's page.
func (s *Site) act(w http.ResponseWriter, r *http.Request, m me, d deed) error {
	err := d.do()
	if err == nil {
		s.mux.Flash(w, d.done)
		return kit.See(w, r, d.next)
	}
	e, ok := fault.As(err)
	if !ok || e.Kind == fault.KindForbidden || e.Key == "operator.visit_over" {
		return err
	}
	own, ids := *e, map[string]string{"": d.field}
	own.Fields = nil
	for _, f := range e.Fields {
		f.Name = d.prefix + f.Name
		own.Fields, ids[f.Name] = append(own.Fields, f), strings.ReplaceAll(f.Name, "_", "-")
	}
	wrong, ok := kit.WrongOf(r, &own, ids)
	if !ok {
		return err
	}
	return s.visitPage(w, r, m, kit.Status(e.Kind), d.typed, wrong, nil)
}

func (s *Site) sendCode(w http.ResponseWriter, r *http.Request, m me) error {
	id := r.PathValue("id")
	return s.act(w, r, m, deed{
		do: func() error { return s.Operators.SendCode(r.Context(), m.OID, id) }, done: "desk.code_sent", next: "/visits/" + id,
	})
}

// checked are the three things that an operator looks at himself.
func checked(f kit.Form) bool { return f.Ticked("face") && f.Ticked("paper") && f.Ticked("free") }

// confirm proves the identity of whoever stands at the desk (ID-CNF-03).
func (s *Site) confirm(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return s.act(w, r, m, deed{
		do: func() error {
			return s.Operators.Confirm(r.Context(), m.OID, r.PathValue("id"), f.Text("code"), checked(f))
		},
		done: "desk.confirmed", next: "/", typed: typedBoxes(f), field: "code",
	})
}

func typedBoxes(f kit.Form) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"face", "paper", "free", "reason", "phone"} {
		out[name] = f.Text(name)
	}
	return out
}

// setPhone notes a new number of somebody who lost the phone (ID-MFC-04).
func (s *Site) setPhone(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	return s.act(w, r, m, deed{
		do:   func() error { return s.Operators.SetNewPhone(r.Context(), m.OID, id, f.Text("phone")) },
		done: "desk.code_sent_new", next: "/visits/" + id, typed: typedBoxes(f), field: "phone",
	})
}

// recover gives access again by a temporary password (ID-REC-07).
func (s *Site) recover(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	return s.act(w, r, m, deed{
		do: func() error {
			if !checked(f) {
				return fault.Invalid("operator.compare_first", fault.F("compared", "operator.compare_first"))
			}
			return s.Operators.Recover(r.Context(), m.OID, r.PathValue("id"), f.Text("code"), f.Lines("reason"))
		},
		done: "desk.recovered", next: "/", typed: typedBoxes(f), field: "r-reason", prefix: "r_",
	})
}
