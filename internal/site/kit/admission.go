package kit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/okno-gov/okno/internal/base/crypt"
	"github.com/okno-gov/okno/internal/ui/layout"
)

// Admission keeps a process answering when more people come than it can serve.
// So many requests work at a time; a few wait a moment; whoever finds no place
// then gets a page with the number before him, a signed ticket that keeps the
// place, and is asked in by the page itself. All sites of a process share one.
//
// People who are in the middle of something (a session, a step of a form, the
// way back from the identity provider) and programs never join the queue: they
// go first and wait inside. A form that finds no place even so comes back with
// everything that was typed. Assets, the health check and prepared protocol
// documents pass by: they cost less than refusing them.
//
// Between processes nothing is shared but the key: a ticket keeps its place by
// the time of its arrival at any of them.
type Admission struct {
	Key        []byte        // signs the tickets: the same one in all processes
	Concurrent int           // requests at work; 0: 32 per core
	Cores      int           // 0: as many as Go has processors
	Uploads    int           // large bodies on their way in, beside those; 0: 64 per core
	Wait       time.Duration // at most, for a place inside; 0: one second
	Patience   time.Duration // the same of whoever is in the middle of something; 0: 15 seconds
	Now        func() time.Time
	Metrics    prometheus.Registerer

	once    sync.Once
	gate    gate
	uploads gate
	senders senders
	line    line
	process string
	count   *prometheus.CounterVec
}

// Entrance says what a site lets pass and who is in the middle of something.
type Entrance struct {
	Passing []string // path prefixes that never wait: assets, prepared documents
	Going   []string // path prefixes of programs and of ways that begin elsewhere
	Cookies []string // full names of cookies that such people carry
	// Programs are path prefixes that are called by programs: they are told by a
	// status, and what they sent stands in no page.
	Programs []string
	// Own are path prefixes whose forms lead to another site: only their own pages
	// may send them, so the browser's way back keeps them.
	Own []string
	// Ahead tells requests that the site answers before the queue in ways of its own:
	// those it has said are ready or makes for everybody. nil: none.
	Ahead func(r *http.Request) bool
}

const (
	concurrentPerCore = 32
	// uploadsPerCore is more, since they mostly wait for their lines.
	uploadsPerCore = 64
	defaultWait    = time.Second
	// defaultPatience is below that of browsers, proxies and routes.
	defaultPatience = 15 * time.Second
	// smallBody is read before a place is taken: a slow line must not hold one. Larger
	// ones are counted by themselves; those with files hold no place at all, storing
	// them waits for the line.
	smallBody = 256 << 10
	// largeForm is what a form without files may hold at most.
	largeForm = defaultBody

	ticketLife = 2 * time.Hour
	passLife   = 20 * time.Minute
)

// The cookies of the queue, see [Mux.CookieName]: who has arrived and waits, who
// was let in. They say nothing about the person.
const (
	TicketCookie = "queue"
	PassCookie   = "visit"
)

// standstill is how long nothing may have moved before the page stops speaking
// of a crowd: then something is broken.
const standstill = 5 * time.Second

func (a *Admission) start() {
	if a.Concurrent <= 0 {
		a.Concurrent = concurrentPerCore * cmp.Or(a.Cores, runtime.GOMAXPROCS(0))
	}
	a.Wait, a.Patience = cmp.Or(a.Wait, defaultWait), cmp.Or(a.Patience, defaultPatience)
	if a.Now == nil {
		a.Now = time.Now
	}
	if a.Uploads <= 0 {
		a.Uploads = uploadsPerCore * cmp.Or(a.Cores, runtime.GOMAXPROCS(0))
	}
	a.gate.size, a.uploads.size, a.process = a.Concurrent, a.Uploads, crypt.Token()[:8]
	a.count = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "okno_admission_total",
		Help: "Requests by how they were let in: at_once, waited, queued (the page of the queue), returned (a form came back), refused.",
	}, []string{"site", "outcome"})
	if a.Metrics == nil {
		return
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	a.Metrics.MustRegister(a.count,
		gauge("okno_admission_inside", "Requests at work.", func() float64 { n, _, _ := a.gate.state(); return float64(n) }),
		gauge("okno_admission_uploads", "Large bodies on their way in.", func() float64 { n, _, _ := a.uploads.state(); return float64(n) }),
		gauge("okno_admission_waiting", "Requests that wait for a place.", func() float64 { _, n, _ := a.gate.state(); return float64(n) }),
		gauge("okno_admission_queue", "People with a ticket who have not been called.", func() float64 { return float64(a.line.length(a.Now())) }))
}

// At is the middleware of a site, see [Mux.Use]. What stands before it, such as
// prepared pages, never waits. A nil Admission lets everybody in.
func (a *Admission) At(m *Mux, e Entrance) func(http.Handler) http.Handler {
	if a == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	a.once.Do(a.start)
	pages := &queuePages{m: m}
	m.turnAway = func(r *http.Request) *Ready { return a.early(m, &e, pages, r) }
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if hasPrefix(r.URL.Path, e.Passing) || r.Context().Value(passing{}) != nil {
				next.ServeHTTP(w, r)
				return
			}
			v := &visit{Admission: a, m: m, e: &e, pages: pages, w: w, r: r, now: a.Now()}
			if v.large() {
				leave, ok := v.upload()
				if !ok {
					v.full(going)
					return
				}
				if v.files() {
					defer leave()
					r.Body = paced(w, r.Body)
					next.ServeHTTP(w, r)
					return
				}
				v.read(largeForm)
				leave()
			} else {
				v.read(smallBody)
			}
			class, ok := v.class()
			if !ok {
				v.queue(L(r).Lang(), VIOf(r))
				return
			}
			wait := a.Wait
			if class == going {
				wait = a.Patience
			}
			if !a.gate.enter(r.Context(), class, wait, v.now) {
				v.full(class)
				return
			}
			p := &place{ResponseWriter: w, a: a}
			defer p.leave()
			v.enter(class)
			next.ServeHTTP(p, r)
		})
	}
}

// early turns away whom the queue keeps waiting before anything else is done for
// him: in a rush that is most of what is asked. It decides as the middleware does,
// and leaves to it whoever may come in.
func (a *Admission) early(m *Mux, e *Entrance, pages *queuePages, r *http.Request) *Ready {
	now := a.Now()
	if a.line.length(now) == 0 || hasPrefix(r.URL.Path, e.Passing) || r.ContentLength != 0 ||
		e.Ahead != nil && e.Ahead(r) || r.Context().Value(passing{}) != nil {
		return nil
	}
	v := &visit{Admission: a, m: m, e: e, pages: pages, r: r, now: now}
	if _, in := v.class(); in {
		return nil
	}
	return &Ready{Route: "queue", Serve: func(w http.ResponseWriter, _ *http.Request) {
		v.w = w
		v.queue(m.LangOf(r), layout.ParseVI(cookieValue(r, viCookie)).String())
	}}
}

type passing struct{}

// PassAdmission marks a request that a site makes of itself for everybody: it
// takes no place and no ticket.
func PassAdmission(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), passing{}, true))
}

// visit is one request on its way in.
type visit struct {
	*Admission
	m      *Mux
	e      *Entrance
	pages  *queuePages
	w      http.ResponseWriter
	r      *http.Request
	now    time.Time
	typed  []byte // the body of a form
	whole  bool   // it was read to its end
	ticket ticket
	held   bool // a ticket came with the request
}

// large tells whether the body is more than is read beside everything else. A
// page that is asked for takes a place whatever comes with it.
func (v *visit) large() bool {
	r := v.r
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Body == nil || r.Body == http.NoBody {
		return false
	}
	return r.ContentLength < 0 || r.ContentLength > smallBody
}

// files tells whether the body is of the kind that [UploadOf] streams.
func (v *visit) files() bool {
	kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	return kind == "multipart/form-data"
}

// read takes so much of the body from the line, before a place is taken. More is
// left for the handler, which refuses it.
func (v *visit) read(most int64) {
	r := v.r
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		v.whole = true
		return
	}
	if v.large() {
		r.Body = paced(v.w, r.Body)
	}
	typed, err := io.ReadAll(io.LimitReader(r.Body, most))
	v.whole = err == nil && (int64(len(typed)) < most || r.ContentLength == most)
	rest := io.MultiReader(bytes.NewReader(typed), r.Body)
	if err != nil {
		rest = io.MultiReader(bytes.NewReader(typed), failing{err}) // the handler says what is wrong with it
	}
	v.typed, r.Body = typed, struct {
		io.Reader
		io.Closer
	}{rest, r.Body}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// class tells how urgent a request is; false: it must queue.
func (v *visit) class() (int, bool) {
	r := v.r
	if r.Method != http.MethodGet && r.Method != http.MethodHead || hasPrefix(r.URL.Path, v.e.Going) || v.passed() {
		return going, true
	}
	for _, name := range v.e.Cookies {
		if cookieValue(r, name) != "" {
			return going, true
		}
	}
	v.ticket, v.held = v.readTicket()
	switch {
	case v.held && v.line.place(v.number(), v.now) == 0:
		return called, true
	case v.held, v.line.length(v.now) > 0:
		if inside, waiting, _ := v.gate.state(); v.held && waiting == 0 && inside < v.Concurrent/4 {
			return called, true // there is room, and whoever asks is before those who arrive
		}
		return 0, false
	}
	return newcomer, true
}

func (v *visit) number() int {
	if v.ticket.process == v.process {
		return v.ticket.number
	}
	return v.line.numberOf(v.ticket.arrived)
}

// enter notes a visit that was let in and, in a rush, marks its browser, so that
// its next pages need not queue again.
func (v *visit) enter(class int) {
	waited := v.Now().Sub(v.now)
	outcome := "at_once"
	if waited > time.Millisecond {
		outcome = "waited"
	}
	v.count.WithLabelValues(v.m.Name, outcome).Inc()
	if class == going {
		if waited > v.Wait {
			v.line.refused(v.now)
		}
		return
	}
	v.line.let(v.now, waited > v.Wait/2)
	if v.held {
		v.m.DropCookie(v.w, TicketCookie)
	}
	if v.line.inRush(v.now) {
		v.m.SetCookie(v.w, PassCookie, v.sign("pass", strconv.FormatInt(v.now.Unix(), 36)), passLife)
	}
}

// full answers whom the gate did not take.
func (v *visit) full(class int) {
	v.line.refused(v.now)
	_, _, moved := v.gate.state()
	form := v.r.Method != http.MethodGet && v.r.Method != http.MethodHead
	switch {
	case v.r.Context().Err() != nil: // gone
	case v.m.isAPI(v.r) || hasPrefix(v.r.URL.Path, v.e.Programs) || !form && v.Now().Sub(moved) > standstill:
		v.count.WithLabelValues(v.m.Name, "refused").Inc()
		v.pages.fail(v.w, v.r)
	case form:
		v.count.WithLabelValues(v.m.Name, "returned").Inc()
		v.pages.giveBack(v.w, v.r, v.typed, v.whole && !hasPrefix(v.r.URL.Path, v.e.Own))
	case class == going:
		v.count.WithLabelValues(v.m.Name, "queued").Inc()
		v.pages.write(v.w, v.r, queueKey{lang: L(v.r).Lang(), vi: VIOf(v.r)})
	default:
		v.queue(L(v.r).Lang(), VIOf(v.r))
	}
}

// queue answers with the page of the queue and a ticket.
func (v *visit) queue(lang, vi string) {
	if !v.held {
		v.ticket = ticket{process: v.process, number: v.line.join(v.now), arrived: v.now}
		v.m.SetCookie(v.w, TicketCookie, v.sign("ticket", v.ticket.String()), ticketLife)
	}
	v.count.WithLabelValues(v.m.Name, "queued").Inc()
	before := v.line.place(v.number(), v.now)
	v.pages.write(v.w, v.r, queueKey{lang, vi, rounded(before), roundedWait(v.line.wait(before))})
}

// ticket keeps a place: by its number at the process that gave it out, by the
// time elsewhere.
type ticket struct {
	process string
	number  int
	arrived time.Time
}

func (t ticket) String() string {
	return fmt.Sprintf("%s.%s.%s", t.process, strconv.FormatInt(int64(t.number), 36), strconv.FormatInt(t.arrived.UnixMilli(), 36))
}

func (v *visit) readTicket() (ticket, bool) {
	raw, ok := v.verify("ticket", v.m.Cookie(v.r, TicketCookie))
	if !ok {
		return ticket{}, false
	}
	part := strings.Split(raw, ".")
	if len(part) != 3 {
		return ticket{}, false
	}
	n, err1 := strconv.ParseInt(part[1], 36, 64)
	ms, err2 := strconv.ParseInt(part[2], 36, 64)
	t := ticket{process: part[0], number: int(n), arrived: time.UnixMilli(ms)}
	return t, err1 == nil && err2 == nil && v.now.Sub(t.arrived) < ticketLife
}

// passed tells whether this browser was let in lately.
func (v *visit) passed() bool {
	raw, ok := v.verify("pass", v.m.Cookie(v.r, PassCookie))
	if !ok {
		return false
	}
	s, err := strconv.ParseInt(raw, 36, 64)
	return err == nil && v.now.Sub(time.Unix(s, 0)) < passLife
}

// sign binds a value to its use and to the site. The signature is not secret
// work: whoever forges one saves himself a wait of minutes.
func (v *visit) sign(use, value string) string {
	return value + "~" + base64.RawURLEncoding.EncodeToString(v.mac(use, value))
}

func (v *visit) mac(use, value string) []byte {
	h := hmac.New(sha256.New, v.Key)
	h.Write([]byte(use + " " + v.m.Name + " " + value))
	return h.Sum(nil)[:16]
}

func (v *visit) verify(use, signed string) (string, bool) {
	value, sum, ok := strings.Cut(signed, "~")
	if !ok {
		return "", false
	}
	got, err := base64.RawURLEncoding.DecodeString(sum)
	return value, err == nil && subtle.ConstantTimeCompare(got, v.mac(use, value)) == 1
}

// place is given back as soon as the answer begins: pages are ready by then, and
// a download lasts as long as the line of the person is slow.
type place struct {
	http.ResponseWriter
	a    *Admission
	left bool
}

func (p *place) leave() {
	if !p.left {
		p.left = true
		p.a.gate.leave(p.a.Now())
	}
}

func (p *place) WriteHeader(code int) {
	if code >= 200 {
		p.leave()
	}
	p.ResponseWriter.WriteHeader(code)
}

func (p *place) Write(b []byte) (int, error) {
	p.leave()
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *place) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func hasPrefix(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
