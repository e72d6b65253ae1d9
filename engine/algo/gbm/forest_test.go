package gbm_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// forest decodes the trees from a model's payload.
func forest(t *testing.T, m model.Model) *tree.Forest {
	t.Helper()
	var s struct {
		Init   float64
		Forest *tree.Forest
	}
	require.NoError(t, model.Unmarshal([]byte(payload(t, m)), &s))
	return s.Forest
}

// walk calls f for every node of tree k.
func walk(f *tree.Forest, k int, visit func(i int32)) {
	var down func(i int32)
	down = func(i int32) {
		visit(i)
		if f.Left[i] >= 0 {
			down(f.Left[i])
			down(f.Right[i])
		}
	}
	down(f.Roots[k])
}

// rootCover sums the weights of the rows that each tree was grown on.
func rootCover(t *testing.T, m model.Model) float64 {
	f := forest(t, m)
	sum := 0.0
	for _, r := range f.Roots {
		sum += float64(f.Cover[r])
	}
	return sum
}

// columnsByTree returns the columns that each tree splits by.
func columnsByTree(t *testing.T, m model.Model) []map[int32]bool {
	f := forest(t, m)
	out := make([]map[int32]bool, f.Trees())
	for k := range out {
		out[k] = map[int32]bool{}
		walk(f, k, func(i int32) {
			if f.Left[i] >= 0 {
				out[k][f.Feature[i]] = true
			}
		})
	}
	return out
}

// leafSizes returns the largest magnitude of a leaf of each tree.
func leafSizes(t *testing.T, m model.Model) []float64 {
	f := forest(t, m)
	out := make([]float64, f.Trees())
	for k := range out {
		walk(f, k, func(i int32) { out[k] = max(out[k], math.Abs(float64(f.Value[i]))) })
	}
	return out
}
