package metrics

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestList_Sort(t *testing.T) {
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
		for _, n := range []int{0, 1, 40, 100, 5000} {
			t.Run(name, func(t *testing.T) {
				type row struct{ score, w float64 }
				want := make([]row, n)
				plain, weighted := newList(n, false), newList(n, true)
				for i := range want {
					want[i] = row{draw(), float64(i)}
					plain.set(i, want[i].score, 1)
					weighted.set(i, want[i].score, want[i].w)
				}
				slices.SortStableFunc(want, func(a, b row) int { return cmp.Compare(b.score, a.score) })
				plain.sort(newList(n, false))
				weighted.sort(newList(n, true))
				for i, r := range want {
					require.Equal(t, r.score, scoreOf(plain.key[i])) //nolint:testifylint // to the bit, but for -0
					require.Equal(t, r, row{scoreOf(weighted.key[i]), weighted.w[i]})
				}
			})
		}
	}
}

// sorted makes a list of rows that alternate: score, weight.
func sorted(rows ...float64) list {
	l := newList(len(rows)/2, true)
	for i := range l.key {
		l.set(i, rows[2*i], rows[2*i+1])
	}
	l.insert()
	return l
}

// Each row's weight is a power of two, so that a lost or doubled one shows.
func TestMerge(t *testing.T) {
	ones := []list{sorted(0.5, 1, 0.9, 2), {}, sorted(0.3, 4), sorted(), sorted(0.5, 64)}
	zeros := []list{sorted(0.5, 8), sorted(0.1, 16, 0.9, 32)}
	both := merge([][]list{ones, zeros, nil}, room{newList(8, true), newList(8, true)}, 2)
	require.Empty(t, both[2])
	c := newCurve(both[0], both[1])
	want := []point{{0.9, 2, 32}, {0.5, 65, 8}, {0.3, 4, 0}, {0.1, 0, 16}}
	down, up := c.top(), c.bottom()
	for i := range want {
		require.True(t, down.next())
		require.Equal(t, want[i], down.point)
		require.True(t, up.back())
		require.Equal(t, want[len(want)-1-i], up.point)
	}
	require.False(t, down.next())
	require.False(t, up.back())
}

// Rows without weights and with weights of 1 may meet in one builder.
func TestBinomialBuilder_MixedWeights(t *testing.T) {
	y, p, _ := binary(3, 1000, 50, 0.4)
	w := slices.Repeat([]float64{1}, 500)
	b := NewBinomial(noYes)
	b.GainsLiftBins = -1
	b.Add(y[:500], p[:500], w)
	b.Add(y[500:], p[500:], nil)
	want := NewBinomial(noYes)
	want.GainsLiftBins = -1
	want.Add(y[:500], p[:500], nil)
	want.Add(y[500:], p[500:], nil)
	first := fmt.Sprintf("%+v", flat([]*Metrics{want.Done()}))
	require.Equal(t, first, fmt.Sprintf("%+v", flat([]*Metrics{want.Done()})), "Done changes nothing")
	require.Equal(t, first, fmt.Sprintf("%+v", flat([]*Metrics{b.Done()})))
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
