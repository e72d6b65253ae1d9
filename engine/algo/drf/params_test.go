package drf_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// The messages that name their field and are clear are those of H2O.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, field, text string
		kv                []string
	}{
		{"Err ntrees", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "0"}},
		{"Err ntrees large", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "100001"}},
		{"Err max_depth", "max_depth", "_max_depth must be >= 0.", []string{"max_depth", "-1"}},
		{"Err min_rows", "min_rows", "The dataset size is too small to split for min_rows=500.0: must have at least 1000.0 (weighted) rows, but have only 300.0.", []string{"min_rows", "500"}},
		{"Err min_rows zero", "min_rows", "_min_rows must be > 0.", []string{"min_rows", "0"}},
		{"Err nbins", "nbins", "nbins must be > 1.", []string{"nbins", "1"}},
		{"Err nbins large", "nbins", "nbins must be at most 65534", []string{"nbins", "70000", "nbins_top_level", "70000"}},
		{"Err nbins_top_level", "nbins_top_level", "nbins_top_level must be >= nbins (20)", []string{"nbins_top_level", "10"}},
		{"Err nbins_cats", "nbins_cats", "nbins_cats must be > 1.", []string{"nbins_cats", "1"}},
		{"Err nbins_cats large", "nbins_cats", "nbins_cats must be at most 65534", []string{"nbins_cats", "70000"}},
		{"Err mtries", "mtries", "mtries must be -1 (converted to sqrt(features)) or -2 (All features) or >= 1 but it is 0", []string{"mtries", "0"}},
		{"Err mtries large", "mtries", "Computed mtries should be -1 or -2 or in interval [1,5[ but it is 5", []string{"mtries", "5"}},
		{"Err sample_rate", "sample_rate", "sample_rate should be in interval ]0,1] but it is 7.0.", []string{"sample_rate", "7"}},
		{"Err sample_rate NaN", "sample_rate", "sample_rate should be in interval ]0,1] but it is NaN.", []string{"sample_rate", "NaN"}},
		{"Err col_sample_rate_per_tree", "col_sample_rate_per_tree", "should be in interval ]0,1]", []string{"col_sample_rate_per_tree", "0"}},
		{"Err col_sample_rate_change_per_level", "col_sample_rate_change_per_level", "must be > 0 and <= 2", []string{"col_sample_rate_change_per_level", "2.5"}},
		{"Err min_split_improvement", "min_split_improvement", "min_split_improvement must be >= 0, but is -1.", []string{"min_split_improvement", "-1"}},
		{"Err distribution", "distribution", "poisson distribution is not supported for DRF", []string{"distribution", "poisson"}},
		{"Err multinomial of numbers", "distribution", "Multinomial requires an categorical response.", []string{"distribution", "multinomial"}},
		{"Err gaussian of classes", "distribution", "Gaussian requires the response to be numeric.", []string{"distribution", "gaussian", "response_column", "ym"}},
		{"Err bernoulli of three classes", "distribution", "Binomial requires the response to be a 2-class categorical", []string{"distribution", "bernoulli", "response_column", "ym"}},
		{"Err offset", "offset_column", "Offsets are not yet supported for DRF.", []string{"offset_column", "w", "ignored_columns", "[]"}},
		{"Err rates of classes", "sample_rate_per_class", "must have 2 values (one per class), but has 3", []string{"sample_rate_per_class", "[1,1,1]", "response_column", "yb"}},
		{"Err rates of numbers", "sample_rate_per_class", "must have 0 values", []string{"sample_rate_per_class", "[1]"}},
		{"Err rate of a class", "sample_rate_per_class", "for class yes should be in interval ]0,1] but it is 0.0.", []string{"sample_rate_per_class", "[1,0]", "response_column", "yb"}},
		{"Err constant response", "response", "Response cannot be constant.", []string{"response_column", "k"}},
		{"Err one label", "response", "at least two levels", []string{"response_column", "kb", "check_constant_response", "false"}},
		{"Err stopping_metric", "stopping_metric", "stopping_metric AUC does not apply to this training (Regression)", []string{"stopping_rounds", "1", "stopping_metric", "AUC"}},
		{"Err lift without table", "stopping_metric", "gainslift_bins must not be 0", []string{"stopping_rounds", "1", "stopping_metric", "lift_top_group", "gainslift_bins", "0", "response_column", "yb"}},
		{"Err r2_stopping", "r2_stopping", "r2_stopping is not available: it is no longer supported", []string{"r2_stopping", "0.9"}},
		{"Err custom_metric_func", "custom_metric_func", "custom_metric_func is not available: this server takes no code", []string{"custom_metric_func", "f"}},
		{"Err OneHotInternal", "categorical_encoding", "Cannot use OneHotInternal categorical encoding for tree methods.", []string{"categorical_encoding", "OneHotInternal"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(300)
			f := w.frames["train"]
			w.frames["train"] = frame.Must(frame.Must(f.With("k", frame.NewConst(2, 300))).With("kb", frame.NewCodes(make([]int32, 300), []string{"only"})))
			_, issues := w.prepare(c.kv...)
			found := 0
			for _, i := range issues {
				if i.Severity == param.Error && i.Field == c.field && strings.Contains(i.Message, c.text) {
					found++
				}
			}
			require.Equal(t, 1, found, "%+v", issues)
		})
	}
}

// At their bounds all numbers work.
func TestCheck_Bounds(t *testing.T) {
	w := newWorld(120)
	for _, kv := range [][]string{
		{"ntrees", "1"}, {"max_depth", "0"}, {"max_depth", "1"}, {"min_rows", "1e-300"}, {"min_rows", "60"}, {"nbins", "2", "histogram_type", "QuantilesGlobal"},
		{"nbins", "65534", "nbins_top_level", "65534"}, {"nbins_top_level", "65534", "histogram_type", "UniformAdaptive"}, {"nbins_top_level", "20", "histogram_type", "UniformAdaptive"},
		{"nbins_cats", "2"}, {"nbins_cats", "65534"}, {"mtries", "1"}, {"mtries", "4"}, {"mtries", "-2"}, {"sample_rate", "1e-300"}, {"sample_rate", "1"},
		{"col_sample_rate_per_tree", "1e-300"}, {"col_sample_rate_change_per_level", "1e-300"}, {"col_sample_rate_change_per_level", "2"},
		{"min_split_improvement", "0"}, {"min_split_improvement", "1e300"}, {"gainslift_bins", "0"}, {"max_confusion_matrix_size", "0"},
	} {
		for _, response := range []string{"y", "yb", "ym"} {
			m := w.train(t, append(kv, "response_column", response)...)
			require.False(t, math.IsNaN(w.on(t, m, "test").MSE), "%v", kv)
		}
	}
}

// What clients send when nothing is asked for is no reason to warn.
func TestCheck_Defaults(t *testing.T) {
	var kv []string
	for _, p := range drf.Algo.Metadata() {
		switch v := p.Default.(type) {
		case nil:
		case string:
			kv = append(kv, p.Name, strings.ToLower(v))
		default:
			if p.Name != "seed" && p.Name != "ntrees" {
				kv = append(kv, p.Name, fmt.Sprint(v))
			}
		}
	}
	_, issues := newWorld(100).prepare(kv...)
	require.Empty(t, issues)
}

// Actual values as H2O shows them.
func TestActualParameters(t *testing.T) {
	w := newWorld(300)
	m := w.train(t)
	for name, want := range map[string]any{
		"distribution": "gaussian", "categorical_encoding": "Enum", "calibration_method": "PlattScaling", "mtries": -1,
		"stopping_metric": nil, "fold_assignment": nil, "ntrees": 10, "auc_type": "AUTO", "seed": int64(1), "sample_rate": 0.632,
		"training_frame": param.FrameKey("train"), "validation_frame": nil, "model_id": param.ModelKey("DRF_model"),
	} {
		require.Equal(t, want, trial.Actual(m, name), name)
	}
	m = w.train(t, "response_column", "yb", "seed", "-1", "nfolds", "2")
	require.Equal(t, "multinomial", trial.Actual(m, "distribution"))
	require.Equal(t, int64(9), trial.Actual(m, "seed"))
	require.Equal(t, "Random", trial.Actual(m, "fold_assignment"))
	require.Equal(t, "bernoulli", trial.Actual(w.train(t, "response_column", "yb", "distribution", "bernoulli"), "distribution"))
}

// Rows of a class are drawn as often as its rate says, calibrated probabilities are
// shown, and balanced classes keep their prior shares.
func TestBlocks(t *testing.T) {
	w := newWorld(2000)
	m := w.train(t, "response_column", "yb", "calibrate_model", "true", "calibration_frame", "test", "ntrees", "20")
	p, _, err := model.Predict(t.Context(), m, w.frames["test"], 0)
	require.NoError(t, err)
	require.Equal(t, []string{"predict", "no", "yes", "cal_no", "cal_yes"}, p.Names())
	plain, balanced := w.train(t, "response_column", "yb", "ntrees", "30"), w.train(t, "response_column", "yb", "balance_classes", "true", "class_sampling_factors", "[1,4]", "ntrees", "30")
	require.InDelta(t, w.on(t, plain, "test").Binomial.LogLoss, w.on(t, balanced, "test").Binomial.LogLoss, 0.1)
}
