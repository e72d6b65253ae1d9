package model

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
)

func TestRun_Train(t *testing.T) {
	w := world(30)
	run, issues := w.prepare("steps", "3", "weights_column", "w", "offset_column", "o", "response_column", "yb", "ignored_columns", `["y","ym","f"]`)
	require.NoError(t, issues.Err())
	require.Equal(t, "Fake_model_1", run.Key)
	require.EqualValues(t, 30, run.Memory)
	require.Equal(t, []string{"train"}, run.FrameKeys())
	var shares []float64
	var shown []Info
	res, err := run.Train(t.Context(), Hooks{
		Progress: func(s float64, _ string) { shares = append(shares, s) },
		Publish:  func(m Model) { shown = append(shown, *m.Info()) },
	})
	require.NoError(t, err)
	require.Equal(t, []float64{1.0 / 3, 2.0 / 3, 1}, shares)

	info := res.Model.Info()
	require.Equal(t, []string{"id", "c", "w", "o", "yb"}, info.Names)
	require.Equal(t, []frame.Kind{frame.Real, frame.Enum, frame.Int, frame.Real, frame.Enum}, info.Kinds)
	require.Equal(t, [][]string{nil, {"a", "b", "c"}, nil, nil, {"no", "yes"}}, info.Domains)
	require.Equal(t, 2, info.Predictors)
	require.Equal(t, [2]string{"fake", "Fake"}, [2]string{info.Algo, info.Title})
	require.Equal(t, "train", info.Identity.TrainingFrame)
	require.Equal(t, w.frames["train"].Checksum(), info.Identity.TrainChecksum)
	require.False(t, info.Identity.Running)
	require.False(t, info.Identity.Named)
	require.True(t, info.Identity.Ended.After(info.Identity.Started))
	got := values(info)
	require.Equal(t, [2]any{nil, param.ModelKey("Fake_model_1")}, got["model_id"])
	require.Equal(t, [2]any{int64(1), int64(1)}, got["seed"])

	// A running model shows who it is as well.
	require.Len(t, shown, 3)
	for i, s := range shown[:2] {
		require.True(t, s.Identity.Running)
		require.Equal(t, "fake", s.Algo)
		require.Equal(t, "Fake_model_1", s.Identity.Key)
		require.Len(t, s.History, i+1)
		require.NotEmpty(t, s.Parameters)
		require.True(t, s.Identity.Ended.IsZero())
	}
}

func TestRun_FoldProgress(t *testing.T) {
	run, issues := world(30).prepare("nfolds", "3")
	require.NoError(t, issues.Err())
	var shares []float64
	_, err := run.Train(t.Context(), Hooks{Progress: func(s float64, _ string) { shares = append(shares, s) }})
	require.NoError(t, err)
	for i := range shares {
		require.LessOrEqual(t, shares[i], 1.0)
		if i > 0 {
			require.GreaterOrEqual(t, shares[i], shares[i-1])
		}
	}
	require.InDelta(t, 1, shares[len(shares)-1], 1e-12)
	require.InDelta(t, 0.25, shares[0], 1e-12)
}

// A training that is cancelled leaves its last snapshot.
func TestRun_Cancel(t *testing.T) {
	run, issues := world(30).prepare("steps", "10")
	require.NoError(t, issues.Err())
	ctx, cancel := context.WithCancel(t.Context())
	res, err := run.Train(ctx, Hooks{Progress: func(s float64, _ string) {
		if s > 0.35 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, res.Model.Info().History, 4)
	require.True(t, res.Model.Info().Identity.Running)

	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	res, err = run.Train(ctx, Hooks{})
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, res.Model)
}

func TestPrepare_Seed(t *testing.T) {
	run, issues := world(30).prepare("seed", "-1")
	require.NoError(t, issues.Err())
	require.EqualValues(t, 77, run.Task.Seed)
	for _, p := range run.Params {
		if p.Name == "seed" {
			require.EqualValues(t, -1, p.Input)
			require.EqualValues(t, 77, p.Actual)
		}
	}
}

// H2O: without a training frame the request is fine, the job is not.
func TestPrepare_NoTrainingFrame(t *testing.T) {
	run, issues := world(30).prepare("training_frame", "", "model_id", "m")
	require.Empty(t, issues)
	require.Nil(t, run.Task.Train)
	require.Empty(t, run.FrameKeys())
	require.Equal(t, "m", run.Key)
}

func TestPrepare_StoppingMetric(t *testing.T) {
	for _, c := range []struct {
		kv   []string
		want any
	}{
		{nil, nil},
		{[]string{"stopping_metric", "RMSE"}, nil},
		{[]string{"stopping_rounds", "2"}, "deviance"},
		{[]string{"stopping_rounds", "2", "response_column", "yb"}, "logloss"},
		{[]string{"stopping_rounds", "2", "stopping_metric", "rmse"}, "RMSE"},
	} {
		run, issues := world(30).prepare(c.kv...)
		require.NoError(t, issues.Err())
		for _, p := range run.Params {
			if p.Name == "stopping_metric" {
				require.Equal(t, c.want, p.Actual, "%v", c.kv)
			}
		}
	}
}
