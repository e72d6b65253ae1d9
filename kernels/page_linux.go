package kernels

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const mapsMemory = true

// mapMemory returns that many zeros. What spans several large pages asks for them, and
// starts with one: rows that are visited in the order of a node would miss the table
// of small ones at nearly every step.
func mapMemory(size uintptr) unsafe.Pointer {
	size = wholePages(size)
	room := size
	if size >= 2*hugePage {
		room += hugePage
	}
	p, err := unix.MmapPtr(-1, 0, nil, room, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(fmt.Sprintf("no memory for %d bytes: %v", size, err))
	}
	if room == size {
		return p
	}
	before := -uintptr(p) % hugePage
	if before > 0 {
		unmapMemory(p, before)
	}
	p = unsafe.Add(p, before)
	if after := room - size - before; after > 0 {
		unmapMemory(unsafe.Add(p, size), after)
	}
	unix.Madvise(unsafe.Slice((*byte)(p), size/hugePage*hugePage), unix.MADV_HUGEPAGE) //nolint:errcheck // a wish
	return p
}

// unmapMemory gives memory back.
func unmapMemory(p unsafe.Pointer, size uintptr) {
	if err := unix.MunmapPtr(p, wholePages(size)); err != nil {
		panic(fmt.Sprintf("memory that was not taken is given back: %v", err))
	}
}

// wholePages rounds up to pages.
func wholePages(size uintptr) uintptr {
	page := uintptr(unix.Getpagesize())
	return (size + page - 1) / page * page
}
