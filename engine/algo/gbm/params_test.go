package gbm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

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
		{"Err annealing", "learn_rate_annealing", "learn_rate_annealing must be between 0 and 1", []string{"learn_rate_annealing", "0"}},
		{"Err sample_rate", "sample_rate", "sample_rate should be in interval ]0,1] but it is 7.0.", []string{"sample_rate", "7"}},
		{"Err col_sample_rate", "col_sample_rate", "col_sample_rate must be between 0 and 1", []string{"col_sample_rate", "0"}},
		{"Err col_sample_rate_per_tree", "col_sample_rate_per_tree", "col_sample_rate_per_tree should be in interval ]0,1] but it is 1.5.", []string{"col_sample_rate_per_tree", "1.5"}},
		{"Err col_sample_rate_change_per_level", "col_sample_rate_change_per_level", "must be > 0 and <= 2", []string{"col_sample_rate_change_per_level", "2.5"}},
		{"Err min_rows", "min_rows", "The dataset size is too small to split for min_rows=500.0: must have at least 1000.0 (weighted) rows, but have only 300.0.", []string{"min_rows", "500"}},
		{"Err min_rows zero", "min_rows", "_min_rows must be > 0.", []string{"min_rows", "0"}},
		{"Err nbins", "nbins", "nbins must be > 1.", []string{"nbins", "1"}},
		{"Err nbins large", "nbins", "nbins must be at most 65534", []string{"nbins", "70000", "nbins_top_level", "70000"}},
		{"Err nbins_top_level", "nbins_top_level", "nbins_top_level must be >= nbins (20)", []string{"nbins_top_level", "10"}},
		{"Err nbins_cats", "nbins_cats", "nbins_cats must be > 1.", []string{"nbins_cats", "1"}},
		{"Err min_split_improvement", "min_split_improvement", "min_split_improvement must be >= 0", []string{"min_split_improvement", "-1"}},
		{"Err max_abs_leafnode_pred", "max_abs_leafnode_pred", "must be larger than 0", []string{"max_abs_leafnode_pred", "0"}},
		{"Err multinomial of numbers", "distribution", "Multinomial requires an categorical response.", []string{"distribution", "multinomial"}},
		{"Err gaussian of classes", "distribution", "Gaussian requires the response to be numeric.", []string{"distribution", "gaussian", "response_column", "ym"}},
		{"Err bernoulli of three classes", "distribution", "Binomial requires the response to be a 2-class categorical", []string{"distribution", "bernoulli", "response_column", "ym"}},
		{"Err offset of classes", "offset_column", "Offset is not supported for multinomial distribution.", []string{"offset_column", "w", "response_column", "ym"}},
		{"Err rates of classes", "sample_rate_per_class", "must have 2 values (one per class).", []string{"sample_rate_per_class", "[1,1,1]", "response_column", "yb"}},
		{"Err rates of numbers", "sample_rate_per_class", "must have 0 values", []string{"sample_rate_per_class", "[1]"}},
		{"Err rate of a class", "sample_rate_per_class", "sample_rate_per_class for class yes should be in interval ]0,1] but it is 0.0.", []string{"sample_rate_per_class", "[1,0]", "response_column", "yb"}},
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

// Each number is taken at its bounds and refused beyond them, with its own name.
func TestCheck_Bounds(t *testing.T) {
	w := newWorld(300)
	for _, c := range []struct {
		name      string
		good, bad []string
		kv        []string
	}{
		{"ntrees", []string{"1", "100000"}, []string{"0", "100001"}, nil},
		{"max_depth", []string{"0", "1", "2147483647"}, []string{"-1"}, nil},
		{"min_rows", []string{"0.001", "150"}, []string{"0", "-1", "150.5", "NaN", "Infinity"}, nil},
		{"nbins", []string{"2", "65534"}, []string{"1"}, []string{"nbins_top_level", "65534"}},
		{"nbins_top_level", []string{"20", "65534"}, []string{"19", "65535"}, nil},
		{"nbins_cats", []string{"2", "65534"}, []string{"1", "65535"}, nil},
		{"learn_rate", []string{"1e-9", "1"}, []string{"0", "1.001", "NaN"}, nil},
		{"learn_rate_annealing", []string{"1e-9", "1"}, []string{"0", "1.001", "NaN"}, nil},
		{"sample_rate", []string{"1e-9", "1"}, []string{"0", "1.001", "NaN"}, nil},
		{"col_sample_rate", []string{"1e-9", "1"}, []string{"0", "1.001", "NaN"}, nil},
		{"col_sample_rate_per_tree", []string{"1e-9", "1"}, []string{"0", "1.001", "NaN"}, nil},
		{"col_sample_rate_change_per_level", []string{"1e-9", "2"}, []string{"0", "2.001", "NaN"}, nil},
		{"min_split_improvement", []string{"0", "100"}, []string{"-1e-9", "NaN"}, nil},
		{"max_abs_leafnode_pred", []string{"1e-9", "1e308"}, []string{"0", "NaN"}, nil},
		{"pred_noise_bandwidth", []string{"0", "3"}, []string{"-1e-9", "NaN", "Infinity"}, nil},
		{"tweedie_power", []string{"1.001", "1.999"}, []string{"1", "2", "NaN"}, nil},
		{"quantile_alpha", []string{"0", "1"}, []string{"-0.001", "1.001", "NaN"}, []string{"distribution", "quantile"}},
		{"huber_alpha", []string{"0", "1"}, []string{"-0.001", "1.001", "NaN"}, []string{"distribution", "huber"}},
		{"sample_rate_per_class", []string{"[1e-9,1]", "[]"}, []string{"[0,1]", "[1,1.001]", "[1]"}, []string{"response_column", "yb"}},
		{"in_training_checkpoints_tree_interval", []string{"1", "1000"}, []string{"0"}, nil},
		{"gainslift_bins", []string{"-1", "0", "7"}, []string{"-2"}, nil},
		{"score_tree_interval", []string{"0", "1000"}, []string{"-1"}, nil},
		{"stopping_rounds", []string{"0", "1000"}, []string{"-1"}, nil},
		{"max_runtime_secs", []string{"0", "1e9"}, []string{"-1"}, nil},
		{"nfolds", []string{"0", "2", "300"}, []string{"1", "301", "-1"}, nil},
	} {
		for _, v := range append(slices.Clone(c.good), c.bad...) {
			_, issues := w.prepare(append(slices.Clone(c.kv), c.name, v)...)
			var fields []string
			for _, i := range issues {
				if i.Severity == param.Error {
					fields = append(fields, i.Field)
				}
			}
			if slices.Contains(c.good, v) {
				require.Empty(t, fields, "%s=%s", c.name, v)
			} else {
				require.Equal(t, []string{c.name}, fields, "%s=%s", c.name, v)
			}
		}
	}
}

// Distributions against responses they do not suit, and constraints.
func TestCheck_Data(t *testing.T) {
	w := newWorld(300)
	n := w["train"].NumRows()
	positive, twos, binary := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		positive[i], twos[i], binary[i] = float64(i%7), float64(1+i%2), float64(i%2)
	}
	f := with(with(with(w["train"], "count", frame.NewReals(positive)), "two", frame.NewReals(twos)), "bin", frame.NewReals(binary))
	w["train"] = f
	w.train(t, "ntrees", "2", "model_id", "base", "ignored_columns", `["w","yb","ym","count","two","bin"]`)
	rest := func(response string) []string {
		names := []string{}
		for _, name := range []string{"w", "y", "yb", "ym", "count", "two", "bin"} {
			if name != response {
				names = append(names, `"`+name+`"`)
			}
		}
		return []string{"response_column", response, "ignored_columns", "[" + strings.Join(names, ",") + "]"}
	}
	const mono = `[{"key":"x1","value":1}]`
	for _, c := range []struct {
		name, response, field, text string // no field: it is fine
		kv                          []string
	}{
		{"poisson", "count", "", "", []string{"distribution", "poisson"}},
		{"poisson below 0", "y", "response", "Response must be non-negative for Poisson distribution.", []string{"distribution", "poisson"}},
		{"gamma", "count", "", "", []string{"distribution", "gamma"}},
		{"gamma below 0", "y", "response", "Response must be non-negative for Gamma distribution.", []string{"distribution", "gamma"}},
		{"tweedie", "count", "", "", []string{"distribution", "tweedie"}},
		{"tweedie below 0", "y", "response", "Response must be non-negative for Tweedie distribution.", []string{"distribution", "tweedie"}},
		{"tweedie power", "count", "tweedie_power", "between 1 and 2 (exclusive)", []string{"distribution", "tweedie", "tweedie_power", "2"}},
		{"laplace of classes", "yb", "distribution", "Laplace requires the response to be numeric.", []string{"distribution", "laplace"}},
		{"quasibinomial", "bin", "", "", []string{"distribution", "quasibinomial", "stopping_rounds", "2", "stopping_metric", "AUC"}},
		{"quasibinomial of classes", "yb", "distribution", "Quasibinomial requires the response to be numeric.", []string{"distribution", "quasibinomial"}},
		{"quasibinomial of others", "two", "distribution", "Quasibinomial requires the response to be binary", []string{"distribution", "quasibinomial"}},
		{"bernoulli of numbers", "bin", "distribution", "Binomial requires the response to be a 2-class categorical", []string{"distribution", "bernoulli"}},
		{"ordinal", "ym", "distribution", "Invalid distribution: ordinal", []string{"distribution", "ordinal"}},
		{"monotone", "y", "", "", []string{"monotone_constraints", mono}},
		{"monotone 0", "y", "", "", []string{"monotone_constraints", `[{"key":"x1","value":0}]`}},
		{"monotone twice", "y", "monotone_constraints", "Feature 'x1' has multiple constraints.", []string{"monotone_constraints", `[{"key":"x1","value":1},{"key":"x1","value":-1}]`}},
		{"monotone unknown", "y", "monotone_constraints", "Invalid constraint - there is no column 'nosuch' in the training frame.", []string{"monotone_constraints", `[{"key":"nosuch","value":1}]`}},
		{"monotone category", "y", "monotone_constraints", "Invalid constraint - column 'c' has type Enum. Only numeric columns can have monotonic constraints.", []string{"monotone_constraints", `[{"key":"c","value":1}]`}},
		{"monotone bernoulli", "yb", "", "", []string{"monotone_constraints", mono}},
		{"monotone quantile", "y", "", "", []string{"monotone_constraints", mono, "distribution", "quantile"}},
		{"monotone tweedie", "count", "", "", []string{"monotone_constraints", mono, "distribution", "tweedie"}},
		{"monotone poisson", "count", "monotone_constraints", "only supported for Gaussian, Bernoulli, Tweedie and Quantile distributions, your distribution: poisson.", []string{"monotone_constraints", mono, "distribution", "poisson"}},
		{"monotone multinomial", "ym", "monotone_constraints", "your distribution: multinomial.", []string{"monotone_constraints", mono}},
		{"interactions", "y", "", "", []string{"interaction_constraints", `[["x1","x2"],["c"]]`}},
		{"interactions unknown", "y", "interaction_constraints", "Invalid interaction constraint - there is no column 'nosuch' in the training frame.", []string{"interaction_constraints", `[["nosuch"]]`}},
		{"interactions response", "y", "interaction_constraints", "Column with the name 'y' is used as response column and cannot be used in interaction.", []string{"interaction_constraints", `[["x1","y"]]`}},
		{"interactions weights", "y", "interaction_constraints", "Column with the name 'w' is used as weights column and cannot be used in interaction.", []string{"interaction_constraints", `[["x1","w"]]`, "weights_column", "w", "ignored_columns", `["yb","ym","count","two","bin"]`}},
		{"interactions ignored", "y", "interaction_constraints", "Column with the name 'yb' is set in ignored columns and cannot be used in interaction.", []string{"interaction_constraints", `[["x1","yb"]]`}},
		{"checkpoint", "y", "", "", []string{"checkpoint", "base", "ntrees", "3"}},
		{"checkpoint of as many trees", "y", "ntrees", "If checkpoint is specified then requested ntrees must be higher than 3", []string{"checkpoint", "base", "ntrees", "2"}},
		{"checkpoint deeper", "y", "max_depth", "cannot be modified if checkpoint is specified!", []string{"checkpoint", "base", "max_depth", "4"}},
		{"checkpoint of another distribution", "y", "checkpoint", "gaussian", []string{"checkpoint", "base", "distribution", "laplace"}},
		{"checkpoint with folds", "y", "checkpoint", "cross-validation", []string{"checkpoint", "base", "nfolds", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := w.prepare(append(rest(c.response), c.kv...)...)
			var errors []string
			for _, i := range issues {
				if i.Severity == param.Error {
					errors = append(errors, i.Field)
					require.Contains(t, i.Message, c.text)
				}
			}
			if c.field == "" {
				require.Empty(t, errors, "%+v", issues)
			} else {
				require.Equal(t, []string{c.field}, errors, "%+v", issues)
			}
		})
	}
}

// What this server does not do is refused, each with its own name; the values that
// clients send when nothing is asked for are not.
func TestCheck_Refused(t *testing.T) {
	w := newWorld(300)
	for name, value := range map[string]string{
		"r2_stopping": "0.9", "custom_metric_func": "f", "custom_distribution_func": "f", "distribution": "custom",
	} {
		t.Run(name, func(t *testing.T) {
			_, issues := w.prepare(name, value)
			require.Len(t, issues, 1)
			require.Equal(t, name, issues[0].Field)
			require.Equal(t, param.Later, issues[0].Cause)
			require.Contains(t, issues[0].Message, name+" is not available")
		})
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
		require.Equal(t, want, trial.Actual(m, name), name)
	}
	m = w.train(t, "response_column", "yb", "distribution", "multinomial", "seed", "-1", "nfolds", "2")
	require.Equal(t, "bernoulli", trial.Actual(m, "distribution"))
	require.Equal(t, int64(9), trial.Actual(m, "seed"))
	require.Equal(t, "Random", trial.Actual(m, "fold_assignment"))
	require.Equal(t, "multinomial", trial.Actual(w.train(t, "response_column", "ym"), "distribution"))
}

// What a caller may not have meant is told, and nothing else is.
func TestCheck_Warnings(t *testing.T) {
	const rates, numbers = "_sample_rate is ignored if _sample_rate_per_class is specified.", "only 2 unique values (0/1)"
	w := newWorld(300)
	flag := make([]float64, 300)
	for i := range flag {
		flag[i] = float64(i % 2)
	}
	w = world{"train": with(w["train"], "flag", frame.NewFloats(flag))}
	for _, c := range []struct {
		name, text string
		kv         []string
	}{
		{"rates of classes", rates, []string{"response_column", "yb", "sample_rate_per_class", "[0.5,1]"}},
		{"no rates of classes", "", []string{"response_column", "yb", "sample_rate", "0.5"}},
		{"two numbers", numbers, []string{"response_column", "flag"}},
		{"two numbers are two classes", "", []string{"response_column", "flag", "distribution", "quasibinomial"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := w.prepare(c.kv...)
			require.False(t, issues.Fatal(), "%+v", issues)
			for _, text := range []string{rates, numbers} {
				found := slices.ContainsFunc(issues, func(i param.Issue) bool { return strings.Contains(i.Message, text) })
				require.Equal(t, text == c.text, found, "%+v", issues)
			}
		})
	}
}
