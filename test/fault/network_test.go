package fault_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

// broken is a demo all of whose neighbours are behind a proxy that does harm.
type broken struct {
	*stand
	proxy *drive.Toxiproxy
}

// newBroken starts the neighbours, the proxy and the demo.
func newBroken(t *testing.T) *broken {
	t.Helper()
	ctx := t.Context()
	dir, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, stop, err := dbtest.StartServer(ctx, dir)
	must(t, err)
	t.Cleanup(stop)
	u, err := url.Parse(server)
	must(t, err)
	pg, end, err := drive.Relay(u.Query().Get("host"))
	must(t, err)
	t.Cleanup(end)
	s3, bucket, err := drive.StartS3(ctx, dir)
	must(t, err)
	t.Cleanup(s3.Kill)
	clamd, scanner, err := drive.StartClamd(ctx, dir)
	must(t, err)
	t.Cleanup(clamd.Kill)
	b := &broken{}
	b.proxy, err = drive.StartToxiproxy(ctx)
	must(t, err)
	t.Cleanup(b.proxy.Kill)

	store, err := url.Parse(bucket)
	must(t, err)
	upstream := map[string]string{"postgres": pg, "s3": store.Host, "clamd": scanner}
	var world []string
	for _, name := range []string{"smtp", "sms", "mvd", "sfr"} {
		port, err := drive.FreePort()
		must(t, err)
		upstream[name] = "127.0.0.1:" + port
		world = append(world, name+"="+upstream[name])
	}
	at := map[string]string{}
	for name, addr := range upstream {
		at[name], err = b.proxy.Proxy(ctx, name, addr)
		must(t, err)
	}
	secret, _ := store.User.Password()
	config := filepath.Join(dir, "broken.yaml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `
mail: {address: %q}
sms: {url: "http://%s/messages"}
idp: {mvd: {url: "http://%s"}, sfr: {url: "http://%s"}}
scanner: {address: %q}
blobs: {endpoint: %q, bucket: okno, access_key: %q, secret_key: %q, insecure: true}
`, at["smtp"], at["sms"], at["mvd"], at["sfr"], at["clamd"], at["s3"], store.User.Username(), secret), 0o600))
	b.stand = newStand(t, "--config", config, "--database", "postgres://postgres@"+at["postgres"]+"/postgres?sslmode=disable",
		"--world", strings.Join(world, ","))
	return b
}

// during does something while a neighbour's line is broken, and mends it.
func (b *broken) during(t *testing.T, neighbour string, x drive.Toxic, do func()) {
	t.Helper()
	must(t, b.proxy.Break(t.Context(), neighbour, x))
	mended := false
	mend := func() {
		if !mended {
			mended = true
			if err := b.proxy.Mend(context.WithoutCancel(t.Context()), neighbour, x); err != nil {
				t.Error(err)
			}
		}
	}
	defer mend()
	began := time.Now()
	do()
	mend()
	t.Logf("%s %s: what people did took %s", neighbour, x.Name, time.Since(began).Round(time.Millisecond))
}

// harms are those that every neighbour is tried with; the long form tries more.
func harms() []drive.Toxic {
	if full() {
		return []drive.Toxic{drive.HalfOpen, drive.Reset, drive.Late, drive.Slow}
	}
	return []drive.Toxic{drive.HalfOpen, drive.Reset}
}

// Lines to the neighbours break in the ways that lines break: nobody waits for
// long, pages say what is the matter, nothing that was acknowledged is lost, and
// when the line is whole again all goes on by itself.
//
// PRT-13
func TestLinesBreak(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	for i, x := range harms() {
		t.Run("mail "+x.Name, func(t *testing.T) { b.mailBroken(t, b.citizen("Соколова"), x) })
		t.Run("sms "+x.Name, func(t *testing.T) { b.smsBroken(t, x) })
		if x.Type != drive.Slow.Type { // an answer of a few bytes is never slow
			t.Run("register "+x.Name, func(t *testing.T) { b.registerBroken(t, x, i) })
		}
		t.Run("files "+x.Name, func(t *testing.T) { b.filesBroken(t, b.citizen("Соколова"), x) })
		t.Run("scanner "+x.Name, func(t *testing.T) { b.scannerBroken(t, b.citizen("Соколова"), x) })
		t.Run("database "+x.Name, func(t *testing.T) { b.databaseBroken(t, b.citizen("Соколова"), x) })
	}
}

// A week without mail, SMS, registers and scanner: people work as ever and read
// what is missing; when the week is over everything comes, once, though some of it
// needs to be asked for again.
//
// ID-VER-07, PRT-13
func TestAwayForAWeek(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	ctx, desk := t.Context(), b.Desk()
	who, a := stranger(t, b.stand, 0)
	neighbours := []string{"smtp", "sms", "mvd", "sfr", "clamd"}
	for _, n := range neighbours {
		must(t, b.proxy.Break(ctx, n, drive.Reset))
	}
	p := b.citizen("Соколова")
	account, err := desk.Account(ctx, "Соколова")
	must(t, err)
	had, err := desk.Messages(ctx, account.Email)
	must(t, err)
	form, err := drive.Ready(ctx, p, b.portal())
	must(t, err)
	id, err := drive.Send(ctx, form)
	must(t, err)
	step := attachmentStep(t, b.stand, p)
	attach(t, p, step, "скан.pdf", paper("a page"))
	askRegisters(t, b.stand, a, who)
	for range 7 {
		must(t, desk.Advance(ctx, "24h"))
	}
	p = b.citizen("Соколова") // the week has ended the session
	if ids := applications(t, b.stand, p); len(ids) != 1 || ids[0] != id {
		t.Errorf("after a week the list has %v, want %s", ids, id)
	}
	pg, err := p.Get(ctx, step)
	must(t, err)
	if got := strings.Join(pg.Texts(".okno-file"), " "); !strings.Contains(got, waiting) {
		t.Errorf("after a week without a scanner the file is shown as %q", got)
	}
	for _, n := range neighbours {
		must(t, b.proxy.Mend(ctx, n, drive.Reset))
	}
	eventually(t, "the letter, the check and the scan", func(ctx context.Context) error {
		if err := desk.Advance(ctx, "3h"); err != nil {
			return err
		}
		list, err := desk.Messages(ctx, account.Email)
		if err != nil {
			return err
		}
		if len(list) <= len(had) {
			return fmt.Errorf("%d letters", len(list))
		}
		p := b.citizen("Соколова")
		if pg, err = p.Get(ctx, step); err != nil {
			return err
		}
		if got := strings.Join(pg.Texts(".okno-file"), " "); !strings.Contains(got, "проверен на вирусы") {
			return fmt.Errorf("the file is shown as %q", got)
		}
		return nil
	})
	list, err := desk.Messages(ctx, account.Email)
	must(t, err)
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.ID] {
			t.Errorf("the letter «%s» came twice", m.Subject)
		}
		seen[m.ID] = true
	}
	// The check's five days are over. It says so, and asked again it ends well.
	must(t, a.SignIn(ctx))
	pg, err = a.Person.Get(ctx, b.URL("esia", "/profile/data"))
	must(t, err)
	if !strings.Contains(mainOf(t, a, b), "Стандартная запись") {
		if !pg.Has("form:has(input[name=snils])") && !pg.Has("form[action$='/retry']") {
			t.Fatalf("there is no way to ask again: %.600s", pg.Text())
		}
		if pg.Has("form[action$='/retry']") {
			_, err = pg.Submit(ctx, "form[action$='/retry']")
			must(t, err)
		} else {
			askRegisters(t, b.stand, a, who)
		}
	}
	eventually(t, "the account becomes a standard one", func(ctx context.Context) error {
		if err := desk.Advance(ctx, "2h"); err != nil {
			return err
		}
		if text := mainOf(t, a, b); !strings.Contains(text, "Стандартная запись") {
			return fmt.Errorf("%.400s", text)
		}
		return nil
	})
}

// mainOf is the first page of somebody's account, after a fresh sign-in.
func mainOf(t *testing.T, a *drive.Applicant, b *broken) string {
	t.Helper()
	must(t, a.SignIn(t.Context()))
	pg, err := a.Person.Get(t.Context(), b.URL("esia", "/"))
	must(t, err)
	return pg.Text()
}

// quick is how long a page may take while a neighbour that it does not need is
// away.
const quick = 10 * time.Second

// mailBroken: an application is taken as ever; the letter about it waits and
// comes once.
func (b *broken) mailBroken(t *testing.T, p *drive.Person, x drive.Toxic) {
	ctx, desk := t.Context(), b.Desk()
	a, err := desk.Account(ctx, "Соколова")
	must(t, err)
	had, err := desk.Messages(ctx, a.Email)
	must(t, err)
	form, err := drive.Ready(ctx, p, b.portal())
	must(t, err)
	b.during(t, "smtp", x, func() {
		began := time.Now()
		_, err := drive.Send(ctx, form)
		must(t, err)
		if took := time.Since(began); took > quick {
			t.Errorf("sending took %s", took)
		}
	})
	eventually(t, "the letter", func(ctx context.Context) error {
		if err := desk.Advance(ctx, "2m"); err != nil {
			return err
		}
		list, err := desk.Messages(ctx, a.Email)
		if err == nil && len(list) <= len(had) {
			err = fmt.Errorf("%d letters", len(list))
		}
		return err
	})
	list, err := desk.Messages(ctx, a.Email)
	must(t, err)
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.ID] {
			t.Errorf("the letter «%s» came twice", m.Subject)
		}
		seen[m.ID] = true
	}
}

var phones int

// smsBroken: somebody who registers reads that the code may be late and asks for
// another one; with that the registration ends.
func (b *broken) smsBroken(t *testing.T, x drive.Toxic) {
	ctx, desk := t.Context(), b.Desk()
	phones++
	a := &drive.Applicant{
		Person: drive.NewPerson(), Desk: desk, IDP: b.URL("esia", ""), Surname: "Связнова", Phone: fmt.Sprintf("+7912558%04d", phones),
		Email: fmt.Sprintf("svyaznova%d@example.com", phones), Password: "Okno-2026!a",
	}
	b.during(t, "sms", x, func() {
		pg, err := a.Person.Get(ctx, a.IDP+"/registration")
		must(t, err)
		began := time.Now()
		pg, err = pg.Submit(ctx, "form:has(input[name=surname])", "surname", a.Surname, "name", "Нина", "phone", a.Phone, "email", a.Email, "consent", "1")
		must(t, err)
		if took := time.Since(began); took > quick {
			t.Errorf("the form took %s", took)
		}
		if !pg.Has("input[name=code]") || !pg.Has("form[action='/registration/resend']") {
			t.Errorf("there is no way to another code: %d %.400s", pg.Status, pg.Text())
		}
	})
	must(t, a.Register(ctx))
	// A code is good for one try to send it: none comes when nobody waits for it.
	must(t, desk.Advance(ctx, "20m"))
	list, err := desk.Messages(ctx, a.Phone)
	must(t, err)
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Text] {
			t.Errorf("sent twice: %s", m.Text)
		}
		seen[m.Text] = true
	}
}

// registerBroken: the check of somebody's data waits in words and ends by itself.
func (b *broken) registerBroken(t *testing.T, x drive.Toxic, i int) {
	who, a := stranger(t, b.stand, i)
	level := func() string { return mainOf(t, a, b) }
	b.during(t, "mvd", x, func() {
		began := time.Now()
		pg := askRegisters(t, b.stand, a, who)
		if took := time.Since(began); took > quick {
			t.Errorf("the form took %s", took)
		}
		if !strings.Contains(pg.Text(), "МВД") || strings.Contains(level(), "Стандартная запись") {
			t.Errorf("the page does not tell whose answer is missing: %.500s", pg.Text())
		}
	})
	eventually(t, "the account becomes a standard one", func(ctx context.Context) error {
		if err := b.Desk().Advance(ctx, "2h"); err != nil {
			return err
		}
		if text := level(); !strings.Contains(text, "Стандартная запись") {
			return fmt.Errorf("%.300s", text)
		}
		return nil
	})
}

// filesBroken: an upload ends with a word about what to do, or with the file; and
// a file that was taken comes back whole.
func (b *broken) filesBroken(t *testing.T, p *drive.Person, x drive.Toxic) {
	ctx := t.Context()
	step := attachmentStep(t, b.stand, p)
	body := paper(strings.Repeat("a page of a scan ", 3000))
	var taken []string
	b.during(t, "s3", x, func() {
		began := time.Now()
		pg := attach(t, p, step, "первый.pdf", body)
		if took := time.Since(began); took > 75*time.Second {
			t.Errorf("the upload took %s to fail", took)
		}
		taken = pg.Attrs(".okno-file a", "href")
		if len(taken) == 0 && (pg.Status != http.StatusServiceUnavailable || !strings.Contains(pg.Text(), "ещё раз через несколько минут")) {
			t.Errorf("the file is not there and the page says %d: %.400s", pg.Status, pg.Text())
		}
		pg, err := p.Get(ctx, b.portal()+"/lk/") // what needs no files is there
		must(t, err)
		must(t, pg.Want(http.StatusOK))
	})
	if len(taken) == 0 {
		pg := attach(t, p, step, "второй.pdf", body)
		if taken = pg.Attrs(".okno-file a", "href"); len(taken) != 1 {
			t.Fatalf("afterwards the file is not taken: %d %.400s", pg.Status, pg.Text())
		}
	}
	pg, err := p.Get(ctx, b.portal()+taken[0])
	must(t, err)
	if pg.Status != http.StatusOK || string(pg.Body) != string(body) {
		t.Errorf("the file came back with %d, %d bytes of %d", pg.Status, len(pg.Body), len(body))
	}
}

// scannerBroken: a file waits, in words, and is looked at afterwards.
func (b *broken) scannerBroken(t *testing.T, p *drive.Person, x drive.Toxic) {
	step := attachmentStep(t, b.stand, p)
	shown := func() string {
		pg, err := p.Get(t.Context(), step)
		must(t, err)
		return strings.Join(pg.Texts(".okno-file"), " | ")
	}
	b.during(t, "clamd", x, func() {
		began := time.Now()
		attach(t, p, step, "скан.pdf", paper("a page"))
		if took := time.Since(began); took > quick {
			t.Errorf("the upload took %s", took)
		}
		if got := shown(); x.Type != drive.Late.Type && x.Type != drive.Slow.Type && !strings.Contains(got, waiting) {
			t.Errorf("the file is shown as %q", got)
		}
	})
	eventually(t, "the file is looked at", func(ctx context.Context) error {
		if err := b.Desk().Advance(ctx, "2m"); err != nil {
			return err
		}
		if got := shown(); got == "" || strings.Contains(got, waiting) {
			return fmt.Errorf("shown as %q", got)
		}
		return nil
	})
}

// databaseBroken: a press of the button is answered or refused in words, and
// pressed again it is one application.
func (b *broken) databaseBroken(t *testing.T, p *drive.Person, x drive.Toxic) {
	ctx := t.Context()
	form, err := drive.Ready(ctx, p, b.portal())
	must(t, err)
	before := applications(t, b.stand, p)
	var first string
	b.during(t, "postgres", x, func() {
		began := time.Now()
		first, err = drive.Send(ctx, form)
		if err != nil && !refusal.MatchString(err.Error()) {
			t.Errorf("it ended without a word: %v", err)
		}
		if took := time.Since(began); took > 75*time.Second {
			t.Errorf("the answer took %s", took)
		}
	})
	var second string
	eventually(t, "the portal works again", func(ctx context.Context) error {
		second, err = drive.Send(ctx, form)
		return err
	})
	if first != "" && first != second {
		t.Errorf("one draft became %s and %s", first, second)
	}
	if after := applications(t, b.stand, p); len(after) != len(before)+1 {
		t.Errorf("%d applications became %d", len(before), len(after))
	}
}

var refusal = regexp.MustCompile(`status 503, want 200`)
