package portalsite_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/okno-gov/okno/internal/portal/content"
	"github.com/okno-gov/okno/internal/portal/form"
)

func ask(t testing.TB, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://uslugi.test"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	var r io.Reader = res.Body
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		must(t, err)
		r = z
	case "br":
		r = brotli.NewReader(r)
	}
	raw, err := io.ReadAll(r)
	must(t, err)
	return string(raw)
}

// Pages for everybody are prepared once, in each language, in each coding, and
// a browser that has one is told so.
func TestPreparedPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/services", "/services/criminal-record", "/agencies", "/situations", "/help/", "/acts"} {
		plain := text(t, ask(t, w.http, path))
		for _, coding := range []string{"gzip", "br"} {
			res := ask(t, w.http, path, "Accept-Encoding", coding)
			if got := text(t, res); res.Header.Get("Content-Encoding") != coding || got != plain {
				t.Errorf("%s as %s: coding %q, equal: %v", path, coding, res.Header.Get("Content-Encoding"), got == plain)
			}
			if res.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s as %s: no security headers", path, coding)
			}
			again := ask(t, w.http, path, "Accept-Encoding", coding, "If-None-Match", res.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified {
				t.Errorf("%s as %s again: %d", path, coding, again.StatusCode)
			}
		}
		if en := text(t, ask(t, w.http, path, "Cookie", "okno_lang=en")); !strings.Contains(en, `lang="en"`) || en == plain {
			t.Errorf("%s in English is the page in Russian", path)
		}
		if vi := text(t, ask(t, w.http, path, "Cookie", "okno_vi=on.150")); !strings.Contains(vi, "okno-vi-150") {
			t.Errorf("%s for the visually impaired is the usual page", path)
		}
	}
	if res := ask(t, w.http, "/services/nonsense"); res.StatusCode != http.StatusNotFound || res.Header.Get("ETag") != "" {
		t.Errorf("a missing page was prepared: %d", res.StatusCode)
	}
	if again := ask(t, w.http, "/services/nonsense"); again.StatusCode != http.StatusNotFound {
		t.Errorf("a missing page the second time: %d", again.StatusCode)
	}
}

// A change shows at once; who is signed in gets his own page.
func TestPreparedPagesAreNeverStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anonymous := w.visitor()
	anonymous.Get("/services").Want("main", "судимости")
	anonymous.Get("/services").Want("main", "судимости")
	must(t, w.site.Services.Withdraw(t.Context(), "criminal-record", "test", "test"))
	anonymous.Get("/services").Lacks("main", "судимости")
	anonymous.Get("/help/")
	must(t, w.site.Contents.Publish(t.Context(), content.Entry{Kind: content.KindHelp, Code: "new-question", Title: form.Text{RU: "Совсем новый вопрос"}, Body: form.Text{RU: "Ответ"}}, "test"))
	anonymous.Get("/help/").Want("main", "Совсем новый вопрос")
	b := w.signedIn(anna(2))
	b.Get("/help/").Want(".okno-header", "Тестова")
	anonymous.Get("/help/").Lacks(".okno-header", "Тестова")
}

// P6: an anonymous page beside the same bytes from net/http.
func BenchmarkPreparedPage(b *testing.B) {
	w := newWorld(b)
	first := ask(b, w.http, "/", "Accept-Encoding", "br")
	body, err := io.ReadAll(first.Body)
	must(b, err)
	static := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Encoding", "br")
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = rw.Write(body)
	})
	for name, h := range map[string]http.Handler{"portal": w.http, "static": static} {
		b.Run(name, func(b *testing.B) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL+"/", nil)
			must(b, err)
			r.Header.Set("Accept-Encoding", "br")
			b.ResetTimer()
			for b.Loop() {
				res, err := srv.Client().Do(r)
				must(b, err)
				var buf bytes.Buffer
				_, err = buf.ReadFrom(res.Body)
				must(b, err)
				_ = res.Body.Close()
			}
		})
	}
}
