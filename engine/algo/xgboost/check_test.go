package xgboost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// Each bad value is refused by name, with H2O's words where it has any.
func TestCheck(t *testing.T) {
	need(t)
	for _, c := range []struct {
		name, field, text string
		kv                []string
	}{
		{"Err ntrees", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "0"}},
		{"Err ntrees large", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "100001"}},
		{"Err max_depth", "max_depth", "_max_depth must be >= 0.", []string{"max_depth", "-1"}},
		{"Err learn_rate", "learn_rate", "learn_rate must be between 0 (exclusive) and 1 (inclusive)", []string{"learn_rate", "5"}},
		{"Err eta NaN", "eta", "eta must be between 0 (exclusive) and 1 (inclusive)", []string{"eta", "NaN"}},
		{"Err sample_rate", "sample_rate", "sample_rate must be between", []string{"sample_rate", "0"}},
		{"Err subsample", "subsample", "subsample must be between", []string{"subsample", "1.1"}},
		{"Err col_sample_rate", "col_sample_rate", "col_sample_rate must be between", []string{"col_sample_rate", "-1"}},
		{"Err colsample_bylevel", "colsample_bylevel", "colsample_bylevel must be between", []string{"colsample_bylevel", "0"}},
		{"Err col_sample_rate_per_tree", "col_sample_rate_per_tree", "must be between", []string{"col_sample_rate_per_tree", "2"}},
		{"Err colsample_bytree", "colsample_bytree", "must be between", []string{"colsample_bytree", "0"}},
		{"Err colsample_bynode", "colsample_bynode", "must be between", []string{"colsample_bynode", "0"}},
		{"Err tiny eta", "eta", "eta is 1e-320, too close to 0: its size must be at least 1.18e-38", []string{"eta", "1e-320"}},
		{"Err tiny gamma", "gamma", "too close to 0", []string{"gamma", "1e-40"}},
		{"Err tiny rate_drop", "rate_drop", "too close to 0", []string{"rate_drop", "1e-40", "booster", "dart"}},
		{"Err tiny scale_pos_weight", "scale_pos_weight", "too close to 0", []string{"scale_pos_weight", "1e-40", "response_column", "yb"}},
		{"Err min_rows", "min_rows", "min_rows must be a finite number >= 0", []string{"min_rows", "-1"}},
		{"Err min_child_weight", "min_child_weight", "must be a finite number >= 0", []string{"min_child_weight", "Infinity"}},
		{"Err max_abs_leafnode_pred", "max_abs_leafnode_pred", "must be a finite number >= 0", []string{"max_abs_leafnode_pred", "-1"}},
		{"Err max_delta_step", "max_delta_step", "must be a finite number >= 0", []string{"max_delta_step", "-1"}},
		{"Err min_split_improvement", "min_split_improvement", "must be a finite number >= 0", []string{"min_split_improvement", "-1"}},
		{"Err gamma", "gamma", "must be a finite number >= 0", []string{"gamma", "NaN"}},
		{"Err reg_lambda", "reg_lambda", "must be a finite number >= 0", []string{"reg_lambda", "-1"}},
		{"Err reg_alpha", "reg_alpha", "must be a finite number >= 0", []string{"reg_alpha", "-1"}},
		{"Err rate_drop", "rate_drop", "must be between 0 and 1", []string{"rate_drop", "2", "booster", "dart"}},
		{"Err skip_drop", "skip_drop", "must be between 0 and 1", []string{"skip_drop", "-1", "booster", "dart"}},
		{"Err max_bins", "max_bins", "max_bins must be between 2 and", []string{"max_bins", "1", "tree_method", "hist"}},
		{"Err max_leaves", "max_leaves", "or at least 2", []string{"max_leaves", "1", "tree_method", "hist", "grow_policy", "lossguide"}},
		{"Err nthread", "nthread", "nthread must be -1", []string{"nthread", "-2"}},
		{"Err scale_pos_weight", "scale_pos_weight", "scale_pos_weight must be a positive number", []string{"scale_pos_weight", "0", "response_column", "yb"}},
		{"Err scale_pos_weight of numbers", "scale_pos_weight", "can only be used for binary classification", []string{"scale_pos_weight", "2"}},
		{"Err alias", "learn_rate", "learn_rate and its alias eta are both set to different value than default value. Set eta to default value (0.3), to use learn_rate actual value.", []string{"learn_rate", "0.1", "eta", "0.2"}},
		{"Err alias subsample", "sample_rate", "sample_rate and its alias subsample are both set", []string{"sample_rate", "0.1", "subsample", "0.2"}},
		{"Err approx columns", "tree_method", "approx is not supported with _col_sample_rate", []string{"tree_method", "approx", "col_sample_rate", "0.5"}},
		{"Err approx monotone", "tree_method", "approx is not supported with _monotone_constraints", []string{"tree_method", "approx", "monotone_constraints", `[{"key":"x1","value":1}]`}},
		{"Err exact nodes", "tree_method", "exact is not supported with _colsample_bynode", []string{"tree_method", "exact", "colsample_bynode", "0.5"}},
		{"Err lossguide", "grow_policy", "must use tree_method=hist for grow_policy=lossguide", []string{"grow_policy", "lossguide"}},
		{"Err enum", "categorical_encoding", "Enum encoding is not supported for XGBoost", []string{"categorical_encoding", "Enum"}},
		{"Err gpu_id", "gpu_id", "gpu_id must be one number from 0 on", []string{"gpu_id", "[0,1]"}},
		{"Err gpu depth", "backend", "GPU backend is not available for parameter setting 'max_depth = 0", []string{"backend", "gpu", "max_depth", "0"}},
		{"Err gpu method", "backend", "Only auto and hist are supported", []string{"backend", "gpu", "tree_method", "exact"}},
		{"Err gpu policy", "backend", "'grow_policy = lossguide'", []string{"backend", "gpu", "tree_method", "hist", "grow_policy", "lossguide"}},
		{"Err eval_metric", "eval_metric", `eval_metric "rmsf" is not known for this training (Regression); use one of rmse,`, []string{"eval_metric", "rmsf"}},
		{"Err eval_metric with a number", "eval_metric", "rmse takes no number", []string{"eval_metric", "rmse@3"}},
		{"Err eval_metric threshold", "eval_metric", "needs a finite threshold, as in error@0.3", []string{"eval_metric", "error@abc", "response_column", "yb"}},
		{"Err eval_metric threshold NaN", "eval_metric", "needs a finite threshold", []string{"eval_metric", "error@NaN", "response_column", "yb"}},
		{"Err eval_metric without power", "eval_metric", "needs a variance power between 1 and 2", []string{"eval_metric", "tweedie-nloglik"}},
		{"Err eval_metric power", "eval_metric", "needs a variance power between 1 and 2", []string{"eval_metric", "tweedie-nloglik@2"}},
		{"Err eval_metric of classes", "eval_metric", `eval_metric "logloss" is not known`, []string{"eval_metric", "logloss"}},
		{"Err custom without metric", "stopping_metric", "stopping_metric custom needs an eval_metric", []string{"stopping_rounds", "1", "stopping_metric", "custom"}},
		{"Err custom the wrong way", "stopping_metric", "stopping_metric of eval_metric auc must be custom_increasing", []string{"stopping_rounds", "1", "stopping_metric", "custom", "eval_metric", "auc", "response_column", "yb"}},
		{"Err own metric only", "stopping_metric", "must be custom or custom_increasing", []string{"stopping_rounds", "1", "eval_metric", "mae", "score_eval_metric_only", "true"}},
		{"Err stopping_metric", "stopping_metric", "stopping_metric AUC does not apply", []string{"stopping_rounds", "1", "stopping_metric", "AUC"}},
		{"Err lift without table", "stopping_metric", "gainslift_bins must not be 0", []string{"stopping_rounds", "1", "stopping_metric", "lift_top_group", "gainslift_bins", "0", "response_column", "yb"}},
		{"Err stopping_tolerance", "stopping_tolerance", "Stopping tolerance must be < 1.", []string{"stopping_tolerance", "2"}},
		{"Err constant response", "response", "Response cannot be constant.", []string{"response_column", "k"}},
		{"Err gaps in response", "response_column", "Response contains missing values (NAs) - not supported by XGBoost.", []string{"response_column", "x2"}},
		{"Err binomial", "distribution", "Binomial requires the response to be a 2-class categorical", []string{"distribution", "bernoulli"}},
		{"Err multinomial", "distribution", "Multinomial requires an categorical response.", []string{"distribution", "multinomial"}},
		{"Err gaussian", "distribution", "Gaussian requires the response to be numeric.", []string{"distribution", "gaussian", "response_column", "yb"}},
		{"Err poisson", "distribution", "Poisson requires the response to be numeric.", []string{"distribution", "poisson", "response_column", "ym"}},
		{"Err poisson below zero", "response_column", "distribution poisson needs a response of at least 0; the least is", []string{"distribution", "poisson"}},
		{"Err gamma of zero", "response_column", "of at least 0, 0 excluded", []string{"distribution", "gamma", "response_column", "yc"}},
		{"Err tweedie", "distribution", "Tweedie requires the response to be numeric.", []string{"distribution", "tweedie", "response_column", "yb"}},
		{"Err tweedie_power", "tweedie_power", "Tweedie power must be between 1 and 2.", []string{"distribution", "tweedie", "tweedie_power", "2", "response_column", "yc"}},
		{"Err tweedie_power of 32 bits", "tweedie_power", "Tweedie power must be between 1 and 2.", []string{"distribution", "tweedie", "tweedie_power", "1.9999999999", "response_column", "yc"}},
		{"Err quasibinomial", "distribution", "Quasibinomial is not supported for XGBoost", []string{"distribution", "quasibinomial", "response_column", "yb"}},
		{"Err huber", "distribution", "No support for distribution=huber; use AUTO,", []string{"distribution", "huber"}},
		{"Err offset of classes", "offset_column", "Offset is not supported for multinomial distribution.", []string{"offset_column", "o", "response_column", "ym"}},
		{"Err monotone category", "monotone_constraints", "Invalid constraint - column 'c' has type Enum. Only numeric columns can have monotonic constraints.", []string{"monotone_constraints", `[{"key":"c","value":1}]`}},
		{"Err monotone unknown", "monotone_constraints", "there is no column 'z' in the training frame.", []string{"monotone_constraints", `[{"key":"z","value":1}]`}},
		{"Err monotone NaN", "monotone_constraints", "column 'x1' has no direction: use 1, -1 or 0.", []string{"monotone_constraints", `[{"key":"x1","value":NaN}]`}},
		{"Err monotone twice", "monotone_constraints", "appears more than once", []string{"monotone_constraints", `[{"key":"x1","value":1},{"key":"x1","value":-1}]`}},
		{"Err monotone linear", "monotone_constraints", "needs a booster of trees", []string{"monotone_constraints", `[{"key":"x1","value":1}]`, "booster", "gblinear"}},
		{"Err interaction response", "interaction_constraints", "'y' is used as response column", []string{"interaction_constraints", `[["x1","y"]]`}},
		{"Err interaction ignored", "interaction_constraints", "'w' is used as ignored column", []string{"interaction_constraints", `[["x1","w"]]`}},
		{"Err interaction unknown", "interaction_constraints", "'z' is not in the frame.", []string{"interaction_constraints", `[["x1","z"]]`}},
		{"Err interaction empty", "interaction_constraints", "a set without columns", []string{"interaction_constraints", `[[]]`}},
		{"Err interaction encoding", "interaction_constraints", "No support interaction constraint for categorical encoding = Binary.", []string{"interaction_constraints", `[["x1","x2"]]`, "categorical_encoding", "Binary"}},
		{"Err interaction linear", "interaction_constraints", "needs a booster of trees", []string{"interaction_constraints", `[["x1","x2"]]`, "booster", "gblinear"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(60)
			f := w.frames["train"]
			w.frames["train"] = frame.Must(f.With("k", frame.NewConst(7, f.NumRows())))
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

// What cannot be had here says so; what has no effect is no error, but told.
func TestCheck_Unavailable(t *testing.T) {
	b := need(t)
	w := newWorld(60)
	refused := map[string]string{"custom_metric_func": "f", "save_matrix_directory": "dir"}
	if !b.CUDA {
		refused["backend"] = "gpu"
	}
	for name, value := range refused {
		_, issues := w.prepare(name, value)
		require.Error(t, issues.Err(), name)
		require.Equal(t, name, issues[0].Field)
		require.Equal(t, param.Later, issues[0].Cause)
		require.Equal(t, errs.Unavailable, errs.KindOf(issues[0].Err))
		require.Contains(t, issues[0].Message, name)
		require.Contains(t, issues[0].Message, "not available")
	}
	for _, kv := range [][]string{
		{"rate_drop", "0.5"}, {"one_drop", "true"}, {"skip_drop", "0.5"}, {"sample_type", "weighted"}, {"normalize_type", "forest"}, {"max_leaves", "5"},
		{"max_bins", "20", "backend", "cpu"}, {"max_bins", "20", "gpu_id", "1000"}, {"tree_method", "hist", "booster", "gblinear"}, {"min_rows", "2", "booster", "gblinear"}, {"gamma", "1", "booster", "gblinear"}, {"score_eval_metric_only", "true"},
	} {
		_, issues := w.prepare(kv...)
		require.NoError(t, issues.Err())
		require.NotEmpty(t, issues, kv[0])
		require.Equal(t, param.Warn, issues[len(issues)-1].Severity)
	}
}

// What a client sends when nothing is asked for is fine, and says nothing.
func TestCheck_Defaults(t *testing.T) {
	need(t)
	var kv []string
	for _, p := range Algo.Metadata() {
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
	_, issues := newWorld(60).prepare(kv...)
	require.Empty(t, issues)
}

// Of two names for one parameter XGBoost's counts where it says something, and both
// show what counts.
func TestAliases(t *testing.T) {
	w := newWorld(100)
	m := w.train(t, "eta", "0.1", "sample_rate", "0.5", "min_rows", "3", "min_child_weight", "7", "min_split_improvement", "0.5", "max_delta_step", "2", "colsample_bytree", "0.5", "col_sample_rate", "0.75")
	for name, want := range map[string]float64{
		"learn_rate": 0.1, "eta": 0.1, "sample_rate": 0.5, "subsample": 0.5, "min_rows": 7, "min_child_weight": 7, "min_split_improvement": 0.5, "gamma": 0.5,
		"max_abs_leafnode_pred": 2, "max_delta_step": 2, "col_sample_rate_per_tree": 0.5, "colsample_bytree": 0.5, "col_sample_rate": 0.75, "colsample_bylevel": 0.75,
	} {
		require.Equal(t, want, trial.Actual(m, name), name)
	}
}

// Actual values as H2O shows them.
func TestActualParameters(t *testing.T) {
	w := newWorld(100)
	m := w.train(t)
	for name, want := range map[string]any{
		"distribution": "gaussian", "categorical_encoding": "OneHotInternal", "calibration_method": "PlattScaling", "stopping_metric": nil, "fold_assignment": nil,
		"ntrees": 8, "seed": int64(1), "tree_method": "exact", "dmatrix_type": "sparse", "backend": "cpu", "booster": "gbtree", "nthread": 1, "max_depth": 4,
	} {
		require.Equal(t, want, trial.Actual(m, name), name)
	}
	m = w.train(t, "response_column", "ym", "seed", "-1", "nfolds", "2", "stopping_rounds", "2", "eval_metric", "merror", "stopping_metric", "custom", "tree_method", "hist", "dmatrix_type", "dense")
	for name, want := range map[string]any{
		"distribution": "multinomial", "seed": int64(9), "fold_assignment": "Random", "tree_method": "hist", "dmatrix_type": "dense", "stopping_metric": "custom",
	} {
		require.Equal(t, want, trial.Actual(m, name), name)
	}
	require.Equal(t, 0.0, m.Info().Numbers["sparse"])
}

// Columns drawn for each node need a method that can do it, which auto finds.
func TestColumnsOfNodes(t *testing.T) {
	w := newWorld(100)
	m := w.train(t, "colsample_bynode", "0.3")
	require.Equal(t, "hist", trial.Actual(m, "tree_method"))
	all := w.train(t, "tree_method", "hist")
	require.NotEqual(t, score(t, all, w.frames["train"]), score(t, m, w.frames["train"]))
}
