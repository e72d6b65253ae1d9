package metrics

import (
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Anomaly is what is known of anomaly scores without labels.
type Anomaly struct {
	MeanScore           float64 // mean length of path
	MeanNormalizedScore float64 // mean of the scores in [0, 1]
}

// Detect measures anomaly scores: normalised ones, and the lengths of path behind
// them. Rows where either is missing or whose weight is 0 do not count. w may be nil
// for ones.
// H2O: ModelMetricsAnomaly; squared errors are NaN.
func Detect(score, length, w []float64, opt Options) *Metrics {
	type sums struct {
		rows                  int64
		weight, score, length float64
	}
	var all sums
	for _, s := range par.Map(opt.Threads, len(score), par.Rows, func(_, lo, hi int) sums {
		var s sums
		for i := lo; i < hi; i++ {
			if wi := weightAt(w, i); wi > 0 && !math.IsNaN(score[i]) && !math.IsNaN(length[i]) {
				s.rows++
				s.weight += wi
				s.score += wi * score[i]
				s.length += wi * length[i]
			}
		}
		return s
	}) {
		all.rows += s.rows
		all.weight += s.weight
		all.score += s.score
		all.length += s.length
	}
	nan := math.NaN()
	m := &Metrics{Rows: all.rows, Weight: all.weight, MSE: nan, RMSE: nan, R2: nan, Loglikelihood: nan, AIC: nan}
	m.Anomaly = &Anomaly{MeanScore: all.length / all.weight, MeanNormalizedScore: all.score / all.weight}
	return m
}
