package kittest

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Crawl follows the links of a site from the addresses given, but not those that a match, and hands each page
// over; at most n addresses. It answers how many it has seen.
func (b *Browser) Crawl(n int, not *regexp.Regexp, visit func(*Page), from ...string) int {
	b.t.Helper()
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
			if href, _, _ := strings.Cut(attr(a, "href"), "#"); !not.MatchString(href) {
				from = append(from, href)
			}
		}
	}
	return len(seen)
}

// Cyrillic are the texts of the page with Cyrillic letters: what is seen and what is read aloud, without what
// names its own language.
func (p *Page) Cyrillic(lang string) []string {
	p.b.t.Helper()
	var out []string
	for _, root := range p.All("html") {
		cyrillicTexts(root, lang, &out)
	}
	return out
}

var cyrillic = regexp.MustCompile(`\p{Cyrillic}`)

func cyrillicTexts(n *html.Node, lang string, out *[]string) {
	if own := attr(n, "lang"); own != "" && own != lang {
		return
	}
	for _, name := range []string{"aria-label", "placeholder", "alt", "title"} {
		if text := attr(n, name); cyrillic.MatchString(text) {
			*out = append(*out, text)
		}
	}
	if n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "template"}, n.Data) {
		return
	}
	if text := strings.Join(strings.Fields(n.Data), " "); n.Type == html.TextNode && cyrillic.MatchString(text) {
		*out = append(*out, text)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		cyrillicTexts(c, lang, out)
	}
}
