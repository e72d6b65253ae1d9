package xgboost

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/table"
)

// steps lists the steps of a history.
func steps(m model.Model) (out []int) {
	for _, h := range m.Info().History {
		out = append(out, h.Step)
	}
	return out
}

// cells returns a column of the scoring history.
func cells(t *testing.T, m model.Model, title string) []float64 {
	t.Helper()
	c := m.Info().HistoryTable().Column(title)
	require.NotNil(t, c, title)
	var out []float64
	for _, v := range c.Cells {
		out = append(out, v.(float64))
	}
	return out
}

// Same seed and threads, same bytes; another seed, others.
func TestDeterminism(t *testing.T) {
	w := newWorld(500)
	for _, kv := range [][]string{
		{"tree_method", "hist"}, {"tree_method", "exact", "response_column", "ym"}, {"tree_method", "approx"}, {"booster", "dart", "rate_drop", "0.3"},
		{"booster", "gblinear", "response_column", "yb"},
	} {
		kv = append(kv, "sample_rate", "0.7", "nthread", "2")
		a := w.train(t, kv...)
		require.True(t, payload(t, a) == payload(t, w.train(t, kv...)), "%v", kv)
		if kv[1] != "gblinear" { // it draws nothing
			require.False(t, payload(t, a) == payload(t, w.train(t, append(kv, "seed", "2")...)), "%v", kv)
		}
	}
}

// Dense or sparse, the data are the same: zeros of numbers are no gaps.
func TestMatrixType(t *testing.T) {
	w := newWorld(500)
	for _, kv := range [][]string{nil, {"response_column", "yb"}, {"booster", "gblinear"}} {
		a := score(t, w.train(t, append(kv, "dmatrix_type", "dense")...), w.frames["test"])
		b := score(t, w.train(t, append(kv, "dmatrix_type", "sparse")...), w.frames["test"])
		require.InDeltaSlice(t, a[0], b[0], 1e-5)
	}
	// Auto goes by the share of entries: a category of twelve levels is mostly zeros.
	m := w.train(t)
	require.Equal(t, "sparse", trial.Actual(m, "dmatrix_type"))
	require.Equal(t, 1.0, m.Info().Numbers["sparse"])
	m = w.train(t, "ignored_columns", strings.Replace(ignored, "[", `["d",`, 1))
	require.Equal(t, "dense", trial.Actual(m, "dmatrix_type"))
	require.Equal(t, 0.0, m.Info().Numbers["sparse"])
}

// Rows of weight 0 leave no trace, and a weight of k is the row k times.
func TestWeights(t *testing.T) {
	w := newWorld(400)
	f := w.frames["train"]
	var rows []int
	for i, v := range f.Lookup("w").Floats(0, f.NumRows(), nil) {
		for range int(v) {
			rows = append(rows, i)
		}
	}
	w.frames["repeated"] = f.Gather(rows)
	a := w.train(t, "weights_column", "w", "ignored_columns", strings.Replace(ignored, `"w",`, "", 1))
	b := w.train(t, "training_frame", "repeated")
	require.InDeltaSlice(t, score(t, b, w.frames["test"])[0], score(t, a, w.frames["test"])[0], 1e-5)
	require.InEpsilon(t, b.Info().Train.MSE, a.Info().Train.MSE, 1e-6)
}

// A constraint holds for every row.
func TestMonotone(t *testing.T) {
	w := newWorld(500)
	for _, method := range []string{"exact", "hist"} {
		m := w.train(t, "tree_method", method, "monotone_constraints", `[{"key":"x2","value":1}]`, "max_depth", "6", "ntrees", "20")
		require.Equal(t, "(0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0)", native(t, m, "monotone_constraints"))
		f := w.frames["test"]
		last := make([]float64, f.NumRows())
		for i := range last {
			last[i] = math.Inf(-1)
		}
		for k := range 30 {
			p := score(t, m, f.Replace(f.Index("x2"), frame.NewConst(float64(k)/29, f.NumRows())))[0]
			for i := range p {
				require.GreaterOrEqual(t, p[i], last[i])
			}
			last = p
		}
	}
}

// Columns of different sets never meet on a path; a category counts as one.
func TestInteractions(t *testing.T) {
	w := newWorld(500)
	m := w.train(t, "tree_method", "hist", "max_depth", "6", "interaction_constraints", `[["x1","c"],["x2","d"]]`).(*Model)
	sets := []map[string]bool{{"x1": true, "c": true}, {"x2": true, "d": true}}
	names := m.info.Names
	var walk func(at int32, path []string)
	walk = func(at int32, path []string) {
		f := m.forest
		if f.Left[at] < 0 {
			return
		}
		path = append(path, names[f.Feature[at]])
		fits := len(slices.Compact(slices.Clone(path))) == 1 // a column of no set is alone with itself
		for _, s := range sets {
			all := true
			for _, name := range path {
				all = all && s[name]
			}
			fits = fits || all
		}
		require.True(t, fits, "%v", path)
		walk(f.Left[at], path)
		walk(f.Right[at], path)
	}
	for _, r := range m.forest.Roots {
		walk(r, nil)
	}
}

// native returns a native parameter as it is shown.
func native(t *testing.T, m model.Model, name string) any {
	t.Helper()
	x := m.Info().Tables["native_parameters"]
	for i, n := range x.Columns[1].Cells {
		if n == name {
			return x.Columns[2].Cells[i]
		}
	}
	t.Fatalf("no native parameter %s", name)
	return nil
}

// Training that goes on is the training that was never interrupted.
func TestCheckpoint(t *testing.T) {
	w := newWorld(400)
	for _, kv := range [][]string{nil, {"response_column", "ym", "tree_method", "hist"}, {"booster", "dart", "rate_drop", "0"}, {"booster", "gblinear"}, {"dmatrix_type", "dense"}} {
		whole := w.train(t, kv...)
		w.models["first"] = w.train(t, append(kv, "ntrees", "5")...)
		if kv != nil && kv[0] == "dmatrix_type" {
			kv = nil // it follows the model
		}
		next := w.train(t, append(kv, "checkpoint", "first")...)
		a, b := score(t, whole, w.frames["test"]), score(t, next, w.frames["test"])
		for k := range a {
			require.InDeltaSlice(t, a[k], b[k], 1e-6, "%v", kv)
		}
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, steps(next))
		require.Equal(t, int64(8), next.Info().Summary.Column("Number of Trees").Cells[0])
	}
	_, issues := w.prepare("checkpoint", "first", "max_depth", "3")
	require.ErrorContains(t, issues.Err(), "Field _max_depth cannot be modified if checkpoint is specified!")
	_, issues = w.prepare("checkpoint", "first", "ntrees", "5")
	require.ErrorContains(t, issues.Err(), "requested ntrees must be higher than 6")
}

// The time of a training that goes on counts from where the first one has ended.
func TestCheckpoint_Durations(t *testing.T) {
	need(t)
	w := newWorld(100)
	train := func(kv map[string]string) model.Model {
		env, now := w.env(), time.Unix(0, 0)
		env.Now = func() time.Time { now = now.Add(time.Second); return now }
		raw := map[string]string{"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "score_each_iteration": "true"}
		maps.Copy(raw, kv)
		run, issues := Algo.Prepare(raw, env)
		require.NoError(t, issues.Err())
		res, err := run.Train(t.Context(), model.Hooks{})
		require.NoError(t, err)
		return res.Model
	}
	w.models["first"] = train(map[string]string{"ntrees": "3"})
	next := train(map[string]string{"ntrees": "6", "checkpoint": "first"})
	var took []time.Duration
	for _, s := range next.Info().Identity.Times {
		took = append(took, s.Duration)
	}
	require.Len(t, took, len(steps(next)))
	require.IsIncreasing(t, took)
}

// Early stopping looks at our metrics, on the validation frame where there is one.
func TestEarlyStopping(t *testing.T) {
	w := newWorld(300)
	m := w.train(t, "ntrees", "200", "stopping_rounds", "2", "stopping_metric", "RMSE", "stopping_tolerance", "0.01", "validation_frame", "test", "score_tree_interval", "2")
	n := trial.Actual(m, "ntrees").(int)
	require.Less(t, n, 100)
	h := steps(m)
	require.Equal(t, n, h[len(h)-1])
	require.Equal(t, 2, h[1]-h[0])
	require.Equal(t, n, m.(*Model).forest.Trees())
	// Folds give the main model their mean.
	m = w.train(t, "ntrees", "200", "stopping_rounds", "2", "stopping_tolerance", "0.01", "nfolds", "3", "score_tree_interval", "2")
	require.Less(t, trial.Actual(m, "ntrees").(int), 150)
	require.Equal(t, 0, trial.Actual(m, "stopping_rounds"))
}

// The library's metric is a column of the history, equal to ours where we have it.
func TestEvalMetric(t *testing.T) {
	w := newWorld(300)
	m := w.train(t, "eval_metric", "rmse", "validation_frame", "test")
	require.InDeltaSlice(t, cells(t, m, "Training RMSE"), cells(t, m, "Training Custom"), 1e-5)
	require.InDeltaSlice(t, cells(t, m, "Validation RMSE"), cells(t, m, "Validation Custom"), 1e-5)
	m = w.train(t, "eval_metric", "error@0.3", "response_column", "yb")
	require.Len(t, cells(t, m, "Training Custom"), 9)

	// Nothing else is computed on the way, but the model is measured in full.
	m = w.train(t, "eval_metric", "mae", "score_eval_metric_only", "true", "ntrees", "100", "stopping_rounds", "2", "stopping_metric", "custom", "stopping_tolerance", "0.05", "score_each_iteration", "true")
	mae, custom := cells(t, m, "Training MAE"), cells(t, m, "Training Custom")
	last := len(mae) - 1
	require.Less(t, last, 99)
	require.Equal(t, last, trial.Actual(m, "ntrees"))
	require.True(t, math.IsNaN(mae[1]) && !math.IsNaN(custom[1]))
	require.InDelta(t, custom[last], mae[last], 1e-5)
	require.InDelta(t, mae[last], m.Info().Train.Regression.MAE, 1e-12)
	m = w.train(t, "eval_metric", "auc", "response_column", "yb", "ntrees", "100", "stopping_rounds", "2", "stopping_metric", "custom_increasing", "stopping_tolerance", "0.01")
	require.Less(t, trial.Actual(m, "ntrees").(int), 100)
}

// The shared blocks work around the library: encodings, folds, calibration.
func TestBlocks(t *testing.T) {
	w := newWorld(400)
	for _, scheme := range []string{"OneHotInternal", "OneHotExplicit", "Binary", "Eigen", "LabelEncoder", "SortByResponse", "EnumLimited"} {
		m := w.train(t, "categorical_encoding", scheme, "response_column", "yb", "nfolds", "2", "calibrate_model", "true", "calibration_frame", "test", "validation_frame", "test")
		agree(t, m, w.frames["train"])
		agree(t, m, w.frames["test"])
		require.Equal(t, scheme, trial.Actual(m, "categorical_encoding"))
		require.NotNil(t, m.Info().CrossValid)
		require.NotNil(t, m.Info().Calibration)
		got, _, _, err := model.Performance(t.Context(), m, w.frames["test"], metrics.Options{GainsLiftBins: -1})
		require.NoError(t, err)
		require.Equal(t, m.Info().Valid.MSE, got.MSE, scheme)
		require.Greater(t, m.Info().CrossValid.Binomial.AUC, 0.7, scheme)
	}
}

// The deviance is that of the distribution, in training, in scoring and after a
// restart.
func TestDeviance(t *testing.T) {
	w := newWorld(300)
	for _, kv := range [][]string{{"distribution", "poisson", "response_column", "yc"}, {"distribution", "gamma", "response_column", "yp"}, {"distribution", "tweedie", "tweedie_power", "1.2", "response_column", "yc"}} {
		m := w.train(t, kv...)
		family := m.(model.Distributed).Family()
		require.Equal(t, kv[1], family.Name())
		f := w.frames["train"]
		mu, y := score(t, m, f)[0], f.Lookup(kv[len(kv)-1]).Floats(0, f.NumRows(), nil)
		sum := 0.0
		for i := range y {
			sum += family.Deviance(1, y[i], mu[i])
		}
		require.InEpsilon(t, sum/float64(len(y)), m.Info().Train.Regression.MeanResidualDeviance, 1e-9)
		b, err := m.Payload()
		require.NoError(t, err)
		again, err := load(m.Info(), b)
		require.NoError(t, err)
		require.Equal(t, family, again.(model.Distributed).Family())
		deviance := cells(t, m, "Training Deviance")
		require.Less(t, deviance[len(deviance)-1], deviance[0])
	}
}

// A cancelled training leaves what it has learnt, complete.
func TestCancel(t *testing.T) {
	need(t)
	w := newWorld(300)
	run, issues := w.prepare("score_each_iteration", "true")
	require.NoError(t, issues.Err())
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	res, err := run.Train(ctx, model.Hooks{Progress: func(float64, string) {
		if rounds++; rounds == 3 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, rounds)
	require.Equal(t, []int{0, 1, 2, 3}, steps(res.Model))
	agree(t, res.Model, w.frames["test"])
	b, err := res.Model.Payload()
	require.NoError(t, err)
	again, err := load(res.Model.Info(), b)
	require.NoError(t, err)
	require.Equal(t, score(t, res.Model, w.frames["test"]), score(t, again, w.frames["test"]))
}

// Out of time, a training ends after the round at hand.
func TestDeadline(t *testing.T) {
	need(t)
	w := newWorld(200)
	env := w.env()
	now := time.Unix(0, 0)
	env.Now = func() time.Time { now = now.Add(time.Second); return now }
	raw, _ := w.prepare("max_runtime_secs", "10", "ntrees", "1000")
	require.NotNil(t, raw)
	run, issues := Algo.Prepare(map[string]string{
		"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "ntrees": "1000", "max_runtime_secs": "30",
	}, env)
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	n := trial.Actual(res.Model, "ntrees").(int)
	require.True(t, n >= 1 && n < 40, "%d rounds", n)
}

// A value that only the library can judge comes back as the caller's fault.
func TestExplained(t *testing.T) {
	for text, field := range map[string]string{
		"value 2 for Parameter subsample should be smaller equal to 1":     "subsample",
		"Invalid Parameter format for max_depth expect int but value='x'":  "",
		"value 0 for Parameter max_bin should be greater equal to 2":       "max_bins",
		"value -1 for Parameter reg_lambda should be greater equal to 0":   "reg_lambda",
		"value 9 for Parameter tweedie_variance_power should be less than": "tweedie_power",
		"out of memory": "",
	} {
		err := explained(&errs.Error{Msg: text})
		require.Equal(t, errs.Invalid, errs.KindOf(err))
		var e *errs.Error
		require.ErrorAs(t, err, &e)
		if field != "" {
			require.Equal(t, field, e.Field, text)
		}
		require.Contains(t, err.Error(), text)
	}
}

// What the library is told, by version.
func TestSent(t *testing.T) {
	list := []setting{{"silent", true}, {"nround", int64(5)}, {"max_depth", int64(0)}, {"gpu_id", int64(2)}, {"tree_method", "gpu_hist"}, {"eta", 0.25}}
	require.Equal(t, [][2]string{{"base_score", "0.5"}, {"verbosity", "0"}, {"max_depth", "0"}, {"tree_method", "hist"}, {"eta", "0.25"}, {"device", "cuda:2"}},
		sent(list, libxgboost.Version{Major: 3, Minor: 2}))
	require.Equal(t, [][2]string{{"base_score", "0.5"}, {"verbosity", "0"}, {"max_depth", "0"}, {"gpu_id", "2"}, {"tree_method", "gpu_hist"}, {"eta", "0.25"}},
		sent(list, libxgboost.Version{Major: 1, Minor: 7}))
	require.Equal(t, [][2]string{{"base_score", "0.5"}, {"verbosity", "1"}, {"max_depth", "2147483647"}, {"tree_method", "exact"}, {"device", "cpu"}},
		sent([]setting{{"silent", false}, {"max_depth", int64(0)}, {"tree_method", "exact"}}, libxgboost.Version{Major: 2}))
}

// Without a limit trees grow until nothing is left to split.
func TestUnlimitedDepth(t *testing.T) {
	w := newWorld(300)
	for _, method := range []string{"exact", "hist", "approx"} {
		m := w.train(t, "tree_method", method, "max_depth", "0", "ntrees", "2", "min_rows", "0", "reg_lambda", "0").(*Model)
		require.Greater(t, len(m.forest.Left), 300, method)
	}
}

// Damaged payloads are refused.
func TestLoad_Errors(t *testing.T) {
	w := newWorld(200)
	m := w.train(t, "response_column", "yb")
	b, err := m.Payload()
	require.NoError(t, err)
	other := *m.Info()
	other.Predictors--
	linear := w.train(t, "booster", "gblinear", "response_column", "ym")
	lb, err := linear.Payload()
	require.NoError(t, err)
	regression := w.train(t)
	for name, c := range map[string]struct {
		info *model.Info
		b    []byte
	}{
		"no bytes":       {m.Info(), nil},
		"other columns":  {&other, b},
		"other classes":  {regression.Info(), b},
		"other category": {m.Info(), lb},
		"cut":            {m.Info(), b[:len(b)-9]},
	} {
		_, err := load(c.info, c.b)
		require.Error(t, err, name)
	}
	again, err := load(linear.Info(), lb)
	require.NoError(t, err)
	require.Equal(t, 8, again.(trained).learnt().rounds)
}

// Tables as the wire wants them.
func TestTables(t *testing.T) {
	w := newWorld(300)
	m := w.train(t)
	info := m.Info()
	for name, x := range map[string]*table.Table{
		"Variable Importances": info.Importance, "Variable Importances - Cover": info.Tables["variable_importances_cover"],
		"Variable Importances - Frequency": info.Tables["variable_importances_frequency"],
	} {
		require.Equal(t, name, x.Name)
		require.Len(t, x.Columns, 4)
		require.Equal(t, 1.0, x.Columns[2].Cells[0])
		sum := 0.0
		for _, v := range x.Columns[3].Cells {
			sum += v.(float64)
		}
		require.InDelta(t, 1, sum, 1e-6)
	}
	linear := w.train(t, "booster", "gblinear").Info()
	require.Nil(t, linear.Importance)
	require.Nil(t, linear.Tables["variable_importances_cover"])
	require.Equal(t, []string{"", "Name", "Value"}, []string{linear.Tables["native_parameters"].Columns[0].Title, linear.Tables["native_parameters"].Columns[1].Title, linear.Tables["native_parameters"].Columns[2].Title})
	_, ok := m.(model.Forested)
	require.True(t, ok)
}
