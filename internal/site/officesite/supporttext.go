package officesite

import (
	"net/http"
	"strconv"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/portal/support"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

func (s *Site) showCall(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	return s.callPage(w, r, http.StatusOK, support.Call{Key: kit.NewKey(), Channel: support.ChannelPhone}, kit.Wrong{})
}

// callPage is the form of a request that came by phone, by a social network, by
// letter or by word of mouth (HLP-09, BO-21).
func (s *Site) callPage(w http.ResponseWriter, r *http.Request, status int, c support.Call, bad kit.Wrong) error {
	l := s.words(r)
	out := page.Call{
		Hidden: []ui.Hidden{{Name: kit.KeyField, Value: c.Key}}, Name: c.Name, Email: c.Email, Text: c.Text, Source: c.Source, Error: bad.Field, Limit: support.MaxText,
		Channel: ui.Choice{Field: ui.Field{Name: "channel", Label: l.T("support.desk.call_channel"), LabelSize: "s", Value: string(c.Channel), Error: bad.Field("channel")}, Inline: true, Small: true},
		Topic: ui.Choice{
			Field:   ui.Field{Name: "topic", Label: l.T("support.form.topic"), Value: string(c.Topic), Error: bad.Field("topic")},
			Options: []ui.Option{{Text: l.T("support.form.topic_choose")}},
		},
		Kind: ui.Choice{Field: ui.Field{Name: "kind", Label: l.T("support.ticket.kind"), LabelSize: "s", Value: string(c.Kind), Error: bad.Field("kind")}, Inline: true, Small: true},
	}
	for _, x := range support.Registered {
		out.Channel.Options = append(out.Channel.Options, ui.Option{Value: string(x), Text: l.T("support.channel." + string(x))})
	}
	for _, x := range support.Topics {
		out.Topic.Options = append(out.Topic.Options, ui.Option{Value: string(x), Text: l.T("support.topic." + string(x))})
	}
	for _, x := range support.Kinds {
		out.Kind.Options = append(out.Kind.Options, ui.Option{Value: string(x), Text: l.T("support.noun." + string(x))})
	}
	p := kit.Base(r)
	p.Title, p.Errors = l.T("support.desk.call_title"), bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.T("support.desk.title"), "/support"), {Text: l.T("support.desk.call_title")}}
	return kit.Render(w, r, status, p, page.CallPage(out))
}

func (s *Site) saveCall(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	c := support.Call{
		Officer: o.ID, Channel: support.Channel(f.Text("channel")), Name: f.Text("name"), Email: f.Text("email"), Topic: support.Topic(f.Text("topic")),
		Kind: support.Kind(f.Text("kind")), Text: f.Lines("text"), Source: f.Text("source"),
	}
	if c.Key, err = f.Key(); err != nil {
		return err
	}
	x, err := s.Support.Register(r.Context(), c)
	if err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "text"})
		if !ok || fault.Is(err, fault.KindForbidden) {
			return err
		}
		return s.callPage(w, r, kit.Status(fault.KindOf(err)), c, bad)
	}
	return kit.See(w, r, "/support/tickets/"+x.ID)
}

// showTemplates lists the prepared answers.
func (s *Site) showTemplates(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	list, err := s.Support.Templates(r.Context(), o.ID)
	if err != nil {
		return err
	}
	l := s.words(r)
	var out []page.Template
	for _, t := range list {
		out = append(out, page.Template{Title: t.Title, Text: t.Text, At: "/support/templates/" + t.ID})
	}
	p := kit.Base(r)
	p.Title = l.T("support.desk.templates_title")
	p.Breadcrumbs = []ui.Link{link(l.T("support.desk.title"), "/support"), {Text: p.Title}}
	return kit.Render(w, r, http.StatusOK, p, page.TemplatesPage(out))
}

func (s *Site) newTemplate(w http.ResponseWriter, r *http.Request, _ *officer.Officer) error {
	return s.templatePage(w, r, http.StatusOK, support.Template{ID: kit.NewKey()}, kit.Wrong{})
}

func (s *Site) showTemplate(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	t, err := s.Support.Template(r.Context(), o.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.templatePage(w, r, http.StatusOK, *t, kit.Wrong{})
}

func (s *Site) templatePage(w http.ResponseWriter, r *http.Request, status int, t support.Template, bad kit.Wrong) error {
	l := s.words(r)
	title := l.T("support.desk.template_edit")
	if t.Version == 0 {
		title = l.T("support.desk.template_new")
	}
	p := kit.Base(r)
	p.Title, p.Errors = title, bad.Summary
	p.Breadcrumbs = []ui.Link{link(l.T("support.desk.title"), "/support"), link(l.T("support.desk.templates_title"), "/support/templates"), {Text: title}}
	return kit.Render(w, r, status, p, page.TemplatePage(page.Template{
		Heading: title, Title: t.Title, Text: t.Text, At: "/support/templates/" + t.ID, Error: bad.Field, Limit: support.MaxText,
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.Itoa(t.Version)}}, Known: t.Version > 0,
	}))
}

func (s *Site) saveTemplate(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	t := support.Template{ID: r.PathValue("id"), Title: f.Text("title"), Text: f.Lines("text")}
	if t.Version, err = strconv.Atoi(f.Text("version")); err != nil {
		return fault.Invalid("kit.bad_form").Wrap(err)
	}
	if err := s.Support.SaveTemplate(r.Context(), o.ID, t); err != nil {
		bad, ok := kit.WrongOf(r, err, map[string]string{"": "title"})
		if !ok || fault.Is(err, fault.KindForbidden) {
			return err
		}
		return s.templatePage(w, r, kit.Status(fault.KindOf(err)), t, bad)
	}
	return kit.See(w, r, "/support/templates")
}

func (s *Site) dropTemplate(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	if err := s.Support.DropTemplate(r.Context(), o.ID, r.PathValue("id")); err != nil {
		return err
	}
	return kit.See(w, r, "/support/templates")
}
