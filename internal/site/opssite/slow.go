package opssite

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// answered is how one route of a site has answered since the start.
type answered struct {
	Site, Route string
	N, Failed   uint64  // requests, and those that ended with a fault of ours (5xx)
	Mean        float64 // seconds
	P95         float64 // seconds; +Inf: slower than the widest bucket
}

const httpMetric = "okno_http_seconds"

// slowest reads the answer times, the slowest routes first.
func slowest(g prometheus.Gatherer) ([]answered, error) {
	families, err := g.Gather()
	if err != nil {
		return nil, err
	}
	type key struct{ site, route string }
	sums := map[key]*routeSum{}
	for _, f := range families {
		if f.GetName() != httpMetric {
			continue
		}
		for _, m := range f.GetMetric() {
			k := key{label(m, "site"), label(m, "route")}
			if sums[k] == nil {
				sums[k] = &routeSum{}
			}
			sums[k].add(m.GetHistogram(), label(m, "status") == "5xx")
		}
	}
	var out []answered
	for k, s := range sums {
		out = append(out, answered{
			Site: k.site, Route: k.route, N: s.n, Failed: s.failed, Mean: s.seconds / float64(max(s.n, 1)), P95: s.quantile(0.95),
		})
	}
	slices.SortFunc(out, func(a, b answered) int {
		return cmp.Or(cmp.Compare(b.P95, a.P95), cmp.Compare(b.Mean, a.Mean), cmp.Compare(a.Site+a.Route, b.Site+b.Route))
	})
	return out, nil
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// routeSum adds the histograms of a route's status classes.
type routeSum struct {
	n, failed uint64
	seconds   float64
	bounds    []float64
	counts    []uint64 // cumulative, like Prometheus's
}

func (s *routeSum) add(h *dto.Histogram, failed bool) {
	s.n += h.GetSampleCount()
	s.seconds += h.GetSampleSum()
	if failed {
		s.failed += h.GetSampleCount()
	}
	for i, b := range h.GetBucket() {
		if i == len(s.bounds) {
			s.bounds, s.counts = append(s.bounds, b.GetUpperBound()), append(s.counts, 0)
		}
		s.counts[i] += b.GetCumulativeCount()
	}
}

// quantile is the upper bound of the bucket that holds the quantile: never
// better than the truth.
func (s *routeSum) quantile(q float64) float64 {
	want := q * float64(s.n)
	for i, c := range s.counts {
		if float64(c) >= want {
			return s.bounds[i]
		}
	}
	return math.Inf(1)
}
