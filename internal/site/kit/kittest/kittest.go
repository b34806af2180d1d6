// Package kittest drives a site's handler as a browser without script does: it
// keeps cookies, fills in the forms that are on the page and follows redirects.
// Pages are asked by CSS selectors, and each page that it gets is checked
// against the rules that hold for all of them (see [Page] and check.go).
package kittest

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Browser is one visitor of one or several sites, with cookies of his own.
type Browser struct {
	t        testing.TB
	handlers map[string]http.Handler // by host
	host     string                  // the host of relative addresses
	cookies  map[string]map[string]*http.Cookie
	Header   http.Header // sent with every request, such as Accept-Language
	Addr     string      // RemoteAddr, default 192.0.2.1:1234
	Unruly   bool        // do not check the pages against the common rules
}

// New returns a visitor of the site that h serves at host.
func New(t testing.TB, host string, h http.Handler) *Browser {
	b := &Browser{t: t, handlers: map[string]http.Handler{}, cookies: map[string]map[string]*http.Cookie{}, Header: http.Header{}, host: host, Addr: "192.0.2.1:1234"}
	b.Add(host, h)
	return b
}

// Add makes a further site reachable, for redirects between sites.
func (b *Browser) Add(host string, h http.Handler) *Browser {
	b.handlers[host] = h
	return b
}

// Cookie is the value of a cookie that the browser holds for its first host.
func (b *Browser) Cookie(name string) string {
	if c := b.cookies[b.host][name]; c != nil {
		return c.Value
	}
	return ""
}

// CookieNames are the cookies that the browser holds for its first host.
func (b *Browser) CookieNames() []string {
	var out []string
	for n := range b.cookies[b.host] {
		out = append(out, n)
	}
	return out
}

// SetCookie plants a cookie for the browser's first host: what an attacker does.
func (b *Browser) SetCookie(name, value string) {
	b.jar(b.host)[name] = &http.Cookie{Name: name, Value: value}
}

// DropSessionCookies does what closing the browser does.
func (b *Browser) DropSessionCookies() {
	for _, jar := range b.cookies {
		for n, c := range jar {
			if c.MaxAge == 0 {
				delete(jar, n)
			}
		}
	}
}

func (b *Browser) jar(host string) map[string]*http.Cookie {
	if b.cookies[host] == nil {
		b.cookies[host] = map[string]*http.Cookie{}
	}
	return b.cookies[host]
}

// Get opens an address and follows redirects to the page.
func (b *Browser) Get(addr string) *Page {
	b.t.Helper()
	return b.follow(http.MethodGet, addr, nil, "")
}

// Post sends a form as a page of the same site would, and follows redirects.
func (b *Browser) Post(addr string, form url.Values) *Page {
	b.t.Helper()
	return b.follow(http.MethodPost, addr, []byte(form.Encode()), "application/x-www-form-urlencoded")
}

// PostFrom sends a form from a page of another origin.
func (b *Browser) PostFrom(origin, addr string, form url.Values) *Page {
	b.t.Helper()
	h := b.Header.Clone()
	defer func() { b.Header = h }()
	b.Header = h.Clone()
	b.Header.Set("Origin", origin)
	b.Header.Set("Sec-Fetch-Site", "cross-site")
	return b.follow(http.MethodPost, addr, []byte(form.Encode()), "application/x-www-form-urlencoded")
}

// Raw sends one request and does not follow: for redirects and headers.
func (b *Browser) Raw(method, addr string, body []byte, ctype string) *http.Response {
	b.t.Helper()
	u, err := url.Parse(addr)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, addr, err)
	}
	if u.Host == "" {
		u.Scheme, u.Host = "http", b.host
	}
	u.Fragment = "" // browsers keep it to themselves
	h := b.handlers[u.Host]
	if h == nil {
		b.t.Fatalf("%s %s: no site at this host", method, addr)
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, u.String(), bytes.NewReader(body))
	r.RemoteAddr = b.Addr
	r.Header = b.Header.Clone()
	if ctype != "" {
		r.Header.Set("Content-Type", ctype)
	}
	if method == http.MethodPost && r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range b.jar(u.Host) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar(u.Host), c.Name)
		} else {
			b.jar(u.Host)[c.Name] = c
		}
	}
	return res
}

func (b *Browser) follow(method, addr string, body []byte, ctype string) *Page {
	b.t.Helper()
	for range 12 {
		res := b.Raw(method, addr, body, ctype)
		loc := res.Header.Get("Location")
		if loc == "" || res.StatusCode < 300 || res.StatusCode > 399 {
			return b.page(res)
		}
		next, err := res.Request.URL.Parse(loc)
		if err != nil {
			b.t.Fatalf("%s %s: bad Location %q", method, addr, loc)
		}
		if b.handlers[next.Host] == nil {
			p := b.page(res)
			p.Left = next
			return p
		}
		if res.StatusCode != http.StatusTemporaryRedirect && res.StatusCode != http.StatusPermanentRedirect {
			method, body, ctype = http.MethodGet, nil, ""
		}
		addr = next.String()
	}
	b.t.Fatalf("%s: redirected too often", addr)
	return nil
}

// Page is a parsed answer. On every HTML page the common rules are checked:
// language, title, one h1, unique ids, labelled fields, no inline script or
// style, no form without a method.
type Page struct {
	b      *Browser
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
	Left   *url.URL // where the redirect led to, when no site of the browser is there
	root   *html.Node
}

func (b *Browser) page(res *http.Response) *Page {
	b.t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := &Page{b: b, URL: res.Request.URL, Status: res.StatusCode, Header: res.Header, Body: string(raw)}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return p
	}
	if p.root, err = html.Parse(bytes.NewReader(raw)); err != nil {
		b.t.Fatal(err)
	}
	if !b.Unruly && len(raw) > 0 && res.StatusCode/100 != 3 {
		for _, fault := range Check(p.root) {
			b.t.Errorf("%s: %s", p.URL, fault)
		}
	}
	return p
}

// All are the nodes that the selector finds.
func (p *Page) All(selector string) []*html.Node {
	p.b.t.Helper()
	sel, err := cascadia.ParseGroup(selector)
	if err != nil {
		p.b.t.Fatalf("selector %q: %v", selector, err)
	}
	if p.root == nil {
		return nil
	}
	return cascadia.QueryAll(p.root, sel)
}

// Has tells whether the selector finds anything.
func (p *Page) Has(selector string) bool { p.b.t.Helper(); return len(p.All(selector)) > 0 }

// Texts are the texts of what the selector finds, white space collapsed.
func (p *Page) Texts(selector string) []string {
	p.b.t.Helper()
	var out []string
	for _, n := range p.All(selector) {
		out = append(out, Text(n))
	}
	return out
}

// Text is the text of all that the selector finds, joined by " | ".
func (p *Page) Text(selector string) string {
	p.b.t.Helper()
	return strings.Join(p.Texts(selector), " | ")
}

// Want fails the test unless the selector finds something whose text contains
// want (white space collapsed, no-break spaces as spaces, ё = е, any case).
func (p *Page) Want(selector, want string) *Page {
	p.b.t.Helper()
	got := p.Text(selector)
	if !p.Has(selector) || !strings.Contains(fold(got), fold(want)) {
		p.b.t.Fatalf("%s (%d): %q has %q, want %q\n%s", p.URL, p.Status, selector, got, want, p.excerpt())
	}
	return p
}

// Lacks fails the test when the selector finds something with this text.
func (p *Page) Lacks(selector, text string) *Page {
	p.b.t.Helper()
	if p.Has(selector) && strings.Contains(fold(p.Text(selector)), fold(text)) {
		p.b.t.Fatalf("%s: %q has %q", p.URL, selector, text)
	}
	return p
}

// WantStatus fails the test unless the answer has this status.
func (p *Page) WantStatus(status int) *Page {
	p.b.t.Helper()
	if p.Status != status {
		p.b.t.Fatalf("%s: status %d, want %d\n%s", p.URL, p.Status, status, p.excerpt())
	}
	return p
}

// WantPath fails the test unless the browser ended at this path.
func (p *Page) WantPath(path string) *Page {
	p.b.t.Helper()
	if p.URL.Path != path {
		p.b.t.Fatalf("ended at %s (%d), want %s\n%s", p.URL, p.Status, path, p.excerpt())
	}
	return p
}

func (p *Page) excerpt() string {
	if !p.Has("main") {
		return p.Body[:min(len(p.Body), 600)]
	}
	s := []rune(p.Text("main"))
	return string(s[:min(len(s), 1200)])
}

// Attr is an attribute of the first node that the selector finds; the test
// fails when there is none.
func (p *Page) Attr(selector, name string) string {
	p.b.t.Helper()
	nodes := p.All(selector)
	if len(nodes) == 0 {
		p.b.t.Fatalf("%s: nothing matches %q\n%s", p.URL, selector, p.excerpt())
	}
	return attr(nodes[0], name)
}

// Click follows the first link that the selector finds.
func (p *Page) Click(selector string) *Page {
	p.b.t.Helper()
	href := p.Attr(selector, "href")
	u, err := p.URL.Parse(href)
	if err != nil {
		p.b.t.Fatalf("link %q: %v", href, err)
	}
	return p.b.Get(u.String())
}

// File is an upload for [Page.Submit].
type File struct {
	Field, Name string
	Content     []byte
}

// Submit sends the form that the selector finds (the form itself or a button in
// it), with what is in its fields, changed by values given as name, value, …. A
// name that the form does not have fails the test; a value "" clears a field.
func (p *Page) Submit(selector string, nameValues ...string) *Page {
	p.b.t.Helper()
	return p.SubmitFiles(selector, nil, nameValues...)
}

// SubmitFiles is Submit with uploads: the form must be multipart.
func (p *Page) SubmitFiles(selector string, files []File, nameValues ...string) *Page {
	t := p.b.t
	t.Helper()
	nodes := p.All(selector)
	if len(nodes) == 0 {
		t.Fatalf("%s: no form %q\n%s", p.URL, selector, p.excerpt())
	}
	form, button := nodes[0], (*html.Node)(nil)
	if form.Data != "form" {
		button = form
		for form != nil && form.Data != "form" {
			form = form.Parent
		}
		if form == nil {
			t.Fatalf("%s: %q is in no form", p.URL, selector)
		}
	}
	values, names := fields(form)
	if button != nil && attr(button, "name") != "" {
		values.Set(attr(button, "name"), attr(button, "value"))
		names[attr(button, "name")] = true
	}
	for i := 0; i+1 < len(nameValues); i += 2 {
		if !names[nameValues[i]] {
			t.Fatalf("%s: form %q has no field %q, only %v", p.URL, selector, nameValues[i], names)
		}
		if nameValues[i+1] == "" {
			values.Del(nameValues[i])
		} else {
			values.Set(nameValues[i], nameValues[i+1])
		}
	}
	action := attr(form, "action")
	if button != nil && attr(button, "formaction") != "" {
		action = attr(button, "formaction")
	}
	u, err := p.URL.Parse(action)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.EqualFold(attr(form, "method"), "post") {
		u.RawQuery = values.Encode()
		return p.b.Get(u.String())
	}
	if !strings.EqualFold(attr(form, "enctype"), "multipart/form-data") {
		if files != nil {
			t.Fatalf("%s: form %q is not multipart", p.URL, selector)
		}
		return p.b.Post(u.String(), values)
	}
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	for name, vs := range values {
		for _, v := range vs {
			if err := mw.WriteField(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		w, err := mw.CreateFormFile(f.Field, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := mw.Close(); err != nil {
		t.Fatal(err)
	}
	return p.b.follow(http.MethodPost, u.String(), body.Bytes(), mw.FormDataContentType())
}

func (p *Page) String() string { return fmt.Sprintf("%d %s", p.Status, p.URL) }
