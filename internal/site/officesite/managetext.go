package officesite

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/form"
	"github.com/okno-gov/okno/internal/portal/officer"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

const textsTab = "/manage/texts/news"

// textKinds are the kinds of texts in the order of the editor's page.
var textKinds = []content.Kind{content.KindNews, content.KindHelp, content.KindAct, content.KindAgreement, content.KindConsent}

func textsAt(k content.Kind) string { return "/manage/texts/" + string(k) }

func textShelf(k content.Kind) shelf {
	return shelf{tab: textsTab, at: textsAt(k), names: "manage.text." + string(k), words: "manage.text"}
}

func textAt(k content.Kind, code string) string { return textShelf(k).entry(code) }

func textKindOf(r *http.Request) (content.Kind, error) {
	k := content.Kind(r.PathValue("kind"))
	if !slices.Contains(textKinds, k) {
		return "", fault.NotFound("kit.no_page")
	}
	return k, nil
}

// showTexts lists the texts of a kind: news, help, legal acts, agreements (BO-23).
func (s *Site) showTexts(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := textKindOf(r)
	if err != nil {
		return err
	}
	paging := kit.PagingOf(r, queueSize)
	query := kit.Clean(r.URL.Query().Get("q"))
	list, total, err := s.Contents.Texts(r.Context(), k, query, paging.Offset(), queueSize)
	if err != nil {
		return err
	}
	paging.Total = total
	l := s.words(r)
	v := s.shelfList(w, r, o, textShelf(k), query, paging, len(list), "manage.text.title", "manage.text.since", "manage.text.changed", "manage.state")
	var others []ui.Link
	for _, x := range textKinds {
		if x != k {
			others = append(others, ui.Link{Text: l.T("manage.text." + string(x) + ".title"), Href: textsAt(x)})
		}
	}
	v.Below = []templ.Component{page.Panel("others", l.T("manage.text.others"), false, ui.Links(others))}
	for i := range list {
		e := &list[i]
		tag := ui.TagProps{Text: l.T("manage.directory.shown"), Colour: "green"}
		switch {
		case e.Withdrawn:
			tag = ui.TagProps{Text: l.T("manage.text.withdrawn"), Colour: "grey"}
		case k == content.KindNews && e.Since.After(s.Clock.Now()):
			tag = ui.TagProps{Text: l.T("manage.text.later"), Colour: "yellow"}
		}
		since := "—"
		if !e.Since.IsZero() {
			since = l.Date(e.Since)
		}
		v.Rows = append(v.Rows, ui.DataRow{Cells: []ui.Cell{
			{Body: page.Linked(l.in(e.Title), textAt(k, e.Code), join(", ", e.Code, e.Version))},
			{Text: since, Label: l.T("manage.text.since")},
			{Text: l.moment(e.At), Label: l.T("manage.text.changed")},
			{Body: page.TagCell(tag), Label: l.T("manage.state")},
		}})
	}
	return s.list(w, r, v)
}

// textForm is a text with what was typed for it.
type textForm struct {
	content.Entry
	since, order string
	number       int
	withdrawn    bool
	fresh        bool
	bad          kit.Wrong
}

func (s *Site) newText(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := textKindOf(r)
	if err != nil {
		return err
	}
	if !o.Edits(officer.WholePortal) {
		return fault.Forbidden("officer.other_agency")
	}
	in := textForm{Entry: content.Entry{Kind: k}, fresh: true}
	if k == content.KindNews {
		in.since = s.Clock.Now().In(s.Zone).Format("02.01.2006")
	}
	return s.textPage(w, r, o, http.StatusOK, in)
}

func (s *Site) showText(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := textKindOf(r)
	if err != nil {
		return err
	}
	e, err := s.Contents.Newest(r.Context(), k, r.PathValue("code"))
	if err != nil {
		return err
	}
	number, withdrawn := e.Number, e.Withdrawn
	if n, err := strconv.Atoi(r.URL.Query().Get("edition")); err == nil {
		// An earlier edition to be read and, if wanted, published again.
		if e, err = s.Contents.Past(r.Context(), k, e.Code, n); err != nil {
			return err
		}
	}
	in := textForm{Entry: e.Entry, number: number, withdrawn: withdrawn}
	if !e.Since.IsZero() {
		in.since = e.Since.Format("02.01.2006")
	}
	if e.Order != 0 {
		in.order = strconv.Itoa(e.Order)
	}
	return s.textPage(w, r, o, http.StatusOK, in)
}

func (s *Site) textPage(w http.ResponseWriter, r *http.Request, o *officer.Officer, status int, in textForm) error {
	l := s.words(r)
	k := in.Kind
	f := field{l, in.bad, "manage.text."}
	title, text, action := l.T("manage.text."+string(k)+".new"), "", textsAt(k)+"/new"
	if !in.fresh {
		title, text, action = l.in(in.Title), join(", ", in.Code, in.Version), textAt(k, in.Code)
	}
	v := page.Sheet{Manage: s.manage(w, r, o, textsTab, title, text), SideLabel: l.T("manage.history")}
	if in.withdrawn {
		v.Tags = []ui.TagProps{{Text: l.T("manage.text.withdrawn"), Colour: "grey"}}
	}
	v.Main = append(v.Main, l.shelfForm(textShelf(k), o.Edits(officer.WholePortal), action, int64(in.number), l.T("manage.publish"), textFields(f, &in)))
	if !in.fresh {
		v.Main = append(v.Main, page.PreviewText(l.T("manage.preview"), l.T("manage.preview_note"), l.in(in.Title), ui.Markdown(in.Markdown(l.Lang(), s.IDP))))
		side, err := s.textSide(r, o, l, &in)
		if err != nil {
			return err
		}
		v.Side = side
	}
	return s.sheet(w, r, status, in.bad, nil, v)
}

func textFields(f field, in *textForm) []templ.Component {
	var out []templ.Component
	if in.fresh {
		out = append(out, f.line("code", in.Code, "20", true))
	}
	out = append(out, f.line("title", in.Title.RU, "", true), f.line("short", in.Short.RU, "", false), f.area("body", in.Body.RU, 16))
	switch in.Kind {
	case content.KindNews:
		out = append(out, f.line("since", in.since, "10", true))
	case content.KindAgreement, content.KindConsent:
		out = append(out, f.line("version_name", in.Version, "10", true), f.line("since", in.since, "10", true))
	case content.KindAct:
		out = append(out, f.line("url", in.URL, "", false), f.line("order", in.order, "5", false))
	case content.KindHelp:
		out = append(out, f.line("keywords", strings.Join(in.Keywords, ", "), "", false), f.line("related", strings.Join(in.Related, ", "), "", false),
			f.line("order", in.order, "5", false), f.tick("popular", in.Popular))
	}
	for _, x := range []struct{ lang, title, short, body string }{
		{"tt", in.Title.TT, in.Short.TT, in.Body.TT}, {"en", in.Title.EN, in.Short.EN, in.Body.EN},
	} {
		label := func(name, value string) ui.Field {
			return ui.Field{Name: name + "_" + x.lang, Label: f.T("manage.text." + name), Value: value}
		}
		out = append(out, page.Folded(f.T("manage.text.in_"+x.lang), false,
			ui.Input(ui.TextField{Field: label("title", x.title), Autocomplete: "off"}), ui.Input(ui.TextField{Field: label("short", x.short), Autocomplete: "off"}),
			ui.Textarea(ui.TextArea{Field: label("body", x.body), Rows: 12})))
	}
	return out
}

// textSide is the history of a text and its end.
func (s *Site) textSide(r *http.Request, o *officer.Officer, l words, in *textForm) ([]templ.Component, error) {
	history, err := s.Contents.History(r.Context(), in.Kind, in.Code)
	if err != nil {
		return nil, err
	}
	var editions []edition
	for _, h := range history {
		e := edition{title: l.T("manage.text.edition", "n", h.Number), at: h.At, by: h.By, n: h.Number}
		switch {
		case h.Withdrawn:
			e.title = l.T("manage.text.was_withdrawn")
		case h.Number != in.number:
			e.href = textAt(in.Kind, in.Code) + "?edition=" + strconv.Itoa(h.Number)
		}
		editions = append(editions, e)
	}
	past, err := s.historyPanel(r, editions)
	if err != nil {
		return nil, err
	}
	var out []templ.Component
	if in.Kind == content.KindNews && !in.withdrawn && o.Edits(officer.WholePortal) {
		panel, err := s.mailingPanel(r, l, in)
		if err != nil {
			return nil, err
		}
		out = append(out, panel)
	}
	out = append(out, past)
	if !in.withdrawn && o.Edits(officer.WholePortal) && (in.Kind != content.KindConsent && in.Kind != content.KindAgreement) {
		out = append(out, page.Panel("withdraw-panel", l.T("manage.text.withdraw_title"), false, ui.P(l.T("manage.text.withdraw_text")), page.FormOf(page.Form{
			Action: textAt(in.Kind, in.Code) + "/withdraw", Hidden: []ui.Hidden{version(int64(in.number))}, Button: l.T("manage.text.withdraw"), Kind: "warning",
		})))
	}
	return out, nil
}

func (s *Site) saveText(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := textKindOf(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	in, wrong := s.readText(r, f, k)
	if in.number = int(v); in.fresh {
		in.number = 0
	}
	if len(wrong) > 0 {
		err = fault.Invalid("content.wrong", append(wrong, s.Contents.Check(r.Context(), &in.Entry)...)...)
	} else {
		err = s.Contents.Save(r.Context(), s.textEdit(o, k, in.Code, in.number), in.Entry)
	}
	return s.settled(w, r, err, "title", "manage.published", textAt(k, in.Code), func(status int, bad kit.Wrong) error {
		in.bad = bad
		if now, err := s.Contents.Newest(r.Context(), k, in.Code); err == nil && !in.fresh {
			in.withdrawn = now.Withdrawn
			if status == http.StatusConflict {
				in.number = now.Number // he has been told, and what he typed is still there
			}
		}
		return s.textPage(w, r, o, status, in)
	})
}

func (s *Site) textEdit(o *officer.Officer, k content.Kind, code string, number int) content.Edit {
	return content.Edit{By: o.ID, Number: number, Within: s.Officers.Editing(o.ID, officer.DeedText, string(k)+"/"+code, "")}
}

// readText reads the form of a text; what cannot be read is a fault.
func (s *Site) readText(r *http.Request, f kit.Form, k content.Kind) (in textForm, wrong []fault.Field) {
	in = textForm{fresh: r.PathValue("code") == "", since: f.Text("since"), order: f.Text("order"), Entry: content.Entry{
		Kind: k, Code: r.PathValue("code"), Version: f.Text("version_name"),
		Title: form.Text{RU: f.Text("title"), TT: f.Text("title_tt"), EN: f.Text("title_en")},
		Short: form.Text{RU: f.Text("short"), TT: f.Text("short_tt"), EN: f.Text("short_en")},
		Body:  form.Text{RU: f.Lines("body"), TT: f.Lines("body_tt"), EN: f.Lines("body_en")},
		URL:   f.Text("url"), Popular: f.Ticked("popular"), Keywords: listed(f.Text("keywords")), Related: listed(f.Text("related")),
	}}
	if in.fresh {
		in.Code = f.Text("code")
	}
	if in.since != "" {
		day, ok := s.dayIn(in.since)
		if !ok {
			wrong = append(wrong, fault.F("since", "content.missing.since"))
		}
		in.Since = form.Day(day)
	}
	if in.order != "" {
		n, err := strconv.Atoi(in.order)
		if err != nil || n < 0 || n > 100000 {
			wrong = append(wrong, fault.F("order", "manage.text.bad_order"))
		}
		in.Order = n
	}
	return in, wrong
}

func listed(typed string) []string {
	var out []string
	for _, x := range strings.Split(typed, ",") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

func (s *Site) withdrawText(w http.ResponseWriter, r *http.Request, o *officer.Officer) error {
	k, err := textKindOf(r)
	if err != nil {
		return err
	}
	f, err := kit.FormOf(r)
	if err != nil {
		return err
	}
	v, err := versionOf(f)
	if err != nil {
		return err
	}
	code := r.PathValue("code")
	err = s.Contents.Remove(r.Context(), s.textEdit(o, k, code, int(v)), k, code)
	return s.settled(w, r, err, "", "manage.text.now_withdrawn", textsAt(k), nil)
}
