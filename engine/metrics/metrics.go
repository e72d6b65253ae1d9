package metrics

import (
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Metrics is the result of a measurement. Exactly one of the three blocks is set.
type Metrics struct {
	Description string
	Rows        int64   // rows that counted: actual and prediction present, weight > 0
	Weight      float64 // their summed weights
	MSE, RMSE   float64
	R2          float64

	Regression  *Regression
	Binomial    *Binomial
	Multinomial *Multinomial

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
	// Deviance is the deviance of a row of a regression; nil is the squared error.
	Deviance func(w, y, mu float64) float64
	// AUC asks for the areas of several classes; "" is AUCNone.
	AUC AUCType
	// GainsLiftBins is the number of groups of the gains/lift table: 0 for no
	// table, -1 for 16 groups that are finer at the top.
	GainsLiftBins int
	Threads       int // 0 for all
}

// Regress measures the predictions mu of the numbers y. w may be nil for ones.
func Regress(y, mu, w []float64, opt Options) *Metrics {
	b := NewRegression(opt.Deviance)
	for _, part := range par.Map(opt.Threads, len(y), par.Rows, func(_, lo, hi int) *RegressionBuilder {
		c := NewRegression(opt.Deviance)
		c.Add(y[lo:hi], mu[lo:hi], cut(w, lo, hi))
		return c
	}) {
		b.Merge(part)
	}
	return b.Done()
}

// Binary measures the probabilities p1 of class 1 against the class numbers y, 0
// or 1. w may be nil for ones.
func Binary(domain []string, y, p1, w []float64, opt Options) *Metrics {
	b := NewBinomial(domain)
	b.GainsLiftBins, b.Threads = opt.GainsLiftBins, opt.Threads
	for _, part := range par.Map(opt.Threads, len(y), par.Rows, func(_, lo, hi int) *BinomialBuilder {
		c := NewBinomial(domain)
		c.Add(y[lo:hi], p1[lo:hi], cut(w, lo, hi))
		return c
	}) {
		b.Merge(part)
	}
	return b.Done()
}

// Multi measures the probabilities of each class, probs[class][row], against the
// class numbers y. w may be nil for ones.
func Multi(domain []string, y []float64, probs [][]float64, w []float64, opt Options) *Metrics {
	b := NewMultinomial(domain, opt.AUC)
	b.Threads = opt.Threads
	for _, part := range par.Map(opt.Threads, len(y), par.Rows, func(_, lo, hi int) *MultinomialBuilder {
		c := NewMultinomial(domain, opt.AUC)
		p := make([][]float64, len(probs))
		for k := range probs {
			p[k] = probs[k][lo:hi]
		}
		c.Add(y[lo:hi], p, cut(w, lo, hi))
		return c
	}) {
		b.Merge(part)
	}
	return b.Done()
}

func cut(w []float64, lo, hi int) []float64 {
	if w == nil {
		return nil
	}
	return w[lo:hi]
}
