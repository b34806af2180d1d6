package kit

import (
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/fault"
)

// A form with files is read within its bounds, and what is wrong with it is told
// as a fault of the sender.
func FuzzUpload(f *testing.F) {
	f.Add("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--x--\r\n")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\r\n--x--\r\n")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"scan\"; filename*=UTF-8''..%2F..%2Fx\r\n\r\n\r\n--x")
	f.Add("--x\r\nContent-Disposition: form-data\r\n\r\n--x--")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		form, err := UploadOf(r, func(u Upload) error {
			if u.Field == "" || len(u.Field) > maxValueName || u.Name == "" {
				t.Errorf("file %q in field %q", u.Name, u.Field)
			}
			_, err := io.Copy(io.Discard, u.Body)
			if err != nil {
				return badUpload(err)
			}
			return nil
		})
		if err != nil {
			if !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%v is not the sender's fault", err)
			}
			return
		}
		total := 0
		for name, values := range form.Values {
			if name == "" || len(name) > maxValueName {
				t.Errorf("name %q", name)
			}
			for _, v := range values {
				total += len(v)
			}
		}
		if total > maxValues {
			t.Errorf("%d bytes of values", total)
		}
	})
}

// Only a trusted proxy is believed about where a request comes from.
func FuzzForwardedFor(f *testing.F) {
	f.Add("10.0.0.1:4711", "203.0.113.9")
	f.Add("10.0.0.1:4711", "198.51.100.1, 10.0.0.7")
	f.Add("192.0.2.4:1", "127.0.0.1")
	f.Add("[::1]:1", "::ffff:10.0.0.1, garbage")
	m := &Mux{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", forwarded)
		from, got := peer(r), m.address(r)
		if !m.trusted(from) && got != from {
			t.Errorf("%s said that it is %s, and was believed", from, got)
		}
		if got.Is4In6() {
			t.Errorf("%s has two spellings", got)
		}
	})
}

// No name of a file breaks the header that carries it, and browsers read the
// name that was meant.
func FuzzAttachment(f *testing.F) {
	f.Add("справка.pdf")
	f.Add("a\"; filename=\"evil.html")
	f.Add("a\r\nSet-Cookie: x=y")
	f.Add("../../etc/passwd")
	f.Fuzz(func(t *testing.T, name string) {
		h := Attachment(name)
		if strings.ContainsFunc(h, func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Fatalf("header %q", h)
		}
		kind, params, err := mime.ParseMediaType(h)
		if err != nil || kind != "attachment" || len(params) != 1 {
			t.Fatalf("%q: %s, %v, %v", h, kind, params, err)
		}
	})
}
