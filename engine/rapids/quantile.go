package rapids

import (
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/kernels/par"
)

func quantilePrims() []Prim {
	return []Prim{{
		Name: "quantile", Args: "fr probs method weights?", word: 4, run: quantile,
		Help: "quantiles of each numeric column; method interpolate, average, low or high combines two neighbours, weights names a column or is _",
	}}
}

// method combines the values around a rank, which lies frac of the way behind lo.
// Where the rank is whole, hi still is the next value. H2O: Quantile.computeQuantile
type method func(lo, hi, frac float64) float64

var methods = map[string]method{
	"interpolate": interpolate,
	"average":     func(lo, hi, _ float64) float64 { return (lo + hi) / 2 },
	"low":         func(lo, _, _ float64) float64 { return lo },
	"high":        func(_, hi, _ float64) float64 { return hi },
}

func interpolate(lo, hi, frac float64) float64 {
	if frac == 0 || lo == hi {
		return lo // Why: infinities have no difference
	}
	return lo + frac*(hi-lo)
}

// sorted returns the values of a column that are not missing in ascending order.
func sorted(col *frame.Column) []float64 {
	v := col.Floats(0, col.Len(), nil)
	v = slices.DeleteFunc(v, func(x float64) bool { return x != x })
	slices.Sort(v)
	return v
}

// rank returns the p-quantile of sorted values: rank (n-1)p from 0, type 7 with
// interpolation. Ref: Hyndman and Fan 1996, definition 7.
func rank(v []float64, p float64, m method) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	h := float64(len(v)-1) * p
	lo := int(h)
	return m(v[lo], v[min(lo+1, len(v)-1)], h-float64(lo))
}

// weighted holds ascending values and the weight up to and with each.
type weighted struct{ v, upto []float64 }

// rank is rank of values that are repeated as often as their weight says.
func (w weighted) rank(p float64, m method) float64 {
	if len(w.v) == 0 {
		return math.NaN()
	}
	at := func(k float64) float64 {
		i, _ := slices.BinarySearchFunc(w.upto, k, func(u, k float64) int {
			if u <= k {
				return -1
			}
			return 1
		})
		return w.v[min(i, len(w.v)-1)]
	}
	h := max(0, w.upto[len(w.upto)-1]-1) * p
	lo := math.Floor(h)
	return m(at(lo), at(lo+1), h-lo)
}

func weigh(col, weights *frame.Column) weighted {
	v, w := col.Floats(0, col.Len(), nil), weights.Floats(0, col.Len(), nil)
	var order []int
	for i := range v {
		if v[i] == v[i] && w[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return a - b
	})
	out, total := weighted{}, 0.0
	for _, i := range order {
		total += w[i]
		out.v, out.upto = append(out.v, v[i]), append(out.upto, total)
	}
	return out
}

func quantile(c *call) (Value, error) {
	f, probs, name := c.frame(0), c.nums(1), c.str(2)
	weights := "_"
	if c.has(3) {
		weights = c.str(3)
	}
	if c.err != nil {
		return nil, c.err
	}
	m, ok := methods[name]
	if !ok {
		return nil, c.fail("quantile method %q is not one of interpolate, average, low, high", name)
	}
	for _, p := range probs {
		if !(p >= 0 && p <= 1) {
			return nil, c.fail("probability %s is not between 0 and 1", number.Text(p))
		}
	}
	skip := -1
	if weights != "_" {
		if skip = f.Index(weights); skip < 0 {
			return nil, noColumn(weights)
		}
		if s := f.Column(skip).Stats(); !f.Column(skip).Kind().Numeric() || s.Min < 0 {
			return nil, c.fail("weights column %s must hold numbers that are not negative", weights)
		}
	}
	names, cols := []string{"Probs"}, []*frame.Column{frame.NewReals(slices.Clone(probs))}
	var at []int
	for i := range f.NumCols() {
		if i != skip {
			at = append(at, i)
			names = append(names, f.Name(i)+"Quantiles")
		}
	}
	values := make([]*frame.Column, len(at))
	par.Do(0, len(at), func(k int) {
		col := f.Column(at[k])
		of := func(float64) float64 { return math.NaN() }
		if kind := col.Kind(); kind != frame.Int && kind != frame.Real {
			// H2O: Quantile gives none for categories, text and times
		} else if skip >= 0 {
			w := weigh(col, f.Column(skip))
			of = func(p float64) float64 { return w.rank(p, m) }
		} else {
			v := sorted(col)
			of = func(p float64) float64 { return rank(v, p, m) }
		}
		out := make([]float64, len(probs))
		for i, p := range probs {
			out[i] = of(p)
		}
		values[k] = frame.NewReals(out)
	})
	return framed(names, append(cols, values...))
}
