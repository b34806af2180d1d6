// Package obstest receives traces in tests, as a collector does (OTLP/HTTP).
package obstest

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Span is what tests ask of one.
type Span struct {
	Name, Kind, TraceID, ID, Parent string
	Attributes                      map[string]string
	Failed                          string // "" or the reason; "error" without one
}

// Receiver is a collector that remembers.
type Receiver struct {
	URL string

	mu    sync.Mutex
	spans []Span
	text  strings.Builder
	auth  string
}

// New starts a collector for the time of a test.
func New(t testing.TB) *Receiver {
	r := &Receiver{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := r.take(req); err != nil {
			t.Errorf("collector: %v", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

func (r *Receiver) take(req *http.Request) error {
	if req.Method != http.MethodPost || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s %s %s", req.Method, req.URL.Path, req.Header.Get("Content-Type"))
	}
	z, err := gzip.NewReader(req.Body)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	var data tracepb.TracesData
	if err := proto.Unmarshal(raw, &data); err != nil {
		return err
	}
	text, err := protojson.Marshal(&data)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(text)
	r.auth = req.Header.Get("Authorization")
	for _, rs := range data.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				r.spans = append(r.spans, read(s))
			}
		}
	}
	return nil
}

func read(s *tracepb.Span) Span {
	out := Span{
		Name: s.GetName(), Kind: strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")), TraceID: hex.EncodeToString(s.GetTraceId()),
		ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()), Attributes: map[string]string{},
	}
	for _, a := range s.GetAttributes() {
		v := a.GetValue().GetStringValue()
		if v == "" {
			v = fmt.Sprint(a.GetValue().GetIntValue())
		}
		out.Attributes[a.GetKey()] = v
	}
	if st := s.GetStatus(); st.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
		if out.Failed = st.GetMessage(); out.Failed == "" {
			out.Failed = "error"
		}
	}
	return out
}

// Spans are those that have arrived: they come in batches, and all of them once
// the tracer is closed.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Text is everything that has arrived, for searches.
func (r *Receiver) Text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Authorization is the header of the last batch.
func (r *Receiver) Authorization() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.auth
}
