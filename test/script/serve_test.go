package script

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var exampleHost = regexp.MustCompile(`https://(esia|desk|uslugi|office|ops)\.example\.org`)

// configured writes the example configuration, as an administrator changes it,
// and makes its key file.
func configured(t *testing.T, change ...string) (file, state string, port int) {
	t.Helper()
	state, port = stateDir(t), freePort(t)
	text, err := run(t, "config", "example")
	must(t, err)
	keys := filepath.Join(state, "keys.json")
	text = strings.NewReplacer(append([]string{
		"listen: 127.0.0.1:8443", fmt.Sprintf("listen: 127.0.0.1:%d", port), "/var/lib/okno", state, "keys: /etc/okno/keys.json", "keys: " + keys,
		"#  metrics_token: {env: OKNO_METRICS_TOKEN}", "  metrics_token: metrics-token-for-tests",
		"#outcall:", "outcall:", `#  allow: [10.20.0.0/16, "gateway.example.internal:8443"]`, `  allow: ["127.0.0.0/8"]`,
	}, change...)...).Replace(text)
	text = exampleHost.ReplaceAllString(text, fmt.Sprintf("http://$1.localhost:%d", port))
	file = filepath.Join(state, "okno.yaml")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	if out, err := run(t, "keys", "create", keys); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file, state, port
}

// From a file of settings to a server that starts, is asked and stops.
func TestServeAConfiguration(t *testing.T) {
	file, state, port := configured(t, "#drain: 5s", "drain: 1s")
	out, err := run(t, "doctor", "-c", file)
	if err != nil {
		t.Errorf("the doctor: %v", err)
	}
	contains(t, out, "ok    configuration", "ok    keys", "WARN  okno_idp", "WARN  esia.localhost")

	if out, err := run(t, "migrate", "-c", file); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	out, err = run(t, "migrate", "--check", "-c", file)
	if err != nil {
		t.Errorf("after a migration: %v", err)
	}
	contains(t, out, "okno_idp: up to date", "okno_portal_72: up to date")

	p := start(t, "serve", "-c", file).ready(port)
	get := func(host, path, auth string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), http.NoBody)
		must(t, err)
		if req.Host = host; auth != "" {
			req.Header.Set("Authorization", auth)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		must(t, err)
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		must(t, err)
		return res.StatusCode, string(raw)
	}
	for host, want := range map[string]int{"uslugi": 200, "esia": 200, "office": 303, "ops": 303, "demo": 421} {
		if status, _ := get(host+".localhost", "/", ""); status != want {
			t.Errorf("%s: %d, want %d", host, status, want)
		}
	}
	if status, _ := get("uslugi.localhost", "/api/outbox", ""); status != 404 {
		t.Errorf("the demo's API is served: %d", status)
	}
	if status, text := get("10.0.0.1", "/metrics", "Bearer metrics-token-for-tests"); status != 200 || !strings.Contains(text, `okno_database_up{system="idp"} 1`) {
		t.Errorf("metrics: %d %.200s", status, text)
	}
	for _, auth := range []string{"", "Bearer wrong-token-wrong-token"} {
		if status, text := get("uslugi.localhost", "/metrics", auth); status == 200 || strings.Contains(text, "okno_database_up") {
			t.Errorf("metrics with %q: %d", auth, status)
		}
	}
	out, _ = run(t, "doctor", "-c", file)
	contains(t, out, "the key file opens what is sealed here", "PostgreSQL")

	began := time.Now()
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if status, _ := get("x", "/healthz", ""); status == http.StatusServiceUnavailable {
			break
		}
	}
	if status, _ := get("uslugi.localhost", "/", ""); status != 200 {
		t.Errorf("a leaving process does not answer any more: %d", status)
	}
	<-p.done
	if p.err != nil || time.Since(began) < time.Second {
		t.Errorf("it ended with %v after %s\n%s", p.err, time.Since(began), p.log.String())
	}
	wantNoPostgres(t, state)
}

func TestServeRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	file, state, _ := configured(t)
	bad := filepath.Join(state, "bad.yaml")
	raw, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(bad, append(raw, []byte("\nrolls: [idp]\n")...), 0o600))
	for _, c := range []struct {
		want string
		args []string
	}{
		{"rolls", []string{"serve", "-c", bad}},
		{"no such file", []string{"serve", "-c", filepath.Join(state, "none.yaml")}},
		{"none of", []string{"serve", "-c", file, "--roles", "idp,potral"}},
	} {
		if out, err := run(t, c.args...); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%v: %v, %s", c.args, err, out)
		}
	}
}

// The doctor names what does not work and fails.
func TestDoctorFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	nobody := freePort(t)
	file, _, _ := configured(t, "#mail:", "mail:", "#  address: mail.example.org:587", fmt.Sprintf("  address: 127.0.0.1:%d", nobody),
		"#scanner:", "scanner:", "#  address: unix:/run/clamav/clamd.ctl      # or host:3310", fmt.Sprintf("  address: 127.0.0.1:%d", nobody))
	out, err := run(t, "doctor", "-c", file)
	if err == nil {
		t.Error("it is content")
	}
	contains(t, out, "FAIL  mail", "FAIL  virus scanner", "ok    keys")
}

// Data that were sealed under one key file are not touched with another.
func TestServeRefusesAnotherKeyFile(t *testing.T) {
	file, state, port := configured(t)
	p := start(t, "serve", "-c", file).ready(port)
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(state, "keys.json")
	must(t, os.Rename(keys, keys+".old"))
	if out, err := run(t, "serve", "-c", file); err == nil || !strings.Contains(out, "keys create") {
		t.Errorf("without keys: %v, %s", err, out)
	}
	if out, err := run(t, "keys", "create", keys); err != nil {
		t.Fatal(out)
	}
	if out, err := run(t, "serve", "-c", file); err == nil || !strings.Contains(out, "another key file") {
		t.Errorf("with another file: %v, %s", err, out)
	}
	must(t, os.Rename(keys+".old", keys))
	if out, err := run(t, "keys", "rotate", keys); err != nil {
		t.Fatal(out)
	}
	p = start(t, "serve", "-c", file).ready(port)
	_ = p.signal(syscall.SIGTERM)
}
