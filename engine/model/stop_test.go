package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/param"
)

// stopNaive says the rule in the words of its comment.
func stopNaive(v []float64, k int, tol float64, less bool) bool {
	if k < 1 || len(v) < 2*k {
		return false
	}
	var averages []float64 // of every window of k values
	for end := k; end <= len(v); end++ {
		sum := 0.0
		for _, x := range v[end-k : end] {
			sum += x
		}
		averages = append(averages, sum/float64(k))
	}
	last := averages[len(averages)-k:]
	before := averages[len(averages)-k-1]
	for _, a := range last {
		better := (before - a) / math.Abs(before)
		if !less {
			better = -better
		}
		if better > tol || math.IsNaN(a) {
			return false
		}
	}
	return true
}

func TestStopEarly(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		values []float64
		k      int
		tol    float64
		less   bool
		want   bool
	}{
		{"off", []float64{1, 1, 1, 1}, 0, 0, true, false},
		{"too few", []float64{1, 1, 1}, 2, 0.1, true, false},
		{"flat", []float64{1, 1, 1, 1}, 2, 0.1, true, true},
		{"falling fast", []float64{8, 4, 2, 1}, 2, 0.1, true, false},
		{"falling slowly", []float64{1, 0.9999}, 1, 0.001, true, true},
		{"just enough", []float64{1, 0.998}, 1, 0.001, true, false},
		{"rising loss", []float64{1, 2}, 1, 0.5, true, true},
		{"rising gain", []float64{1, 2}, 1, 0.5, false, false},
		{"best in the middle", []float64{4, 4, 1, 9}, 2, 0.1, true, false},
		{"perfect", []float64{0, 0}, 1, 0.1, true, true},
		{"missing now", []float64{1, nan}, 1, 0.1, true, false},
		{"missing before", []float64{nan, 1}, 1, 0.1, true, false},
		{"below zero, better", []float64{-1, -2}, 1, 0.1, true, false},
		{"below zero, worse", []float64{-2, -1}, 1, 0.1, true, true},
		{"exactly at the tolerance", []float64{1, 0.5}, 1, 0.5, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, StopEarly(c.values, c.k, c.tol, c.less))
		})
	}
}

func TestStopEarly_NaiveTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	stopped := 0
	for range 2000 {
		v := make([]float64, rng.IntN(12))
		for i := range v {
			v[i] = 1 + float64(rng.IntN(8))/4
		}
		k, tol, less := rng.IntN(4), float64(rng.IntN(3))/8, rng.IntN(2) == 0
		want := stopNaive(v, k, tol, less)
		require.Equal(t, want, StopEarly(v, k, tol, less), "%v k=%d tolerance=%v less=%v", v, k, tol, less)
		if want {
			stopped++
		}
	}
	require.Greater(t, stopped, 300)
	require.Less(t, stopped, 1700)
}

func TestStopper(t *testing.T) {
	at := func(mse float64) *metrics.Metrics {
		return &metrics.Metrics{MSE: mse, RMSE: math.Sqrt(mse), Regression: &metrics.Regression{MeanResidualDeviance: mse}}
	}
	require.Nil(t, NewStopper(Stopping{Metric: "AUTO"}))
	require.False(t, NewStopper(Stopping{}).Stop(at(1)))
	s := NewStopper(Stopping{Rounds: 1, Metric: "deviance", Tolerance: 0.1})
	require.False(t, s.Stop(nil), "nothing was measured")
	require.False(t, s.Stop(at(4)))
	require.False(t, s.Stop(at(2)))
	require.True(t, s.Stop(at(1.9)))
	s = NewStopper(Stopping{Rounds: 1, Metric: "AUC"})
	for range 5 {
		require.False(t, s.Stop(at(1)), "regression has no AUC")
	}
}

func TestStoppingMetric(t *testing.T) {
	for _, c := range []struct {
		name string
		want [3]string // Regression, Binomial, Multinomial
	}{
		{"AUTO", [3]string{"deviance", "logloss", "logloss"}},
		{"deviance", [3]string{"deviance", "", ""}},
		{"logloss", [3]string{"", "logloss", "logloss"}},
		{"MSE", [3]string{"MSE", "MSE", "MSE"}},
		{"RMSE", [3]string{"RMSE", "RMSE", "RMSE"}},
		{"MAE", [3]string{"MAE", "", ""}},
		{"RMSLE", [3]string{"RMSLE", "", ""}},
		{"AUC", [3]string{"", "AUC", "AUC"}},
		{"AUCPR", [3]string{"", "AUCPR", "AUCPR"}},
		{"lift_top_group", [3]string{"", "lift_top_group", ""}},
		{"misclassification", [3]string{"", "misclassification", "misclassification"}},
		{"mean_per_class_error", [3]string{"", "mean_per_class_error", "mean_per_class_error"}},
		{"anomaly_score", [3]string{}}, {"custom", [3]string{}}, {"qini", [3]string{}},
	} {
		for i, category := range []Category{Regression, Binomial, Multinomial} {
			require.Equal(t, c.want[i], StoppingMetric(c.name, category), "%s, %s", c.name, category)
		}
	}
}

func TestStopping_Check(t *testing.T) {
	base := Stopping{Metric: "AUTO", Tolerance: 0.001}
	with := func(change func(*Stopping)) Stopping { s := base; change(&s); return s }
	for _, c := range []struct {
		name     string
		s        Stopping
		category Category
		auc      metrics.AUCType
		field    string // of the only issue, "" for none
		fatal    bool
	}{
		{"defaults", base, Regression, "", "", false},
		{"Err tolerance 1", with(func(s *Stopping) { s.Rounds, s.Tolerance = 1, 1 }), Regression, "", "stopping_tolerance", true},
		{"tolerance without rounds", with(func(s *Stopping) { s.Tolerance = 0.1 }), Regression, "", "stopping_tolerance", false},
		{"metric without rounds", with(func(s *Stopping) { s.Metric = "AUC" }), Regression, "", "", false},
		{"Err logloss of numbers", with(func(s *Stopping) { s.Rounds, s.Metric = 2, "logloss" }), Regression, "", "stopping_metric", true},
		{"Err area of several classes", with(func(s *Stopping) { s.Rounds, s.Metric = 2, "AUC" }), Multinomial, "AUTO", "stopping_metric", true},
		{"area of several classes", with(func(s *Stopping) { s.Rounds, s.Metric = 2, "AUC" }), Multinomial, metrics.AUCMacroOVO, "", false},
		{"area of two classes", with(func(s *Stopping) { s.Rounds, s.Metric = 2, "AUCPR" }), Binomial, "NONE", "", false},
		{"no data yet", with(func(s *Stopping) { s.Rounds, s.Metric = 2, "logloss" }), "", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := c.s.Check(c.category, c.auc)
			if c.field == "" {
				require.Empty(t, is)
				return
			}
			require.Len(t, is, 1)
			require.Equal(t, c.field, is[0].Field)
			require.Equal(t, c.fatal, is[0].Severity == param.Error)
		})
	}
}

func TestStopping_OfFolds(t *testing.T) {
	for _, c := range []struct {
		name   string
		rounds int
		folds  []int
		want   int
	}{
		{"does not stop", 0, []int{3, 4}, 50},
		{"mean", 2, []int{3, 4, 6}, 4},
		{"half", 1, []int{2, 3}, 3},
		{"at least one", 1, []int{0, 0}, 1},
	} {
		s, at := Stopping{Rounds: c.rounds}, -1
		got := s.OfFolds(50, make([]Model, len(c.folds)), func(Model) int { at++; return c.folds[at] })
		require.Equal(t, c.want, got, c.name)
		require.Zero(t, s.Rounds, c.name)
	}
}
