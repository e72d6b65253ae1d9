package model

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/param"
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

// What folds learn does not depend on how many are trained at the same time; as many
// are as memory and threads allow.
func TestCrossValidate_Abreast(t *testing.T) {
	kv := []string{
		"response_column", "yb", "ignored_columns", `["y","ym"]`, "weights_column", "w", "offset_column", "o", "fold_column", "f",
		"categorical_encoding", "SortByResponse", "keep_cross_validation_predictions", "true", "steps", "4", "ramp", "60",
	}
	one := world(60).train(t, kv...)
	payload := func(m Model) string {
		b, err := PayloadBytes(m)
		require.NoError(t, err)
		return string(b)
	}
	for _, c := range []struct {
		memory  int64
		threads int
		want    int
	}{{0, 8, 1}, {200, 8, 1}, {400, 1, 1}, {400, 8, 2}, {1 << 40, 2, 2}, {1 << 40, 8, 3}} {
		w := world(60)
		w.memory, w.threads = c.memory, c.threads
		run, issues := w.prepare(kv...)
		require.NoError(t, issues.Err())
		require.Equal(t, c.want, run.abreast, "%+v", c)
		extra := run.Task.Train.encodedBytes()
		require.Positive(t, extra)
		require.EqualValues(t, (60+extra)*int64(c.want)+extra, run.Memory)
		var shares []float64
		res, err := run.Train(t.Context(), Hooks{Progress: func(s float64, _ string) { shares = append(shares, s) }})
		require.NoError(t, err)
		require.True(t, slices.IsSorted(shares))
		require.Equal(t, 1.0, shares[len(shares)-1])
		require.Equal(t, payload(one.Model), payload(res.Model))
		for k, m := range res.Folds {
			require.Equal(t, payload(one.Folds[k]), payload(m))
		}
		for k, f := range res.Frames {
			require.Equal(t, one.Frames[k].Key, f.Key)
			require.Equal(t, one.Frames[k].Frame.Checksum(), f.Frame.Checksum())
		}
	}
}

// A fold that fails ends the others, and its error is the one that is told.
func TestCrossValidate_Fails(t *testing.T) {
	s := fakeSpec
	s.Train = func(ctx context.Context, t *Task, p fakeParams) (Model, error) {
		switch t.Key {
		case "m_cv_3":
			return nil, fmt.Errorf("no luck")
		case "m":
			return nil, fmt.Errorf("the main model is not trained")
		}
		<-ctx.Done() // only a cancelled fold ends
		return nil, ctx.Err()
	}
	w := world(60)
	w.memory, w.threads = 1<<40, 4
	run, issues := w.prepareOf(Define(s), "model_id", "m", "nfolds", "4")
	require.NoError(t, issues.Err())
	_, err := run.Train(t.Context(), Hooks{})
	require.EqualError(t, err, "fold 3 of 4: no luck")

	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	s.Train = func(ctx context.Context, _ *Task, _ fakeParams) (Model, error) {
		if calls.Add(1) == 4 {
			cancel()
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	run, issues = w.prepareOf(Define(s), "nfolds", "4")
	require.NoError(t, issues.Err())
	_, err = run.Train(ctx, Hooks{})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 4, calls.Load(), "no training begins after the end")

	s.Train = func(context.Context, *Task, fakeParams) (Model, error) { panic("broken") }
	run, issues = w.prepareOf(Define(s), "nfolds", "4")
	require.NoError(t, issues.Err())
	require.PanicsWithValue(t, "broken", func() { run.Train(t.Context(), Hooks{}) }) //nolint:errcheck // panics
}

// Time that is left is shared by the rounds of folds that are to come.
func TestCrossValidate_Rounds(t *testing.T) {
	var mu sync.Mutex
	left := map[string]time.Duration{}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := fakeSpec
	s.Train = func(ctx context.Context, t *Task, p fakeParams) (Model, error) {
		mu.Lock()
		left[t.Key] = t.Deadline.Sub(now)
		mu.Unlock()
		return trainFake(ctx, t, p)
	}
	for _, c := range []struct {
		threads int
		want    map[string]time.Duration
	}{
		{1, map[string]time.Duration{"m_cv_1": 15, "m_cv_2": 20, "m_cv_3": 30, "m": 60}},
		{2, map[string]time.Duration{"m_cv_1": 20, "m_cv_2": 20, "m_cv_3": 30, "m": 60}},
		{3, map[string]time.Duration{"m_cv_1": 30, "m_cv_2": 30, "m_cv_3": 30, "m": 60}},
	} {
		w := world(60)
		env := w.env()
		env.Now, env.Memory, env.Threads = func() time.Time { return now }, 1<<40, c.threads
		raw := param.Raw{"training_frame": "train", "response_column": "y", "model_id": "m", "nfolds": "3", "max_runtime_secs": "60", "seed": "1"}
		run, issues := Define(s).Prepare(raw, env)
		require.NoError(t, issues.Err())
		_, err := run.Train(t.Context(), Hooks{})
		require.NoError(t, err)
		for k, d := range left {
			require.Equal(t, c.want[k]*time.Second, d, "%s at %d threads", k, c.threads)
		}
	}
}

// Snapshots in files are those of the main model.
func TestRun_Save(t *testing.T) {
	s := fakeSpec
	s.Train = func(ctx context.Context, t *Task, p fakeParams) (Model, error) {
		m, err := trainFake(ctx, t, p)
		if err != nil {
			return nil, err
		}
		return m, t.Save(m, "dir", t.Key+"_1")
	}
	a := Define(s)
	run, issues := world(30).prepareOf(a, "model_id", "m", "nfolds", "2", "export_checkpoints_dir", "there")
	require.NoError(t, issues.Err())
	require.Equal(t, "there", run.ExportDir)
	var saved []string
	save := func(_ Model, dir, name string) error {
		saved = append(saved, dir+"/"+name)
		return nil
	}
	_, err := run.Train(t.Context(), Hooks{Save: save})
	require.NoError(t, err)
	require.Equal(t, []string{"dir/m_1"}, saved)
	_, err = run.Train(t.Context(), Hooks{})
	require.NoError(t, err, "without an engine nothing is saved")
	_, err = run.Train(t.Context(), Hooks{Save: func(Model, string, string) error { return fmt.Errorf("disk full") }})
	require.EqualError(t, err, "disk full")
}

func TestCrossValidate_InTurn(t *testing.T) {
	w := world(60)
	w.memory, w.threads = 1<<40, 8
	run, issues := w.prepare("response_column", "yb", "nfolds", "3")
	require.NoError(t, issues.Err())
	require.Equal(t, 3, run.abreast)
	run.Task.InTurn = true
	run.plan(60)
	require.Equal(t, 1, run.abreast)
}
