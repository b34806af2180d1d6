package ui_test

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/ui"
)

// differs are single fixtures whose markup we do not follow, with the reason.
var differs = map[string]string{
	"character-count: to configure in JavaScript":                                    "without a limit it is a plain textarea",
	"character-count: with neither maxlength, maxwords nor textarea description set": "without a limit it is a plain textarea",
	"checkboxes: with falsy values":                                                  "we have no holes in a list of options",
	"radios: with falsy items":                                                       "we have no holes in a list of options",
	"task-list: with empty values":                                                   "we have no holes in a list of tasks",
	"error-summary: html as titleText":                                               "the title is a key of the catalogue",
	"label: classes":                                                                 "a label has a size, no other classes",
	"pagination: with custom link and item text":                                     "pages are numbers",
	"password-input: value":                                                          "a password is never sent back to the page",
	"password-input: with translations":                                              "the words are keys of the catalogue",
	"select: without values":                                                         "an option always carries a value",
	"select: without values with selected value":                                     "an option always carries a value",
	"select: with falsy values":                                                      "a value is a text",
	"skip-link: no href":                                                             "the main part is #main",
	"skip-link: custom text":                                                         "the main part is #main",
	"skip-link: html as text":                                                        "the main part is #main",
	"skip-link: attributes":                                                          "the main part is #main",
	"summary-list: summary card with custom classes":                                 "a card has a title",
	"summary-list: summary card with custom attributes":                              "a card has a title",
}

// components build ours from the options of a fixture.
var components = map[string]func(*options) templ.Component{
	"back-link": func(o *options) templ.Component {
		return ui.BackLink(ui.Link{Text: o.str("text"), Href: o.str("href"), Attrs: o.attrs("attributes")})
	},
	"breadcrumbs": func(o *options) templ.Component {
		var links []ui.Link
		for _, i := range o.list("items") {
			links = append(links, ui.Link{Text: i.str("text"), Href: i.str("href"), Attrs: i.attrs("attributes")})
		}
		return ui.Breadcrumbs(links)
	},
	"button": func(o *options) templ.Component {
		b := ui.ButtonProps{
			Body: o.body(), Href: o.str("href"), Class: o.str("classes"), Type: o.str("type"), Name: o.str("name"),
			Value: o.str("value"), ID: o.str("id"), Disabled: o.yes("disabled"), Attrs: o.attrs("attributes"),
		}
		if o.m["preventDoubleClick"] == true {
			b.Once = o.yes("preventDoubleClick")
		}
		return ui.Button(b)
	},
	"character-count": func(o *options) templ.Component {
		f := area(o)
		f.Limit = o.num("maxlength")
		return ui.Textarea(f)
	},
	"checkboxes": func(o *options) templ.Component { return ui.Checkboxes(choice(o)) },
	"radios":     func(o *options) templ.Component { return ui.Radios(choice(o)) },
	"date-input": func(o *options) templ.Component { return ui.Date(date(o)) },
	"details": func(o *options) templ.Component {
		return ui.Details(ui.DetailsProps{
			ID: o.str("id"), Summary: o.str("summaryText"), Body: o.body(), Open: o.yes("open"),
			Class: o.str("classes"), Attrs: o.attrs("attributes"),
		})
	},
	"error-message": func(o *options) templ.Component { return ui.ErrorMessage(o.str("id"), o.str("text")) },
	"error-summary": func(o *options) templ.Component {
		o.str("titleText")
		var errors []ui.FieldError
		for _, i := range o.list("errorList") {
			errors = append(errors, ui.FieldError{Field: strings.TrimPrefix(i.str("href"), "#"), Text: i.str("text")})
		}
		return ui.ErrorSummary(errors)
	},
	"fieldset": func(o *options) templ.Component {
		p := ui.Fieldset{DescribedBy: o.str("describedBy"), Role: o.str("role"), Class: o.str("classes"), Attrs: o.attrs("attributes")}
		l := o.sub("legend")
		p.LegendBody, p.LegendClass, p.Heading = l.body(), l.str("classes"), l.yes("isPageHeading")
		return with(ui.Group(p), o.str("html"))
	},
	"file-upload": func(o *options) templ.Component {
		return ui.File(ui.FileField{Field: field(o), Multiple: o.yes("multiple")})
	},
	"hint": func(o *options) templ.Component {
		return ui.Hint(ui.HintProps{ID: o.str("id"), Body: o.body(), Class: o.str("classes"), Attrs: o.attrs("attributes")})
	},
	"input": func(o *options) templ.Component {
		f := ui.TextField{
			Field: field(o), Type: o.str("type"), Autocomplete: o.str("autocomplete"), InputMode: o.str("inputmode"),
			Autocapitalize: o.str("autocapitalize"), Pattern: o.str("pattern"), Spellcheck: spellcheck(o),
		}
		f.Prefix, f.Suffix = o.sub("prefix").str("text"), o.sub("suffix").str("text")
		f.WrapperClass = o.sub("inputWrapper").str("classes")
		return ui.Input(f)
	},
	"inset-text": func(o *options) templ.Component {
		return ui.Inset(ui.InsetProps{ID: o.str("id"), Body: o.body(), Class: o.str("classes"), Attrs: o.attrs("attributes")})
	},
	"label": func(o *options) templ.Component {
		f := ui.Field{ID: o.str("for")}
		takeLabel(&f, o)
		return ui.Label(f)
	},
	"notification-banner": func(o *options) templ.Component {
		b := ui.BannerProps{
			Title: o.str("titleText"), TitleID: o.str("titleId"), Text: o.str("text"), Success: o.str("type") == "success",
			Class: o.str("classes"), Attrs: o.attrs("attributes"),
		}
		if h := o.str("html"); h != "" {
			b.Body = templ.Raw(h)
		}
		return ui.Banner(b)
	},
	"pagination": pager,
	"password-input": func(o *options) templ.Component {
		return ui.Password(ui.PasswordField{Field: field(o), New: o.str("autocomplete") == "new-password"})
	},
	"select": func(o *options) templ.Component { return ui.Select(choice(o)) },
	"skip-link": func(o *options) templ.Component {
		return ui.SkipLink(ui.Link{Text: o.str("text"), Href: o.str("href"), Attrs: o.attrs("attributes")})
	},
	"summary-list": summary,
	"table":        table,
	"tag": func(o *options) templ.Component {
		return ui.Tag(ui.TagProps{Body: o.body(), Class: o.str("classes"), Attrs: o.attrs("attributes")})
	},
	"task-list": taskList,
	"textarea":  func(o *options) templ.Component { return ui.Textarea(area(o)) },
}

// field reads what all controls share.
func field(o *options) ui.Field {
	f := ui.Field{
		ID: o.str("id"), Name: o.str("name"), Value: o.str("value"), Disabled: o.yes("disabled"),
		DescribedBy: o.str("describedBy"), Class: o.str("classes"), Attrs: o.attrs("attributes"),
	}
	takeLabel(&f, o.sub("label"))
	takeHint(&f, o.sub("hint"))
	f.Error = o.sub("errorMessage").str("text")
	takeGroup(&f, o.sub("formGroup"))
	return f
}

func takeLabel(f *ui.Field, l *options) {
	f.LabelBody, f.Heading = l.body(), l.yes("isPageHeading")
	if c, _ := l.m["classes"].(string); strings.HasPrefix(c, "govuk-label--") && !strings.Contains(c, " ") {
		f.LabelSize = strings.TrimPrefix(l.str("classes"), "govuk-label--")
	}
}

func takeHint(f *ui.Field, h *options) { f.HintBody = h.body() }

func takeGroup(f *ui.Field, g *options) {
	f.GroupClass, f.GroupAttrs = g.str("classes"), g.attrs("attributes")
	for _, key := range []string{"beforeInput", "beforeInputs"} {
		if g.has(key) {
			f.Before = g.sub(key).body()
		}
	}
	for _, key := range []string{"afterInput", "afterInputs"} {
		if g.has(key) {
			f.After = g.sub(key).body()
		}
	}
}

func area(o *options) ui.TextArea {
	f := ui.TextArea{Field: field(o), Rows: o.num("rows"), Autocomplete: o.str("autocomplete")}
	f.Spellcheck = spellcheck(o)
	return f
}

func choice(o *options) ui.Choice {
	c := ui.Choice{Field: field(o), Plain: true}
	if id := o.str("idPrefix"); id != "" {
		c.ID = id
	}
	if o.has("fieldset") || o.m["fieldset"] != nil {
		c.Plain = false
		f := o.sub("fieldset")
		c.FieldsetClass = f.str("classes")
		l := f.sub("legend")
		c.LabelBody, c.Heading = l.body(), l.yes("isPageHeading")
		if cls, _ := l.m["classes"].(string); strings.HasPrefix(cls, "govuk-fieldset__legend--") && !strings.Contains(cls, " ") {
			c.LabelSize = strings.TrimPrefix(l.str("classes"), "govuk-fieldset__legend--")
		}
	}
	o.read["values"] = true
	if values, ok := o.m["values"].([]any); ok {
		for _, v := range values {
			c.Values = append(c.Values, newOptions("", map[string]any{"v": v}).str("v"))
		}
	}
	for _, i := range o.list("items") {
		c.Options = append(c.Options, option(i))
	}
	return c
}

func option(i *options) ui.Option {
	o := ui.Option{
		Value: i.str("value"), ID: i.str("id"), Name: i.str("name"), Disabled: i.yes("disabled"), Divider: i.str("divider"),
		Exclusive: i.str("behaviour") == "exclusive", Checked: i.m["checked"] == true || i.m["selected"] == true, Attrs: i.attrs("attributes"),
	}
	if i.m["checked"] != false {
		i.read["checked"] = true
	}
	if i.m["selected"] != false {
		i.read["selected"] = true
	}
	o.Text, _ = i.m["text"].(string)
	o.Body = i.body()
	o.HintBody = i.sub("hint").body()
	if h, _ := i.sub("conditional").m["html"].(string); h != "" {
		o.Reveals = templ.Raw(h)
	}
	(*i.subs)[len(*i.subs)-1].str("html")
	return o
}

func date(o *options) ui.DateField {
	d := ui.DateField{Field: field(o), Plain: true}
	d.Name = o.str("namePrefix")
	if o.m["fieldset"] != nil {
		d.Plain = false
		f := o.sub("fieldset")
		d.FieldsetClass = f.str("classes")
		l := f.sub("legend")
		d.LabelBody, d.Heading = l.body(), l.yes("isPageHeading")
		if cls, _ := l.m["classes"].(string); strings.HasPrefix(cls, "govuk-fieldset__legend--") {
			d.LabelSize = strings.TrimPrefix(l.str("classes"), "govuk-fieldset__legend--")
		}
	}
	values := o.sub("values")
	prefix := ""
	if d.Name != "" {
		prefix = d.Name + "-"
	}
	d.Day, d.Month, d.Year = values.str(prefix+"day"), values.str(prefix+"month"), values.str(prefix+"year")
	return d
}

func pager(o *options) templ.Component {
	p := ui.PagerProps{Label: o.str("landmarkLabel"), Class: o.str("classes"), Attrs: o.attrs("attributes")}
	prev, next := o.sub("previous"), o.sub("next")
	p.Prev, p.PrevText, p.PrevLabel = prev.str("href"), prev.str("text"), prev.str("labelText")
	p.Next, p.NextText, p.NextLabel = next.str("href"), next.str("text"), next.str("labelText")
	for _, i := range o.list("items") {
		p.Pages = append(p.Pages, ui.PageLink{
			Number: i.num("number"), Href: i.str("href"), Current: i.yes("current"), Ellipsis: i.yes("ellipsis"),
			Label: i.str("visuallyHiddenText"), Attrs: i.attrs("attributes"),
		})
	}
	return ui.Pager(p)
}

func actions(o *options) []ui.Link {
	var links []ui.Link
	for _, i := range o.list("items") {
		links = append(links, ui.Link{Text: i.str("text"), Hidden: i.str("visuallyHiddenText"), Href: i.str("href"), Attrs: i.attrs("attributes")})
	}
	return links
}

func summary(o *options) templ.Component {
	p := ui.SummaryProps{Class: o.str("classes"), Attrs: o.attrs("attributes")}
	for _, r := range o.list("rows") {
		row := ui.Row{KeyBody: r.sub("key").body(), Body: r.sub("value").body(), Class: r.str("classes")}
		row.Actions = actions(r.sub("actions"))
		p.Rows = append(p.Rows, row)
	}
	if o.m["card"] != nil {
		c := o.sub("card")
		p.Title = c.sub("title").str("text")
		p.Actions = actions(c.sub("actions"))
		p.Class, p.Attrs = c.str("classes"), c.attrs("attributes")
	}
	return ui.Summary(p)
}

func cell(o *options) ui.Cell {
	return ui.Cell{Body: o.body(), Numeric: o.str("format") == "numeric", Class: o.str("classes"), Attrs: o.attrs("attributes")}
}

func table(o *options) templ.Component {
	p := ui.TableProps{
		Caption: o.str("caption"), CaptionClass: o.str("captionClasses"), FirstIsHeader: o.yes("firstCellIsHeader"),
		Class: o.str("classes"), Attrs: o.attrs("attributes"),
	}
	for _, h := range o.list("head") {
		p.Head = append(p.Head, cell(h))
	}
	o.read["rows"] = true
	rows, _ := o.m["rows"].([]any)
	for _, r := range rows {
		cells, _ := r.([]any)
		if cells == nil {
			continue
		}
		var row []ui.Cell
		for _, c := range cells {
			m, _ := c.(map[string]any)
			s := newOptions("table.rows", m)
			*o.subs = append(*o.subs, s)
			row = append(row, cell(s))
		}
		p.Rows = append(p.Rows, row)
	}
	return ui.Table(p)
}

func taskList(o *options) templ.Component {
	p := ui.TaskListProps{ID: o.str("idPrefix"), Class: o.str("classes"), Attrs: o.attrs("attributes")}
	for _, i := range o.list("items") {
		t := ui.Task{Body: i.sub("title").body(), Href: i.str("href"), Hint: i.sub("hint").str("text"), Class: i.str("classes")}
		s := i.sub("status")
		if s.has("tag") {
			tag := s.sub("tag")
			t.Tag = &ui.TagProps{Body: tag.body(), Class: tag.str("classes"), Attrs: tag.attrs("attributes")}
		} else {
			t.Status = s.str("text")
		}
		p.Tasks = append(p.Tasks, t)
	}
	return ui.TaskList(p)
}

// spellcheck is "" when the fixture does not say.
func spellcheck(o *options) string {
	o.read["spellcheck"] = true
	if v, ok := o.m["spellcheck"].(bool); ok {
		return strconv.FormatBool(v)
	}
	return ""
}
