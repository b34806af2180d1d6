package demo

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// ErrNoClamd says that the virus scanner of the demo is not installed.
var ErrNoClamd = errors.New("no clamd found: install Debian's package «clamav-daemon»")

// signatures of the demo's scanner: the industry's harmless test file alone,
// which needs 20 MB instead of a gigabyte. In hexadecimal, since a scanner would
// take away the source that contains it.
const signatures = "Okno.Demo.EICAR:0:*:45494341522d5354414e444152442d414e544956495255532d544553542d46494c45\n"

// Clamd is the demo's own virus scanner, a child of this process.
type Clamd struct {
	Address string // as scanner.address of the configuration wants it

	bin, conf string
	stop      chan struct{}
	ended     sync.WaitGroup
}

// maxSocket is what a socket's path may have, see unix(7), with some to spare.
const maxSocket = 90

// StartClamd runs clamd in a folder. It answers about half a second later; files
// wait until then. ErrNoClamd when it is not installed.
func StartClamd(dir string) (*Clamd, error) {
	bin, err := clamdProgram()
	if err != nil {
		return nil, err
	}
	c := &Clamd{bin: bin, conf: filepath.Join(dir, "clamd.conf"), stop: make(chan struct{})}
	db, socket := filepath.Join(dir, "db"), filepath.Join(dir, "socket")
	if len(socket) > maxSocket {
		socket = filepath.Join(os.TempDir(), fmt.Sprintf("okno-clamd-%d", os.Getpid()))
	}
	c.Address = "unix:" + socket
	if err := os.MkdirAll(db, 0o755); err != nil {
		return nil, fmt.Errorf("virus scanner: %w", err)
	}
	// StreamMaxLength must exceed the largest file, which is 100 MB for appeals.
	conf := fmt.Sprintf("DatabaseDirectory %s\nLocalSocket %s\nLocalSocketMode 600\nForeground yes\nStreamMaxLength 110M\nMaxThreads 4\n", db, socket)
	if err := errors.Join(os.WriteFile(filepath.Join(db, "okno.ndb"), []byte(signatures), 0o644), os.WriteFile(c.conf, []byte(conf), 0o644)); err != nil {
		return nil, fmt.Errorf("virus scanner: %w", err)
	}
	first, err := c.run()
	if err != nil {
		return nil, err
	}
	c.ended.Go(func() { c.watch(first) })
	return c, nil
}

// watch starts the daemon again when it ends without being asked to.
func (c *Clamd) watch(r *run) {
	for {
		select {
		case <-c.stop:
			_ = r.cmd.Process.Kill()
			<-r.exited
			return
		case <-r.exited:
		}
		slog.Warn("the demo's virus scanner has ended; it is started again")
		select {
		case <-c.stop:
			return
		case <-time.After(time.Second):
		}
		again, err := c.run()
		if err != nil {
			slog.Error("the demo's virus scanner does not start", "error", err)
			continue
		}
		r = again
	}
}

type run struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

func (c *Clamd) run() (*run, error) {
	r := &run{cmd: exec.Command(c.bin, "--config-file="+c.conf), exited: make(chan struct{})}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error, 1)
	go func() {
		// Pdeathsig belongs to the thread that forked: it must not end early.
		runtime.LockOSThread()
		err := r.cmd.Start()
		started <- err
		if err == nil {
			_ = r.cmd.Wait()
		}
		close(r.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start clamd: %w", err)
	}
	return r, nil
}

// Close ends the daemon.
func (c *Clamd) Close() error {
	close(c.stop)
	c.ended.Wait()
	return nil
}

// clamdProgram looks where Debian puts servers, too: the PATH of people lacks it.
func clamdProgram() (string, error) {
	if p, err := exec.LookPath("clamd"); err == nil {
		return p, nil
	}
	for _, p := range []string{"/usr/sbin/clamd", "/usr/local/sbin/clamd"} {
		if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 {
			return p, nil
		}
	}
	return "", ErrNoClamd
}
