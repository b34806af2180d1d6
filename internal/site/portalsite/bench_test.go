package portalsite_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/dbtest"
)

// BenchmarkSignedIn tells what a page costs this process and PostgreSQL, with
// what is kept in memory and without.
func BenchmarkSignedIn(b *testing.B) {
	w := newWorld(b)
	browser := w.signedIn(anna(3))
	for _, c := range []struct {
		name     string
		believed time.Duration
	}{{"read", 0}, {"kept", time.Hour}} {
		w.db.BelieveFor(c.believed)
		must(b, w.db.CatchUp(b.Context()))
		for _, path := range []string{"/", "/lk/notifications", "/lk/"} {
			b.Run(c.name+path, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = "uslugi.test"
				r.Header.Set("Accept-Encoding", "gzip")
				r.AddCookie(&http.Cookie{Name: "portal72", Value: browser.Cookie("portal72")})
				own, server, err := dbtest.CPU(b.Context(), w.db)
				must(b, err)
				for b.Loop() {
					rec := httptest.NewRecorder()
					w.http.ServeHTTP(rec, r)
					if rec.Code != http.StatusOK {
						b.Fatalf("status %d", rec.Code)
					}
				}
				own2, server2, err := dbtest.CPU(b.Context(), w.db)
				must(b, err)
				b.ReportMetric(float64((own2-own).Microseconds())/float64(b.N), "µs-okno/op")
				b.ReportMetric(float64((server2-server).Microseconds())/float64(b.N), "µs-postgres/op")
			})
		}
	}
}
