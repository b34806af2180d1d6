package obs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/okno-gov/okno/internal/base/fault"
	"github.com/okno-gov/okno/internal/base/obs"
	"github.com/okno-gov/okno/internal/base/obs/obstest"
)

func tracer(t *testing.T, r *obstest.Receiver, ratio float64) *obs.Tracer {
	t.Helper()
	tr, err := obs.NewTracer(t.Context(), obs.TraceOptions{URL: r.URL, Token: "t0ken", Ratio: ratio, Version: "test", Instance: "one", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

const outer = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func incoming(header string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://uslugi.test/services/x?phone=secret", http.NoBody)
	r.Header.Set("Traceparent", header)
	return r
}

// A request, the call that it makes and the job that it enqueues are one trace.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	rec := obstest.New(t)
	tr := tracer(t, rec, 1)
	ctx, server := tr.Request(incoming(outer), true)
	ctx = obs.WithRequestID(ctx, "00ff")
	call := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://mvd.test:8443/check?snils=secret", http.NoBody)
	_, client := tr.Call(call, "mvd")
	sent := call.Header.Get("Traceparent")
	client.Status(503, "")
	client.End()
	thread := obs.ThreadOf(ctx)
	obs.Answered(ctx, "portal", "POST /services/{code}", 303)
	server.End()

	jctx, job := tr.Job(thread.Resume(context.Background()), "application.route", 2)
	if obs.RequestID(jctx) != "00ff" {
		t.Errorf("the job has the request %q", obs.RequestID(jctx))
	}
	var line bytes.Buffer
	slog.New(obs.NewHandler(&line, obs.Options{})).InfoContext(jctx, "routed")
	job.Failed(fault.Unavailable("x").Wrap(errors.New("secret")))
	job.End()
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	spans := map[string]obstest.Span{}
	for _, s := range rec.Spans() {
		spans[s.Name] = s
		if s.TraceID != outer[3:35] {
			t.Errorf("%s belongs to the trace %s", s.Name, s.TraceID)
		}
	}
	in, out, work := spans["POST /services/{code}"], spans["GET mvd"], spans["application.route"]
	if in.Kind != "server" || in.Parent != outer[36:52] || in.Attributes["http.response.status_code"] != "303" || in.Attributes["okno.site"] != "portal" || in.Attributes["okno.request"] != "00ff" || in.Failed != "" {
		t.Errorf("request: %+v", in)
	}
	if out.Kind != "client" || out.Parent != in.ID || out.Attributes["server.address"] != "mvd.test:8443" || out.Failed != "error" || !strings.Contains(sent, out.ID) {
		t.Errorf("call: %+v, carried %s", out, sent)
	}
	if work.Kind != "consumer" || work.Parent != in.ID || work.Failed != "unavailable" || work.Attributes["okno.attempt"] != "2" {
		t.Errorf("job: %+v", work)
	}
	if !strings.Contains(line.String(), "trace="+outer[3:35]) || !strings.Contains(line.String(), "request=00ff") {
		t.Errorf("log line %s", line.String())
	}
	if strings.Contains(rec.Text(), "secret") || rec.Authorization() != "Bearer t0ken" {
		t.Errorf("%s\nwith %s", rec.Text(), rec.Authorization())
	}
}

func TestStrangersDoNotChooseTheTrace(t *testing.T) {
	t.Parallel()
	rec := obstest.New(t)
	tr := tracer(t, rec, 1)
	for _, header := range []string{outer, "nonsense", ""} {
		_, s := tr.Request(incoming(header), false)
		s.End()
	}
	_, s := tr.Request(incoming("00-nonsense-01"), true)
	s.End()
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range rec.Spans() {
		if s.Parent != "" || s.TraceID == outer[3:35] || seen[s.TraceID] {
			t.Errorf("%+v", s)
		}
		seen[s.TraceID] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d traces", len(seen))
	}
}

// The number of the trace decides what is kept: a header cannot force it, and
// all processes decide alike.
func TestRatio(t *testing.T) {
	t.Parallel()
	rec := obstest.New(t)
	tr := tracer(t, rec, 0.5)
	kept := "00-00000000000000000000000000000001-b7ad6b7169203331-00"
	gone := "00-0000000000000000ffffffffffffffff-b7ad6b7169203331-01"
	for _, h := range []string{kept, gone} {
		ctx, s := tr.Request(incoming(h), true)
		if obs.ThreadOf(ctx).Trace == "" {
			t.Errorf("%s: the thread is cut", h)
		}
		s.End()
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := rec.Spans(); len(s) != 1 || !strings.Contains(kept, s[0].TraceID) {
		t.Errorf("kept %+v", s)
	}
}

func TestWithoutTracer(t *testing.T) { // counts allocations: not in parallel
	var tr *obs.Tracer
	r := incoming(outer)
	ctx, s := tr.Request(r, true)
	s.Status(500, "x")
	s.Failed(errors.New("x"))
	s.End()
	obs.Answered(ctx, "portal", "GET /", 200)
	if ctx != r.Context() || obs.ThreadOf(ctx) != (obs.Thread{}) || tr.Close(ctx) != nil {
		t.Error("something was traced")
	}
	r.Header.Del("Traceparent")
	if ctx, _ := tr.Call(r, "mvd"); ctx != r.Context() || r.Header.Get("Traceparent") != "" {
		t.Error("a call carries a trace")
	}
	if n := testing.AllocsPerRun(100, func() {
		ctx, s := tr.Request(r, true)
		_, j := tr.Job(ctx, "kind", 1)
		j.End()
		s.End()
	}); n != 0 {
		t.Errorf("%v allocations without a tracer", n)
	}
}

// A collector that is away is said once, and nobody waits for it.
func TestCollectorIsAway(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(s.Close)
	var log bytes.Buffer
	tr, err := obs.NewTracer(t.Context(), obs.TraceOptions{URL: s.URL, Ratio: 1, Log: slog.New(obs.NewHandler(&log, obs.Options{}))})
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 { // several batches
		_, s := tr.Request(incoming(""), false)
		s.End()
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Count(log.String(), "traces are lost") != 1 {
		t.Errorf("log: %s", log.String())
	}
}
