package client

import (
	"net/url"
	"strings"
	"testing"
)

// What is accepted as an address of a client leads to one origin, by https or to
// this machine, and its origin cannot break out of a header that names it.
func FuzzRedirectURI(f *testing.F) {
	for _, s := range []string{
		"https://rp.example/cb?x=1", "http://127.0.0.1:8080/cb", "http://uslugi.localhost/cb", "https://user@rp.example/", "javascript:alert(1)",
		"https://*/cb", "https://a;b/cb", "https://rp.example\\@evil.example/", "//rp.example/cb", "https:rp.example", "https://xn--e1afmkfd.xn--p1ai/", "http://[::1]:1/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !validURI(s) {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q is accepted", s)
		}
		if u.Scheme == "http" && !strings.HasSuffix(u.Hostname(), "localhost") && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			t.Errorf("%q goes in the clear", s)
		}
		if o := Origin(s); o == "" || strings.ContainsAny(o, " \t\r\n;,*'\"\\<>") {
			t.Errorf("origin of %q is %q", s, o)
		}
	})
}
