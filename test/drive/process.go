package drive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a running okno.
type Process struct {
	State string // its state folder
	Port  string
	Log   *Log // what it printed

	cmd    *exec.Cmd
	exited chan struct{}
	code   error
}

// StateDir makes a state folder that the unprivileged PostgreSQL reaches, which
// a test's own folder is not. The caller removes it.
func StateDir() (string, error) {
	dir, err := os.MkdirTemp("", "okno-drive-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

var asked atomic.Int64

// FreePort is a port that nothing listens on now and that the system does not
// give out by itself: a program that was killed must get its own one back.
func FreePort() (string, error) {
	for range 2000 {
		// Two stands of one test ask before either of them listens.
		port := strconv.Itoa(20000 + (os.Getpid()*37+int(asked.Add(1)))%12000)
		ln, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		return port, ln.Close()
	}
	return "", errors.New("drive: no free port")
}

// ready is how long a start may take on a busy machine.
const ready = 90 * time.Second

// StartDemo starts «okno demo» on a state folder, with more flags, and waits
// until it answers.
func StartDemo(ctx context.Context, state, port string, more ...string) (*Process, error) {
	bin, err := Binary()
	if err != nil {
		return nil, err
	}
	return Start(ctx, state, port, bin, append([]string{"demo", "--listen", "127.0.0.1:" + port, "--state", state}, more...)...)
}

// Start starts a command that serves on a port of the loopback and waits until
// its health check says yes.
func Start(ctx context.Context, state, port, bin string, args ...string) (*Process, error) {
	p := &Process{State: state, Port: port, Log: &Log{}, exited: make(chan struct{})}
	p.cmd = exec.Command(bin, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.Log, p.Log
	// A group of its own: Ctrl-C of the test's terminal is not for it.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start okno: %w", err)
	}
	go func() {
		p.code = p.cmd.Wait()
		close(p.exited)
	}()
	if err := p.await(ctx); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+p.Port+"/healthz", nil)
		if err != nil {
			return err
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return fmt.Errorf("okno ended at its start: %v\n%s", p.code, p.Log.Tail(4000))
		case <-ctx.Done():
			return fmt.Errorf("okno does not answer: %w\n%s", ctx.Err(), p.Log.Tail(4000))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// URL is a page of one of the demo's sites.
func (p *Process) URL(site, path string) string {
	return "http://" + site + ".localhost:" + p.Port + path
}

// Pid is the process's number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill is kill -9; it returns when the process is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// Stop asks the process to end, as Ctrl-C and systemd do, and waits.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return p.code
	case <-time.After(40 * time.Second):
		p.Kill()
		return errors.New("okno does not stop")
	}
}

// Running tells whether the process lives.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Postmaster is the number of the private PostgreSQL's main process, 0 when none
// works on the state folder.
func (p *Process) Postmaster() int {
	data := filepath.Join(p.State, "pg")
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || !worksIn(pid, data) {
		return 0
	}
	return pid
}

// Socket is the folder of the private PostgreSQL's socket.
func (p *Process) Socket() (string, error) {
	raw, err := os.ReadFile(filepath.Join(p.State, "pg", "postmaster.pid"))
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(raw), "\n") // pid, data, start time, port, socket folder
	if len(lines) < 5 {
		return "", errors.New("postmaster.pid has no socket")
	}
	return strings.TrimSpace(lines[4]), nil
}

// Postgres are the numbers of all processes that work in the folder of the
// private PostgreSQL, the main one among them.
func (p *Process) Postgres() []int {
	return workers(filepath.Join(p.State, "pg"))
}

// workers are the processes that work in a folder.
func workers(data string) []int {
	var out []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && worksIn(pid, data) {
			out = append(out, pid)
		}
	}
	return out
}

// Orphans waits until the killed process's PostgreSQL is gone and returns what
// is left of it after the time.
func (p *Process) Orphans(within time.Duration) []int {
	deadline := time.Now().Add(within)
	for {
		left := p.Postgres()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func worksIn(pid int, dir string) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(dir)
	return err == nil && cwd == real
}

// Log collects what a process prints.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything that was printed.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Tail is the end of what was printed.
func (l *Log) Tail(n int) string {
	s := l.String()
	return s[max(0, len(s)-n):]
}
