package argon2

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is the working memory of one hash at a time. The zero value is ready:
// it takes from the system what a hash needs and keeps it until Free. It is not
// of the heap, so the garbage collector neither counts nor keeps it, and it is
// left out of core dumps.
type Memory struct {
	raw    []byte // as mapped
	blocks []block
}

const (
	blockSize = int(unsafe.Sizeof(block{}))
	hugePage  = 2 << 20
)

// Size in KiB of what is held.
func (m *Memory) Size() int { return len(m.blocks) * blockSize >> 10 }

// take returns n blocks, whose content is that of the hash before.
func (m *Memory) take(n int) []block {
	if n <= len(m.blocks) {
		return m.blocks[:n]
	}
	m.Free()
	size := n * blockSize
	mapped := size
	if size >= hugePage {
		mapped += hugePage // to begin at the start of a huge page
	}
	raw, err := unix.Mmap(-1, 0, mapped, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil { // a limit of mappings or of locked memory: the heap serves too
		m.blocks = make([]block, n)
		return m.blocks
	}
	m.raw = raw
	start := unsafe.Pointer(unsafe.SliceData(raw))
	if size >= hugePage {
		skip := int(-uintptr(start) & (hugePage - 1))
		start = unsafe.Add(start, skip)
		// Fewer faults and fewer misses of the address cache; advice may be refused.
		_ = unix.Madvise(raw[skip:skip+size], unix.MADV_HUGEPAGE)
	}
	_ = unix.Madvise(raw, unix.MADV_DONTDUMP)
	m.blocks = unsafe.Slice((*block)(start), n)
	return m.blocks
}

// Free gives the memory back to the system.
func (m *Memory) Free() {
	if m.raw != nil {
		_ = unix.Munmap(m.raw)
	}
	m.raw, m.blocks = nil, nil
}
