package gbm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels"
)

// What training takes outside the heap is what it was admitted for, and all of it
// comes back, however it ends.
func TestTrain_Memory(t *testing.T) {
	w := newWorld(70000)
	for name, kv := range map[string][]string{
		"two classes": {"response_column", "yb"}, "classes": {"response_column", "ym", "auc_type", "MACRO_OVR"}, "numbers": {},
		"weights, validation": {"response_column", "yb", "weights_column", "w", "validation_frame", "test"},
		"two rules":           {"histogram_type", "RoundRobin"}, "folds": {"nfolds", "2", "response_column", "yb"},
	} {
		t.Run(name, func(t *testing.T) {
			run, issues := w.prepare(append(kv, "ntrees", "4", "max_depth", "4", "score_tree_interval", "2")...)
			require.NoError(t, issues.Err())
			before, most := kernels.Mapped(), int64(0)
			look := func(float64, string) { most = max(most, kernels.Mapped()-before) }
			_, err := run.Train(t.Context(), model.Hooks{Progress: look})
			require.NoError(t, err)
			require.Equal(t, before, kernels.Mapped())
			require.Less(t, most, run.Memory)
			require.Greater(t, most, run.Memory/4)

			ctx, cancel := context.WithCancel(t.Context())
			_, err = run.Train(ctx, model.Hooks{Progress: func(float64, string) { cancel() }})
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, before, kernels.Mapped())
		})
	}
}
