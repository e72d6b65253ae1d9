package tree

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// wild makes a forest of random trees over p columns, every third a categorical of
// 70 levels: features repeat on paths, thresholds are extreme, some nodes were never
// reached in training.
func wild(rng *rand.Rand, trees, depth, p int) *Forest {
	f := &Forest{}
	var grow func(depth int) int32
	grow = func(depth int) int32 {
		at := f.AddLeaf(0, 0)
		if depth == 0 || rng.IntN(12) == 0 {
			f.Value[at] = float32(rng.NormFloat64())
			f.Cover[at] = float32(rng.IntN(9)) // 0 for some
			return at
		}
		j := rng.IntN(p)
		f.Feature[at], f.Gain[at] = int32(j), rng.Float32()
		f.MissingLeft[at] = uint8(rng.IntN(2))
		if j%3 == 2 {
			f.SetAt[at], f.SetLen[at] = int32(len(f.Sets)), 65
			f.Sets = append(f.Sets, rng.Uint64(), rng.Uint64N(2))
		} else {
			f.Threshold[at] = math.Round(2*rng.NormFloat64()) / 2
			if rng.IntN(10) == 0 {
				f.Threshold[at] = math.Inf(1)
			}
		}
		l := grow(depth - 1)
		r := grow(depth - 1)
		f.Left[at], f.Right[at] = l, r
		f.Cover[at] = f.Cover[l] + f.Cover[r]
		return at
	}
	for range trees {
		f.Class = append(f.Class, 0)
		f.Roots = append(f.Roots, grow(depth))
	}
	return f
}

// wildColumns makes columns for wild forests.
func wildColumns(rng *rand.Rand, p, rows int) []*frame.Column {
	var levels []string
	for i := range 70 {
		levels = append(levels, fmt.Sprint("l", i))
	}
	cols := make([]*frame.Column, p)
	for j := range cols {
		if j%3 == 2 {
			codes := make([]int32, rows)
			for r := range codes {
				codes[r] = int32(rng.IntN(71)) - 1
			}
			cols[j] = frame.NewCodes(codes, levels)
			continue
		}
		v := make([]float64, rows)
		for r := range v {
			v[r] = math.Round(4*rng.NormFloat64()) / 4
			if rng.IntN(6) == 0 {
				v[r] = math.NaN()
			}
		}
		cols[j] = frame.NewFloats(v)
	}
	return cols
}

// left says which way a row goes at a split.
func (f *Forest) left(cols []*frame.Column, i int32, row int) bool {
	v, missing := cols[f.Feature[i]].Float(row), f.MissingLeft[i] == 1
	if f.SetAt[i] < 0 {
		return v <= f.Threshold[i] || v != v && missing
	}
	if v != v || int32(v) >= f.SetLen[i] {
		return missing
	}
	return f.Sets[f.SetAt[i]:][int(v)/64]>>(int(v)%64)&1 == 1
}

// game returns what the trees expect of a row of which a set of players is known;
// the others take the values of a row of background, or with nil go both ways.
func (f *Forest) game(cols []*frame.Column, row int, known uint, background []*frame.Column, ref int) float64 {
	var at func(i int32) float64
	at = func(i int32) float64 {
		if f.Left[i] < 0 {
			return float64(f.Value[i])
		}
		left := false
		switch {
		case known>>f.player(i)&1 == 1:
			left = f.left(cols, i, row)
		case background != nil:
			left = f.left(background, i, ref)
		default:
			l, r := f.shares(i)
			return l*at(f.Left[i]) + r*at(f.Right[i])
		}
		if left {
			return at(f.Left[i])
		}
		return at(f.Right[i])
	}
	sum := 0.0
	for _, r := range f.Roots {
		sum += at(r)
	}
	return sum
}

// shapley returns the Shapley values of a game of n players by their definition,
// and the value of the empty coalition.
func shapley(n int, v func(known uint) float64) []float64 {
	all := make([]float64, 1<<n)
	for s := range all {
		all[s] = v(uint(s))
	}
	phi := make([]float64, n+1)
	for s := range all {
		size := 0
		for i := range n {
			size += s >> i & 1
		}
		for i := range n {
			if s>>i&1 == 0 {
				phi[i] += weight(size, n-size-1) * (all[s|1<<i] - all[s])
			}
		}
	}
	phi[n] = all[0]
	return phi
}

// contributions computes on the processor, or by b where it is not nil, whatever the size.
func contributions(t testing.TB, b kernels.Backend, f *Forest, cols []*frame.Column, lo, hi, threads int, background []*frame.Column, refs int) [][]float64 {
	t.Helper()
	out := make([][]float64, f.players(len(cols))+1)
	for k := range out {
		out[k] = make([]float64, hi-lo)
	}
	if background != nil {
		require.NoError(t, f.ContributionsAgainst(t.Context(), cols, lo, hi, background, refs, threads, out))
	} else {
		defer func(n int) { leastWork = n }(leastWork)
		leastWork = 0
		require.NoError(t, f.Contributions(t.Context(), b, cols, lo, hi, threads, out))
	}
	return out
}

// contributors are the tiers that compute contributions, by name: nil for this package,
// and all devices that are here.
func contributors(t *testing.T) map[string]kernels.Backend {
	out := map[string]kernels.Backend{"processor": nil}
	devices, err := kernels.Devices()
	if err != nil {
		t.Log(err)
	}
	for _, d := range devices {
		b, err := kernels.Open(d.Name, 2)
		require.NoError(t, err)
		require.Implements(t, (*kernels.Contributor)(nil), b)
		t.Cleanup(func() {
			require.NoError(t, kernels.Fault(b))
			require.NoError(t, b.Close())
		})
		out[d.Name] = b
	}
	return out
}

var wildForests = []struct {
	name                  string
	trees, depth, p, rows int
}{
	{"stumps", 3, 0, 2, 20},
	{"one split", 5, 1, 2, 20},
	{"one player", 3, 6, 1, 20},
	{"shallow", 5, 3, 4, 200},
	{"repeated players", 3, 7, 3, 200},
	{"as wide as a pattern", 2, 8, 10, 300},
	{"wide", 1, 11, 11, 40},
	{"few rows", 3, 6, 6, 3},
}

func TestContributions_Definition(t *testing.T) {
	for _, tc := range wildForests {
		for name, b := range contributors(t) {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, uint64(tc.depth)))
				f, cols := wild(rng, tc.trees, tc.depth, tc.p), wildColumns(rng, tc.p, tc.rows)
				got := contributions(t, b, f, cols, 0, tc.rows, 1, nil, 0)
				for row := 0; row < tc.rows; row += max(1, tc.rows/6) {
					want := shapley(tc.p, func(known uint) float64 { return f.game(cols, row, known, nil, 0) })
					for k, x := range want {
						require.InDelta(t, x, got[k][row], 1e-12, "row %d player %d", row, k)
					}
				}
			})
		}
	}
}

func TestContributionsAgainst_Definition(t *testing.T) {
	for _, tc := range wildForests {
		t.Run(tc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2, uint64(tc.depth)))
			f, cols, background := wild(rng, tc.trees, tc.depth, tc.p), wildColumns(rng, tc.p, tc.rows), wildColumns(rng, tc.p, 5)
			got := contributions(t, nil, f, cols, 0, tc.rows, 1, background, 5)
			for row := 0; row < tc.rows; row += max(1, tc.rows/3) {
				want := shapley(tc.p, func(known uint) float64 {
					sum := 0.0
					for ref := range 5 {
						sum += f.game(cols, row, known, background, ref) / 5
					}
					return sum
				})
				for k, x := range want {
					require.InDelta(t, x, got[k][row], 1e-12, "row %d player %d", row, k)
				}
			}
		})
	}
}

// Players that share a column: one-hot features of a design matrix.
func TestContributions_Players(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	f, cols := wild(rng, 4, 5, 3), wildColumns(rng, 3, 50)
	f.Players = []string{"a", "b.x", "b.y", "c"}
	for i, j := range f.Feature {
		p := int32(0)
		if j == 1 {
			p = 1 + int32(i%2)
		} else if j == 2 {
			p = 3
		}
		f.Player = append(f.Player, p)
	}
	for name, b := range contributors(t) {
		got := contributions(t, b, f, cols, 0, 50, 1, nil, 0)
		for row := range 10 {
			want := shapley(4, func(known uint) float64 { return f.game(cols, row, known, nil, 0) })
			for k, x := range want {
				require.InDelta(t, x, got[k][row], 1e-12, name)
			}
		}
	}
}

// More players than a mask of 16 bits tells apart, and more rows than one block.
func TestContributions_Sum(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	for _, tc := range []struct {
		f       *Forest
		p, rows int
	}{{comb(rng, 40), 40, 60}, {wild(rng, 3, 6, 20), 20, 5000}, {wild(rng, 1, 10, 30), 30, 2100}} {
		f := tc.f
		cols := wildColumns(rng, tc.p, tc.rows)
		background := wildColumns(rng, tc.p, 7)
		for _, refs := range [][]*frame.Column{nil, background} {
			got := contributions(t, nil, f, cols, 0, tc.rows, 2, refs, 7)
			for row := 0; row < tc.rows; row += 13 {
				sum := 0.0
				for k := range got {
					sum += got[k][row]
				}
				require.InDelta(t, f.game(cols, row, math.MaxUint, nil, 0), sum, 1e-9)
			}
			require.Equal(t, got, contributions(t, nil, f, cols, 0, tc.rows, 7, refs, 7), "threads")
			part := contributions(t, nil, f, cols, 50, 60, 1, refs, 7)
			for k := range part {
				for r, x := range part[k] {
					require.InDelta(t, got[k][50+r], x, 1e-12)
				}
			}
		}
	}
}

// comb makes a tree whose every level splits another column.
func comb(rng *rand.Rand, p int) *Forest {
	f := &Forest{}
	f.Roots, f.Class = []int32{0}, []int32{0}
	for i := range 2*p + 1 {
		leaf := i%2 == 1 || i == 2*p
		f.AddLeaf(rng.Float32(), float32(3*p-i-i%2))
		f.Feature[i], f.Gain[i] = int32(i/2%p), 1
		f.Threshold[i], f.MissingLeft[i] = 0.5*rng.Float64()-1, uint8(rng.IntN(2))
		if !leaf {
			f.Left[i], f.Right[i] = int32(i+1), int32(i+2)
		}
		if j := f.Feature[i]; j%3 == 2 && !leaf {
			f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), 65
			f.Sets = append(f.Sets, rng.Uint64()&rng.Uint64(), 1)
		}
	}
	return f
}

func TestContributions_Refused(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	f, cols := wild(rng, 1, 2, 2), wildColumns(rng, 2, 4)
	out := [][]float64{make([]float64, 4), make([]float64, 4)}
	require.ErrorContains(t, f.Contributions(t.Context(), nil, cols, 0, 4, 1, out), "2 slices for contributions, want 3")
	out = append(out, nil)
	require.ErrorContains(t, f.Contributions(t.Context(), nil, cols, 0, 4, 1, out), "contributions 2: 0 rows, want 4")
	out[2] = make([]float64, 4)
	require.ErrorContains(t, f.ContributionsAgainst(t.Context(), cols, 0, 4, cols, 0, 1, out), "background without rows")
}
