package application_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/internal/portal/account"
	"github.com/okno-gov/okno/internal/portal/application"
)

// submitters is how many send at the same time: goal P8 of test/bench, which
// runs this on a durable PostgreSQL beside pgbench.
const submitters = 32

// draftsOfOne stays below the limit of drafts of one person.
const draftsOfOne = 90

func BenchmarkSubmit(b *testing.B) {
	k := newKit(b)
	drafts := make([]application.Submission, b.N)
	var wait sync.WaitGroup
	var next atomic.Int64
	persons := make([]string, (b.N+draftsOfOne-1)/draftsOfOne)
	for i := range persons {
		persons[i] = k.person(b, fmt.Sprint(1100000000+i), account.LevelConfirmed)
	}
	each := func(do func(i int)) {
		next.Store(0)
		for range submitters {
			wait.Go(func() {
				for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
					do(i)
				}
			})
		}
		wait.Wait()
	}
	each(func(i int) {
		owner := persons[i/draftsOfOne]
		drafts[i] = k.submission(owner, k.fill(b, owner))
	})
	own, server, err := dbtest.CPU(b.Context(), k.DB)
	must(b, err)
	b.ResetTimer()
	each(func(i int) {
		if _, err := k.Submit(b.Context(), drafts[i]); err != nil {
			b.Error(err)
		}
	})
	b.StopTimer()
	own2, server2, err := dbtest.CPU(b.Context(), k.DB)
	must(b, err)
	b.ReportMetric(float64((own2-own).Microseconds())/float64(b.N), "okno-µs/op")
	b.ReportMetric(float64((server2-server).Microseconds())/float64(b.N), "pg-µs/op")
}
