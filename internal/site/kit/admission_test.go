package kit_test

import (
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/okno-gov/okno/internal/site/kit"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// rush is a site that works on one request at a time, and a request that is at
// work until it is let go.
type rush struct {
	t   *testing.T
	a   *kit.Admission
	mux *kit.Mux

	mu     sync.Mutex
	now    time.Time
	served []string
	busy   chan struct{} // a request of /busy is at work
	free   chan struct{}
	from   string // the address that uploads come from; empty: the usual one
}

func newRush(t *testing.T, change func(*kit.Admission)) *rush {
	t.Helper()
	c := &rush{t: t, now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), busy: make(chan struct{}), free: make(chan struct{})}
	c.a = &kit.Admission{Key: []byte("key"), Concurrent: 1, Wait: time.Millisecond, Patience: time.Minute, Now: c.clock}
	if change != nil {
		change(c.a)
	}
	c.mux = c.site(c.a)
	return c
}

func (c *rush) site(a *kit.Admission) *kit.Mux {
	m := &kit.Mux{Name: "t", Bundle: bundle(c.t), API: []string{"/api/"}}
	m.Use(a.At(m, kit.Entrance{Passing: []string{"/assets/"}, Going: []string{"/auth/"}, Cookies: []string{"session"}, Programs: []string{"/token"}, Own: []string{"/auth/"}}))
	page := func(w http.ResponseWriter, r *http.Request) error {
		f, err := kit.FormOf(r)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.served = append(c.served, r.Method+" "+r.URL.Path)
		c.mu.Unlock()
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text("got "+f.Text("x")))
	}
	for _, p := range []string{"/{$}", "/other", "/auth/callback", "/assets/a", "/api/a", "/token"} {
		m.Handle(p, page)
	}
	m.Handle("/busy", func(w http.ResponseWriter, r *http.Request) error {
		c.busy <- struct{}{}
		<-c.free
		return page(w, r)
	})
	m.Handle("POST /upload", func(w http.ResponseWriter, r *http.Request) error {
		c.mu.Lock()
		c.served = append(c.served, "upload")
		c.mu.Unlock()
		if _, err := kit.UploadOf(r, func(u kit.Upload) error { _, err := io.Copy(io.Discard, u.Body); return err }); err != nil {
			return err
		}
		return kit.Render(w, r, http.StatusOK, kit.Base(r), text("stored"))
	}, kit.Body(10<<20))
	m.Handle("/download", func(w http.ResponseWriter, r *http.Request) error {
		w.WriteHeader(http.StatusOK)
		c.busy <- struct{}{}
		<-c.free
		return nil
	})
	m.Handler()
	return m
}

func (c *rush) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *rush) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *rush) person() *kittest.Browser { return kittest.New(c.t, "t.test", c.mux.Handler()) }

// occupy sends a request that stays at work; the returned function lets it end.
func (c *rush) occupy(path string) (end func()) {
	c.t.Helper()
	done := make(chan struct{})
	b := c.person()
	b.SetCookie("session", "x")
	b.Unruly = true
	go func() {
		defer close(done)
		b.Get(path)
	}()
	<-c.busy
	return func() {
		c.free <- struct{}{}
		<-done
	}
}

// Who is turned away before anything else is done for him gets what the whole way
// through the site would have given him.
func TestTurnedAwayEarlyIsTheSamePage(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	end := c.occupy("/busy")
	defer end()
	slow := &kit.Mux{Name: "t", Bundle: bundle(t), Log: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	slow.Use(c.a.At(slow, kit.Entrance{}))
	c.person().Get("/other") // a queue stands
	for _, lang := range []string{"ru", "en"} {
		first := c.person()
		first.SetCookie("okno_lang", lang)
		ticket := first.Get("/other") // with a ticket to show
		early := first.Get("/other")
		again := kittest.New(t, "t.test", slow.Handler())
		again.SetCookie("okno_lang", lang)
		for _, cookie := range (&http.Response{Header: ticket.Header}).Cookies() {
			again.SetCookie(cookie.Name, cookie.Value)
		}
		late := again.Get("/other")
		if early.Status != http.StatusServiceUnavailable || late.Status != early.Status || late.Body != early.Body || early.Body == "" {
			t.Errorf("%s: %d and %d, equal pages: %v", lang, early.Status, late.Status, early.Body == late.Body)
		}
		for _, name := range []string{"Content-Security-Policy", "Cache-Control", "Retry-After", "X-Frame-Options", "Content-Type"} {
			if early.Header.Get(name) != late.Header.Get(name) || early.Header.Get(name) == "" {
				t.Errorf("%s: %s is %q early and %q late", lang, name, early.Header.Get(name), late.Header.Get(name))
			}
		}
	}
}

func TestRushGivesAnHonestPlace(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	end := c.occupy("/busy")
	var queue []*kittest.Browser
	for i := range 3 {
		b := c.person()
		p := b.Get("/other")
		if p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || p.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("person %d: %d %v", i, p.Status, p.Header)
		}
		if want := fmt.Sprintf("Перед вами %d ", i+1); !strings.Contains(p.Text(".okno-place"), want) {
			t.Errorf("person %d is told %q, want %q", i, p.Text(".okno-place"), want)
		}
		if !strings.Contains(p.Body, `<noscript><meta http-equiv="refresh" content="`) {
			t.Error("without script the page does not ask again")
		}
		queue = append(queue, b)
	}
	if p := queue[1].Get("/other"); !strings.Contains(p.Text(".okno-place"), "Перед вами 2 ") {
		t.Errorf("asking again changes the place: %q", p.Text(".okno-place"))
	}
	end()
	end = c.occupy("/busy")
	if p := queue[2].Get("/other"); p.Status != http.StatusServiceUnavailable {
		t.Errorf("the third is let in before the first: %d", p.Status)
	}
	c.pass(2 * time.Second) // one visit a second is called while nothing is known of the speed
	end()
	if p := c.person().Get("/other"); p.Status != http.StatusServiceUnavailable {
		t.Errorf("somebody new overtakes the queue: %d", p.Status)
	}
	for i, want := range []int{200, 200} {
		if p := queue[i].Get("/other"); p.Status != want {
			t.Errorf("person %d whose turn has come: %d", i, p.Status)
		}
		if queue[i].Cookie("okno_t_queue") != "" || queue[i].Cookie("okno_t_visit") == "" {
			t.Errorf("person %d: the ticket is not exchanged for a pass: %v", i, queue[i].CookieNames())
		}
	}
	end = c.occupy("/busy")
	defer end()
	if p := queue[0].Get("/assets/a"); p.Status != http.StatusOK {
		t.Errorf("assets wait: %d", p.Status)
	}
}

// The middle of something goes before arrivals, however long these have waited.
func TestFormsGoBeforeArrivals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newRush(t, func(a *kit.Admission) { a.Wait = time.Minute })
		end := c.occupy("/busy")
		var all sync.WaitGroup
		all.Go(func() { c.person().Get("/other") })
		synctest.Wait() // the arrival stands at the gate
		all.Go(func() { c.person().Post("/", url.Values{"x": {"1"}}) })
		synctest.Wait()
		end()
		all.Wait()
		if got := strings.Join(c.served, ", "); got != "GET /busy, POST /, GET /other" {
			t.Errorf("served in the order %s", got)
		}
	})
}

// Nothing typed is lost: the form comes back whole, and one button sends it.
func TestFormComesBack(t *testing.T) {
	t.Parallel()
	c := newRush(t, func(a *kit.Admission) { a.Patience = time.Millisecond })
	end := c.occupy("/busy")
	b := c.person()
	p := b.Post("/?step=2", url.Values{"key": {"k1"}, "x": {`Анна "<b>`}})
	if p.Status != http.StatusServiceUnavailable || !p.Has(`form[method=post][action="/?step=2"]`) {
		t.Fatalf("a form that finds no place: %d\n%s", p.Status, p.Body)
	}
	if got := p.Attr(`input[name=key]`, "value"); got != "k1" {
		t.Errorf("the key of the form: %q", got)
	}
	secret := b.Post("/", url.Values{"login": {"a"}, "password": {"Secret-1"}})
	if strings.Contains(secret.Body, "Secret-1") || secret.Has("main form") {
		t.Error("a password stands in a page")
	}
	passport := b.Post("/", url.Values{"issuer_code": {"720-001"}})
	if got := passport.Attr(`input[name=issuer_code]`, "value"); got != "720-001" {
		t.Errorf("the longest form came back without its fields: %q", got)
	}
	// A form that leads to another site is sent by its own page alone.
	if own := b.Post("/auth/callback", url.Values{"x": {"1"}}); own.Status != http.StatusServiceUnavailable || own.Has("main form") {
		t.Errorf("a form of the way between sites came back: %d", own.Status)
	}
	program := b.Post("/token", url.Values{"refresh_token": {"Secret-2"}, "x": {"Secret-3"}})
	if program.Status != http.StatusServiceUnavailable || strings.Contains(program.Body, "Secret-") {
		t.Errorf("what a program sent stands in a page: %d", program.Status)
	}
	end()
	if sent := p.Submit("main form"); sent.Status != http.StatusOK || sent.Text("h1") != `got Анна "<b>` {
		t.Errorf("sent again: %d %q", sent.Status, sent.Text("h1"))
	}
}

func TestTicketsAreHonouredEverywhere(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	end := c.occupy("/busy")
	first := c.person()
	first.Get("/other")
	forger := c.person()
	forger.SetCookie("okno_t_queue", strings.Replace(first.Cookie("okno_t_queue"), "~", "0~", 1))
	if p := forger.Get("/other"); !strings.Contains(p.Text(".okno-place"), "Перед вами 2 ") {
		t.Errorf("a forged ticket: %q", p.Text(".okno-place"))
	}
	end()

	// Another process of the same deployment, with a crowd of its own since.
	c.pass(10 * time.Second)
	here := c.mux
	c.a = &kit.Admission{Key: []byte("key"), Concurrent: 1, Wait: time.Millisecond, Patience: time.Minute, Now: c.clock}
	c.mux = c.site(c.a)
	end = c.occupy("/busy")
	defer end()
	c.person().Get("/other")
	old := c.person()
	old.SetCookie("okno_t_queue", first.Cookie("okno_t_queue"))
	if p := old.Get("/other"); !strings.Contains(p.Text(".okno-place"), "Перед вами 1 ") {
		t.Errorf("an older ticket of another process stands behind: %q", p.Text(".okno-place"))
	}
	_ = here
}

// A place is held for work alone: not while a file goes up or comes down over a
// slow line.
func TestSlowLinesHoldNoPlace(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	end := c.occupy("/download")
	if p := c.person().Get("/other"); p.Status != http.StatusOK {
		t.Errorf("beside a download: %d", p.Status)
	}
	end()
	end = c.occupy("/busy")
	defer end()
	up, send := c.upload()
	send.Close()
	if w := <-up; w.Code != http.StatusOK {
		t.Errorf("a file waits for a place: %d", w.Code)
	}
}

// upload begins to send a file, as chunks of unknown length; the file ends when
// the returned writer is closed.
func (c *rush) upload() (<-chan *httptest.ResponseRecorder, io.Closer) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	req := httptest.NewRequest(http.MethodPost, "http://t.test/upload", r)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if c.from != "" {
		req.RemoteAddr = c.from
	}
	done := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		answer := httptest.NewRecorder()
		c.mux.Handler().ServeHTTP(answer, req)
		r.Close() // nobody reads any more
		done <- answer
	}()
	begun := make(chan struct{})
	file := &sender{finish: make(chan struct{})}
	go func() {
		part, err := form.CreateFormFile("file", "a.pdf")
		if err == nil {
			_, err = part.Write(make([]byte, 100)) // taken by the handler, or refused
		}
		close(begun)
		<-file.finish
		if err == nil {
			form.Close()
		}
		w.Close()
	}()
	<-begun
	return done, file
}

type sender struct{ finish chan struct{} }

func (s *sender) Close() error { close(s.finish); return nil }

// A body that is large does not get around the gate: forms take a place as all
// do, and only so many files come in at a time.
func TestLargeBodiesAreCounted(t *testing.T) {
	t.Parallel()
	c := newRush(t, func(a *kit.Admission) { a.Patience, a.Uploads = time.Millisecond, 1 })
	large := strings.Repeat("a", 300<<10)
	end := c.occupy("/busy")
	p := c.person().Post("/", url.Values{"x": {large}})
	if p.Status != http.StatusServiceUnavailable || p.Attr(`input[name=x]`, "value") != large {
		t.Errorf("a large form beside the crowd: %d, %d bytes come back", p.Status, len(p.Attr(`input[name=x]`, "value")))
	}
	if strings.Contains(strings.Join(c.served, " "), "POST") {
		t.Error("a large form went past the gate")
	}
	end()
	if p := c.person().Post("/", url.Values{"x": {large}}); p.Status != http.StatusOK || p.Text("h1") != "got "+large {
		t.Errorf("a large form alone: %d", p.Status)
	}
	if p := c.person().Post("/", url.Values{"x": {strings.Repeat("a", 2<<20)}}); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("a form beyond the limit of its route: %d", p.Status)
	}

	first, slow := c.upload()
	second, other := c.upload()
	if w := <-second; w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one file too many: %d", w.Code)
	}
	other.Close()
	if p := c.person().Get("/other"); p.Status != http.StatusOK {
		t.Errorf("a page beside a slow file: %d", p.Status)
	}
	// Nothing of it was read: an empty form would be sent by the button.
	if p := c.person().Post("/", url.Values{"x": {large}}); p.Status != http.StatusServiceUnavailable || p.Has("main form") {
		t.Errorf("a large form without a place: %d, offered: %v", p.Status, p.Has("main form"))
	}
	slow.Close()
	if w := <-first; w.Code != http.StatusOK {
		t.Errorf("the file that was on its way: %d", w.Code)
	}
	third, quick := c.upload()
	quick.Close()
	if w := <-third; w.Code != http.StatusOK {
		t.Errorf("the next file: %d", w.Code)
	}
}

// When nothing moves, it is no crowd, and the page does not say so.
func TestStandstillIsNoCrowd(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	c.person().Get("/other") // something has ended
	end := c.occupy("/busy")
	defer end()
	c.pass(10 * time.Second)
	p := c.person().Get("/other")
	if p.Status != http.StatusServiceUnavailable || p.Has(".okno-place") || p.Text("h1") != "Сервис временно недоступен" {
		t.Errorf("while nothing moves: %d %q", p.Status, p.Text("h1"))
	}
	api := c.person()
	api.Unruly = true
	if p := api.Get("/api/a"); p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Header.Get("Content-Type"), "json") {
		t.Errorf("a program gets %d %s", p.Status, p.Header.Get("Content-Type"))
	}
}

// One address cannot hold all places of large bodies.
func TestOneAddressLeavesPlaces(t *testing.T) {
	t.Parallel()
	c := newRush(t, func(a *kit.Admission) { a.Patience, a.Uploads = time.Millisecond, 4 })
	first, one := c.upload()
	second, two := c.upload()
	third, three := c.upload()
	if w := <-third; w.Code != http.StatusServiceUnavailable {
		t.Errorf("a third body of one address: %d", w.Code)
	}
	three.Close()
	c.from = "198.51.100.7:1000"
	other, four := c.upload()
	four.Close()
	if w := <-other; w.Code != http.StatusOK {
		t.Errorf("a body of somebody else: %d", w.Code)
	}
	one.Close()
	two.Close()
	for _, up := range []<-chan *httptest.ResponseRecorder{first, second} {
		if w := <-up; w.Code != http.StatusOK {
			t.Errorf("a body within the bound: %d", w.Code)
		}
	}
	c.from = ""
	again, five := c.upload()
	five.Close()
	if w := <-again; w.Code != http.StatusOK {
		t.Errorf("after the others ended: %d", w.Code)
	}
}

// timed notes the deadlines of a connection.
type timed struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (d *timed) SetReadDeadline(at time.Time) error {
	d.deadlines = append(d.deadlines, at)
	return nil
}

// Who sends nothing is waited for half a minute; work after the body has no such end.
func TestSilentBodiesEnd(t *testing.T) {
	t.Parallel()
	c := newRush(t, nil)
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "http://t.test/", strings.NewReader("x="+strings.Repeat("a", 300<<10)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	begun := time.Now()
	c.mux.Handler().ServeHTTP(w, r)
	if n := len(w.deadlines); w.Code != http.StatusOK || n < 2 || w.deadlines[0].After(begun.Add(40*time.Second)) || !w.deadlines[n-1].IsZero() {
		t.Errorf("%d, deadlines %v", w.Code, w.deadlines)
	}
}
