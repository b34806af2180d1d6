// Package asset holds the embedded files of the interface (style sheet, scripts,
// fonts, mark) under names that carry the hash of their bytes, and serves them
// precompressed and for ever. The files are built by internal/ui/assetgen.
package asset

import (
	"context"
	"embed"
	"encoding/json"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Path is where a site mounts Handler.
const Path = "/assets/"

//go:embed dist
var dist embed.FS

var names = sync.OnceValue(func() map[string]string {
	data, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		panic("asset: the embedded manifest is missing: run test/assets/build")
	}
	m := map[string]string{}
	if err := json.Unmarshal(data, &m); err != nil {
		panic("asset: the embedded manifest is broken: run test/assets/build")
	}
	return m
})

// URL is the address of an asset by its plain name ("okno.css"). An unknown name
// gives an address that answers 404: a page without a picture is better than none.
func URL(name string) string {
	if hashed, ok := names()[name]; ok {
		return Path + hashed
	}
	return Path + name
}

// Content is the bytes of an asset by its plain name; nil when there is none.
// Use it where a page must stand alone (a printed letter, an error page of a proxy).
func Content(name string) []byte {
	data, err := dist.ReadFile("dist/" + names()[name])
	if err != nil {
		return nil
	}
	return data
}

type variant struct {
	data []byte
	etag string
}

type file struct {
	kind                string
	plain, gzip, brotli *variant
}

// embedded is shared by all sites of a process: reading copies the bytes.
var embedded = sync.OnceValue(func() map[string]*file {
	files := map[string]*file{}
	for plain, hashed := range names() {
		f := &file{kind: contentType(plain)}
		for suffix, v := range map[string]**variant{"": &f.plain, ".gz": &f.gzip, ".br": &f.brotli} {
			if data, err := dist.ReadFile("dist/" + hashed + suffix); err == nil {
				*v = &variant{data: data, etag: `"` + hashed + suffix + `"`}
			}
		}
		files[hashed] = f
	}
	return files
})

// Handler serves Path: every embedded file and the given brand sheets. Names
// carry the hash, so answers may be kept for a year (RFC 8246).
func Handler(brands ...*Brand) http.Handler {
	return Finding(func(_ context.Context, name string) *Brand {
		for _, b := range brands {
			if b.Name() == name {
				return b
			}
		}
		return nil
	})
}

// Finding is [Handler] with brand sheets that come and go: find answers the one
// with a name, nil for what it does not know.
func Finding(find func(ctx context.Context, name string) *Brand) http.Handler {
	files := embedded()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		f, ok := files[name]
		if !ok && strings.HasPrefix(name, brandPrefix) {
			if b := find(r.Context(), name); b != nil {
				f, ok = &file{kind: contentType(b.name), plain: &variant{data: b.css, etag: `"` + b.name + `"`}}, true
			}
		}
		if !ok || !strings.HasPrefix(r.URL.Path, Path) {
			http.NotFound(w, r)
			return
		}
		serve(w, r, f)
	})
}

func serve(w http.ResponseWriter, r *http.Request, f *file) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	v, coding := f.plain, ""
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case f.brotli != nil && accepts(accept, "br"):
		v, coding = f.brotli, "br"
	case f.gzip != nil && accepts(accept, "gzip"):
		v, coding = f.gzip, "gzip"
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", v.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	if f.brotli != nil || f.gzip != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if r.Header.Get("If-None-Match") == v.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(v.data)))
	if r.Method == http.MethodHead {
		return
	}
	// The client is gone when this fails; there is nobody to tell.
	_, _ = w.Write(v.data)
}

// accepts reads Accept-Encoding (RFC 9110, 12.5.3): a coding with q=0 is refused.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		_, q, found := strings.Cut(params, "=")
		if !found {
			return true
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err != nil || weight > 0
	}
	return false
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}
