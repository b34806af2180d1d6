package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/okno-gov/okno/test/drive"
)

// waiting is how a file is shown that the scanner has not seen.
const waiting = "ждёт проверки на вирусы"

// What the virus scanner finds is told at the file and does not go out; while it
// is silent or dead, files wait in words and never pass; when it is back, they
// are looked at without anybody doing anything.
//
// G-05
func TestScannerFindsAwayAndBack(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	p := s.citizen("Орлов")
	note := func(step string) string {
		t.Helper()
		pg, err := p.Get(t.Context(), step)
		must(t, err)
		must(t, pg.Want(http.StatusOK))
		return strings.Join(pg.Texts(".okno-file"), " | ")
	}
	becomes := func(step, want string) {
		t.Helper()
		eventually(t, "the file is shown as "+want, func(ctx context.Context) error {
			if err := s.Desk().Advance(ctx, "1m"); err != nil { // what waits is tried again now
				return err
			}
			if got := note(step); !strings.Contains(got, want) || strings.Contains(got, waiting) {
				return fmt.Errorf("it is shown as %q", got)
			}
			return nil
		})
	}
	step := attachmentStep(t, s, p)
	attach(t, p, step, "чистый.pdf", paper("nothing bad"))
	becomes(step, "проверен на вирусы")

	// The harmful one is named at its place, and the step does not go on with it.
	bad := attachmentStep(t, s, p)
	attach(t, p, bad, "плохой.pdf", paper(drive.Eicar()))
	becomes(bad, "нашли вирус")
	pg, err := p.Get(t.Context(), bad)
	must(t, err)
	pg, err = pg.Submit(t.Context(), "button[value=next]", "changed", "yes", "former", "Кузнецов", "reason", "marriage", "certificate", "I-ФР 512044")
	must(t, err)
	if pg.Status != http.StatusUnprocessableEntity || !strings.Contains(pg.Text(), "В файле «плохой.pdf» найден вирус") {
		t.Errorf("the form went on with a harmful file: %d %.500s", pg.Status, pg.Text())
	}
	for _, at := range pg.Attrs(".okno-file a", "href") {
		if file, err := p.Get(t.Context(), s.portal()+at); err == nil && bytes.Contains(file.Body, []byte("EICAR")) {
			t.Error("the harmful file is handed out")
		}
	}

	for _, away := range []struct {
		name       string
		now, again syscall.Signal
	}{{"silent", syscall.SIGSTOP, syscall.SIGCONT}, {"dead", syscall.SIGKILL, 0}} {
		t.Run(away.name, func(t *testing.T) {
			step := attachmentStep(t, s, p)
			pid := scannerOf(t, s)
			must(t, syscall.Kill(pid, away.now))
			attach(t, p, step, "позже.pdf", paper("later"))
			// A dead one is started again within a second, perhaps before the page.
			if got := note(step); away.now == syscall.SIGSTOP && !strings.Contains(got, waiting) {
				t.Errorf("while the scanner is %s the file is shown as %q", away.name, got)
			}
			if away.again != 0 {
				must(t, syscall.Kill(pid, away.again))
			}
			becomes(step, "проверен на вирусы")
		})
	}
}

// attachmentStep opens a form with a slot for files up to that step and returns
// its address.
func attachmentStep(t *testing.T, s *stand, p *drive.Person) string {
	t.Helper()
	step, err := drive.AttachmentStep(t.Context(), p, s.portal())
	must(t, err)
	return step
}

// attach uploads one file at an open step and returns the page afterwards.
func attach(t *testing.T, p *drive.Person, step, name string, body []byte) *drive.Page {
	t.Helper()
	pg, err := drive.Attach(t.Context(), p, step, name, body)
	must(t, err)
	return pg
}

// paper is a PDF with a comment.
func paper(comment string) []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n% " + comment + "\ntrailer<</Root 1 0 R>>\n%%EOF\n")
}

// scannerOf is the process of the demo's own clamd.
func scannerOf(t *testing.T, s *stand) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	must(t, err)
	conf := filepath.Join(s.state, "clamd", "clamd.conf")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")); err == nil && bytes.Contains(line, []byte(conf)) && bytes.Contains(line, []byte("clamd\x00")) {
			return pid
		}
	}
	t.Fatal("the demo runs no virus scanner: install Debian's package «clamav-daemon»")
	return 0
}
