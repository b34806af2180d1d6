package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui"
)

// govukWords are the words that govuk-frontend writes by itself.
const govukWords = `
ui.error: "Error"
ui.back: "Back"
ui.breadcrumbs: "Breadcrumb"
ui.skip: "Skip to main content"
ui.errors.title: "There is a problem"
ui.banner.important: "Important"
ui.banner.success: "Success"
ui.pager: "Pagination"
ui.pager.page: "Page {n}"
ui.pager.prev: "Previous"
ui.pager.next: "Next"
ui.date.day: "Day"
ui.date.month: "Month"
ui.date.year: "Year"
ui.password.show: "Show"
ui.password.show_label: "Show password"
ui.count.limit: "You can enter up to {n} characters"
`

// notOurs are the options of govuk-frontend that our components leave out, each
// with the reason. A fixture that uses one of them is not compared; an entry that
// no fixture needs fails the test.
var notOurs = map[string]string{
	"*.attributes":                            "labels, hints, legends and errors carry no extra attributes: nothing of ours needs them",
	"*.fieldset.describedBy":                  "DescribedBy of the field stands for it",
	"*.items.label":                           "the label of an option looks the same everywhere",
	"*.items.checked":                         "an option cannot be unticked against the value of the choice",
	"*.items.selected":                        "an option cannot be unticked against the value of the choice",
	"*.items.html":                            "a text of the catalogue",
	"back-link.classes":                       "there is one ground, the white one",
	"back-link.html":                          "a text of the catalogue",
	"breadcrumbs.classes":                     "there is one ground, the white one",
	"breadcrumbs.collapseOnMobile":            "the way back stays whole on a phone; it wraps",
	"breadcrumbs.labelText":                   "a key of the catalogue",
	"button.isStartButton":                    "the filled button is the start; no arrow",
	"button.preventDoubleClick":               "only the value true is written",
	"character-count.maxwords":                "limits of the services are in characters",
	"character-count.countType":               "limits of the services are in characters",
	"character-count.threshold":               "the count is always shown",
	"character-count.countMessage":            "the count looks the same everywhere",
	"character-count.textareaDescriptionText": "a key of the catalogue",
	"date-input.items":                        "a date has a day, a month and a year",
	"date-input.day":                          "a date has a day, a month and a year",
	"date-input.month":                        "a date has a day, a month and a year",
	"date-input.year":                         "a date has a day, a month and a year",
	"details.summaryHtml":                     "a text of the catalogue",
	"error-message.classes":                   "errors look the same everywhere",
	"error-message.html":                      "a text of the catalogue",
	"error-message.visuallyHiddenText":        "a key of the catalogue",
	"error-summary.classes":                   "the summary looks the same everywhere",
	"error-summary.attributes":                "nothing of ours needs them",
	"error-summary.titleHtml":                 "a key of the catalogue",
	"error-summary.descriptionText":           "the title says it",
	"error-summary.descriptionHtml":           "the title says it",
	"error-summary.errorList.html":            "a text of the catalogue",
	"error-summary.disableAutoFocus":          "the summary always takes the focus",
	"file-upload.javascript":                  "the native control stays; UploadForm adds the progress",
	"input.prefix.html":                       "a unit is a text",
	"input.prefix.classes":                    "a unit looks the same everywhere",
	"input.suffix.html":                       "a unit is a text",
	"input.suffix.classes":                    "a unit looks the same everywhere",
	"notification-banner.titleHtml":           "a text of the catalogue",
	"notification-banner.role":                "the role follows the kind",
	"notification-banner.titleHeadingLevel":   "always the second level",
	"notification-banner.disableAutoFocus":    "the script does not move the focus",
	"skip-link.classes":                       "there is one",
	"skip-link.html":                          "a text of the catalogue",
	"summary-list.rows.key.classes":           "keys look the same everywhere",
	"summary-list.rows.value.classes":         "values look the same everywhere",
	"summary-list.rows.actions.classes":       "actions look the same everywhere",
	"summary-list.rows.actions.items.classes": "links look the same everywhere",
	"summary-list.card.title.html":            "a text",
	"summary-list.card.title.headingLevel":    "always the second level",
	"table.head.colspan":                      "tables of the office are plain",
	"table.head.rowspan":                      "tables of the office are plain",
	"table.rows.colspan":                      "tables of the office are plain",
	"table.rows.rowspan":                      "tables of the office are plain",
	"task-list.items.title.classes":           "titles look the same everywhere",
	"task-list.items.hint.html":               "a text of the catalogue",
	"task-list.items.status.html":             "a text of the catalogue",
	"task-list.items.status.classes":          "the state is a tag or a plain word",
}

// options reads the options of a fixture and remembers what was not asked for.
type options struct {
	path string
	m    map[string]any
	read map[string]bool
	subs *[]*options
}

func newOptions(path string, m map[string]any) *options {
	return &options{path: path, m: m, read: map[string]bool{}, subs: &[]*options{}}
}

func (o *options) has(key string) bool { v, ok := o.m[key]; return ok && v != nil && v != false }

func (o *options) str(key string) string {
	o.read[key] = true
	switch v := o.m[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return fmt.Sprint(v)
	case bool:
		if v {
			return "true"
		}
	}
	return ""
}

func (o *options) yes(key string) bool { o.read[key] = true; return o.m[key] == true }

func (o *options) num(key string) int {
	o.read[key] = true
	switch v := o.m[key].(type) {
	case float64:
		return int(v)
	case string:
		n := 0
		fmt.Sscan(v, &n)
		return n
	}
	return 0
}

func (o *options) sub(key string) *options {
	o.read[key] = true
	m, _ := o.m[key].(map[string]any)
	s := newOptions(o.path+"."+key, m)
	*o.subs = append(*o.subs, s)
	return s
}

func (o *options) list(key string) []*options {
	o.read[key] = true
	var out []*options
	items, _ := o.m[key].([]any)
	for _, i := range items {
		m, _ := i.(map[string]any)
		if len(m) == 0 {
			continue
		}
		s := newOptions(o.path+"."+key, m)
		*o.subs = append(*o.subs, s)
		out = append(out, s)
	}
	return out
}

// attrs takes the extra attributes of an element.
func (o *options) attrs(key string) ui.Attrs {
	o.read[key] = true
	m, _ := o.m[key].(map[string]any)
	if len(m) == 0 {
		return nil
	}
	a := ui.Attrs{}
	for k, v := range m {
		if s, ok := v.(map[string]any); ok {
			v = s["value"]
		}
		a[k] = fmt.Sprint(v)
	}
	return a
}

// body is the markup of a slot: its html, or its text.
func (o *options) body() templ.Component {
	o.read["html"], o.read["text"] = true, true
	if h, _ := o.m["html"].(string); h != "" {
		return templ.Raw(h)
	}
	if t := o.str("text"); t != "" {
		return ui.Slot(t, nil)
	}
	return nil
}

// unread lists the options that the component did not look at.
func (o *options) unread() []string {
	var out []string
	for k, v := range o.m {
		if !o.read[k] && v != nil {
			out = append(out, o.path+"."+k)
		}
	}
	for _, s := range *o.subs {
		out = append(out, s.unread()...)
	}
	return out
}

func TestGovukFixtures(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load(fstest.MapFS{"govuk.ru.yaml": {Data: []byte(govukWords)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := i18n.With(t.Context(), bundle.For("ru"))
	used := map[string]bool{}
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(components)) {
		for _, f := range fixtures(t, name) {
			o := newOptions(name, f.Options)
			c := components[name](o)
			if reason := skipped(o.unread(), f.Name, name, used); reason != "" {
				continue
			}
			compared++
			var got strings.Builder
			if err := c.Render(ctx, &got); err != nil {
				t.Errorf("%s, %s: %v", name, f.Name, err)
				continue
			}
			if g, w := normal(t, got.String()), normal(t, shortPager.Replace(f.HTML)); g != w {
				t.Errorf("%s, %s:\n--- ours\n%s\n--- govuk-frontend\n%s", name, f.Name, g, w)
			}
		}
	}
	for _, table := range []map[string]string{notOurs, differs} {
		for key, reason := range table {
			if !used[key] {
				t.Errorf("the exception %q (%s) is not needed", key, reason)
			}
			if reason == "" {
				t.Errorf("the exception %q has no reason", key)
			}
		}
	}
	if compared < 380 {
		t.Errorf("only %d fixtures were compared", compared)
	}
	t.Logf("%d fixtures compared", compared)
}

// skipped is the reason why a fixture is not compared. An option that is neither
// read nor excused is reported by the comparison, since its effect is missing.
func skipped(unread []string, fixture, component string, used map[string]bool) string {
	key := component + ": " + fixture
	if reason, ok := differs[key]; ok {
		used[key] = true
		return reason
	}
	found := ""
	for _, path := range unread {
		for pattern, reason := range notOurs {
			if path == pattern || strings.HasPrefix(pattern, "*") && strings.HasSuffix(path, pattern[1:]) {
				used[pattern] = true
				found = reason
			}
		}
	}
	return found
}

// shortPager: our catalogue says «Назад» and «Дальше» without more words for readers.
var shortPager = strings.NewReplacer(`<span class="govuk-visually-hidden"> page</span>`, "")

type fixture struct {
	Name    string
	Options map[string]any
	HTML    string
}

func fixtures(t *testing.T, component string) []fixture {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/govuk", component+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Fixtures []fixture }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Fixtures
}

// normal writes a fragment with one node a line, attributes and classes in
// order. Left out are what we add on purpose: aria-invalid, and the words for the
// scripts, which always come from our catalogue.
func normal(t *testing.T, fragment string) string {
	t.Helper()
	context := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(fragment), context)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		indent := strings.Repeat(" ", depth)
		switch n.Type {
		case html.TextNode:
			if text := strings.Join(strings.Fields(n.Data), " "); text != "" {
				b.WriteString(indent + text + "\n")
			}
		case html.ElementNode:
			var attrs []string
			for _, a := range n.Attr {
				if a.Key == "aria-invalid" || strings.HasPrefix(a.Key, "data-i18n.") {
					continue
				}
				if a.Key == "class" {
					names := strings.Fields(a.Val)
					slices.Sort(names)
					a.Val = strings.Join(slices.Compact(names), " ")
					if a.Val == "" {
						continue
					}
				}
				attrs = append(attrs, a.Key+"="+strings.Join(strings.Fields(a.Val), " "))
			}
			slices.Sort(attrs)
			b.WriteString(indent + "<" + strings.Join(append([]string{n.Data}, attrs...), " ") + ">\n")
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				walk(c, depth+1)
			}
		}
	}
	for _, n := range nodes {
		walk(n, 0)
	}
	return b.String()
}

// with renders a component around markup as its children.
func with(c templ.Component, markup string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Raw(markup)), w)
	})
}
