package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Daemon is a foreign server that a test runs: a virus scanner, a file store, a
// proxy that breaks connections. It dies with the test's process.
type Daemon struct {
	Log *Log

	network, addr string // where it answers
	program       string
	args, env     []string
	user          *syscall.Credential // nil: that of the test

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// ErrNoProgram says what to install for a daemon.
var ErrNoProgram = errors.New("not installed")

// startDaemon runs a program and waits until its address takes connections.
func startDaemon(ctx context.Context, network, addr string, env []string, program string, args ...string) (*Daemon, error) {
	d := &Daemon{Log: &Log{}, network: network, addr: addr, program: program, args: args, env: env}
	if err := d.Start(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// StartUnprivileged runs a program that refuses to be root, as PostgreSQL's user
// if the test is root.
func StartUnprivileged(ctx context.Context, addr string, env []string, program string, args ...string) (*Daemon, error) {
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	d := &Daemon{Log: &Log{}, network: "tcp", addr: addr, program: program, args: args, env: env, user: user}
	return d, d.Start(ctx)
}

// UnprivilegedDir makes a folder for [StartUnprivileged], readable by nobody else.
func UnprivilegedDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	user, err := unprivileged()
	if err != nil || user == nil {
		return err
	}
	return os.Chown(dir, int(user.Uid), int(user.Gid))
}

// unprivileged is nil when the test is not root.
func unprivileged() (*syscall.Credential, error) {
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
	return nil, errors.New("drive: neither user «postgres» nor «nobody» exists")
}

// KillWorkers is kill -9 for every process that works in a folder, as PostgreSQL
// does in that of its data; it returns when they are gone.
func KillWorkers(dir string) {
	for range 200 {
		pids := workers(dir)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Start starts the daemon again after [Daemon.Kill].
func (d *Daemon) Start(ctx context.Context) error {
	cmd := exec.Command(d.program, d.args...)
	cmd.Stdout, cmd.Stderr = d.Log, d.Log
	cmd.Env = append(os.Environ(), d.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: d.user}
	cmd.WaitDelay = time.Second // its own children may hold the log open
	exited := make(chan struct{})
	started := make(chan error, 1)
	go func() {
		// Pdeathsig belongs to the thread that forked: it must not end early.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(d.program), err)
	}
	d.mu.Lock()
	d.cmd, d.exited = cmd, exited
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, d.network, d.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-exited:
			return fmt.Errorf("%s ended at its start\n%s", filepath.Base(d.program), d.Log.Tail(3000))
		case <-ctx.Done():
			d.Kill()
			return fmt.Errorf("%s does not answer: %w\n%s", filepath.Base(d.program), err, d.Log.Tail(3000))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill is kill -9; it returns when the process is gone.
func (d *Daemon) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd != nil {
		_ = d.cmd.Process.Kill()
		<-d.exited
	}
}

// Tool is the path of a program out of test/tools, which has a module of its
// own: versitygw, or server, which is toxiproxy's.
func Tool(name string) (string, error) {
	dir := filepath.Join(Root(), ".cache", "tools")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	// The version that is pinned is the version that was built.
	sum, err := os.ReadFile(filepath.Join(Root(), "test", "tools", "go.sum"))
	if err != nil {
		return "", err
	}
	stamp := filepath.Join(dir, "built")
	if had, err := os.ReadFile(stamp); err == nil && string(had) == string(sum) {
		return filepath.Join(dir, name), nil
	}
	cmd := exec.Command("go", "build", "-trimpath", "-o", dir+string(filepath.Separator), "tool")
	cmd.Dir = filepath.Join(Root(), "test", "tools")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build test/tools: %w\n%s", err, text)
	}
	return filepath.Join(dir, name), os.WriteFile(stamp, sum, 0o600)
}

// StartS3 runs versitygw on a folder of its own below dir, with a bucket, and
// returns the address as OKNO_TEST_S3 has it.
func StartS3(ctx context.Context, dir string) (d *Daemon, address string, err error) {
	bin, err := Tool("versitygw")
	if err != nil {
		return nil, "", err
	}
	const access, secret, bucket = "okno", "okno-secret-for-tests", "okno"
	if err := os.MkdirAll(filepath.Join(dir, "s3", bucket), 0o755); err != nil {
		return nil, "", err
	}
	port, err := FreePort()
	if err != nil {
		return nil, "", err
	}
	addr := "127.0.0.1:" + port
	d, err = startDaemon(ctx, "tcp", addr, []string{"ROOT_ACCESS_KEY=" + access, "ROOT_SECRET_KEY=" + secret},
		bin, "--port", addr, "--quiet", "posix", filepath.Join(dir, "s3"))
	return d, fmt.Sprintf("http://%s:%s@%s/%s", access, secret, addr, bucket), err
}

// eicar in hexadecimal: what is not secret of the industry's test file. It must
// not stand here as text, or a scanner would take away this source.
const eicarSignature = "Okno.Test.EICAR:0:*:45494341522d5354414e444152442d414e544956495255532d544553542d46494c45"

// StartClamd runs ClamAV's daemon with one signature, that of the EICAR test
// file, in a folder below dir. It returns the address as scanner.address wants
// it. [ErrNoProgram] when it is not installed.
func StartClamd(ctx context.Context, dir string) (d *Daemon, address string, err error) {
	bin, err := program("clamd")
	if err != nil {
		return nil, "", fmt.Errorf("%w; install Debian's package «clamav-daemon»", err)
	}
	home := filepath.Join(dir, "clamd")
	if err := os.MkdirAll(filepath.Join(home, "db"), 0o755); err != nil {
		return nil, "", err
	}
	port, err := FreePort()
	if err != nil {
		return nil, "", err
	}
	conf := filepath.Join(home, "clamd.conf")
	err = errors.Join(os.WriteFile(filepath.Join(home, "db", "okno.ndb"), []byte(eicarSignature+"\n"), 0o644),
		os.WriteFile(conf, fmt.Appendf(nil, "DatabaseDirectory %s\nTCPSocket %s\nTCPAddr 127.0.0.1\nForeground yes\nStreamMaxLength 100M\nMaxThreads 4\n",
			filepath.Join(home, "db"), port), 0o644))
	if err != nil {
		return nil, "", err
	}
	d, err = startDaemon(ctx, "tcp", "127.0.0.1:"+port, nil, bin, "--config-file="+conf)
	return d, "127.0.0.1:" + port, err
}

// program looks where Debian puts servers, too, which the PATH of people lacks.
func program(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if p := filepath.Join(dir, name); fileExists(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrNoProgram)
}

func fileExists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

// Eicar is the industry's harmless test file that scanners find, put together so
// that they do not find it here.
func Eicar() string {
	return strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}$`, "EICAR-STANDARD-ANTIVIRUS", `-TEST-FILE!$H+H*`}, "")
}
