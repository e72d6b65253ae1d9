package extendedisolationforest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Values of an H2O-3 3.46.0.12 server: mean lengths of path of rows scored by trees
// of 64 rows, and their scores.
func TestScoreOf_Golden(t *testing.T) {
	for length, want := range map[float64]float64{
		8.37477549715813: 0.45982967729311, 7.935887340288361: 0.4789375912643943, 8.546219960255875: 0.4525742512605247,
		8.461157482674837: 0.45615962104130936, 7.655330635714059: 0.4915661802324133, 8.713629271101173: 0.445600074034853,
		5.066801551203293: 0.6249836704488982, 10.143088364258507: 0.390261040611055,
	} {
		require.InDelta(t, want, scoreOf(length, 64), 1e-9)
	}
}

func TestAverageSearch(t *testing.T) {
	require.Zero(t, averageSearch(0))
	require.Zero(t, averageSearch(1))
	require.Equal(t, 1.0, averageSearch(2))
	require.InDelta(t, 2*(math.Ln2+0.5772156649)-4.0/3, averageSearch(3), 1e-15)
	// Near the exact mean 2 H(m-1) − 2 (m-1)/m.
	harmonic := 0.0
	for m := 2; m <= 1000; m++ {
		harmonic += 1 / float64(m-1)
		if m > 50 {
			require.InDelta(t, 2*harmonic-2*float64(m-1)/float64(m), averageSearch(m), 0.03)
		}
	}
}

func TestDepthLimit(t *testing.T) {
	for rows, want := range map[int]int{2: 1, 3: 2, 4: 2, 5: 3, 64: 6, 65: 7, 256: 8, 257: 9, 100000: 17} {
		require.Equal(t, want, depthLimit(rows), "%d rows", rows)
		require.Equal(t, want, int(math.Ceil(math.Log2(float64(rows)))))
	}
}

// Every row is drawn as often as any other, and no row twice.
func TestSample(t *testing.T) {
	count := make([]float64, 20)
	const times = 4000
	for k := range times {
		s := sample(&stream{seed: 1, tree: uint64(k)}, 20, 7)
		require.Len(t, s, 7)
		require.True(t, slices.IsSorted(s))
		require.Len(t, slices.Compact(slices.Clone(s)), 7)
		for _, i := range s {
			count[i]++
		}
	}
	for i, n := range count {
		require.InDelta(t, 7.0/20, n/times, 0.04, "row %d", i)
	}
	require.Len(t, sample(&stream{}, 5, 5), 5)
}

func TestStream_Normal(t *testing.T) {
	s := &stream{seed: 3}
	var sum, squares, tail float64
	const n = 100000
	for range n {
		v := s.normal()
		sum, squares = sum+v, squares+v*v
		if v > 1.6448536269514722 {
			tail++
		}
	}
	require.InDelta(t, 0, sum/n, 0.015)
	require.InDelta(t, 1, squares/n, 0.02)
	require.InDelta(t, 0.05, tail/n, 0.004)
}

// cloud makes n rows of so many columns.
func cloud(n, cols int) [][]float64 {
	r := rand.New(rand.NewPCG(4, 4))
	x := make([][]float64, cols)
	for j := range x {
		x[j] = make([]float64, n)
		for i := range x[j] {
			x[j][i] = r.NormFloat64() * float64(j+1)
		}
	}
	return x
}

// naiveLength walks one row down the first tree of a forest, plane by plane, and
// returns the leaf.
func naiveLeaf(f *forest, x [][]float64, row int) int {
	i := 0
	for f.Right[i] != 0 {
		dot := 0.0
		for k := range f.K {
			dot += x[f.Cols[int(f.Plane[i])*f.K+k]][row] * f.Coefs[int(f.Plane[i])*f.K+k]
		}
		if dot <= f.Level[i] {
			i++
		} else {
			i = int(f.Right[i])
		}
	}
	return i
}

// A tree shares out its sample: the length of a leaf is its depth and c of its rows.
func TestPlant(t *testing.T) {
	for _, k := range []int{1, 2, 4} {
		x := cloud(100, 4)
		f := plant(stream{seed: 1, tree: 2}, x, k)
		require.NoError(t, f.check(4))
		rows := map[int]int{}
		for r := range 100 {
			rows[naiveLeaf(f, x, r)]++
		}
		var s shape
		var walk func(i, depth int) int
		walk = func(i, depth int) int {
			if f.Right[i] == 0 {
				require.Equal(t, float64(depth)+averageSearch(rows[i]), f.Level[i])
				require.True(t, rows[i] <= 1 || depth == 7)
				s.Depth = max(s.Depth, int64(depth))
				s.Leaves++
				if rows[i] == 1 {
					s.Isolated++
				} else {
					s.Shared += int64(rows[i])
				}
				return rows[i]
			}
			l, r := walk(i+1, depth+1), walk(int(f.Right[i]), depth+1)
			if l == 0 || r == 0 {
				s.Empty++
			}
			return l + r
		}
		require.Equal(t, 100, walk(0, 0))
		require.Equal(t, s, f.Shapes[0])
		require.EqualValues(t, 100, s.Isolated+s.Shared)
		for i := 0; i < len(f.Cols); i += k {
			cols := slices.Clone(f.Cols[i : i+k])
			slices.Sort(cols)
			require.Len(t, slices.Compact(cols), k, "columns of a plane differ")
		}
		out := make([]float64, 100)
		f.lengths(x, 0, 1, out)
		for r := range out {
			require.Equal(t, f.Level[naiveLeaf(f, x, r)], out[r])
		}
	}
}

// The first plane passes between the extremes, evenly.
func TestPlant_PointsAreEven(t *testing.T) {
	x := [][]float64{{0, 0, 10, 10}}
	sum, squares := 0.0, 0.0
	const n = 2000
	for k := range n {
		f := plant(stream{seed: 5, tree: uint64(k)}, x, 1)
		p := f.Level[0] / f.Coefs[0]
		require.True(t, p > -1e-9 && p < 10+1e-9)
		sum, squares = sum+p/n, squares+p*p/n
	}
	require.InDelta(t, 5, sum, 0.3)
	require.InDelta(t, 100.0/12, squares-sum*sum, 0.5)
}

// Rows that are all equal cannot be parted: empty leaves down to the limit.
func TestPlant_EqualRows(t *testing.T) {
	x := [][]float64{slices.Repeat([]float64{1.7}, 8), slices.Repeat([]float64{-3.1}, 8)}
	f := plant(stream{seed: 1}, x, 2)
	require.Equal(t, shape{Depth: 3, Leaves: 4, Shared: 8, Empty: 3}, f.Shapes[0])
	out := make([]float64, 8)
	f.lengths(x, 0, 1, out)
	require.Equal(t, 3+averageSearch(8), out[0])
}

// Missing values go right, and take no part in the choice of points.
func TestPlant_Missing(t *testing.T) {
	nan := math.NaN()
	x := [][]float64{{nan, 0, nan, 1, 2, nan}}
	f := plant(stream{seed: 1}, x, 1)
	i := 0
	for f.Right[i] != 0 {
		i = int(f.Right[i])
	}
	require.Equal(t, i, naiveLeaf(f, x, 0))
	f = plant(stream{seed: 1}, [][]float64{{nan, nan, nan, nan}}, 1)
	require.Zero(t, f.Level[0])
}

func TestForest_Check(t *testing.T) {
	make1 := func() *forest {
		f := plant(stream{seed: 1}, cloud(20, 3), 2)
		f.add(plant(stream{seed: 2}, cloud(20, 3), 2))
		return f
	}
	require.NoError(t, make1().check(3))
	inner := slices.IndexFunc(make1().Right, func(r int32) bool { return r > 0 })
	for name, change := range map[string]func(f *forest){
		"no columns":    func(f *forest) { f.K = 0 },
		"wide planes":   func(f *forest) { f.K = 4 },
		"planes":        func(f *forest) { f.Plane = f.Plane[1:] },
		"levels":        func(f *forest) { f.Level = append(f.Level, 1) },
		"coefficients":  func(f *forest) { f.Coefs = f.Coefs[2:] },
		"shapes":        func(f *forest) { f.Shapes = nil },
		"root below":    func(f *forest) { f.Roots[1] = -1 },
		"root above":    func(f *forest) { f.Roots[1] = int32(len(f.Right)) },
		"circle":        func(f *forest) { f.Right[inner] = int32(inner) + 1 },
		"back":          func(f *forest) { f.Right[inner] = -1 },
		"outside":       func(f *forest) { f.Right[inner] = int32(len(f.Right)) },
		"no plane":      func(f *forest) { f.Plane[inner] = -1 },
		"plane outside": func(f *forest) { f.Plane[inner] = int32(len(f.Cols)) / 2 },
		"column below":  func(f *forest) { f.Cols[0] = -1 },
		"column above":  func(f *forest) { f.Cols[0] = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			f := make1()
			change(f)
			require.Error(t, f.check(3))
		})
	}
}
