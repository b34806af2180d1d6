package script

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// gateway is an SMS gateway that keeps the last code for each number: notices may
// come after it.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	last map[string]string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{last: map[string]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ ID, To, Text string }
		if r.Header.Get("Authorization") != "Bearer sms-token" || json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if c := sixDigits.FindString(m.Text); c != "" {
			g.last[m.To] = c
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q}`, m.ID)
	}))
	t.Cleanup(g.Close)
	return g
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code waits for the code that somebody gets.
func (g *gateway) code(t *testing.T, to string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		g.mu.Lock()
		c := g.last[to]
		g.mu.Unlock()
		if c != "" {
			return c
		}
	}
	t.Fatal("no code has come")
	return ""
}

// staff is somebody whom the command line gave an account.
type staff struct{ phone, link, secret string }

var setupLink = regexp.MustCompile(`(?m)^    http://esia\.localhost:\d+(/setup/\S+)$`)

func createStaff(t *testing.T, file, phone string, args ...string) *staff {
	t.Helper()
	out, err := run(t, append([]string{"admin", "create", "-c", file, "--phone", phone}, args...)...)
	if err != nil {
		t.Fatalf("admin create: %v\n%s", err, out)
	}
	link := setupLink.FindStringSubmatch(out)
	if link == nil {
		t.Fatalf("no link:\n%s", out)
	}
	return &staff{phone: phone, link: link[1]}
}

const staffPassword = "Utro-v-Tyumeni-7"

// setUp opens the one-time link: password, then the app for codes.
func (s *staff) setUp(t *testing.T, b *kittest.Browser) {
	t.Helper()
	p := b.Get(s.link).Submit("form[action^='/setup/']", "password", staffPassword, "password2", staffPassword)
	p = p.Submit("form[action='/profile/settings/factor']")
	s.secret = strings.ReplaceAll(p.Text("[data-secret]"), " ", "")
	p.Submit("form[action='/profile/settings/factor/code']", "code", s.code(t, 0)).WantPath("/profile/settings")
	b.Get(s.link).WantStatus(http.StatusNotFound)
}

// code is what the app shows; a code works once, so the next sign-in takes the
// next one, which is accepted half a minute early.
func (s *staff) code(t *testing.T, ahead time.Duration) string {
	t.Helper()
	c, err := totp.GenerateCode(s.secret, time.Now().Add(ahead))
	must(t, err)
	return c
}

// signIn enters a site for staff with password and second factor.
func (s *staff) signIn(t *testing.T, b *kittest.Browser) *kittest.Page {
	t.Helper()
	p := b.Get("/").Submit("form:has(input[name=password])", "login", s.phone, "password", staffPassword)
	return p.Submit("form:has(input[name=code])", "code", s.code(t, 30*time.Second))
}

// From an empty machine to the first application of a real configuration, with
// nothing of the demo.
//
// ID-LVL-06
func TestFromAnEmptyMachineToTheFirstApplication(t *testing.T) {
	g := newGateway(t)
	file, _, port := configured(t, "#sms:", "sms:", "#  url: https://sms.example.org/messages", "  url: "+g.URL,
		"#  token: {env: OKNO_SMS_TOKEN}", "  token: sms-token", "#scanner:", "scanner:", "#  off: false", "  off: true")

	// Before the first start as well as beside a running process.
	admin := createStaff(t, file, "+79120000901", "--surname", "Первов", "--given", "Пётр", "--provider", "--portal", "72", "--role", "admin")
	d := &demoProcess{process: start(t, "serve", "-c", file).ready(port), port: port}
	clerk := createStaff(t, file, "+79120000902", "--surname", "Дежурнова", "--given", "Дарья", "--portal", "72", "--role", "clerk", "--agency", "edu", "--post", "инспектор")

	admin.setUp(t, d.browser("esia"))
	clerk.setUp(t, d.browser("esia"))
	admin.signIn(t, d.browser("ops")).WantStatus(http.StatusOK).Want("h1", "Состояние системы")
	if out, err := run(t, "admin", "create", "-c", file, "--phone", admin.phone, "--provider"); err != nil || setupLink.MatchString(out) {
		t.Errorf("somebody who has an account got a link, or no rights: %v\n%s", err, out)
	}

	// A definition of the region's own replaces the delivered one, and stays.
	importService(t, file)
	citizen := d.browser("uslugi")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if strings.Contains(citizen.Get("/services/kindergarten-info").Text("h1"), "Спросить о детских садах") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the imported service is not shown")
		}
	}
	if err := d.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	d.process = start(t, "serve", "-c", file).ready(port)
	citizen.Get("/services/kindergarten-info").Want("h1", "Спросить о детских садах")

	// The first citizen.
	id := d.browser("esia")
	p := id.Get("/registration").Submit("form[action='/registration']", "surname", "Новикова", "name", "Елена", "consent", "1", "phone", "+79120000903")
	p = p.Submit("form[action='/registration/code']", "code", g.code(t, "+79120000903"))
	p.Submit("form[action='/registration/password']", "password", "Utro-v-Tyumeni-7", "password2", "Utro-v-Tyumeni-7").WantPath("/registration/done")
	p = citizen.Get("/auth/begin?back=/lk/").Submit("form:has(input[name=password])", "login", "+79120000903", "password", "Utro-v-Tyumeni-7")
	for _, form := range []string{"form[action='/login/consent']", "form[action='/agreement']"} {
		if p.Has(form) && strings.Contains(form, "agreement") {
			p = p.Submit(form, "agree", "1")
		} else if p.Has(form) {
			p = p.Submit(form)
		}
	}
	p.WantPath("/lk/")
	one := prepare(citizen)
	if one.send(); one.number == "" {
		t.Fatal("nothing was sent")
	}
	office := d.browser("office")
	clerk.signIn(t, office).WantStatus(http.StatusOK).Want("main", one.number)
}

// importService publishes a changed definition, after a broken one was refused.
func importService(t *testing.T, file string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kindergarten-info")
	must(t, os.CopyFS(dir, os.DirFS("../../services/region/72/kindergarten-info")))
	path := filepath.Join(dir, "service.yaml")
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte(strings.Replace(string(raw), "min_level: simplified", "min_level: highest", 1)), 0o600))
	if out, err := run(t, "services", "import", "-c", file, "--portal", "72", dir); err == nil || !strings.Contains(out, "highest") {
		t.Errorf("a broken definition: %v, %s", err, out)
	}
	text := strings.Replace(string(raw), "ru: Справочная информация о детских садах и очереди", "ru: Спросить о детских садах", 1)
	must(t, os.WriteFile(path, []byte(text), 0o600))
	if out, err := run(t, "services", "lint", dir); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := run(t, "services", "import", "-c", file, "--portal", "72", dir); err != nil || !strings.Contains(out, "1 services were published") {
		t.Errorf("import: %v, %s", err, out)
	}
}
