package kit

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/ui"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// queuePages are the pages of a site's queue, made and compressed once for each
// number that is said. The number is rounded to two digits.
type queuePages struct {
	m     *Mux
	mu    sync.RWMutex
	ready map[queueKey][]byte // compressed
}

type queueKey struct {
	lang, vi string
	before   int
	wait     time.Duration
}

// mostQueuePages take some 5 MB.
const mostQueuePages = 1000

// write answers with 503 and the page: nobody may keep it.
func (q *queuePages) write(w http.ResponseWriter, r *http.Request, key queueKey) {
	q.mu.RLock()
	packed := q.ready[key]
	q.mu.RUnlock()
	if packed == nil {
		var err error
		r = q.m.known(r, key.lang, key.vi)
		if packed, err = q.prepare(r, key); err != nil {
			q.m.Fail(w, r, err)
			return
		}
	}
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(refresh(key.wait)))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	body := packed
	if Accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
	} else if z, err := gzip.NewReader(bytes.NewReader(packed)); err == nil {
		body, _ = io.ReadAll(z) // what was just compressed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(body)
}

func (q *queuePages) prepare(r *http.Request, key queueKey) ([]byte, error) {
	p := q.page(r)
	l := L(r)
	p.Title, p.Refresh = l.T("kit.queue.title"), refresh(key.wait)
	text := l.T("kit.queue.soon")
	if key.wait > 0 {
		text = l.T("kit.queue.text", "wait", WaitText(l, key.wait))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	body := layout.WaitingBody(layout.Waiting{Title: p.Title, Place: key.before, Text: text, Note: l.T("kit.queue.note")})
	if err := layout.Render(p, body).Render(r.Context(), z); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ready == nil || len(q.ready) >= mostQueuePages {
		q.ready = map[queueKey][]byte{}
	}
	q.ready[key] = packed.Bytes()
	return packed.Bytes(), nil
}

// page is the frame of a page that everybody gets, whatever his address.
func (q *queuePages) page(r *http.Request) layout.Page {
	r = r.Clone(r.Context())
	r.Method, r.URL = http.MethodGet, &url.URL{Path: "/"}
	r.Header.Del("Cookie") // the page is kept for everybody: no town of one visitor
	p := q.m.page(r)
	p.NoIndex = true
	return p
}

// secretFields never stand in a page, not even for a moment.
var secretFields = []string{"password", "code", "secret", "answer", "token", "assertion", "verifier"}

// secret tells whether a field may hold what opens something. The code of the
// office that issued a passport does not.
func secret(name string) bool {
	name = strings.ToLower(name)
	return name != "issuer_code" && slices.ContainsFunc(secretFields, func(s string) bool { return strings.Contains(name, s) })
}

// giveBack returns a form that found no place: one button sends it again. What
// is secret, what is no plain form, and what may not be offered (offer: it was read to
// its end, and not only its own page may send it), the browser has kept: its way back.
func (q *queuePages) giveBack(w http.ResponseWriter, r *http.Request, typed []byte, offer bool) {
	v := returnView{Action: r.URL.RequestURI()}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if values, err := url.ParseQuery(string(typed)); err == nil && offer && kind == "application/x-www-form-urlencoded" {
		v.Whole = true
		for name, all := range values {
			v.Whole = v.Whole && !secret(name)
			for _, one := range all {
				v.Fields = append(v.Fields, ui.Hidden{Name: name, Value: one})
			}
		}
		slices.SortStableFunc(v.Fields, func(a, b ui.Hidden) int { return strings.Compare(a.Name, b.Name) })
	}
	p := q.page(r)
	p.Title = L(r).T("kit.queue.return.title")
	w.Header().Set("Retry-After", "5")
	if err := write(w, r, http.StatusServiceUnavailable, layout.Render(p, returnBody(v))); err != nil {
		q.m.Fail(w, r, err)
	}
}

func (q *queuePages) fail(w http.ResponseWriter, r *http.Request) {
	q.m.Fail(w, r, &fault.Error{Kind: fault.KindUnavailable, Key: "kit.error.unavailable.text", RetryAfter: 5 * time.Second})
}

// rounded keeps two digits, upwards: 1284 becomes 1300.
func rounded(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}

// roundedWait says no more than is known: steps of ten seconds, then of minutes,
// then of ten.
func roundedWait(d time.Duration) time.Duration {
	unit := 10 * time.Second
	switch {
	case d > 10*time.Minute:
		unit = 10 * time.Minute
	case d > time.Minute:
		unit = time.Minute
	}
	return min((d+unit-1)/unit*unit, ticketLife)
}

// refresh is when the page asks again, in seconds: a quarter of the wait, so that
// many who wait long cost little.
func refresh(wait time.Duration) int {
	return int(math.Ceil(min(max(wait.Seconds()/4, 5), 30)))
}
