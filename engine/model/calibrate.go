package model

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Calibration corrects the probabilities p of class 1 of two classes.
//
// PlattScaling is 1 / (1 + exp(−(Intercept + Slope p))), fitted by maximum
// likelihood. IsotonicRegression is the monotone function of least squared error: it
// goes through the points (Scores, Values), straight between them and flat beyond.
//
// Ref: Platt (1999), Probabilistic outputs for support vector machines; Zadrozny &
// Elkan (2002), Transforming classifier scores into accurate multiclass probability
// estimates, KDD.
// H2O: Platt scaling is of the probability, not of its logit. H2O's isotonic fit
// takes rows of equal score one after the other, where this one averages them.
type Calibration struct {
	Method           string // PlattScaling or IsotonicRegression
	Intercept, Slope float64
	Scores, Values   []float64 // ascending, both
}

// methods of calibration.
const (
	platt    = "PlattScaling"
	isotonic = "IsotonicRegression"
)

// Apply returns the calibrated probability of class 1; NaN stays NaN.
func (c *Calibration) Apply(p float64) float64 {
	if c.Method == platt {
		return sigmoid(c.Intercept + c.Slope*p)
	}
	if math.IsNaN(p) {
		return p
	}
	i, found := slices.BinarySearch(c.Scores, p)
	switch {
	case found:
		return c.Values[i]
	case i == 0:
		return c.Values[0]
	case i == len(c.Scores):
		return c.Values[i-1]
	}
	x0, x1, y0, y1 := c.Scores[i-1], c.Scores[i], c.Values[i-1], c.Values[i]
	return y0 + (y1-y0)*(p-x0)/(x1-x0)
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// check reports what is wrong with a calibration from a file.
func (c *Calibration) check() error {
	switch {
	case c.Method != platt && c.Method != isotonic:
		return fmt.Errorf("unknown method of calibration %q", c.Method)
	case c.Method == isotonic && (len(c.Scores) == 0 || len(c.Scores) != len(c.Values) || !slices.IsSorted(c.Scores)):
		return fmt.Errorf("calibration of %d scores and %d values", len(c.Scores), len(c.Values))
	}
	return nil
}

// calibrate fits the calibration of a binomial model on data that it may not have
// been trained on.
func calibrate(ctx context.Context, m Model, method string, d *Data, threads int) (*Calibration, error) {
	info := m.Info()
	raw, err := Raw(ctx, m, d.arrange(info.Names[:info.Predictors]).scoring(), threads)
	if err != nil {
		return nil, err
	}
	var rows evidence
	for i, p := range raw[1] {
		y, w := d.Response.Float(i), 1.0
		if d.Weights != nil {
			w = d.Weights.Float(i)
		}
		if !math.IsNaN(p) && !math.IsNaN(y) && w > 0 {
			rows.p, rows.y, rows.w = append(rows.p, p), append(rows.y, y), append(rows.w, w)
		}
	}
	if len(rows.p) == 0 || slices.Min(rows.y) == slices.Max(rows.y) {
		return nil, errs.Invalidf("calibration_frame", "the calibration frame needs rows of both classes")
	}
	if method == isotonic {
		return rows.isotonic(), nil
	}
	return rows.platt(threads), nil
}

// evidence is what a calibration is fitted on: predictions, classes (0 or 1) and
// weights above 0.
type evidence struct{ p, y, w []float64 }

// platt maximises Σ w (y z − log(1 + e^z)), z = a + b (p − mean), by Newton's method.
// Classes that p separates have no maximum: the steps then end where the likelihood
// no longer grows by much.
func (e *evidence) platt(threads int) *Calibration {
	const most, enough = 100, 1e-14
	var sum, weight float64
	for i, w := range e.w {
		sum, weight = sum+w*e.p[i], weight+w
	}
	mean := sum / weight
	type moments struct{ l, g0, g1, h00, h01, h11 float64 }
	at := func(a, b float64) (t moments) {
		for _, m := range par.Map(threads, len(e.p), par.Rows, func(_, lo, hi int) (m moments) {
			for i := lo; i < hi; i++ {
				x := e.p[i] - mean
				z, w := a+b*x, e.w[i]
				q := sigmoid(z)
				m.l += w * (e.y[i]*z - math.Max(z, 0) - math.Log1p(math.Exp(-math.Abs(z))))
				r, v := w*(e.y[i]-q), w*q*(1-q)
				m.g0, m.g1 = m.g0+r, m.g1+r*x
				m.h00, m.h01, m.h11 = m.h00+v, m.h01+v*x, m.h11+v*x*x
			}
			return m
		}) {
			t.l, t.g0, t.g1 = t.l+m.l, t.g0+m.g0, t.g1+m.g1
			t.h00, t.h01, t.h11 = t.h00+m.h00, t.h01+m.h01, t.h11+m.h11
		}
		return t
	}
	a, b := 0.0, 0.0
	now := at(a, b)
	for range most {
		det := now.h00*now.h11 - now.h01*now.h01
		da, db := now.g0/now.h00, 0.0 // where p is constant there is no slope
		if det > 1e-12*now.h00*now.h11 {
			da, db = (now.h11*now.g0-now.h01*now.g1)/det, (now.h00*now.g1-now.h01*now.g0)/det
		}
		next, scale := at(a+da, b+db), 1.0
		for ; !(next.l >= now.l) && scale > 1e-9; next = at(a+scale*da, b+scale*db) {
			scale /= 2
		}
		gain := next.l - now.l
		if !(gain >= 0) {
			break
		}
		a, b, now = a+scale*da, b+scale*db, next
		if gain <= enough*math.Abs(now.l) {
			break
		}
	}
	return &Calibration{Method: platt, Intercept: a - b*mean, Slope: b}
}

// isotonic pools neighbours that are out of order into their mean until none are.
// Ref: Ayer et al. (1955), An empirical distribution function for sampling with
// incomplete information: pool adjacent violators.
func (e *evidence) isotonic() *Calibration {
	type block struct{ lo, hi, weight, sum float64 }
	mean := func(b block) float64 { return b.sum / b.weight }
	rows := make([]block, len(e.p))
	for i, p := range e.p {
		rows[i] = block{p, p, e.w[i], e.w[i] * e.y[i]}
	}
	slices.SortFunc(rows, func(a, b block) int { return cmp.Compare(a.lo, b.lo) })
	var ties, blocks []block
	for _, b := range rows {
		if n := len(ties); n > 0 && ties[n-1].hi == b.lo {
			ties[n-1].weight += b.weight
			ties[n-1].sum += b.sum
		} else {
			ties = append(ties, b)
		}
	}
	for _, b := range ties {
		for n := len(blocks); n > 0 && mean(blocks[n-1]) >= mean(b); n = len(blocks) {
			last := blocks[n-1]
			b = block{last.lo, b.hi, last.weight + b.weight, last.sum + b.sum}
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	c := &Calibration{Method: isotonic}
	for _, b := range blocks {
		c.Scores, c.Values = append(c.Scores, b.lo), append(c.Values, mean(b))
		if b.hi > b.lo {
			c.Scores, c.Values = append(c.Scores, b.hi), append(c.Values, mean(b))
		}
	}
	return c
}
