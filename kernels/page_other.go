//go:build !linux

package kernels

import "unsafe"

// Elsewhere all memory is Go's.
const mapsMemory = false

func mapMemory(uintptr) unsafe.Pointer { panic("kernels: no mappings here") }

func unmapMemory(unsafe.Pointer, uintptr) {}
