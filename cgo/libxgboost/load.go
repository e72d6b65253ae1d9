package libxgboost

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "bind.h"
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"unsafe"
)

// load loads one library. What an earlier call has loaded is no longer used.
func load(path string) (Build, error) {
	var s texts
	defer s.free()
	var e *C.char
	if err := check(C.gxb_open(s.of(path), &e), e); err != nil {
		return Build{}, err
	}
	var major, minor, patch C.int
	C.gxb_version(&major, &minor, &patch)
	b := Build{Version: Version{int(major), int(minor), int(patch)}, Path: path, Columns: C.gxb_has_columns() != 0}
	runtime.LockOSThread() // the text belongs to the thread
	defer runtime.UnlockOSThread()
	var out *C.char
	if C.gxb_build(&out, &e) != 0 {
		C.free(unsafe.Pointer(e)) // an old library does not tell
		return b, nil
	}
	var flags struct {
		CUDA bool `json:"USE_CUDA"`
	}
	b.CUDA = json.Unmarshal([]byte(C.GoString(out)), &flags) == nil && flags.CUDA
	return b, nil
}

// stamp is the time and the place in the library's source that begin its messages.
var stamp = regexp.MustCompile(`^\[\d\d:\d\d:\d\d\] \S+:\d+: `)

// check turns the result of a call into an error: the library's message without
// time, source line and stack trace.
func check(rc C.int, e *C.char) error {
	if rc == 0 {
		return nil
	}
	defer C.free(unsafe.Pointer(e))
	text, _, _ := strings.Cut(C.GoString(e), "\nStack trace")
	return errors.New(strings.TrimSpace(stamp.ReplaceAllString(strings.TrimSpace(text), "")))
}

// texts owns the C strings of one call.
type texts []unsafe.Pointer

func (t *texts) of(s string) *C.char {
	p := C.CString(s)
	*t = append(*t, unsafe.Pointer(p))
	return p
}

func (t *texts) free() {
	for _, p := range *t {
		C.free(p)
	}
}

// array describes a slice as JSON (NumPy's array interface, version 3).
// Why the pinner: the collector does not see an address in a text.
func array[T any](x []T, typ, shape string, pin *runtime.Pinner) string {
	var at uintptr
	if len(x) > 0 {
		pin.Pin(&x[0])
		at = uintptr(unsafe.Pointer(&x[0]))
	}
	return fmt.Sprintf(`{"data":[%d,true],"shape":%s,"typestr":%q,"version":3}`, at, shape, typ)
}

// vector is array for one dimension.
func vector[T any](x []T, typ string, pin *runtime.Pinner) string {
	return array(x, typ, fmt.Sprintf("[%d]", len(x)), pin)
}
