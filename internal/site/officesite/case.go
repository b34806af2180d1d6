package officesite

import (
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

func (s *Site) showCase(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.casePage(w, r, o, http.StatusOK, r.URL.Query().Get("tab"), typed{})
}

// typed is what a clerk has typed into the forms of the case and what is wrong.
type typed struct {
	message, note string
	bad           kit.Wrong
}

// casePage is one case. Opening it is a look, which the citizen sees.
func (s *Site) casePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, tab string, in typed) error {
	c, err := s.Cases.Get(r.Context(), o.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	l := s.words(r)
	at := "/cases/" + c.ID
	out := page.Case{
		ID: c.ID, Title: c.Content.Applicant, Service: l.in(c.Title), Number: c.Number, Tab: tab, Tags: s.tags(l, c),
		History: l.history(c.Details), Messages: l.messages(c.Details), Acts: s.acts(l, c), Why: l.why(c, o), Facts: l.facts(c.Details),
		Note: &page.Write{Action: at + "/note", Hidden: key(), Value: in.note, Error: in.bad.Field("note"), Limit: application.MaxText},
	}
	out.Files, out.Answers = l.files(c.Details, document.SideCitizen), l.files(c.Details, document.SideAgency)
	out.Tabs = l.tabs(at, tab, len(out.Files)+len(out.Answers), len(out.Messages))
	for _, n := range c.Notes {
		out.Notes = append(out.Notes, ui.MessageProps{From: n.Officer, When: l.moment(n.At), DateTime: l.machine(n.At), Text: n.Text})
	}
	if c.Has(casework.ActWrite) {
		out.Write = &page.Write{Action: at + "/message", Hidden: s.acting(c), Value: in.message, Error: in.bad.Field("message"), Limit: application.MaxText}
	}
	out.Applicant = l.applicant(c.Details)
	for i, sec := range c.Content.ForAgency().Sections {
		out.Sections = append(out.Sections, page.Section{ID: "s-" + strconv.Itoa(i+1), Title: sec.Title, Rows: l.answers(sec)})
	}
	if tab == "history" {
		looks, err := s.Cases.Looks(r.Context(), o.ID, c.ID)
		if err != nil {
			return err
		}
		for _, e := range looks {
			out.Looks = append(out.Looks, l.t("case.look", "when", l.DateTime(e.At, l.zone), "officer", e.Details["officer"]))
		}
	}
	p := kit.Base(r)
	p.Title, p.Errors = c.Content.Applicant+", "+c.Number, in.bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.t("queue.title"), "/"), {Text: c.Number}}
	return kit.Render(w, r, status, p, page.CasePage(out))
}

// acting are the hidden fields of an act: its key and the version that was seen.
func (s *Site) acting(c *casework.Case) []ui.Hidden {
	return append(key(), ui.Hidden{Name: "version", Value: strconv.Itoa(c.Version)})
}

func (w words) tabs(at, tab string, files, letters int) []ui.Link {
	return []ui.Link{
		{Text: w.t("tab.answers"), Href: at, Current: tab != "files" && tab != "letters" && tab != "history"},
		{Text: w.t("tab.files"), Href: at + "?tab=files", Current: tab == "files", Count: files},
		{Text: w.t("tab.letters"), Href: at + "?tab=letters", Current: tab == "letters", Count: letters},
		{Text: w.t("tab.history"), Href: at + "?tab=history", Current: tab == "history"},
	}
}

func (s *Site) tags(l words, c *casework.Case) []ui.TagProps {
	out := []ui.TagProps{l.statusTag(&c.Application)}
	if !c.Status.Open() || c.Status == application.StatusMoreInfo || c.DueAt == nil || c.RegisteredAt == nil {
		return out
	}
	late := l.dueTag(&c.Application)
	if late.Text != "" {
		return append(out, late)
	}
	return append(out, ui.TagProps{Text: l.t("case.until", "date", l.lastDay(*c.DueAt))})
}

// acts are the buttons of the decision: what is possible now, nothing else.
func (s *Site) acts(l words, c *casework.Case) []page.Act {
	at := "/cases/" + c.ID
	var out []page.Act
	for _, a := range c.Acts {
		act := page.Act{Text: l.T("casework.act." + string(a)), Kind: "secondary"}
		switch a {
		case casework.ActTake:
			act.Kind, act.Action = "", at+"/take"
		case casework.ActAnswer:
			act.Kind, act.Href = "", at+"/answer"
		case casework.ActAsk:
			act.Href = at + "/ask"
		case casework.ActInvite:
			act.Href = at + "/invite"
		case casework.ActRefuse:
			act.Kind, act.Href = "warning", at+"/refuse"
		case casework.ActHand:
			act.Href = at + "/hand-over"
		case casework.ActClose:
			act.Action = at + "/close"
		case casework.ActGo:
			act.Action = at + "/resume"
		case casework.ActPut:
			act.Action = at + "/put-back"
		default: // writing has its form among the messages
			continue
		}
		if act.Action != "" {
			act.Hidden = s.acting(c)
		}
		out = append(out, act)
	}
	return out
}

// why says what the case waits for when nothing can be done to it here.
func (w words) why(c *casework.Case, o *officer.Officer) string {
	switch {
	case c.Status == application.StatusSent:
		return w.t("why.registering")
	case c.Status == application.StatusMoreInfo && c.AnswerBy != nil:
		return w.t("why.asked", "date", w.lastDay(*c.AnswerBy))
	case c.Officer != "" && !o.ActsFor(c.Officer):
		return w.t("why.held", "name", c.OfficerName)
	case !c.Status.Open():
		return w.t("why.ended")
	}
	return ""
}

func (w words) facts(d *application.Details) []ui.Fact {
	out := []ui.Fact{
		{Name: w.t("fact.level"), Text: w.t("level." + d.Level.String()), Note: w.proofing(d.Proofing)},
		{Name: w.t("fact.capacity"), Text: w.t("capacity." + d.Capacity), Note: w.subject(d)},
		{Name: w.t("col.sent"), Text: w.DateTime(d.SubmittedAt, w.zone)},
	}
	if d.RegisteredAt != nil {
		out = append(out, ui.Fact{Name: w.t("fact.registered"), Text: w.DateTime(*d.RegisteredAt, w.zone)})
	} else {
		out = append(out, ui.Fact{Name: w.t("fact.register_by"), Text: w.lastDay(d.RegisterBy)})
	}
	switch {
	case d.Status == application.StatusMoreInfo && d.AnswerBy != nil:
		out = append(out, ui.Fact{Name: w.t("col.due"), Text: w.t("fact.paused"), Note: w.t("queue.answer_until", "date", w.lastDay(*d.AnswerBy))})
	case d.DueAt != nil:
		out = append(out, ui.Fact{Name: w.t("col.due"), Text: w.lastDay(*d.DueAt)})
	}
	holder := w.t("fact.nobody")
	if d.OfficerName != "" {
		holder = d.OfficerName
	}
	f := ui.Fact{Name: w.t("col.holder"), Text: holder}
	if d.TakenAt != nil {
		f.Note = w.t("fact.taken", "when", w.moment(*d.TakenAt))
	}
	return append(out, f)
}

// proofing names the way of confirmation where it has a name.
func (w words) proofing(way string) string {
	if key := "office.proofing." + way; way != "" && w.Has(key) {
		return w.T(key)
	}
	return ""
}

func (w words) subject(d *application.Details) string {
	if d.Capacity == application.CapacitySelf {
		return ""
	}
	return d.Content.Subject
}

// applicant is who applies, with where each value comes from.
func (w words) applicant(d *application.Details) []ui.Row {
	p := d.Content.Profile
	row := func(key, value string, m form.Mark) ui.Row {
		return ui.Row{Key: w.t("applicant." + key), Body: ui.Sourced(value, w.source(m), m.Verified)}
	}
	out := []ui.Row{row("name", d.Content.Applicant, p.Person.Mark)}
	if p.Person.BirthDate != "" {
		out = append(out, row("birth", join(", ", form.DateText(w, p.Person.BirthDate), p.Person.BirthPlace), p.Person.Mark))
	}
	if p.Phone.Value != "" {
		out = append(out, row("phone", phone(p.Phone.Value), p.Phone.Mark))
	}
	if p.Email.Value != "" {
		out = append(out, row("email", p.Email.Value, p.Email.Mark))
	}
	return out
}

func (w words) source(m form.Mark) string {
	if !m.Verified {
		return w.t("source.entered")
	}
	date := ""
	if !m.On.IsZero() {
		date = w.Date(m.On)
	}
	return join(", ", w.t("source.profile"), m.Source, date)
}

// answers are the rows of a step, with the source of what is verified.
func (w words) answers(sec form.Section) []ui.Row {
	var out []ui.Row
	for _, a := range sec.Answers {
		source, known := "", a.Known
		if known {
			source = w.source(form.Mark{Verified: true, Source: a.Source, On: a.On})
		}
		n := len(out)
		for _, line := range a.Lines {
			out = append(out, ui.Row{Key: line.Label, Body: ui.Sourced(line.Text, source, known)})
		}
		for _, f := range a.Files {
			out = append(out, ui.Row{Key: a.Label, Value: f.Name})
		}
		if len(out) == n {
			out = append(out, ui.Row{Key: a.Label, Value: w.t("case.no_answer")})
		}
	}
	return out
}

func (w words) files(d *application.Details, side document.Side) []ui.FileItem {
	var out []ui.FileItem
	for _, f := range d.Files {
		if f.Side != side {
			continue
		}
		item := ui.FileItem{Name: f.Name, Note: join(", ", kit.SizeText(w.Localizer, f.Size), w.T("document.scan."+string(f.Scan)))}
		if f.Scan.Readable() {
			item.Links = []ui.Link{{Text: w.t("case.download"), Href: "/cases/" + d.ID + "/files/" + f.Document}}
		}
		out = append(out, item)
	}
	return out
}

func (w words) history(d *application.Details) []ui.Moment {
	var out []ui.Moment
	for i, e := range d.Events {
		m := ui.Moment{Title: w.t("status." + string(e.Status)), When: w.moment(e.At), DateTime: w.machine(e.At)}
		switch e.Actor {
		case application.ActorApplicant:
			m.Text = w.t("by.applicant")
		case application.ActorOfficer:
			m.Text = e.Officer
		default:
			m.Text = w.t("by.system")
		}
		if e.Reason != "" {
			m.Title = w.T("application.event." + string(e.Reason))
		}
		if e.Reason == application.ReasonReleased {
			m.Text = w.t("history.released", "name", e.Officer)
		}
		if e.Comment != "" {
			m.Text += ": «" + e.Comment + "»"
		}
		if i == len(d.Events)-1 && d.Status.Open() {
			m.State = "now"
		}
		out = append(out, m)
	}
	return out
}

func (w words) messages(d *application.Details) []ui.MessageProps {
	var out []ui.MessageProps
	for _, m := range d.Messages {
		p := ui.MessageProps{From: m.Officer, When: w.moment(m.At), DateTime: w.machine(m.At), Text: m.Text, Mine: true}
		if m.Side == document.SideCitizen {
			p.From, p.Mine = d.Content.Applicant, false
		}
		out = append(out, p)
	}
	return out
}

// openFile gives a file of the case when the scanner has let it pass; the look
// is journalled.
func (s *Site) openFile(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	doc, body, err := s.Cases.OpenFile(r.Context(), o.ID, r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		return err
	}
	return kit.Send(w, kit.Download{Name: doc.Name, Media: doc.Media, Size: doc.Size, Body: body})
}

// actOf reads what all acts carry: the key and the version that was seen.
func actOf(r *http.Request, f kit.Form, o *officer.Officer) (casework.Act, error) {
	k, err := f.Key()
	if err != nil {
		return casework.Act{}, err
	}
	version := 0
	if v := f.Text("version"); v != "" {
		if version, err = strconv.Atoi(v); err != nil {
			return casework.Act{}, fault.Invalid("kit.bad_form").Wrap(err)
		}
	}
	return casework.Act{Officer: o.ID, Application: r.PathValue("id"), Key: k, Version: version, Text: f.Lines("text")}, nil
}
