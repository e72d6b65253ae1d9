package kernels

import (
	"fmt"
	"sync"

	"github.com/geyser-ml/geyser/kernels/par"
)

// predictRows is the number of rows that go through all trees together: their
// values stay in cache, and a tree is read once for all of them.
const predictRows = 256

// Predict adds the leaf values of trees [from, to) to out for rows [lo, hi) of
// cols: out[class][row-lo]. Trees are added in order, in float64, so that the
// result equals the scores that Grower.Leaves keeps, to the bit. The columns
// that the trees name are turned into float64 by blocks of rows.
func (b *goBackend) Predict(f *Forest, cols []Column, lo, hi, from, to int, out [][]float64) error {
	if from < 0 || to > len(f.Roots) || from > to {
		return fmt.Errorf("trees %d to %d of a forest of %d", from, to, len(f.Roots))
	}
	for k := range out {
		if len(out[k]) < hi-lo {
			return fmt.Errorf("class %d: room for %d rows, want %d", k, len(out[k]), hi-lo)
		}
	}
	n, err := rowsOf(cols)
	if err != nil {
		return err
	}
	if lo < 0 || hi < lo || hi > n && n > 0 {
		return fmt.Errorf("rows %d to %d of columns of %d", lo, hi, n)
	}
	if hi-lo <= predictRows {
		predictBlock(f, cols, lo, hi-lo, 0, from, to, out)
		return nil
	}
	par.For(b.threads, hi-lo, predictRows, func(_, a, z int) {
		predictBlock(f, cols, lo+a, z-a, a, from, to, out)
	})
	return nil
}

// valueBlock holds up to predictRows rows of the columns that trees have asked
// for, as float64.
type valueBlock struct {
	cols   []Column
	lo, n  int
	values [][]float64 // by column; nil as long as no tree has asked
	spare  [][]float64
}

var valueBlocks = sync.Pool{New: func() any { return new(valueBlock) }}

// predictBlock scores n rows from row lo on; their results start at out[class][at].
func predictBlock(f *Forest, cols []Column, lo, n, at, from, to int, out [][]float64) {
	x := valueBlocks.Get().(*valueBlock)
	x.cols, x.lo, x.n = cols, lo, n
	for len(x.values) < len(cols) {
		x.values = append(x.values, nil)
	}
	for t := from; t < to; t++ {
		sum := out[f.Class[t]][at : at+n]
		for r := range sum {
			sum[r] += float64(f.Value[x.leaf(f, f.Roots[t], r)])
		}
	}
	for j, v := range x.values {
		if v != nil {
			x.spare, x.values[j] = append(x.spare, v), nil
		}
	}
	x.cols = nil
	valueBlocks.Put(x)
}

// leaf returns the leaf that row r reaches from node i.
func (x *valueBlock) leaf(f *Forest, i int32, r int) int32 {
	for {
		left := f.Left[i]
		if left < 0 {
			return i
		}
		col := x.values[f.Feature[i]]
		if col == nil {
			col = x.load(int(f.Feature[i]))
		}
		v := col[r]
		goes := v <= f.Threshold[i]
		if set := f.SetAt[i]; set >= 0 {
			if v < float64(f.SetLen[i]) {
				bit := uint(v)
				goes = f.Sets[uint(set)+bit/64]>>(bit%64)&1 != 0
			} else {
				v = nan
			}
		}
		if v != v {
			goes = f.MissingLeft[i] != 0
		}
		i = f.Right[i]
		if goes {
			i = left
		}
	}
}

// load makes the values of one column.
func (x *valueBlock) load(j int) []float64 {
	var v []float64
	if n := len(x.spare); n > 0 {
		v, x.spare = x.spare[n-1], x.spare[:n-1]
	} else {
		v = make([]float64, predictRows)
	}
	x.cols[j].load(x.lo, v[:x.n])
	x.values[j] = v
	return v
}
