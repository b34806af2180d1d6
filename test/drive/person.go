package drive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Person is a browser without script: cookies, forms, redirects.
type Person struct {
	HTTP *http.Client
}

// Transport reaches *.localhost, which Go's resolver does not know.
func Transport() *http.Transport {
	dial := (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	return &http.Transport{
		MaxIdleConnsPerHost: 256,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
				addr = net.JoinHostPort("127.0.0.1", port)
			}
			return dial(ctx, network, addr)
		},
	}
}

// NewPerson opens a browser with an empty jar of cookies.
func NewPerson() *Person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // without options it cannot fail
	}
	return &Person{HTTP: &http.Client{Transport: Transport(), Jar: jar, Timeout: 2 * time.Minute}}
}

// Page is an answer that has arrived whole.
type Page struct {
	p      *Person
	URL    *url.URL
	Status int
	Header http.Header
	Body   []byte
	root   *html.Node
}

// Get opens an address and follows redirects.
func (p *Person) Get(ctx context.Context, addr string) (*Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, addr, nil)
	if err != nil {
		return nil, err
	}
	return p.do(req)
}

// Post sends a body as a page of the same site would, and follows redirects.
func (p *Person) Post(ctx context.Context, addr, ctype string, body []byte) (*Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", ctype)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.do(req)
}

func (p *Person) do(req *http.Request) (*Page, error) {
	res, err := p.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	pg := &Page{p: p, URL: res.Request.URL, Status: res.StatusCode, Header: res.Header, Body: raw}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		if pg.root, err = html.Parse(bytes.NewReader(raw)); err != nil {
			return nil, err
		}
	}
	return pg, nil
}

// all are the nodes that a selector finds; selectors are constants of the tests.
func (pg *Page) all(selector string) []*html.Node {
	if pg.root == nil {
		return nil
	}
	return cascadia.QueryAll(pg.root, cascadia.MustCompile(selector))
}

// Has tells whether a selector finds anything.
func (pg *Page) Has(selector string) bool { return len(pg.all(selector)) > 0 }

// Texts are the texts of what a selector finds, spaces folded.
func (pg *Page) Texts(selector string) []string {
	var out []string
	for _, n := range pg.all(selector) {
		out = append(out, text(n))
	}
	return out
}

// Text is all that the page says in its main part.
func (pg *Page) Text() string { return strings.Join(pg.Texts("main"), " ") }

// Attrs is an attribute of everything that a selector finds.
func (pg *Page) Attrs(selector, name string) []string {
	var out []string
	for _, n := range pg.all(selector) {
		out = append(out, attr(n, name))
	}
	return out
}

// Want is an error unless the page has this status.
func (pg *Page) Want(status int) error {
	if pg.Status == status {
		return nil
	}
	body := pg.Text()
	if body == "" {
		body = string(pg.Body)
	}
	r := []rune(body)
	return fmt.Errorf("%s: status %d, want %d: %s", pg.URL.Path, pg.Status, status, string(r[:min(len(r), 600)]))
}

// Form is a filled-in form that can be sent more than once.
type Form struct {
	p      *Person
	Action string
	Method string
	Multi  bool // multipart
	Values url.Values
	Files  []File
}

// File is an upload.
type File struct {
	Field, Name string
	Content     []byte
}

// Form takes the form that a selector finds (itself or a button in it) with
// what its fields hold.
func (pg *Page) Form(selector string) (*Form, error) {
	nodes := pg.all(selector)
	if len(nodes) == 0 {
		r := []rune(pg.Text())
		return nil, fmt.Errorf("%s (%d): no form %q: %s", pg.URL.Path, pg.Status, selector, string(r[:min(len(r), 600)]))
	}
	form, button := nodes[0], (*html.Node)(nil)
	if form.Data != "form" {
		button = form
		for form != nil && form.Data != "form" {
			form = form.Parent
		}
		if form == nil {
			return nil, fmt.Errorf("%s: %q is in no form", pg.URL.Path, selector)
		}
	}
	action := attr(form, "action")
	f := &Form{
		p: pg.p, Method: strings.ToUpper(attr(form, "method")), Values: fields(form),
		Multi: strings.EqualFold(attr(form, "enctype"), "multipart/form-data"),
	}
	if button != nil {
		if n := attr(button, "name"); n != "" {
			f.Values.Set(n, attr(button, "value"))
		}
		if a := attr(button, "formaction"); a != "" {
			action = a
		}
	}
	u, err := pg.URL.Parse(action)
	if err != nil {
		return nil, err
	}
	f.Action = u.String()
	return f, nil
}

// Set fills in fields: name, value, …; the empty value clears one.
func (f *Form) Set(nameValues ...string) *Form {
	for i := 0; i+1 < len(nameValues); i += 2 {
		if nameValues[i+1] == "" {
			f.Values.Del(nameValues[i])
		} else {
			f.Values.Set(nameValues[i], nameValues[i+1])
		}
	}
	return f
}

// By is the form as another browser window of somebody else would send it.
func (f *Form) By(p *Person) *Form {
	g := *f
	g.p = p
	return &g
}

// Send sends the form and follows to the page.
func (f *Form) Send(ctx context.Context) (*Page, error) {
	if f.Method != http.MethodPost {
		return f.p.Get(ctx, f.Action+"?"+f.Values.Encode())
	}
	if !f.Multi {
		return f.p.Post(ctx, f.Action, "application/x-www-form-urlencoded", []byte(f.Values.Encode()))
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range f.Values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				return nil, err
			}
		}
	}
	for _, file := range f.Files {
		part, err := w.CreateFormFile(file.Field, file.Name)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(file.Content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return f.p.Post(ctx, f.Action, w.FormDataContentType(), b.Bytes())
}

// Submit is Form, Set and Send.
func (pg *Page) Submit(ctx context.Context, selector string, nameValues ...string) (*Page, error) {
	f, err := pg.Form(selector)
	if err != nil {
		return nil, err
	}
	return f.Set(nameValues...).Send(ctx)
}

// fields are the values that a browser would send of an untouched form.
func fields(form *html.Node) url.Values {
	v := url.Values{}
	for _, n := range cascadia.QueryAll(form, controls) {
		name := attr(n, "name")
		if name == "" || has(n, "disabled") {
			continue
		}
		switch n.Data {
		case "textarea":
			v.Add(name, text(n))
		case "select":
			if o := chosen(n); o != nil {
				v.Add(name, attr(o, "value"))
			}
		default:
			switch attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					v.Add(name, attr(n, "value"))
				}
			case "submit", "button", "reset", "image", "file":
			default:
				v.Add(name, attr(n, "value"))
			}
		}
	}
	return v
}

var (
	controls = cascadia.MustCompile("input, textarea, select")
	options  = cascadia.MustCompile("option")
)

func chosen(sel *html.Node) *html.Node {
	all := cascadia.QueryAll(sel, options)
	for _, o := range all {
		if has(o, "selected") {
			return o
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}
