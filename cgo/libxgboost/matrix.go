package libxgboost

// #include "bind.h"
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// Matrix is data to learn from: the library's own copy.
type Matrix struct{ h unsafe.Pointer }

// made runs the call that makes a matrix, once the library is there.
func made(call func(s *texts, pin *runtime.Pinner, out *unsafe.Pointer, e **C.char) C.int) (*Matrix, error) {
	if _, err := Find(); err != nil {
		return nil, err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	var s texts
	defer s.free()
	var m Matrix
	var e *C.char
	if err := check(call(&s, &pin, &m.h, &e), e); err != nil {
		return nil, err
	}
	return &m, nil
}

// config says how data are read; threads 0 stands for all.
func config(threads int) string { return fmt.Sprintf(`{"missing":NaN,"nthread":%d}`, threads) }

// Columns copies columns of equal length, at least one. NaN is missing; infinite
// values are refused.
func Columns(cols [][]float32, threads int) (*Matrix, error) {
	return made(func(s *texts, pin *runtime.Pinner, out *unsafe.Pointer, e **C.char) C.int {
		if C.gxb_has_columns() == 0 {
			rows := transposed(cols)
			shape := fmt.Sprintf("[%d,%d]", len(cols[0]), len(cols))
			return C.gxb_matrix_dense(s.of(array(rows, "<f4", shape, pin)), s.of(config(threads)), out, e)
		}
		parts := make([]string, len(cols))
		for j, c := range cols {
			parts[j] = vector(c, "<f4", pin)
		}
		return C.gxb_matrix_columns(s.of("["+strings.Join(parts, ",")+"]"), s.of(config(threads)), out, e)
	})
}

// transposed copies columns into rows.
func transposed(cols [][]float32) []float32 {
	p := len(cols)
	rows := make([]float32, len(cols[0])*p)
	for j, c := range cols {
		for i, v := range c {
			rows[i*p+j] = v
		}
	}
	return rows
}

// CSR copies compressed sparse rows: row i has the entries indptr[i] to
// indptr[i+1] of indices and values. What has no entry is missing.
func CSR(indptr []uint64, indices []uint32, values []float32, columns, threads int) (*Matrix, error) {
	return made(func(s *texts, pin *runtime.Pinner, out *unsafe.Pointer, e **C.char) C.int {
		return C.gxb_matrix_csr(s.of(vector(indptr, "<u8", pin)), s.of(vector(indices, "<u4", pin)), s.of(vector(values, "<f4", pin)),
			C.uint64_t(columns), s.of(config(threads)), out, e)
	})
}

// Set gives each row a value of a field: label, weight, base_margin.
func (m *Matrix) Set(field string, x []float32) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	var s texts
	defer s.free()
	var e *C.char
	return check(C.gxb_matrix_info(m.h, s.of(field), s.of(vector(x, "<f4", &pin)), &e), e)
}

// Name names the columns.
func (m *Matrix) Name(names []string) error {
	var s texts
	defer s.free()
	list := make([]*C.char, len(names)+1)
	for i, n := range names {
		list[i] = s.of(n)
	}
	var e *C.char
	return check(C.gxb_matrix_names(m.h, &list[0], C.uint64_t(len(names)), &e), e)
}

// Save writes the matrix to a file in the library's own format.
func (m *Matrix) Save(path string) error {
	var s texts
	defer s.free()
	var e *C.char
	return check(C.gxb_matrix_save(m.h, s.of(path), &e), e)
}

// Close frees the matrix. A nil Matrix is fine.
func (m *Matrix) Close() {
	if m == nil || m.h == nil {
		return
	}
	var e *C.char
	_ = check(C.gxb_matrix_free(m.h, &e), e)
	m.h = nil
}
