package opssite_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
	"github.com/okno-gov/okno/internal/base/job"
	"github.com/okno-gov/okno/internal/base/ledger"
	"github.com/okno-gov/okno/internal/base/outbound"
	"github.com/okno-gov/okno/internal/base/outcall"
)

var pages = []string{"/", "/jobs", "/deliveries", "/outside", "/journals", "/pages", "/searches", "/storage"}

func TestOnlyAdministratorsSeeAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range pages {
		res := w.visitor().Raw(http.MethodGet, p, nil, "")
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, issuer+"/authorize") || !strings.Contains(to, "acr_values=2fa") {
			t.Errorf("%s for a stranger: %d, to %q", p, res.StatusCode, to)
		}
	}
	c := w.signedIn(clerk)
	for _, p := range pages {
		c.Get(p).WantStatus(http.StatusForbidden).Lacks("body", "Первая система")
	}
	for _, act := range []string{"/journals/one/verify", "/jobs/one/1/retry", "/jobs/one/1/discard", "/deliveries/one/now", "/deliveries/one/events/1/retry"} {
		c.Post(act, nil).WantStatus(http.StatusForbidden)
		w.visitor().Post(act, nil).WantStatus(http.StatusUnauthorized)
	}
	a := w.signedIn(admin)
	for _, p := range pages {
		a.Get(p).WantStatus(http.StatusOK)
	}
	w.rights[admin] = false
	a.Get("/").WantStatus(http.StatusForbidden)
}

func TestOneFactorIsTooLittle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.idp.acr = "pwd"
	w.idp.subject = admin
	b := w.visitor()
	b.Get("/auth/begin?back=/").WantStatus(http.StatusForbidden)
	if res := b.Raw(http.MethodGet, "/", nil, ""); res.StatusCode != http.StatusSeeOther {
		t.Errorf("a session was opened: %d", res.StatusCode)
	}
}

type failing struct {
	ID int `json:"id"`
}

func (failing) Kind() string { return "test.failing" }

func TestTroubleIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	job.Handle(w.queue, func(context.Context, failing) error {
		return job.GiveUp(errors.New("550 anna.sokolova@example.com unknown"))
	})
	a := w.signedIn(admin)
	a.Get("/").Want("#calm", "Всё идёт своим чередом")
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error { return w.queue.Enqueue(ctx, tx, failing{1}) }))
	must(t, w.queue.Settle(ctx))
	w.queue.Sweep("test.sweep", time.Hour, func(context.Context) (int, error) { return 0, errors.New("cannot sweep") })
	if err := w.queue.Settle(ctx); err == nil {
		t.Fatal("the sweep did not fail")
	}
	w.destinations = []outcall.Destination{{Name: "mvd register.example:443", LastError: "timeout", Failures: 5}, {Name: "sfr x:443", Up: true}}

	home := a.Get("/")
	home.Want("#troubles", "Посмотрите: 3 события")
	for _, want := range []string{"Внешняя система не отвечает: mvd register.example:443", "Первая система: 1 задание остановлено", "обход «test.sweep»"} {
		home.Want("main", want)
	}
	jobs := a.Get("/jobs")
	jobs.Want("main", "test.failing").Want("main", "остановлены, повтор не поможет").Want("main", "cannot sweep")
	if strings.Contains(jobs.Body, "anna.sokolova") {
		t.Error("a job's error shows an address")
	}
	a.Get("/outside").Want("main", "mvd register.example:443").Want("main", "не отвечает").Want("main", "timeout")
}

func TestDeliveriesShowNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.box.Fail(&outbound.Failure{Fate: outbound.Refused, Reason: "no such number"})
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		return w.outbox.Enqueue(ctx, tx, outbound.Message{ID: "code:1", Channel: outbound.SMS, To: "+79120000001", Text: "123456", Class: outbound.Code})
	}))
	must(t, w.queue.Settle(ctx))
	p := w.signedIn(admin).Get("/deliveries")
	p.Want("main", "не отправлено").Want("main", "no such number").Want("main", "code:1")
	if strings.Contains(p.Body, "9120000001") || strings.Contains(p.Body, "123456") {
		t.Error("address or text is shown")
	}
}

func TestJournalIsVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		return w.ledger.Append(ctx, tx, ledger.Entry{Subject: "person:1", Actor: "system", Kind: "test.done", Payload: map[string]int{"n": 1}})
	}))
	_, err := w.ledger.Seal(ctx)
	must(t, err)
	a := w.signedIn(admin)
	a.Get("/journals").Submit("form[action='/journals/one/verify']").Want("#verified", "Журнал цел").Want("main", "Проверено записей: 1")
	must(t, w.db.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE ledger.entry SET kind = 'test.forged'`)
		return err
	}))
	a.Post("/journals/one/verify", nil).WantStatus(http.StatusOK).Want("#verified", "Журнал нарушен")
	a.Post("/journals/other/verify", nil).WantStatus(http.StatusNotFound)
}

func TestADeadDatabaseDoesNotHideTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead := w.site.Systems[0]
	dead.Code, dead.Name, dead.Ping = "two", "Вторая система", func(context.Context) error { return errors.New("away") }
	w.site.Systems = append(w.site.Systems, dead)
	a := w.signedIn(admin)
	a.Get("/").Want("#troubles", "Вторая система: база данных не отвечает").Want("main", "Первая система")
	for _, p := range pages {
		a.Get(p).WantStatus(http.StatusOK)
	}
}

func TestMetricsNeedTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signedIn(admin).Get("/jobs") // something to measure; a session is no token
	ask := func(auth string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "http://ops.test/metrics", http.NoBody)
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		rec := httptest.NewRecorder()
		w.http.ServeHTTP(rec, r)
		return rec
	}
	for _, auth := range []string{"", "Bearer", "Bearer wrong", "Basic " + metricsToken, "Bearer " + metricsToken + "x"} {
		if rec := ask(auth); rec.Code != http.StatusUnauthorized || strings.Contains(rec.Body.String(), "okno_") {
			t.Errorf("%q: %d", auth, rec.Code)
		}
	}
	rec := ask("Bearer " + metricsToken)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `okno_http_seconds_bucket{route="GET /jobs",site="ops"`) {
		t.Errorf("%d: %.300s", rec.Code, rec.Body)
	}
	w.signedIn(admin).Get("/pages").Want("main", "GET /jobs")
}
