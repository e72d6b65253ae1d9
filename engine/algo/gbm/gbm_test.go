package gbm_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
)

func with(f *frame.Frame, name string, c *frame.Column) *frame.Frame {
	if i := f.Index(name); i >= 0 {
		return f.Replace(i, c)
	}
	return frame.Must(f.With(name, c))
}

// frame1 returns a constant number and a constant label.
func frame1(n int) [2]*frame.Column {
	return [2]*frame.Column{frame.NewConst(2, n), frame.NewCodes(make([]int32, n), []string{"only"})}
}

// boost is gradient boosting of squared error with trees of one split on one
// column, in a few lines.
func boost(x, y []float64, trees int, rate, minRows float64) []float64 {
	mean := func(of func(i int) bool, v []float64) (m, n float64) {
		for i := range v {
			if of(i) {
				m, n = m+v[i], n+1
			}
		}
		return m / n, n
	}
	all, _ := mean(func(int) bool { return true }, y)
	f, r := slices.Repeat([]float64{all}, len(y)), make([]float64, len(y))
	for range trees {
		for i := range y {
			r[i] = y[i] - f[i]
		}
		best, at, left, right := 0.0, math.Inf(1), 0.0, 0.0
		total, n := mean(func(int) bool { return true }, r)
		for _, cut := range x {
			ml, nl := mean(func(i int) bool { return x[i] <= cut }, r)
			mr, nr := mean(func(i int) bool { return x[i] > cut }, r)
			if gain := nl*ml*ml + nr*mr*mr - n*total*total; nl >= minRows && nr >= minRows && gain > best {
				best, at, left, right = gain, cut, ml, mr
			}
		}
		for i := range f {
			if x[i] <= at {
				f[i] += rate * left
			} else {
				f[i] += rate * right
			}
		}
	}
	return f
}

func TestTrain_NaiveTwin(t *testing.T) {
	w := newWorld(200)
	f := w["train"]
	x, y := f.Lookup("n").Floats(0, 200, nil), f.Lookup("y").Floats(0, 200, nil)
	m := w.train(t, "ignored_columns", `["x1","x2","c","w","yb","ym"]`, "max_depth", "1", "ntrees", "20", "learn_rate", "0.3", "min_split_improvement", "0")
	got, _, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	require.InDeltaSlice(t, boost(x, y, 20, 0.3, 5), got.Column(0).Floats(0, 200, nil), 1e-5)
}

// Early trees of each distribution by hand: the first step from the initial score.
func TestTrain_FirstStep(t *testing.T) {
	// Two groups of 20 rows: 5 and 15 of class 1.
	n := 40
	x, y, codes := make([]float64, n), make([]float64, n), make([]int32, n)
	for i := range n {
		x[i] = float64(i / 20)
		if i%20 < 5+10*(i/20) {
			y[i], codes[i] = 4, 1
		}
	}
	w := world{"train": frame.Must(frame.New([]string{"x", "y", "yb"}, []*frame.Column{
		frame.NewReals(x), frame.NewReals(y), frame.NewCodes(codes, []string{"no", "yes"}),
	}))}
	one := []string{"ntrees", "1", "learn_rate", "0.5"}
	first := func(m model.Model) float64 {
		f, _, err := model.Predict(t.Context(), m, w["train"], 0)
		require.NoError(t, err)
		return f.Column(f.NumCols() - 1).Float(0)
	}
	m := w.train(t, append(one, "ignored_columns", `["yb"]`)...)
	require.Equal(t, 2.0, m.Info().Numbers["init_f"])
	require.InDelta(t, 2+0.5*(1-2), first(m), 1e-6)
	m = w.train(t, append(one, "response_column", "yb", "ignored_columns", `["y"]`)...)
	require.Equal(t, 0.0, m.Info().Numbers["init_f"])
	step := 0.5 * (0.25 - 0.5) / 0.25 // nu Σ(y-p) / Σp(1-p)
	require.InDelta(t, 1/(1+math.Exp(-step)), first(m), 1e-6)
	w["train"] = with(w["train"], "yb", frame.NewCodes(codes, []string{"no", "yes", "never"}))
	m = w.train(t, append(one, "response_column", "yb", "ignored_columns", `["y"]`)...)
	leaf := func(share float64) float64 { return 0.5 * 2 / 3 * (share - 1.0/3) / (2.0 / 9) }
	e := []float64{math.Exp(leaf(0.75)), math.Exp(leaf(0.25)), math.Exp(leaf(0))}
	require.InDelta(t, e[2]/(e[0]+e[1]+e[2]), first(m), 1e-6)
}

// It learns: the test error comes near the noise.
func TestTrain_Learns(t *testing.T) {
	w := newWorld(2000)
	for _, c := range []struct {
		response string
		rmse     float64
	}{{"y", 0.45}, {"yb", 0.39}, {"ym", 0.40}} {
		m := w.train(t, "response_column", c.response, "ntrees", "60", "validation_frame", "test")
		require.Less(t, w.on(t, m, "test").RMSE, c.rmse, c.response)
		require.Equal(t, w.on(t, m, "test").RMSE, m.Info().Valid.RMSE)
		require.Equal(t, "Validation metrics", m.Info().Valid.Description)
		names, gains := m.Importances()
		require.ElementsMatch(t, []string{"x1", "x2", "c", "n"}, names)
		require.Equal(t, "n", names[3], "it has no effect")
		require.Positive(t, gains[2])
	}
}

// Every parameter that changes the trees does, and the same seed gives the same
// bytes whatever the number of threads.
func TestTrain_Parameters(t *testing.T) {
	w := newWorld(400)
	base := payload(t, w.train(t, "response_column", "yb"))
	seen := map[string]string{base: "the defaults"}
	for _, kv := range [][]string{
		{"sample_rate", "0.5"}, {"sample_rate_per_class", "[0.5,1]"}, {"col_sample_rate", "0.5"},
		{"col_sample_rate_per_tree", "0.5"}, {"col_sample_rate_change_per_level", "0.5"}, {"learn_rate", "0.2"},
		{"learn_rate_annealing", "0.9"}, {"max_depth", "4"}, {"min_rows", "20"}, {"ntrees", "11"}, {"nbins_cats", "2"},
		{"histogram_type", "UniformAdaptive"}, {"histogram_type", "QuantilesGlobal"}, {"histogram_type", "Random"}, {"histogram_type", "RoundRobin"},
		{"min_split_improvement", "0.2"}, {"max_abs_leafnode_pred", "0.01"}, {"weights_column", "w"}, {"offset_column", "w"},
	} {
		name := fmt.Sprint(kv)
		kv = append(kv, "response_column", "yb")
		if kv[0] == "weights_column" || kv[0] == "offset_column" {
			kv = append(kv, "ignored_columns", `["y","ym"]`)
		}
		got := payload(t, w.train(t, kv...))
		require.Empty(t, seen[got], "%s", name)
		seen[got] = name
		require.True(t, got == payload(t, w.train(t, kv...)), "%s: same seed", name)
		other := payload(t, w.train(t, append(kv, "seed", "2")...))
		random := kv[0] == "sample_rate" || kv[0] == "sample_rate_per_class" || kv[0] == "col_sample_rate" ||
			kv[0] == "col_sample_rate_per_tree" || kv[0] == "col_sample_rate_change_per_level" || kv[1] == "Random"
		require.Equal(t, random, got != other, "%s: another seed", name)
	}
	require.Equal(t, payload(t, w.train(t, "response_column", "yb", "histogram_type", "UniformRobust")), payload(t, w.train(t, "response_column", "yb", "histogram_type", "UniformAdaptive")))
}

func TestTrain_Sampling(t *testing.T) {
	w := newWorld(4000)
	covers := func(m model.Model) float64 { return rootCover(t, m) / 10 }
	require.Equal(t, 4000.0, covers(w.train(t)))
	require.InDelta(t, 2000, covers(w.train(t, "sample_rate", "0.5")), 100)
	ones := 0.0
	for _, v := range w["train"].Lookup("yb").Floats(0, 4000, nil) {
		ones += v
	}
	require.InDelta(t, 0.25*(4000-ones)+ones, covers(w.train(t, "response_column", "yb", "sample_rate_per_class", "[0.25,1]")), 100)
	require.Equal(t, 4000.0, covers(w.train(t, "response_column", "yb", "sample_rate_per_class", "[]")))
	// One column a tree: each tree splits by one column alone.
	m := w.train(t, "col_sample_rate_per_tree", "0.25", "ntrees", "30")
	used := columnsByTree(t, m)
	all := map[int32]bool{}
	for _, u := range used {
		require.LessOrEqual(t, len(u), 1)
		for j := range u {
			all[j] = true
		}
	}
	require.Greater(t, len(all), 2)
}

func TestTrain_LearnRateAnnealing(t *testing.T) {
	w := newWorld(300)
	sizes := func(kv ...string) []float64 {
		return leafSizes(t, w.train(t, append(kv, "ntrees", "4", "max_depth", "1")...))
	}
	plain, annealed := sizes(), sizes("learn_rate_annealing", "0.5")
	require.Equal(t, plain[0], annealed[0])
	require.Less(t, annealed[3], plain[3]/3)
	for _, s := range sizes("max_abs_leafnode_pred", "0.01") {
		require.LessOrEqual(t, s, 0.010000001)
	}
}

// coarse rounds the numbers to few values, so that other rows of the same values
// are cut into the same bins.
func coarse(f *frame.Frame) *frame.Frame {
	for name, steps := range map[string]float64{"x1": 2, "x2": 8} {
		v := f.Lookup(name).Floats(0, f.NumRows(), nil)
		for i := range v {
			v[i] = math.Round(steps * v[i])
		}
		f = with(f, name, frame.NewReals(v))
	}
	return f
}

// A weight of k is the row k times; a weight of 0 is no row.
func TestTrain_WeightsAreRepetition(t *testing.T) {
	w := newWorld(600)
	f := coarse(w["train"])
	var rows []int
	for i, k := range f.Lookup("w").Floats(0, 600, nil) {
		for range int(k) {
			rows = append(rows, i)
		}
	}
	w["train"], w["repeated"] = f, f.Gather(rows)
	for _, response := range []string{"y", "yb", "ym"} {
		others := map[string]string{"y": `["yb","ym"]`, "yb": `["y","ym"]`, "ym": `["y","yb"]`}[response]
		kv := []string{"response_column", response, "ignored_columns", others}
		a := w.train(t, append(kv, "weights_column", "w")...)
		b := w.train(t, append(kv, "training_frame", "repeated", "ignored_columns", ignored)...)
		require.InDelta(t, b.Info().Numbers["init_f"], a.Info().Numbers["init_f"], 1e-12)
		require.InEpsilon(t, b.Info().Train.MSE, a.Info().Train.MSE, 1e-6, response)
		require.Equal(t, b.Info().Train.Weight, a.Info().Train.Weight)
		pa, _, err := model.Predict(t.Context(), a, f, 0)
		require.NoError(t, err)
		pb, _, err := model.Predict(t.Context(), b, f, 0)
		require.NoError(t, err)
		last := pa.NumCols() - 1
		require.InDeltaSlice(t, pb.Column(last).Floats(0, 600, nil), pa.Column(last).Floats(0, 600, nil), 1e-5, response)
	}
}

// Rows without a response do not count.
func TestTrain_MissingResponse(t *testing.T) {
	w := newWorld(500)
	f := coarse(w["train"])
	y, yb := f.Lookup("y").Floats(0, 500, nil), f.Lookup("yb").Codes(0, 500, nil)
	var rows []int
	for i := range 500 {
		if i%5 == 2 {
			y[i], yb[i] = math.NaN(), -1
		} else {
			rows = append(rows, i)
		}
	}
	f = with(with(f, "y", frame.NewFloats(y)), "yb", frame.NewCodes(yb, []string{"no", "yes"}))
	w["train"], w["without"] = f, f.Gather(rows)
	for _, response := range []string{"y", "yb"} {
		a, b := w.train(t, "response_column", response), w.train(t, "response_column", response, "training_frame", "without")
		require.EqualValues(t, 400, a.Info().Train.Rows)
		require.InEpsilon(t, b.Info().Train.MSE, a.Info().Train.MSE, 1e-9, response)
	}
}

// An offset is part of the score: what it explains is not learnt again.
func TestTrain_Offset(t *testing.T) {
	w := newWorld(800)
	for _, response := range []string{"y", "yb"} {
		kv := []string{"response_column", response, "ignored_columns", map[string]string{"y": `["yb","ym"]`, "yb": `["y","ym"]`}[response], "offset_column", "w"}
		m := w.train(t, kv...)
		before, _, err := model.Predict(t.Context(), m, w["test"], 0)
		require.NoError(t, err)
		n := w["test"].NumRows()
		o := w["test"].Lookup("w").Floats(0, n, nil)
		for i := range o {
			o[i]++
		}
		after, _, err := model.Predict(t.Context(), m, with(w["test"], "w", frame.NewReals(o)), 0)
		require.NoError(t, err)
		last := before.NumCols() - 1
		for i := range n {
			p, q := before.Column(last).Float(i), after.Column(last).Float(i)
			if response == "yb" {
				p, q = math.Log(p/(1-p)), math.Log(q/(1-q))
			}
			require.InDelta(t, 1, q-p, 1e-9)
		}
	}
}

func TestTrain_EarlyStopping(t *testing.T) {
	w := newWorld(600)
	for _, c := range []struct{ response, metric string }{
		{"y", "AUTO"}, {"y", "RMSE"}, {"yb", "AUC"}, {"yb", "logloss"}, {"ym", "misclassification"}, {"yb", "mean_per_class_error"}, {"yb", "lift_top_group"},
	} {
		t.Run(c.response+" "+c.metric, func(t *testing.T) {
			m := w.train(t, "response_column", c.response, "validation_frame", "test", "ntrees", "300", "learn_rate", "0.5",
				"stopping_rounds", "3", "stopping_metric", c.metric, "score_tree_interval", "2")
			h := m.Info().History
			built := h[len(h)-1].Step
			require.Less(t, built, 300)
			require.Equal(t, built, trial.Actual(m, "ntrees"))
			require.GreaterOrEqual(t, len(h), 7)
			for i, s := range h {
				require.Equal(t, 2*i, s.Step)
			}
		})
	}
	m := w.train(t, "ntrees", "300", "learn_rate", "0.5", "stopping_rounds", "2", "stopping_tolerance", "0.1")
	require.Less(t, trees(m), 100, "without a validation frame the training metrics count")
	// The main model gets the mean number of trees of its folds.
	run, issues := w.prepare("nfolds", "3", "ntrees", "200", "learn_rate", "0.5", "stopping_rounds", "2", "stopping_tolerance", "0.01")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	sum := 0
	for _, f := range res.Folds {
		require.Less(t, trees(f), 200)
		sum += trees(f)
	}
	require.InDelta(t, float64(sum)/3, trees(res.Model), 0.51)
	require.Equal(t, trees(res.Model), trial.Actual(res.Model, "ntrees"))
	require.Equal(t, 0, trial.Actual(res.Model, "stopping_rounds"))
}

func TestTrain_History(t *testing.T) {
	w := newWorld(300)
	steps := func(kv ...string) (out []int) {
		for _, s := range w.train(t, kv...).Info().History {
			out = append(out, s.Step)
		}
		return out
	}
	every := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	require.Equal(t, every, steps(), "small data are measured after every tree")
	require.Equal(t, every, steps("score_each_iteration", "true", "score_tree_interval", "4"))
	require.Equal(t, []int{0, 4, 8, 10}, steps("score_tree_interval", "4"))
	info := w.train(t).Info()
	require.Equal(t, "Number of Trees", info.Step)
	require.Len(t, info.Identity.Times, 11)
	y := w["train"].Lookup("y").Stats()
	require.InDelta(t, y.Sigma*math.Sqrt(299.0/300), info.History[0].Train[0], 1e-9, "RMSE of the mean")
	require.InDelta(t, y.Mean, info.Numbers["init_f"], 1e-12)
	require.Equal(t, info.Train.RMSE, info.History[10].Train[0])
	require.Equal(t, []string{"x1", "x2", "c", "n", "y"}, info.Names)
	require.Equal(t, []string{"x1", "x2", "c", "n", "w", "y"}, w.train(t, "weights_column", "w", "ignored_columns", `["yb","ym"]`).Info().Names)
}

// H2O: the default threshold is that of the validation metrics where there are any.
func TestTrain_Threshold(t *testing.T) {
	w := newWorld(300)
	m := w.train(t, "response_column", "yb").Info()
	top, _ := m.Train.Binomial.MaxF1()
	require.Equal(t, top.Value, m.Threshold)
	m = w.train(t, "response_column", "yb", "validation_frame", "test").Info()
	top, _ = m.Valid.Binomial.MaxF1()
	require.Equal(t, top.Value, m.Threshold)
	require.Equal(t, 0.5, w.train(t, "response_column", "ym").Info().Threshold)
}

func TestTrain_Deterministic(t *testing.T) {
	w := newWorld(3000)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, response := range []string{"y", "yb", "ym"} {
		kv := []string{"response_column", response, "nfolds", "2", "sample_rate", "0.7", "col_sample_rate", "0.6", "ntrees", "5", "validation_frame", "test"}
		var want []string
		for _, threads := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(threads)
			run, issues := w.prepare(kv...)
			require.NoError(t, issues.Err())
			res, err := run.Train(t.Context(), model.Hooks{})
			require.NoError(t, err)
			var got []string
			for _, m := range append(res.Folds, res.Model) {
				b, err := model.PayloadBytes(m)
				require.NoError(t, err)
				got = append(got, string(b))
			}
			if want == nil {
				want = got
			}
			for i := range want {
				require.True(t, want[i] == got[i], "%s: model %d at GOMAXPROCS %d", response, i, threads)
			}
		}
	}
}

func TestTrain_Deadline(t *testing.T) {
	w := newWorld(300)
	run, issues := w.prepare("ntrees", "100000", "max_runtime_secs", "0.2", "nfolds", "2")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	for _, m := range append(res.Folds, res.Model) {
		require.Positive(t, trees(m))
		require.Less(t, trees(m), 100000)
		require.Equal(t, trees(m), trial.Actual(m, "ntrees"))
	}
}

func TestTrain_Cancel(t *testing.T) {
	w := newWorld(300)
	run, issues := w.prepare("ntrees", "1000", "response_column", "ym")
	require.NoError(t, issues.Err())
	ctx, cancel := context.WithCancelCause(t.Context())
	seen := 0
	res, err := run.Train(ctx, model.Hooks{Progress: func(float64, string) {
		if seen++; seen == 7 {
			cancel(nil)
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 7, seen, "the next tree is not begun")
	require.Equal(t, 21, trees(res.Model))
	require.Positive(t, w.on(t, res.Model, "test").RMSE, "what there is can score")
	ctx, done := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer done()
	_, err = run.Train(ctx, model.Hooks{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPrepare_Memory(t *testing.T) {
	memory := func(n int, kv ...string) int64 {
		run, issues := newWorld(n).prepare(kv...)
		require.NoError(t, issues.Err())
		return run.Memory
	}
	require.InDelta(t, 10, float64(memory(20000, "ntrees", "1"))/float64(memory(2000, "ntrees", "1")), 0.5)
	require.Greater(t, memory(2000, "ntrees", "10000", "max_depth", "5")-memory(2000), int64(10000*60*40), "the trees count")
	require.Greater(t, memory(2000, "response_column", "ym"), memory(2000))
	require.Greater(t, memory(2000, "response_column", "ym", "auc_type", "MACRO_OVR"), memory(2000, "response_column", "yb"))
	require.Greater(t, memory(2000, "validation_frame", "test"), memory(2000))
	require.Greater(t, memory(2000, "nfolds", "3"), memory(2000))
}
