package dbtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/okno-gov/okno/internal/base/db"
)

// clockTick is USER_HZ, in which /proc counts on every Linux.
const clockTick = 10 * time.Millisecond

// CPU is what this process and the server of d have spent so far: benchmarks
// take it before and after, since times on a shared machine say little. The
// server must run on this machine; its finished connections count too.
func CPU(ctx context.Context, d *db.DB) (own, server time.Duration, err error) {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		return 0, 0, err
	}
	own = time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
	err = d.Aside(ctx, func(tx *db.Tx) error {
		backend, err := db.Get[int](ctx, tx, `SELECT pg_backend_pid()`)
		if err != nil {
			return err
		}
		s, err := readStat(backend)
		if err != nil {
			return err
		}
		server, err = ServerCPU(s.parent)
		return err
	})
	return own, server, err
}

// ServerCPU is what a postmaster and its children have spent, the finished ones
// among them.
func ServerCPU(postmaster int) (time.Duration, error) {
	main, err := readStat(postmaster)
	if err != nil {
		return 0, err
	}
	sum := main.own + main.children
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		pid, err := strconv.Atoi(filepath.Base(p))
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.parent == postmaster {
			sum += s.own
		}
	}
	return sum, nil
}

type stat struct {
	parent        int
	own, children time.Duration
}

// readStat reads /proc/<pid>/stat, see proc(5): the name in brackets may hold
// anything, so the fields are counted from its end.
func readStat(pid int) (stat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	f := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(f) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	n := func(i int) int {
		v, _ := strconv.Atoi(f[i])
		return v
	}
	return stat{
		parent: n(1), own: time.Duration(n(11)+n(12)) * clockTick, children: time.Duration(n(13)+n(14)) * clockTick,
	}, nil
}

// ProcessCPU is what a process has spent, without its children.
func ProcessCPU(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	return s.own, err
}
