package tree

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSampling(t *testing.T) {
	const n = 20_000
	class := func(i int) int { return i%3 - 1 }
	count := func(in []uint8, of int) (sum float64) {
		for i, v := range in {
			if class(i) == of {
				sum += float64(v) / n * 3
			}
		}
		return sum
	}
	s := Sampling{Seed: 1, Rate: 0.3}
	in := s.Rows(4, n, 1, class)
	for k := -1; k < 2; k++ {
		require.InDelta(t, 0.3, count(in, k), 0.02)
	}
	require.Equal(t, in, s.Rows(4, n, 7, class), "at any number of threads")
	again := bytes.Repeat([]byte{7}, n)
	s.Draw(4, again, 2, class)
	require.Equal(t, in, again, "whatever was there")
	require.NotEqual(t, in, s.Rows(5, n, 1, class))
	require.Equal(t, in[:99], s.Rows(4, 99, 1, class), "a row is drawn by itself")
	s.PerClass = []float64{0.9, 0.1}
	in = s.Rows(4, n, 2, class)
	require.Zero(t, count(in, -1), "rows without a class")
	require.InDelta(t, 0.9, count(in, 0), 0.02)
	require.InDelta(t, 0.1, count(in, 1), 0.02)
	for _, c := range []struct {
		s     Sampling
		whole bool
	}{
		{Sampling{Rate: 1}, true}, {Sampling{Rate: 0.9}, false}, {Sampling{Rate: 0.9, PerClass: []float64{1, 1}}, true},
		{Sampling{Rate: 1, PerClass: []float64{1, 0.9}}, false},
	} {
		require.Equal(t, c.whole, c.s.Whole(), "%+v", c.s)
	}
}

func TestFeatures(t *testing.T) {
	require.Nil(t, Features(1, 1, 5, 1))
	require.Nil(t, Features(1, 1, 1, 1e-300))
	require.Len(t, Features(1, 1, 9, 1e-300), 1)
	drawn := make([]int, 10)
	for tree := range uint64(2000) {
		f := Features(3, tree, 10, 0.34)
		require.Len(t, f, 3)
		require.IsIncreasing(t, f)
		for _, j := range f {
			drawn[j]++
		}
	}
	for _, k := range drawn {
		require.InDelta(t, 600, k, 80)
	}
}
