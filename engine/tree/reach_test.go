package tree

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels"
)

// The leaves that rows reach add up to what scoring gives, also where rows come in
// several blocks.
func TestForest_Reach(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	f, cols := wild(rng, 4, 6, 5), wildColumns(rng, 5, walkRows+300)
	const lo, hi = 100, walkRows + 300
	want := [][]float64{make([]float64, hi-lo)}
	require.NoError(t, kernels.CPU().Predict(&f.Forest, Columns(cols), lo, hi, 0, 4, want))
	leaves, met := make([][]int32, 4), make([][]int64, 5)
	for k := range leaves {
		leaves[k] = make([]int32, hi-lo)
	}
	for j := range met {
		met[j] = make([]int64, hi-lo)
	}
	f.Reach(cols, lo, hi, leaves)
	f.Frequencies(cols, lo, hi, met)
	for r := range hi - lo {
		sum, splits := 0.0, 0
		for k := range leaves {
			sum += float64(f.Value[leaves[k][r]])
			splits += len(f.Paths(k)[leaves[k][r]])
		}
		require.Equal(t, want[0][r], sum)
		for j := range met {
			splits -= int(met[j][r])
		}
		require.Zero(t, splits)
	}
}

func TestForest_Numbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 0))
	f := wild(rng, 3, 5, 4)
	for k := range 3 {
		number, nodes := f.Numbers(k)
		seen := map[int]bool{}
		for at, i := range nodes {
			require.False(t, seen[number[i]])
			seen[number[i]] = true
			if f.Left[i] >= 0 || at == 0 {
				require.Equal(t, at, number[i])
			} else {
				require.GreaterOrEqual(t, number[i], len(nodes))
			}
		}
		g := *f
		g.Players = []string{"a"}
		number, nodes = g.Numbers(k)
		for at, i := range nodes {
			require.Equal(t, at, number[i])
		}
	}
}

// With nothing known the expectation is the mean by weight, with everything the score.
func TestForest_Expect(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 0))
	f, cols := wild(rng, 3, 5, 4), wildColumns(rng, 4, 20)
	f.Class[1] = 1
	for row := range 20 {
		var values []float64
		for _, c := range cols {
			values = append(values, c.Float(row))
		}
		for known := range uint(16) {
			bits := []bool{known&1 > 0, known&2 > 0, known&4 > 0, known&8 > 0}
			got := f.Expect(values, bits, 0) + f.Expect(values, bits, 1)
			require.InDelta(t, f.game(cols, row, known, nil, 0), got, 1e-12)
		}
	}
}

// Every row that comes to a node satisfies what the view says of the way there.
func TestForest_View(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 0))
	f, cols := wild(rng, 1, 6, 4), wildColumns(rng, 4, 400)
	view := f.View(0, []int{0, 0, 65, 0})
	at := map[int32]int{}
	for k, v := range view {
		at[v.Node] = k
	}
	missing := map[int]bool{} // splits that a missing value comes to
	for row := range 400 {
		for i := f.Roots[0]; f.Left[i] >= 0; {
			v := &view[at[i]]
			x := cols[v.Feature].Float(row)
			next := f.next(i, x)
			child := &view[v.Child]
			if next == f.Right[i] {
				child = &view[v.Child+1]
			}
			require.Equal(t, next, child.Node)
			require.Equal(t, next == f.Left[i], child.IsLeft)
			switch {
			case x != x:
				missing[at[i]] = true
				require.Equal(t, map[bool]Side{true: GoLeft, false: GoRight}[child.IsLeft], v.Missing)
			case f.SetAt[i] < 0:
				require.Equal(t, child.IsLeft, x < float64(v.Threshold))
			case x < 65:
				require.Contains(t, child.Levels, int(x))
			}
			i = next
		}
	}
	require.NotEmpty(t, missing)
	for k, v := range view {
		if v.Missing == None {
			require.False(t, missing[k])
		}
		require.Equal(t, v.Left < 0, v.Child < 0)
	}
}

func TestAbove(t *testing.T) {
	for _, x := range []float64{0, 0.1, -0.1, 1, 3.5, math.Nextafter(0.25, 0), 1e-50, -1e300, 1e10 + 0.5} {
		got := above(x)
		require.Greater(t, float64(got), x)
		require.LessOrEqual(t, float64(math.Nextafter32(got, float32(math.Inf(-1)))), x)
	}
	require.Equal(t, float32(math.Inf(1)), above(math.Inf(1)))
}
