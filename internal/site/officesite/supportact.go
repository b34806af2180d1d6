package officesite

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// replying is what an officer has typed into the forms of a ticket.
type replying struct {
	text, note, why, ending string
	template                string // the one that was inserted last
	bad                     kit.Wrong
}

func (s *Site) showTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.ticketPage(w, r, o, http.StatusOK, replying{})
}

// insertTemplate puts a prepared answer below what is typed already; nothing is sent.
func (s *Site) insertTemplate(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	t, err := s.Support.Template(r.Context(), o.ID, f.Text("template"))
	if err != nil {
		return err
	}
	return s.ticketPage(w, r, o, http.StatusOK, replying{text: join("\n\n", f.Lines("text"), t.Text), template: t.ID})
}

// ticketPage is one ticket. Opening it is a look, which its owner sees.
func (s *Site) ticketPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in replying) error {
	d, err := s.Support.Read(r.Context(), o.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	l := s.words(r)
	at := "/support/tickets/" + d.ID
	hidden := func() []ui.Hidden {
		return append(key(), ui.Hidden{Name: "version", Value: strconv.Itoa(d.Version)})
	}
	out := page.Ticket{
		Title: l.T("support.ticket.title", "number", d.Number), About: join(", ", l.T("support.noun."+string(d.Kind)), l.T("support.topic."+string(d.Topic))),
		Tags: []ui.TagProps{l.ticketTag(&d.Ticket)}, Messages: l.letters(d), Notes: l.notes(d), History: l.acts(d), Facts: l.ticketFacts(&d.Ticket),
		State: l.ticketState(d, o),
		Note:  &page.Write{Action: at + "/note", Hidden: hidden(), Value: in.note, Error: in.bad.Field("note"), Limit: support.MaxText},
	}
	if tag := l.termTag(&d.Ticket); tag.Text != "" {
		out.Tags = append(out.Tags, tag)
	} else if d.Overdue {
		out.Tags = append(out.Tags, ui.TagProps{Text: l.T("support.desk.was_late"), Colour: "red"})
	}
	if !d.Reachable() {
		out.Warning = l.T("support.desk.no_contact")
	}
	for _, a := range []support.Act{support.ActTake, support.ActPut} {
		if d.Has(a) {
			out.Acts = append(out.Acts, page.Act{
				Text: l.T("support.act." + string(a)), Kind: map[support.Act]string{support.ActPut: "secondary"}[a],
				Action: at + "/" + strings.ReplaceAll(string(a), "_", "-"), Hidden: hidden(),
			})
		}
	}
	if d.Has(support.ActAnswer) {
		if out.Templates, err = s.templateChoice(r, l, o, in.template); err != nil {
			return err
		}
		out.At = at
		out.Answer = &page.Write{Action: at + "/answer", Hidden: hidden(), Value: in.text, Error: in.bad.Field("text"), Limit: support.MaxText}
	}
	if d.Has(support.ActMove) {
		out.Move = &page.Choose{Action: at + "/move", Hidden: hidden(), Choice: l.topicChoice(d.Topic, in.bad.Field("topic"))}
	}
	if d.Has(support.ActClose) {
		out.Close = &page.Choose{Action: at + "/close", Hidden: hidden(), Choice: l.endingChoice(in), Note: in.why, NoteError: in.bad.Field("why")}
	}
	p := kit.Base(r)
	p.Title, p.Errors = out.Title, in.bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.T("support.desk.title"), "/support"), {Text: d.Number}}
	return kit.Render(w, r, status, p, page.TicketPage(out))
}

func (s *Site) templateChoice(r *http.Request, l words, o *officer.Officer, now string) (*ui.Choice, error) {
	list, err := s.Support.Templates(r.Context(), o.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	c := &ui.Choice{Field: ui.Field{Name: "template", Label: l.T("support.desk.templates"), Value: now}}
	for _, t := range list {
		c.Options = append(c.Options, ui.Option{Value: t.ID, Text: t.Title})
	}
	return c, nil
}

func (w words) topicChoice(now support.Topic, wrong string) ui.Choice {
	c := ui.Choice{Field: ui.Field{Name: "topic", Label: w.T("support.form.topic"), Hint: w.T("support.desk.move_hint"), Value: string(now), Error: wrong}}
	for _, t := range support.Topics {
		c.Options = append(c.Options, ui.Option{Value: string(t), Text: w.T("support.topic." + string(t))})
	}
	return c
}

func (w words) endingChoice(in replying) ui.Choice {
	c := ui.Choice{Field: ui.Field{Name: "ending", Label: w.T("support.desk.close_why"), LabelSize: "s", Value: in.ending, Error: in.bad.Field("ending")}, Small: true}
	for _, e := range support.Endings {
		c.Options = append(c.Options, ui.Option{Value: string(e), Text: w.T("support.ending." + string(e))})
	}
	return c
}

// letters are what the citizen sees too.
func (w words) letters(d *support.Details) []ui.MessageProps {
	name := d.Name
	if name == "" {
		name = w.T("support.desk.citizen")
	}
	var out []ui.MessageProps
	for _, m := range d.Messages {
		p := ui.MessageProps{From: m.Officer, When: w.moment(m.At), DateTime: w.machine(m.At), Body: page.Paragraphs(m.Text), Mine: true}
		switch m.Side {
		case support.SideCitizen:
			p.From, p.Mine = name, false
		case support.SideSupport:
		default:
			continue
		}
		out = append(out, p)
	}
	return out
}

func (w words) notes(d *support.Details) []ui.MessageProps {
	var out []ui.MessageProps
	for _, m := range d.Messages {
		if m.Side == support.SideNote {
			out = append(out, ui.MessageProps{From: m.Officer, When: w.moment(m.At), DateTime: w.machine(m.At), Body: page.Paragraphs(m.Text)})
		}
	}
	return out
}

// acts is what officers did, in words.
func (w words) acts(d *support.Details) []string {
	var out []string
	for _, m := range d.Messages {
		if m.Side != support.SideAct {
			continue
		}
		act, more, _ := strings.Cut(m.Text, ":")
		what := ""
		switch support.Act(act) {
		case support.ActMove:
			what = w.T("support.topic." + more)
		case support.ActClose:
			what = w.T("support.ending." + more)
		}
		out = append(out, join(", ", w.moment(m.At), m.Officer)+": "+w.T("support.did."+act, "what", what))
	}
	return out
}

func (w words) ticketState(d *support.Details, o *officer.Officer) string {
	switch {
	case d.Status == support.StatusClosed:
		return w.T("support.desk.closed", "why", w.T("support.ending."+string(d.Ending)))
	case d.Officer == "":
		return w.T("support.desk.free_text")
	case o.ActsFor(d.Officer):
		return w.T("support.desk.taken")
	}
	return w.T("support.desk.held", "name", d.OfficerName)
}

func (w words) ticketFacts(x *support.Ticket) []ui.Fact {
	from := x.Name
	if from == "" {
		from = w.T("support.desk.anonymous")
	}
	reply := w.T("support.desk.nowhere")
	switch {
	case x.Owner != "":
		reply = w.T("support.desk.account")
	case x.Email != "":
		reply = w.T("support.desk.mailbox", "email", x.Email)
	}
	out := []ui.Fact{
		{Name: w.T("support.desk.from"), Text: from},
		{Name: w.T("support.desk.reply_to"), Text: reply},
		{Name: w.T("support.desk.queue"), Text: w.T("support.queue." + string(x.Queue))},
		{Name: w.T("support.desk.channel"), Text: w.T("support.channel." + string(x.Channel))},
		{Name: w.T("support.desk.col.sent"), Text: w.DateTime(x.CreatedAt, w.zone)},
	}
	if x.Status.Open() {
		out = append(out, ui.Fact{Name: w.T("support.desk.col.due"), Text: w.DateTime(x.DueAt, w.zone)})
	}
	for _, f := range []struct{ key, value string }{
		{"support.ticket.page", x.Page}, {"support.ticket.error", x.ErrorID}, {"support.report.browser", x.Browser},
	} {
		if f.value != "" {
			out = append(out, ui.Fact{Name: w.T(f.key), Text: f.value})
		}
	}
	if x.Locale != "ru" {
		out = append(out, ui.Fact{Name: w.T("support.desk.language"), Text: w.T("support.desk.language." + x.Locale)})
	}
	return out
}

// deedOf reads what all acts carry.
func deedOf(r *http.Request, f kit.Form, o *officer.Officer) (support.Deed, error) {
	k, err := f.Key()
	if err != nil {
		return support.Deed{}, err
	}
	version, err := strconv.Atoi(f.Text("version"))
	if err != nil {
		return support.Deed{}, fault.Invalid("kit.bad_form").Wrap(err)
	}
	return support.Deed{Officer: o.ID, Ticket: r.PathValue("id"), Key: k, Version: version}, nil
}

// deed carries out an act; what is wrong is shown on the ticket's page with what
// was typed.
func (s *Site) deed(w http.ResponseWriter, r *http.Request, o *officer.Officer, to string, do func(context.Context, kit.Form, *support.Deed, *replying) error) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	d, err := deedOf(r, f, o)
	if err != nil {
		return err
	}
	in := replying{}
	if err := do(r.Context(), f, &d, &in); err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "p-act"})
		if !ok || fault.Is(err, fault.KindForbidden) {
			return err
		}
		in.bad = bad
		return s.ticketPage(w, r, o, kit.Status(fault.KindOf(err)), in)
	}
	if to == "" {
		to = "/support/tickets/" + d.Ticket
	}
	return kit.See(w, r, to)
}

func (s *Site) takeTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "", func(ctx context.Context, _ kit.Form, d *support.Deed, _ *replying) error {
		return s.Support.Take(ctx, *d)
	})
}

func (s *Site) putBackTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "/support", func(ctx context.Context, _ kit.Form, d *support.Deed, _ *replying) error {
		return s.Support.PutBack(ctx, *d)
	})
}

func (s *Site) answerTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "", func(ctx context.Context, f kit.Form, d *support.Deed, in *replying) error {
		in.text = f.Lines("text")
		d.Text = in.text
		return s.Support.Answer(ctx, *d)
	})
}

func (s *Site) noteTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "", func(ctx context.Context, f kit.Form, d *support.Deed, in *replying) error {
		in.note = f.Lines("note")
		d.Text = in.note
		return s.Support.Note(ctx, *d)
	})
}

func (s *Site) moveTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "", func(ctx context.Context, f kit.Form, d *support.Deed, _ *replying) error {
		return s.Support.Move(ctx, *d, support.Topic(f.Text("topic")))
	})
}

func (s *Site) closeTicket(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.deed(w, r, o, "/support", func(ctx context.Context, f kit.Form, d *support.Deed, in *replying) error {
		in.why, in.ending = f.Lines("why"), f.Text("ending")
		d.Text = in.why
		err := s.Support.Close(ctx, *d, support.Ending(in.ending))
		return renamedField(err, "note", "why") // the page has another note
	})
}
