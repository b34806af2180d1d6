package portalsite

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Pages that are the same for everybody who is not signed in are rendered and
// compressed once for each language and look, and served as bytes until the
// catalogue, the directory, the texts or the brand change. A rush on the main page costs no
// rendering (P6).
type preparedPages struct {
	pages    sync.Map // preparedKey → *preparedPage
	n        atomic.Int64
	versions atomic.Pointer[[4]int64]
}

type preparedKey struct{ path, lang, vi string }

type preparedPage struct {
	building atomic.Bool
	bytes    atomic.Pointer[preparedBytes]
}

type preparedBytes struct {
	made         time.Time // wall
	route        string
	plain        variant
	gzip, brotli variant
	answer       kit.Ready
}

// variant holds its headers as the answer takes them: nobody changes them.
type variant struct {
	data   []byte
	etag   string
	coding []string // Content-Encoding
	tag    []string // ETag
	length []string // Content-Length
}

var (
	preparedCache = []string{"private, no-cache"} // kept by the browser, but asked for again: whoever signs in sees his own
	preparedVary  = []string{"Accept-Encoding, Cookie, Accept-Language"}
	preparedType  = []string{"text/html; charset=utf-8"}
)

const (
	// preparedLife bounds how long a page may lag behind what no version tells,
	// such as news whose day has come.
	preparedLife = time.Minute
	// maxPrepared bounds the memory: some 30 kB a page.
	maxPrepared = 3000
)

// preparable are the addresses that may be prepared, by their heads.
func preparable(path string) bool {
	switch path {
	case "/", "/services", "/categories", "/agencies", "/situations", "/centres", "/help/", "/news", "/acts", "/privacy", "/agreement":
		return true
	}
	for _, head := range []string{"/services/", "/categories/", "/agencies/", "/situations/", "/help/", "/news/"} {
		if rest, ok := strings.CutPrefix(path, head); ok {
			return rest != "" && !strings.Contains(rest, "/")
		}
	}
	return false
}

// plainCookies are those that do not make a visitor special.
func (s *Site) plainCookies(r *http.Request) (vi string, ok bool) {
	for _, c := range r.Cookies() {
		switch c.Name {
		case "okno_lang", s.mux.CookieName("device"), s.mux.CookieName(kit.TicketCookie), s.mux.CookieName(kit.PassCookie):
		case "okno_vi":
			vi = layout.ParseVI(c.Value).String()
		default:
			return "", false
		}
	}
	return vi, true
}

// prepared answers with a prepared page where there is one, and prepares it
// where there should be.
func (s *Site) prepared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.RawQuery != "" || !preparable(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		vi, plain := s.plainCookies(r)
		if !plain || !s.current(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		key := preparedKey{r.URL.Path, kit.L(r).Lang(), vi}
		p := s.preparedPage(key)
		if p == nil {
			next.ServeHTTP(w, r)
			return
		}
		b := p.bytes.Load()
		if b == nil || s.Clock.Wall().Sub(b.made) > preparedLife {
			if p.building.CompareAndSwap(false, true) {
				b = s.rebuild(p, b, next, r)
			}
			if b == nil { // another request prepares it, or it is no page
				next.ServeHTTP(w, r)
				return
			}
		}
		kit.Routed(r, b.route)
		b.serve(w, r)
	})
}

// rebuild makes a page anew. It passes the queue: it is made once for everybody,
// and what cannot be made now stays as it was.
func (s *Site) rebuild(p *preparedPage, old *preparedBytes, next http.Handler, r *http.Request) *preparedBytes {
	defer p.building.Store(false)
	b := s.prepare(next, kit.PassAdmission(r))
	if b == nil {
		return old
	}
	p.bytes.Store(b)
	return b
}

// preparedPage finds or makes the place of a page; nil when there are too many.
func (s *Site) preparedPage(key preparedKey) *preparedPage {
	if p, ok := s.ready.pages.Load(key); ok {
		return p.(*preparedPage)
	}
	if s.ready.n.Load() >= maxPrepared {
		return nil
	}
	p, there := s.ready.pages.LoadOrStore(key, &preparedPage{})
	if !there {
		s.ready.n.Add(1)
	}
	return p.(*preparedPage)
}

// current drops all pages when what they show has changed; false when that
// cannot be told.
func (s *Site) current(ctx context.Context) bool {
	var now [4]int64
	var err error
	if now[0], err = s.Services.Version(ctx); err != nil {
		return false
	}
	if now[1], err = s.Contents.Version(ctx); err != nil {
		return false
	}
	if now[2], err = s.Directory.Version(ctx); err != nil {
		return false
	}
	if now[3], err = s.Brands.Version(ctx); err != nil {
		return false
	}
	if old := s.ready.versions.Load(); old == nil || *old != now {
		s.ready.pages.Clear()
		s.ready.n.Store(0)
		s.ready.versions.Store(&now)
	}
	return true
}

// unchanged tells, without asking anybody, that the prepared pages are of now.
func (s *Site) unchanged() bool {
	var now [4]int64
	var ok bool
	for i, known := range []func() (int64, bool){s.Services.KnownVersion, s.Contents.KnownVersion, s.Directory.KnownVersion, s.Brands.KnownVersion} {
		if now[i], ok = known(); !ok {
			return false
		}
	}
	old := s.ready.versions.Load()
	return old != nil && *old == now
}

// early finds a prepared page without asking anybody: it never waits.
func (s *Site) early(r *http.Request) *kit.Ready {
	if r.URL.RawQuery != "" || !preparable(r.URL.Path) {
		return nil
	}
	vi, plain := s.plainCookies(r)
	if !plain || !s.unchanged() {
		return nil
	}
	p, ok := s.ready.pages.Load(preparedKey{r.URL.Path, s.mux.LangOf(r), vi})
	if !ok {
		return nil
	}
	b := p.(*preparedPage).bytes.Load()
	if b == nil || s.Clock.Wall().Sub(b.made) > preparedLife {
		return nil
	}
	return &b.answer
}

// prepare renders and compresses a page, nil when it is none: missing things and
// errors are not kept.
func (s *Site) prepare(next http.Handler, r *http.Request) *preparedBytes {
	clean := r.Clone(r.Context())
	clean.Header.Del("Accept-Encoding")
	c := &capture{header: http.Header{}}
	next.ServeHTTP(c, clean)
	if c.code != http.StatusOK || len(c.header.Values("Set-Cookie")) > 0 || !strings.HasPrefix(c.header.Get("Content-Type"), "text/html") {
		return nil
	}
	raw := c.body.Bytes()
	b := &preparedBytes{made: s.Clock.Wall(), route: kit.Route(r), plain: newVariant(raw, "")}
	b.answer = kit.Ready{Route: b.route, Serve: b.serve}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil // the level is a constant
	}
	if _, err := z.Write(raw); err == nil && z.Close() == nil {
		b.gzip = newVariant(bytes.Clone(packed.Bytes()), "g")
	}
	packed.Reset()
	br := brotli.NewWriterLevel(&packed, 9)
	if _, err := br.Write(raw); err == nil && br.Close() == nil {
		b.brotli = newVariant(bytes.Clone(packed.Bytes()), "b")
	}
	return b
}

func newVariant(data []byte, suffix string) variant {
	sum := sha256.Sum256(data)
	v := variant{data: data, etag: `"` + hex.EncodeToString(sum[:12]) + suffix + `"`, length: []string{strconv.Itoa(len(data))}}
	v.tag = []string{v.etag}
	if coding := map[string]string{"g": "gzip", "b": "br"}[suffix]; coding != "" {
		v.coding = []string{coding}
	}
	return v
}

func (b *preparedBytes) serve(w http.ResponseWriter, r *http.Request) {
	v := &b.plain
	switch accept := r.Header.Get("Accept-Encoding"); {
	case b.brotli.data != nil && kit.Accepts(accept, "br"):
		v = &b.brotli
	case b.gzip.data != nil && kit.Accepts(accept, "gzip"):
		v = &b.gzip
	}
	h := w.Header()
	h["Cache-Control"], h["Etag"], h["Vary"] = preparedCache, v.tag, preparedVary
	if r.Header.Get("If-None-Match") == v.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"], h["Content-Length"] = preparedType, v.length
	if v.coding != nil {
		h["Content-Encoding"] = v.coding
	}
	_, _ = w.Write(v.data) // the visitor may be gone
}

// capture is a response writer that keeps what is written.
type capture struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(code int) {
	if c.code == 0 {
		c.code = code
	}
}

func (c *capture) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}
