package model

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
)

// skewed is a world whose frame "train" has n rows of three classes, six, three and
// one of ten, and every 20th without a class.
func skewed(n int) *fixture {
	w := world(n)
	codes := make([]int32, n)
	for i := range codes {
		codes[i] = []int32{0, 0, 1, 0, 2, 0, 1, 0, 0, 1}[i%10]
		if i%20 == 0 {
			codes[i] = -1
		}
	}
	f := w.frames["train"]
	w.frames["train"] = f.Replace(4, frame.NewCodes(codes, []string{"a", "b", "c"}))
	w.frames["valid"] = w.frames["train"].Slice(0, n/2)
	return w
}

var unbalanced = []string{"response_column", "ym", "ignored_columns", `["y","yb","w","o","f"]`, "balance_classes", "true"}

// sampledOf returns how often each row stands in what the main model was trained on.
func sampledOf(m Model, n int) []int {
	out := make([]int, n)
	for _, v := range m.(*fakeModel).rows {
		out[int(v)]++
	}
	return out
}

func TestBalance(t *testing.T) {
	const n = 4000 // classes of 2200, 1200 and 400 rows
	for _, c := range []struct {
		name string
		kv   []string
		want []float64 // rows by class
	}{
		{"as many as the most frequent", nil, []float64{2200, 2200, 2200}},
		{"factors", []string{"class_sampling_factors", "[0.5,2,3]"}, []float64{1100, 2400, 1200}},
		{"a part of a row", []string{"class_sampling_factors", "[1,1.25,0.1]"}, []float64{2200, 1500, 40}},
		{"bounded", []string{"max_after_balance_size", "0.5"}, []float64{2000.0 / 3, 2000.0 / 3, 2000.0 / 3}},
		{"bounded factors", []string{"max_after_balance_size", "1", "class_sampling_factors", "[1,2,4]"}, []float64{2200 * 4.0 / 6.2, 2400 * 4.0 / 6.2, 1600 * 4.0 / 6.2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := skewed(n)
			y := w.frames["train"].Lookup("ym")
			kv := append(slices.Clone(unbalanced), c.kv...)
			m := w.train(t, kv...).Model
			got, rows := make([]float64, 3), sampledOf(m, n)
			factor := make([]float64, 3)
			counts := []float64{2200, 1200, 400}
			for k := range factor {
				factor[k] = c.want[k] / counts[k]
			}
			for i, copies := range rows {
				k := y.Code(i)
				if k < 0 {
					require.Zero(t, copies, "row %d has no class", i)
					continue
				}
				require.GreaterOrEqual(t, float64(copies), math.Floor(factor[k]), "row %d", i)
				require.LessOrEqual(t, float64(copies), math.Ceil(factor[k]), "row %d", i)
				got[k] += float64(copies)
			}
			for k := range got {
				_, rest := math.Modf(factor[k])
				require.InDelta(t, c.want[k], got[k], 4*math.Sqrt(counts[k]*rest*(1-rest))+1e-6, "class %d", k)
			}
			info := m.Info()
			require.Equal(t, []float64{2200.0 / 3800, 1200.0 / 3800, 400.0 / 3800}, info.Prior)
			require.Equal(t, shares(got), info.Sampled)
			require.EqualValues(t, got[0]+got[1]+got[2], info.Train.Rows, "H2O: training is measured on what it saw")
			require.Equal(t, rows, sampledOf(skewed(n).train(t, kv...).Model, n), "same seed")
			if c.name != "as many as the most frequent" && c.name != "factors" { // some copies are drawn
				require.NotEqual(t, rows, sampledOf(skewed(n).train(t, append(kv, "seed", "2")...).Model, n), "another seed")
			}
		})
	}
}

// A class keeps a row where the draw would leave it none.
func TestBalance_Rare(t *testing.T) {
	m := skewed(100).train(t, append(slices.Clone(unbalanced), "class_sampling_factors", "[1,1,0.000001]")...).Model
	require.Equal(t, 1, sampledOf(m, 100)[4], "the first row of class c")
}

// Probabilities are those of the data before: p_k prior_k / sampled_k, scaled to 1.
func TestBalance_Correct(t *testing.T) {
	w := skewed(200)
	kv := append(slices.Clone(unbalanced), "ramp", "400", "validation_frame", "valid")
	m := w.train(t, kv...).Model
	info := m.Info()
	f := w.frames["train"]
	got, _ := predicted(t, m, f)
	in, _, err := Adapt(m, f)
	require.NoError(t, err)
	raw, err := scored(m, in)
	require.NoError(t, err)
	fair := [][]float64{nil, nil, nil}
	for i := range 200 {
		sum := 0.0
		for k := range fair {
			v := raw[k][i] * info.Prior[k] / info.Sampled[k]
			fair[k] = append(fair[k], v)
			sum += v
		}
		for k, name := range []string{"a", "b", "c"} {
			fair[k][i] /= sum
			require.InDelta(t, fair[k][i], column(t, got, name)[i], 1e-15)
		}
	}
	require.NotEqual(t, raw[0], fair[0])
	again, _ := predicted(t, reread(t, m), f)
	require.Equal(t, column(t, got, "c"), column(t, again, "c"))

	// Measurements of a training and of a prediction agree.
	measured, _, _, err := Performance(t.Context(), m, w.frames["valid"], metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, measured.Multinomial.LogLoss, info.Valid.Multinomial.LogLoss)
	var rows []int
	for i, copies := range sampledOf(m, 200) {
		for range copies {
			rows = append(rows, i)
		}
	}
	measured, _, _, err = Performance(t.Context(), m, f.Gather(rows), metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, measured.Multinomial.LogLoss, info.Train.Multinomial.LogLoss)

	// A chunk at a time is the same.
	run, issues := w.prepare(kv...)
	require.NoError(t, issues.Err())
	task := *run.Task
	task.Train = balanceOf(run.blocks.balancing, task.Train).balanced(task.Train, task.Seed)
	by := task.MeasureBy(task.Valid, func(lo, hi int, dst [][]float64) {
		m.Score(task.Valid.scoring(), lo, hi, dst) //nolint:errcheck // never fails
	})
	require.Equal(t, info.Valid.Multinomial.LogLoss, by.Multinomial.LogLoss)
	before := [][]float64{slices.Clone(raw[0]), slices.Clone(raw[1]), slices.Clone(raw[2])}
	task.Measure(&Data{Rows: 200, Domain: []string{"a", "b", "c"}, Response: f.Lookup("ym")}, raw)
	require.Equal(t, before, raw, "Measure leaves predictions alone")

	plain := skewed(200).train(t, append(slices.Clone(unbalanced), "balance_classes", "false")...).Model.Info()
	require.Nil(t, plain.Prior)
	require.Nil(t, plain.Sampled)
}

// Each fold balances its own rows, and is measured on those left out as they are.
func TestBalance_Folds(t *testing.T) {
	w := skewed(300)
	res := w.train(t, append(slices.Clone(unbalanced), "nfolds", "3", "fold_assignment", "Modulo")...)
	y := w.frames["train"].Lookup("ym")
	for k, m := range res.Folds {
		counts := make([]float64, 3)
		for i, copies := range sampledOf(m, 300) {
			require.False(t, i%3 == k && copies > 0, "row %d is held out of fold %d", i, k)
			if copies > 0 {
				counts[y.Code(i)] += float64(copies)
			}
		}
		require.InDelta(t, counts[0], counts[1], 20)
		require.InDelta(t, counts[0], counts[2], 20)
		require.EqualValues(t, 95, m.Info().Valid.Rows)
	}
	require.EqualValues(t, 285, res.Model.Info().CrossValid.Rows)
}

func TestBalance_Refused(t *testing.T) {
	w := skewed(100)
	for _, c := range []struct {
		name string
		want []string
		kv   []string
	}{
		{"weights", []string{"ERRR balance_classes: Balance classes and observation weights are not currently supported together."}, []string{"weights_column", "w", "ignored_columns", `["o","f"]`}},
		{"size", []string{"ERRR max_after_balance_size: Max size after balancing needs to be positive, suggest 1.0f"}, []string{"max_after_balance_size", "0"}},
		{"size without end", []string{"ERRR max_after_balance_size: Max size after balancing needs to be positive, suggest 1.0f"}, []string{"max_after_balance_size", "Infinity"}},
		{"size alone", []string{"WARN max_after_balance_size: Only used with balanced classes"}, []string{"balance_classes", "false", "max_after_balance_size", "2"}},
		{"few factors", []string{"ERRR class_sampling_factors: class_sampling_factors must have 3 elements"}, []string{"class_sampling_factors", "[1,2]"}},
		{"factor", []string{"ERRR class_sampling_factors: class_sampling_factors must be finite and larger than 0; that of class 1 is -1"}, []string{"class_sampling_factors", "[1,-1,2]"}},
		{"factor zero", []string{"ERRR class_sampling_factors: class_sampling_factors must be finite and larger than 0; that of class 2 is 0"}, []string{"class_sampling_factors", "[1,1,0]"}},
		{"rows", []string{"ERRR max_after_balance_size: balancing would make about 1e+11 rows of 100; make max_after_balance_size smaller"}, []string{"max_after_balance_size", "1e9", "class_sampling_factors", "[1e99,1,1]"}},
		{"factors alone", []string{"WARN class_sampling_factors: Class sampling factors is only applicable if balancing classes."}, []string{"balance_classes", "false", "class_sampling_factors", "[1,2,3]"}},
		{"numbers", []string{"WARN balance_classes: Balance classes is only applicable to classification problems."}, []string{"response_column", "y", "ignored_columns", `["o"]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, issues := w.prepare(append(slices.Clone(unbalanced), c.kv...)...)
			require.Equal(t, c.want, told(issues))
		})
	}
}

// The estimate grows with the rows.
func TestBalance_Memory(t *testing.T) {
	w := skewed(100)
	plain, _ := w.prepare(append(slices.Clone(unbalanced), "balance_classes", "false")...)
	more, _ := w.prepare(append(slices.Clone(unbalanced), "class_sampling_factors", "[3,3,3]")...)
	require.EqualValues(t, 100, plain.Memory)
	require.InDelta(t, 3*0.95*float64(100+w.frames["train"].SizeBytes()), float64(more.Memory), 1, "every 20th row has no class")
}
