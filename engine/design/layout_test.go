package design_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
)

var (
	nan    = math.NaN()
	names  = []string{"x", "few", "n", "many"}
	levels = [][]string{nil, {"p", "q"}, nil, {"a", "b", "c"}}
	kinds  = []frame.Kind{frame.Real, frame.Enum, frame.Int, frame.Enum}
)

func columns() []*frame.Column {
	return []*frame.Column{
		frame.NewFloats([]float64{0.5, nan, -1e300, 0}), frame.NewCodes([]int32{1, -1, 0, 1}, levels[1]),
		frame.NewInts(frame.Int, []int32{7, 0, 3, -2}, nil), frame.NewCodes([]int32{2, 0, -1, 1}, levels[3]),
	}
}

func TestNewLayout(t *testing.T) {
	l := design.NewLayout(names, kinds, levels)
	require.Equal(t, []string{"many.a", "many.b", "many.c", "many.missing(NA)", "few.p", "few.q", "few.missing(NA)", "x", "n"}, l.Names)
	require.Equal(t, []design.Feature{{3, 0}, {3, 1}, {3, 2}, {3, 3}, {1, 0}, {1, 1}, {1, 2}, {0, -1}, {2, -1}}, l.Features)
	require.Equal(t, []int{3, 1, 0, 2}, design.Order(kinds, levels))
	for column, want := range [][2]int{{7, 8}, {4, 7}, {8, 9}, {0, 4}} {
		lo, hi := l.Range(column)
		require.Equal(t, want, [2]int{lo, hi})
	}
	require.Equal(t, []int{-1, 2, -1, 3}, []int{l.Levels(0), l.Levels(1), l.Levels(2), l.Levels(3)})
	require.Equal(t, []int{0, 2, 3, 3}, []int{l.At(3, 0), l.At(3, 2), l.At(3, -1), l.At(3, 3)})
}

// Categories of as many levels keep their order, as do numbers.
func TestOrder_Stable(t *testing.T) {
	require.Equal(t, []int{1, 3, 0, 2}, design.Order(kinds, [][]string{nil, {"p", "q"}, nil, {"a", "b"}}))
	require.Empty(t, design.Order(nil, nil))
}

func TestDense(t *testing.T) {
	m := design.NewLayout(names, kinds, levels).Dense(columns(), 2)
	gap := float32(nan)
	want := [][]float32{
		{0, 1, 0, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}, {0, 0, 1, 0}, // many
		{0, 0, 1, 0}, {1, 0, 0, 1}, {0, 1, 0, 0}, // few
		{0.5, gap, -math.MaxFloat32, 0}, {7, 0, 3, -2},
	}
	require.Len(t, m, len(want))
	for j := range want {
		for i := range want[j] {
			require.True(t, want[j][i] == m[j][i] || want[j][i] != want[j][i] && m[j][i] != m[j][i], "feature %d, row %d: %v", j, i, m[j][i])
		}
	}
}

// The two forms hold the same, but for the zeros of levels.
func TestSparse(t *testing.T) {
	const n = 70_000 // more than a chunk
	rng := rand.New(rand.NewPCG(1, 2))
	x, whole := make([]float64, n), make([]int32, n)
	few, many := make([]int32, n), make([]int32, n)
	for i := range n {
		if x[i] = rng.NormFloat64(); rng.IntN(5) == 0 {
			x[i] = nan
		}
		whole[i], few[i], many[i] = int32(rng.IntN(3)), int32(rng.IntN(3)-1), int32(rng.IntN(4)-1)
	}
	cols := []*frame.Column{frame.NewFloats(x), frame.NewCodes(few, levels[1]), frame.NewInts(frame.Int, whole, nil), frame.NewCodes(many, levels[3])}
	l := design.NewLayout(names, kinds, levels)
	dense := l.Dense(cols, 2)
	for _, threads := range []int{1, 2} {
		s := l.Sparse(cols, threads)
		require.Equal(t, len(l.Names), s.Columns)
		require.Len(t, s.Indptr, n+1)
		require.Equal(t, uint64(len(s.Values)), s.Indptr[n])
		for i := range n {
			row := map[int]float32{}
			last := -1
			for k := s.Indptr[i]; k < s.Indptr[i+1]; k++ {
				j := int(s.Indices[k])
				require.Greater(t, j, last)
				last, row[j] = j, s.Values[k]
			}
			for j, f := range l.Features {
				want := dense[j][i]
				got, there := row[j]
				if there != (want == want && (f.Level < 0 || want == 1)) || there && got != want {
					t.Fatalf("row %d, feature %d: %v and %v", i, j, want, got)
				}
			}
		}
	}
}

// A validation column without any value has no levels and no type.
func TestMatrix_Bad(t *testing.T) {
	cols := columns()
	cols[0], cols[3] = frame.NewBad(4), frame.NewBad(4)
	l := design.NewLayout(names, kinds, levels)
	m := l.Dense(cols, 1)
	require.Equal(t, []float32{1, 1, 1, 1}, m[3])
	require.True(t, m[7][0] != m[7][0])
	require.Equal(t, []uint64{0, 3, 6, 9, 12}, l.Sparse(cols, 1).Indptr)
}

func TestFillRatio(t *testing.T) {
	// 3 of 4 numbers (one missing, one zero), 4 of 8, 3 of 4, 4 of 12.
	require.Equal(t, (2.0+4+3+4)/28, design.FillRatio(columns()))
	require.Equal(t, 1.0, design.FillRatio(nil))
}

func TestSingle(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want float32
	}{{0.1, 0.1}, {1e300, math.MaxFloat32}, {math.Inf(1), math.MaxFloat32}, {math.Inf(-1), -math.MaxFloat32}, {-3.5e38, -math.MaxFloat32}, {1e-60, 0}} {
		require.Equal(t, c.want, design.Single(c.v))
	}
	require.True(t, math.IsNaN(float64(design.Single(nan))))
}
