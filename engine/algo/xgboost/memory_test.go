package xgboost

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a training is said to need grows with what makes it need more.
func TestMemory(t *testing.T) {
	need(t)
	w := newWorld(400)
	memory := func(kv ...string) int64 {
		run, issues := w.prepare(kv...)
		require.NoError(t, issues.Err())
		return run.Memory
	}
	linear := []string{"booster", "gblinear"}
	require.Equal(t, memory(linear...), memory(append(linear, "ntrees", "100000")...), "a linear model has no trees")
	require.Greater(t, memory("ntrees", "1000"), memory())
	require.Greater(t, memory("tree_method", "hist"), memory("tree_method", "exact"), "histograms")
	require.Greater(t, memory("tree_method", "hist", "max_bins", "400"), memory("tree_method", "hist", "max_bins", "16"))
	require.Greater(t, memory("tree_method", "approx"), memory("tree_method", "hist", "max_bins", "16"), "approx has 256 bins")
	require.Equal(t, memory("tree_method", "hist", "max_bins", "400"), memory("tree_method", "hist", "max_bins", "4000"), "no more bins than rows")
}

// The histograms of a deep tree stay below a bound, and are of two batches of nodes at
// least.
func TestHistograms(t *testing.T) {
	need(t)
	w := newWorld(400)
	run, _ := w.prepare()
	layout := layoutOf(run.Task.Train)
	for _, c := range []struct {
		name string
		p    Params
		rows int64
		kept int64
	}{
		{"few bins", Params{TreeMethod: "hist", MaxBins: 256}, 1e6, 1 << 29 / (16 * (4*256 + 2*19))},
		{"many bins", Params{TreeMethod: "hist", MaxBins: 65535}, 1e6, leastKept},
		{"bins by default", Params{TreeMethod: "approx", MaxBins: 65535}, 1e6, 1 << 29 / (16 * (4*256 + 2*19))},
		{"none", Params{TreeMethod: "exact", MaxBins: 256}, 1e6, 0},
		{"linear", Params{TreeMethod: "hist", Booster: "gblinear"}, 1e6, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, size := c.p.histograms(layout, c.rows)
			require.Equal(t, c.kept, kept)
			if kept > leastKept {
				require.LessOrEqual(t, kept*size, int64(mostHistograms))
			}
		})
	}
}
