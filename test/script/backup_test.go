package script

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// demoConfig is the configuration that describes a demo's state: what a region
// would have in /etc/okno/okno.yaml.
func demoConfig(t *testing.T, state string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "okno.yaml")
	must(t, os.WriteFile(file, fmt.Appendf(nil, `
listen: 127.0.0.1:0
state: %s
keys: %s/keys.json
private_postgres: true
idp: {url: "http://esia.localhost"}
portals:
  - {code: "72", url: "http://uslugi.localhost", client: {id: okno-portal-72}}
  - {code: "92", url: "http://sevastopol.localhost", client: {id: okno-portal-92}}
`, state, state), 0o600))
	return file
}

var scan = append([]byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []byte(strings.Repeat("a page of a scan ", 9000)+"\n%%EOF\n")...)

// sendWithFile sends the form of a certificate with an attachment.
func sendWithFile(b *kittest.Browser) *kittest.Page {
	p := b.Get("/services/criminal-record").Submit("form[action='/services/criminal-record/apply']")
	p = p.Submit("button[value=next]", "address.postcode", "625000")
	p = p.SubmitFiles("button[value=next]", []kittest.File{{Field: "file.certificate_scan", Name: "marriage.pdf", Content: scan}},
		"changed", "yes", "former", "Кузнецова", "reason", "marriage", "certificate", "I-ФР 512044")
	p = p.Submit("button[value=next]", "purpose", "work", "regions", "Тюменская область")
	p = p.Submit("button[value=next]", "delivery", "cabinet", "consent", "yes")
	return p.Submit("button[value=send]", "confirm", "1").WantStatus(http.StatusOK)
}

// A backup is made while people work; restored on an empty machine it holds
// everything that was acknowledged before it began, and work goes on there.
func TestBackupAndRestore(t *testing.T) {
	state, port := stateDir(t), freePort(t)
	d := startDemo(t, state, port)
	b := d.browser("uslugi")
	enter(b, "/auth/begin?back=/lk/", d.account("", "confirmed")).WantPath("/lk/")
	number := appNumber.FindString(sendWithFile(b).Text(".okno-done"))
	before := map[string]bool{number: true}

	// What was accepted a moment before, with jobs and events on their way.
	one := prepare(b)
	one.send()
	before[one.number] = true
	dir := filepath.Join(stateDir(t), "backup")
	backup := start(t, "backup", "-c", demoConfig(t, state), dir)
	after := map[string]bool{}
	for len(after) < 3 {
		one := prepare(b)
		one.send()
		after[one.number] = true
	}
	<-backup.done
	if backup.err != nil {
		t.Fatalf("backup: %v\n%s", backup.err, backup.log.String())
	}
	_ = d.signal(syscall.SIGKILL)

	empty := stateDir(t)
	config := demoConfig(t, empty)
	if out, err := run(t, "restore", "--check", "-c", config, dir); err != nil || !strings.Contains(out, "3 databases, 1 files") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := run(t, "restore", "-c", config, dir); err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	if out, err := run(t, "restore", "-c", config, dir); err == nil || !strings.Contains(out, "--replace") {
		t.Errorf("a second restore overwrites: %v, %s", err, out)
	}
	d = startDemo(t, empty, port)
	shown := listed(b)
	for n := range before {
		if shown[n] != 1 {
			t.Errorf("%s was acknowledged before the backup and is listed %d times", n, shown[n])
		}
	}
	for n, times := range shown {
		if times != 1 || !before[n] && !after[n] {
			t.Errorf("%s is listed %d times", n, times)
		}
	}
	wantFile(t, b, number)
	d.api(http.MethodPost, "/api/clock/advance", map[string]string{"by": "5m"}, nil) // whatever is repeated is repeated now
	if again := listed(b); len(again) != len(shown) {
		t.Errorf("repeated jobs made %d applications of %d", len(again), len(shown))
	}
	one = prepare(b)
	if one.send(); one.number == "" || shown[one.number] > 0 {
		t.Errorf("the next application has the number %q", one.number)
	}
	folders, err := os.ReadDir(filepath.Join(empty, "blobs"))
	must(t, err)
	for _, f := range folders {
		if f.IsDir() && f.Name() != "document" && !strings.HasPrefix(f.Name(), ".") {
			t.Errorf("files lie in %s, which backups leave out", f.Name())
		}
	}
}

func wantFile(t *testing.T, b *kittest.Browser, number string) {
	t.Helper()
	p := b.Get("/lk/applications")
	for _, href := range hrefs(p, ".okno-feed h3 a") {
		one := b.Get(href)
		if !strings.Contains(one.Text("main"), number) || !one.Has(".okno-file a") {
			continue
		}
		file := b.Get(one.Attr(".okno-file a", "href"))
		if file.Status != http.StatusOK || file.Body != string(scan) {
			t.Errorf("the file came back as %d, %d bytes", file.Status, len(file.Body))
		}
		return
	}
	t.Errorf("the application %s has no file", number)
}

func hrefs(p *kittest.Page, selector string) (out []string) {
	for _, n := range p.All(selector) {
		for _, a := range n.Attr {
			if a.Key == "href" {
				out = append(out, a.Val)
			}
		}
	}
	return out
}

// A backup that was interrupted or changed is not taken for one.
func TestABrokenBackupIsRefused(t *testing.T) {
	file, state, port := configured(t)
	p := start(t, "serve", "-c", file).ready(port)
	_ = p.signal(syscall.SIGTERM)
	dirs := stateDir(t)
	broken := filepath.Join(dirs, "broken")
	half := start(t, "backup", "-c", file, broken)
	for range 2000 {
		if _, err := os.Stat(filepath.Join(broken, "okno_idp.dump")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	_ = half.signal(syscall.SIGKILL)
	wantNoPostgres(t, state)
	if _, err := os.Stat(filepath.Join(broken, "manifest.json")); err == nil {
		t.Fatal("the backup was finished before it could be interrupted")
	}
	if out, err := run(t, "restore", "-c", file, "--replace", broken); err == nil || !strings.Contains(out, "was not finished") {
		t.Errorf("an interrupted backup: %v, %s", err, out)
	}
	if out, err := run(t, "backup", "-c", file, broken); err == nil {
		t.Errorf("a backup into a folder that exists: %s", out)
	}

	whole := filepath.Join(dirs, "whole")
	if out, err := run(t, "backup", "-c", file, "--without-keys", whole); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(whole, "keys.json")); err == nil {
		t.Error("the keys are in the backup though they were to be left out")
	}
	if out, err := run(t, "restore", "-c", file, "--replace", whole); err != nil {
		t.Errorf("restore over what is there: %v\n%s", err, out)
	}
	dump := filepath.Join(whole, "okno_portal_72.dump")
	raw, err := os.ReadFile(dump)
	must(t, err)
	raw[len(raw)/2] ^= 1
	must(t, os.WriteFile(dump, raw, 0o600))
	if out, err := run(t, "restore", "-c", file, "--replace", whole); err == nil || !strings.Contains(out, "has changed") {
		t.Errorf("a changed dump: %v, %s", err, out)
	}
}
