package metrics

import (
	"math"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/kernels/par"
)

// RegressionBuilder collects the rows of a regression.
type RegressionBuilder struct {
	base
	deviance          func(w, y, mu float64) float64
	abs, sqlog, devia float64 // Σ w |y − mu|, Σ w (log(1+y) − log(1+mu))², Σ deviance
}

// NewRegression makes an empty builder. deviance returns the weighted deviance of
// a row; nil stands for the squared error.
func NewRegression(deviance func(w, y, mu float64) float64) *RegressionBuilder {
	return &RegressionBuilder{deviance: deviance}
}

// devianceOf returns the deviance of a family on this data; nil for the squared
// error.
//
// H2O: where huber's errors turn from squared to absolute is found anew on the data
// that is measured (hex.ModelMetricsRegression).
func devianceOf(f dist.Family, n int, rows Source) func(w, y, mu float64) float64 {
	switch x := f.(type) {
	case nil, dist.Gaussian:
		return nil
	case dist.Fitted:
		var errors, weights []float64
		read := rows()
		for lo := 0; lo < n; lo += par.Rows {
			y, raw, w := read(lo, min(n, lo+par.Rows))
			for i := range y {
				wi, e := weightAt(w, i), math.Abs(y[i]-raw[0][i])
				if wi == 0 || math.IsNaN(e) {
					continue
				}
				errors = append(errors, e)
				if w != nil {
					weights = append(weights, wi)
				}
			}
		}
		f = x.Fit(errors, weights)
	}
	return f.Deviance
}

// Add appends rows with actual values y and predictions mu; w may be nil for
// ones. It gives the same as Merge with a builder of these rows alone.
func (b *RegressionBuilder) Add(y, mu, w []float64) {
	c := NewRegression(b.deviance)
	for i, v := range y {
		f, wi := mu[i], weightAt(w, i)
		if wi == 0 || math.IsNaN(v) || math.IsNaN(f) {
			continue
		}
		c.add(wi, v, v-f)
		c.abs += wi * math.Abs(v-f)
		l := math.NaN()
		if v > -1 && f > -1 {
			l = math.Log1p(v) - math.Log1p(f)
		}
		c.sqlog += wi * l * l
		if b.deviance != nil {
			c.devia += b.deviance(wi, v, f)
		}
	}
	b.Merge(c)
}

// Merge appends the rows of o.
func (b *RegressionBuilder) Merge(o *RegressionBuilder) {
	b.merge(&o.base)
	b.abs += o.abs
	b.sqlog += o.sqlog
	b.devia += o.devia
}

// Done returns the metrics of the rows so far.
func (b *RegressionBuilder) Done() *Metrics {
	m := b.metrics()
	m.Regression = &Regression{
		MAE:                  b.over(b.abs),
		RMSLE:                math.Sqrt(b.over(b.sqlog)),
		MeanResidualDeviance: m.MSE,
	}
	if b.deviance != nil {
		m.Regression.MeanResidualDeviance = b.over(b.devia)
	}
	return m
}
