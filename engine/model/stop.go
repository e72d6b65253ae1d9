package model

import (
	"math"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/param"
)

// StopEarly reports whether a training has converged: with k = rounds, the best
// of the last k moving averages (of width k) of the metric is not better, by the
// relative tolerance, than the average before them. values are the metric's
// values in order, without the one before the first step; at least 2k are needed.
// H2O: ScoreKeeper.stopEarly.
func StopEarly(values []float64, rounds int, tolerance float64, lessIsBetter bool) bool {
	k := rounds
	if k <= 0 || len(values) < 2*k {
		return false
	}
	average := func(end int) float64 {
		s := 0.0
		for _, v := range values[end-k : end] {
			s += v
		}
		return s / float64(k)
	}
	reference := average(len(values) - k)
	best := math.Inf(1)
	if !lessIsBetter {
		best = math.Inf(-1)
	}
	for end := len(values) - k + 1; end <= len(values); end++ {
		v := average(end)
		if math.IsNaN(v) {
			return false
		}
		if lessIsBetter {
			best = math.Min(best, v)
		} else {
			best = math.Max(best, v)
		}
	}
	if math.IsNaN(reference) || reference == 0 && best == 0 {
		return reference == 0
	}
	gain := reference - best
	if !lessIsBetter {
		gain = -gain
	}
	return gain <= tolerance*math.Abs(reference)
}

// Stopper keeps the values of one stopping metric.
type Stopper struct {
	By     Stopping
	values []float64
}

// NewStopper returns the stopper of a training, nil when it is not asked for.
func NewStopper(by Stopping) *Stopper {
	if by.Rounds <= 0 {
		return nil
	}
	return &Stopper{By: by}
}

// Stop adds a measurement, of the validation frame where there is one, and
// reports whether training should end. A nil Stopper never stops.
func (s *Stopper) Stop(m *metrics.Metrics) bool {
	if s == nil || m == nil {
		return false
	}
	v, less, ok := metrics.Value(m, s.By.Metric)
	if !ok {
		return false
	}
	s.values = append(s.values, v)
	if m.Anomaly != nil { // H2O: neither less nor more is better, it is to settle
		return StopEarly(s.values, s.By.Rounds, s.By.Tolerance, true) && StopEarly(s.values, s.By.Rounds, s.By.Tolerance, false)
	}
	return StopEarly(s.values, s.By.Rounds, s.By.Tolerance, less)
}

// OfFolds returns the steps of a main model that was asked for so many: the mean of
// those at which its folds have stopped, and then it does not stop early itself.
func (s *Stopping) OfFolds(asked int, folds []Model, steps func(Model) int) int {
	if s.Rounds == 0 {
		return asked
	}
	s.Rounds = 0
	sum := 0
	for _, m := range folds {
		sum += steps(m)
	}
	return max(1, int(math.Round(float64(sum)/float64(len(folds)))))
}

// Check looks at the block for a training of category c whose metrics average the
// AUC of several classes as auc says.
func (s Stopping) Check(c Category, auc metrics.AUCType) param.Issues {
	var f param.Issues
	if s.Tolerance >= 1 {
		f.Fail("stopping_tolerance", "Stopping tolerance must be < 1.")
	}
	if s.Rounds <= 0 {
		if s.Tolerance != 0.001 {
			f.Warn("stopping_tolerance", "Stopping tolerance is ignored for _stopping_rounds=0.")
		}
		return f
	}
	if c == "" {
		return f
	}
	name := StoppingMetric(s.Metric, c)
	area := name == "AUC" || name == "AUCPR"
	switch {
	case name == "":
		f.Fail("stopping_metric", "stopping_metric %s does not apply to this training (%s); choose AUTO, or one that it reports", s.Metric, c)
	case area && c == Multinomial && (auc == "" || auc == metrics.AUCAuto || auc == metrics.AUCNone):
		f.Fail("stopping_metric", "stopping_metric %s of several classes needs an auc_type other than AUTO and NONE", s.Metric)
	}
	return f
}

// StoppingMetric returns the metric that AUTO stands for; "" is for a metric
// that does not fit the category. Anomaly models take those of two classes, too, for
// labelled validation data.
func StoppingMetric(name string, c Category) string {
	switch name {
	case "AUTO":
		switch c {
		case Regression:
			return "deviance"
		case Anomaly:
			return "anomaly_score"
		}
		return "logloss"
	case "anomaly_score":
		if c != Anomaly {
			return ""
		}
	case "deviance", "MAE", "RMSLE":
		if c != Regression {
			return ""
		}
	case "logloss", "misclassification", "mean_per_class_error", "AUC", "AUCPR":
		if c == Regression {
			return ""
		}
	case "lift_top_group":
		if c != Binomial && c != Anomaly {
			return ""
		}
	case "MSE", "RMSE":
	default:
		return ""
	}
	return name
}
