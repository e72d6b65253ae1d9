package model

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
)

// fold returns the fold of each row of the frame "train" of a world of n rows.
func fold(t *testing.T, rows int, kv ...string) ([]int32, *Run) {
	t.Helper()
	run, issues := world(rows).prepare(kv...)
	require.NoError(t, issues.Err())
	n := run.foldCount()
	fs := run.assignFolds(n)
	count := make([]int, n)
	for _, f := range fs {
		count[f]++
	}
	for f, c := range count {
		require.Positive(t, c, "fold %d of %d is empty", f, n)
	}
	return fs, run
}

func TestAssignFolds(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		run, issues := world(20).prepare()
		require.NoError(t, issues.Err())
		require.Zero(t, run.foldCount())
	})
	t.Run("Modulo", func(t *testing.T) {
		fs, _ := fold(t, 20, "nfolds", "3", "fold_assignment", "Modulo")
		for i, f := range fs {
			require.EqualValues(t, i%3, f)
		}
	})
	t.Run("fold column", func(t *testing.T) {
		fs, run := fold(t, 20, "fold_column", "f")
		require.Equal(t, 3, run.foldCount())
		for i, f := range fs {
			require.EqualValues(t, i/2%3, f)
		}
	})
	t.Run("Random", func(t *testing.T) {
		fs, _ := fold(t, 9000, "nfolds", "3", "fold_assignment", "Random")
		count := [3]int{}
		for _, f := range fs {
			count[f]++
		}
		for _, c := range count {
			require.InDelta(t, 3000, c, 200) // four standard deviations
		}
		again, _ := fold(t, 9000, "nfolds", "3")
		require.Equal(t, fs, again, "AUTO is Random")
		other, _ := fold(t, 9000, "nfolds", "3", "seed", "2")
		require.NotEqual(t, fs, other)
	})
	t.Run("as many folds as rows", func(t *testing.T) {
		for seed := range 20 {
			for _, how := range []string{"Random", "Modulo"} {
				fold(t, 20, "nfolds", "20", "fold_assignment", how, "seed", fmt.Sprint(seed))
			}
			fold(t, 20, "nfolds", "20", "fold_assignment", "Stratified", "response_column", "ym", "seed", fmt.Sprint(seed))
		}
	})
	t.Run("Stratified", func(t *testing.T) {
		fs, run := fold(t, 100, "nfolds", "4", "fold_assignment", "Stratified", "response_column", "ym")
		count := map[[2]int32]int{}
		total, size := map[int32]int{}, map[int32]int{}
		for i, f := range fs {
			c := int32(run.Task.Train.Response.Code(i))
			count[[2]int32{c, f}]++
			total[c]++
			size[f]++
		}
		for c, n := range total {
			for f := range int32(4) {
				require.InDelta(t, float64(n)/4, count[[2]int32{c, f}], 1, "class %d in fold %d", c, f)
			}
		}
		for _, n := range size {
			require.Equal(t, 25, n)
		}
		other, _ := fold(t, 100, "nfolds", "4", "fold_assignment", "Stratified", "response_column", "ym", "seed", "5")
		require.NotEqual(t, fs, other)
	})
}

// Each row's holdout prediction comes from the model that has not seen it: the
// fake predicts 1 for rows that it knows.
func TestCrossValidate_Holdout(t *testing.T) {
	for _, c := range []struct {
		name string
		kv   []string
		n    int
	}{
		{"Random", []string{"nfolds", "5"}, 5},
		{"Modulo", []string{"nfolds", "2", "fold_assignment", "Modulo"}, 2},
		{"column", []string{"fold_column", "f"}, 3},
		{"weights and offset", []string{"nfolds", "3", "weights_column", "w", "offset_column", "o"}, 3},
		{"two classes", []string{"nfolds", "3", "fold_assignment", "Stratified", "response_column", "yb"}, 3},
		{"several classes", []string{"nfolds", "3", "response_column", "ym"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			kv := append([]string{"model_id", "m", "keep_cross_validation_predictions", "true", "keep_cross_validation_fold_assignment", "true"}, c.kv...)
			res := world(60).train(t, kv...)
			info := res.Model.Info()
			require.Len(t, res.Folds, c.n)
			got := map[string]*frame.Frame{}
			for _, f := range res.Frames {
				require.NotContains(t, got, f.Key)
				require.Equal(t, 60, f.Frame.NumRows())
				got[f.Key] = f.Frame
			}
			require.Len(t, got, c.n+2)
			for _, f := range res.Frames {
				if f.Key != info.Identity.CVFolds {
					last := f.Frame.Column(f.Frame.NumCols() - 1)
					for i := range 60 {
						require.Zero(t, last.Float(i), "%s, row %d", f.Key, i)
					}
				}
			}
			require.Equal(t, "cv_holdout_prediction_m", info.Identity.CVHoldout)
			require.Equal(t, "cv_fold_assignment_m", info.Identity.CVFolds)
			folds := column(t, got[info.Identity.CVFolds], "fold_assignment")
			rows := int64(0)
			for k, m := range res.Folds {
				in := m.Info()
				key := fmt.Sprintf("m_cv_%d", k+1)
				require.Equal(t, key, in.Identity.Key)
				require.Equal(t, key, info.Identity.CVModels[k])
				require.Equal(t, "prediction_"+key, info.Identity.CVPredictions[k])
				require.EqualValues(t, 60, in.Train.Rows+in.Valid.Rows)
				rows += in.Valid.Rows
				for i, f := range folds {
					require.Equal(t, int(f) != k, m.(*fakeModel).seen[float64(i)+0.5], "fold %d, row %d", k, i)
				}
			}
			require.EqualValues(t, 60, rows)
			require.EqualValues(t, 60, info.CrossValid.Rows)
			require.Equal(t, fmt.Sprintf("%d-fold cross-validation on training data (Metrics computed for combined holdout predictions)", c.n), info.CrossValid.Description)
			require.Len(t, info.CVSummary.Columns, c.n+3)
			require.Len(t, info.FoldHistoryTables(), c.n)
		})
	}
}

func TestCrossValidate_Keep(t *testing.T) {
	res := world(30).train(t, "nfolds", "3", "keep_cross_validation_models", "false")
	id := res.Model.Info().Identity
	require.Empty(t, res.Folds)
	require.Empty(t, res.Frames)
	require.Empty(t, id.CVModels)
	require.Empty(t, id.CVPredictions)
	require.Empty(t, id.CVHoldout)
	require.Empty(t, id.CVFolds)
	require.NotNil(t, res.Model.Info().CrossValid)

	res = world(30).train(t, "nfolds", "3")
	require.Len(t, res.Folds, 3)
	require.Empty(t, res.Frames)
}

// H2O: the threshold of a main model is that of its own metrics, not of its folds'.
func TestCrossValidate_Threshold(t *testing.T) {
	info := world(30).train(t, "nfolds", "3", "response_column", "yb").Model.Info()
	own, ok := info.Train.Binomial.MaxF1()
	require.True(t, ok)
	folds, ok := info.CrossValid.Binomial.MaxF1()
	require.True(t, ok)
	require.NotEqual(t, own.Value, folds.Value)
	require.Equal(t, own.Value, info.Threshold)
}

func TestCrossValidate_Parameters(t *testing.T) {
	res := world(30).train(t, "nfolds", "3", "model_id", "m", "steps", "2")
	main, first := values(res.Model.Info()), values(res.Folds[0].Info())
	require.Equal(t, [2]any{3, 3}, main["nfolds"])
	require.Equal(t, [2]any{3, 0}, first["nfolds"])
	require.Equal(t, [2]any{"AUTO", "Random"}, main["fold_assignment"])
	require.Equal(t, [2]any{"AUTO", nil}, first["fold_assignment"])
	require.Equal(t, [2]any{2, 5}, main["steps"], "Tune adds the number of folds")
	require.Equal(t, [2]any{2, 2}, first["steps"])

	by := values(world(30).train(t, "fold_column", "f").Model.Info())
	require.Equal(t, [2]any{"AUTO", nil}, by["fold_assignment"])
	require.Equal(t, [2]any{"AUTO", nil}, by["stopping_metric"])
}

// values returns input and actual value of each parameter.
func values(i *Info) map[string][2]any {
	out := map[string][2]any{}
	for _, p := range i.Parameters {
		out[p.Name] = [2]any{p.Input, p.Actual}
	}
	return out
}

func TestCrossValidate_Cancelled(t *testing.T) {
	run, issues := world(30).prepare("nfolds", "3", "steps", "4")
	require.NoError(t, issues.Err())
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	res, err := run.Train(ctx, Hooks{Progress: func(share float64, _ string) {
		if calls++; calls == 2 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, res.Model)
	require.Equal(t, 2, calls)
}

// The time of max_runtime_secs is shared: the clock moves a second at each look.
func TestCrossValidate_Deadline(t *testing.T) {
	w := world(30)
	res := w.train(t, "nfolds", "3", "steps", "100", "max_runtime_secs", "40")
	for i, m := range res.Folds {
		steps := len(m.Info().History)
		require.Positive(t, steps, "fold %d", i)
		require.Less(t, steps, 20, "fold %d", i)
	}
	last := len(res.Model.Info().History)
	require.Positive(t, last)
	require.Less(t, last, 20)
	require.Equal(t, [2]any{100, last}, values(res.Model.Info())["steps"], "Settle")
}

func TestRun_Deadline(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		text string
		want time.Duration // 0 for no deadline
	}{{"0", 0}, {"1.5", 1500 * time.Millisecond}, {"3600", time.Hour}, {"1e300", 0}} {
		run, issues := world(30).prepare("max_runtime_secs", c.text)
		require.NoError(t, issues.Err())
		got := run.deadline(now)
		require.Equal(t, c.want == 0, got.IsZero(), c.text)
		if c.want > 0 {
			require.Equal(t, c.want, got.Sub(now))
		}
	}
}
