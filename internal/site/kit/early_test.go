package kit_test

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/okno-gov/okno/internal/site/kit"
)

// What is ready is answered before the routes, with the headers of its kind, and
// is measured like everything else.
func TestReadyAnswers(t *testing.T) {
	t.Parallel()
	metrics := prometheus.NewRegistry()
	write := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ready") }
	b, _ := site(t, func(m *kit.Mux) {
		m.Secure, m.Metrics, m.Log = true, metrics, slog.New(slog.NewTextHandler(io.Discard, nil))
		m.Early = func(r *http.Request) *kit.Ready {
			switch r.URL.Path {
			case "/page":
				return &kit.Ready{Route: "GET /page", Serve: write}
			case "/data":
				return &kit.Ready{Route: "GET /data", Serve: write, Data: true}
			}
			return nil
		}
	})
	for path, want := range map[string]bool{"/page": true, "/data": false} {
		for range 2 {
			p := b.Get(path).WantStatus(200)
			if p.Body != "ready" {
				t.Errorf("%s answers %q", path, p.Body)
			}
			if page := p.Header.Get("Cross-Origin-Opener-Policy") != ""; page != want {
				t.Errorf("%s: headers of a page: %v", path, page)
			}
			for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security"} {
				if p.Header.Get(name) == "" {
					t.Errorf("%s lacks %s", path, name)
				}
			}
		}
	}
	b.Get("/fail/not_found").WantStatus(404)
	all, err := metrics.Gather()
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	got := map[string]uint64{}
	for _, one := range all[0].GetMetric() {
		got[label(one, "route")+" "+label(one, "status")] = one.GetHistogram().GetSampleCount()
	}
	for series, n := range map[string]uint64{"GET /page 2xx": 2, "GET /data 2xx": 2, "GET /fail/not_found 4xx": 1} {
		if got[series] != n {
			t.Errorf("%s is counted %d times, want %d: %v", series, got[series], n, got)
		}
	}
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
