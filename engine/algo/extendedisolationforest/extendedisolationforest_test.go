package extendedisolationforest_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/extendedisolationforest"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
)

// ring makes n rows on a noisy circle with the category c, and every 50th row an
// anomaly far outside. "label" says so.
func ring(seed uint64, n int) *frame.Frame {
	rng := rand.New(rand.NewPCG(seed, 1))
	x, y, c, label := make([]float64, n), make([]float64, n), make([]int32, n), make([]float64, n)
	for i := range n {
		a, r := 2*math.Pi*rng.Float64(), 5+0.3*rng.NormFloat64()
		if i%50 == 3 {
			r, label[i] = 12+rng.Float64(), 1
		}
		x[i], y[i], c[i] = r*math.Cos(a), r*math.Sin(a), int32(rng.IntN(3))
	}
	return frame.Must(frame.New([]string{"x", "y", "c", "label"}, []*frame.Column{
		frame.NewFloats(x), frame.NewFloats(y), frame.NewCodes(c, []string{"p", "q", "r"}), frame.NewReals(label),
	}))
}

func prepare(f *frame.Frame, kv ...string) (*model.Run, param.Issues) {
	return trial.Prepare(extendedisolationforest.Algo, trial.Env(map[string]*frame.Frame{"train": f}, nil),
		param.Raw{"training_frame": "train", "ignored_columns": `["label"]`, "seed": "1"}, kv...)
}

func train(t testing.TB, f *frame.Frame, kv ...string) model.Model {
	t.Helper()
	run, issues := prepare(f, kv...)
	return trial.Train(t, run, issues)
}

// predict returns score and length of each row.
func predict(t testing.TB, m model.Model, f *frame.Frame) (score, length []float64) {
	t.Helper()
	p, _, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"anomaly_score", "mean_length"}, p.Names())
	return p.Column(0).Floats(0, p.NumRows(), nil), p.Column(1).Floats(0, p.NumRows(), nil)
}

func TestTrain_FindsAnomalies(t *testing.T) {
	f, other := ring(1, 2000), ring(2, 1000)
	for _, kv := range [][]string{{"extension_level", "0"}, {"extension_level", "1"}, {"extension_level", "2"}, {"sample_size", "64", "extension_level", "2"}, {"categorical_encoding", "OneHotExplicit", "extension_level", "3"}} {
		m := train(t, f, kv...)
		for _, g := range []*frame.Frame{f, other} {
			score, length := predict(t, m, g)
			require.Greater(t, trial.AUC(score, g.Lookup("label").Floats(0, g.NumRows(), nil)), 0.95, "%v", kv)
			for i, s := range score {
				require.True(t, s > 0 && s < 1)
				require.True(t, length[i] > 0)
			}
		}
	}
}

// Rows that training has not seen: along the axes of two crossing clusters an
// axis-parallel forest sees ghosts, planes of any direction see fewer.
// Ref: Hariri, Kind and Brunner 2019, section 2.
func TestTrain_FewerGhosts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const n = 2000
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = rng.NormFloat64(), rng.NormFloat64()
		if i%2 == 0 {
			x[i] += 10
		} else {
			y[i] += 10
		}
	}
	f := frame.Must(frame.New([]string{"x", "y"}, []*frame.Column{frame.NewFloats(x), frame.NewFloats(y)}))
	ghosts := frame.Must(frame.New([]string{"x", "y"}, []*frame.Column{frame.NewFloats([]float64{0, 10}), frame.NewFloats([]float64{0, 10})}))
	gap := func(level string) float64 {
		m := train(t, f, "extension_level", level, "ignored_columns", "[]", "ntrees", "200")
		inside, _ := predict(t, m, f)
		ghost, _ := predict(t, m, ghosts)
		mean := 0.0
		for _, s := range inside {
			mean += s / n
		}
		return (ghost[0]+ghost[1])/2 - mean
	}
	require.Greater(t, gap("1"), gap("0")+0.05)
}

func TestTrain_History(t *testing.T) {
	f := ring(1, 500)
	m := train(t, f, "ntrees", "10")
	require.Nil(t, m.Info().HistoryTable())
	require.Equal(t, "Extended Isolation Forest Metrics", m.Info().Train.Description)
	require.EqualValues(t, 500, m.Info().Train.Rows)
	score, length := predict(t, m, f)
	sum, lengths := 0.0, 0.0
	for i := range score {
		sum, lengths = sum+score[i]/500, lengths+length[i]/500
	}
	require.InDelta(t, sum, m.Info().Train.Anomaly.MeanNormalizedScore, 1e-12)
	require.InDelta(t, lengths, m.Info().Train.Anomaly.MeanScore, 1e-12)
	require.Equal(t, 0.5, m.Info().Threshold)
	got, _, _, err := model.Performance(t.Context(), m, f, metrics.Options{})
	require.NoError(t, err)
	require.InDelta(t, sum, got.Anomaly.MeanNormalizedScore, 1e-12)

	steps := func(kv ...string) (out []int) {
		for _, s := range train(t, f, append(kv, "ntrees", "10", "disable_training_metrics", "false")...).Info().History {
			out = append(out, s.Step)
		}
		return out
	}
	every := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	require.Equal(t, every, steps())
	require.Equal(t, every, steps("score_each_iteration", "true"))
	require.Equal(t, []int{0, 4, 8, 10}, steps("score_tree_interval", "4"))
	h := train(t, f, "ntrees", "3", "disable_training_metrics", "false").Info().HistoryTable()
	var titles []string
	for _, c := range h.Columns {
		titles = append(titles, c.Title)
	}
	require.Equal(t, []string{"", "Timestamp", "Duration", "Number of Trees", "Mean Tree Path Length", "Mean Anomaly Score"}, titles)
	require.True(t, math.IsNaN(h.Columns[4].Cells[0].(float64)))
}

// The columns of H2O's summary, in its order, and what they say of such a forest.
func TestTrain_Summary(t *testing.T) {
	s := train(t, ring(1, 500), "ntrees", "8", "sample_size", "64", "extension_level", "1").Info().Summary
	var titles, types []string
	for _, c := range s.Columns {
		titles, types = append(titles, c.Title), append(types, c.Type.String())
	}
	require.Equal(t, []string{
		"", "Number of Trees", "Size of Subsample", "Extension Level", "Seed", "Number of trained trees", "Min. Depth", "Max. Depth", "Mean Depth",
		"Min. Leaves", "Max. Leaves", "Mean Leaves", "Min. Isolated Point", "Max. Isolated Point", "Mean Isolated Point",
		"Min. Not Isolated Point", "Max. Not Isolated Point", "Mean Not Isolated Point", "Min. Zero Splits", "Max. Zero Splits", "Mean Zero Splits",
	}, titles)
	require.Equal(t, "string int int int long long long long float long long float long long float long long float long long float", strings.Join(types, " "))
	cell := func(name string) float64 {
		switch v := s.Column(name).Cells[0].(type) {
		case int64:
			return float64(v)
		case float64:
			return v
		}
		return math.NaN()
	}
	require.Equal(t, []float64{8, 64, 1, 1, 8, 6, 6, 6}, []float64{
		cell("Number of Trees"), cell("Size of Subsample"), cell("Extension Level"), cell("Seed"), cell("Number of trained trees"),
		cell("Min. Depth"), cell("Max. Depth"), cell("Mean Depth"),
	})
	require.InDelta(t, 64, cell("Mean Isolated Point")+cell("Mean Not Isolated Point"), 1e-9)
	require.Equal(t, 64.0, cell("Min. Isolated Point")+cell("Max. Not Isolated Point"))
	require.InDelta(t, 28, cell("Mean Leaves"), 8)
}

func TestTrain_Parameters(t *testing.T) {
	f := ring(1, 400)
	payload := func(kv ...string) string {
		b, err := train(t, f, kv...).Payload()
		require.NoError(t, err)
		return string(b)
	}
	seen := map[string][]string{payload("ntrees", "10"): {"the first"}}
	for _, kv := range [][]string{
		{"ntrees", "11"}, {"sample_size", "50"}, {"extension_level", "1"}, {"extension_level", "2"}, {"seed", "2"},
		{"categorical_encoding", "OneHotExplicit"}, {"ignored_columns", `["x","label"]`},
	} {
		got := payload(append([]string{"ntrees", "10"}, kv...)...)
		require.Nil(t, seen[got], "%v", kv)
		seen[got] = kv
	}
	require.Equal(t, payload("ntrees", "10"), payload("ntrees", "10", "disable_training_metrics", "false"), "measuring changes nothing")
}

func TestCheck(t *testing.T) {
	f := ring(1, 300)
	for _, c := range []struct {
		name, field, text string
		kv                []string
	}{
		{"Err ntrees", "ntrees", "Parameter ntrees must be in interval [1, 100000] but it is 0", []string{"ntrees", "0"}},
		{"Err ntrees large", "ntrees", "but it is 200000", []string{"ntrees", "200000"}},
		{"Err sample_size", "sample_size", "Parameter sample_size must be in interval [2, 300] but it is 1", []string{"sample_size", "1"}},
		{"Err sample_size large", "sample_size", "Parameter sample_size must be in interval [2, 300] but it is 301", []string{"sample_size", "301"}},
		{"Err extension_level", "extension_level", "Parameter extension_level must be in interval [0, 2] but it is -1", []string{"extension_level", "-1"}},
		{"Err extension_level large", "extension_level", "Parameter extension_level must be in interval [0, 2] but it is 3", []string{"extension_level", "3"}},
		{"Err one-hot inside", "categorical_encoding", "OneHotInternal", []string{"categorical_encoding", "OneHotInternal"}},
		{"Err sorted by nothing", "categorical_encoding", "no response column available", []string{"categorical_encoding", "SortByResponse"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := prepare(f, c.kv...)
			require.Len(t, issues, 1)
			require.Equal(t, c.field, issues[0].Field)
			require.Equal(t, param.Error, issues[0].Severity)
			require.Contains(t, issues[0].Message, c.text)
		})
	}
	_, issues := prepare(f, "categorical_encoding", "OneHotExplicit", "extension_level", "5")
	require.Empty(t, issues, "encoded columns count")
	_, issues = prepare(f, "score_tree_interval", "2")
	require.Len(t, issues, 1)
	require.Equal(t, param.Warn, issues[0].Severity)
	_, issues = prepare(f)
	require.Empty(t, issues, "the defaults")
}

func TestPrepare_Memory(t *testing.T) {
	memory := func(n int, kv ...string) int64 {
		run, issues := prepare(ring(1, n), kv...)
		require.NoError(t, issues.Err())
		return run.Memory
	}
	require.Greater(t, memory(20000), memory(2000)+18000*30)
	require.Greater(t, memory(2000, "ntrees", "1000"), memory(2000)+900*256*30)
}
