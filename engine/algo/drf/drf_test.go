package drf_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// scores returns the sums of trees [from, to) of a forest for the rows of a frame,
// by class.
func scores(t *testing.T, m *drf.Model, f *frame.Frame, from, to, classes int) [][]float64 {
	t.Helper()
	s, _, err := model.Adapt(m, f)
	require.NoError(t, err)
	out := make([][]float64, classes)
	for k := range out {
		out[k] = make([]float64, f.NumRows())
	}
	require.NoError(t, kernels.CPU().Predict(&m.Forest().Forest, tree.Columns(s.Columns), 0, f.NumRows(), from, to, out))
	return out
}

// outOfBag predicts the rows of the training frame by the trees that have not seen
// them: the mean for one tree a step, shares of the sum for more. NaN where all
// trees have.
func outOfBag(t *testing.T, m *drf.Model, f *frame.Frame, width int) [][]float64 {
	n := f.NumRows()
	sums, seen := make([][]float64, width), make([]float64, n)
	for k := range sums {
		sums[k] = make([]float64, n)
	}
	var codes []int32
	if c := f.Lookup(m.Info().Response); c.Kind() == frame.Enum {
		codes = c.Codes(0, n, nil)
	}
	for step := range m.Forest().Trees() / width {
		of := scores(t, m, f, step*width, (step+1)*width, width)
		for i, in := range m.Sampled(step, n, codes) {
			if in == 0 {
				seen[i]++
				for k := range of {
					sums[k][i] += of[k][i]
				}
			}
		}
	}
	for i := range n {
		all := seen[i]
		if width > 1 {
			all = 0
			for k := range sums {
				all += sums[k][i]
			}
		}
		for k := range sums {
			if width > 1 && all == 0 && seen[i] > 0 {
				sums[k][i] = 1 / float64(width)
			} else {
				sums[k][i] /= all
			}
		}
	}
	return sums
}

// mse is the mean of squared errors of class probabilities, or numbers, over the
// rows that have a prediction.
func mse(y []float64, p [][]float64, numbers bool) float64 {
	sum, n := 0.0, 0.0
	for i := range y {
		var err float64
		switch {
		case numbers:
			err = y[i] - p[0][i]
		case len(p) == 1:
			err = y[i] - p[0][i]
		default:
			err = 1 - p[int(y[i])][i]
		}
		if !math.IsNaN(err) {
			sum, n = sum+err*err, n+1
		}
	}
	return sum / n
}

func TestTrain_OutOfBag(t *testing.T) {
	w := newWorld(500)
	for _, c := range []struct {
		name, response string
		width          int
		kv             []string
	}{
		{"numbers", "y", 1, nil},
		{"two classes", "yb", 1, nil},
		{"two classes, double", "yb", 2, []string{"binomial_double_trees", "true"}},
		{"three classes", "ym", 3, nil},
		{"rates of classes", "yb", 1, []string{"sample_rate_per_class", "[0.3,0.8]"}},
		{"few trees", "ym", 3, []string{"ntrees", "2"}},
		{"drawn columns", "y", 1, []string{"mtries", "1", "col_sample_rate_per_tree", "0.7", "histogram_type", "Random"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := w.train(t, append(c.kv, "response_column", c.response)...)
			y := w.frames["train"].Lookup(c.response).Floats(0, 500, nil)
			p := outOfBag(t, m, w.frames["train"], c.width)
			info := m.Info()
			require.InDelta(t, mse(y, p, c.response == "y"), info.Train.MSE, 1e-12)
			rows := 0
			for i := range y {
				if !math.IsNaN(p[0][i]) {
					rows++
				}
			}
			require.EqualValues(t, rows, info.Train.Rows)
			require.Equal(t, c.name == "few trees", rows < 450, "%d rows are out of a bag", rows)
			require.Equal(t, "Metrics reported on Out-Of-Bag training samples", info.Train.Description)
			require.Greater(t, info.Train.MSE, w.on(t, m, "train").MSE, "rows of the sample are known")
		})
	}
}

// The rows of a sample are those that the tree has counted.
func TestSampled(t *testing.T) {
	w := newWorld(2000)
	y := w.frames["train"].Lookup("yb").Codes(0, 2000, nil)
	ones := 0
	for _, c := range y {
		ones += int(c)
	}
	for _, c := range []struct {
		want float64
		kv   []string
	}{
		{0.632 * 2000, nil},
		{0.2 * 2000, []string{"sample_rate", "0.2"}},
		{2000, []string{"sample_rate", "1"}},
		{0.25*float64(2000-ones) + 0.75*float64(ones), []string{"sample_rate_per_class", "[0.25,0.75]"}},
	} {
		m := w.train(t, append(c.kv, "response_column", "yb")...)
		f := m.Forest()
		var last []uint8
		for step, root := range f.Roots {
			in := m.Sampled(step, 2000, y)
			n := 0
			for _, v := range in {
				n += int(v)
			}
			require.EqualValues(t, n, f.Cover[root])
			require.InDelta(t, c.want, n, 100)
			require.Equal(t, n == 2000, slices.Equal(in, last) || last == nil && n == 2000, "another sample for each step")
			last = in
		}
	}
}

// One tree of all rows and columns is a regression tree: grown to its end, it knows
// every row.
func TestTrain_WholeTree(t *testing.T) {
	w := newWorld(300)
	kv := []string{"ntrees", "1", "sample_rate", "1", "mtries", "-2", "max_depth", "0", "min_split_improvement", "0", "ignored_columns", `["x2","c","n","w","yb","ym"]`}
	m := w.train(t, kv...)
	y := w.frames["train"].Lookup("y").Floats(0, 300, nil)
	// 300 values in 254 bins: some rows share theirs.
	got, x := scores(t, m, w.frames["train"], 0, 1, 1)[0], w.frames["train"].Lookup("x1").Floats(0, 300, nil)
	order := make([]int, 300)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, x[a]-x[b])) })
	for lo := 0; lo < 300; {
		hi, sum := lo, 0.0
		for ; hi < 300 && got[order[hi]] == got[order[lo]]; hi++ {
			sum += y[order[hi]]
		}
		require.InDelta(t, sum/float64(hi-lo), got[order[lo]], 1e-6)
		require.LessOrEqual(t, hi-lo, 3)
		lo = hi
	}
}

// stump is the best split of y by x in two, by trying all.
func stump(x, y []float64) (at, left, right float64) {
	best := math.Inf(1)
	for _, cut := range x {
		var s, q, n [2]float64
		for i := range x {
			k := 0
			if x[i] > cut {
				k = 1
			}
			s[k], q[k], n[k] = s[k]+y[i], q[k]+y[i]*y[i], n[k]+1
		}
		if sse := q[0] - s[0]*s[0]/n[0] + q[1] - s[1]*s[1]/n[1]; sse < best {
			best, at, left, right = sse, cut, s[0]/n[0], s[1]/n[1]
		}
	}
	return at, left, right
}

// A forest of stumps is the mean of the best splits of its samples.
func TestTrain_NaiveTwin(t *testing.T) {
	w := newWorld(200)
	x := w.frames["train"].Lookup("n").Floats(0, 200, nil)
	for _, c := range []struct {
		response string
		target   func(y float64) float64
	}{
		{"y", func(y float64) float64 { return y }},
		{"yb", func(y float64) float64 { return y }},
	} {
		m := w.train(t, "response_column", c.response, "ignored_columns", `["x1","x2","c","w","y","yb","ym"]`, "max_depth", "1", "min_split_improvement", "0")
		y := w.frames["train"].Lookup(c.response).Floats(0, 200, nil)
		want := make([]float64, 200)
		for step := range 10 {
			var sx, sy []float64
			for i, in := range m.Sampled(step, 200, nil) {
				if in == 1 {
					sx, sy = append(sx, x[i]), append(sy, c.target(y[i]))
				}
			}
			at, left, right := stump(sx, sy)
			for i := range want {
				if x[i] <= at {
					want[i] += left / 10
				} else {
					want[i] += right / 10
				}
			}
		}
		f, _, err := model.Predict(t.Context(), m, w.frames["train"], 0)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, f.Column(f.NumCols()-1).Floats(0, 200, nil), 1e-6, c.response)
	}
}

func TestTrain_Learns(t *testing.T) {
	w := newWorld(2000)
	for _, c := range []struct {
		response string
		rmse     float64
	}{{"y", 0.55}, {"yb", 0.40}, {"ym", 0.42}} {
		m := w.train(t, "response_column", c.response, "ntrees", "60", "max_depth", "20", "validation_frame", "test")
		require.Less(t, w.on(t, m, "test").RMSE, c.rmse, c.response)
		require.InDelta(t, w.on(t, m, "test").RMSE, m.Info().Train.RMSE, 0.05, "out of bag is like unseen")
		require.Equal(t, w.on(t, m, "test").RMSE, m.Info().Valid.RMSE)
		names, gains := m.Importances()
		require.ElementsMatch(t, []string{"x1", "x2", "c", "n"}, names)
		require.Equal(t, "n", names[3], "it has no effect")
		require.Positive(t, gains[2])
	}
}

// mtries of m columns are drawn exactly, in spite of the share in between.
func TestMTries_Share(t *testing.T) {
	for m := 1; m <= 2000; m++ {
		for _, k := range []int{1, 2, 3, m / 3, m / 2, m - 1, m} {
			if k >= 1 && k <= m {
				require.Equal(t, k, int(math.Round(float64(k)/float64(m)*float64(m))), "%d of %d", k, m)
			}
		}
	}
}

// Every parameter that changes the trees does, and the same seed gives the same
// bytes.
func TestTrain_Parameters(t *testing.T) {
	w := newWorld(400)
	seen := map[string]string{payload(t, w.train(t, "response_column", "yb")): "the defaults"}
	for _, kv := range [][]string{
		{"sample_rate", "0.5"}, {"sample_rate_per_class", "[0.5,1]"}, {"mtries", "1"}, {"mtries", "-2"}, {"mtries", "3"},
		{"col_sample_rate_per_tree", "0.5"}, {"col_sample_rate_change_per_level", "0.5"}, {"max_depth", "4"}, {"max_depth", "0"},
		{"min_rows", "20"}, {"ntrees", "11"}, {"nbins_cats", "2"}, {"binomial_double_trees", "true"}, {"seed", "2"}, {"nbins", "300"},
		{"histogram_type", "UniformAdaptive"}, {"histogram_type", "QuantilesGlobal"}, {"histogram_type", "Random"}, {"histogram_type", "RoundRobin"},
		{"min_split_improvement", "0.2"}, {"weights_column", "w"}, {"balance_classes", "true"}, {"categorical_encoding", "Binary"},
		{"categorical_encoding", "OneHotExplicit"}, {"categorical_encoding", "SortByResponse"},
	} {
		name := fmt.Sprint(kv)
		kv = append(kv, "response_column", "yb")
		if kv[0] == "weights_column" {
			kv = append(kv, "ignored_columns", `["y","ym"]`)
		}
		got := payload(t, w.train(t, kv...))
		require.Empty(t, seen[got], "%s", name)
		seen[got] = name
		require.True(t, got == payload(t, w.train(t, kv...)), "%s: same seed", name)
	}
	require.Equal(t, payload(t, w.train(t, "histogram_type", "UniformRobust")), payload(t, w.train(t, "histogram_type", "UniformAdaptive")))
	require.Equal(t, payload(t, w.train(t, "mtries", "-1", "response_column", "yb")), payload(t, w.train(t, "mtries", "2", "response_column", "yb")), "the root of 4")
	require.Equal(t, payload(t, w.train(t, "mtries", "-1")), payload(t, w.train(t, "mtries", "1")), "a third of 4")
	require.Equal(t, payload(t, w.train(t, "mtries", "-2")), payload(t, w.train(t, "mtries", "4")))
}

// Training goes on where it has stopped: the bytes are those of one go.
func TestTrain_Checkpoint(t *testing.T) {
	for _, c := range [][]string{
		{"response_column", "y"}, {"response_column", "yb"}, {"response_column", "ym"},
		{"response_column", "yb", "binomial_double_trees", "true", "histogram_type", "RoundRobin"},
		{"response_column", "ym", "sample_rate_per_class", "[0.2,0.5,0.9]"},
		{"response_column", "yb", "balance_classes", "true"},
		{"response_column", "y", "weights_column", "w", "ignored_columns", `["yb","ym"]`},
		{"response_column", "y", "sample_rate", "1"},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			w := newWorld(300)
			kv := append(c, "score_tree_interval", "1", "validation_frame", "test")
			whole := w.train(t, append(kv, "ntrees", "7")...)
			w.models = map[string]model.Model{"half": w.train(t, append(kv, "ntrees", "4")...)}
			before := payload(t, w.models["half"])
			m := w.train(t, append(kv, "ntrees", "7", "checkpoint", "half")...)
			require.True(t, payload(t, whole) == payload(t, m), "the same trees")
			require.Equal(t, fmt.Sprint(whole.Info().History), fmt.Sprint(m.Info().History))
			require.Len(t, m.Info().Identity.Times, 8)
			require.Equal(t, before, payload(t, w.models["half"]), "the checkpoint is as it was")
			again := w.train(t, append(kv, "ntrees", "7", "checkpoint", "half")...)
			require.True(t, payload(t, again) == payload(t, m), "it can be continued twice")
		})
	}
}

// A continued training may have another seed: its samples are known all the same.
func TestTrain_CheckpointSeed(t *testing.T) {
	w := newWorld(300)
	w.models = map[string]model.Model{"half": w.train(t, "ntrees", "4")}
	m := w.train(t, "ntrees", "9", "checkpoint", "half", "seed", "77")
	y := w.frames["train"].Lookup("y").Floats(0, 300, nil)
	require.InDelta(t, mse(y, outOfBag(t, m, w.frames["train"], 1), true), m.Info().Train.MSE, 1e-12)
	_, issues := w.prepare("ntrees", "4", "checkpoint", "half")
	require.ErrorContains(t, issues.Err(), "requested ntrees must be higher than 5")
	_, issues = w.prepare("ntrees", "9", "checkpoint", "half", "max_depth", "5")
	require.ErrorContains(t, issues.Err(), "Field _max_depth cannot be modified if checkpoint is specified!")
	w.models["half"] = w.train(t, "ntrees", "4", "response_column", "yb", "balance_classes", "true")
	_, issues = w.prepare("ntrees", "9", "checkpoint", "half", "response_column", "yb", "balance_classes", "true", "seed", "2")
	require.ErrorContains(t, issues.Err(), "can be continued with its own seed alone")
	require.Equal(t, errs.Invalid, errs.KindOf(issues.Err()))
}

// coarse rounds the numbers to few values, so that other rows of the same values
// are cut into the same bins.
func coarse(f *frame.Frame) *frame.Frame {
	for name, steps := range map[string]float64{"x1": 2, "x2": 8} {
		v := f.Lookup(name).Floats(0, f.NumRows(), nil)
		for i := range v {
			v[i] = math.Round(steps * v[i])
		}
		f = f.Replace(f.Index(name), frame.NewReals(v))
	}
	return f
}

// A weight of k is the row k times, where all rows are in the sample.
func TestTrain_WeightsAreRepetition(t *testing.T) {
	w := newWorld(600)
	f := coarse(w.frames["train"])
	var rows []int
	for i, k := range f.Lookup("w").Floats(0, 600, nil) {
		for range int(k) {
			rows = append(rows, i)
		}
	}
	w.frames["train"], w.frames["repeated"] = f, f.Gather(rows)
	for _, response := range []string{"y", "yb", "ym"} {
		others := map[string]string{"y": `["yb","ym"]`, "yb": `["y","ym"]`, "ym": `["y","yb"]`}[response]
		kv := []string{"response_column", response, "ignored_columns", others, "sample_rate", "1", "min_rows", "4"}
		a := w.train(t, append(kv, "weights_column", "w")...)
		b := w.train(t, append(kv, "training_frame", "repeated", "ignored_columns", ignored)...)
		pa, _, err := model.Predict(t.Context(), a, f, 0)
		require.NoError(t, err)
		pb, _, err := model.Predict(t.Context(), b, f, 0)
		require.NoError(t, err)
		last := pa.NumCols() - 1
		require.InDeltaSlice(t, pb.Column(last).Floats(0, 600, nil), pa.Column(last).Floats(0, 600, nil), 1e-5, response)
	}
}

// Rows without a response, or of weight 0, are in no tree and in no metric.
func TestTrain_RowsThatDoNotCount(t *testing.T) {
	w := newWorld(500)
	f := w.frames["train"]
	y, yb, ones := f.Lookup("y").Floats(0, 500, nil), f.Lookup("yb").Codes(0, 500, nil), make([]float64, 500)
	for i := range 500 {
		ones[i] = 1
		switch i % 5 {
		case 2:
			y[i], yb[i] = math.NaN(), -1
		case 3:
			ones[i] = 0
		}
	}
	w.frames["train"] = f.Replace(f.Index("y"), frame.NewFloats(y)).Replace(f.Index("yb"), frame.NewCodes(yb, []string{"no", "yes"})).Replace(f.Index("w"), frame.NewReals(ones))
	for _, c := range []struct {
		rows int
		kv   []string
	}{
		{400, []string{"ntrees", "60"}},
		{300, []string{"ntrees", "60", "weights_column", "w", "ignored_columns", `["yb","ym"]`}},
		{400, []string{"ntrees", "60", "response_column", "yb", "sample_rate_per_class", "[0.5,0.5]"}},
	} {
		m := w.train(t, c.kv...)
		require.EqualValues(t, c.rows, m.Info().Train.Rows)
		for step, root := range m.Forest().Roots {
			n := 0
			for i, in := range m.Sampled(step, 500, yb) {
				if in == 1 && yb[i] >= 0 && (c.rows == 400 || ones[i] == 1) {
					n++
				}
			}
			require.EqualValues(t, n, m.Forest().Cover[root])
		}
	}
	// A sample without any row: its tree says what is known without it.
	m := w.train(t, "sample_rate", "1e-9", "ntrees", "2")
	p, _, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	require.InDelta(t, w.frames["train"].Lookup("y").Stats().Mean, p.Column(0).Float(0), 1e-6)
}

func TestTrain_WholeSample(t *testing.T) {
	w := newWorld(200)
	run, issues := w.prepare("sample_rate", "1", "response_column", "yb")
	require.NoError(t, issues.Err())
	require.Len(t, issues, 1)
	require.Contains(t, issues[0].Message, "There are no out-of-bag data")
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	require.Zero(t, res.Model.Info().Train.Rows)
	require.True(t, math.IsNaN(res.Model.Info().Train.MSE))
	for _, kv := range [][]string{{"validation_frame", "test"}, {"nfolds", "2"}} {
		_, issues = w.prepare(append(kv, "sample_rate", "1")...)
		require.Empty(t, issues)
	}
}

func TestTrain_EarlyStopping(t *testing.T) {
	w := newWorld(600)
	for _, kv := range [][]string{
		{"response_column", "y"}, {"response_column", "yb", "stopping_metric", "AUC"}, {"response_column", "ym", "stopping_metric", "misclassification"},
		{"response_column", "y", "validation_frame", "test"}, {"response_column", "yb", "sample_rate", "1", "validation_frame", "test"},
	} {
		m := w.train(t, append(kv, "ntrees", "300", "stopping_rounds", "3", "stopping_tolerance", "0.01", "score_tree_interval", "2")...)
		h := m.Info().History
		built := h[len(h)-1].Step
		require.Less(t, built, 300, "%v", kv)
		require.GreaterOrEqual(t, built, 12)
		require.Equal(t, built, trial.Actual(m, "ntrees"))
		for i, s := range h {
			require.Equal(t, 2*i, s.Step)
		}
	}
	// The main model gets the mean number of trees of its folds.
	run, issues := w.prepare("nfolds", "3", "ntrees", "200", "stopping_rounds", "2", "stopping_tolerance", "0.05")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	sum := 0
	for _, f := range res.Folds {
		require.Less(t, trees(f), 200)
		sum += trees(f)
	}
	require.InDelta(t, float64(sum)/3, trees(res.Model), 0.51)
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
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, steps(), "small data are measured after every tree")
	require.Equal(t, []int{0, 4, 8, 10}, steps("score_tree_interval", "4"))
	info := w.train(t, "validation_frame", "test").Info()
	require.Len(t, info.Identity.Times, 11)
	require.Equal(t, info.Train.RMSE, info.History[10].Train[0])
	table := info.HistoryTable()
	for _, name := range []string{"Training RMSE", "Validation RMSE"} {
		require.True(t, math.IsNaN(table.Column(name).Cells[0].(float64)), "H2O: nothing is known before the first tree")
		require.False(t, math.IsNaN(table.Column(name).Cells[1].(float64)))
	}
	require.Equal(t, map[string]float64{"init_f": 0}, info.Numbers)
	top, _ := w.train(t, "response_column", "yb").Info().Train.Binomial.MaxF1()
	require.Equal(t, top.Value, w.train(t, "response_column", "yb").Info().Threshold)
}

// What trees add up to is what the model predicts.
func TestMargin(t *testing.T) {
	w := newWorld(200)
	for response, width := range map[string]int{"y": 1, "yb": 1, "ym": 3} {
		m := w.train(t, "response_column", response)
		base, scale := m.Margin()
		require.Equal(t, make([]float64, width), base)
		sums := scores(t, m, w.frames["test"], 0, m.Forest().Trees(), width)
		p, _, err := model.Predict(t.Context(), m, w.frames["test"], 0)
		require.NoError(t, err)
		for i := range 100 {
			all := 0.0
			for k := range sums {
				all += scale * sums[k][i]
			}
			switch got := p.Column(p.NumCols() - 1).Float(i); response {
			case "ym":
				require.InDelta(t, scale*sums[2][i]/all, got, 1e-12)
			default:
				require.InDelta(t, all, got, 1e-12)
			}
		}
	}
}

func TestTrain_Deterministic(t *testing.T) {
	w := newWorld(3000)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, response := range []string{"y", "yb", "ym"} {
		kv := []string{"response_column", response, "nfolds", "2", "mtries", "2", "ntrees", "5", "max_depth", "12", "validation_frame", "test"}
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

func TestTrain_DeadlineAndCancel(t *testing.T) {
	w := newWorld(300)
	run, issues := w.prepare("ntrees", "100000", "max_runtime_secs", "0.2")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	require.Less(t, trees(res.Model), 100000)
	require.Equal(t, trees(res.Model), trial.Actual(res.Model, "ntrees"))

	run, issues = w.prepare("ntrees", "1000", "response_column", "ym")
	require.NoError(t, issues.Err())
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	res, err = run.Train(ctx, model.Hooks{Progress: func(float64, string) {
		if seen++; seen == 7 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 7, seen, "the next tree is not begun")
	require.Equal(t, 21, trees(res.Model))
	require.Positive(t, w.on(t, res.Model, "test").RMSE, "what there is can score")
}

// All that training takes outside the heap comes back.
func TestTrain_GivesMemoryBack(t *testing.T) {
	before := kernels.Mapped()
	w := newWorld(20000)
	for _, response := range []string{"y", "yb", "ym"} {
		w.train(t, "ntrees", "3", "response_column", response, "weights_column", "w", "validation_frame", "test", "histogram_type", "RoundRobin")
		require.Equal(t, before, kernels.Mapped())
	}
}

func TestPrepare_Memory(t *testing.T) {
	memory := func(n int, kv ...string) int64 {
		run, issues := newWorld(n).prepare(kv...)
		require.NoError(t, issues.Err())
		return run.Memory
	}
	require.InDelta(t, 10, float64(memory(20000, "max_depth", "0"))/float64(memory(2000, "max_depth", "0")), 0.1)
	require.Greater(t, memory(2000, "max_depth", "20"), 2*memory(2000, "max_depth", "3"), "the trees count")
	require.Greater(t, memory(2000, "response_column", "ym"), memory(2000, "response_column", "yb"))
	require.Greater(t, memory(2000, "validation_frame", "test"), memory(2000))
	require.Greater(t, memory(2000, "nfolds", "3"), memory(2000))
}
