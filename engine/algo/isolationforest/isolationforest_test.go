package isolationforest_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/isolationforest"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// Planted anomalies have the highest scores, on rows that training has seen and on
// others.
func TestTrain_FindsAnomalies(t *testing.T) {
	w := newWorld(3000)
	for _, kv := range [][]string{nil, {"mtries", "-2"}, {"sample_rate", "0.5"}, {"max_depth", "0"}, {"sample_size", "64", "max_depth", "6"}, {"categorical_encoding", "OneHotExplicit"}} {
		m := w.train(t, append(kv, "ntrees", "60")...)
		for key, f := range w {
			score, label := predict(t, m, f)[0], f.Lookup("label").Floats(0, f.NumRows(), nil)
			least := 0.97
			if len(kv) > 0 && kv[0] == "sample_rate" {
				least = 0.93 // many rows hide anomalies from trees of this depth
			}
			require.Greater(t, trial.AUC(score, label), least, "%v on %s", kv, key)
			order := make([]int, len(score))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int {
				if score[a] > score[b] {
					return -1
				}
				return 1
			})
			for _, i := range order[:10] {
				require.Equal(t, 1.0, label[i], "%v on %s: row %d of score %v", kv, key, i, score[i])
			}
		}
	}
}

// The leaves of a tree are as deep as their values say, share out the sample, and
// share rows at the greatest depth alone.
func TestTrain_Trees(t *testing.T) {
	w := newWorld(1000)
	m := w.train(t, "ignored_columns", `["c","label"]`, "mtries", "-2", "sample_size", "200")
	f := m.Forest()
	in := make([][]uint8, f.Trees())
	length, leaf := lengths(m, w["train"])
	for k, root := range f.Roots {
		in[k] = m.Sampled(k, 1000, nil)
		covered := map[int32]float64{}
		sampled := 0.0
		for r, yes := range in[k] {
			covered[leaf[k][r]] += float64(yes)
			sampled += float64(yes)
			require.Equal(t, float64(f.Value[leaf[k][r]]), length[k][r])
		}
		require.Equal(t, sampled, float64(f.Cover[root]))
		require.InDelta(t, 200, sampled, 60)
		for i, n := range covered {
			require.Equal(t, n, float64(f.Cover[i]))
			if n > 0 {
				require.True(t, n == 1 || f.Value[i] == 7, "leaf of %v rows at depth %v", n, f.Value[i]+1)
			}
		}
	}
	require.NotEqual(t, in[0], in[1])
}

// Scores and lengths by their definition, and training metrics by the trees that have
// not seen a row.
func TestTrain_Scores(t *testing.T) {
	w := newWorld(400)
	m := w.train(t)
	length, _ := lengths(m, w["train"])
	total, n := make([]float64, 400), float64(len(length))
	sumLength, sumScore, rows := 0.0, 0.0, 0.0
	unseen, trees := make([]float64, 400), make([]float64, 400)
	for k := range length {
		in := m.Sampled(k, 400, nil)
		for r := range total {
			total[r] += length[k][r]
			if in[r] == 0 {
				unseen[r] += length[k][r]
				trees[r]++
			}
		}
	}
	lo, hi := slices.Min(total), slices.Max(total)
	for r := range total {
		if trees[r] > 0 {
			rows++
			sumLength += unseen[r] / trees[r]
			sumScore += (hi - unseen[r]/trees[r]*n) / (hi - lo)
		}
	}
	p := predict(t, m, w["train"])
	for r := range total {
		require.InDelta(t, (hi-total[r])/(hi-lo), p[0][r], 1e-12)
		require.InDelta(t, total[r]/n, p[1][r], 1e-12)
	}
	require.Equal(t, 1.0, slices.Max(p[0]))
	require.Equal(t, 0.0, slices.Min(p[0]))
	train := m.Info().Train
	require.Equal(t, "Metrics reported on Out-Of-Bag training samples", train.Description)
	require.Equal(t, int64(rows), train.Rows)
	require.InDelta(t, sumLength/rows, train.Anomaly.MeanScore, 1e-9)
	require.InDelta(t, sumScore/rows, train.Anomaly.MeanNormalizedScore, 1e-9)
	base, scale := m.Margin()
	require.Equal(t, []float64{0}, base)
	require.Equal(t, 1/n, scale)

	got, _, _, err := model.Performance(t.Context(), m, w["train"], metrics.Options{})
	require.NoError(t, err)
	require.InDelta(t, (lo+hi)/2, got.Anomaly.MeanScore*n, (hi-lo)/2)
	require.True(t, math.IsNaN(got.MSE))

	// Without rows out of the bag all rows count.
	m = w.train(t, "sample_rate", "1")
	p = predict(t, m, w["train"])
	require.EqualValues(t, 400, m.Info().Train.Rows)
	mean := 0.0
	for _, l := range p[1] {
		mean += l / 400
	}
	require.InDelta(t, mean, m.Info().Train.Anomaly.MeanScore, 1e-9)
}

// H2O's tables: names, columns and what they count.
func TestTrain_Tables(t *testing.T) {
	w := newWorld(500)
	m := w.train(t, "ntrees", "8", "sample_size", "64", "max_depth", "6")
	info := m.Info()
	require.Equal(t, []string{"", "Timestamp", "Duration", "Number of Trees", "Mean Tree Path Length", "Mean Anomaly Score"}, titles(info.HistoryTable()))
	h := info.HistoryTable()
	require.Equal(t, 9, h.Rows())
	require.True(t, math.IsNaN(h.Column("Mean Tree Path Length").Cells[0].(float64)))
	require.Equal(t, info.Train.Anomaly.MeanScore, h.Column("Mean Tree Path Length").Cells[8])
	require.Equal(t, info.Train.Anomaly.MeanNormalizedScore, h.Column("Mean Anomaly Score").Cells[8])
	require.Equal(t, int64(8), info.Summary.Column("Number of Trees").Cells[0])
	require.Equal(t, int64(6), info.Summary.Column("Max. Depth").Cells[0])
	require.Equal(t, -1.0, info.Threshold)
	require.Equal(t, map[string]float64{"init_f": 0}, info.Numbers)
	require.Nil(t, info.Importance)

	s := info.Tables["variable_splits"]
	require.Equal(t, "Variable Splits", s.Name)
	require.Equal(t, []string{"Variable", "Count", "Aggregated Split Ratios", "Aggregated Split Depths"}, titles(s))
	require.Equal(t, []any{"x", "y", "z", "c"}, s.Columns[0].Cells)
	f := m.Forest()
	var count, depth [4]int64
	var ratio [4]float64
	var walk func(i int32, d int64)
	walk = func(i int32, d int64) {
		if f.Left[i] < 0 {
			return
		}
		l, r := float64(f.Cover[f.Left[i]]), float64(f.Cover[f.Right[i]])
		count[f.Feature[i]]++
		depth[f.Feature[i]] += d
		ratio[f.Feature[i]] += math.Abs(l-r) / (l + r)
		walk(f.Left[i], d+1)
		walk(f.Right[i], d+1)
	}
	for _, root := range f.Roots {
		walk(root, 1)
	}
	for j := range count {
		require.Positive(t, count[j])
		require.Equal(t, count[j], s.Columns[1].Cells[j])
		require.InDelta(t, ratio[j], s.Columns[2].Cells[j], 1e-12)
		require.Equal(t, depth[j], s.Columns[3].Cells[j])
	}
}

// A contamination calls that share of the training rows anomalies.
func TestTrain_Contamination(t *testing.T) {
	w := newWorld(1000)
	scores := predict(t, w.train(t), w["train"])[0]
	slices.Sort(scores)
	for _, c := range []struct {
		text  string
		share float64
	}{{"0.04", 0.04}, {"0.1", 0.1}, {"0.5", 0.5}} {
		m := w.train(t, "contamination", c.text)
		at := (1 - c.share) * 999
		lo := math.Floor(at)
		require.InDelta(t, scores[int(lo)]*(1-at+lo)+scores[min(999, int(lo)+1)]*(at-lo), m.Info().Threshold, 1e-12)
		f, _, err := model.Predict(t.Context(), m, w["train"], 0)
		require.NoError(t, err)
		require.Equal(t, []string{"predict", "score", "mean_length"}, f.Names())
		require.Equal(t, []string{"0", "1"}, f.Column(0).Domain())
		odd := 0.0
		for r := range 1000 {
			if f.Column(1).Float(r) >= m.Info().Threshold {
				odd++
				require.Equal(t, 1, f.Column(0).Code(r))
			} else {
				require.Equal(t, 0, f.Column(0).Code(r))
			}
		}
		require.InDelta(t, c.share, odd/1000, 0.03) // equal scores go together
	}
}

// Labels of a validation frame make a binomial measurement and the threshold.
func TestTrain_Labels(t *testing.T) {
	w := newWorld(1500)
	plain := w.train(t)
	m := w.train(t, labelled()...)
	info := m.Info()
	require.Equal(t, "label", info.Response)
	require.Equal(t, model.Anomaly, info.Category)
	require.Equal(t, 4, info.Predictors)
	require.NotNil(t, info.Train.Anomaly, "training rows have no labels")
	require.Equal(t, plain.Info().Train.Anomaly, info.Train.Anomaly, "they do not change the trees")
	b := info.Valid.Binomial
	require.Equal(t, "Validation metrics", info.Valid.Description)
	require.Equal(t, []string{"ok", "odd"}, b.Domain)
	require.Greater(t, b.AUC, 0.95)
	best, _ := b.MaxF1()
	require.Equal(t, best.Value, info.Threshold)
	require.Len(t, info.HistoryTable().Columns, 6)
	f, _, err := model.Predict(t.Context(), m, w["test"], 0)
	require.NoError(t, err)
	require.Equal(t, []string{"ok", "odd"}, f.Column(0).Domain())
	wrong := 0.0
	for r := range f.NumRows() {
		wrong += math.Abs(f.Column(0).Float(r) - w["test"].Lookup("label").Float(r))
	}
	require.Equal(t, best.FN+best.FP, wrong)

	got, _, _, err := model.Performance(t.Context(), m, w["test"], metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, b.AUC, got.Binomial.AUC)
	got, _, _, err = model.Performance(t.Context(), m, w["test"].Without(w["test"].Index("label")), metrics.Options{})
	require.NoError(t, err)
	require.NotNil(t, got.Anomaly)

	// A score beyond those of training is a probability of 1 or 0.
	far := w["test"].Replace(0, frame.NewConst(1e9, 750))
	got, _, _, err = model.Performance(t.Context(), m, far, metrics.Options{})
	require.NoError(t, err)
	require.False(t, math.IsNaN(got.Binomial.LogLoss))
	for _, x := range got.Binomial.Thresholds {
		require.True(t, x.Value >= 0 && x.Value <= 1)
	}
}

// Every parameter that changes the trees does.
func TestTrain_Parameters(t *testing.T) {
	w := newWorld(600)
	payload := func(kv ...string) string {
		b, err := w.train(t, kv...).Payload()
		require.NoError(t, err)
		return string(b)
	}
	seen := map[string][]string{payload(): {"the defaults"}}
	for _, kv := range [][]string{
		{"ntrees", "21"}, {"max_depth", "5"}, {"max_depth", "0"}, {"min_rows", "4"}, {"mtries", "2"}, {"mtries", "-2", "col_sample_rate_change_per_level", "0.6"},
		{"sample_size", "100"}, {"sample_rate", "0.3"}, {"col_sample_rate_per_tree", "0.5"}, {"seed", "2"}, {"contamination", "0.1"},
		{"categorical_encoding", "OneHotExplicit"}, {"ignored_columns", `["x"]`},
	} {
		got := payload(kv...)
		require.Nil(t, seen[got], "%v", kv)
		seen[got] = kv
		require.True(t, got == payload(kv...), "%v: same seed", kv)
	}
	require.Equal(t, payload("mtries", "-2"), payload("mtries", "4"))
	require.Equal(t, payload("sample_size", "300"), payload("sample_rate", "0.5"))
	require.Equal(t, payload("sample_size", "100000"), payload("sample_rate", "1"))
}

func TestTrain_MinRows(t *testing.T) {
	f := newWorld(800).train(t, "min_rows", "9", "max_depth", "0").Forest()
	least := math.Inf(1)
	for i, l := range f.Left {
		if l < 0 {
			least = min(least, float64(f.Cover[i]))
		}
	}
	require.Equal(t, 9.0, least)
}

func TestTrain_ColumnsPerTree(t *testing.T) {
	f := newWorld(300).train(t, "col_sample_rate_per_tree", "0.5", "mtries", "-2").Forest()
	all := map[int32]bool{}
	for k, root := range f.Roots {
		end := len(f.Feature)
		if k+1 < len(f.Roots) {
			end = int(f.Roots[k+1])
		}
		used := map[int32]bool{}
		for i := int(root); i < end; i++ {
			if f.Left[i] >= 0 {
				used[f.Feature[i]], all[f.Feature[i]] = true, true
			}
		}
		require.LessOrEqual(t, len(used), 2)
	}
	require.Len(t, all, 4)
}

// A threshold is anywhere between the values that it parts, as likely here as there.
func TestTrain_ThresholdsAreEven(t *testing.T) {
	v := make([]float64, 40)
	for i := 20; i < 40; i++ {
		v[i] = 8
	}
	w := world{"train": frame.Must(frame.New([]string{"x"}, []*frame.Column{frame.NewReals(v)}))}
	f := w.train(t, "ntrees", "400", "sample_rate", "1", "ignored_columns", "[]").Forest()
	sum, squares := 0.0, 0.0
	for _, root := range f.Roots {
		at := f.Threshold[root]
		require.True(t, at >= 0 && at < 8)
		sum += at / 400
		squares += at * at / 400
	}
	require.InDelta(t, 4, sum, 0.5)
	require.InDelta(t, 64.0/12, squares-sum*sum, 0.8)
}

// Missing and infinite values, and columns without any value in a sample.
func TestTrain_OddValues(t *testing.T) {
	n := 300
	gaps, inf, rare := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		gaps[i], inf[i], rare[i] = float64(i%7), float64(i%11), math.NaN()
		if i%3 == 0 {
			gaps[i] = math.NaN()
		}
		if i%5 == 0 {
			inf[i] = math.Inf(1 - 2*(i%2))
		}
	}
	rare[0], rare[n-1] = math.Inf(1), 5
	f := frame.Must(frame.New([]string{"gaps", "inf", "rare"}, []*frame.Column{frame.NewFloats(gaps), frame.NewFloats(inf), frame.NewFloats(rare)}))
	m := world{"train": f}.train(t, "ignored_columns", "[]", "sample_size", "60", "mtries", "-2")
	for _, p := range predict(t, m, f) {
		for _, v := range p {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
		}
	}
	length, _ := lengths(m, f)
	for r, l := range predict(t, m, f)[1] {
		sum := 0.0
		for k := range length {
			sum += length[k][r]
		}
		require.InDelta(t, sum/20, l, 1e-12)
	}
	for _, v := range m.Forest().Threshold {
		require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
	}
}

func TestTrain_EarlyStopping(t *testing.T) {
	w := newWorld(600)
	for _, kv := range [][]string{
		{"stopping_tolerance", "0.05"}, {"stopping_metric", "anomaly_score", "stopping_tolerance", "0.05"},
		labelled("stopping_metric", "AUC"), labelled("stopping_metric", "logloss", "stopping_tolerance", "0.1"), labelled("stopping_tolerance", "0.05"),
	} {
		m := w.train(t, append(kv, "ntrees", "400", "stopping_rounds", "3", "score_tree_interval", "2")...)
		built := m.Forest().Trees()
		require.Less(t, built, 400, "%v", kv)
		require.GreaterOrEqual(t, built, 12)
		require.Equal(t, built, trial.Actual(m, "ntrees"))
		require.Len(t, m.Info().History, built/2+1)
	}
	require.Equal(t, "anomaly_score", trial.Actual(w.train(t, "stopping_rounds", "2"), "stopping_metric"))
}

func TestTrain_Deadline(t *testing.T) {
	w := newWorld(300)
	run, issues := w.prepare("ntrees", "100000", "max_runtime_secs", "0.1")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	require.Less(t, res.Model.(*isolationforest.Model).Forest().Trees(), 100000)
}

func TestActualParameters(t *testing.T) {
	w := newWorld(500)
	m := w.train(t, "seed", "-1")
	for name, want := range map[string]any{
		"sample_rate": 0.512, "sample_size": int64(256), "mtries": -1, "categorical_encoding": "Enum", "stopping_metric": nil,
		"stopping_tolerance": 0.01, "seed": int64(9), "contamination": -1.0, "ntrees": 20,
	} {
		require.Equal(t, want, trial.Actual(m, name), name)
	}
	require.Equal(t, 1.0, trial.Actual(w.train(t, "sample_size", "9999"), "sample_rate"))
}

func TestCheck(t *testing.T) {
	w := newWorld(300)
	for _, c := range []struct {
		name, field, text string
		kv                []string
	}{
		{"Err ntrees", "ntrees", "Requested ntrees must be between 1 and 100000", []string{"ntrees", "0"}},
		{"Err max_depth", "max_depth", "_max_depth must be >= 0.", []string{"max_depth", "-1"}},
		{"Err min_rows zero", "min_rows", "_min_rows must be > 0.", []string{"min_rows", "0"}},
		{"Err min_rows large", "min_rows", "too small to split for min_rows=300.0: must have at least 600.0 (weighted) rows, but have only 300.0.", []string{"min_rows", "300"}},
		{"Err mtries", "mtries", "mtries must be -1 (converted to sqrt(features)) or -2 (All features) or >= 1 but it is 0", []string{"mtries", "0"}},
		{"Err mtries large", "mtries", "Computed mtries should be -1 or -2 or in interval [1,4] but it is 5", []string{"mtries", "5"}},
		{"Err sample_size", "sample_size", "Sample size needs to be a positive integer number but it is 0", []string{"sample_size", "0"}},
		{"Err sample_rate", "sample_rate", "sample_rate should be in interval ]0,1], or -1 to use sample_size, but it is 1.5.", []string{"sample_rate", "1.5"}},
		{"Err sample_rate zero", "sample_rate", "but it is 0.", []string{"sample_rate", "0"}},
		{"Err col_sample_rate_per_tree", "col_sample_rate_per_tree", "col_sample_rate_per_tree should be in interval ]0,1] but it is 2.0.", []string{"col_sample_rate_per_tree", "2"}},
		{"Err col_sample_rate_change_per_level", "col_sample_rate_change_per_level", "must be > 0 and <= 2", []string{"col_sample_rate_change_per_level", "3"}},
		{"Err contamination zero", "contamination", "needs to be in range (0, 0.5] or undefined (-1); but it is 0.0", []string{"contamination", "0"}},
		{"Err contamination large", "contamination", "needs to be in range (0, 0.5] or undefined (-1); but it is 0.6", []string{"contamination", "0.6"}},
		{"Err contamination and labels", "contamination", "cannot be used together with a validation frame", labelled("contamination", "0.1")},
		{"Err no labels", "response_column", "Response column needs to be defined when using a validation frame.", []string{"validation_frame", "test"}},
		{"Err labels of six", "response_column", "needs to have a binary categorical domain", []string{"validation_frame", "test", "validation_response_column", "c"}},
		{"Err labels missing", "response_column", "Validation frame is missing response column `nope`.", []string{"validation_frame", "test", "validation_response_column", "nope"}},
		{"Err metric without labels", "stopping_metric", "stopping_metric AUC needs a validation frame with labels", []string{"stopping_rounds", "2", "stopping_metric", "AUC"}},
		{"Err metric of numbers", "stopping_metric", "deviance does not apply", labelled("stopping_rounds", "2", "stopping_metric", "deviance")},
		{"Err lift", "stopping_metric", "lift_top_group needs a gains/lift table", labelled("stopping_rounds", "2", "stopping_metric", "lift_top_group")},
		{"Err tolerance", "stopping_tolerance", "Stopping tolerance must be < 1.", []string{"stopping_rounds", "2", "stopping_tolerance", "1"}},
		{"Err one-hot inside", "categorical_encoding", "Cannot use OneHotInternal categorical encoding for tree methods.", []string{"categorical_encoding", "OneHotInternal"}},
		{"Err sorted by nothing", "categorical_encoding", "no response column available", []string{"categorical_encoding", "SortByResponse"}},
		{"Err nothing left", "train", "", []string{"ignored_columns", `["x","y","z","c","label"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := w.prepare(c.kv...)
			require.Condition(t, func() bool {
				return slices.ContainsFunc(issues, func(i param.Issue) bool {
					return i.Severity == param.Error && i.Field == c.field && (c.text == "" || strings.Contains(i.Message, c.text))
				})
			}, "%+v", issues)
		})
	}
	_, issues := w.prepare("stopping_tolerance", "0.5")
	require.Len(t, issues, 1)
	require.Equal(t, param.Warn, issues[0].Severity)
	_, issues = w.prepare()
	require.Empty(t, issues, "the defaults")
}

func TestPrepare_Memory(t *testing.T) {
	memory := func(n int, kv ...string) int64 {
		run, issues := newWorld(n).prepare(kv...)
		require.NoError(t, issues.Err())
		return run.Memory
	}
	require.Greater(t, memory(40000), memory(4000)+36000*30)
	require.Greater(t, memory(4000, "ntrees", "5000"), memory(4000)+4000*500*45)
	require.Greater(t, memory(4000, labelled()...), memory(4000))
}
