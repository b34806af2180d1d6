package asset_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/okno-gov/okno/internal/ui/asset"
)

func get(t *testing.T, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	h := asset.Handler()
	plain := asset.Content("okno.css")
	for accept, want := range map[string]string{
		"":                           "",
		"gzip":                       "gzip",
		"gzip, deflate, br":          "br",
		"br;q=0, gzip;q=0.5":         "gzip",
		"identity, gzip;q=0, br;q=0": "",
	} {
		r := get(t, h, asset.URL("okno.css"), "Accept-Encoding", accept)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Encoding") != want {
			t.Errorf("Accept-Encoding %q: status %d, coding %q, want %q", accept, r.StatusCode, r.Header.Get("Content-Encoding"), want)
			continue
		}
		data := body(t, r)
		switch want {
		case "gzip":
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		case "br":
			var err error
			if data, err = io.ReadAll(brotli.NewReader(bytes.NewReader(data))); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(data, plain) {
			t.Errorf("Accept-Encoding %q: other bytes than the plain file", accept)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("Accept-Encoding %q: headers %v", accept, r.Header)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := asset.Handler()
	first := get(t, h, asset.URL("okno.js"), "Accept-Encoding", "br")
	again := get(t, h, asset.URL("okno.js"), "Accept-Encoding", "br", "If-None-Match", first.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || len(body(t, again)) != 0 {
		t.Errorf("a kept file answers %d", again.StatusCode)
	}
	if other := get(t, h, asset.URL("okno.js"), "If-None-Match", first.Header.Get("ETag")); other.StatusCode != http.StatusOK {
		t.Errorf("the tag of another coding answers %d", other.StatusCode)
	}
	for _, path := range []string{"/assets/okno.css", "/assets/manifest.json", "/assets/", "/assets/../asset.go", asset.URL("nothing.css")} {
		if r := get(t, h, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, r.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, asset.URL("okno.css"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", w.Code)
	}
}

// The style sheet asks for fonts by their hashed names, and they are there.
func TestFonts(t *testing.T) {
	t.Parallel()
	h := asset.Handler()
	css := string(asset.Content("okno.css"))
	n := 0
	for part := range strings.SplitSeq(css, "url(") {
		name, _, found := strings.Cut(strings.Trim(part, `"`), `"`)
		if !found || !strings.HasSuffix(name, ".woff2") {
			continue
		}
		n++
		r := get(t, h, asset.Path+name)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "font/woff2" {
			t.Errorf("%s answers %d %s", name, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
	if n != 10 {
		t.Errorf("the style sheet names %d fonts, want 10", n)
	}
}

// The first visit to a page weighs at most 100 kB with fonts (design/interface.md);
// 10 kB of them are left for the page itself.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := asset.Handler()
	sum := 0
	for _, name := range []string{
		"okno.css", "first.js", "okno.js", "mark.svg", "golos-text-cyrillic-400-normal.woff2", "golos-text-cyrillic-600-normal.woff2",
		"golos-text-latin-400-normal.woff2", "golos-text-latin-600-normal.woff2",
	} {
		sum += len(body(t, get(t, h, asset.URL(name), "Accept-Encoding", "gzip")))
	}
	if sum > 90_000 {
		t.Errorf("the assets of a first visit weigh %d bytes", sum)
	}
}

func TestBrand(t *testing.T) {
	t.Parallel()
	green, err := asset.NewBrand(map[string]string{"blue-700": "#0A5C4A", "deep": "#063b30"})
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, asset.Handler(green), green.URL())
	if css := string(body(t, r)); css != ":root{--okno-blue-700:#0a5c4a;--okno-deep:#063b30;}\n" || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the sheet is %q", css)
	}
	if none, err := asset.NewBrand(nil); err != nil || none.URL() != "" {
		t.Errorf("no tokens give %q, %v", none.URL(), err)
	}
	for name, tokens := range map[string]map[string]string{
		"an unknown token":    {"amber-500": "#000000"},
		"a word":              {"blue-700": "green"},
		"a value that breaks": {"blue-700": "#000;}*{"},
		"pale text":           {"blue-700": "#9dbfe8"},
		"a pale hero":         {"deep": "#9dbfe8"},
	} {
		if _, err := asset.NewBrand(tokens); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestWorker(t *testing.T) {
	t.Parallel()
	r := get(t, asset.Worker("/offline"), asset.WorkerPath)
	script := string(body(t, r))
	if r.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(script, `"page":"/offline"`) || !strings.Contains(script, asset.URL("okno.css")) || !strings.Contains(script, "addEventListener") {
		t.Errorf("headers %v, script %.200s", r.Header, script)
	}
}
