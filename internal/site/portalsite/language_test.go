package portalsite_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// crawl follows the links of the portal from the addresses given and hands each page over, at most n of them.
func crawl(b *kittest.Browser, n int, visit func(*kittest.Page), from ...string) int {
	seen := map[string]bool{}
	for len(from) > 0 && len(seen) < n {
		addr := from[0]
		from = from[1:]
		if seen[addr] {
			continue
		}
		seen[addr] = true
		page := b.Get(addr)
		if page.Status != 200 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			continue
		}
		visit(page)
		for _, a := range page.All("a[href^='/']") {
			for _, at := range a.Attr {
				if at.Key == "href" && !elsewhere.MatchString(at.Val) {
					href, _, _ := strings.Cut(at.Val, "#")
					from = append(from, href)
				}
			}
		}
	}
	return len(seen)
}

// elsewhere are links that lead out of the portal or hand a file over.
var elsewhere = regexp.MustCompile(`^//|^/auth|^/lang|/files?/|\.pdf|\?`)

// russian are the words of a page that are in Russian: its text and what is read aloud, without what names itself
// to be Russian.
func russian(n *html.Node) []string {
	var out []string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		for _, a := range n.Attr {
			if a.Key == "lang" && a.Val != "en" {
				return
			}
			if slices.Contains([]string{"aria-label", "placeholder", "alt", "title"}, a.Key) && cyrillic.MatchString(a.Val) {
				out = append(out, a.Val)
			}
		}
		if n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "template"}, n.Data) {
			return
		}
		if text := strings.Join(strings.Fields(n.Data), " "); n.Type == html.TextNode && cyrillic.MatchString(text) {
			out = append(out, text)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return out
}

var cyrillic = regexp.MustCompile(`\p{Cyrillic}`)

// Who chose English reads English on every page: what stays in Russian are names, addresses and what people wrote.
func TestEnglishPagesHoldNoRussian(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(anna(3))
	b.Get("/services/marriage-registration").Submit("form[action='/services/marriage-registration/apply']")
	b.SetCookie("okno_lang", "en")
	n := crawl(b, 200, func(page *kittest.Page) {
		for _, body := range page.All("html") {
			for _, text := range russian(body) {
				if rest := properNames.ReplaceAllString(text, ""); cyrillic.MatchString(rest) {
					t.Errorf("%s: %q", page.URL.Path, text)
				}
			}
		}
	}, "/", "/services", "/agencies", "/situations", "/centres", "/help/", "/acts", "/news", "/lk/", "/lk/applications", "/place")
	if n < 60 {
		t.Errorf("only %d pages", n)
	}
}

// properNames stay as they are: the brand of the region's configuration, the test's people, heads of agencies,
// addresses as they are written on the house, registers as the account’s provider calls them.
var properNames = regexp.MustCompile(`Услуги Тюменской области|(Тестова )?(Анна|Мария) (Викторовна|Ивановна)|Тестова|МВД|А\. В\.|(г\. )?(Тюмень|Тобольск|Ишим)(, .*)?` +
	`|\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+(вич|вна)|УМВД по Тюменской области`)
