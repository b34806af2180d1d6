package portalsite

import (
	"net/http"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/portalsite/page"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/icon"
)

// showPersonal is «Персональная информация»: the person's things here and what
// the identity provider knows of him.
func (s *Site) showPersonal(w http.ResponseWriter, r *http.Request, v *visitor) error {
	l := s.words(r)
	out := page.Personal{Level: int(v.acc.Level), Profile: s.IDP + "/", Offer: s.offer(l, v.acc)}
	t, err := s.things(r, l, v)
	if err != nil {
		return err
	}
	out.Actions = t.actions
	out.Counts = []ui.Card{
		{Title: l.t("applications.title"), Text: l.t("lk.applications_text", "n", t.working) + ", " + l.t("lk.drafts_text", "n", t.drafts), Href: "/lk/applications", Icon: icon.Doc},
		{Title: l.t("lk.feed"), Text: l.t("lk.feed_text", "n", v.unreadTotal()), Href: "/lk/notifications", Icon: icon.Bell},
		{Title: l.T("support.mine.title"), Text: l.T("support.mine.text"), Href: "/lk/support", Icon: icon.Message},
		{Title: l.t("lk.account"), Text: l.t("lk.account_text"), Href: s.IDP + "/profile/settings", Icon: icon.Gear},
	}
	profile, away, err := s.knownProfile(r, v)
	switch {
	case fault.Is(err, fault.KindUnavailable):
		out.Problem = l.t("lk.data_problem")
	case err != nil:
		return err
	default:
		out.Groups = l.profileGroups(&profile)
	}
	if away {
		out.Problem = l.t("lk.data_kept", "when", l.moment(profile.TakenAt))
	}
	return kit.Render(w, r, http.StatusOK, s.cabinetPage(r, "lk.personal"), page.PersonalPage(out))
}

// offer is the next level, or the sign-in that a raised one waits for.
func (s *Site) offer(l words, a *account.Account) *page.Door {
	switch {
	case a.NeedsNewSignIn():
		return &page.Door{Title: l.t("service.door.again_title"), Text: l.t("lk.level_raised"), Link: link(l.t("service.door.again_link"), "/auth/again?back=/lk/")}
	case a.Level == account.LevelSimplified:
		return &page.Door{Title: l.t("lk.next.standard"), Text: l.t("lk.next.standard_text"), Link: link(l.t("service.door.standard_link"), s.IDP+"/profile/data")}
	case a.Level == account.LevelStandard:
		return &page.Door{Title: l.t("lk.next.confirmed"), Text: l.t("lk.next.confirmed_text"), Link: link(l.t("service.door.confirmed_link"), "/help/confirm")}
	}
	return nil
}

// things are what waits for the person, and what is under way.
type things struct {
	actions         []ui.Card
	working, drafts int
	list            []application.Application // the last changed first
}

func (s *Site) things(r *http.Request, l words, v *visitor) (things, error) {
	var out things
	list, err := s.Applications.List(r.Context(), v.acc.ID, application.Filter{Limit: 100})
	if err != nil {
		return out, err
	}
	names, err := s.agencyNames(r.Context())
	if err != nil {
		return out, err
	}
	out.list = list.Applications
	for i := range out.list {
		a := &out.list[i]
		a.Body = body(a, names)
		if a.Status.Open() {
			out.working++
		}
		if a.Status.CitizensTurn() {
			out.actions = append(out.actions, l.turnCard(a))
		}
	}
	ds, err := s.Applications.Drafts(r.Context(), v.acc.ID)
	if err != nil {
		return out, err
	}
	out.drafts = len(ds)
	for i := range ds {
		if len(out.actions) < 3 {
			out.actions = append(out.actions, l.draftCard(&ds[i]))
		}
	}
	return out, nil
}

func (w words) turnCard(a *application.Application) ui.Card {
	c := ui.Card{Title: w.t("main.answer", "agency", a.Body), Text: w.in(a.Title), Href: "/lk/applications/" + a.ID, Icon: icon.Message, Act: true}
	if a.AnswerBy != nil {
		c.Text += ", " + w.t("sent.until", "date", w.lastDay(*a.AnswerBy))
	}
	return c
}

func (w words) draftCard(d *application.Draft) ui.Card {
	key := "main.draft"
	if d.Status == application.StatusUnsigned {
		key = "main.unsigned"
	}
	return ui.Card{
		Title: w.t(key, "service", w.in(d.Title)), Text: w.t("drafts.kept", "date", w.lastDay(d.ExpiresAt)),
		Href: "/lk/drafts/" + d.ID, Icon: icon.Edit, Act: true,
	}
}

// greet adds to the main page what waits for the person.
func (s *Site) greet(r *http.Request, l words, v *visitor, m *page.Main) error {
	name := strings.TrimSpace(v.sess.Claims.GivenName + " " + v.sess.Claims.MiddleName)
	m.Greeting = l.greeting(name)
	now := l.now.In(l.zone)
	m.Today = l.t("main.today", "weekday", capital(l.Weekday(now)), "date", l.Date(now))
	t, err := s.things(r, l, v)
	if err != nil {
		return err
	}
	for i := range t.list {
		if a := &t.list[i]; a.Status.Open() && !a.Status.CitizensTurn() && len(m.Working) < 3 {
			m.Working = append(m.Working, l.workingCard(a))
		}
	}
	m.Waiting = len(t.actions)
	m.Actions = t.actions[:min(3, len(t.actions))]
	return nil
}

func (w words) workingCard(a *application.Application) ui.Card {
	text := w.T("application.status."+string(a.Status)) + ", " + a.Body
	if a.DueAt != nil {
		text = w.t("main.working_until", "agency", a.Body, "date", w.lastDay(*a.DueAt))
	}
	return ui.Card{Title: w.in(a.Title), Text: text, Href: "/lk/applications/" + a.ID, Icon: icon.Doc}
}

// profileGroups lays the profile out in the groups that people know.
func (w words) profileGroups(p *form.Profile) []page.KnownGroup {
	row := func(key, value string) ui.Row {
		if value == "" {
			value = w.t("lk.none")
		}
		return ui.Row{Key: w.t("lk.fields." + key), Value: value}
	}
	birth := form.DateText(w, p.Person.BirthDate)
	if p.Person.BirthPlace != "" {
		birth = strings.TrimPrefix(birth+", "+p.Person.BirthPlace, ", ")
	}
	out := []page.KnownGroup{
		{Title: w.t("lk.person"), Note: w.source(p.Person.Mark), Rows: []ui.Row{
			row("name", join(p.Person.Surname, p.Person.Name, p.Person.Patronymic)),
			row("birth", birth), row("snils", snils(p.SNILS.Value)), row("inn", p.INN.Value),
		}},
		{Title: w.t("lk.contacts"), Rows: []ui.Row{row("phone", phone(p.Phone.Value)), row("email", p.Email.Value)}},
	}
	docs := page.KnownGroup{Title: w.t("lk.documents")}
	for _, d := range append([]form.Document{p.IDDocument}, p.Documents...) {
		if d.Number != "" {
			docs.Rows = append(docs.Rows, ui.Row{Key: w.T("form.document." + d.Type), Value: w.document(d)})
		}
	}
	if len(docs.Rows) > 0 {
		docs.Note = w.source(p.IDDocument.Mark)
		out = append(out, docs)
	}
	if p.Registration.Line != "" || p.Residence.Line != "" {
		out = append(out, page.KnownGroup{Title: w.t("lk.addresses"), Rows: []ui.Row{
			row("registration", p.Registration.Line), row("residence", p.Residence.Line),
		}})
	}
	kids := page.KnownGroup{Title: w.t("lk.children")}
	for _, c := range p.Children {
		kids.Rows = append(kids.Rows, ui.Row{Key: join(c.Surname, c.Name, c.Patronymic), Value: form.DateText(w, c.BirthDate)})
	}
	if len(kids.Rows) > 0 {
		out = append(out, kids)
	}
	return out
}

func (w words) document(d form.Document) string {
	text := d.Number
	if d.Type == "passport_rf" {
		text = passport(d.Number)
	}
	if d.IssueDate != "" {
		text += ", " + w.t("lk.issued", "date", form.DateText(w, d.IssueDate), "by", d.IssuedBy)
	}
	return strings.TrimRight(text, " ,")
}

func (w words) source(m form.Mark) string {
	if !m.Verified {
		return w.t("lk.entered")
	}
	src := m.Source
	if !m.On.IsZero() {
		src += ", " + w.Date(m.On)
	}
	return w.t("lk.verified", "source", src)
}
