package opssite

import (
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestSlowestRoutesComeFirst(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: httpMetric, Buckets: []float64{.01, .1, 1}}, []string{"site", "route", "status"})
	r.MustRegister(h)
	see := func(route, status string, n int, seconds float64) {
		for range n {
			h.WithLabelValues("portal", route, status).Observe(seconds)
		}
	}
	see("GET /quick", "2xx", 100, .005)
	see("GET /mixed", "2xx", 90, .005)
	see("GET /mixed", "5xx", 10, .5)
	see("GET /never", "2xx", 1, 30)
	got, err := slowest(r)
	if err != nil || len(got) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	if a := got[0]; a.Route != "GET /never" || !math.IsInf(a.P95, 1) || a.Failed != 0 {
		t.Errorf("first %+v", a)
	}
	if a := got[1]; a.Route != "GET /mixed" || a.P95 != 1 || a.N != 100 || a.Failed != 10 || math.Abs(a.Mean-.0545) > 1e-9 {
		t.Errorf("second %+v", a)
	}
	if a := got[2]; a.Route != "GET /quick" || a.P95 != .01 {
		t.Errorf("third %+v", a)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	if got := fingerprint([]byte{0xde, 0xad, 0xbe, 0xef, 0x01}); got != "deadbeef 01" {
		t.Errorf("%q", got)
	}
}
