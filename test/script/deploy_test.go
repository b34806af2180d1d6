package script

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deploy = "../../deploy/"

// promtool is Debian's; ./check brings it.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not here: ./check brings it")
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

type alertFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string
			Expr        string
			Annotations struct{ Summary, Runbook string }
		}
	}
}

func readAlerts(t *testing.T) alertFile {
	t.Helper()
	raw, err := os.ReadFile(deploy + "prometheus/okno.rules.yml")
	must(t, err)
	var f alertFile
	must(t, yaml.Unmarshal(raw, &f))
	if len(f.Groups) == 0 || len(f.Groups[0].Rules) < 10 {
		t.Fatalf("rules: %+v", f)
	}
	return f
}

// dashboardQueries are the questions that the dashboard asks.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(deploy + "grafana/okno.json")
	must(t, err)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	must(t, json.Unmarshal(raw, &board))
	var out []string
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			out = append(out, q.Expr)
		}
	}
	if len(out) < 12 {
		t.Fatalf("only %d queries", len(out))
	}
	return out
}

func TestAlertRules(t *testing.T) {
	t.Parallel()
	dir := deploy + "prometheus"
	promtool(t, dir, "check", "rules", "okno.rules.yml")
	promtool(t, dir, "test", "rules", "okno.rules.test.yml")
	promtool(t, dir, "check", "config", "--syntax-only", "scrape.example.yml")
	// The dashboard's queries are judged as if they were rules.
	rules := "groups:\n  - name: dashboard\n    rules:\n"
	for i, q := range dashboardQueries(t) {
		rules += fmt.Sprintf("      - {record: 'q:%d', expr: '%s'}\n", i, strings.ReplaceAll(q, "'", "''"))
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	must(t, os.WriteFile(file, []byte(rules), 0o600))
	promtool(t, dir, "check", "rules", file)
}

// Every alert has its runbook.
func TestEveryAlertHasARunbook(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/OPERATIONS.md")
	must(t, err)
	for _, r := range readAlerts(t).Groups[0].Rules {
		if r.Annotations.Runbook != "docs/OPERATIONS.md#"+strings.ToLower(r.Alert) || r.Annotations.Summary == "" {
			t.Errorf("%s leads to %q", r.Alert, r.Annotations.Runbook)
		}
		if !strings.Contains(string(raw), "\n#### "+r.Alert+"\n") {
			t.Errorf("docs/OPERATIONS.md has no section %s", r.Alert)
		}
	}
}

var metricName = regexp.MustCompile(`okno_[a-z_]+`)

// What rules and dashboard ask for is what a process offers.
func TestMetricsAreTheOnesAskedFor(t *testing.T) {
	file, _, port := configured(t)
	p := start(t, "serve", "-c", file).ready(port)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", port), http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer metrics-token-for-tests")
	visit, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port), http.NoBody)
	must(t, err)
	visit.Host = fmt.Sprintf("ops.localhost:%d", port) // leads to the provider: a destination
	for _, r := range []*http.Request{visit, req} {
		res, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		must(t, err)
		if r == visit {
			continue
		}
		offered := string(raw)
		asked := strings.Join(dashboardQueries(t), "\n")
		for _, rule := range readAlerts(t).Groups[0].Rules {
			asked += "\n" + rule.Expr
		}
		for _, name := range metricName.FindAllString(asked, -1) {
			// A queue that has never held a message says nothing of messages.
			if !strings.Contains(offered, "\n"+name) && name != "okno_messages" && name != "okno_jobs" {
				t.Errorf("%s is asked for, and not offered", name)
			}
		}
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// The units are understood by systemd and confine the process.
func TestSystemdUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"okno.service", "okno-backup.service", "okno-backup.timer"} {
		raw, err := os.ReadFile(deploy + "systemd/" + name)
		must(t, err)
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(raw), "/usr/bin/okno", "/bin/true")), 0o600))
		units = append(units, path)
	}
	if out, err := exec.Command(analyze, append([]string{"verify"}, units...)...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=25", units[0]).CombinedOutput()
	if err != nil {
		t.Errorf("exposure above 2.5: %v\n%s", err, out)
	}
}

// The recipe makes a package that holds what its text says.
func TestDebianPackage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not here")
	}
	dir := t.TempDir()
	build := exec.Command(deploy+"debian/build", "0.0.1", dir)
	build.Env = append(os.Environ(), "OKNO_BIN="+okno)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dir, "okno_0.0.1_*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("%v, %v", debs, err)
	}
	out, err := exec.Command("dpkg-deb", "--contents", debs[0]).CombinedOutput()
	must(t, err)
	contains(t, string(out), "./usr/bin/okno", "./lib/systemd/system/okno.service", "./usr/share/doc/okno/okno.yaml.example", "./usr/share/okno/prometheus/okno.rules.yml", "root/root")
	if out, err := exec.Command("sh", "-n", deploy+"debian/postinst").CombinedOutput(); err != nil {
		t.Errorf("postinst: %s", out)
	}
}
