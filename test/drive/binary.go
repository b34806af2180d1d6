package drive

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// Root is the folder of the module.
func Root() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("drive: no caller") // debug information is there in every build of ours
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
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
