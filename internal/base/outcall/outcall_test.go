package outcall

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/base/obs/obstest"
)

func factory(t *testing.T, allow ...string) *Factory {
	t.Helper()
	f, err := New(allow...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func get(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), err
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

func TestPublic(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2a00:1450:4010::1": true, "8.8.8.8": true,
		"127.0.0.1": false, "127.255.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:1::": false, "fec0::1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) = %t", addr, got)
		}
	}
}

func TestInsideIsRefusedUnlessAllowed(t *testing.T) {
	t.Parallel()
	s := serve(t, hello)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		allow, host string
		want        bool
	}{
		{"", "127.0.0.1", false},
		{"", "localhost", false},
		{"", "esia.localhost", false},
		{"", "[::ffff:127.0.0.1]", false},
		{"", "0.0.0.0", false},
		{"10.0.0.0/8", "127.0.0.1", false},
		{"127.0.0.1:1", "127.0.0.1", false},
		{"uslugi.localhost", "esia.localhost", false},
		{"localhost", "esia.localhost", false},
		{"127.0.0.0/8", "127.0.0.1", true},
		{"127.0.0.1", "localhost", true},
		{"127.0.0.1:" + port, "esia.localhost", true},
		{"*.localhost", "ESIA.localhost", true},
		{"esia.localhost:" + port, "esia.localhost.", true},
		{"::1", "127.0.0.1", false},
	} {
		f := factory(t)
		if c.allow != "" {
			f = factory(t, c.allow)
		}
		body, err := get(f.Client("test"), "http://"+c.host+":"+port)
		if c.want && (err != nil || body != "hello") {
			t.Errorf("allow %q: %s: %v", c.allow, c.host, err)
		}
		if !c.want && !errors.Is(err, ErrForbidden) {
			t.Errorf("allow %q: %s was called: %q, %v", c.allow, c.host, body, err)
		}
		if _, err := f.DialContext(context.Background(), "tcp", net.JoinHostPort(strings.Trim(c.host, "[]"), port)); (err == nil) != c.want {
			t.Errorf("allow %q: dial %s: %v", c.allow, c.host, err)
		}
	}
	for _, bad := range []string{"", "http://x", "10.0.0.0/99x", "a b", "*."} {
		if _, err := New(bad); err == nil {
			t.Errorf("rule %q was taken", bad)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	inner := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the inside was called by a redirect") })
	hops := 0
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/inside":
			http.Redirect(w, r, strings.Replace(inner.URL, "127.0.0.1", "inner.localhost", 1), http.StatusFound)
		case "/loop":
			hops++
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.Redirect(w, r, "/inside", http.StatusFound)
		}
	})
	u, err := url.Parse(outer.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := factory(t, "outer.localhost:"+u.Port()).Client("test")
	for _, path := range []string{"/inside", "/twice"} {
		if _, err := get(c, "http://outer.localhost:"+u.Port()+path); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := get(c, "http://outer.localhost:"+u.Port()+"/loop"); err == nil || hops != maxRedirects+1 {
		t.Errorf("loop of %d: %v", hops, err)
	}
	secure, plain := httptest.NewRequest(http.MethodGet, "https://a/", nil), httptest.NewRequest(http.MethodGet, "http://a/", nil)
	if err := checkRedirect(plain, []*http.Request{secure}); !errors.Is(err, ErrForbidden) {
		t.Errorf("redirect to http: %v", err)
	}
}

func TestAnswersAreLimited(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 1<<20))
	z.Close()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/told":
			_, _ = w.Write(make([]byte, 101))
		case "/stream":
			w.(http.Flusher).Flush()
			_, _ = w.Write(make([]byte, 101))
		case "/exact":
			w.(http.Flusher).Flush()
			_, _ = w.Write(make([]byte, 100))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}
	})
	f := factory(t, "127.0.0.1")
	for path, limit := range map[string]int64{"/told": 100, "/stream": 100, "/bomb": 10_000} {
		if body, err := get(f.Client("test", MaxBody(limit)), s.URL+path); !errors.Is(err, ErrTooLarge) || int64(len(body)) > limit {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
	}
	if body, err := get(f.Client("test", MaxBody(100)), s.URL+"/exact"); err != nil || len(body) != 100 {
		t.Errorf("exact: %d bytes, %v", len(body), err)
	}
}

func TestCallsCarryTheRequest(t *testing.T) {
	t.Parallel()
	var got http.Header
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	req, err := http.NewRequestWithContext(obs.WithRequestID(context.Background(), "00ff"), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := factory(t, "127.0.0.1").Client("test").Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got.Get("X-Request-ID") != "00ff" || got.Get("User-Agent") != "Okno" || req.Header.Get("X-Request-ID") != "" {
		t.Errorf("headers %v, own %v", got, req.Header)
	}
}

func TestCallsAreSpans(t *testing.T) {
	t.Parallel()
	carried := ""
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		carried = r.Header.Get("Traceparent")
		w.WriteHeader(http.StatusBadGateway)
	})
	rec := obstest.New(t)
	tr, err := obs.NewTracer(t.Context(), obs.TraceOptions{URL: rec.URL, Ratio: 1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f := factory(t, "127.0.0.1")
	f.Tracer = tr
	_, _ = get(f.Client("mvd"), s.URL+"/?snils=11223344595")
	_, _ = get(f.Client("sfr"), "http://127.0.0.1:1/?snils=11223344595")
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := rec.Spans()
	if len(spans) != 2 || spans[0].Name != "GET mvd" || spans[0].Attributes["http.response.status_code"] != "502" || !strings.Contains(carried, spans[0].ID) {
		t.Errorf("answered: %+v, carried %s", spans, carried)
	}
	if spans[1].Name != "GET sfr" || spans[1].Failed != "no connection" {
		t.Errorf("not answered: %+v", spans[1])
	}
	if strings.Contains(rec.Text(), "11223344595") {
		t.Errorf("the address with its query is in a span: %s", rec.Text())
	}
}

func TestSilentDestination(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := factory(t, "127.0.0.1")
	if _, err := get(f.Client("test", Timeout(50*time.Millisecond)), "http://"+l.Addr().String()); err == nil {
		t.Error("a call to nobody ended well")
	}
	if d := f.Destinations(); len(d) != 1 || d[0].LastError != "no answer in time" || d[0].Failures != 1 || !d[0].Up {
		t.Errorf("destinations %+v", d)
	}
}

// hands is a clock that the test moves.
type hands struct {
	mu sync.Mutex
	t  time.Time
}

func (h *hands) now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.t }

func (h *hands) advance(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.t = h.t.Add(d) }

func TestBreaker(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	status, calls := http.StatusInternalServerError, 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		w.WriteHeader(status)
	})
	set := func(code int) { mu.Lock(); defer mu.Unlock(); status = code }
	made := func() int { mu.Lock(); defer mu.Unlock(); return calls }
	f := factory(t, "127.0.0.1")
	clock := &hands{t: time.Date(2026, 11, 21, 9, 40, 0, 0, time.UTC)}
	f.board = newBoard(clock.now)
	c := f.Client("mvd")
	for range failuresToOpen {
		if _, err := get(c, s.URL); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := get(c, s.URL); !errors.Is(err, ErrDown) {
			t.Errorf("a dead destination is asked: %v", err)
		}
	}
	want := Destination{
		Name: "mvd " + strings.TrimPrefix(s.URL, "http://"), Since: clock.t, LastError: "status 500", ErrorAt: clock.t, Failures: 5,
	}
	if d := f.Destinations(); made() != 5 || len(d) != 1 || d[0] != want {
		t.Errorf("%d calls, destinations %+v", made(), d)
	}
	if _, err := get(f.Client("sfr"), s.URL); err != nil {
		t.Errorf("another purpose suffers: %v", err)
	}
	clock.advance(firstPause)
	if _, err := get(c, s.URL); err != nil { // the probe, which fails and doubles the pause
		t.Error(err)
	}
	clock.advance(firstPause)
	if _, err := get(c, s.URL); !errors.Is(err, ErrDown) {
		t.Errorf("the pause did not grow: %v", err)
	}
	clock.advance(firstPause)
	set(http.StatusNotFound) // an answer all the same
	for range 2 {
		if _, err := get(c, s.URL); err != nil {
			t.Error(err)
		}
	}
	if d := f.Destinations()[0]; !d.Up || d.Since != clock.t || d.LastOK != clock.t || d.Failures != 0 || d.LastError != "status 500" {
		t.Errorf("after recovery %+v", d)
	}
}

func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	clock := &hands{t: time.Unix(0, 0)}
	b := newBoard(clock.now)
	for range failuresToOpen {
		settle, err := b.begin("x")
		if err != nil {
			t.Fatal(err)
		}
		settle(verdict{failed, "away"})
	}
	clock.advance(time.Hour)
	settle, err := b.begin("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.begin("x"); !errors.Is(err, ErrDown) {
		t.Errorf("a second probe: %v", err)
	}
	settle(verdict{kind: nothing}) // the caller went away: the next one may try
	if _, err := b.begin("x"); err != nil {
		t.Errorf("after an abandoned probe: %v", err)
	}
}

func TestBoardIsBounded(t *testing.T) {
	t.Parallel()
	clock := &hands{t: time.Unix(0, 0)}
	b := newBoard(clock.now)
	for i := range maxDestinations + 50 {
		clock.advance(time.Second)
		if _, err := b.begin(fmt.Sprintf("relying-party %04d", i)); err != nil {
			t.Fatal(err)
		}
	}
	list := b.list()
	if len(list) != maxDestinations || list[0].Name != "relying-party 0050" {
		t.Errorf("%d destinations, the first %q", len(list), list[0].Name)
	}
}

func TestReasonsHoldNoAddress(t *testing.T) {
	t.Parallel()
	f := factory(t, "127.0.0.1")
	_, _ = get(f.Client("a"), "http://127.0.0.1:1/?snils=11223344595")
	s := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports the refused handshake
	s.StartTLS()
	t.Cleanup(s.Close)
	_, _ = get(f.Client("b"), s.URL)
	broken := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, _ = get(f.Client("c"), broken.URL)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	req, err := http.NewRequestWithContext(gone, http.MethodGet, broken.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Client("d").Do(req)
	var got []string
	for _, d := range f.Destinations() {
		got = append(got, d.LastError)
	}
	if want := "no connection|its certificate is not trusted|the connection broke|"; strings.Join(got, "|") != want {
		t.Errorf("reasons %q", got)
	}
}
