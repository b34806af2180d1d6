package drive

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Root is the folder of the module: the nearest folder above the working one
// with a go.mod, so that it is right for binaries built with -trimpath too.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		panic("drive: no working folder: " + err.Error())
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("drive: not inside the module")
		}
		dir = filepath.Dir(dir)
	}
}

// Binary is the path of okno as built of the sources that are here; building is
// skipped where the build cache says that nothing has changed. OKNO_BINARY
// names another one, such as the release before.
func Binary() (string, error) {
	if b := os.Getenv("OKNO_BINARY"); b != "" {
		return b, nil
	}
	dir := filepath.Join(Root(), ".cache", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// Test packages run at the same time: one builds, the others find it built.
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	out := filepath.Join(dir, "okno")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, "./cmd/okno")
	cmd.Dir = Root()
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build okno: %w\n%s", err, text)
	}
	return out, nil
}
