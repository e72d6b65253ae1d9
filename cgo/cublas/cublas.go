//go:build cuda

// Package cublas multiplies matrices on a CUDA device by cuBLAS, which it loads when it
// is asked to: neither the library nor its headers are needed to build or to start.
//
// CUBLAS_LIBRARY names the file to load; "none" means to do without. Otherwise it is
// libcublas of CUDA 13, 12 or 11, from where the system looks for libraries.
package cublas

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "bind.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"
)

// Handle is cuBLAS on one device. It is for the thread on which the device's context is
// current, and so are all calls.
type Handle struct {
	lib C.gcb_library
	ptr unsafe.Pointer
}

// Open starts cuBLAS in the current context. The error says of each library why it
// cannot be used.
func Open() (*Handle, error) {
	names := []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"}
	switch name := os.Getenv("CUBLAS_LIBRARY"); name {
	case "":
	case "none":
		return nil, errors.New("cublas: switched off by CUBLAS_LIBRARY=none")
	default:
		names = []string{name}
	}
	var why error
	for _, name := range names {
		h, err := open(name)
		if err == nil {
			return h, nil
		}
		why = errors.Join(why, err)
	}
	return nil, why
}

func open(name string) (*Handle, error) {
	path := C.CString(name)
	defer C.free(unsafe.Pointer(path))
	h := new(Handle)
	if why := C.gcb_open(path, &h.lib); why != nil {
		defer C.free(unsafe.Pointer(why))
		return nil, fmt.Errorf("cublas: %s", C.GoString(why))
	}
	if err := check("cublasCreate", C.gcb_create(&h.lib, &h.ptr)); err != nil {
		C.gcb_close(&h.lib)
		return nil, fmt.Errorf("%w, by %s", err, name)
	}
	return h, nil
}

// Close ends the handle, which is not used afterwards. The library stays loaded while
// other handles need it.
func (h *Handle) Close() error {
	err := check("cublasDestroy", C.gcb_destroy(&h.lib, h.ptr))
	C.gcb_close(&h.lib)
	return err
}

// Use puts all work on the default stream and gives it that memory of the device to
// work in, at a multiple of 256. The same calls then give the same bits.
func (h *Handle) Use(workspace uintptr, bytes int64) error {
	return check("cublasSetWorkspace", C.gcb_use(&h.lib, h.ptr, C.uintptr_t(workspace), C.size_t(bytes)))
}

// Version returns the version of the library, "12.8.4", or "" where it does not tell.
func (h *Handle) Version() string {
	var parts []string
	for which := range C.int(3) { // major, minor, patch
		var value C.int
		if C.gcb_property(&h.lib, which, &value) != 0 {
			return ""
		}
		parts = append(parts, strconv.Itoa(int(value)))
	}
	return strings.Join(parts, ".")
}

// Sgemm starts C = op(A)·op(B), of m x k by k x n values on the device, where op turns a
// matrix or leaves it. Matrices lie column after column, lda, ldb and ldc apart.
func (h *Handle) Sgemm(turnA, turnB bool, m, n, k int32, a uintptr, lda int32, b uintptr, ldb int32, c uintptr, ldc int32) error {
	return check("cublasSgemm", C.gcb_sgemm(&h.lib, h.ptr, truth(turnA), truth(turnB), C.int(m), C.int(n), C.int(k),
		C.uintptr_t(a), C.int(lda), C.uintptr_t(b), C.int(ldb), C.uintptr_t(c), C.int(ldc)))
}

// Dgemm is Sgemm of doubles.
func (h *Handle) Dgemm(turnA, turnB bool, m, n, k int32, a uintptr, lda int32, b uintptr, ldb int32, c uintptr, ldc int32) error {
	return check("cublasDgemm", C.gcb_dgemm(&h.lib, h.ptr, truth(turnA), truth(turnB), C.int(m), C.int(n), C.int(k),
		C.uintptr_t(a), C.int(lda), C.uintptr_t(b), C.int(ldb), C.uintptr_t(c), C.int(ldc)))
}

// Dsyrk starts the lower triangle, diagonal included, of C = A·Aᵀ of doubles, where A is
// n x k; turned, it is C = Aᵀ·A, where A is k x n. The other triangle stays what it is.
func (h *Handle) Dsyrk(turn bool, n, k int32, a uintptr, lda int32, c uintptr, ldc int32) error {
	return check("cublasDsyrk", C.gcb_dsyrk(&h.lib, h.ptr, truth(turn), C.int(n), C.int(k), C.uintptr_t(a), C.int(lda), C.uintptr_t(c), C.int(ldc)))
}

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// meanings are the statuses in words.
var meanings = map[C.int]string{
	1: "not initialised", 3: "out of memory", 7: "wrong argument", 8: "the device is too old", 11: "no access to memory",
	13: "a kernel failed", 14: "internal error", 15: "not supported", 16: "no licence",
}

func check(call string, status C.int) error {
	switch text := meanings[status]; {
	case status == 0:
		return nil
	case text == "":
		return fmt.Errorf("%s: status %d", call, status)
	default:
		return fmt.Errorf("%s: status %d: %s", call, status, text)
	}
}
