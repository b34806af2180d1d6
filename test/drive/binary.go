package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// ErrNoHistory says that this is no clone, or one without the commits before.
var ErrNoHistory = errors.New("no history of the sources")

// ReleaseBefore is a binary of the commit before the last one that changed the
// schema of a database, built into .cache.
func ReleaseBefore(ctx context.Context) (string, error) {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = Root()
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("%w: git %s: %w", ErrNoHistory, args[0], err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	last, err := git("log", "-1", "--format=%H", "--", ":(glob)internal/**/migration/*.sql")
	if err != nil {
		return "", err
	}
	before, err := git("rev-parse", last+"^")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(Root(), ".cache", "before")
	bin := filepath.Join(dir, "okno-"+before)
	if fileExists(bin) {
		return bin, nil
	}
	src, err := os.MkdirTemp("", "okno-before-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(src)
	tar := filepath.Join(src, "src.tar")
	if _, err := git("archive", "--output", tar, before); err != nil {
		return "", err
	}
	if text, err := exec.CommandContext(ctx, "tar", "-xf", tar, "-C", src).CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the release before: %w\n%s", err, text)
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", bin, "./cmd/okno")
	build.Dir = src
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the release before (%s): %w\n%s", before, err, text)
	}
	return bin, nil
}
