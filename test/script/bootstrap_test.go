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

// gateway is an SMS gateway that keeps what it takes.
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
		g.last[m.To] = m.Text
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":%q}`, m.ID)
	}))
	t.Cleanup(g.Close)
	return g
}

// code waits for the code that somebody gets.
func (g *gateway) code(t *testing.T, to string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		g.mu.Lock()
		text := g.last[to]
		g.mu.Unlock()
		if c := regexp.MustCompile(`\b\d{6}\b`).FindString(text); c != "" {
			return c
		}
	}
	t.Fatal("no code has come")
	return ""
}

// staff is somebody whom the command line gave an account.
type staff struct{ phone, temporary, secret string }

var (
	temporaryLine = regexp.MustCompile(`temporary password\s+(\S+)`)
	secretLine    = regexp.MustCompile(`(?m)^    ([A-Z2-7]{32})$`)
)

func createStaff(t *testing.T, file, phone string, args ...string) staff {
	t.Helper()
	out, err := run(t, append([]string{"admin", "create", "-c", file, "--phone", phone}, args...)...)
	if err != nil {
		t.Fatalf("admin create: %v\n%s", err, out)
	}
	pw, key := temporaryLine.FindStringSubmatch(out), secretLine.FindStringSubmatch(out)
	if pw == nil || key == nil {
		t.Fatalf("no temporary password or key:\n%s", out)
	}
	return staff{phone, pw[1], key[1]}
}

// firstSignIn enters a site for staff: temporary password, second factor, own
// password.
func (s staff) firstSignIn(t *testing.T, b *kittest.Browser) *kittest.Page {
	t.Helper()
	p := b.Get("/").Submit("form:has(input[name=password])", "login", s.phone, "password", s.temporary)
	if p.Has("form:has(input[name=password2])") {
		p = s.ownPassword(p)
	}
	code, err := totp.GenerateCode(s.secret, time.Now())
	must(t, err)
	p = p.Submit("form:has(input[name=code])", "code", code)
	if p.Has("form:has(input[name=password2])") {
		p = s.ownPassword(p)
	}
	return p
}

func (s staff) ownPassword(p *kittest.Page) *kittest.Page {
	return p.Submit("form:has(input[name=password2])", "password", "Utro-v-Tyumeni-7", "password2", "Utro-v-Tyumeni-7")
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

	ops := d.browser("ops")
	admin.firstSignIn(t, ops).WantStatus(http.StatusOK).Want("h1", "Состояние системы")
	clerk.firstSignIn(t, d.browser("ops")).WantStatus(http.StatusForbidden)

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

// signIn enters with the own password and a fresh code: one that was used is
// refused.
func (s staff) signIn(t *testing.T, b *kittest.Browser) *kittest.Page {
	t.Helper()
	p := b.Get("/").Submit("form:has(input[name=password])", "login", s.phone, "password", "Utro-v-Tyumeni-7")
	code, err := totp.GenerateCode(s.secret, time.Now().Add(30*time.Second)) // the next step is accepted as well
	must(t, err)
	return p.Submit("form:has(input[name=code])", "code", code)
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
