package script

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The state outlives the process, however that ends: signed-in people stay
// signed in, the clock stays where it was, and no PostgreSQL is left behind.
func TestDemoStartsAgain(t *testing.T) {
	state, port := stateDir(t), freePort(t)
	d := startDemo(t, state, port)
	anna := d.account("", "confirmed")
	b := d.browser("uslugi")
	page := enter(b, "/auth/begin?back=/lk/", anna)
	page.WantPath("/lk/").WantStatus(200).Want("body", anna.Surname)
	d.api("POST", "/api/clock/advance", map[string]string{"by": "10m"}, nil)
	contains(t, d.out.String(), "Okno is running", d.url("uslugi", ""), d.url("ops", ""), anna.Phone)

	if err := d.signal(syscall.SIGINT); err != nil {
		t.Errorf("Ctrl-C ends with %v\n%s", err, d.log.String())
	}
	wantNoPostgres(t, state)
	before := time.Now()
	d = startDemo(t, state, port)
	if ahead := d.now().Sub(before); ahead < 9*time.Minute {
		t.Errorf("the clock has forgotten its way: ahead by %s", ahead)
	}
	b.Get("/lk/").WantPath("/lk/").WantStatus(200).Want("body", anna.Surname)

	_ = d.signal(syscall.SIGKILL)
	wantNoPostgres(t, state)
	d = startDemo(t, state, port)
	b.Get("/lk/").WantPath("/lk/").WantStatus(200).Want("body", anna.Surname)

	second := start(t, "demo", "--listen", "127.0.0.1:0", "--state", state)
	<-second.done
	if second.err == nil || !strings.Contains(second.log.String(), "in use by another okno") {
		t.Errorf("a second process on the same state: %v, %s", second.err, second.log.String())
	}
	if err := d.signal(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ends with %v", err)
	}

	p := start(t, "demo", "--listen", "127.0.0.1:"+strconv.Itoa(port), "--state", state, "--reset").ready(port)
	b.Get("/lk/").Want("h1", "Вход") // everything is new, the session gone
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM ends with %v", err)
	}
}
