package kit_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/okno-gov/okno/internal/base/i18n"
	"github.com/okno-gov/okno/internal/ui/kit"
	"github.com/okno-gov/okno/internal/ui/layout"
)

func languages(t *testing.T) map[string]context.Context {
	t.Helper()
	bundle, err := i18n.Load(os.DirFS("../../../locale"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]context.Context{}
	for _, lang := range []string{"ru", "tt", "en"} {
		out[lang] = i18n.With(t.Context(), bundle.For(lang))
	}
	return out
}

// Every component and every sample page is sound HTML that our content security
// policy lets through, in each language.
func TestRendered(t *testing.T) {
	t.Parallel()
	for lang, ctx := range languages(t) {
		pages := map[string]templ.Component{"gallery": kit.Gallery("/kit/")}
		for _, s := range kit.Samples() {
			s.Page.Lang = lang
			pages[s.Name] = layout.Render(s.Page, s.Body)
		}
		for name, page := range pages {
			t.Run(lang+"/"+name, func(t *testing.T) {
				t.Parallel()
				var b strings.Builder
				if err := page.Render(ctx, &b); err != nil {
					t.Fatal(err)
				}
				for _, problem := range check(t, b.String()) {
					t.Error(problem)
				}
			})
		}
	}
}

// check reports what would break the policy, the keyboard or a screen reader.
func check(t *testing.T, page string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	ids := map[string]int{}
	var refs []string
	mains, h1 := 0, 0
	walk(doc, func(n *html.Node) {
		if n.Type == html.TextNode && isKey(strings.TrimSpace(n.Data)) {
			problems = append(problems, "a key without text: "+n.Data)
		}
		if n.Type != html.ElementNode {
			return
		}
		switch n.Data {
		case "main":
			mains++
		case "h1":
			h1++
		case "style":
			problems = append(problems, "a style element")
		case "script":
			if n.FirstChild != nil {
				problems = append(problems, "an inline script")
			}
		case "img":
			if !has(n, "alt") {
				problems = append(problems, "an img without alt")
			}
		case "button":
			if !has(n, "type") {
				problems = append(problems, "a button without type")
			}
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-"):
				problems = append(problems, "the attribute "+a.Key+" on "+n.Data)
			case a.Key == "id":
				ids[a.Val]++
			case a.Key == "for", a.Key == "aria-describedby", a.Key == "aria-labelledby", a.Key == "aria-controls":
				refs = append(refs, strings.Fields(a.Val)...)
			case a.Key == "href" && (n.Data == "a") && a.Val == "":
				problems = append(problems, "a link without address: "+text(n))
			}
			if isKey(a.Val) {
				problems = append(problems, "a key without text: "+a.Val)
			}
		}
	})
	for id, n := range ids {
		if n > 1 {
			problems = append(problems, "the id "+id+" occurs more than once")
		}
	}
	for _, r := range refs {
		if ids[r] == 0 {
			problems = append(problems, "nothing has the id "+r)
		}
	}
	if mains != 1 || h1 != 1 {
		problems = append(problems, "a page has one main and one h1")
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

func isKey(s string) bool {
	return strings.HasPrefix(s, "ui.") && !strings.ContainsAny(s, " /")
}

func walk(n *html.Node, f func(*html.Node)) {
	f(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func text(n *html.Node) string {
	var b strings.Builder
	walk(n, func(c *html.Node) {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	})
	return strings.TrimSpace(b.String())
}

func TestHandler(t *testing.T) {
	t.Parallel()
	ctx := languages(t)["ru"]
	h := kit.Handler("/kit")
	for path, want := range map[string]int{"/kit/": 200, "/kit/form": 200, "/kit/nothing": 404} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s answers %d, want %d", path, w.Code, want)
		}
	}
}
