package gbm_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/tree"
)

// addTrees adds the trees of a forest to scores, by walking each row down.
func addTrees(f *tree.Forest, s *model.Scoring, scores [][]float64) {
	for k, root := range f.Roots {
		for i := range s.Rows {
			at := root
			for f.Left[at] >= 0 {
				c := s.Columns[f.Feature[at]]
				left := f.MissingLeft[at] == 1
				switch {
				case f.SetAt[at] >= 0:
					if code := c.Code(i); code >= 0 && code < int(f.SetLen[at]) {
						left = f.Sets[int(f.SetAt[at])+code/64]>>(code%64)&1 == 1
					}
				case !c.Missing(i):
					left = c.Float(i) <= f.Threshold[at]
				}
				if left {
					at = f.Left[at]
				} else {
					at = f.Right[at]
				}
			}
			scores[f.Class[k]][i] += float64(f.Value[at])
		}
	}
}

// Along a column with a constraint the prediction goes one way, wherever the others
// stand.
func TestMonotone(t *testing.T) {
	w := newCounts(900)
	for _, c := range []struct {
		name, response string
		kv             []string
	}{
		{"gaussian", "y", nil},
		{"gaussian, sampled", "y", []string{"sample_rate", "0.5", "col_sample_rate", "0.6", "pred_noise_bandwidth", "0.2"}},
		{"bernoulli", "yb", nil},
		{"tweedie", "count", []string{"distribution", "tweedie", "tweedie_power", "1.7"}},
		{"quantile", "y", []string{"distribution", "quantile", "quantile_alpha", "0.3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kv := append(slices.Clone(c.kv), "ntrees", "30", "max_depth", "6", "min_rows", "2", "learn_rate", "0.3")
			// Both signs the wrong way round for x1 and x2, which makes the constraint bind.
			constraints := `[{"key":"x1","value":-1},{"key":"x2","value":1},{"key":"n","value":1}]`
			free, bound := w.train(t, only(c.response, kv...)...), w.train(t, only(c.response, append(kv, "monotone_constraints", constraints)...)...)
			require.Zero(t, falls(t, w, bound, "x1", -1)+falls(t, w, bound, "x2", 1)+falls(t, w, bound, "n", 1))
			require.Positive(t, falls(t, w, free, "x1", -1)+falls(t, w, free, "n", 1))
			right := w.train(t, only(c.response, append(kv, "monotone_constraints", `[{"key":"x1","value":1},{"key":"x2","value":-2}]`)...)...)
			require.Zero(t, falls(t, w, right, "x1", 1)+falls(t, w, right, "x2", -1))
			require.Less(t, right.Info().Train.RMSE, 0.9*bound.Info().Train.RMSE, "it learns what the constraint allows")
		})
	}
}

// falls counts the steps of a grid of one column, at 40 rows of the test frame, at
// which the prediction goes against the sign.
func falls(t *testing.T, w world, m model.Model, column string, sign float64) (wrong int) {
	t.Helper()
	const steps = 60
	var rows []int
	var grid []float64
	for i := range 40 {
		for k := range steps {
			rows = append(rows, i)
			grid = append(grid, -3+12*float64(k)/steps)
		}
	}
	p := predicted(t, m, with(w["test"].Gather(rows), column, frame.NewReals(grid)))
	for i := range p {
		if i%steps > 0 && sign*(p[i]-p[i-1]) < 0 {
			wrong++
		}
	}
	return wrong
}

// Columns on one path are in one set, and columns in no set are not used.
func TestInteractions(t *testing.T) {
	w := newWorld(800)
	sets := [][]int32{{0, 2}, {1}}
	m := w.train(t, "interaction_constraints", `[["x1","c"],["x2"]]`, "ntrees", "30", "max_depth", "5")
	f := m.Forest()
	used := map[int32]bool{}
	var walk func(i int32, path []int32)
	walk = func(i int32, path []int32) {
		if f.Left[i] < 0 {
			require.True(t, slices.ContainsFunc(sets, func(set []int32) bool {
				return !slices.ContainsFunc(path, func(j int32) bool { return !slices.Contains(set, j) })
			}), "path %v", path)
			return
		}
		used[f.Feature[i]] = true
		path = append(slices.Clone(path), f.Feature[i])
		walk(f.Left[i], path)
		walk(f.Right[i], path)
	}
	for _, root := range f.Roots {
		walk(root, nil)
	}
	require.Equal(t, map[int32]bool{0: true, 1: true, 2: true}, used)
	free := w.train(t, "ntrees", "30", "max_depth", "5")
	require.Less(t, free.Info().Train.RMSE, m.Info().Train.RMSE)
}

// Noise changes what is learnt, and the model's leaves are those without it.
func TestTrain_Noise(t *testing.T) {
	w := newWorld(500)
	first := func(kv ...string) *tree.Forest { return forest(t, w.train(t, append(kv, "ntrees", "1")...)) }
	require.Equal(t, first(), first("pred_noise_bandwidth", "0.5"))
	plain, noisy := w.train(t), w.train(t, "pred_noise_bandwidth", "0.5")
	require.NotEqual(t, payload(t, plain), payload(t, noisy))
	require.NotEqual(t, payload(t, noisy), payload(t, w.train(t, "pred_noise_bandwidth", "0.5", "seed", "2")))
	require.Greater(t, noisy.Info().Train.RMSE, plain.Info().Train.RMSE)
	require.Less(t, w.on(t, noisy, "test").RMSE, 1.2*w.on(t, plain, "test").RMSE)
}

// Training ends where the learn rate has become too small to matter.
func TestTrain_LeastRate(t *testing.T) {
	w := newWorld(300)
	m := w.train(t, "ntrees", "50", "learn_rate", "0.1", "learn_rate_annealing", "0.1")
	require.Equal(t, 7, trees(m), "0.1 · 0.1^6 is the first below 1e-6")
	require.Equal(t, 7, trial.Actual(m, "ntrees"))
}

// What the predictors hold beside ordinary numbers does no harm.
func TestTrain_OddPredictors(t *testing.T) {
	w := newWorld(400)
	for key, f := range w {
		n := f.NumRows()
		x := f.Lookup("x1").Floats(0, n, nil)
		codes := make([]int32, n)
		levels := make([]string, 3000)
		for i := range levels {
			levels[i] = "level " + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		}
		for i := range x {
			switch codes[i] = int32(i * 7 % 3000); i % 9 {
			case 0:
				x[i] = math.Inf(1)
			case 1:
				x[i] = math.Inf(-1)
			case 2:
				x[i] = math.NaN()
			case 3:
				x[i] = math.MaxFloat64
			case 4:
				codes[i] = -1
			}
		}
		w[key] = with(with(f, "x1", frame.NewReals(x)), "many", frame.NewCodes(codes, levels))
	}
	for _, h := range []string{"AUTO", "UniformAdaptive"} {
		for _, response := range []string{"y", "yb", "ym"} {
			m := w.train(t, "response_column", response, "histogram_type", h, "nbins_cats", "16")
			for _, p := range predicted(t, m, w["test"]) {
				require.False(t, math.IsNaN(p) || math.IsInf(p, 0))
			}
		}
	}
}

// The smallest of data.
func TestTrain_Tiny(t *testing.T) {
	one := func(n int, weight float64) world {
		x, y, k := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			x[i], y[i], k[i] = float64(i), float64(i), weight
		}
		return world{"train": frame.Must(frame.New([]string{"x", "y", "k"}, []*frame.Column{frame.NewReals(x), frame.NewReals(y), frame.NewReals(k)}))}
	}
	small := []string{"min_rows", "0.5", "ignored_columns", `["k"]`}
	for _, n := range []int{0, 1} {
		_, issues := one(n, 1).prepare(append(small, "check_constant_response", "false", "ignore_const_cols", "false")...)
		if n == 0 {
			require.Error(t, issues.Err())
			continue
		}
		require.NoError(t, issues.Err())
	}
	m := one(1, 1).train(t, append(small, "check_constant_response", "false", "ignore_const_cols", "false")...)
	require.Equal(t, []float64{0}, predicted(t, m, one(1, 1)["train"]))
	m = one(2, 1).train(t, append(small, "learn_rate", "1")...)
	require.Equal(t, []float64{0, 1}, predicted(t, m, one(2, 1)["train"]))
	_, issues := one(20, 0).prepare("min_rows", "1", "ignored_columns", "[]", "weights_column", "k")
	require.ErrorContains(t, issues.Err(), "every weight of the training frame is 0")
}
