package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescending(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.SmallestNonzeroFloat64, 0.1, 0.1 + 1e-17}
	draws := map[string]func() float64{
		"probabilities":  rng.Float64,
		"any sign":       func() float64 { return rng.NormFloat64() * 1e6 },
		"few":            func() float64 { return float64(rng.IntN(5)) / 5 },
		"special values": func() float64 { return special[rng.IntN(len(special))] },
		"constant":       func() float64 { return 0.25 },
		"last bits":      func() float64 { return math.Float64frombits(math.Float64bits(0.5) + rng.Uint64N(9)) },
	}
	for name, draw := range draws {
		for _, n := range []int{1, 100, 5000} {
			t.Run(name, func(t *testing.T) {
				pts := make([]point, n)
				for i := range pts {
					pts[i] = point{score: draw()}
				}
				want := make([]int, n)
				for i := range want {
					want[i] = i
				}
				slices.SortStableFunc(want, func(a, b int) int {
					switch x, y := pts[a].score, pts[b].score; {
					case x > y:
						return -1
					case x < y:
						return 1
					}
					return 0
				})
				for i, o := range new(scratch).descending(pts) {
					require.EqualValues(t, want[i], o.at)
				}
			})
		}
	}
}

// Each point's weight is a power of two, so that a lost or doubled one shows.
func TestMerge(t *testing.T) {
	got := merge([]run{
		collapse([]point{{0.5, 1, 0}, {0.9, 2, 0}, {0.5, 0, 4}}), nil,
		collapse([]point{{0.1, 8, 0}, {0.9, 0, 16}}), collapse([]point{{0.3, 0, 32}}), collapse([]point{{0.5, 64, 0}}),
	}, 2)
	require.Equal(t, run{{0.9, 2, 16}, {0.5, 65, 4}, {0.3, 0, 32}, {0.1, 8, 0}}, got)
	require.Nil(t, merge(nil, 1))
}

// A class of a thousandth still gets half of the thresholds.
func TestThresholds_RareClass(t *testing.T) {
	y, p, _ := binary(2, 100_000, 0, 0.003)
	m := Binary(noYes, y, p, nil, Options{})
	ts := m.Binomial.Thresholds
	require.LessOrEqual(t, len(ts), 400)
	require.Greater(t, len(ts), 300)
	var last Threshold
	for _, th := range ts {
		step := (th.TP-last.TP)/(th.TP+th.FN) + (th.FP-last.FP)/(th.FP+th.TN)
		require.LessOrEqual(t, step, 2*2.0/400)
		last = th
	}
	require.Zero(t, last.FN)
	require.Zero(t, last.TN)
}

func TestGainsLift(t *testing.T) {
	y := []float64{1, 1, 0, 1, 0, 0, 0, 0, 0, 0}
	p := []float64{1, .9, .8, .7, .6, .5, .4, .3, .2, .1}
	gl := Binary(noYes, y, p, nil, Options{GainsLiftBins: 5}).Binomial.GainsLift
	require.Equal(t, "Avg response rate: 30.00 %, avg score: 55.00 %", gl.Description)
	cells := func(title string) []float64 {
		var out []float64
		for _, c := range gl.Column(title).Cells {
			out = append(out, c.(float64))
		}
		return out
	}
	for title, want := range map[string][]float64{
		"Cumulative Data Fraction": {.2, .4, .6, .8, 1},
		"Lower Threshold":          {.82, .64, .46, .28, .1},
		"Lift":                     {1 / .3, .5 / .3, 0, 0, 0},
		"Cumulative Capture Rate":  {2.0 / 3, 1, 1, 1, 1},
		"Cumulative Gain":          {100 * (1/.3 - 1), 100 * (.75/.3 - 1), 100 * (.5/.3 - 1), 25, 0},
		"Kolmogorov Smirnov":       {2.0 / 3, 1 - 1.0/7, 1 - 3.0/7, 1 - 5.0/7, 0},
	} {
		require.InDeltaSlice(t, want, cells(title), 1e-12, title)
	}
	require.Nil(t, Binary(noYes, y, p, nil, Options{}).Binomial.GainsLift, "not asked for")

	// Weights that are shares of 1 group the rows as no weights do.
	w := make([]float64, len(y))
	for i := range w {
		w[i] = 0.1
	}
	shares := Binary(noYes, y, p, w, Options{GainsLiftBins: 5}).Binomial.GainsLift
	require.Equal(t, 5, shares.Rows())
	for i, c := range shares.Column("Lift").Cells {
		require.InDelta(t, gl.Column("Lift").Cells[i], c, 1e-12)
	}
}

// Products of probabilities may neither underflow nor lose digits.
func TestLogSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for name, draw := range map[string]func() float64{
		"ordinary": rng.Float64, "sure": func() float64 { return 1 }, "wrong": func() float64 { return 0 }, "nearly sure": func() float64 { return 1 - 1e-9 },
		"tiny": func() float64 { return 2e-15 }, "not a probability": func() float64 { return 0.5 + 1e4*float64(rng.IntN(2)) },
	} {
		t.Run(name, func(t *testing.T) {
			var l logSum
			var want float64
			for i := range 5000 {
				w := 1.0
				if i%50 == 0 {
					w = 0.5
				}
				q := draw()
				l.add(w, q)
				want -= w * math.Log(max(q, 1e-15))
			}
			require.InDelta(t, want, l.value(), 1e-11*(1+math.Abs(want)))
		})
	}
}
