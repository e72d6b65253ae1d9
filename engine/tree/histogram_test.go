package tree

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels"
)

func TestShape_Histograms(t *testing.T) {
	few, many := Shape{NBins: 20, NBinsTopLevel: 1024, NBinsCats: 64}, Shape{NBins: 300, NBinsTopLevel: 1024, NBinsCats: 64}
	q := func(bins int) kernels.BinOptions {
		return kernels.BinOptions{Histogram: kernels.Quantile, Bins: bins, CatBins: 64}
	}
	uniform := kernels.BinOptions{Histogram: kernels.Uniform, Bins: 1024, CatBins: 64}
	for _, c := range []struct {
		kind string
		s    Shape
		want []kernels.BinOptions
		used []int // by step
	}{
		{"AUTO", few, []kernels.BinOptions{q(254)}, []int{0, 0, 0, 0}},
		{"AUTO", many, []kernels.BinOptions{q(300)}, []int{0, 0, 0, 0}},
		{"QuantilesGlobal", few, []kernels.BinOptions{q(20)}, []int{0, 0, 0, 0}},
		{"UniformAdaptive", few, []kernels.BinOptions{uniform}, []int{0, 0, 0, 0}},
		{"UniformRobust", few, []kernels.BinOptions{uniform}, []int{0, 0, 0, 0}},
		{"RoundRobin", few, []kernels.BinOptions{q(20), uniform}, []int{0, 1, 0, 1}},
	} {
		require.Equal(t, c.want, c.s.Histograms(c.kind), c.kind)
		for step, which := range c.used {
			require.Equal(t, which, Histogram(c.kind, 1, step), c.kind)
		}
	}
	require.Len(t, few.Histograms("Random"), 2)
	used := 0
	for step := range 1000 {
		used += Histogram("Random", 1, step)
	}
	require.InDelta(t, 500, used, 60)
}
