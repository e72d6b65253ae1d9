package rapids

import (
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

func momentPrims() []Prim {
	return []Prim{
		{Name: "sd", Args: "fr na_rm", Help: "sample standard deviation of each column", run: func(c *call) (Value, error) {
			naRM := c.flag(1)
			return perColumn(func(col *frame.Column) float64 {
				if s := col.Stats(); col.Kind().Numeric() && s.Missing < int64(col.Len()) && (naRM || s.Missing == 0) {
					return s.Sigma
				}
				return math.NaN()
			})(c)
		}},
		{Name: "median", Args: "fr na_rm", Help: "median of each column", run: func(c *call) (Value, error) {
			naRM := c.flag(1)
			return perColumn(func(col *frame.Column) float64 {
				if !col.Kind().Numeric() || !naRM && col.Stats().Missing > 0 {
					return math.NaN()
				}
				return rank(sorted(col), 0.5, interpolate)
			})(c)
		}},
		{Name: "var", Args: "x y use symmetric", Help: "sample covariances of the columns of y (columns) with those of x (rows); use is everything, all.obs or complete.obs", run: covariance},
	}
}

// maxCovariances bounds the result of var.
const maxCovariances = 1 << 22

// covariance gives one number for two single columns and a frame with the names of y
// otherwise. y null means x.
func covariance(c *call) (Value, error) {
	x := c.frame(0)
	y := x
	if l, ok := c.args[1].(Nums); !ok || len(l) > 0 {
		y = c.frame(1)
	}
	use := c.str(2)
	if c.err != nil {
		return nil, c.err
	}
	if x.NumRows() != y.NumRows() {
		return nil, c.fail("Frames must have same rows, found %d rows and %d rows.", x.NumRows(), y.NumRows())
	}
	var ops []operand
	gaps := false
	for _, f := range []*frame.Frame{x, y} {
		for i := range f.NumCols() {
			col := f.Column(i)
			if !col.Kind().Numeric() {
				return nil, c.fail("column %s is not numeric", f.Name(i))
			}
			ops = append(ops, operand{col: col})
			gaps = gaps || col.Stats().Missing > 0
		}
	}
	switch {
	case use == "all.obs" && gaps:
		return nil, c.fail("'var' with use all.obs found missing values")
	case use != "everything" && use != "all.obs" && use != "complete.obs":
		return nil, c.fail("use %q is not one of everything, all.obs, complete.obs", use)
	}
	if cells := x.NumCols() * y.NumCols(); cells > maxCovariances {
		return nil, c.fail("'var' of %d columns with %d is more than %d numbers", x.NumCols(), y.NumCols(), maxCovariances)
	}
	m, err := c.comoments(x.NumRows(), ops, x.NumCols(), use == "complete.obs")
	if err != nil {
		return nil, err
	}
	if x.NumCols() == 1 && y.NumCols() == 1 {
		return Num(m[0][0]), nil
	}
	cols := make([]*frame.Column, y.NumCols())
	for j := range cols {
		v := make([]float64, x.NumCols())
		for i := range v {
			v[i] = m[i][j]
		}
		cols[j] = frame.NewReals(v)
	}
	return framed(y.Names(), cols)
}

// comoments computes the sample covariances of the first p operands with the others
// in two passes: means, then products of what is left. With complete, rows that miss
// a value do not count; otherwise they make the covariances of their columns missing.
func (c *call) comoments(rows int, ops []operand, p int, complete bool) ([][]float64, error) {
	k, chunks := len(ops), par.Chunks(rows, par.Rows)
	used := func(in [][]float64, i int) bool {
		for _, v := range in {
			if v[i] != v[i] {
				return !complete
			}
		}
		return true
	}
	sums, counts := make([]float64, chunks*k), make([]float64, chunks)
	err := blocks(c.ctx, rows, ops, func(chunk, lo, hi int, in [][]float64) {
		for i := range hi - lo {
			if used(in, i) {
				counts[chunk]++
				for j, v := range in {
					sums[chunk*k+j] += v[i]
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	n, means := 0.0, make([]float64, k)
	for chunk, m := range counts {
		n += m
		for j := range means {
			means[j] += sums[chunk*k+j]
		}
	}
	for j := range means {
		means[j] /= n
	}
	cells := p * (k - p)
	parts := make([]float64, chunks*cells)
	err = blocks(c.ctx, rows, ops, func(chunk, lo, hi int, in [][]float64) {
		acc := parts[chunk*cells : (chunk+1)*cells]
		for i := range hi - lo {
			if !used(in, i) {
				continue
			}
			for a := range p {
				d := in[a][i] - means[a]
				for b := p; b < k; b++ {
					acc[a*(k-p)+b-p] += d * (in[b][i] - means[b])
				}
			}
		}
	})
	out := make([][]float64, p)
	for a := range out {
		out[a] = make([]float64, k-p)
		for b := range out[a] {
			for chunk := range chunks {
				out[a][b] += parts[chunk*cells+a*(k-p)+b]
			}
			out[a][b] /= n - 1
			if n < 2 {
				out[a][b] = math.NaN()
			}
		}
	}
	return out, err
}
