package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

// launch is one start of «okno serve» with the example configuration.
type launch struct {
	first  float64 // seconds to the first page
	cpu    float64 // seconds of okno and PostgreSQL until then
	rss    float64 // MB after a while at rest, after some pages
	failed error
}

var exampleSite = regexp.MustCompile(`https://(\w+)\.example\.org`)

// start is P11: the time to the first page and the memory at rest, of the binary.
func (b *bench) start() error {
	bin, err := drive.Binary()
	if err != nil {
		return err
	}
	for _, portals := range []int{1, 2} {
		var firsts, laters, cpus, rss, floors []float64
		for range b.rounds {
			dir, port, err := exampleState(bin, portals)
			if err != nil {
				return err
			}
			a := b.launch(bin, dir, port)
			c := b.launch(bin, dir, port)
			_ = os.RemoveAll(dir)
			if a.failed != nil || c.failed != nil {
				return fmt.Errorf("%v; %v", a.failed, c.failed)
			}
			firsts, laters, cpus, rss = append(firsts, a.first), append(laters, c.first), append(cpus, a.cpu), append(rss, c.rss)
			bare, err := bareStart(b.ctx)
			if err != nil {
				return err
			}
			floors = append(floors, bare)
		}
		name := fmt.Sprintf(", %d portal", portals)
		f, l, m := median(firsts), median(laters), median(rss)
		b.add(row{
			goal: "P11", what: "first start" + name, unit: "s", ours: f, floor: median(floors), ratio: f / median(floors), want: "≤ 3 s", ok: f <= 3,
			note: fmt.Sprintf("floor: initdb and PostgreSQL alone; %.2f s CPU with PostgreSQL", median(cpus)),
		})
		b.add(row{goal: "P11", what: "later start" + name, unit: "s", ours: l, floor: 1.5, ratio: l / 1.5, want: "≤ 1.5 s", ok: l <= 1.5})
		b.add(row{
			goal: "P11", what: "memory at rest" + name, unit: "MB", ours: m, floor: 48, ratio: m / 48, want: "≤ 48 MB", ok: m <= 48,
			note: "RSS five seconds after the start and twelve pages",
		})
	}
	return nil
}

// exampleState is a state folder with the example configuration in it.
func exampleState(bin string, portals int) (dir, port string, err error) {
	if dir, err = drive.StateDir(); err != nil {
		return "", "", err
	}
	if port, err = drive.FreePort(); err != nil {
		return "", "", err
	}
	text, err := exec.Command(bin, "config", "example").Output()
	if err != nil {
		return "", "", fmt.Errorf("config example: %w", err)
	}
	keys := filepath.Join(dir, "keys.json")
	cfg := exampleSite.ReplaceAllString(strings.NewReplacer(
		"listen: 127.0.0.1:8443", "listen: 127.0.0.1:"+port, "/var/lib/okno", dir, "keys: /etc/okno/keys.json", "keys: "+keys,
	).Replace(string(text)), "http://$1.localhost:"+port)
	if portals == 2 {
		cfg = strings.Replace(cfg, "\nportals:\n", fmt.Sprintf(`
portals:
  - code: "92"
    url: http://sevastopol.localhost:%[1]s
    office_url: http://office92.localhost:%[1]s
    client: {id: okno-portal-92}
    office_client: {id: okno-office-92}
    brand: {name: Окно, region: Севастополь, place: Севастополь}
`, port), 1)
	}
	if err := os.WriteFile(filepath.Join(dir, "okno.yaml"), []byte(cfg), 0o600); err != nil {
		return "", "", err
	}
	if out, err := exec.Command(bin, "keys", "create", keys).CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("keys create: %w: %s", err, out)
	}
	return dir, port, nil
}

func (b *bench) launch(bin, dir, port string) (l launch) {
	start := time.Now()
	cmd := exec.Command(bin, "serve", "-c", filepath.Join(dir, "okno.yaml"))
	var log drive.Log
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if l.failed = cmd.Start(); l.failed != nil {
		return l
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil && l.failed == nil {
			l.failed = fmt.Errorf("serve: %w: %s", err, log.Tail(500))
		}
	}()
	get := func(path string) int {
		req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, "http://127.0.0.1:"+port+path, nil)
		if err != nil {
			return 0
		}
		req.Host = "uslugi.localhost"
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	for get("/") != http.StatusOK {
		if time.Since(start) > 90*time.Second || b.ctx.Err() != nil {
			l.failed = fmt.Errorf("serve does not answer: %s", log.Tail(500))
			return l
		}
		time.Sleep(2 * time.Millisecond)
	}
	l.first = time.Since(start).Seconds()
	s := &side{state: dir, cmd: cmd}
	if c, err := s.spent(); err == nil {
		l.cpu = (c.own + c.pg).Seconds()
	}
	for range 3 {
		for _, p := range []string{"/", "/services", "/search?q=паспорт", "/help/"} {
			get(p)
		}
	}
	time.Sleep(5 * time.Second)
	l.rss, l.failed = memory(cmd.Process.Pid, "VmRSS")
	return l
}

// bareStart makes a database cluster and starts it: what no first start with a
// PostgreSQL of its own can be without.
func bareStart(ctx context.Context) (float64, error) {
	dir, err := drive.StateDir()
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	start := time.Now()
	_, stop, err := dbtest.StartServer(ctx, dir)
	if err != nil {
		return 0, err
	}
	took := time.Since(start).Seconds()
	stop()
	return took, nil
}
