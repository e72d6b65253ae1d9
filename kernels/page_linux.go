package kernels

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a large page of x86-64 and arm64.
const hugePage = 2 << 20

// large returns n zeros. What spans several large pages asks for them: rows that are
// visited in the order of a node would miss the table of small ones at nearly every step.
func large[T any](n int) []T {
	s := make([]T, n)
	if n == 0 {
		return s
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), uintptr(n)*unsafe.Sizeof(s[0]))
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % hugePage)
	if whole := (len(b) - skip) / hugePage * hugePage; whole >= 2*hugePage {
		syscall.Madvise(b[skip:skip+whole], syscall.MADV_HUGEPAGE) //nolint:errcheck // a wish
	}
	return s
}
