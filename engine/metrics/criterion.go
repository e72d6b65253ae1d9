package metrics

import "math"

// criterion is one number that a threshold is judged by.
type criterion struct {
	name string
	of   func(t Threshold) float64
}

var criteria = []criterion{
	{"f1", func(t Threshold) float64 { return t.fBeta(1) }},
	{"f2", func(t Threshold) float64 { return t.fBeta(2) }},
	{"f0point5", func(t Threshold) float64 { return t.fBeta(0.5) }},
	{"accuracy", func(t Threshold) float64 { return (t.TP + t.TN) / (t.TP + t.TN + t.FP + t.FN) }},
	{"precision", Threshold.precision},
	{"recall", Threshold.tpr},
	{"specificity", Threshold.tnr},
	{"absolute_mcc", func(t Threshold) float64 { return math.Min(math.Abs(t.mcc()), 1) }},
	{"min_per_class_accuracy", func(t Threshold) float64 { return math.Min(t.tpr(), t.tnr()) }},
	{"mean_per_class_accuracy", func(t Threshold) float64 { return (t.tpr() + t.tnr()) / 2 }},
	{"tns", func(t Threshold) float64 { return t.TN }},
	{"fns", func(t Threshold) float64 { return t.FN }},
	{"fps", func(t Threshold) float64 { return t.FP }},
	{"tps", func(t Threshold) float64 { return t.TP }},
	{"tnr", Threshold.tnr},
	{"fnr", func(t Threshold) float64 { return t.FN / (t.FN + t.TP) }},
	{"fpr", func(t Threshold) float64 { return t.FP / (t.FP + t.TN) }},
	{"tpr", Threshold.tpr},
}

// Criteria are the names of all criteria, in the order of the tables.
var Criteria = func() []string {
	names := make([]string, len(criteria))
	for i, c := range criteria {
		names[i] = c.name
	}
	return names
}()

// Criterion returns the criterion of that name at the threshold; NaN where it is
// not defined (precision of nothing …) and for other names.
func (t Threshold) Criterion(name string) float64 {
	for _, c := range criteria {
		if c.name == name {
			return c.of(t)
		}
	}
	return math.NaN()
}

func (t Threshold) precision() float64 { return t.TP / (t.TP + t.FP) }
func (t Threshold) tpr() float64       { return t.TP / (t.TP + t.FN) }
func (t Threshold) tnr() float64       { return t.TN / (t.TN + t.FP) }

// fBeta is the mean of precision and recall that weights recall beta² times.
func (t Threshold) fBeta(beta float64) float64 {
	p, r, b2 := t.precision(), t.tpr(), beta*beta
	return (1 + b2) * p * r / (b2*p + r)
}

// mcc is the correlation of actual and predicted class, 0 where it has none.
func (t Threshold) mcc() float64 {
	num := t.TP*t.TN - t.FP*t.FN
	if num == 0 {
		return 0
	}
	return num / math.Sqrt((t.TP+t.FP)*(t.TP+t.FN)*(t.TN+t.FP)*(t.TN+t.FN))
}

// maxima returns the best threshold of each criterion.
func maxima(ts []Threshold) []MaxCriterion {
	out := make([]MaxCriterion, len(criteria))
	for i, c := range criteria {
		best := MaxCriterion{Name: c.name, Threshold: math.NaN(), Value: math.NaN(), Index: -1}
		for j, t := range ts {
			if v := c.of(t); v > best.Value || best.Index < 0 && !math.IsNaN(v) {
				best.Threshold, best.Value, best.Index = t.Value, v, j
			}
		}
		out[i] = best
	}
	return out
}
