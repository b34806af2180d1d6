package crypt

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// changer is the environment variable that makes this test binary a process that
// changes a key file, see TestMain.
const changer = "OKNO_TEST_CHANGE_KEYS"

// TestMain is another process of the tests below when it is asked to be: it adds
// keys to the file and tells each that it has added.
func TestMain(m *testing.M) {
	path := os.Getenv(changer)
	if path == "" {
		os.Exit(m.Run())
	}
	for range 1000 {
		id, err := KeyFile{Path: path}.Add()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if _, err := fmt.Println(id); err != nil {
			break // whoever counts has gone
		}
	}
	os.Exit(0)
}

// changeAndKill starts a process that adds keys, and ends it with kill -9 after so many
// of them, wherever it is by then. It returns the keys that it told of.
func changeAndKill(t *testing.T, path string, after int) (added []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), changer+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return nil
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return nil
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if added = append(added, lines.Text()); len(added) == after {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // killed
	if len(added) < after {
		t.Errorf("the process ended after %d keys", len(added))
	}
	return added
}

// Several administrators, or a timer and an administrator, change the file at
// the same time and die in the middle: each key that somebody was told of is
// there, and the file can be read at any moment.
func TestNoKeyIsLostBetweenProcesses(t *testing.T) {
	t.Parallel()
	path, ring := newFile(t)
	sealed := ring.Seal([]byte("x"), "a")
	rounds, processes := 8, 4
	if testing.Short() {
		rounds = 2
	}
	var mu sync.Mutex
	var told []string
	var all sync.WaitGroup
	for p := range processes {
		all.Go(func() {
			for round := range rounds {
				added := changeAndKill(t, path, 1+(p+round)%3)
				mu.Lock()
				told = append(told, added...)
				mu.Unlock()
			}
		})
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	for reading := true; reading; {
		select {
		case <-over:
			reading = false
		default:
		}
		if _, err := (KeyFile{Path: path}).Load(); err != nil {
			t.Fatalf("a reader found: %v", err)
		}
	}
	if _, err := ring.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, id := range told {
		if !slices.Contains(ring.IDs(), id) {
			t.Errorf("the key %s was added and is lost", id)
		}
	}
	if plain, err := ring.Open(sealed, "a"); err != nil || string(plain) != "x" {
		t.Errorf("what was sealed before: %q, %v", plain, err)
	}
	if _, err := (KeyFile{Path: path}).Add(); err != nil {
		t.Errorf("after the kills: %v", err)
	}
	// Half-written files hold keys: none stays.
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != "keys.json" && name != "keys.json.lock" {
			t.Errorf("left behind: %s", name)
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// What an attacker, or a dead process, put where the new file goes is not
// followed and not used.
func TestChangeTrustsNoNameBesideTheFile(t *testing.T) {
	t.Parallel()
	path, _ := newFile(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path + ".new", path + ".new-1"} {
		if err := os.Symlink(other, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (KeyFile{Path: path}).Rotate(); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(other); err != nil || string(raw) != "mine" {
		t.Errorf("another file was written: %q, %v", raw, err)
	}
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path+".lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := (KeyFile{Path: path}).Rotate(); err == nil {
		t.Error("a lock that leads elsewhere was taken")
	}
}

// A link to the file stays one, and its mode stays.
func TestChangeKeepsLinkAndMode(t *testing.T) {
	t.Parallel()
	path, ring := newFile(t)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	id, err := KeyFile{Path: link}.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Reload(); err != nil || ring.ActiveID() != id {
		t.Errorf("behind the link: %v, active %s", err, ring.ActiveID())
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link: %v, %v", info, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if err := (KeyFile{Path: link}).Create(); err == nil {
		t.Error("a ring was made over another")
	}
}

// Each restore keeps what was there, also the second one.
func TestRestoreThrowsNoKeyAway(t *testing.T) {
	t.Parallel()
	path, first := newFile(t)
	backup, second := newFile(t)
	last, third := newFile(t)
	f := KeyFile{Path: path}
	one, err := f.Restore(backup)
	if err != nil {
		t.Fatal(err)
	}
	two, err := f.Restore(last)
	if err != nil || one == two {
		t.Fatalf("the second restore: %s, %v", two, err)
	}
	for file, want := range map[string]*Keyring{path: third, one: first, two: second} {
		got, err := KeyFile{Path: file}.Load()
		if err != nil || got.ActiveID() != want.ActiveID() {
			t.Errorf("%s: %v", file, err)
		}
	}
	if former, err := (KeyFile{Path: filepath.Join(t.TempDir(), "new", "keys.json")}).Restore(backup); err != nil || former != "" {
		t.Errorf("where no file was: %q, %v", former, err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged")
	if err := os.WriteFile(damaged, []byte(`{"active":"a","keys":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Restore(damaged); err == nil || !strings.Contains(err.Error(), "active key") {
		t.Errorf("a backup without its key: %v", err)
	}
	if got, err := f.Load(); err != nil || got.ActiveID() != third.ActiveID() {
		t.Errorf("after a restore that failed: %v", err)
	}
}
