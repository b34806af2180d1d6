package script

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/okno-gov/okno/internal/base/obs/obstest"
	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// draft is an application on its page of checking.
type draft struct {
	check  *kittest.Page
	number string // of the receipt that was shown; empty: nothing was acknowledged
}

var appNumber = regexp.MustCompile(`\d\d-\d{4}-\d{7}-\d`)

// prepare fills a short form in up to the page of checking.
func prepare(b *kittest.Browser) *draft {
	p := b.Get("/services/kindergarten-info").Submit("form[action='/services/kindergarten-info/apply']")
	p = p.Submit("button[value=next]", "city", "tyumen", "age", "3", "topics", "places")
	return &draft{check: p.WantStatus(http.StatusOK)}
}

// send posts the draft; the process may die at any moment.
func (d *draft) send() {
	p := d.check.Submit("button[value=send]", "confirm", "1")
	if p.Status == http.StatusOK {
		d.number = appNumber.FindString(p.Text(".okno-done"))
	}
}

// listed counts how often each number stands in «Мои заявления».
func listed(b *kittest.Browser) map[string]int {
	out := map[string]int{}
	p := b.Get("/lk/applications").WantStatus(http.StatusOK)
	for range 100 {
		for _, item := range p.Texts("main .okno-feed > *") {
			if n := appNumber.FindString(item); n != "" {
				out[n]++
			}
		}
		const older = "main a[href*='after=']"
		if !p.Has(older) {
			break
		}
		p = p.Click(older).WantStatus(http.StatusOK)
	}
	return out
}

// What a day's work leaves for operators names nobody: the logs of the process
// and of PostgreSQL, metrics and traces.
func TestLogsNameNobody(t *testing.T) {
	state, port := stateDir(t), freePort(t)
	collector := obstest.New(t)
	over := filepath.Join(state, "over.yaml")
	must(t, os.WriteFile(over, []byte("tracing: {url: "+collector.URL+"}\nops: {url: http://ops.localhost:"+strconv.Itoa(port)+", metrics_token: metrics-token-for-tests}\n"+
		"trusted_proxies: [127.0.0.1/32]\n"), 0o644))
	d := startDemo(t, state, port, "--log", "debug", "--config", over)
	people := d.accounts()
	var strangers []demoPerson
	d.api(http.MethodGet, "/api/register-persons", nil, &strangers)
	if len(people) < 8 || len(strangers) != 3 {
		t.Fatalf("%d accounts, %d strangers", len(people), len(strangers))
	}
	work(t, d, people)
	metrics := d.metrics()
	contains(t, metrics, "okno_http_seconds_bucket{", "okno_jobs{")
	if err := d.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	pg, err := os.ReadFile(filepath.Join(state, "postgres.log"))
	must(t, err)
	log := d.log.String()
	if !strings.Contains(log, "route=") {
		t.Fatalf("the log has no requests:\n%.500s", log)
	}
	oneTrace(t, collector.Spans(), log)
	for name, text := range map[string]string{"log": log, "postgres.log": string(pg), "metrics": metrics, "traces": collector.Text()} {
		for _, p := range append(people, strangers...) {
			for _, secret := range append(traces(p), "Okno-2026!") {
				if i := strings.Index(text, secret); i >= 0 {
					t.Errorf("%s names %s: …%s…", name, secret, text[max(0, i-80):min(len(text), i+80)])
				}
			}
		}
	}
}

// traces are what must not stand in a log of somebody. Common first names are
// looked for together with the surname or patronymic.
func traces(p demoPerson) []string {
	out := []string{p.Surname, p.SNILS, strings.TrimPrefix(p.Phone, "+7"), p.Email, p.Number}
	if len(p.SNILS) == 11 {
		s := p.SNILS
		out = append(out, s[:3]+"-"+s[3:6]+"-"+s[6:9])
	}
	if p.Patronymic != "" {
		out = append(out, p.Patronymic)
	}
	for _, c := range p.Children {
		out = append(out, traces(c)...)
	}
	for i := 0; i < len(out); i++ {
		if out[i] == "" {
			out = append(out[:i], out[i+1:]...)
			i--
		}
	}
	return out
}

// work lets people do what leaves traces: sign in, fail to, apply, look, be
// looked at, recover, provoke errors.
func work(t *testing.T, d *demoProcess, people []demoPerson) {
	t.Helper()
	for _, p := range people {
		b := d.browser("esia")
		b.Get("/login").Submit("form:has(input[name=password])", "login", p.Phone, "password", "wrong-"+p.SNILS).Want("body", "")
		if p.Account.Role == "" {
			enter(d.browser("esia"), "/login", p)
		}
	}
	anna := d.account("", "confirmed")
	b := d.browser("uslugi")
	enter(b, "/auth/begin?back=/lk/", anna).WantPath("/lk/")
	one := prepare(b)
	one.send()
	if one.number == "" {
		t.Fatal("nothing was sent")
	}
	b.Get("/lk/applications").WantStatus(200)
	b.Get("/search?q=" + anna.Surname).WantStatus(200)
	b.Get("/lk/applications/" + anna.SNILS).WantStatus(404)
	b.Get("/" + anna.Surname + "/" + anna.Email).WantStatus(404)
	desk := d.browser("desk")
	enter(desk, "/", d.account("operator", "confirmed")).WantStatus(200)
	d.api(http.MethodPost, "/api/clock/advance", map[string]string{"by": "72h"}, nil)
}

// metrics are what Prometheus reads.
func (d *demoProcess) metrics() string {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", d.port), http.NoBody)
	must(d.t, err)
	req.Header.Set("Authorization", "Bearer metrics-token-for-tests")
	res, err := http.DefaultTransport.RoundTrip(req)
	must(d.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	must(d.t, err)
	return string(raw)
}

// oneTrace proves that sites, jobs and outside calls make one trace: a sign-in
// reaches from the portal into the identity provider, and a submission into the
// jobs that it causes.
func oneTrace(t *testing.T, spans []obstest.Span, log string) {
	t.Helper()
	byID := map[string]obstest.Span{}
	for _, s := range spans {
		byID[s.ID] = s
	}
	found := map[string]bool{}
	for _, s := range spans {
		up, ok := byID[s.Parent]
		if ok && up.TraceID != s.TraceID {
			t.Errorf("%s is not in the trace of %s", s.Name, up.Name)
		}
		switch {
		case s.Kind == "server" && s.Attributes["okno.site"] == "":
			t.Errorf("a request without its site: %+v", s)
		case s.Kind == "server" && s.Attributes["okno.site"] == "id" && up.Kind == "client" && byID[up.Parent].Attributes["okno.site"] == "uslugi72":
			found["portal to identity provider"] = true
		case s.Kind == "consumer" && up.Kind == "server" && up.Attributes["okno.site"] == "uslugi72" && s.Attributes["okno.request"] == up.Attributes["okno.request"]:
			found["request to job"] = true
		case s.Kind == "client" && up.Kind == "consumer":
			found["job to outside system"] = true
		}
	}
	for _, want := range []string{"portal to identity provider", "request to job", "job to outside system"} {
		if !found[want] {
			t.Errorf("no trace leads from %s; %d spans", want, len(spans))
		}
	}
	if !strings.Contains(log, "trace=") || !strings.Contains(log, "caller=") {
		t.Error("log lines do not name their trace, or the request that called")
	}
}
