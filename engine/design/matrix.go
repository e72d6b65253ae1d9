package design

import (
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Dense returns the features of a frame's predictors, column after column; missing
// numbers are NaN. cols are in the order that the layout was made for.
func (l *Layout) Dense(cols []*frame.Column, threads int) [][]float32 {
	out := make([][]float32, len(l.Names))
	n := rows(cols)
	for j := range out {
		out[j] = make([]float32, n)
	}
	par.For(threads, n, par.Rows, func(_, lo, hi int) {
		var codes []int32
		var values []float64
		for i, c := range cols {
			if l.levels[i] >= 0 {
				codes = c.Codes(lo, hi, codes)
				for r, code := range codes[:hi-lo] {
					out[l.At(i, code)][lo+r] = 1
				}
				continue
			}
			values = c.Floats(lo, hi, values)
			dst := out[l.first[i]][lo:hi]
			for r, v := range values[:hi-lo] {
				dst[r] = Single(v)
			}
		}
	})
	return out
}

// CSR is a matrix of compressed sparse rows: the entries of row i are those from
// Indptr[i] to Indptr[i+1].
type CSR struct {
	Indptr  []uint64
	Indices []uint32
	Values  []float32
	Columns int
}

// Sparse returns the features of a frame's predictors row by row. The features of
// a category hold one entry, a 1; numbers hold theirs, zero or not, unless it is
// missing. So to a learner that takes absent entries for missing, a level that a
// row does not have is missing, and a zero is a zero.
func (l *Layout) Sparse(cols []*frame.Column, threads int) CSR {
	n := rows(cols)
	m := CSR{Indptr: make([]uint64, n+1), Columns: len(l.Names)}
	order := make([]int, 0, len(cols)) // predictors by place in a row
	for j, f := range l.Features {
		if lo, _ := l.Range(f.Column); lo == j {
			order = append(order, f.Column)
		}
	}
	par.For(threads, n, par.Rows, func(_, lo, hi int) {
		var values []float64
		for r := lo; r < hi; r++ {
			m.Indptr[r+1] = uint64(len(cols))
		}
		for i, c := range cols {
			if l.levels[i] >= 0 {
				continue
			}
			values = c.Floats(lo, hi, values)
			for r, v := range values[:hi-lo] {
				if math.IsNaN(v) {
					m.Indptr[lo+r+1]--
				}
			}
		}
	})
	for r := range n {
		m.Indptr[r+1] += m.Indptr[r]
	}
	m.Indices, m.Values = make([]uint32, m.Indptr[n]), make([]float32, m.Indptr[n])
	par.For(threads, n, par.Rows, func(_, lo, hi int) {
		var codes []int32
		var values []float64
		next := append([]uint64(nil), m.Indptr[lo:hi]...)
		for _, i := range order {
			if l.levels[i] >= 0 {
				codes = cols[i].Codes(lo, hi, codes)
				for r, code := range codes[:hi-lo] {
					at := next[r]
					m.Indices[at], m.Values[at] = uint32(l.At(i, code)), 1
					next[r]++
				}
				continue
			}
			values = cols[i].Floats(lo, hi, values)
			for r, v := range values[:hi-lo] {
				if !math.IsNaN(v) {
					at := next[r]
					m.Indices[at], m.Values[at] = uint32(l.first[i]), Single(v)
					next[r]++
				}
			}
		}
	})
	return m
}

// rows returns the length of columns, of which there is at least one.
func rows(cols []*frame.Column) int { return cols[0].Len() }
