package app

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetStart unmaps the pages of the program's own file that were read so far:
// half of them serve the start alone. Those that are needed come back from the
// page cache by themselves, in about a microsecond each. Only mappings that cannot be
// written and hold no private page are given up, so nothing can be lost.
func forgetStart() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var at, size uint64
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		switch {
		case len(field) >= 6 && strings.Contains(field[0], "-"):
			at, size = 0, 0
			from, to, ok := strings.Cut(field[0], "-")
			lo, err1 := strconv.ParseUint(from, 16, 64)
			hi, err2 := strconv.ParseUint(to, 16, 64)
			if ok && err1 == nil && err2 == nil && field[5] == exe && field[1][0] == 'r' && field[1][1] == '-' && field[1][3] == 'p' {
				at, size = lo, hi-lo
			}
		case len(field) == 3 && field[0] == "Anonymous:" && field[1] == "0" && size > 0:
			// The address is that of a mapping, not of a Go object.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(at), uintptr(size), syscall.MADV_DONTNEED)
		}
	}
}
