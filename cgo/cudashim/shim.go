//go:build cuda

// Package cudashim lets a program that uses the CUDA driver API by gorgonia.org/cu
// link, start and run where there is no driver. It defines the driver's symbols
// itself and leads them, when the program starts, to libcuda.so.1 if the machine
// has one. A program that imports cu must import this package, too; without it
// libcuda becomes a part that the program cannot start without.
//
// CUDASHIM_LIBCUDA names another library; "none" means to do without.
package cudashim

// #cgo LDFLAGS: -L${SRCDIR}/lib -ldl -lpthread
// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Status is 0 where a driver is ready, -1 where there is no library, and otherwise
// what the library's cuInit returned.
func Status() int { return int(C.cudashim_status()) }

// Why says in words why no driver can be used; it is empty where one is ready.
func Why() string { return C.GoString(C.cudashim_why()) }

// Missing is the first symbol that the library lacks, empty where it has all. Calls
// of symbols that it lacks return "no device".
func Missing() string { return C.GoString(C.cudashim_missing()) }

// AllocHost returns host memory that stays where it is, so that the device of the
// current context copies it by itself, and faster than other memory. The collector does
// not know of it; cu.MemFreeHost gives it back.
//
// Why here: cu has no call for it.
func AllocHost(bytes int64) (unsafe.Pointer, error) {
	var p unsafe.Pointer
	if rc := C.cudashim_alloc_host(C.size_t(bytes), &p); rc != 0 {
		return nil, fmt.Errorf("cuMemAllocHost of %d bytes: error %d", bytes, int(rc))
	}
	return p, nil
}
