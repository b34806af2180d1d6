package officesite

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/ruid"
	"github.com/okno-gov/okno/internal/base/rutext"
	"github.com/okno-gov/okno/internal/portal/application"
	"github.com/okno-gov/okno/internal/portal/casework"
	"github.com/okno-gov/okno/internal/portal/document"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// once carries out an act that needs no words.
func (s *Site) once(w http.ResponseWriter, r *http.Request, o *officer.Officer, do func(context.Context, casework.Act) error, to string) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	if err := do(r.Context(), a); err != nil {
		if bad, ok := conflict(r, err); ok {
			return s.casePage(w, r, o, http.StatusConflict, "", typed{bad: bad})
		}
		return err
	}
	return kit.See(w, r, to)
}

// conflict is a fault that the case's page can show: somebody was quicker.
func conflict(r *http.Request, err error) (kit.Wrong, bool) {
	if !fault.Is(err, fault.KindConflict) {
		return kit.Wrong{}, false
	}
	bad, ok := kit.WrongOf(r, err, map[string]string{"": "p-act"})
	return bad, ok
}

func (s *Site) take(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.once(w, r, o, s.Cases.Take, "/cases/"+r.PathValue("id"))
}

func (s *Site) putBack(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.once(w, r, o, s.Cases.PutBack, "/")
}

func (s *Site) resume(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.once(w, r, o, s.Cases.Resume, "/cases/"+r.PathValue("id"))
}

func (s *Site) closeCase(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.once(w, r, o, s.Cases.Close, "/")
}

// write sends the citizen a message; note keeps a remark that he never sees.
func (s *Site) write(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.say(w, r, o, "message", s.Cases.Write)
}

func (s *Site) note(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.say(w, r, o, "note", s.Cases.Note)
}

func (s *Site) say(w http.ResponseWriter, r *http.Request, o *officer.Officer, field string, do func(context.Context, casework.Act) error) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	a.Text = f.Lines(field)
	tab, to := "", "/cases/"+a.Application
	if field == "message" {
		tab, to = "letters", to+"?tab=letters"
	}
	if err := do(r.Context(), a); err != nil {
		bad, ok := kit.WrongOf(r, renamed(err, field), nil)
		if !ok || fault.Is(err, fault.KindForbidden) {
			return err
		}
		in := typed{bad: bad, message: a.Text}
		if field == "note" {
			in = typed{bad: bad, note: a.Text}
		}
		return s.casePage(w, r, o, kit.Status(fault.KindOf(err)), tab, in)
	}
	return kit.See(w, r, to)
}

// renamed puts a fault of the field text at the field of this page.
func renamed(err error, field string) error { return renamedField(err, "text", field) }

func renamedField(err error, from, to string) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	c := *e
	c.Fields = nil
	for _, f := range e.Fields {
		if f.Name == from {
			f.Name = to
		}
		c.Fields = append(c.Fields, f)
	}
	return &c
}

// decision is the form of an act with what is typed into it.
type decision struct {
	text, ground, until, to string
	bad                     kit.Wrong
	files                   string // refused uploads
}

// show renders the page of an act; it must be possible now.
func (s *Site) show(w http.ResponseWriter, r *http.Request, o *officer.Officer, need casework.Possible, status int, in decision, fill func(words, *casework.Case, *page.Decide) error) error {
	c, err := s.Cases.Get(r.Context(), o.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	at := "/cases/" + c.ID
	if !c.Has(need) {
		return kit.See(w, r, at)
	}
	l := s.words(r)
	name := string(need)
	out := page.Decide{
		Title: l.t(name + ".title"), Lead: l.t(name+".lead", "name", c.Content.Applicant), Action: at + "/" + strings.ReplaceAll(name, "_", "-"),
		Hidden: s.acting(c), Errors: in.bad.Summary, Button: l.t(name + ".button"), Back: at,
		Text: ui.TextArea{Field: ui.Field{ID: "text", Name: "text", Label: l.t(name + ".text"), Value: in.text, Error: in.bad.Field("text")}, Limit: application.MaxText},
	}
	if err := fill(l, c, &out); err != nil {
		return err
	}
	p := kit.Base(r)
	p.Title = out.Title + ": " + c.Number
	if in.bad.Any() {
		p.Title = l.T("ui.error") + ": " + p.Title
	}
	p.Breadcrumbs = []ui.Link{link(l.t("queue.title"), "/"), link(c.Number, at), {Text: out.Title}}
	return kit.Render(w, r, status, p, page.DecidePage(out))
}

// wrong shows an act's page again with what is wrong; other errors go up.
func wrong(r *http.Request, err error, in *decision) (int, error) {
	bad, ok := kit.WrongOf(r, err, map[string]string{"": "text"})
	if !ok || fault.Is(err, fault.KindForbidden) {
		return 0, err
	}
	// The choice stands above the text: so do its errors.
	slices.SortStableFunc(bad.Summary, func(a, b ui.FieldError) int { return strings.Compare(order(a.Field), order(b.Field)) })
	in.bad = bad
	return kit.Status(fault.KindOf(err)), nil
}

func order(field string) string {
	switch field {
	case "ground", "to":
		return "1"
	case "text":
		return "2"
	}
	return "3"
}

func (s *Site) askAnswer(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.answerPage(w, r, o, http.StatusOK, decision{})
}

func (s *Site) answerPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in decision) error {
	return s.show(w, r, o, casework.ActAnswer, status, in, func(l words, c *casework.Case, out *page.Decide) error {
		files, err := s.Cases.AnswerFiles(r.Context(), o.ID, c.ID)
		if err != nil {
			return err
		}
		for _, d := range files {
			out.Files = append(out.Files, ui.FileItem{
				Name: d.Name, Note: join(", ", kit.SizeText(l.Localizer, d.Size), l.T("document.scan."+string(d.Scan))), Body: page.RemoveButton(d.ID, d.Name),
			})
		}
		out.File = &ui.FileField{
			Field: ui.Field{
				ID: "file", Name: "file", Label: l.t("answer.file"), Error: in.files,
				Hint: l.t("answer.file_hint", "size", kit.SizeText(l.Localizer, form.MaxFileSize), "types", strings.Join(form.FileTypes, ", ")),
			},
			Accept: "." + strings.Join(form.FileTypes, ",."), Multiple: true,
		}
		return nil
	})
}

// answer grants the service with files, words or both (SVC-18).
func (s *Site) answer(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	id, l := r.PathValue("id"), s.words(r)
	var in decision
	f, err := kit.UploadOf(r, func(u kit.Upload) error {
		_, err := s.Cases.UploadAnswer(r.Context(), o.ID, id, document.Upload{Name: u.Name, Body: u.Body})
		if e, ok := fault.As(err); ok && (e.Kind == fault.KindInvalid || e.Kind == fault.KindLimited) {
			in.files = join("; ", in.files, document.CleanName(u.Name)+": "+l.T(e.Key, e.Args...))
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	in.text = f.Lines("text")
	if file := f.Text("remove"); file != "" {
		if err := s.Cases.DropAnswerFile(r.Context(), o.ID, id, file); err != nil {
			return err
		}
		return s.answerPage(w, r, o, http.StatusOK, in)
	}
	if in.files != "" {
		in.bad.Summary = []ui.FieldError{{Field: "file", Text: in.files}}
		return s.answerPage(w, r, o, http.StatusUnprocessableEntity, in)
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	held, err := s.Cases.AnswerFiles(r.Context(), o.ID, id)
	if err != nil {
		return err
	}
	var files []string
	for _, d := range held {
		files = append(files, d.ID)
	}
	if err := s.Cases.Answer(r.Context(), a, files); err != nil {
		status, err := wrong(r, err, &in)
		if err != nil {
			return err
		}
		return s.answerPage(w, r, o, status, in)
	}
	return kit.See(w, r, "/cases/"+id)
}

func (s *Site) askAsk(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.askPage(w, r, o, http.StatusOK, decision{})
}

func (s *Site) askPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in decision) error {
	return s.show(w, r, o, casework.ActAsk, status, in, func(l words, _ *casework.Case, out *page.Decide) error {
		out.Text.Required = true
		out.Days = &ui.TextField{Field: ui.Field{ID: "until", Name: "until", Label: l.t("ask.until"), Hint: l.t("ask.until_hint"), Value: in.until, Error: in.bad.Field("until")}, Width: "10", Autocomplete: "off"}
		return nil
	})
}

// ask asks the citizen for more and stops the term meanwhile.
func (s *Site) ask(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	in := decision{text: a.Text, until: f.Text("until")}
	var until *time.Time
	if in.until != "" {
		day, perr := rutext.ParseDate(in.until)
		if perr != nil {
			err = fault.Invalid("casework.day_invalid", fault.F("until", "casework.day_invalid"))
		}
		until = &day
	}
	if err == nil {
		err = s.Cases.Ask(r.Context(), a, until)
	}
	if err != nil {
		status, err := wrong(r, err, &in)
		if err != nil {
			return err
		}
		return s.askPage(w, r, o, status, in)
	}
	return kit.See(w, r, "/cases/"+a.Application)
}

func (s *Site) askInvite(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.invitePage(w, r, o, http.StatusOK, decision{})
}

func (s *Site) invitePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in decision) error {
	return s.show(w, r, o, casework.ActInvite, status, in, func(_ words, _ *casework.Case, out *page.Decide) error {
		out.Text.Required = true
		return nil
	})
}

// invite says where and when to come (SVC-14).
func (s *Site) invite(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	if err := s.Cases.Invite(r.Context(), a); err != nil {
		in := decision{text: a.Text}
		status, err := wrong(r, err, &in)
		if err != nil {
			return err
		}
		return s.invitePage(w, r, o, status, in)
	}
	return kit.See(w, r, "/cases/"+a.Application)
}

func (s *Site) askRefuse(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.refusePage(w, r, o, http.StatusOK, decision{})
}

func (s *Site) refusePage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in decision) error {
	return s.show(w, r, o, casework.ActRefuse, status, in, func(l words, c *casework.Case, out *page.Decide) error {
		sv, err := s.Services.Revision(r.Context(), c.Revision)
		if err != nil {
			return err
		}
		pick := &ui.Choice{Field: ui.Field{ID: "ground", Name: "ground", Label: l.t("refuse.ground"), LabelSize: "s", Required: true, Value: in.ground, Error: in.bad.Field("ground")}}
		for _, g := range sv.Refusal {
			pick.Options = append(pick.Options, ui.Option{Value: g.Code, Text: l.in(g.Text), Hint: l.in(g.Law)})
		}
		out.Grounds, out.Kind, out.Text.Required, out.Text.Hint = pick, "warning", true, l.t("refuse.text_hint")
		return nil
	})
}

// refuse refuses on a legal ground with the reason in words (SVC-25).
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	in := decision{text: a.Text, ground: f.Text("ground")}
	if err := s.Cases.Refuse(r.Context(), a, in.ground); err != nil {
		status, err := wrong(r, err, &in)
		if err != nil {
			return err
		}
		return s.refusePage(w, r, o, status, in)
	}
	return kit.See(w, r, "/cases/"+a.Application)
}

func (s *Site) askHandOver(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	return s.handPage(w, r, o, http.StatusOK, decision{})
}

func (s *Site) handPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in decision) error {
	return s.show(w, r, o, casework.ActHand, status, in, func(l words, c *casework.Case, out *page.Decide) error {
		staff, err := s.Officers.List(r.Context(), o.Agency)
		if err != nil {
			return err
		}
		pick := &ui.Choice{Field: ui.Field{ID: "to", Name: "to", Label: l.t("hand_over.to"), LabelSize: "s", Required: true, Value: in.to, Error: in.bad.Field("to")}}
		for i := range staff {
			if x := &staff[i]; x.Has(officer.RoleClerk) && x.ID != c.Officer {
				pick.Options = append(pick.Options, ui.Option{Value: x.ID, Text: x.Name, Hint: x.Post})
			}
		}
		if len(pick.Options) == 0 {
			out.Lead = l.t("hand_over.nobody")
			pick = nil
		}
		out.Grounds = pick
		return nil
	})
}

// handOver gives the case to a colleague of the agency.
func (s *Site) handOver(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	a, err := actOf(r, f, o)
	if err != nil {
		return err
	}
	in := decision{text: a.Text, to: f.Text("to")}
	if err := s.Cases.HandOver(r.Context(), a, in.to); err != nil {
		if e, ok := fault.As(err); ok && e.Key == "officer.unknown" {
			err = fault.Invalid("casework.colleague_unknown", fault.F("to", "casework.colleague_unknown"))
		}
		status, err := wrong(r, err, &in)
		if err != nil {
			return err
		}
		return s.handPage(w, r, o, status, in)
	}
	return kit.See(w, r, "/")
}

// phone writes a number as people do.
func phone(s string) string {
	if n, err := ruid.ParsePhone(s); err == nil {
		return n.String()
	}
	return s
}
