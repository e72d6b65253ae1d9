package frame

import (
	"runtime"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Write stores a frame as an Arrow IPC file of one record batch and returns its
// twin that is mapped from there. The file appears under its name when it is
// complete; with sync it is then on disk too.
func Write(f *Frame, path string, sync bool) (*Frame, error) {
	layout := make([]Layout, len(f.cols))
	for i, c := range f.cols {
		layout[i] = Layout{Name: f.names[i], Kind: c.kind, DType: c.dtype, Domain: c.domain, Missing: c.valid != nil}
		if c.dtype == Text {
			layout[i].TextBytes = c.offs[c.n] - c.offs[0]
		}
	}
	b, err := NewBuilder(layout, f.rows, path)
	if err != nil {
		return nil, err
	}
	for i, c := range f.cols {
		b.cols[i].copyFrom(c)
	}
	runtime.KeepAlive(f)
	return b.Seal(sync)
}

// copyFrom fills a column that has the layout of src.
func (c *Column) copyFrom(src *Column) {
	copy(c.valid, src.valid)
	switch v := src.values.(type) {
	case []int8:
		copyRows(c.values.([]int8), v)
	case []int16:
		copyRows(c.values.([]int16), v)
	case []int32:
		copyRows(c.values.([]int32), v)
	case []int64:
		copyRows(c.values.([]int64), v)
	case []float32:
		copyRows(c.values.([]float32), v)
	case []float64:
		copyRows(c.values.([]float64), v)
	case []byte:
		if c.dtype == Text {
			base := src.offs[0]
			for i, o := range src.offs {
				c.offs[i] = o - base
			}
			v = v[base:src.offs[src.n]]
		}
		copyRows(c.values.([]byte), v)
	}
}

func copyRows[T any](dst, src []T) {
	par.For(0, len(src), par.Rows, func(_, lo, hi int) { copy(dst[lo:hi], src[lo:hi]) })
}
