package gbm_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/param"
)

// Names, order, types, defaults, levels and words are those of H2O, see
// testdata/README.md.
func TestMetadata_Golden(t *testing.T) {
	raw, err := os.ReadFile("testdata/params.json")
	require.NoError(t, err)
	var want []struct {
		Name        string
		Type        string
		Default     any `json:"default_value"`
		Level       string
		Required    bool
		Gridable    bool
		Values      []string
		MemberOf    []string `json:"is_member_of_frames"`
		ExclusiveOf []string `json:"is_mutually_exclusive_with"`
	}
	require.NoError(t, json.Unmarshal(raw, &want))
	got := gbm.Algo.Metadata()
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		require.Equal(t, w.Name, g.Name, "parameter %d", i)
		require.NotEmpty(t, g.Help, w.Name)
		def, err := json.Marshal(g.Default)
		require.NoError(t, err)
		wantDef, err := json.Marshal(w.Default)
		require.NoError(t, err)
		require.JSONEq(t, string(wantDef), string(def), w.Name)
		require.Equal(t, []any{w.Type, w.Level, w.Required, w.Gridable}, []any{g.Type, g.Level, g.Required, g.Gridable}, w.Name)
		for _, l := range [][2][]string{{w.Values, g.Values}, {w.MemberOf, g.MemberOf}, {w.ExclusiveOf, g.ExclusiveOf}} {
			require.Equal(t, append([]string{}, l[0]...), append([]string{}, l[1]...), w.Name)
		}
		require.Nil(t, g.Input, w.Name)
		require.True(t, reflect.DeepEqual(g.Default, g.Actual), w.Name)
	}
}

// The messages that name their field and are clear are those of H2O.
func TestCheck(t *testing.T) {
	w := newWorld(300)
	for _, c := range []struct {
		name, field, text string
		kv                []string
	}{
		{"Err ntrees", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "-5"}},
		{"Err ntrees large", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "100001"}},
		{"Err max_depth", "max_depth", "_max_depth must be >= 0.", []string{"max_depth", "-1"}},
		{"Err learn_rate", "learn_rate", "learn_rate must be between 0 and 1", []string{"learn_rate", "5"}},
		{"Err learn_rate NaN", "learn_rate", "learn_rate must be between 0 and 1", []string{"learn_rate", "NaN"}},
		{"Err annealing", "learn_rate_annealing", "must be between 0 (exclusive) and 1 (inclusive)", []string{"learn_rate_annealing", "0"}},
		{"Err sample_rate", "sample_rate", "sample_rate should be in interval ]0,1] but it is 7.", []string{"sample_rate", "7"}},
		{"Err col_sample_rate", "col_sample_rate", "should be in interval ]0,1] but it is 0.", []string{"col_sample_rate", "0"}},
		{"Err col_sample_rate_per_tree", "col_sample_rate_per_tree", "should be in interval ]0,1]", []string{"col_sample_rate_per_tree", "1.5"}},
		{"Err col_sample_rate_change_per_level", "col_sample_rate_change_per_level", "must be between 0 (exclusive) and 2 (inclusive)", []string{"col_sample_rate_change_per_level", "2.5"}},
		{"Err min_rows", "min_rows", "The dataset size is too small to split for min_rows=500.0: must have at least 1000.0 (weighted) rows, but have only 300.0.", []string{"min_rows", "500"}},
		{"Err min_rows zero", "min_rows", "must be a finite number > 0", []string{"min_rows", "0"}},
		{"Err nbins", "nbins", "_nbins must be > 1.", []string{"nbins", "1"}},
		{"Err nbins large", "nbins", "nbins must be at most 65534", []string{"nbins", "70000", "nbins_top_level", "70000"}},
		{"Err nbins_top_level", "nbins_top_level", "nbins_top_level must be >= nbins (20)", []string{"nbins_top_level", "10"}},
		{"Err nbins_cats", "nbins_cats", "nbins_cats must be between 2 and 65534", []string{"nbins_cats", "1"}},
		{"Err min_split_improvement", "min_split_improvement", "min_split_improvement must be >= 0", []string{"min_split_improvement", "-1"}},
		{"Err max_abs_leafnode_pred", "max_abs_leafnode_pred", "must be larger than 0", []string{"max_abs_leafnode_pred", "0"}},
		{"Err multinomial of numbers", "distribution", "Multinomial requires an categorical response.", []string{"distribution", "multinomial"}},
		{"Err gaussian of classes", "distribution", "Gaussian requires the response to be numeric.", []string{"distribution", "gaussian", "response_column", "ym"}},
		{"Err bernoulli of three classes", "distribution", "Binomial requires the response to be a 2-class categorical", []string{"distribution", "bernoulli", "response_column", "ym"}},
		{"Err offset of classes", "offset_column", "Offset is not supported for multinomial distribution.", []string{"offset_column", "w", "response_column", "ym"}},
		{"Err rates of classes", "sample_rate_per_class", "must have 2 values (one per class), but has 3", []string{"sample_rate_per_class", "[1,1,1]", "response_column", "yb"}},
		{"Err rates of numbers", "sample_rate_per_class", "must have 0 values", []string{"sample_rate_per_class", "[1]"}},
		{"Err rate of a class", "sample_rate_per_class", "should be in interval ]0,1]", []string{"sample_rate_per_class", "[1,0]", "response_column", "yb"}},
		{"Err constant response", "response", "Response cannot be constant.", []string{"response_column", "k"}},
		{"Err constant label", "response", "Response cannot be constant.", []string{"response_column", "kb"}},
		{"Err one label", "response", "at least two levels", []string{"response_column", "kb", "check_constant_response", "false"}},
		{"Err stopping_tolerance", "stopping_tolerance", "Stopping tolerance must be < 1.", []string{"stopping_tolerance", "Infinity"}},
		{"Err stopping_metric", "stopping_metric", "stopping_metric AUC does not apply to this training (Regression)", []string{"stopping_rounds", "1", "stopping_metric", "AUC"}},
		{"Err lift without table", "stopping_metric", "gainslift_bins must not be 0", []string{"stopping_rounds", "1", "stopping_metric", "lift_top_group", "gainslift_bins", "0", "response_column", "yb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := w["train"]
			k := frame1(f.NumRows())
			w := world{"train": with(with(f, "k", k[0]), "kb", k[1])}
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

// What this release does not have is refused, and each with its own name; the
// values that clients send when nothing is asked for are not.
func TestCheck_Later(t *testing.T) {
	w := newWorld(300)
	for name, value := range map[string]string{
		"balance_classes": "true", "class_sampling_factors": "[1,2]", "max_after_balance_size": "2", "r2_stopping": "0.9",
		"checkpoint": "m", "pred_noise_bandwidth": "0.1", "categorical_encoding": "Binary", "calibrate_model": "true",
		"calibration_frame": "test", "calibration_method": "IsotonicRegression", "custom_metric_func": "f", "custom_distribution_func": "f",
		"export_checkpoints_dir": "d", "in_training_checkpoints_dir": "d", "in_training_checkpoints_tree_interval": "2",
		"monotone_constraints": `[{"key":"x1","value":1}]`, "interaction_constraints": `[["x1","x2"]]`,
		"quantile_alpha": "0.1", "tweedie_power": "1.2", "huber_alpha": "0.5",
	} {
		t.Run(name, func(t *testing.T) {
			_, issues := w.prepare(name, value)
			require.Len(t, issues, 1)
			require.Equal(t, name, issues[0].Field)
			require.Equal(t, param.Later, issues[0].Cause)
			require.Contains(t, issues[0].Message, name+" is not available")
		})
	}
	for _, d := range []string{"poisson", "gamma", "tweedie", "laplace", "quantile", "huber", "custom", "quasibinomial", "ordinal"} {
		_, issues := w.prepare("distribution", d)
		require.Error(t, issues.Err(), d)
		require.Equal(t, "distribution", issues[0].Field, d)
	}
	var kv []string
	for _, p := range gbm.Algo.Metadata() {
		switch v := p.Default.(type) {
		case nil:
		case string:
			kv = append(kv, p.Name, strings.ToLower(v))
		default:
			if p.Name != "seed" && p.Name != "ntrees" && p.Name != "max_depth" {
				kv = append(kv, p.Name, fmt.Sprint(v))
			}
		}
	}
	_, issues := w.prepare(kv...)
	require.Empty(t, issues)
}

// Actual values as H2O shows them.
func TestActualParameters(t *testing.T) {
	w := newWorld(300)
	m := w.train(t)
	for name, want := range map[string]any{
		"distribution": "gaussian", "categorical_encoding": "Enum", "calibration_method": "PlattScaling",
		"stopping_metric": nil, "fold_assignment": nil, "ntrees": 10, "auc_type": "AUTO", "seed": int64(1),
		"training_frame": param.FrameKey("train"), "validation_frame": nil, "model_id": param.ModelKey("GBM_model"),
	} {
		require.Equal(t, want, actual(m, name), name)
	}
	m = w.train(t, "response_column", "yb", "distribution", "multinomial", "seed", "-1", "nfolds", "2")
	require.Equal(t, "bernoulli", actual(m, "distribution"))
	require.Equal(t, int64(9), actual(m, "seed"))
	require.Equal(t, "Random", actual(m, "fold_assignment"))
	require.Equal(t, "multinomial", actual(w.train(t, "response_column", "ym"), "distribution"))
}
