package cluster

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/okno-gov/okno/test/drive"
)

// uploads are people who attach one file after another and try again what they
// are told to try again.
type uploads struct {
	fleet *drive.Fleet
	ends  context.CancelFunc
	work  sync.WaitGroup

	mu    sync.Mutex
	taken []taken
	told  int      // how often somebody was told to try again
	wrong []string // answers that are neither
}

// taken is a file that was acknowledged.
type taken struct {
	who  *drive.Person
	path string
	sum  [sha256.Size]byte
}

func startUploads(ctx context.Context, f *drive.Fleet, people []*drive.Person, windows int) *uploads {
	ctx, ends := context.WithCancel(ctx)
	u := &uploads{fleet: f, ends: ends}
	for n, p := range people {
		for w := range windows {
			u.work.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					u.one(ctx, p, fmt.Appendf(nil, "%%PDF-1.4\n%% %d %d %d %s", n, w, i, strings.Repeat("a page of a scan ", 20_000)))
				}
			})
		}
	}
	return u
}

// one attaches one file to a draft of its own, however often it takes.
func (u *uploads) one(ctx context.Context, p *drive.Person, body []byte) {
	keep := context.WithoutCancel(ctx) // what has begun ends: its outcome would be unknown else
	step, err := drive.AttachmentStep(keep, p, u.fleet.URL("uslugi", ""))
	if err != nil {
		u.note(func() { u.wrong = append(u.wrong, "a form with files does not open: "+err.Error()) })
		return
	}
	for {
		pg, err := drive.Attach(keep, p, step, "скан.pdf", body)
		switch {
		case err != nil:
			u.note(func() { u.wrong = append(u.wrong, err.Error()) })
			return
		case pg.Status == http.StatusOK && len(pg.Attrs(".okno-file a", "href")) == 1:
			at := pg.Attrs(".okno-file a", "href")[0]
			u.note(func() { u.taken = append(u.taken, taken{p, at, sha256.Sum256(body)}) })
			return
		case pg.Status == http.StatusServiceUnavailable && strings.Contains(pg.Text(), "ещё раз через несколько минут"):
			u.note(func() { u.told++ })
		default:
			u.note(func() { u.wrong = append(u.wrong, fmt.Sprintf("%d %.300s", pg.Status, pg.Text())) })
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (u *uploads) note(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

// await waits until so many more files were taken, or people told to try again.
func (u *uploads) await(t *testing.T, what string, count func(*uploads) int, more int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var from, now int
	u.note(func() { from = count(u) })
	for now < from+more {
		select {
		case <-ctx.Done():
			u.note(func() {
				t.Fatalf("%s: %d of %d; %d taken, told %d times; wrong: %.1000q", what, now-from, more, len(u.taken), u.told, u.wrong)
			})
		case <-time.After(50 * time.Millisecond):
		}
		u.note(func() { now = count(u) })
	}
}

func filesTaken(u *uploads) int { return len(u.taken) }
func toldAgain(u *uploads) int  { return u.told }

// objectStoreDies kills the store of files while people attach some: who
// uploads is told to try again and does, what needs no files goes on, and every
// file that was acknowledged is read back whole.
func objectStoreDies(t *testing.T, f *drive.Fleet, store *drive.Daemon, people []*drive.Person, l *drive.Load) {
	t.Helper()
	u := startUploads(t.Context(), f, people, 2)
	u.await(t, "files before", filesTaken, 8)
	for range 3 {
		phase(t, l, "the store of files dies", func() {
			store.Kill()
			u.await(t, "people told to try again", toldAgain, 4)
		})
		must(t, store.Start(t.Context()))
		u.await(t, "files afterwards", filesTaken, 8)
	}
	u.ends()
	u.work.Wait()
	for _, w := range u.wrong {
		t.Errorf("an upload was answered with neither the file nor a word about what to do: %s", w)
	}
	lost := 0
	for _, one := range u.taken {
		pg, err := one.who.Get(t.Context(), f.URL("uslugi", one.path))
		must(t, err)
		if pg.Status != http.StatusOK || sha256.Sum256(pg.Body) != one.sum {
			lost++
			t.Errorf("%s was acknowledged and comes back with %d, %d bytes", one.path, pg.Status, len(pg.Body))
		}
	}
	t.Logf("%d files acknowledged, %d lost; people were told to try again %d times", len(u.taken), lost, u.told)
}
