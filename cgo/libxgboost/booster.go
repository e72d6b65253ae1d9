package libxgboost

// #include "bind.h"
import "C"

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

// Booster is a model that learns.
type Booster struct{ h unsafe.Pointer }

// NewBooster makes an untrained model with parameters as names and values. Data
// that it is trained or measured on again and again are given to it now: it keeps
// its predictions of them. A bad value is often reported by the first Update only.
func NewBooster(params [][2]string, data ...*Matrix) (*Booster, error) {
	if _, err := Find(); err != nil {
		return nil, err
	}
	var b Booster
	var e *C.char
	h := handles(data)
	if err := check(C.gxb_booster(&h[0], C.uint64_t(len(data)), &b.h, &e), e); err != nil {
		return nil, err
	}
	for _, p := range params {
		if err := b.Set(p[0], p[1]); err != nil {
			b.Close()
			return nil, fmt.Errorf("%s=%s: %w", p[0], p[1], err)
		}
	}
	return &b, nil
}

// handles lists the handles of matrices; it is never empty.
func handles(data []*Matrix) []unsafe.Pointer {
	h := make([]unsafe.Pointer, len(data)+1)
	for i, m := range data {
		h[i] = m.h
	}
	return h
}

// Set changes one parameter.
func (b *Booster) Set(name, value string) error {
	var s texts
	defer s.free()
	var e *C.char
	return check(C.gxb_booster_set(b.h, s.of(name), s.of(value), &e), e)
}

// Update trains one round, counted from 0. It cannot be interrupted.
func (b *Booster) Update(round int, m *Matrix) error {
	var e *C.char
	return check(C.gxb_booster_update(b.h, C.int(round), m.h, &e), e)
}

// Eval returns the value of the last eval_metric on each matrix, and its name.
func (b *Booster) Eval(round int, data ...*Matrix) (metric string, values []float64, err error) {
	runtime.LockOSThread() // the text belongs to the thread
	defer runtime.UnlockOSThread()
	var s texts
	defer s.free()
	names := make([]*C.char, len(data)+1)
	for i := range data {
		names[i] = s.of(strconv.Itoa(i))
	}
	h := handles(data)
	var out, e *C.char
	if err := check(C.gxb_booster_eval(b.h, C.int(round), &h[0], &names[0], C.uint64_t(len(data)), &out, &e), e); err != nil {
		return "", nil, err
	}
	return parseEval(C.GoString(out), len(data))
}

// parseEval reads "[3]\t0-logloss:0.25\t1-logloss:0.31": of each matrix the last
// value. A metric's name may hold "-" and ":".
func parseEval(text string, n int) (metric string, values []float64, err error) {
	values = make([]float64, n)
	for _, field := range strings.Split(text, "\t")[1:] {
		at, rest, ok := strings.Cut(field, "-")
		colon := strings.LastIndexByte(rest, ':')
		i, err := strconv.Atoi(at)
		if !ok || colon < 0 || err != nil || i < 0 || i >= n {
			return "", nil, fmt.Errorf("the library's answer %q is not understood", text)
		}
		metric = rest[:colon]
		if values[i], err = strconv.ParseFloat(strings.TrimSpace(rest[colon+1:]), 64); err != nil {
			return "", nil, fmt.Errorf("the library's answer %q is not understood", text)
		}
	}
	if metric == "" {
		return "", nil, fmt.Errorf("the library's answer %q is not understood", text)
	}
	return metric, values, nil
}

// Predict scores a matrix, row after row.
func (b *Booster) Predict(m *Matrix, kind Kind) ([]float32, error) {
	runtime.LockOSThread() // the result belongs to the thread and the booster until the next call
	defer runtime.UnlockOSThread()
	var s texts
	defer s.free()
	text := fmt.Sprintf(`{"type":%d,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false}`, kind)
	var shape *C.uint64_t
	var dims C.uint64_t
	var out *C.float
	var e *C.char
	if err := check(C.gxb_booster_predict(b.h, m.h, s.of(text), &shape, &dims, &out, &e), e); err != nil {
		return nil, err
	}
	n := 1
	for _, d := range unsafe.Slice(shape, int(dims)) {
		n *= int(d)
	}
	return append([]float32(nil), unsafe.Slice((*float32)(unsafe.Pointer(out)), n)...), nil
}

// Save returns the model as UBJSON.
func (b *Booster) Save() ([]byte, error) {
	var s texts
	defer s.free()
	return b.bytes(func(n *C.uint64_t, out **C.char, e **C.char) C.int {
		return C.gxb_booster_save(b.h, s.of(`{"format":"ubj"}`), n, out, e)
	})
}

// Config returns the parameters in use as JSON, as the library has understood
// them.
func (b *Booster) Config() ([]byte, error) {
	return b.bytes(func(n *C.uint64_t, out **C.char, e **C.char) C.int { return C.gxb_booster_config(b.h, n, out, e) })
}

// bytes copies what a call has put into the booster's buffer of this thread.
func (b *Booster) bytes(call func(n *C.uint64_t, out **C.char, e **C.char) C.int) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var n C.uint64_t
	var out, e *C.char
	if err := check(call(&n, &out, &e), e); err != nil {
		return nil, err
	}
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(out)), int(n))...), nil
}

// Load replaces the model by one that Save has given, in this process or another.
// A model that a newer library wrote is refused: an older one may take it without
// an error and predict something else. Parameters of training are set again
// afterwards.
func (b *Booster) Load(model []byte) error {
	lib, err := Find()
	if err != nil {
		return err
	}
	wrote, ok := WrittenBy(model)
	if !ok {
		return fmt.Errorf("not an XGBoost model: it does not say which version wrote it")
	}
	if lib.Version.Before(wrote) {
		return fmt.Errorf("the model was written by XGBoost %v, which is newer than the library here, %v", wrote, lib.Version)
	}
	var e *C.char
	return check(C.gxb_booster_load(b.h, unsafe.Pointer(&model[0]), C.uint64_t(len(model)), &e), e)
}

// Rounds returns the number of rounds trained so far.
func (b *Booster) Rounds() (int, error) {
	var n C.int
	var e *C.char
	err := check(C.gxb_booster_rounds(b.h, &n, &e), e)
	return int(n), err
}

// Close frees the model. A nil Booster is fine.
func (b *Booster) Close() {
	if b == nil || b.h == nil {
		return
	}
	var e *C.char
	_ = check(C.gxb_booster_free(b.h, &e), e)
	b.h = nil
}
