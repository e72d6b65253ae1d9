package gbm_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/model"
)

// reread writes a model to a file and reads it.
func reread(t *testing.T, m model.Model) *gbm.Model {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, model.Write(&file, m))
	got, err := model.Read(&file, func(string) (*model.Algo, bool) { return gbm.Algo, true })
	require.NoError(t, err)
	return got.(*gbm.Model)
}

// 10 trees and 10 more are 20 trees, to the bit.
func TestContinue_EqualsOneGo(t *testing.T) {
	w := newCounts(700)
	random := []string{"sample_rate", "0.6", "col_sample_rate", "0.5", "col_sample_rate_per_tree", "0.75", "learn_rate_annealing", "0.97", "validation_frame", "test"}
	for _, c := range []struct {
		name string
		kv   []string
	}{
		{"numbers", only("y")}, {"offset", only("y", "offset_column", "w", "ignored_columns", others("y", "w"))},
		{"two classes", only("yb", random...)}, {"classes", only("ym", random...)},
		{"huber", only("y", append(slices.Clone(random), "distribution", "huber")...)},
		{"noise", only("y", append(slices.Clone(random), "pred_noise_bandwidth", "0.3")...)},
		{"bins", only("y", "histogram_type", "Random")},
		{"folded", only("count", "distribution", "poisson", "weights_column", "w", "ignored_columns", others("count", "w"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := w.train(t, append(c.kv, "ntrees", "10", "model_id", "base of "+c.name)...)
			before := payload(t, base)
			whole := w.train(t, append(c.kv, "ntrees", "20")...)
			models.Store("base of "+c.name, reread(t, base))
			for range 2 { // two continuations of one model do not disturb each other
				rest := w.train(t, append(c.kv, "ntrees", "20", "checkpoint", "base of "+c.name)...)
				require.Equal(t, forest(t, whole), forest(t, rest))
				require.Equal(t, predicted(t, whole, w["test"]), predicted(t, rest, w["test"]))
				require.Equal(t, whole.Info().Train.RMSE, rest.Info().Train.RMSE)
				require.Equal(t, fmt.Sprint(whole.Info().History), fmt.Sprint(rest.Info().History)) // NaN is equal to NaN
				require.Len(t, rest.Info().Identity.Times, len(rest.Info().History))
				require.Equal(t, whole.Info().Numbers, rest.Info().Numbers)
			}
			require.Equal(t, before, payload(t, base))
		})
	}
}

// The samples of both parts of a continued model are known.
func TestSampled(t *testing.T) {
	w := newWorld(400)
	codes := w["train"].Lookup("yb").Codes(0, 400, nil)
	kv := []string{"response_column", "yb", "sample_rate", "0.5"}
	base := w.train(t, append(kv, "ntrees", "3", "seed", "5", "model_id", "sampled")...)
	m := reread(t, w.train(t, append(kv, "ntrees", "6", "seed", "6", "checkpoint", "sampled")...))
	f := m.Forest()
	for step := range 6 {
		count := 0
		for _, in := range m.Sampled(step, 400, codes) {
			count += int(in)
		}
		require.Equal(t, float32(count), f.Cover[f.Roots[step]], "step %d", step)
	}
	require.Equal(t, base.Sampled(2, 400, codes), m.Sampled(2, 400, codes))
	require.NotEqual(t, base.Sampled(3, 400, codes), m.Sampled(3, 400, codes))
	byClass := w.train(t, "response_column", "yb", "sample_rate_per_class", "[0.2,1]")
	for i, in := range byClass.Sampled(4, 400, codes) {
		require.True(t, codes[i] == 0 || in == 1)
	}
	require.Equal(t, slices.Repeat([]uint8{1}, 400), w.train(t).Sampled(0, 400, nil))
}

// Trees, margin and response add up to the prediction, whole and after fewer trees.
func TestStaged(t *testing.T) {
	w := newCounts(300)
	for _, c := range []struct{ response, distribution string }{{"y", "gaussian"}, {"count", "poisson"}, {"yb", "AUTO"}, {"ym", "AUTO"}} {
		var m model.Staged = w.train(t, only(c.response, "distribution", c.distribution, "ntrees", "6")...)
		s, _, err := model.Adapt(m, w["test"])
		require.NoError(t, err)
		raw := make([][]float64, max(1, len(m.Info().Classes())))
		for k := range raw {
			raw[k] = make([]float64, s.Rows)
		}
		require.NoError(t, m.Score(s, 0, s.Rows, raw))
		base, scale := m.Margin()
		require.Equal(t, 1.0, scale)
		scores, dst := make([][]float64, len(base)), make([][]float64, len(raw))
		for k := range scores {
			scores[k] = slices.Repeat([]float64{base[k]}, s.Rows)
		}
		for k := range dst {
			dst[k] = make([]float64, s.Rows)
		}
		addTrees(m.Forest(), s, scores)
		m.Respond(scores, dst)
		require.Equal(t, raw, dst)
	}
}

// The growing model is saved as often as asked for, and a saved one can be continued.
func TestTrain_Saves(t *testing.T) {
	w := newWorld(300)
	saved := map[string]model.Model{}
	run, issues := w.prepare("ntrees", "7", "model_id", "grow", "in_training_checkpoints_dir", "dir", "in_training_checkpoints_tree_interval", "3")
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{Save: func(m model.Model, dir, name string) error {
		require.Equal(t, "dir", dir)
		saved[name] = reread(t, m)
		return nil
	}})
	require.NoError(t, err)
	require.Len(t, saved, 2)
	require.Equal(t, 3, trees(saved["grow.ntrees_3"]))
	models.Store("saved", saved["grow.ntrees_6"])
	require.Equal(t, forest(t, res.Model), forest(t, w.train(t, "ntrees", "7", "checkpoint", "saved")))
	run, _ = w.prepare("ntrees", "7", "in_training_checkpoints_dir", "dir")
	_, err = run.Train(t.Context(), model.Hooks{Save: func(model.Model, string, string) error { return fmt.Errorf("disk full") }})
	require.ErrorContains(t, err, "disk full")
}

func TestFamilies_Deterministic(t *testing.T) {
	w := newCounts(2500)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range families {
		want := ""
		for _, threads := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(threads)
			m := w.train(t, only(c.response, append(c.kv, "distribution", c.name, "sample_rate", "0.7", "ntrees", "4", "pred_noise_bandwidth", "0.1", "model_id", "same")...)...)
			b, err := model.PayloadBytes(m)
			require.NoError(t, err)
			if want == "" {
				want = string(b)
			}
			require.True(t, want == string(b), "%s at GOMAXPROCS %d", c.name, threads)
		}
	}
}
