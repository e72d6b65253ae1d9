package kernels

import (
	"sync/atomic"
	"unsafe"
)

const (
	// ownMapping is the size in bytes from which Alloc goes to the system: below it Go's
	// heap costs less.
	ownMapping = 64 << 10
	// hugePage is the size of a large page of x86-64 and arm64.
	hugePage = 2 << 20
)

var mapped atomic.Int64

// Alloc returns n zeros of a type without pointers. Long runs lie outside Go's heap:
// Free gives them back at once, and only Free does; they are no reason for the
// collector to let more garbage grow. Whoever calls Alloc owns the memory and must
// know when nobody reads it any more, as reading it after Free ends the process.
func Alloc[T any](n int) []T {
	var zero T
	size := uintptr(n) * unsafe.Sizeof(zero)
	if !mapsMemory || size < ownMapping {
		return make([]T, n)
	}
	mapped.Add(int64(size))
	return unsafe.Slice((*T)(mapMemory(size)), n)
}

// Free gives back a slice that Alloc returned, whole; nil is nothing to give back.
func Free[T any](s []T) {
	var zero T
	size := uintptr(cap(s)) * unsafe.Sizeof(zero)
	if !mapsMemory || size < ownMapping {
		return
	}
	mapped.Add(-int64(size))
	unmapMemory(unsafe.Pointer(unsafe.SliceData(s)), size)
}

// Mapped returns the bytes outside Go's heap that have not been given back.
func Mapped() int64 { return mapped.Load() }
