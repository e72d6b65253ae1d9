package rapids

import (
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

func applyPrims() []Prim {
	return []Prim{{
		Name: "apply", Args: "fr margin fun", run: applyFunction,
		Help: "applies a function to each row (margin 1) or to each column (margin 2)",
	}}
}

func applyFunction(c *call) (Value, error) {
	f, margin := c.frame(0), c.whole(1, 1, 2)
	fun, ok := c.args[2].(Func)
	if !ok {
		c.wrong("a function", c.args[2])
	}
	if c.err != nil {
		return nil, c.err
	}
	if margin == 1 {
		return applyRows(c, f, fun)
	}
	return applyColumns(c, f, fun)
}

// applyColumns calls fun with each column as a frame and binds the first columns of
// the results, which must be equally long, under the names of f.
func applyColumns(c *call, f *frame.Frame, fun Func) (Value, error) {
	cols := make([]*frame.Column, f.NumCols())
	for i := range cols {
		arg, err := single(f.Name(i), f.Column(i))
		if err != nil {
			return nil, err
		}
		v, err := c.env.apply(fun, []Value{arg})
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case Num:
			cols[i] = frame.NewConst(float64(v), 1)
		case Nums:
			cols[i] = frame.NewReals(append([]float64{}, v...))
		case Row:
			cols[i] = frame.NewReals(append([]float64{}, v.Values...))
		case Frame:
			if v.NumCols() == 0 {
				return nil, c.fail("a function that is applied to columns gave a Frame without columns")
			}
			cols[i] = v.Column(0)
		default:
			return nil, c.fail("a function that is applied to columns gave %s", v.what())
		}
		if cols[i].Len() != cols[0].Len() {
			return nil, c.fail("a function that is applied to columns gave %d rows for %s and %d for %s", cols[0].Len(), f.Name(0), cols[i].Len(), f.Name(i))
		}
	}
	return framed(f.Names(), cols)
}

// applyRows calls fun with each row and binds the numbers it gives to columns C1, C2 ….
func applyRows(c *call, f *frame.Frame, fun Func) (Value, error) {
	inner := *c.env
	inner.pure = true
	names := f.Names()
	ops := make([]operand, f.NumCols())
	for i := range ops {
		if ops[i] = (operand{col: f.Column(i)}); !f.Column(i).Kind().Numeric() {
			ops[i] = operand{num: math.NaN()}
		}
	}
	one := func(vals []float64) ([]float64, error) {
		v, err := inner.apply(fun, []Value{Row{names, vals}})
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case Num:
			return []float64{float64(v)}, nil
		case Nums:
			return v, nil
		case Row:
			return v.Values, nil
		}
		return nil, c.fail("a function that is applied to rows gave %s", v.what())
	}
	row := make([]float64, len(ops))
	for k, o := range ops {
		if row[k] = math.NaN(); f.NumRows() > 0 && o.col != nil {
			row[k] = o.col.Float(0)
		}
	}
	first, err := one(row)
	if err != nil {
		return nil, err
	}
	width := len(first)
	out := make([][]float64, width)
	for k := range out {
		out[k] = make([]float64, f.NumRows())
	}
	err = par.ForErr(c.ctx, 0, f.NumRows(), 1024, func(_, lo, hi int) error {
		in := make([][]float64, len(ops))
		for k, o := range ops {
			in[k] = o.read(lo, hi, make([]float64, hi-lo))
		}
		vals := make([]float64, len(ops))
		for i := lo; i < hi; i++ {
			for k := range in {
				vals[k] = in[k][i-lo]
			}
			got, err := one(vals)
			if err != nil {
				return err
			}
			if len(got) != width {
				return c.fail("a function that is applied to rows gave %d numbers for the first row and %d for row %d", width, len(got), i)
			}
			for k, x := range got {
				out[k][i] = x
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	cols := make([]*frame.Column, width)
	for k := range cols {
		cols[k] = frame.NewReals(out[k])
	}
	return framed(numbered(width), cols)
}
