package metrics

import (
	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Metrics is the result of a measurement. Exactly one of the four blocks is set.
type Metrics struct {
	Description string
	Rows        int64   // rows that counted: actual and prediction present, weight > 0
	Weight      float64 // their summed weights
	MSE, RMSE   float64
	R2          float64

	Regression  *Regression
	Binomial    *Binomial
	Multinomial *Multinomial
	Anomaly     *Anomaly

	Loglikelihood, AIC float64 // NaN unless the algorithm asks for them
}

// Regression has what only numbers have.
type Regression struct {
	MAE, RMSLE           float64 // RMSLE is NaN when an actual or predicted value is <= -1
	MeanResidualDeviance float64
}

// Binomial has what only two classes have. Without a single row it has no
// thresholds, and its numbers are NaN.
type Binomial struct {
	Domain            []string
	LogLoss           float64
	AUC, PRAUC, Gini  float64
	MeanPerClassError float64
	Thresholds        []Threshold // at most 400, descending
	Max               []MaxCriterion
	GainsLift         *table.Table // nil when it was not asked for, or a class is absent
	KS                float64      // NaN when a class is absent
}

// Threshold counts what happens when scores at or above Value are called class 1.
type Threshold struct {
	Value          float64
	TN, FN, FP, TP float64
}

// MaxCriterion is the threshold at which a criterion is largest, the highest of
// equals. Index is -1 and the numbers are NaN when the criterion is nowhere
// defined.
type MaxCriterion struct {
	Name             string // as in Criteria
	Threshold, Value float64
	Index            int
}

// Multinomial has what only several classes have. The predicted class is the one
// with the largest probability, the first of equals.
type Multinomial struct {
	Domain            []string
	LogLoss           float64
	MeanPerClassError float64
	Confusion         [][]float64 // actual × predicted, weighted
	HitRatios         []float64   // top-1 … top-min(10, k)
	AUC, PRAUC        float64     // NaN unless an AUC type is asked for
	AUCTable, PRTable *table.Table
}

// Options says what is measured beyond the usual.
type Options struct {
	// Family is the distribution whose deviance a regression reports; nil is gaussian.
	Family dist.Family
	// AUC asks for the areas of several classes; "" is AUCNone.
	AUC AUCType
	// GainsLiftBins is the number of groups of the gains/lift table: 0 for no
	// table, -1 for 16 groups that are finer at the top.
	GainsLiftBins int
	Threads       int // 0 for all
}

// Source makes a reader of what is measured. Readers are at work at the same time, each
// with memory of its own.
type Source func() Reader

// Reader gives rows [lo, hi): actual values (class numbers where there is a domain),
// predictions (one column of numbers, or one of probabilities a class) and weights, nil
// for ones. They are good until its next call.
type Reader func(lo, hi int) (y []float64, raw [][]float64, w []float64)

// Measure measures n rows, a chunk at a time. domain holds the classes of the
// response, nil for numbers.
func Measure(domain []string, n int, rows Source, opt Options) *Metrics {
	switch {
	case domain == nil:
		deviance := devianceOf(opt.Family, n, rows)
		b := NewRegression(deviance)
		for _, part := range par.Map(opt.Threads, n, par.Rows, func(_, lo, hi int) *RegressionBuilder {
			y, raw, w := rows()(lo, hi)
			c := NewRegression(deviance)
			c.Add(y, raw[0], w)
			return c
		}) {
			b.Merge(part)
		}
		return b.Done()
	case len(domain) == 2:
		b := NewBinomial(domain)
		b.GainsLiftBins, b.Threads = opt.GainsLiftBins, opt.Threads
		all := newRoom(n)
		defer all.free()
		for _, part := range par.Map(opt.Threads, n, par.Rows, func(_, lo, hi int) *BinomialBuilder {
			const block = 8192 // rows that are asked for at a time
			c := binomialChunk{BinomialBuilder: NewBinomial(domain)}
			read := rows()
			for at := lo; at < hi; at += block {
				y, raw, w := read(at, min(at+block, hi))
				if at == lo {
					c.room = all.of(w != nil).slice(lo, hi)
				}
				c.add(y, raw[1], w)
			}
			return c.end()
		}) {
			b.Merge(part)
		}
		_, weighted := sizes(b.lists[:])
		return b.done(all.of(weighted))
	}
	b := NewMultinomial(domain, opt.AUC)
	b.Threads = opt.Threads
	for _, part := range par.Map(opt.Threads, n, par.Rows, func(_, lo, hi int) *MultinomialBuilder {
		y, raw, w := rows()(lo, hi)
		c := NewMultinomial(domain, opt.AUC)
		c.Add(y, raw, w)
		return c
	}) {
		b.Merge(part)
	}
	return b.Done()
}

// Regress measures the predictions mu of the numbers y. w may be nil for ones.
func Regress(y, mu, w []float64, opt Options) *Metrics {
	return Measure(nil, len(y), columns(y, [][]float64{mu}, w), opt)
}

// Binary measures the probabilities p1 of class 1 against the class numbers y, 0
// or 1. w may be nil for ones.
func Binary(domain []string, y, p1, w []float64, opt Options) *Metrics {
	return Measure(domain, len(y), columns(y, [][]float64{nil, p1}, w), opt)
}

// Multi measures the probabilities of each class, probs[class][row], against the
// class numbers y. w may be nil for ones.
func Multi(domain []string, y []float64, probs [][]float64, w []float64, opt Options) *Metrics {
	return Measure(domain, len(y), columns(y, probs, w), opt)
}

// columns is the Source of whole columns; nil ones stay nil.
func columns(y []float64, raw [][]float64, w []float64) Source {
	cut := func(v []float64, lo, hi int) []float64 {
		if v == nil {
			return nil
		}
		return v[lo:hi]
	}
	read := func(lo, hi int) ([]float64, [][]float64, []float64) {
		part := make([][]float64, len(raw))
		for k := range raw {
			part[k] = cut(raw[k], lo, hi)
		}
		return y[lo:hi], part, cut(w, lo, hi)
	}
	return func() Reader { return read }
}
