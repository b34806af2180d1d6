package opssite_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/site/opssite"
)

// acts are the entries of the journal of operations, the newest first.
func (w *world) acts() (out []string) {
	w.t.Helper()
	must(w.t, w.db.Read(context.Background(), func(tx *db.Tx) error {
		page, err := w.ledger.List(context.Background(), tx, "operations", ledger.Filter{})
		for _, e := range page.Entries {
			out = append(out, e.Actor+" "+e.Kind+" "+e.Object)
		}
		return err
	}))
	return out
}

func TestStoppedJobIsTriedAgainOrTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var broken atomic.Bool
	var done atomic.Int64
	broken.Store(true)
	job.Handle(w.queue, func(context.Context, failing) error {
		if broken.Load() {
			return job.GiveUp(errors.New("the register knows no such thing"))
		}
		done.Add(1)
		return nil
	})
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		return errors.Join(w.queue.Enqueue(ctx, tx, failing{1}), w.queue.Enqueue(ctx, tx, failing{2}))
	}))
	must(t, w.queue.Settle(ctx))
	failures, err := w.queue.Failures(ctx, 10)
	must(t, err)
	if len(failures) != 2 {
		t.Fatalf("failures %+v", failures)
	}
	a := w.signedIn(admin)
	jobs := a.Get("/jobs").Want("main", "остановлены, повтор не поможет")
	if n := len(jobs.Texts("main form[action$='/retry']")); n != 2 {
		t.Fatalf("%d buttons", n)
	}
	broken.Store(false)
	first := jobs.Attr("main form[action$='/retry']", "action")
	jobs.Submit("main form[action='"+first+"']").WantPath("/jobs").Want("main", "повторено задание")
	must(t, w.queue.Settle(ctx))
	if done.Load() != 1 {
		t.Errorf("the job ran %d times", done.Load())
	}
	a.Post(first, nil).WantStatus(http.StatusConflict) // pressed twice: it is done
	left := a.Get("/jobs")
	left.Submit("main form[action$='/discard']").WantPath("/jobs").Want("main", "снято задание").Lacks("main", "остановлены, повтор не поможет")
	must(t, w.queue.Settle(ctx))
	if done.Load() != 1 {
		t.Error("a job that was taken away has run")
	}
	a.Post("/jobs/one/999999/discard", nil).WantStatus(http.StatusConflict)
	a.Post("/jobs/one/x/retry", nil).WantStatus(http.StatusNotFound)
	a.Post("/jobs/two/1/retry", nil).WantStatus(http.StatusNotFound)
	got := w.acts()
	if len(got) != 2 || !strings.HasPrefix(got[0], "person:"+admin+" operations.job_discarded job:") || !strings.HasPrefix(got[1], "person:"+admin+" operations.job_retried job:") {
		t.Errorf("journal %v", got)
	}
}

// An equal job that waits already stands in the way of a retry, and is said.
func TestRetryBesideAnEqualJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	job.Handle(w.queue, func(context.Context, failing) error { return job.GiveUp(errors.New("no")) })
	enqueue := func() {
		must(t, w.db.InTx(ctx, func(tx *db.Tx) error { return w.queue.Enqueue(ctx, tx, failing{7}, job.Unique()) }))
	}
	enqueue()
	must(t, w.queue.Settle(ctx))
	enqueue()
	a := w.signedIn(admin)
	a.Get("/jobs").Submit("main form[action$='/retry']").WantStatus(http.StatusConflict).Want("main", "Такое же задание уже ждёт")
	if got := w.acts(); len(got) != 0 {
		t.Errorf("an act that did not happen is journalled: %v", got)
	}
}

func TestWaitingMessagesAreSentNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.box.Fail(&outbound.Failure{Fate: outbound.Deferred, Reason: "gateway away"})
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		return w.outbox.Enqueue(ctx, tx, outbound.Message{ID: "notice:1", Channel: outbound.SMS, To: "+79120000001", Text: "Готово", Class: outbound.Notice})
	}))
	must(t, w.queue.Settle(ctx))
	a := w.signedIn(admin)
	page := a.Get("/deliveries").Want("main", "в очереди")
	w.box.Fail(nil)
	page.Submit("main form[action='/deliveries/one/now']").WantPath("/deliveries")
	must(t, w.queue.Settle(ctx))
	a.Get("/deliveries").Want("main", "отправлено").Lacks("main", "Отправить ожидающие")
	if got := w.acts(); len(got) != 1 || !strings.Contains(got[0], "operations.messages_hurried") {
		t.Errorf("journal %v", got)
	}
}

func TestEventsAndChecksThatWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock.Now()
	w.events = []opssite.Event{
		{ID: "0190a0b1-7c00-7000-8000-000000000001", Type: "account.deleted", Receiver: "okno-portal-72", Failed: true, Attempts: 40, Error: "status 500 for anna@example.com", At: now.Add(-80 * time.Hour)},
	}
	w.checks = []opssite.Check{{Register: "mvd", N: 5, Away: 2, Oldest: now.Add(-30 * time.Hour)}}
	a := w.signedIn(admin)
	a.Get("/").Want("#troubles", "1 событие не принято получателем").Want("#troubles", "«mvd» дольше суток не отвечает")
	p := a.Get("/deliveries").Want("main", "account.deleted").Want("main", "отправка прекращена").Want("main", "status 500")
	if strings.Contains(p.Body, "anna@") {
		t.Error("the reason shows an address")
	}
	p.Submit("main form[action*='/events/']").WantPath("/deliveries")
	if !slices.Equal(w.retried, []string{"0190a0b1-7c00-7000-8000-000000000001 okno-portal-72"}) {
		t.Errorf("retried %v", w.retried)
	}
	a.Get("/outside").Want("main", "МВД").Want("main", "Вопросы к ведомствам без ответа")
	w.checks = nil
	a.Get("/outside").Want("main", "На все вопросы есть ответ")
	a.Post("/deliveries/one/events/x/retry", url.Values{"receiver": {"r"}})
	if got := w.acts(); len(got) != 2 {
		t.Errorf("journal %v", got)
	}
}

func TestSearchesAndStorage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.misses = []opssite.Miss{{Query: "елочный базар", Times: 7, Last: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}}
	a := w.signedIn(admin)
	a.Get("/searches").Want("main", "елочный базар").Want("main", "21 ноября 2026").Want("main", "Ещё 3 запроса")
	a.Get("/storage").Want("main", "копий ещё не было").Want("main", "5 120 МБ из 20 ГБ").Want("main", "testtest").Want("main", "всё под действующим ключом")
	must(t, w.db.NoteBackup(t.Context(), w.clock.Wall().Add(-40*time.Hour)))
	a.Get("/storage").Want("main", "старше полутора суток")
	must(t, w.db.NoteBackup(t.Context(), w.clock.Wall()))
	a.Get("/storage").Lacks("main", "старше полутора суток").Lacks("main", "копий ещё не было")
	for lang, title := range map[string]string{"tt": "Саклау һәм ачкычлар", "en": "Storage and keys"} {
		b := w.signedIn(admin)
		b.Get("/prefs/lang/" + lang + "?back=/")
		b.Get("/storage").Want("h1", title)
		for _, p := range pages {
			b.Get(p).WantStatus(http.StatusOK)
		}
	}
}
