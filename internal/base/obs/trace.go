package obs

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/okno-gov/okno/internal/base/fault"
)

// TraceOptions say where spans go.
type TraceOptions struct {
	// URL of an OpenTelemetry collector, such as http://127.0.0.1:4318; /v1/traces
	// is added (OTLP/HTTP, protobuf).
	URL string
	// Token is sent as a bearer token, if there is one.
	Token string
	// Ratio of the traces that are kept, (0, 1]. The trace's number decides, so
	// that all processes with the same ratio keep the same traces, and no
	// foreign header can force one.
	Ratio float64
	// Version and Instance name the process.
	Version, Instance string
	Log               *slog.Logger
}

// Tracer makes spans: what one request caused, in all processes, in order and
// with times. A nil Tracer makes none and costs a comparison. Spans carry kinds,
// routes, states and hosts; the methods take no other attributes, so that no
// personal data can get in.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

const (
	spanName       = "github.com/okno-gov/okno"
	uploadTimeout  = 10 * time.Second
	complainAtMost = time.Minute
	maxComplaint   = 512
)

// NewTracer begins to send spans, in batches and in the background. Close it.
func NewTracer(ctx context.Context, o TraceOptions) (*Tracer, error) {
	exporter, err := otlptrace.New(ctx, &uploader{options: o, client: &http.Client{Timeout: uploadTimeout}})
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(o.Ratio)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "okno"), attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Instance),
		)),
	)
	return &Tracer{provider: p, tracer: p.Tracer(spanName)}, nil
}

// Close sends what is waiting, as long as ctx lasts.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// uploader posts spans to a collector. A collector that is away costs spans,
// never an answer: it is complained of at most once a minute.
type uploader struct {
	options TraceOptions
	client  *http.Client

	mu         sync.Mutex
	complained time.Time
}

// Start does nothing.
func (u *uploader) Start(context.Context) error { return nil }

// Stop lets connections go.
func (u *uploader) Stop(context.Context) error {
	u.client.CloseIdleConnections()
	return nil
}

// UploadTraces sends a batch. Its errors end here: they would reach nobody else.
func (u *uploader) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	if err := u.upload(ctx, spans); err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if time.Since(u.complained) > complainAtMost {
			u.complained = time.Now()
			u.options.Log.WarnContext(ctx, "traces are lost", "error", err)
		}
	}
	return nil
}

func (u *uploader) upload(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// On the wire this is the same as an ExportTraceServiceRequest, without gRPC.
	raw, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	if _, err := z.Write(raw); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.options.URL+"/v1/traces", &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	if u.options.Token != "" {
		req.Header.Set("Authorization", "Bearer "+u.options.Token)
	}
	res, err := u.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxComplaint))
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the collector answers %s", res.Status)
	}
	return nil
}

var traceContext propagation.TraceContext

// Span is one act of a trace; nil is one that nobody keeps.
type Span struct{ span trace.Span }

func (t *Tracer) start(ctx context.Context, kind trace.SpanKind, name string, attrs ...attribute.KeyValue) (context.Context, *Span) {
	ctx, s := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	return ctx, &Span{s}
}

// Request begins the span of a request that came in. trusted says that its
// traceparent header comes from our own proxy (W3C Trace Context).
func (t *Tracer) Request(r *http.Request, trusted bool) (context.Context, *Span) {
	ctx := r.Context()
	if t == nil {
		return ctx, nil
	}
	if trusted {
		ctx = traceContext.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, s := t.start(ctx, trace.SpanKindServer, r.Method, attribute.String("http.request.method", r.Method))
	return context.WithValue(ctx, serverKey{}, s), s
}

type serverKey struct{}

// Answered names the span of the request that the context belongs to: by the
// pattern of its route, never by its address.
func Answered(ctx context.Context, site, pattern string, status int) {
	s, _ := ctx.Value(serverKey{}).(*Span)
	if s == nil || !s.span.IsRecording() {
		return
	}
	if pattern != "" {
		s.span.SetName(pattern)
	}
	s.span.SetAttributes(attribute.String("okno.site", site), attribute.String("http.route", pattern),
		attribute.Int("http.response.status_code", status), attribute.String("okno.request", RequestID(ctx)))
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, "")
	}
}

// Call begins the span of a call to an outside system and lets the call carry
// it. purpose is that of the client, such as "mvd".
func (t *Tracer) Call(req *http.Request, purpose string) (context.Context, *Span) {
	if t == nil {
		return req.Context(), nil
	}
	ctx, s := t.start(req.Context(), trace.SpanKindClient, req.Method+" "+purpose, attribute.String("http.request.method", req.Method),
		attribute.String("okno.purpose", purpose), attribute.String("server.address", req.URL.Host))
	traceContext.Inject(ctx, propagation.HeaderCarrier(req.Header))
	return ctx, s
}

// Job begins the span of a job's attempt.
func (t *Tracer) Job(ctx context.Context, kind string, attempt int) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	return t.start(ctx, trace.SpanKindConsumer, kind, attribute.String("okno.job", kind), attribute.Int("okno.attempt", attempt),
		attribute.String("okno.request", RequestID(ctx)))
}

// Status notes the status of an answer; 0 and a reason in few words stand for
// none.
func (s *Span) Status(code int, reason string) {
	if s == nil {
		return
	}
	if code != 0 {
		s.span.SetAttributes(attribute.Int("http.response.status_code", code))
	}
	if code >= http.StatusInternalServerError || reason != "" {
		s.span.SetStatus(codes.Error, reason)
	}
}

// Failed notes that the act failed: the kind of its fault, not its words, which
// may name somebody.
func (s *Span) Failed(err error) {
	if s != nil && err != nil {
		s.span.SetStatus(codes.Error, fault.KindOf(err).String())
	}
}

// End ends the act.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}

// traceID is the number of the trace that the context belongs to, if it is kept.
func traceID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.IsSampled() {
		return c.TraceID().String()
	}
	return ""
}

// Thread is what a request leaves to the jobs that it enqueues: its number for
// the log, and its trace.
type Thread struct {
	Request string `json:"request,omitempty"`
	Trace   string `json:"trace,omitempty"` // W3C traceparent
}

// ThreadOf takes up the thread of the request or job that a context belongs to.
func ThreadOf(ctx context.Context) Thread {
	t := Thread{Request: RequestID(ctx)}
	if trace.SpanContextFromContext(ctx).IsValid() {
		c := propagation.MapCarrier{}
		traceContext.Inject(ctx, c)
		t.Trace = c["traceparent"]
	}
	return t
}

// Resume gives a context in which the thread goes on.
func (t Thread) Resume(ctx context.Context) context.Context {
	if t.Request != "" {
		ctx = WithRequestID(ctx, t.Request)
	}
	if t.Trace != "" {
		ctx = traceContext.Extract(ctx, propagation.MapCarrier{"traceparent": t.Trace})
	}
	return ctx
}
