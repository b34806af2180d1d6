package officesite

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/catalogue"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// serviceForms are the forms of a service's page as they were sent.
type serviceForms struct {
	weight, reason, why, day string
	bad                      kit.Wrong
}

// showService is one service with its history (CAT-13).
func (s *Site) showService(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.servicePage(w, r, o, http.StatusOK, serviceForms{})
}

func (s *Site) servicePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in serviceForms) error {
	x, err := s.Services.Edited(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	l := s.words(r)
	shown, note := x.Service, l.T("manage.preview_note")
	if id := r.URL.Query().Get("revision"); id != "" && id != x.Revision {
		if shown, err = s.Services.Revision(r.Context(), id); err != nil {
			return err
		}
		if shown.Code != x.Code {
			return fault.NotFound("catalogue.revision_not_found")
		}
		note = l.T("manage.catalogue.old_revision")
	}
	preview, err := s.preview(r, l, shown, note)
	if err != nil {
		return err
	}
	mine := o.Edits(x.Agency)
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, l.in(x.Title), x.Code), Main: []templ.Component{preview}, SideLabel: l.T("manage.catalogue.do")}
	v.Tags = []ui.TagProps{l.serviceTag(x)}
	if mine {
		v.Buttons = []ui.ButtonProps{{Text: l.T("manage.catalogue.edit"), Href: serviceAt(x.Code) + "/card", Class: "okno-m0"}}
		v.Side = s.serviceActs(l, x, in)
	}
	history, err := s.serviceHistory(r, l, x, mine)
	if err != nil {
		return err
	}
	v.Side = append(v.Side, history)
	return s.sheet(w, r, status, in.bad, nil, v)
}

// serviceActs are the forms that change a service without its definition.
func (s *Site) serviceActs(l words, x *catalogue.Listed, in serviceForms) []templ.Component {
	if !x.Published {
		return nil
	}
	at := serviceAt(x.Code)
	f := field{l, in.bad, "manage.catalogue."}
	weight := in.weight
	if weight == "" {
		weight = strconv.Itoa(x.Weight)
	}
	out := []templ.Component{page.Panel("popular", l.T("manage.catalogue.popular"), false, page.FormOf(page.Form{
		Action: at + "/weight", Hidden: []ui.Hidden{version(x.Version)}, Fields: []templ.Component{f.line("weight", weight, "5", true), f.line("reason", in.reason, "", true)},
		Button: l.T("manage.save"), Kind: "secondary",
	}))}
	if x.WithdrawAt != nil {
		return append(out, page.Panel("withdraw-panel", l.T("manage.catalogue.planned"), true, ui.P(l.T("manage.catalogue.planned_text", "day", l.lastDay(*x.WithdrawAt))), page.FormOf(page.Form{
			Action: at + "/keep", Hidden: []ui.Hidden{version(x.Version)}, Fields: []templ.Component{f.line("why", in.why, "", true)}, Button: l.T("manage.catalogue.keep"), Kind: "secondary",
		})))
	}
	return append(out, page.Panel("withdraw-panel", l.T("manage.catalogue.withdraw_title"), false, ui.P(l.T("manage.catalogue.withdraw_text")), page.FormOf(page.Form{
		Action: at + "/withdraw", Hidden: []ui.Hidden{version(x.Version)}, Fields: []templ.Component{f.line("day", in.day, "10", false), f.line("why", in.why, "", true)},
		Button: l.T("manage.text.withdraw"), Kind: "warning",
	})))
}

func (s *Site) serviceHistory(r *http.Request, l words, x *catalogue.Listed, mine bool) (templ.Component, error) {
	history, err := s.Services.History(r.Context(), x.Code)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, h := range history {
		ids = append(ids, h.Actor)
	}
	who, err := s.who(r, ids)
	if err != nil {
		return nil, err
	}
	var past []page.Past
	for _, h := range history {
		reason := h.Reason
		if reason == "import" {
			reason = ""
		}
		title := l.T("manage.catalogue.action." + h.Action)
		if h.Due != nil {
			title = l.T("manage.catalogue.action.plan_day", "day", l.lastDay(*h.Due))
		}
		p := page.Past{Title: title, When: l.moment(h.At), DateTime: l.machine(h.At), Text: join(": ", who(h.Actor), reason)}
		if h.Action == "publish" && (h.Revision != x.Revision || !x.Published) {
			p.Links = []ui.Link{{Text: l.T("manage.version", "n", h.Version), Href: serviceAt(x.Code) + "?revision=" + h.Revision}}
			if mine {
				p.Return = &page.Act{Text: l.T("manage.catalogue.return"), Action: serviceAt(x.Code) + "/return", Hidden: []ui.Hidden{version(x.Version), {Name: "revision", Value: h.Revision}}}
				p.ReturnLabel = l.T("manage.version", "n", h.Version)
			}
		}
		past = append(past, p)
	}
	return page.Panel("history", l.T("manage.history"), false, page.PastList(past, "")), nil
}

// serviceEdit is by whom, why and on top of what; the journal says which service.
func (s *Site) serviceEdit(r *http.Request, o *officer.Officer, f kit.Form, reason string) (catalogue.Edit, error) {
	v, err := versionOf(f)
	return catalogue.Edit{By: o.ID, Reason: reason, Version: v, Within: s.Officers.Editing(o.ID, officer.DeedCatalogue, r.PathValue("code"), reason)}, err
}

// serviceDone shows the service's page with what was typed when it could not be done.
func (s *Site) serviceDone(w http.ResponseWriter, r *http.Request, o *officer.Officer, err error, first string, in serviceForms) error {
	return s.settled(w, r, err, first, "manage.saved", serviceAt(r.PathValue("code")), func(status int, bad kit.Wrong) error {
		in.bad = bad
		return s.servicePage(w, r, o, status, in)
	})
}

func (s *Site) weigh(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in := serviceForms{weight: f.Text("weight"), reason: f.Text("reason")}
	e, err := s.serviceEdit(r, o, f, in.reason)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(in.weight)
	if err != nil {
		n = -1
	}
	return s.serviceDone(w, r, o, s.Services.Weigh(r.Context(), e, r.PathValue("code"), n), "weight", in)
}

// withdrawService takes a service off the pages now, or after a day.
func (s *Site) withdrawService(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in := serviceForms{why: f.Text("why"), day: f.Text("day")}
	e, err := s.serviceEdit(r, o, f, in.why)
	if err != nil {
		return err
	}
	at := s.Clock.Now()
	if in.day != "" {
		day, ok := s.dayIn(in.day)
		if !ok || !day.AddDate(0, 0, 1).After(at) {
			return s.serviceDone(w, r, o, fault.Invalid("manage.catalogue.bad_day", fault.F("day", "manage.catalogue.bad_day")), "day", in)
		}
		at = day.AddDate(0, 0, 1) // the named day is the last one
	}
	return s.serviceDone(w, r, o, named(s.Services.Remove(r.Context(), e, r.PathValue("code"), at), "why"), "why", in)
}

// named gives the fault of a missing reason the name that the field has on this page.
func named(err error, name string) error {
	f, ok := fault.As(err)
	if !ok || f.Key != "catalogue.reason_missing" {
		return err
	}
	return fault.Invalid(f.Key, fault.F(name, f.Key))
}

func (s *Site) keepService(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	in := serviceForms{why: f.Text("why")}
	e, err := s.serviceEdit(r, o, f, in.why)
	if err != nil {
		return err
	}
	return s.serviceDone(w, r, o, named(s.Services.Keep(r.Context(), e, r.PathValue("code")), "why"), "why", in)
}

func (s *Site) returnService(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	e, err := s.serviceEdit(r, o, f, kit.L(r).T("manage.catalogue.return_reason"))
	if err != nil {
		return err
	}
	return s.serviceDone(w, r, o, s.Services.Return(r.Context(), e, r.PathValue("code"), f.Text("revision")), "history", serviceForms{})
}

// sourceFiles are the parts of a definition in the order of the editor's page, by the
// names of their inputs.
var sourceFiles = []struct {
	input, file string
	rows        int
}{{"service", "service.yaml", 24}, {"form", "form.yaml", 24}, {"text_ru", "text.ru.md", 12}, {"text_tt", "text.tt.md", 6}, {"text_en", "text.en.md", 6}}

// sourceForm is the editor of a definition as it was sent.
type sourceForm struct {
	version   int64             // of the service that the editor began with, 0 for a new one
	typed     map[string]string // by file
	problems  catalogue.Problems
	meanwhile *catalogue.Meanwhile
	bad       kit.Wrong
}

func (s *Site) newSource(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.sourcePage(w, r, o, http.StatusOK, sourceForm{})
}

func (s *Site) editSource(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	x, err := s.Services.Edited(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	if !o.Edits(x.Agency) {
		return fault.Forbidden("officer.other_agency")
	}
	files, err := x.Source()
	if err != nil {
		return err
	}
	in := sourceForm{version: x.Version, typed: map[string]string{}}
	for name, body := range files {
		in.typed[name] = string(body)
	}
	return s.sourcePage(w, r, o, http.StatusOK, in)
}

func (s *Site) sourcePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in sourceForm) error {
	l := s.words(r)
	title, action, back := l.T("manage.catalogue.new"), catalogueTab+"/new", catalogueTab
	if code := r.PathValue("code"); code != "" {
		title, action, back = l.T("manage.catalogue.edit"), serviceAt(code)+"/edit", serviceAt(code)
	}
	v := page.Sheet{Manage: s.manage(w, r, o, catalogueTab, title, l.T("manage.catalogue.edit_lead"))}
	if len(in.problems) > 0 {
		v.Main = append(v.Main, page.Panel("report", l.T("manage.catalogue.report"), true, page.Report(l.T("manage.catalogue.report_text", "n", len(in.problems)), l.problems(in.problems))))
	}
	if in.meanwhile != nil {
		panel, err := s.meanwhile(r, l, in.meanwhile)
		if err != nil {
			return err
		}
		v.Main = append(v.Main, panel)
	}
	var fields []templ.Component
	for _, x := range sourceFiles {
		fields = append(fields, ui.Textarea(ui.TextArea{Field: ui.Field{
			Name: x.input, Label: l.T("manage.source." + x.input), Hint: l.T("manage.source.file", "name", x.file), Value: in.typed[x.file], Error: in.bad.Field(x.input),
		}, Rows: x.rows, Spellcheck: "false"}))
	}
	v.Main = append(v.Main, page.Panel("source", l.T("manage.catalogue.definition"), false, page.FormOf(page.Form{
		Action: action, Hidden: append(key(), version(in.version)), Fields: fields, Button: l.T("manage.catalogue.check"), Back: &ui.Link{Text: l.T("manage.back"), Href: back},
	})))
	return s.sheet(w, r, status, in.bad, nil, v)
}

// meanwhile shows what somebody else changed while the editor was writing, and what
// his text would change of it.
func (s *Site) meanwhile(r *http.Request, l words, m *catalogue.Meanwhile) (templ.Component, error) {
	who, err := s.who(r, []string{m.Last.Actor})
	if err != nil {
		return nil, err
	}
	parts := []templ.Component{
		ui.P(l.T("manage.catalogue.meanwhile_text", "who", who(m.Last.Actor), "when", l.moment(m.Last.At))),
		ui.Links([]ui.Link{{Text: l.T("manage.catalogue.meanwhile_now"), Href: serviceAt(m.Now.Code)}}),
	}
	if len(m.Theirs) > 0 {
		parts = append(parts, ui.H2(l.T("manage.catalogue.theirs"), "s"), page.ChangedTable(l.T("manage.catalogue.theirs"), changes(m.Theirs)))
	}
	if len(m.Yours) > 0 {
		parts = append(parts, ui.H2(l.T("manage.catalogue.yours"), "s"), page.ChangedTable(l.T("manage.catalogue.yours"), changes(m.Yours)))
	}
	return page.Panel("meanwhile", l.T("manage.catalogue.meanwhile"), true, parts...), nil
}

// checkSource checks a definition that was typed and keeps it to be compared. Somebody
// else's change in between is shown first: what was typed stays, on top of it now.
func (s *Site) checkSource(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	k, err := f.Key()
	if err != nil {
		return err
	}
	in, raw := sourceForm{typed: map[string]string{}}, map[string][]byte{}
	if in.version, err = versionOf(f); err != nil {
		return err
	}
	for _, x := range sourceFiles {
		if in.typed[x.file] = f.Lines(x.input); in.typed[x.file] != "" {
			raw[x.file] = []byte(in.typed[x.file] + "\n")
		}
	}
	files, problems := catalogue.OneService(raw, s.Code, r.PathValue("code"))
	if len(problems) > 0 {
		return s.sourceWrong(w, r, o, in, problems)
	}
	b, problems, err := s.Services.Check(r.Context(), s.Code, files)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.sourceWrong(w, r, o, in, problems)
	}
	if code := r.PathValue("code"); code != "" {
		if in.meanwhile, err = s.Services.Meanwhile(r.Context(), code, in.version, b.Services[0]); err != nil {
			return err
		}
		if in.meanwhile != nil {
			in.version = in.meanwhile.Now.Version
			in.bad, _ = kit.WrongOf(r, fault.Conflict("manage.catalogue.meanwhile_told"), map[string]string{"": "meanwhile"})
			return s.sourcePage(w, r, o, http.StatusConflict, in)
		}
	}
	id, problems, err := s.Services.Propose(r.Context(), k, o.ID, s.Code, files)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.sourceWrong(w, r, o, in, problems)
	}
	return kit.See(w, r, proposalAt(id))
}

func (s *Site) sourceWrong(w http.ResponseWriter, r *http.Request, o *officer.Officer, in sourceForm, problems catalogue.Problems) error {
	in.problems = problems
	in.bad, _ = kit.WrongOf(r, fault.Invalid("manage.catalogue.has_problems", fault.F("service", "manage.catalogue.has_problems")), nil)
	return s.sourcePage(w, r, o, http.StatusUnprocessableEntity, in)
}

// preview shows a service as citizens would read it.
func (s *Site) preview(r *http.Request, l words, sv *catalogue.Service, note string) (templ.Component, error) {
	agency, err := s.agencyName(r, sv.Agency)
	if err != nil {
		return nil, err
	}
	v := page.Preview{
		Title: l.in(sv.Title), Short: l.in(sv.Short), Body: ui.Markdown(l.in(sv.Body)), DocumentsName: l.T("manage.see.documents"),
		RefusalsName: l.T("manage.see.refusals"), StepsName: l.T("manage.see.steps"),
	}
	v.Facts = []ui.Fact{
		{Name: l.T("manage.staff.agency"), Text: agency},
		{Name: l.T("manage.see.result"), Text: l.in(sv.Result)},
		{Name: l.T("manage.see.level"), Text: l.T("ui.level." + strconv.Itoa(catalogue.LevelNumber(sv.MinLevel)))},
		{Name: l.T("manage.see.delivery"), Text: l.T("manage.see.delivery." + sv.Delivery)},
	}
	if !sv.Term.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Name: l.T("manage.see.term"), Text: l.T("manage.see.days_"+string(sv.Term.Unit), "n", sv.Term.Days)})
	}
	fee := l.T("manage.see.free")
	if sv.Fee.Amount > 0 {
		fee = l.Money(sv.Fee.Amount)
	}
	for _, p := range sv.Fee.Variants {
		fee = join("; ", map[bool]string{true: "", false: fee}[fee == l.T("manage.see.free")], l.in(p.Label)+": "+l.Money(p.Amount))
	}
	v.Facts = append(v.Facts, ui.Fact{Name: l.T("manage.see.fee"), Text: fee})
	for _, d := range sv.Documents {
		v.Documents = append(v.Documents, join(": ", l.in(d.Label), l.in(d.Note)))
	}
	for _, g := range sv.Refusal {
		v.Refusals = append(v.Refusals, join(", ", l.in(g.Text), l.in(g.Law)))
	}
	for _, st := range sv.Outline() {
		step := page.PreviewStep{Title: l.in(st.Step), Lead: l.in(st.Lead)}
		for i := range st.Fields {
			step.Questions = append(step.Questions, l.question(&st.Fields[i]))
		}
		v.Steps = append(v.Steps, step)
	}
	return page.PreviewOf(v, l.T("manage.preview"), note), nil
}

// question is a field of a form for a reader: what is asked, and how.
func (w words) question(f *form.Field) ui.Fact {
	name := w.in(f.Label)
	if name == "" {
		name = f.ID
	}
	text := w.T("manage.kind." + string(f.Kind))
	if f.Required {
		text = join(", ", text, w.T("manage.see.required"))
	}
	var options []string
	for _, o := range f.Options {
		options = append(options, w.in(o.Label))
	}
	if len(options) > 12 {
		options = append(options[:12], "…")
	}
	return ui.Fact{Name: name, Text: text, Note: join(". ", w.in(f.Hint), join(", ", options...))}
}

// problems are the mistakes of a definition in words, each with its place.
func (w words) problems(list catalogue.Problems) []string {
	out := make([]string, len(list))
	for i, p := range list {
		if out[i] = p.Text; p.Key != "" {
			out[i] = w.T(p.Key, p.Args...)
		}
		if p.At != "" {
			out[i] = p.At + ": " + out[i]
		}
	}
	return out
}
