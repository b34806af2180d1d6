package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

const (
	readConns = 4
	readTime  = time.Second
)

// citizen signs a demo person in at the portal.
func (b *bench) citizen(s *side, surname string) (*drive.Person, error) {
	a, err := s.desk().Account(b.ctx, surname)
	if err != nil {
		return nil, err
	}
	p := drive.NewPerson()
	return p, drive.SignIn(b.ctx, p, s.url("uslugi", ""), a.Phone, a.Password)
}

func cookies(p *drive.Person, addr string) string {
	u, err := url.Parse(addr)
	if err != nil {
		return ""
	}
	var out []string
	for _, c := range p.HTTP.Jar.Cookies(u) {
		out = append(out, c.Name+"="+c.Value)
	}
	return strings.Join(out, "; ")
}

// reads is P6: CPU time of the process for what everybody may read.
func (b *bench) reads() error {
	ours, err := b.startSide("demo")
	if err != nil {
		return err
	}
	hello, err := b.startSide("hello")
	if err != nil {
		return err
	}
	anna, err := b.citizen(ours, "Соколова")
	if err != nil {
		return err
	}
	mine := cookies(anna, ours.url("uslugi", "/"))
	for _, c := range []struct {
		name, host, path, cookie string
		page                     bool
		want                     float64
	}{
		{"discovery", "esia", "/.well-known/openid-configuration", "", false, 0.8},
		{"jwks", "esia", "/oauth2/jwks", "", false, 0.8},
		{"anonymous page", "uslugi", "/", "", true, 0.6},
		{"signed-in main page", "uslugi", "/", mine, true, 0.15},
		{"signed-in feed", "uslugi", "/lk/notifications", mine, true, 0.15},
		{"signed-in profile (read anew)", "uslugi", "/lk/", mine, true, 0.15},
	} {
		q := request{port: ours.port, host: c.host + ".localhost", path: c.path, cookie: c.cookie, want: 200}
		f := request{port: hello.port, host: "127.0.0.1", path: "/hello", want: 200}
		if c.page {
			name := slug(c.name)
			if err := copyPage(q, hello, name); err != nil {
				return err
			}
			f.path = "/page/" + name
		}
		var pg float64
		run := func(s *side, q request) func() (float64, error) {
			return func() (float64, error) {
				own, p, err := s.measure(func() (int, error) { return loop(b.ctx, q, readConns, readTime) })
				if s == ours {
					pg = p
				}
				return own, err
			}
		}
		var o, fl, r float64
		err := b.profiled(ours, "P6-"+slug(c.name), func() (err error) {
			o, fl, r, err = b.alternate(run(ours, q), run(hello, f))
			return err
		})
		if err != nil {
			return err
		}
		b.add(row{
			goal: "P6", what: c.name, unit: "µs CPU", ours: o, floor: fl, ratio: 1 / r, want: fmt.Sprintf("≥ %.2f", c.want),
			ok: 1/r >= c.want, note: fmt.Sprintf("PostgreSQL %.0f µs", pg),
		})
	}
	return nil
}

// copyPage gives the floor the very bytes of a page.
func copyPage(q request, to *side, name string) error {
	req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+q.port+q.path, nil)
	if err != nil {
		return err
	}
	req.Host = q.host
	req.Header.Set("Accept-Encoding", "gzip")
	if q.cookie != "" {
		req.Header.Set("Cookie", q.cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %w", q.path, res.Status, err)
	}
	put, err := http.Post("http://127.0.0.1:"+to.port+"/page/"+name, "text/html", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return put.Body.Close()
}

// slug makes a file name of a row's name.
func slug(s string) string { return strings.NewReplacer(" ", "-", "(", "", ")", "").Replace(s) }
