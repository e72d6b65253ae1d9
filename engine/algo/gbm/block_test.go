package gbm_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
)

// The shared blocks do for this algorithm what they say: encodings, balancing,
// calibration.
func TestBlocks_Encoding(t *testing.T) {
	w := newWorld(600)
	plain := w.on(t, w.train(t, "ntrees", "30"), "test").RMSE
	seen := map[string]string{}
	for _, e := range []string{"Enum", "OneHotExplicit", "Binary", "Eigen", "LabelEncoder", "SortByResponse", "EnumLimited"} {
		m := w.train(t, "ntrees", "30", "categorical_encoding", e)
		require.Equal(t, e, trial.Actual(m, "categorical_encoding"))
		require.Less(t, w.on(t, m, "test").RMSE, 1.3*plain, e)
		require.Equal(t, predicted(t, m, w["test"]), predicted(t, reread(t, m), w["test"]), e)
		if e != "Enum" && e != "EnumLimited" { // five levels are few enough
			require.NotEqual(t, "Enum", seen[payload(t, m)], e)
		}
		seen[payload(t, m)] = e
	}
	require.Equal(t, "Enum", trial.Actual(w.train(t), "categorical_encoding"))
	_, issues := w.prepare("categorical_encoding", "OneHotInternal")
	require.ErrorContains(t, issues.Err(), "Cannot use OneHotInternal categorical encoding for tree methods.")
	m := w.train(t, "categorical_encoding", "OneHotExplicit", "monotone_constraints", `[{"key":"x1","value":-1}]`, "ntrees", "10")
	require.Zero(t, falls(t, w, m, "x1", -1))
}

func TestBlocks_Balancing(t *testing.T) {
	w := newWorld(900)
	kv := []string{"response_column", "yb", "balance_classes", "true", "ntrees", "20"}
	plain, m := w.train(t, "response_column", "yb", "ntrees", "20"), w.train(t, append(kv, "class_sampling_factors", "[1,3]")...)
	require.Greater(t, rootCover(t, m), 1.2*rootCover(t, plain))
	require.Greater(t, m.Info().Numbers["init_f"], plain.Info().Numbers["init_f"]+0.8)
	mean := func(v []float64) (s float64) {
		for _, x := range v {
			s += x / float64(len(v))
		}
		return s
	}
	require.InDelta(t, mean(predicted(t, plain, w["test"])), mean(predicted(t, m, w["test"])), 0.05, "probabilities are corrected back")
}

func TestBlocks_Calibration(t *testing.T) {
	w := newWorld(900)
	for _, method := range []string{"AUTO", "PlattScaling", "IsotonicRegression"} {
		m := w.train(t, "response_column", "yb", "calibrate_model", "true", "calibration_frame", "test", "calibration_method", method, "ntrees", "30")
		p, _, err := model.Predict(t.Context(), m, w["test"], 0)
		require.NoError(t, err)
		require.Equal(t, 5, p.NumCols(), "%v", method)
		for _, v := range p.Column(4).Floats(0, p.NumRows(), nil) {
			require.True(t, v >= 0 && v <= 1 && !math.IsNaN(v))
		}
	}
	require.Equal(t, "PlattScaling", trial.Actual(w.train(t), "calibration_method"))
}

// Early stopping by each metric that fits.
func TestStopping_Metrics(t *testing.T) {
	w := newCounts(500)
	for response, list := range map[string][]string{
		"positive": {"AUTO", "deviance", "MSE", "RMSE", "MAE", "RMSLE"},
		"yb":       {"AUTO", "logloss", "MSE", "RMSE", "AUC", "AUCPR", "lift_top_group", "misclassification", "mean_per_class_error"},
		"ym":       {"AUTO", "logloss", "MSE", "RMSE", "AUC", "AUCPR", "misclassification", "mean_per_class_error"},
	} {
		for _, metric := range list {
			m := w.train(t, only(response, "ntrees", "200", "learn_rate", "0.7", "stopping_rounds", "2", "stopping_metric", metric,
				"stopping_tolerance", "0.01", "score_tree_interval", "1", "validation_frame", "test", "auc_type", "MACRO_OVR", "max_depth", "2")...)
			require.Less(t, m.Info().History[len(m.Info().History)-1].Step, 200, "%s %s", response, metric)
		}
	}
}
