package idsite

import (
	"net/http"
	"slices"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/idp/enrol"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// dataView is the personal-data form of twelve fields (ID-VER-01, C-55).
type dataView struct {
	Side      []ui.Link
	Flash     string
	Form      enrol.Form
	Wrong     kit.Wrong
	Countries []ui.Option
	Foreign   bool
	Raised    bool // verified already: new values are checked while the old ones stay in force
	Checking  bool
}

// knownView shows the verified data with their source.
type knownView struct {
	Side    []ui.Link
	Flash   string
	Rows    []ui.Row
	Source  string
	Level   int
	Confirm bool // «Подтвердить личность» is offered (ID-CNF-01)
}

// showData shows what is verified, or the form as it was left.
func (s *Site) showData(w http.ResponseWriter, r *http.Request, m me) error {
	edit := r.URL.Query().Get("edit") != ""
	if m.who.Version != nil && !edit {
		return s.showKnown(w, r, m)
	}
	form, err := s.Enrolments.GetForm(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	return s.dataForm(w, r, m, http.StatusOK, *form, kit.Wrong{})
}

func (s *Site) showKnown(w http.ResponseWriter, r *http.Request, m me) error {
	prof, err := s.Persons.Profile(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	if prof.Pending != nil {
		return kit.See(w, r, "/profile/check")
	}
	l := kit.L(r)
	v := knownView{
		Side: side(l, "/profile/data"), Flash: s.mux.TakeFlash(w, r), Rows: s.personalRows(l, prof), Level: int(m.Level()),
		Confirm: m.who.Level == person.Standard,
	}
	if prof.VerifiedAt != nil {
		v.Source = l.T("idsite.data.verified."+prof.VerifiedBy, "day", l.Date(prof.VerifiedAt.In(s.Zone)))
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.data.title")
	return kit.Render(w, r, http.StatusOK, p, knownPage(v))
}

func (s *Site) dataForm(w http.ResponseWriter, r *http.Request, m me, status int, form enrol.Form, wrong kit.Wrong) error {
	st, err := s.Enrolments.Status(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := dataView{
		Side: side(l, "/profile/data"), Flash: s.mux.TakeFlash(w, r), Form: form, Wrong: wrong, Countries: countryOptions(l),
		Foreign: form.Citizenship != "RUS", Raised: m.who.Version != nil,
		Checking: st != nil && st.State == person.VersionChecking,
	}
	p := kit.Base(r)
	p.Title, p.Errors = l.T("idsite.data.title"), wrong.Summary
	p.Back = &ui.Link{Href: "/"}
	return kit.Render(w, r, status, p, dataPage(v))
}

func countryOptions(l *i18n.Localizer) []ui.Option {
	out := []ui.Option{{Value: "", Text: l.T("idsite.data.country_choose")}}
	for _, code := range enrol.Countries() {
		if code == "RUS" {
			continue
		}
		out = append(out, ui.Option{Value: code, Text: countryName(l, code)})
	}
	return out
}

// sendData starts the checks, or only keeps what was typed («Сохранить и
// продолжить позже», ID-REG-25).
func (s *Site) sendData(w http.ResponseWriter, r *http.Request, m me) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
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
	if f.Ticked("save") {
		if err := s.Enrolments.SaveForm(r.Context(), m.who.OID, form); err != nil {
			return err
		}
		s.mux.Flash(w, "idsite.data.saved")
		return kit.See(w, r, "/")
	}
	err = s.Enrolments.SubmitForm(r.Context(), m.who.OID, form, s.visit(w, r))
	if err == nil {
		return kit.See(w, r, "/profile/check")
	}
	wrong, ok := kit.WrongOf(r, err, ids)
	if !ok {
		return err
	}
	e, _ := fault.As(err)
	return s.dataForm(w, r, m, kit.Status(e.Kind), form, wrong)
}

// checkView says what is awaited, since when, until when, and what then.
type checkView struct {
	Side    []ui.Link
	State   string // checking, verified, failed
	Level   int
	Moments []ui.Moment
	Due     string
	Reasons []string
	Relogin string // address of the sign-in that puts the new level in force (C-53)
	Confirm bool
}

// showCheck is the state of the newest data (ID-VER-08…12).
func (s *Site) showCheck(w http.ResponseWriter, r *http.Request, m me) error {
	st, err := s.Enrolments.Status(r.Context(), m.who.OID)
	if err != nil {
		return err
	}
	if st == nil {
		return kit.See(w, r, "/profile/data")
	}
	set, err := s.Settings.Get(r.Context())
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := checkView{
		Side: side(l, "/profile/check"), State: string(st.State), Level: int(m.Level()), Due: l.DateTime(st.DueAt, s.Zone),
		Confirm: m.who.Level == person.Standard,
	}
	if m.Level() < m.who.Level {
		v.Relogin = flow{again: true, back: "/profile/check"}.url()
	}
	for _, key := range st.Reasons() {
		if text := l.T(key); !slices.Contains(v.Reasons, text) { // both registers may say the same
			v.Reasons = append(v.Reasons, text)
		}
	}
	v.Moments = append(v.Moments, s.moment(l, l.T("idsite.check.sent"), "", st.SentAt))
	for _, c := range st.Checks {
		v.Moments = append(v.Moments, s.checkMoment(l, c, set.Verifiers))
	}
	v.Moments = append(v.Moments, s.endMoment(l, st))
	p := kit.Base(r)
	p.Title = l.T("idsite.check.title." + v.State)
	return kit.Render(w, r, http.StatusOK, p, checkPage(v))
}

func (s *Site) moment(l *i18n.Localizer, title, text string, at time.Time) ui.Moment {
	return ui.Moment{Title: title, Text: text, When: l.DateTime(at, s.Zone), DateTime: at.Format(time.RFC3339)}
}

// checkMoment is one question to a register with the state of its answer.
func (s *Site) checkMoment(l *i18n.Localizer, c enrol.Check, names map[string]string) ui.Moment {
	name := names[c.Register]
	if name == "" {
		name = verifierName(l, c.Register)
	}
	title := l.T("idsite.check.register."+c.Register, "name", name)
	switch c.State {
	case enrol.CheckMatched:
		return s.moment(l, title, l.T("idsite.check.matched"), *c.AnsweredAt)
	case enrol.CheckMismatched, enrol.CheckUnanswered:
		m := s.moment(l, title, l.T(enrol.ReasonKey(c)), *c.AnsweredAt)
		m.Icon = icon.Close
		return m
	case enrol.CheckSuperseded:
		return ui.Moment{Title: title, Text: l.T("idsite.check.superseded"), State: "future"}
	}
	m := ui.Moment{Title: title, State: "now", Text: l.T("idsite.check.waiting")}
	switch {
	case c.Away:
		m.Text = l.T("idsite.check.away", "at", l.DateTime(c.NextAt, s.Zone))
	case c.AskedAt != nil:
		m.Text = l.T("idsite.check.asked", "at", l.DateTime(*c.AskedAt, s.Zone))
	}
	return m
}

func (s *Site) endMoment(l *i18n.Localizer, st *enrol.CheckStatus) ui.Moment {
	switch st.State {
	case person.VersionChecking:
		return ui.Moment{Title: l.T("idsite.check.end"), State: "future", When: l.T("idsite.check.until", "at", l.DateTime(st.DueAt, s.Zone)), Text: l.T("idsite.check.then")}
	case person.VersionVerified:
		return s.moment(l, l.T("idsite.check.end.verified"), "", *st.Ended)
	}
	at := st.SentAt
	if st.Ended != nil {
		at = *st.Ended
	}
	m := s.moment(l, l.T("idsite.check.end.failed"), "", at)
	m.State = "you"
	return m
}
