package tree

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels"
)

// oracle is a Contributor that knows the values.
type oracle struct {
	kernels.Backend
	phi   [][]float64
	calls int
	err   error
	game  kernels.Game
	stop  context.CancelFunc
}

func (o *oracle) Contributions(g kernels.Game, _ []kernels.Column, lo, hi int, out [][]float64) error {
	o.calls++
	o.game = g
	for k := range out {
		copy(out[k], o.phi[k][lo:hi])
	}
	if o.stop != nil {
		o.stop()
	}
	return o.err
}

func TestContributions_Delegate(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	const rows, p = 131_172, 3
	f, cols := wild(rng, 2, 3, p), wildColumns(rng, p, rows)
	want := contributions(t, nil, f, cols, 0, rows, 2, nil, 0)
	o := &oracle{Backend: kernels.CPU(), phi: make([][]float64, p)}
	for k := range o.phi {
		o.phi[k] = make([]float64, rows)
		for r := range o.phi[k] {
			o.phi[k][r] = float64(k*rows + r)
		}
	}
	got := contributions(t, o, f, cols, 0, rows, 2, nil, 0)
	require.Equal(t, o.phi, got[:p])
	require.Equal(t, want[p], got[p], "bias")
	calls := (rows + kernels.ScoreRows(o) - 1) / kernels.ScoreRows(o)
	require.Greater(t, calls, 1)
	require.Equal(t, calls, o.calls)

	o.err = errors.New("out of memory")
	require.Equal(t, want, contributions(t, o, f, cols, 0, rows, 2, nil, 0), "after an error")
	require.Equal(t, calls+1, o.calls)

	out := make([][]float64, p+1)
	for k := range out {
		out[k] = make([]float64, 20)
	}
	require.NoError(t, f.Contributions(t.Context(), o, cols, 0, 20, 1, out))
	require.Equal(t, calls+1, o.calls, "too few rows to ask")

	ctx, cancel := context.WithCancel(t.Context())
	o.stop, o.err = cancel, nil
	defer func(n int) { leastWork = n }(leastWork)
	leastWork = 0
	all := make([][]float64, p+1)
	for k := range all {
		all[k] = make([]float64, rows)
	}
	require.ErrorIs(t, f.Contributions(ctx, o, cols, 0, rows, 1, all), context.Canceled)
}

// The game that a Contributor is given expects what the trees do.
func TestContributions_Game(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	f, cols := wild(rng, 3, 5, 4), wildColumns(rng, 4, 1)
	f.Players = []string{"a", "b", "c", "d", "e"}
	for i := range f.Feature {
		f.Player = append(f.Player, int32(i%5))
	}
	o := &oracle{Backend: kernels.CPU(), phi: [][]float64{{0}, {0}, {0}, {0}, {0}}}
	bias := contributions(t, o, f, cols, 0, 1, 1, nil, 0)[5][0]
	require.Equal(t, f.Player, o.game.Player)
	var mean func(i int32) float64
	mean = func(i int32) float64 {
		if f.Left[i] < 0 {
			return float64(o.game.Forest.Value[i])
		}
		return o.game.Share[f.Left[i]]*mean(f.Left[i]) + o.game.Share[f.Right[i]]*mean(f.Right[i])
	}
	sum := 0.0
	for _, root := range f.Roots {
		sum += mean(root)
	}
	require.InDelta(t, sum, bias, 1e-12)
	require.InDelta(t, f.game(cols, 0, 0, nil, 0), bias, 1e-12)
}

// Tiers agree where a definition would take too long: wide paths, many rows.
func TestContributions_Tiers(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for _, tc := range []struct {
		f       *Forest
		p, rows int
	}{{comb(rng, 40), 40, 60}, {comb(rng, 70), 70, 10}, {wild(rng, 20, 6, 20), 20, 300}, {wild(rng, 1, 10, 30), 30, 130}} {
		cols := wildColumns(rng, tc.p, tc.rows)
		want := contributions(t, nil, tc.f, cols, 0, tc.rows, 2, nil, 0)
		for name, b := range contributors(t) {
			got := contributions(t, b, tc.f, cols, 0, tc.rows, 2, nil, 0)
			for row := range tc.rows {
				sum := 0.0
				for k := range want {
					sum += math.Abs(want[k][row])
				}
				for k := range want {
					require.InDelta(t, want[k][row], got[k][row], 1e-12*sum, "%s, row %d, player %d", name, row, k)
				}
			}
			require.Equal(t, got, contributions(t, b, tc.f, cols, 0, tc.rows, 3, nil, 0), name)
		}
	}
}

// Scores of a whole frame are those of the processor, to the bit, on every device.
func TestForest_ScoreAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 1))
	const rows, p = 40000, 6
	f, cols := wild(rng, 3, 4, p), wildColumns(rng, p, rows)
	score := func(b kernels.Backend) []float64 {
		out := [][]float64{make([]float64, rows)}
		require.NoError(t, f.ScoreAll(b, 2, cols, 1, out))
		return out[0]
	}
	want := score(kernels.CPU())
	for row := 0; row < rows; row += 1999 {
		sum := 0.0
		for _, i := range f.Roots[1:] {
			for f.Left[i] >= 0 {
				if f.left(cols, i, row) {
					i = f.Left[i]
				} else {
					i = f.Right[i]
				}
			}
			sum += float64(f.Value[i])
		}
		require.Equal(t, sum, want[row])
	}
	for name, b := range contributors(t) {
		if b == nil {
			continue
		}
		launches := func() (n int64) {
			for _, d := range kernels.DeviceStates() {
				n += d.Traffic.Launches
			}
			return n
		}
		before := launches()
		require.Equal(t, want, score(b), name)
		require.EqualValues(t, 2, launches()-before, "all rows at a time")
	}
}
