package officesite

import (
	"github.com/a-h/templ"

	"github.com/okno-gov/okno/internal/portal/directory"
	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/officesite/page"
	"github.com/okno-gov/okno/internal/ui"
)

// wordOf is one text of an agency or a centre that has other languages (G-30).
// Name is that of its field in the form and of its label.
type wordOf struct {
	name string
	rows int // of a text area; 0: one line
	at   func(*directory.Words) *string
}

var (
	wordName  = wordOf{"name", 0, func(w *directory.Words) *string { return &w.Name }}
	wordShort = wordOf{"short", 0, func(w *directory.Words) *string { return &w.Short }}
	wordPost  = wordOf{"head_post", 0, func(w *directory.Words) *string { return &w.Post }}
	wordAbout = wordOf{"about", 3, func(w *directory.Words) *string { return &w.About }}
	wordNote  = wordOf{"note", 2, func(w *directory.Words) *string { return &w.Note }}

	agencyWords = []wordOf{wordName, wordShort, wordPost, wordAbout}
	centreWords = []wordOf{wordName, wordNote}
)

// wordFields ask for the texts in Tatar and English; pages show the Russian text
// where one is empty.
func wordFields(f field, of []wordOf, tt, en *directory.Words) []templ.Component {
	var out []templ.Component
	for _, x := range []struct {
		lang string
		now  *directory.Words
	}{{"tt", tt}, {"en", en}} {
		now := x.now
		if now == nil {
			now = &directory.Words{}
		}
		var fields []templ.Component
		for _, word := range of {
			p := ui.Field{Name: word.name + "_" + x.lang, Label: f.T("manage.directory." + word.name), Value: *word.at(now)}
			if word.rows > 0 {
				fields = append(fields, ui.Textarea(ui.TextArea{Field: p, Rows: word.rows}))
			} else {
				fields = append(fields, ui.Input(ui.TextField{Field: p, Autocomplete: "off"}))
			}
		}
		out = append(out, page.Folded(f.T("manage.text.in_"+x.lang), false, fields...))
	}
	return out
}

// readWords reads what wordFields asked for over the texts that are there: the
// notes of phones and the names of offices have no fields and stay.
func readWords(f kit.Form, of []wordOf, lang string, was *directory.Words) *directory.Words {
	now := directory.Words{}
	if was != nil {
		now = *was
	}
	empty := len(now.Phones)+len(now.Offices) == 0
	for _, word := range of {
		*word.at(&now) = f.Lines(word.name + "_" + lang)
		empty = empty && *word.at(&now) == ""
	}
	if empty {
		return nil
	}
	return &now
}
