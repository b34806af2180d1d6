package idsite

import (
	"net/http"
	"time"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/idp/person"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui"
)

// profileView is the main page with its five blocks (ID-ACC-09).
type profileView struct {
	Flash    string
	Name     string
	Level    int
	Side     []ui.Link
	Turn     *turn
	Personal []ui.Row
	Contacts []ui.Row
	Docs     []ui.Document
	Children []ui.Row
	Vehicles []ui.Row
	Hints    []ui.Link // security advice for what is missing (ID-SEC-12)
	Ladder   []ui.Rung
}

// turn is the one thing that the person can do, or waits for.
type turn struct {
	Title, Text, Button, Href string
	Calm                      bool
}

// showHome is the profile of whoever is signed in, and the way in for others.
func (s *Site) showHome(w http.ResponseWriter, r *http.Request) error {
	sess, who, err := s.visitor(r)
	if err != nil {
		return err
	}
	flash := s.mux.TakeFlash(w, r)
	if sess == nil {
		p := kit.Base(r)
		p.Title = kit.L(r).T("idsite.welcome.title")
		return kit.Render(w, r, http.StatusOK, p, welcomePage(flash))
	}
	if sess.Restricted != "" {
		return kit.See(w, r, "/login")
	}
	m := me{sess, who}
	prof, err := s.Persons.Profile(r.Context(), who.OID)
	if err != nil {
		return err
	}
	l := kit.L(r)
	v := profileView{
		Flash: flash, Name: who.FullName(), Level: int(m.Level()), Side: side(l, "/"),
		Turn: s.turnOf(l, m, prof), Personal: s.personalRows(l, prof), Contacts: contactRows(l, prof),
		Docs: s.documentCards(l, prof), Children: childRows(l, prof), Vehicles: vehicleRows(l, prof),
		Ladder: ladder(l, m.Level()),
	}
	p := kit.Base(r)
	p.Title = l.T("idsite.nav.data")
	return kit.Render(w, r, http.StatusOK, p, profilePage(v))
}

// turnOf derives what comes next from level and data (ID-LVL-09, ID-REG-17).
func (s *Site) turnOf(l *i18n.Localizer, m me, prof *person.Profile) *turn {
	switch {
	case m.Level() < m.who.Level:
		return &turn{
			Title: l.T("idsite.turn.relogin.title", "level", l.T("idsite.level.name."+itoa(int(m.who.Level)))),
			Text:  l.T("idsite.turn.relogin.text"), Button: l.T("idsite.turn.relogin.button"), Href: flow{again: true}.url(),
		}
	case prof.Pending != nil && prof.Pending.State == person.VersionChecking:
		return &turn{
			Title: l.T("idsite.turn.checking.title"), Text: l.T("idsite.turn.checking.text"),
			Button: l.T("idsite.turn.checking.button"), Href: "/profile/check", Calm: true,
		}
	case prof.Pending != nil && prof.Pending.State == person.VersionFailed:
		return &turn{
			Title: l.T("idsite.turn.failed.title"), Text: l.T("idsite.turn.failed.text"),
			Button: l.T("idsite.turn.failed.button"), Href: "/profile/check",
		}
	case m.who.Level == person.Simplified:
		return &turn{
			Title: l.T("idsite.turn.simplified.title"), Text: l.T("idsite.turn.simplified.text"),
			Button: l.T("idsite.turn.simplified.button"), Href: "/profile/data",
		}
	case m.who.Level == person.Standard:
		return &turn{
			Title: l.T("idsite.turn.standard.title"), Text: l.T("idsite.turn.standard.text"),
			Button: l.T("idsite.turn.standard.button"), Href: "/profile/confirm",
		}
	}
	return nil
}

// ladder is «Что даёт следующий уровень».
func ladder(l *i18n.Localizer, level person.Level) []ui.Rung {
	var out []ui.Rung
	for i := person.Simplified; i <= person.Confirmed; i++ {
		n := itoa(int(i))
		rung := ui.Rung{
			Level: int(i), Title: l.T("idsite.level.short." + n), Text: l.T("idsite.level.how." + n),
			Current: i == level, Next: i == level+1,
		}
		for _, g := range []string{"a", "b", "c"} {
			rung.Gives = append(rung.Gives, l.T("idsite.level.gives."+n+g))
		}
		out = append(out, rung)
	}
	return out
}

// personalRows are the data in force with who verified them (ID-ACC-10).
func (s *Site) personalRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	rows := []ui.Row{{Key: l.T("idsite.data.fullname"), Value: p.FullName()}}
	add := func(key, value string) {
		if value != "" {
			rows = append(rows, ui.Row{Key: l.T(key), Value: value})
		}
	}
	if p.BirthDate != nil {
		add("idsite.data.birthdate", l.Date(*p.BirthDate))
	}
	add("idsite.data.birthplace", p.BirthPlace)
	add("idsite.data.sex", sexName(l, p.Sex))
	if p.Citizenship != "" {
		add("idsite.data.citizenship", countryName(l, p.Citizenship))
	}
	if p.Identity != nil {
		add("idsite.doc."+string(p.Identity.Type), documentNumber(p.Identity.Type, p.Identity.Series, p.Identity.Number))
	}
	add("idsite.data.snils", snilsText(p.SNILS))
	if p.VerifiedAt != nil {
		add("idsite.data.verified", l.T("idsite.data.verified."+p.VerifiedBy, "day", l.Date(p.VerifiedAt.In(s.Zone))))
	}
	if p.Proofing != nil {
		add("idsite.data.proofing", l.T("idsite.data.proofing_value", "way", l.T("idsite.proofing."+p.Proofing.Method),
			"day", l.DateTime(p.Proofing.At, s.Zone), "place", p.Proofing.Place))
	}
	return rows
}

func countryName(l *i18n.Localizer, code string) string {
	if l.Has("country." + code) {
		return l.T("country." + code)
	}
	return code
}

// contactRows shows each contact with its state and the logins (ID-LOG-19).
func contactRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	var rows []ui.Row
	for _, c := range p.Contacts {
		note := ""
		if c.Kind != person.HomePhone {
			note = l.T("idsite.contact.unconfirmed")
			if c.Confirmed {
				note = l.T("idsite.contact.confirmed")
			}
		}
		rows = append(rows, ui.Row{Key: l.T("idsite.contact." + string(c.Kind)), Body: valueNote(contactValue(c.Kind, c.Value), note, c.Confirmed)})
	}
	for _, a := range p.Addresses {
		rows = append(rows, ui.Row{Key: l.T("idsite.address." + string(a.Kind)), Value: a.Text})
	}
	return rows
}

// documentCards are the documents of the profile with their states (ID-VER-13).
func (s *Site) documentCards(l *i18n.Localizer, p *person.Profile) []ui.Document {
	var out []ui.Document
	for _, d := range p.Documents {
		out = append(out, s.documentCard(l, p, d))
		if d.Type.Identity() && p.SNILS != "" && p.Identity != nil && d.ID == p.Identity.ID {
			snils := ui.Document{Title: l.T("idsite.data.snils"), Num: snilsText(p.SNILS), Text: l.T("idsite.doc.snils_by")}
			state := person.DocumentEntered
			if p.SNILSVerified {
				state = person.DocumentVerified
			} else if p.Pending != nil && p.Pending.State == person.VersionChecking {
				state = person.DocumentChecking
			}
			snils.Tag = stateTag(l, state)
			if p.SNILSVerified && p.VerifiedAt != nil {
				snils.Note = l.T("idsite.doc.verified", "by", l.T("idsite.verifier.sfr"), "day", l.Date(p.VerifiedAt.In(s.Zone)))
			}
			out = append(out, snils)
		}
	}
	return out
}

func (s *Site) documentCard(l *i18n.Localizer, p *person.Profile, d person.Document) ui.Document {
	c := ui.Document{
		Title: l.T("idsite.doc." + string(d.Type)), Num: documentNumber(d.Type, d.Series, d.Number), Tag: stateTag(l, d.State),
	}
	if issued, err := time.Parse(time.DateOnly, d.IssueDate); err == nil {
		c.Text = joined(l.T("idsite.doc.issued", "day", l.Date(issued)), d.IssuedBy)
	}
	if until, err := time.Parse(time.DateOnly, d.ExpiryDate); err == nil {
		c.Text = joined(c.Text, l.T("idsite.doc.until", "day", l.Date(until)))
	}
	at := l.DateTime(d.StateAt, s.Zone)
	switch d.State {
	case person.DocumentVerified:
		c.Note = l.T("idsite.doc.verified", "by", verifierName(l, d.VerifiedBy), "day", l.Date(d.StateAt.In(s.Zone)))
	case person.DocumentChecking:
		c.Note = l.T("idsite.doc.asked", "at", at)
	case person.DocumentNotFound:
		c.Fix = l.T("idsite.check.fix")
	default:
		c.Note = l.T("idsite.doc.entered", "at", at)
	}
	if d.Type.Identity() {
		c.Href = "/profile/data"
		if p.Pending != nil {
			c.Href = "/profile/check"
		}
	} else {
		c.Href = "/profile/documents/" + string(d.Type)
	}
	return c
}

func verifierName(l *i18n.Localizer, code string) string {
	if l.Has("idsite.verifier." + code) {
		return l.T("idsite.verifier." + code)
	}
	return code
}

func stateTag(l *i18n.Localizer, s person.DocumentState) *ui.TagProps {
	colour := map[person.DocumentState]string{
		person.DocumentVerified: "green", person.DocumentChecking: "", person.DocumentNotFound: "red", person.DocumentEntered: "grey",
	}[s]
	return &ui.TagProps{Text: l.T("idsite.state." + string(s)), Colour: colour}
}

func childRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	var rows []ui.Row
	for _, c := range p.Children {
		rows = append(rows, ui.Row{
			Key:     joinWords(c.Surname, c.Given, c.Patronymic),
			Body:    childValue(l.T("idsite.child.born", "day", l.Date(c.BirthDate)), *stateTag(l, c.State)),
			Actions: []ui.Link{{Text: l.T("idsite.change"), Href: "/profile/children/" + c.ID}},
		})
	}
	return rows
}

func vehicleRows(l *i18n.Localizer, p *person.Profile) []ui.Row {
	var rows []ui.Row
	for _, v := range p.Vehicles {
		name := v.Name
		if name == "" {
			name = l.T("idsite.vehicle.unnamed")
		}
		rows = append(rows, ui.Row{Key: name, Value: ruid.Plate(v.Plate).String()})
	}
	return rows
}
