package rapids

import (
	"context"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// block is the number of rows that are computed at once, so that operands stay in a
// core's cache.
const block = 2048

// operand is a column, one value for all rows, or a text.
type operand struct {
	col  *frame.Column
	num  float64
	text *string
}

// numeric reports whether the operand can be calculated with.
func (o operand) numeric() bool {
	if o.col != nil {
		return o.col.Kind().Numeric()
	}
	return o.text == nil
}

// read gives rows [lo, hi); a column of a single row counts for all rows.
func (o operand) read(lo, hi int, dst []float64) []float64 {
	if o.col != nil && (o.col.Len() != 1 || hi-lo == 1 && lo == 0) {
		return o.col.Floats(lo, hi, dst)
	}
	v := o.num
	if o.col != nil {
		v = o.col.Float(0)
	}
	dst = dst[:hi-lo]
	for i := range dst {
		dst[i] = v
	}
	return dst
}

// blocks calls f for runs of rows of n with the operands' values, several chunks at
// a time. chunk is the number of the chunk a run belongs to; the runs of one chunk
// follow each other.
func blocks(ctx context.Context, n int, ops []operand, f func(chunk, lo, hi int, in [][]float64)) error {
	step := max(64, min(block, 1<<18/max(1, len(ops)))) // Why: a wide frame's rows shall fit the memory of a core too
	return par.ForErr(ctx, 0, n, par.Rows, func(chunk, lo, hi int) error {
		in, own := make([][]float64, len(ops)), make([]float64, len(ops)*step)
		for a := lo; a < hi; a += step {
			if err := ctx.Err(); err != nil {
				return err
			}
			b := min(hi, a+step)
			for i, o := range ops {
				in[i] = o.read(a, b, own[i*step:(i+1)*step])
			}
			f(chunk, a, b, in)
		}
		return nil
	})
}

// reals computes a column of numbers.
func reals(ctx context.Context, n int, ops []operand, f func(dst []float64, in [][]float64)) (*frame.Column, error) {
	out := make([]float64, n)
	err := blocks(ctx, n, ops, func(_, lo, hi int, in [][]float64) { f(out[lo:hi], in) })
	if err != nil {
		return nil, err
	}
	return frame.NewReals(out), nil
}

// flags computes a column of 0, 1 and frame.MissingI8.
func flags(ctx context.Context, n int, ops []operand, f func(dst []int8, in [][]float64)) (*frame.Column, error) {
	out := make([]int8, n)
	err := blocks(ctx, n, ops, func(_, lo, hi int, in [][]float64) { f(out[lo:hi], in) })
	if err != nil {
		return nil, err
	}
	return frame.NewInts(frame.Int, out, nil), nil
}

// flagRows computes a column of 0 and 1 row by row.
func flagRows(ctx context.Context, n int, f func(i int) bool) (*frame.Column, error) {
	out := make([]int8, n)
	err := par.ForErr(ctx, 0, n, par.Rows, func(_, lo, hi int) error {
		for i := lo; i < hi; i++ {
			if f(i) {
				out[i] = 1
			}
		}
		return nil
	})
	return frame.NewInts(frame.Int, out, nil), err
}

// columns computes a frame column by column.
func columns(c *call, f *frame.Frame, name func(string) string, compute func(col *frame.Column) (*frame.Column, error)) (Value, error) {
	names, cols := f.Names(), make([]*frame.Column, f.NumCols())
	var err error
	for i := range cols {
		if name != nil {
			names[i] = name(names[i])
		}
		if cols[i], err = compute(f.Column(i)); err != nil {
			return nil, err
		}
	}
	return framed(names, cols)
}
