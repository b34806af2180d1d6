// Package postgres runs a private PostgreSQL as a child of this process, on a
// unix socket of its own: for the demo, for a district on one machine, and for
// tests. The system's binaries are used; nothing is downloaded.
//
// A child that ends by itself, say by the kernel's lack of memory, is started
// again. The child dies with its parent: on Linux it gets SIGQUIT when the thread that
// started it ends, which is why that thread is kept for life. The next start
// finds what a kill -9 left behind, waits for the dying postmaster and lets
// PostgreSQL recover by itself.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoBinaries says what to install when no PostgreSQL is found.
var ErrNoBinaries = errors.New("no PostgreSQL found: install Debian's package «postgresql», set OKNO_PG_BIN to the folder of initdb and postgres, or configure a database URL")

// Options of [Start].
type Options struct {
	Dir    string    // state folder; created; holds the cluster, its log and the lock
	Fsync  bool      // false only for tests
	Log    io.Writer // where the server's log goes; nil: Dir/postgres.log
	MaxCon int       // max_connections; 0: 120
}

// Server is a running child.
type Server struct {
	o      Options
	bin    string
	data   string
	cred   *syscall.Credential
	socket string
	lock   *os.File
	stop   chan struct{} // closed when the end is wanted
	ended  chan struct{} // closed when nothing is started again; nil before

	mu    sync.Mutex
	child *child
}

// child is one run of the postmaster.
type child struct {
	cmd    *exec.Cmd
	since  time.Time
	exited chan struct{}
	err    error // of its end, once exited is closed
}

const superuser = "postgres"

// Start brings the cluster in o.Dir up, making it first if needed. It takes
// about 0.2 s, the first time 1 s.
func Start(ctx context.Context, o Options) (*Server, error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	cred, err := credential()
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, bin: bin, data: filepath.Join(o.Dir, "pg"), cred: cred, stop: make(chan struct{})}
	if s.lock, err = prepare(o.Dir, cred); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.cleanup()
		return nil, err
	}
	s.ended = make(chan struct{})
	go s.watch()
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.data, "PG_VERSION")); err != nil {
		if err := initdb(ctx, s.bin, s.data, s.cred); err != nil {
			return err
		}
	} else if err := endOrphan(ctx, s.data); err != nil {
		return err
	}
	var err error
	if s.socket, err = socketDir(s.cred); err != nil {
		return err
	}
	if err := s.run(); err != nil {
		return err
	}
	return s.waitReady(ctx)
}

// longest pause between two attempts to bring the child back.
const maxPause = 10 * time.Second

// watch starts the child again whenever it ends without being asked to.
func (s *Server) watch() {
	defer close(s.ended)
	pause := 200 * time.Millisecond
	for {
		c := s.now()
		select {
		case <-s.stop:
			return
		case <-c.exited:
		}
		if time.Since(c.since) > time.Minute {
			pause = 200 * time.Millisecond
		}
		slog.Error("the private PostgreSQL has ended; it is started again", "cause", c.err, "pause", pause)
		select {
		case <-s.stop:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
		if err := s.run(); err != nil {
			slog.Error("the private PostgreSQL does not start", "error", err)
		}
	}
}

func (s *Server) now() *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// Binaries is the folder that holds initdb and postgres: $OKNO_PG_BIN, else
// the newest of Debian's, else what PATH has.
func Binaries() (string, error) {
	if b := os.Getenv("OKNO_PG_BIN"); b != "" {
		if _, err := os.Stat(filepath.Join(b, "postgres")); err != nil {
			return "", fmt.Errorf("OKNO_PG_BIN: %w", err)
		}
		return b, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	slices.SortFunc(found, func(a, b string) int { return majorOf(b) - majorOf(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", ErrNoBinaries
}

func majorOf(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// credential is the unprivileged user for a child of root: PostgreSQL refuses
// to run as root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("running as root, but neither user «postgres» nor «nobody» exists to run PostgreSQL")
}

// prepare makes the state folder and takes its lock, which also proves that a
// postmaster found there is an orphan and not another okno's.
func prepare(dir string, cred *syscall.Credential) (*os.File, error) {
	data := filepath.Join(dir, "pg")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if cred != nil {
		for _, d := range []string{dir, data} {
			if err := os.Chown(d, int(cred.Uid), int(cred.Gid)); err != nil {
				return nil, fmt.Errorf("state folder: %w", err)
			}
		}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "pg.lock"), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("the state folder %s is in use by another okno", dir)
	}
	return lock, nil
}

func initdb(ctx context.Context, bin, data string, cred *syscall.Credential) error {
	// What an interrupted initdb left would be refused by the next.
	if err := emptyDir(data); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", superuser, "-A", "trust",
		"-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// endOrphan ends the postmaster of a parent that was killed, if one is left.
func endOrphan(ctx context.Context, data string) error {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 || !isPostmaster(pid, data) {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGQUIT)
	for range 200 {
		if !isPostmaster(pid, data) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("an orphaned PostgreSQL (process %d) does not end", pid)
}

// isPostmaster guards against a number that another program has got since.
func isPostmaster(pid int, data string) bool {
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(data)
	return err == nil && cwd == real
}

// socketDir is a folder of its own with a short path: sun_path has 108 bytes.
func socketDir(cred *syscall.Credential) (string, error) {
	base := os.TempDir()
	if len(base) > 50 {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "okno-pg-")
	if err != nil {
		return "", fmt.Errorf("socket folder: %w", err)
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", fmt.Errorf("socket folder: %w", err)
		}
	}
	return dir, nil
}

func (s *Server) run() error {
	log := s.o.Log
	if log == nil {
		f, err := os.OpenFile(filepath.Join(s.o.Dir, "postgres.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("postgres log: %w", err)
		}
		defer f.Close()
		log = f
	}
	c := &child{cmd: exec.Command(filepath.Join(s.bin, "postgres"), args(s.data, s.socket, s.o)...), since: time.Now(), exited: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.Dir = s.data
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	started := make(chan error, 1)
	go func() {
		// Pdeathsig belongs to the thread that forked: it must not end early.
		runtime.LockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.err = c.cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.mu.Lock()
	s.child = c
	s.mu.Unlock()
	return nil
}

func args(data, socket string, o Options) []string {
	con := o.MaxCon
	if con == 0 {
		con = 120
	}
	set := []string{
		"listen_addresses=", "unix_socket_directories=" + socket, "unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(con), "shared_buffers=48MB", "timezone=UTC", "log_timezone=UTC",
		"log_min_messages=warning", "log_statement=none", "log_min_error_statement=panic", "log_parameter_max_length_on_error=0",
		"max_wal_size=256MB", "jit=off",
	}
	if !o.Fsync {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
	}
	out := []string{"-D", data}
	for _, s := range set {
		out = append(out, "-c", s)
	}
	return out
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.now().exited:
			return fmt.Errorf("postgres ended at start: %v; see postgres.log in the state folder", s.now().err)
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// URL addresses one database of the server.
func (s *Server) URL(database string) string {
	q := url.Values{"host": {s.socket}, "user": {superuser}}
	return "postgres:///" + database + "?" + q.Encode()
}

// CreateDatabase makes a database unless it exists.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	return CreateDatabase(ctx, s.URL("postgres"), name)
}

// CreateDatabase makes a database through a connection to another one.
func CreateDatabase(ctx context.Context, adminURL, name string) error {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var n int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&n); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	if n > 0 {
		return nil
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize()); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Pid is the postmaster's process number, for tests that kill.
func (s *Server) Pid() int { return s.now().cmd.Process.Pid }

// Stop ends the server (fast shutdown) and waits; after ten seconds it is
// quit at once, from which the next start recovers.
func (s *Server) Stop() error {
	close(s.stop)
	<-s.ended
	c := s.now()
	_ = c.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-c.exited:
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Signal(syscall.SIGQUIT)
		<-c.exited
	}
	s.cleanup()
	return nil
}

func (s *Server) cleanup() {
	if c := s.now(); c != nil {
		select {
		case <-c.exited:
		default:
			_ = c.cmd.Process.Signal(syscall.SIGQUIT)
			<-c.exited
		}
	}
	if s.socket != "" {
		_ = os.RemoveAll(s.socket)
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// Attach finds the server that another process runs on the state folder dir: a
// backup while Okno is at work. It returns false when none runs.
func Attach(dir string) (url func(database string) string, ok bool) {
	data := filepath.Join(dir, "pg")
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return nil, false
	}
	// The file's lines: pid, data folder, start time, port, socket folder, …
	lines := strings.Split(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || len(lines) < 5 || !isPostmaster(pid, data) {
		return nil, false
	}
	s := &Server{socket: strings.TrimSpace(lines[4])}
	return s.URL, true
}
