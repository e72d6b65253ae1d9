package rapids

import (
	"context"
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

func reductionPrims() []Prim {
	out := []Prim{
		{Name: "mean", Args: "fr na_rm axis?", Help: "means of columns as one row, or with axis 1 of rows as a column", run: mean},
		{Name: "sumaxis", Args: "fr na_rm? axis?", Help: "sums of columns as one row, or with axis 1 of rows as a column", run: sumAxis},
		{Name: "naCnt", Args: "fr", Help: "missing values of each column", run: perColumn(func(col *frame.Column) float64 {
			return float64(col.Stats().Missing)
		})},
	}
	for _, p := range []struct {
		name, help string
		fold       fold
		keepNA     bool
	}{
		{"sum", "sum of all cells, missing when one is", addition, true}, {"sumNA", "sum of all cells that are not missing", addition, false},
		{"prod", "product of all cells, missing when one is", product, true}, {"prod.na", "product of all cells that are not missing", product, false},
		{"min", "least cell, missing when one is", least, true}, {"minNA", "least cell that is not missing", least, false},
		{"max", "largest cell, missing when one is", largest, true}, {"maxNA", "largest cell that is not missing", largest, false},
	} {
		// H2O: the client sends two more arguments, na_rm and axis, from functions given to apply
		out = append(out, Prim{Name: p.name, Args: "fr na_rm? axis?", Help: p.help, run: func(c *call) (Value, error) {
			return reduce(c, p.fold, p.keepNA)
		}})
	}
	return out
}

// fold combines numbers, starting with zero.
type fold struct {
	zero float64
	f    func(acc float64, v []float64) float64 // skips NaN
}

func folding(zero float64, op func(a, b float64) float64) fold {
	return fold{zero, func(acc float64, v []float64) float64 {
		for _, x := range v {
			if x == x {
				acc = op(acc, x)
			}
		}
		return acc
	}}
}

var (
	addition = folding(0, func(a, b float64) float64 { return a + b })
	product  = folding(1, func(a, b float64) float64 { return a * b })
	least    = folding(math.Inf(1), func(a, b float64) float64 { return min(a, b) })
	largest  = folding(math.Inf(-1), func(a, b float64) float64 { return max(a, b) })
)

// column folds a column chunk by chunk and the chunks in their order.
func (f fold) column(ctx context.Context, col *frame.Column) (float64, error) {
	parts := make([]float64, par.Chunks(col.Len(), par.Rows))
	for i := range parts {
		parts[i] = f.zero
	}
	err := blocks(ctx, col.Len(), []operand{{col: col}}, func(chunk, _, _ int, in [][]float64) {
		parts[chunk] = f.f(parts[chunk], in[0])
	})
	return f.f(f.zero, parts), err
}

// reduce folds all cells to one number. A column that is not numeric, and with
// keepNA a missing cell, makes it missing.
func reduce(c *call, f fold, keepNA bool) (Value, error) {
	switch v := c.args[0].(type) {
	case Num:
		return v, nil
	case Row:
		for _, x := range v.Values {
			if x != x && keepNA {
				return Num(math.NaN()), nil
			}
		}
		return Num(f.f(f.zero, v.Values)), nil
	}
	fr := c.frame(0)
	acc := f.zero
	for i := range fr.NumCols() {
		col := fr.Column(i)
		if !col.Kind().Numeric() || keepNA && col.Stats().Missing > 0 {
			return Num(math.NaN()), nil
		}
		v, err := f.column(c.ctx, col)
		if err != nil {
			return nil, err
		}
		acc = f.f(acc, []float64{v})
	}
	return Num(acc), nil
}

// perColumn makes a primitive that gives a number for each column.
func perColumn(f func(col *frame.Column) float64) func(*call) (Value, error) {
	return func(c *call) (Value, error) {
		fr := c.frame(0)
		out := make(Nums, fr.NumCols())
		for i := range out {
			out[i] = f(fr.Column(i))
		}
		return out, nil
	}
}

// axis reads the optional arguments na_rm and axis from argument i on.
func (c *call) axis(i int) (naRM bool, axis int64) {
	if c.has(i) {
		naRM = c.flag(i)
	}
	if c.has(i + 1) {
		axis = c.whole(i+1, 0, 1)
	}
	return naRM, axis
}

// averaged reports whether a column has a mean: numbers, times and categories of at
// most two levels.
func averaged(col *frame.Column) bool {
	return col.Kind().Numeric() || col.Kind() == frame.Enum && len(col.Domain()) <= 2
}

func mean(c *call) (Value, error) {
	naRM, axis := c.axis(1)
	if r, ok := c.args[0].(Row); ok {
		sum, n := 0.0, 0
		for _, x := range r.Values {
			if x == x {
				sum, n = sum+x, n+1
			} else if !naRM {
				return Num(x), nil
			}
		}
		return Num(sum / float64(n)), nil
	}
	f := c.frame(0)
	if c.err != nil {
		return nil, c.err
	}
	if axis == 1 {
		return rowwise(c, f, "mean", naRM, true)
	}
	return oneRow(f, func(col *frame.Column) (*frame.Column, error) {
		s := col.Stats()
		switch {
		case !averaged(col) || s.Missing == int64(col.Len()) || !naRM && s.Missing > 0:
			return frame.NewBad(1), nil
		case col.Kind() == frame.Time:
			return asTime(frame.NewReals([]float64{math.Round(s.Mean)})), nil
		case col.Kind() == frame.Enum:
			sum, n := 0.0, 0.0
			for code, k := range s.Counts {
				sum, n = sum+float64(code)*float64(k), n+float64(k)
			}
			return frame.NewReals([]float64{sum / n}), nil
		}
		return frame.NewReals([]float64{s.Mean}), nil
	})
}

func sumAxis(c *call) (Value, error) {
	naRM, axis := c.axis(1)
	f := c.frame(0)
	if c.err != nil {
		return nil, c.err
	}
	if axis == 1 {
		return rowwise(c, f, "sum", naRM, false)
	}
	return oneRow(f, func(col *frame.Column) (*frame.Column, error) {
		// H2O: AstSumAxis has no sums of times
		if !averaged(col) || col.Kind() == frame.Time || !naRM && col.Stats().Missing > 0 {
			return frame.NewBad(1), nil
		}
		v, err := addition.column(c.ctx, col)
		return frame.NewReals([]float64{v}), err
	})
}

// oneRow computes one value of each column, a frame of one row.
func oneRow(f *frame.Frame, value func(*frame.Column) (*frame.Column, error)) (Value, error) {
	cols := make([]*frame.Column, f.NumCols())
	for i := range cols {
		var err error
		if cols[i], err = value(f.Column(i)); err != nil {
			return nil, err
		}
	}
	return framed(f.Names(), cols)
}

// rowwise sums or averages the numeric columns of each row; times only where all
// columns are times. H2O: AstMean.rowwiseMean
func rowwise(c *call, f *frame.Frame, name string, naRM, average bool) (Value, error) {
	var numbers, times []operand
	for i := range f.NumCols() {
		switch col := f.Column(i); col.Kind() {
		case frame.Int, frame.Real, frame.Bad:
			numbers = append(numbers, operand{col: col})
		case frame.Time:
			times = append(times, operand{col: col})
		}
	}
	ops := numbers
	if len(ops) == 0 && average {
		ops = times
	}
	if len(ops) == 0 || !naRM && len(ops) < f.NumCols() {
		return single(name, frame.NewBad(f.NumRows()))
	}
	col, err := reals(c.ctx, f.NumRows(), ops, func(dst []float64, in [][]float64) {
		for i := range dst {
			sum, n := 0.0, 0
			for _, v := range in {
				if x := v[i]; x == x {
					sum, n = sum+x, n+1
				}
			}
			switch {
			case n < len(in) && !naRM || n == 0:
				dst[i] = math.NaN()
			case average:
				dst[i] = sum / float64(n)
			default:
				dst[i] = sum
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		col = asTime(col)
	}
	return single(name, col)
}
