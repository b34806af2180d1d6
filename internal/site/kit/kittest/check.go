package kittest

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Check lists what is wrong with a page by the rules that hold for all pages.
func Check(root *html.Node) []string {
	c := checker{ids: map[string]int{}, labelled: map[string]bool{}}
	c.collect(root)
	c.walk(root)
	if c.h1 != 1 {
		c.fail("%d h1, want one", c.h1)
	}
	if strings.TrimSpace(c.title) == "" {
		c.fail("no title")
	}
	for id, n := range c.ids {
		if n > 1 {
			c.fail("id %q occurs %d times", id, n)
		}
	}
	return c.faults
}

type checker struct {
	faults   []string
	ids      map[string]int
	labelled map[string]bool
	h1       int
	title    string
}

func (c *checker) fail(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) collect(n *html.Node) {
	if n.Type == html.ElementNode {
		if id := attr(n, "id"); id != "" {
			c.ids[id]++
		}
		if n.Data == "label" {
			c.labelled[attr(n, "for")] = true
		}
	}
	for ch := n.FirstChild; ch != nil; ch = ch.NextSibling {
		c.collect(ch)
	}
}

func (c *checker) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		c.element(n)
		for _, a := range n.Attr {
			switch {
			case a.Key == "style":
				c.fail("<%s> has a style attribute", n.Data)
			case strings.HasPrefix(a.Key, "on"):
				c.fail("<%s> has an inline handler %s", n.Data, a.Key)
			case (a.Key == "href" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
				c.fail("<%s> has a javascript address", n.Data)
			case a.Key == "aria-describedby", a.Key == "aria-labelledby", a.Key == "aria-controls":
				for _, id := range strings.Fields(a.Val) {
					if c.ids[id] == 0 {
						c.fail("<%s> %s names %q, which is not there", n.Data, a.Key, id)
					}
				}
			case a.Key == "href" && a.Val == "#":
				c.fail("a dead link %q", Text(n))
			case a.Key == "href" && len(a.Val) > 1 && a.Val[0] == '#' && c.ids[a.Val[1:]] == 0:
				c.fail("link to %q, which is not there", a.Val)
			}
		}
	}
	for ch := n.FirstChild; ch != nil; ch = ch.NextSibling {
		c.walk(ch)
	}
}

func (c *checker) element(n *html.Node) {
	switch n.Data {
	case "html":
		if attr(n, "lang") == "" {
			c.fail("<html> without lang")
		}
	case "h1":
		c.h1++
		if Text(n) == "" {
			c.fail("h1 is empty")
		}
	case "title":
		if n.Parent != nil && n.Parent.Data == "head" {
			c.title = Text(n)
		}
	case "style":
		c.fail("an inline <style>")
	case "script":
		if attr(n, "src") == "" && attr(n, "type") == "" {
			c.fail("an inline <script>")
		}
	case "form":
		if attr(n, "method") == "" {
			c.fail("form %q without method", attr(n, "action"))
		}
	case "img":
		if !hasAttr(n, "alt") {
			c.fail("img %q without alt", attr(n, "src"))
		}
	case "a", "button":
		if n.Data == "a" && attr(n, "href") == "" {
			c.fail("a link without href: %q", Text(n))
		}
		if Text(n) == "" && attr(n, "aria-label") == "" {
			c.fail("<%s> without a name", n.Data)
		}
	case "input", "select", "textarea":
		switch attr(n, "type") {
		case "hidden", "submit", "button":
		default:
			if !c.labelled[attr(n, "id")] && attr(n, "aria-label") == "" && attr(n, "aria-labelledby") == "" && !within(n, "label") {
				c.fail("<%s name=%q> without a label", n.Data, attr(n, "name"))
			}
		}
	}
	// An untranslated message shows as its key; <code> holds technical names on purpose.
	if n.Data != "code" && n.FirstChild != nil && n.FirstChild.Type == html.TextNode && n.FirstChild.NextSibling == nil {
		if s := strings.TrimSpace(n.FirstChild.Data); looksLikeKey(s) {
			c.fail("<%s> shows a message key %q", n.Data, s)
		}
	}
}

var keyHeads = map[string]bool{
	"kit": true, "ui": true, "idsite": true, "desk": true, "person": true, "credential": true, "session": true,
	"enrol": true, "operator": true, "signin": true, "consent": true, "notify": true, "journal": true, "portal": true, "office": true, "application": true, "form": true,
}

func looksLikeKey(s string) bool {
	head, rest, ok := strings.Cut(s, ".")
	if !ok || !keyHeads[head] || rest == "" {
		return false
	}
	for _, r := range rest {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '.' {
			return false
		}
	}
	return true
}

// Text is the text of a node, white space collapsed.
func Text(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		if n.Type == html.ElementNode {
			switch n.Data {
			case "p", "li", "div", "dt", "dd", "h1", "h2", "h3", "td", "th", "option", "br", "label", "legend":
				b.WriteByte(' ')
			}
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

var folder = strings.NewReplacer("ё", "е", "Ё", "е", "\u00a0", " ", "\u202f", " ", "\u2060", "")

func fold(s string) string { return strings.ToLower(folder.Replace(s)) }

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func within(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && p.Data == tag {
			return true
		}
	}
	return false
}

// fields collects what a browser would send, and the names that exist.
func fields(form *html.Node) (url.Values, map[string]bool) {
	values, names := url.Values{}, map[string]bool{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			name := attr(n, "name")
			skip := name == "" || hasAttr(n, "disabled")
			switch {
			case skip:
			case n.Data == "input":
				switch attr(n, "type") {
				case "submit", "button", "image", "reset":
				case "checkbox", "radio":
					names[name] = true
					if hasAttr(n, "checked") {
						values.Add(name, attr(n, "value"))
					}
				case "file":
					names[name] = true
				default:
					names[name] = true
					values.Add(name, attr(n, "value"))
				}
			case n.Data == "textarea":
				names[name] = true
				values.Add(name, strings.TrimPrefix(rawText(n), "\n"))
			case n.Data == "select":
				names[name] = true
				values.Add(name, chosen(n))
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(form)
	return values, names
}

func rawText(n *html.Node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

func chosen(sel *html.Node) string {
	first, found := "", false
	var pick string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && n.Data == "option" {
			v := attr(n, "value")
			if !hasAttr(n, "value") {
				v = Text(n)
			}
			if !found {
				first, found = v, true
			}
			if hasAttr(n, "selected") {
				pick = v
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(sel)
	if pick == "" {
		return first
	}
	return pick
}
