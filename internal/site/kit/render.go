package kit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"

	"github.com/okno-gov/okno/internal/ui/layout"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Live pages are compressed at level 1 and only above this size: the default
// level costs fifty times what making the page costs. The standard library's
// level 1 takes twice as long for the same size.
const compressAbove = 4 << 10

var gzips = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}}

// Render writes a page: the body in the layout that p describes. The page is
// made in a buffer first, so that a failure yields the error page and not half a
// page. Pages are not kept by caches unless the handler said otherwise.
func Render(w http.ResponseWriter, r *http.Request, status int, p layout.Page, body templ.Component) error {
	return write(w, r, status, layout.Render(p, body))
}

// Fragment writes a piece of a page for the script (htmx).
func Fragment(w http.ResponseWriter, r *http.Request, body templ.Component) error {
	return write(w, r, http.StatusOK, body)
}

func write(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := c.Render(r.Context(), buf); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Add("Vary", "Accept-Encoding, Cookie, Accept-Language")
	if buf.Len() > compressAbove && Accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		packed := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(packed)
		packed.Reset()
		z := gzips.Get().(*gzip.Writer)
		defer gzips.Put(z)
		z.Reset(packed)
		if _, err := z.Write(buf.Bytes()); err != nil {
			return fmt.Errorf("compress page: %w", err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("compress page: %w", err)
		}
		h.Set("Content-Encoding", "gzip")
		buf = packed
	}
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the visitor may be gone: nobody to tell
	return nil
}

// Accepts reads Accept-Encoding (RFC 9110, 12.5.3): a coding with q=0 is refused.
func Accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			return q == params || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

// See leads the browser on with 303, after a POST or to another page.
func See(w http.ResponseWriter, r *http.Request, url string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, url, http.StatusSeeOther)
	return nil
}

// JSON writes v as an answer for programs.
func JSON(w http.ResponseWriter, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
	return nil
}

// Attachment is the value of Content-Disposition for a download under a name
// with letters of any script (RFC 6266, RFC 8187).
func Attachment(name string) string {
	ascii := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '/' {
			return '_'
		}
		return c
	}, name)
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, ascii, b.String())
}
