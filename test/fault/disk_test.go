package fault_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/okno-gov/okno/test/drive"
)

// The disk under the files fails at the moment that makes a file durable, with an
// error of the device or because it is full: the person reads that the file was
// not saved, nothing of it stays, and the next one is.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.citizen("Соколова")
	body := paper(strings.Repeat("a page of a scan ", 2000))
	step := attachmentStep(t, s, p)
	for _, code := range []string{"EIO", "ENOSPC"} {
		stop := inject(t, s.Pid(), "fsync:error="+code)
		pg := attach(t, p, step, "первый.pdf", body)
		if pg.Status != http.StatusServiceUnavailable || !strings.Contains(pg.Text(), "ещё раз через несколько минут") || pg.Has(".okno-file") {
			t.Errorf("%s: the page says %d: %.400s", code, pg.Status, pg.Text())
		}
		stop()
		if n := files(t, filepath.Join(s.state, "blobs")); n != 0 {
			t.Errorf("%s: %d files are left", code, n)
		}
	}
	wantSaved(t, s, p, step, body)
}

// wantSaved uploads a file and demands it back.
func wantSaved(t *testing.T, s *stand, p *drive.Person, step string, body []byte) {
	t.Helper()
	pg := attach(t, p, step, "второй.pdf", body)
	at := pg.Attrs(".okno-file a", "href")
	if len(at) != 1 {
		t.Fatalf("afterwards the file is not taken: %d %.400s", pg.Status, pg.Text())
	}
	pg, err := p.Get(t.Context(), s.portal()+at[0])
	must(t, err)
	if pg.Status != http.StatusOK || string(pg.Body) != string(body) {
		t.Errorf("the file came back with %d, %d bytes of %d", pg.Status, len(pg.Body), len(body))
	}
}

// inject makes system calls of a running process fail until stop, see strace(1).
func inject(t *testing.T, pid int, what string) (stop func()) {
	t.Helper()
	call, _, _ := strings.Cut(what, ":")
	log := &drive.Log{}
	cmd := exec.Command("strace", "-f", "-p", strconv.Itoa(pid), "-o", "/dev/null", "-e", "trace="+call, "-e", "inject="+what)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatalf("strace: %v; install Debian's package «strace»", err)
	}
	eventually(t, "strace attaches", func(context.Context) error {
		if !strings.Contains(log.String(), "attached") {
			return fmt.Errorf("it says %q", log.String())
		}
		return nil
	})
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it detaches
		_ = cmd.Wait()
	}
}

// files counts what lies in a folder, half-written files too.
func files(t *testing.T, dir string) (n int) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

// The disk under everything is full, PostgreSQL's log too: pages say that they
// cannot, and when there is room again all goes on without anybody's hand and
// nothing that was acknowledged is missing.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := newStandOn(t, smallDisk(t, "700m"))
	p := s.citizen("Соколова")
	first, err := drive.Ready(t.Context(), p, s.portal())
	must(t, err)
	second, err := drive.Ready(t.Context(), p, s.portal())
	must(t, err)
	step := attachmentStep(t, s, p)
	acknowledged, err := drive.Send(t.Context(), first)
	must(t, err)

	ballast := fill(t, s.state)
	refused := false
	pg := attach(t, p, step, "первый.pdf", paper(strings.Repeat("a page of a scan ", 2000)))
	if pg.Status < http.StatusInternalServerError || !pg.Has("h1") {
		t.Errorf("with a full disk an upload is answered with %d: %.400s", pg.Status, pg.Text())
	}
	for range 300 {
		id, err := drive.Send(t.Context(), second)
		if err != nil {
			refused = true
			if !strings.Contains(err.Error(), "status 503") {
				t.Errorf("with a full disk the answer is no word about it: %v", err)
			}
			break
		}
		// What fits into the room that files have already is taken, and counts.
		if again, err := drive.Send(t.Context(), second); err == nil && again != id {
			t.Errorf("one draft became %s and %s", id, again)
		}
		if second, err = drive.Ready(t.Context(), p, s.portal()); err != nil {
			refused = true
			break
		}
	}
	if !refused {
		t.Error("the disk was never full")
	}
	must(t, os.Remove(ballast))
	var id string
	eventually(t, "the portal works again", func(ctx context.Context) (err error) {
		if second == nil {
			if second, err = drive.Ready(ctx, p, s.portal()); err != nil {
				return err
			}
		}
		id, err = drive.Send(ctx, second)
		return err
	})
	ids := applications(t, s, p)
	for _, want := range []string{acknowledged, id} {
		found := false
		for _, got := range ids {
			found = found || got == want
		}
		if !found {
			t.Errorf("the acknowledged application %s is lost", want)
		}
	}
	wantSaved(t, s, p, step, paper("a page"))
}

// smallDisk is a file system in memory of its own; only root may mount one.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := drive.StateDir()
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	mount := func(name string, args ...string) ([]byte, error) {
		if os.Getuid() != 0 {
			name, args = "sudo", append([]string{"-n", name}, args...)
		}
		return exec.Command(name, args...).CombinedOutput()
	}
	if out, err := mount("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%s,mode=0755,uid=%d", size, os.Getuid()), "okno", dir); err != nil {
		t.Skipf("a file system of its own cannot be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := mount("umount", "-l", dir); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}

// fill takes all room that a folder's disk has and returns the file that holds it.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	block := make([]byte, 1<<20)
	for size := len(block); size > 0; {
		n, err := f.Write(block[:size])
		if err == nil && n == size {
			continue
		}
		size /= 2
	}
	return path
}
