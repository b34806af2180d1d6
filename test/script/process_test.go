package script

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/okno-gov/okno/internal/site/kit/kittest"
)

// okno is the binary under test: $OKNO_BIN, which ./check has built, or one that
// is built once for this run.
var okno = os.Getenv("OKNO_BIN")

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	if okno != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "okno-script-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	okno = filepath.Join(dir, "okno")
	build := exec.Command("go", "build", "-trimpath", "-o", okno, "../../cmd/okno")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// full tells whether the long forms of the tests are wanted: ./check --full.
func full() bool { return os.Getenv("OKNO_FULL") == "1" }

// stateDir is a folder that the unprivileged PostgreSQL can reach, which
// t.TempDir is not.
func stateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "okno-state-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// freePort is a port that nobody listens on now.
func freePort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// buffer is written by the process and read by the test.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// process is a running okno.
type process struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, log buffer // standard output and error
	done     chan struct{}
	err      error
}

// start runs a sub-command; the process is killed when the test ends.
func start(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(okno, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.log
	p.cmd.Dir = os.TempDir()
	must(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

// patience bounds every wait for a process, on a loaded machine.
const patience = 90 * time.Second

// ready waits until the process answers its health check.
func (p *process) ready(port int) *process {
	p.t.Helper()
	client := &http.Client{Timeout: 3 * time.Second}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		select {
		case <-p.done:
			p.t.Fatalf("%v ended at once: %v\n%s", p.cmd.Args, p.err, p.log.String())
		case <-time.After(50 * time.Millisecond):
		}
		if res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", port)); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p
			}
		}
	}
	p.t.Fatalf("%v does not answer\n%s", p.cmd.Args, p.log.String())
	return nil
}

// signal sends sig and waits for the end of the process.
func (p *process) signal(sig syscall.Signal) error {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(sig))
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%v does not end after %v\n%s", p.cmd.Args, sig, p.log.String())
	}
	return p.err
}

// run runs a sub-command to its end.
func run(t testing.TB, args ...string) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, okno, args...)
	cmd.Dir = os.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// postmasters are the processes that work in a state folder's cluster.
func postmasters(t testing.TB, state string) (pids []int) {
	t.Helper()
	want, err := filepath.EvalSymlinks(filepath.Join(state, "pg"))
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	must(t, err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd")); err == nil && cwd == want {
			pids = append(pids, pid)
		}
	}
	return pids
}

// wantNoPostgres waits until no process of the cluster is left.
func wantNoPostgres(t testing.TB, state string) {
	t.Helper()
	var left []int
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if left = postmasters(t, state); len(left) == 0 {
			return
		}
	}
	t.Errorf("processes %v of the private PostgreSQL are left", left)
}

// demoProcess is a running demo on a port of its own.
type demoProcess struct {
	*process
	port  int
	state string
}

func startDemo(t testing.TB, state string, port int, more ...string) *demoProcess {
	t.Helper()
	p := start(t, append([]string{"demo", "--listen", "127.0.0.1:" + strconv.Itoa(port), "--state", state}, more...)...)
	return &demoProcess{process: p.ready(port), port: port, state: state}
}

var sites = []string{"uslugi", "esia", "office", "desk", "demo", "ops"}

func (d *demoProcess) host(site string) string { return site + ".localhost:" + strconv.Itoa(d.port) }

func (d *demoProcess) url(site, path string) string { return "http://" + d.host(site) + path }

// browser is a visitor whose first site is the named one. It survives the
// process: while that is away, pages answer 502.
func (d *demoProcess) browser(site string) *kittest.Browser {
	to, err := url.Parse(fmt.Sprintf("http://127.0.0.1:%d", d.port))
	must(d.t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 4},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	b := kittest.New(d.t, d.host(site), proxy)
	for _, s := range sites {
		b.Add(d.host(s), proxy)
	}
	return b
}

// enter brings b from a page that needs a sign-in to that page, by password and
// the second factor of staff, with consent and agreement where they are asked.
func enter(b *kittest.Browser, addr string, who demoPerson) *kittest.Page {
	p := b.Get(addr)
	for _, step := range []struct {
		form   string
		values []string
	}{
		{"form:has(input[name=password])", []string{"login", who.Phone, "password", "Okno-2026!"}},
		{"form:has(input[name=code])", []string{"code", who.Code}},
		{"form[action='/login/consent']", nil},
		{"form[action='/agreement']", []string{"agree", "1"}},
	} {
		if p.Has(step.form) {
			p = p.Submit(step.form, step.values...)
		}
	}
	return p
}

func contains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in:\n%s", p, text)
		}
	}
}
