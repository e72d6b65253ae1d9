package model

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// faulty is the fake on a device that fails in the given training: 1 for the first one
// of a run. It notes the tier of each.
func faulty(failure error, at int, tiers *[]string) *Algo {
	s := fakeSpec
	s.Train = func(ctx context.Context, t *Task, p fakeParams) (Model, error) {
		*tiers = append(*tiers, t.Backend)
		m, err := trainFake(ctx, t, p)
		if err == nil && len(*tiers) == at {
			return nil, failure
		}
		return m, err
	}
	return Define(s)
}

func TestRun_DeviceFails(t *testing.T) {
	lost := fmt.Errorf("device 0: %w", kernels.ErrDeviceLost)
	for _, c := range []struct {
		name    string
		failure error
		at      int
		kv      []string
		tiers   []string
		warning string
	}{
		{"sound", nil, 0, nil, []string{"cuda:0"}, ""},
		{"lost", lost, 1, nil, []string{"cuda:0", "cpu"}, "The training was done again on the processor. device 0: device lost"},
		{"memory", kernels.ErrDeviceMemory, 1, nil, []string{"cuda:0", "cpu"}, "The training was done again on the processor. out of device memory"},
		{"first fold", lost, 1, []string{"nfolds", "2"}, []string{"cuda:0", "cpu", "cpu", "cpu"}, "The training was done again on the processor. fold 1 of 2: device 0: device lost"},
		{"main model after its folds", lost, 3, []string{"nfolds", "2"}, []string{"cuda:0", "cuda:0", "cuda:0", "cpu", "cpu", "cpu"}, "The training was done again on the processor. device 0: device lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(30)
			want := w.train(t, append([]string{"model_id", "m"}, c.kv...)...)
			var tiers, warnings []string
			run, issues := w.prepareOn("cuda:0", faulty(c.failure, c.at, &tiers), append([]string{"model_id", "m"}, c.kv...)...)
			require.NoError(t, issues.Err())
			res, err := run.Train(t.Context(), Hooks{Warn: func(msg string) { warnings = append(warnings, msg) }})
			require.NoError(t, err)
			require.Equal(t, c.tiers, tiers)
			if c.warning == "" {
				require.Empty(t, warnings)
			} else {
				require.Equal(t, []string{c.warning}, warnings)
			}
			require.Equal(t, payload(t, want.Model), payload(t, res.Model))
			require.Len(t, res.Folds, len(want.Folds))
		})
	}
}

// Other failures are not of the device, a second failure is one, and nobody waits for
// the repetition of what was cancelled.
func TestRun_DeviceFails_Ends(t *testing.T) {
	w := world(30)
	var tiers []string
	run, issues := w.prepareOn("cuda:0", faulty(errors.New("other"), 1, &tiers))
	require.NoError(t, issues.Err())
	_, err := run.Train(t.Context(), Hooks{})
	require.ErrorContains(t, err, "other")
	require.Equal(t, []string{"cuda:0"}, tiers)

	always := fakeSpec
	always.Train = func(context.Context, *Task, fakeParams) (Model, error) {
		tiers = append(tiers, "again")
		return nil, kernels.ErrDeviceLost
	}
	tiers = nil
	run, issues = w.prepareOn("cuda:0", Define(always))
	require.NoError(t, issues.Err())
	_, err = run.Train(t.Context(), Hooks{})
	require.ErrorIs(t, err, kernels.ErrDeviceLost)
	require.Len(t, tiers, 2)

	ctx, cancel := context.WithCancel(t.Context())
	cancelled := fakeSpec
	cancelled.Train = func(context.Context, *Task, fakeParams) (Model, error) {
		tiers = append(tiers, "cancelled")
		cancel()
		return nil, kernels.ErrDeviceLost
	}
	tiers = nil
	run, issues = w.prepareOn("cuda:0", Define(cancelled))
	require.NoError(t, issues.Err())
	_, err = run.Train(ctx, Hooks{})
	require.Error(t, err)
	require.Len(t, tiers, 1)
}

// Without Size a training is none for a device; with it, one that is too small is none.
func TestRun_Tier(t *testing.T) {
	for _, backend := range []string{"", "auto", "go"} {
		for _, size := range []func(*fakeParams, *Task) kernels.Size{
			nil,
			func(_ *fakeParams, t *Task) kernels.Size { return kernels.Size{Rows: t.Train.Rows, Columns: 2} },
		} {
			var got string
			s := fakeSpec
			s.Size = size
			s.Train = func(ctx context.Context, t *Task, p fakeParams) (Model, error) {
				got = t.Backend
				return trainFake(ctx, t, p)
			}
			run, issues := world(30).prepareOn(backend, Define(s))
			require.NoError(t, issues.Err())
			_, err := run.Train(t.Context(), Hooks{})
			require.NoError(t, err)
			want := kernels.Processor
			if backend == "go" {
				want = "go"
			}
			require.Equal(t, want, got)
		}
	}
}

// prepareOn is prepareOf with a tier that is asked for.
func (w *fixture) prepareOn(backend string, a *Algo, kv ...string) (*Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "response_column": "y", "seed": "1"}
	for i := 0; i < len(kv); i += 2 {
		raw[kv[i]] = kv[i+1]
	}
	env := w.env()
	env.Backend = backend
	return a.Prepare(raw, env)
}

func payload(t *testing.T, m Model) []byte {
	t.Helper()
	b, err := PayloadBytes(m)
	require.NoError(t, err)
	return b
}
