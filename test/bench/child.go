package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/okno-gov/okno/internal/app"
	"github.com/okno-gov/okno/internal/base/dbtest"
	"github.com/okno-gov/okno/test/drive"
)

// childEnv says what this process is, "demo" or "hello" (which also reads); stateEnv names its folder.
const (
	childEnv = "OKNO_BENCH_CHILD"
	stateEnv = "OKNO_BENCH_STATE"
)

// child runs one of the sides until its standard input ends, and does what its
// lines say, answering each with one line.
func child(role string) int {
	port, demo, stop, err := serveChild(role)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	fmt.Println(port)
	var profile *os.File
	var read *reading
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		answer := "ok"
		switch word {
		case "profile":
			if profile, err = os.Create(rest); err == nil {
				err = pprof.StartCPUProfile(profile)
			}
		case "end":
			pprof.StopCPUProfile()
			err = profile.Close()
		case "heap":
			err = writeHeap(rest)
		case "hash":
			n, _ := strconv.Atoi(rest)
			answer = fmt.Sprint(hashes(n).Microseconds())
		case "read":
			read, err = startReading(rest)
		case "quantile":
			answer, err = read.end()
		case "refresh":
			n, _ := strconv.Atoi(rest)
			answer = crowdRefresh(demo, n)
		case "crowd":
			err = fillCrowd(demo, rest)
		}
		if err != nil {
			answer = "error " + err.Error()
		}
		fmt.Println(answer)
	}
	return 0
}

// writeHeap writes what is held and what was ever allocated (go tool pprof -sample_index).
func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}

func serveChild(role string) (port string, demo *app.Demo, stop func(), err error) {
	if role == "demo" {
		log := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo}))
		slog.SetDefault(log)
		d, err := app.StartDemo(context.Background(), app.DemoOptions{Listen: "127.0.0.1:0", State: os.Getenv(stateEnv), Log: log})
		if err != nil {
			return "", nil, nil, err
		}
		_, port, err := net.SplitHostPort(d.App.Addr().String())
		return port, d, d.Close, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	pages := map[string][]byte{}
	mux.HandleFunc("POST /page/{name}", func(w http.ResponseWriter, r *http.Request) {
		pages[r.PathValue("name")], _ = io.ReadAll(r.Body)
	})
	mux.HandleFunc("GET /page/{name}", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(pages[r.PathValue("name")])
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(ln) }()
	_, port, err = net.SplitHostPort(ln.Addr().String())
	return port, nil, func() { _ = srv.Close() }, err
}

// hashes is the CPU time of n password hashes of the production cost: the floor
// of a login. It names the parameters itself, a weaker product must not lower it.
func hashes(n int) time.Duration {
	before := selfCPU()
	for range n {
		argon2.IDKey([]byte("Correct-Horse-7"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
	}
	return (selfCPU() - before) / time.Duration(max(n, 1))
}

func selfCPU() time.Duration {
	var ru syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// side is a child as the measuring process sees it.
type side struct {
	port  string
	state string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

func (b *bench) startSide(role string) (*side, error) {
	state, err := drive.StateDir()
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &side{state: state, cmd: exec.Command(exe)}
	s.cmd.Env = append(os.Environ(), childEnv+"="+role, stateEnv+"="+state)
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	b.closers = append(b.closers, s.close)
	line, err := s.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the %s side does not start: %w", role, err)
	}
	s.port = strings.TrimSpace(line)
	return s, nil
}

func (s *side) close() {
	_ = s.in.Close() // the child ends with its input
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
	}
	_ = os.RemoveAll(s.state)
}

func (s *side) tell(line string) (string, error) {
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		return "", err
	}
	answer, err := s.out.ReadString('\n')
	if err != nil {
		return "", err
	}
	answer = strings.TrimSpace(answer)
	if msg, bad := strings.CutPrefix(answer, "error "); bad {
		return "", errors.New(msg)
	}
	return answer, nil
}

// profiled runs f with a CPU profile of the side in .cache/bench/<name>.pprof.
func (b *bench) profiled(s *side, name string, f func() error) error {
	if _, err := s.tell("profile " + filepath.Join(b.dir, name+".pprof")); err != nil {
		return err
	}
	err := f()
	_, perr := s.tell("end")
	return errors.Join(err, perr)
}

func (s *side) url(site, path string) string { return "http://" + site + ".localhost:" + s.port + path }

func (s *side) desk() *drive.Desk {
	return &drive.Desk{URL: s.url, HTTP: &http.Client{Transport: drive.Transport(), Timeout: 5 * time.Minute}}
}

// postgres are the number of the postmaster and the folder of its socket.
func (s *side) postgres() (pid int, socket string, err error) {
	raw, err := os.ReadFile(filepath.Join(s.state, "pg", "postmaster.pid"))
	if err != nil {
		return 0, "", err
	}
	f := strings.Split(string(raw), "\n") // pid, data, start time, port, socket folder
	if len(f) < 5 {
		return 0, "", errors.New("postmaster.pid is short")
	}
	pid, err = strconv.Atoi(strings.TrimSpace(f[0]))
	return pid, strings.TrimSpace(f[4]), err
}

// cost is CPU time.
type cost struct{ own, pg time.Duration }

func (s *side) spent() (c cost, err error) {
	if c.own, err = dbtest.ProcessCPU(s.cmd.Process.Pid); err != nil {
		return c, err
	}
	if pid, _, err := s.postgres(); err == nil {
		if c.pg, err = dbtest.ServerCPU(pid); err != nil {
			return c, err
		}
	}
	return c, nil
}

// measure is the CPU time per operation, in microseconds, of what f does n times.
func (s *side) measure(f func() (n int, err error)) (own, pg float64, err error) {
	before, err := s.spent()
	if err != nil {
		return 0, 0, err
	}
	n, err := f()
	if err != nil {
		return 0, 0, err
	}
	after, err := s.spent()
	if err != nil || n == 0 {
		return 0, 0, errors.Join(err, errors.New("nothing was done"))
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	return per(after.own - before.own), per(after.pg - before.pg), nil
}

// tool is a program of PostgreSQL, run on a database of the side's server.
func (s *side) tool(ctx context.Context, name string, args ...string) (string, error) {
	_, socket, err := s.postgres()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, name, append([]string{"-h", socket, "-U", "postgres"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), nil
}
