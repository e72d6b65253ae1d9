package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/dist"
)

var (
	nan    = math.NaN()
	noYes  = []string{"no", "yes"}
	abcd   = []string{"a", "b", "c", "d"}
	auto   = Options{GainsLiftBins: -1}
	macros = Options{AUC: AUCMacroOVO}
)

// binary makes n rows whose scores are rounded to the given steps, 0 for none,
// with weights 0, 1, 2, 3.
func binary(seed uint64, n int, steps, rate float64) (y, p, w []float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for range n {
		v := 0.0
		if rng.Float64() < rate {
			v = 1
		}
		s := 1 / (1 + math.Exp(-rng.NormFloat64()-v))
		if steps > 0 {
			s = math.Round(s*steps) / steps
		}
		y, p, w = append(y, v), append(p, s), append(w, float64(rng.IntN(4)))
	}
	return y, p, w
}

// multi makes n rows of four classes.
func multi(seed uint64, n int) (y []float64, p [][]float64, w []float64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	p = make([][]float64, 4)
	for range n {
		class := rng.IntN(4)
		row := make([]float64, 4)
		var sum float64
		for k := range row {
			row[k] = math.Round(100*rng.Float64()) + 1
			if k == class {
				row[k] += 30
			}
			sum += row[k]
		}
		for k := range row {
			p[k] = append(p[k], row[k]/sum)
		}
		y, w = append(y, float64(class)), append(w, float64(rng.IntN(4)))
	}
	return y, p, w
}

// repeat writes each row as often as its weight says.
func repeat(v, w []float64) []float64 {
	var out []float64
	for i, x := range v {
		for range int(w[i]) {
			out = append(out, x)
		}
	}
	return out
}

func TestBinary_NaiveTwin(t *testing.T) {
	for _, c := range []struct {
		name        string
		n           int
		steps, rate float64
	}{
		{"ties", 300, 10, 0.5}, {"some ties", 500, 200, 0.3}, {"all scores differ", 1500, 0, 0.4}, {"rare class", 1200, 1000, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			y, p, w := binary(3, c.n, c.steps, c.rate)
			m := Binary(noYes, y, p, w, auto)
			b := m.Binomial

			var weight, sqe, loss, wins, pairs, ks float64
			for i := range y {
				q := math.Abs(1 - y[i] - p[i]) // probability of the actual class
				weight += w[i]
				sqe += w[i] * (1 - q) * (1 - q)
				loss -= w[i] * math.Log(q)
				var tpr, fpr, pos, neg float64
				for j := range y {
					if y[j] == 1 {
						pos += w[j]
					} else {
						neg += w[j]
					}
					if p[j] >= p[i] && y[j] == 1 {
						tpr += w[j]
					} else if p[j] >= p[i] {
						fpr += w[j]
					}
					if y[i] == 1 && y[j] == 0 {
						pairs += w[i] * w[j]
						if p[i] > p[j] {
							wins += w[i] * w[j]
						} else if p[i] == p[j] {
							wins += w[i] * w[j] / 2
						}
					}
				}
				ks = max(ks, math.Abs(tpr/pos-fpr/neg))
			}
			require.InDelta(t, sqe/weight, m.MSE, 1e-12)
			require.InDelta(t, loss/weight, b.LogLoss, 1e-12)
			require.InDelta(t, wins/pairs, b.AUC, 1e-12)
			require.InDelta(t, 2*wins/pairs-1, b.Gini, 1e-12)
			require.InDelta(t, ks, b.KS, 1e-12)
			require.InDelta(t, naivePR(y, p, w), b.PRAUC, 1e-5)

			require.LessOrEqual(t, len(b.Thresholds), 400)
			for _, th := range b.Thresholds {
				require.Equal(t, count2(y, p, w, th.Value), th)
			}
			best, ok := b.MaxF1()
			require.True(t, ok)
			require.InDelta(t, (best.FN/(best.FN+best.TP)+best.FP/(best.FP+best.TN))/2, b.MeanPerClassError, 1e-12)
		})
	}
}

// count2 counts what calling scores at or above value class 1 does.
func count2(y, p, w []float64, value float64) Threshold {
	t := Threshold{Value: value}
	for i := range y {
		cell := [2][2]*float64{{&t.TN, &t.FP}, {&t.FN, &t.TP}}[int(y[i])]
		if p[i] >= value {
			*cell[1] += w[i]
		} else {
			*cell[0] += w[i]
		}
	}
	return t
}

// naivePR integrates precision over recall in small steps, with FP between two
// scores in proportion to TP.
func naivePR(y, p, w []float64) float64 {
	scores := slices.Clone(p)
	slices.Sort(scores)
	scores = slices.Compact(scores)
	slices.Reverse(scores)
	last := Threshold{}
	var area float64
	for _, s := range scores {
		t := count2(y, p, w, s)
		const steps = 2000
		for k := range steps {
			at := (float64(k) + 0.5) / steps
			tp, fp := last.TP+at*(t.TP-last.TP), last.FP+at*(t.FP-last.FP)
			if tp+fp > 0 {
				area += tp / (tp + fp) * (t.TP - last.TP) / steps / (t.TP + t.FN)
			}
		}
		last = t
	}
	return area
}

func TestMulti_NaiveTwin(t *testing.T) {
	y, p, w := multi(5, 400)
	m := Multi(abcd, y, p, w, macros)
	c := m.Multinomial
	var weight, loss, sqe float64
	hits := make([]float64, 4)
	confusion := make([][]float64, 4)
	for k := range confusion {
		confusion[k] = make([]float64, 4)
	}
	for i := range y {
		row := []float64{p[0][i], p[1][i], p[2][i], p[3][i]}
		order := []int{0, 1, 2, 3}
		slices.SortStableFunc(order, func(a, b int) int {
			if row[a] > row[b] {
				return -1
			} else if row[a] < row[b] {
				return 1
			}
			return 0
		})
		q := row[int(y[i])]
		weight += w[i]
		loss -= w[i] * math.Log(q)
		sqe += w[i] * (1 - q) * (1 - q)
		confusion[int(y[i])][order[0]] += w[i]
		for k := slices.Index(order, int(y[i])); k < 4; k++ {
			hits[k] += w[i]
		}
	}
	require.InDelta(t, loss/weight, c.LogLoss, 1e-12)
	require.InDelta(t, sqe/weight, m.MSE, 1e-12)
	require.Equal(t, confusion, c.Confusion)
	for k := range hits {
		require.InDelta(t, hits[k]/weight, c.HitRatios[k], 1e-12)
	}
	require.Equal(t, 1.0, c.HitRatios[3])

	// Each area equals that of the two-class problem it stands for.
	two := func(class int, rows func(y float64) bool) float64 {
		var ys, ps, ws []float64
		for i := range y {
			if rows(y[i]) {
				v := 0.0
				if int(y[i]) == class {
					v = 1
				}
				ys, ps, ws = append(ys, v), append(ps, p[class][i]), append(ws, w[i])
			}
		}
		return Binary(noYes, ys, ps, ws, Options{}).Binomial.AUC
	}
	areas := c.AUCTable.Column("AUC").Cells
	for k := range 4 {
		require.InDelta(t, two(k, func(float64) bool { return true }), areas[k], 1e-12)
	}
	at, sum := 6, 0.0
	for i := range 4 {
		for j := i + 1; j < 4; j++ {
			pair := func(v float64) bool { return int(v) == i || int(v) == j }
			want := (two(i, pair) + two(j, pair)) / 2
			require.InDelta(t, want, areas[at], 1e-12)
			sum += want / 6
			at++
		}
	}
	require.InDelta(t, sum, c.AUC, 1e-12)
}

func TestRegress(t *testing.T) {
	y, mu, w := []float64{1, 2, nan, 4, 5, 6}, []float64{1.5, 2, 3, nan, 4, 100}, []float64{1, 2, 1, 1, 0.5, 0}
	m := Regress(y, mu, w, Options{})
	require.EqualValues(t, 3, m.Rows)
	require.Equal(t, 3.5, m.Weight)
	require.InDelta(t, (0.25+0.5)/3.5, m.MSE, 1e-15)
	require.InDelta(t, math.Sqrt(m.MSE), m.RMSE, 1e-15)
	require.InDelta(t, (0.5+0.5)/3.5, m.Regression.MAE, 1e-15)
	require.InDelta(t, m.MSE, m.Regression.MeanResidualDeviance, 0)
	l1, l2 := math.Log(2/2.5), math.Log(6.0/5)
	require.InDelta(t, math.Sqrt((l1*l1+0.5*l2*l2)/3.5), m.Regression.RMSLE, 1e-15)
	mean := 7.5 / 3.5
	variance := ((1-mean)*(1-mean) + 2*(2-mean)*(2-mean) + 0.5*(5-mean)*(5-mean)) / 3.5
	require.InDelta(t, 1-m.MSE/variance, m.R2, 1e-14)

	abs := Options{Family: dist.Laplace{}}
	m = Regress(y, mu, w, abs)
	require.Equal(t, m.Regression.MAE, m.Regression.MeanResidualDeviance)
	// Huber turns from squares at the 0.5-quantile of the errors, weights counted.
	y2, mu2 := []float64{0, 0, 0, 0, nan}, []float64{1, 2, 3, 9, 1}
	m = Regress(y2, mu2, nil, Options{Family: dist.Huber{Alpha: 0.5}})
	require.InDelta(t, (1+4+2.5*(6-2.5)+2.5*(18-2.5))/4, m.Regression.MeanResidualDeviance, 1e-12)
	m = Regress(y2, mu2, []float64{3, 1, 1, 0, 1}, Options{Family: dist.Huber{Alpha: 0.5}})
	require.InDelta(t, (3+1*(4-1)+1*(6-1))/5.0, m.Regression.MeanResidualDeviance, 1e-12)

	require.True(t, math.IsNaN(Regress([]float64{1, -1}, []float64{1, 1}, nil, Options{}).Regression.RMSLE))
	require.True(t, math.IsNaN(Regress([]float64{1, 1}, []float64{1, -2}, nil, Options{}).Regression.RMSLE))
}

// A large mean must not cost r2 its digits.
func TestRegress_LargeMean(t *testing.T) {
	y, mu, _ := binary(1, 1000, 0, 0.5)
	near := Regress(y, mu, nil, Options{})
	for i := range y {
		y[i] += 1 << 30
		mu[i] += 1 << 30
	}
	require.InDelta(t, near.R2, Regress(y, mu, nil, Options{}).R2, 1e-5)
}

func TestWeightsAreRepetition(t *testing.T) {
	approx := func(t *testing.T, want, got *Metrics) {
		require.InDelta(t, want.MSE, got.MSE, 1e-12)
		require.InDelta(t, want.R2, got.R2, 1e-12)
		require.Equal(t, want.Weight, got.Weight)
	}
	y, p, w := binary(9, 700, 50, 0.3)
	a, b := Binary(noYes, repeat(y, w), repeat(p, w), nil, auto), Binary(noYes, y, p, w, auto)
	approx(t, a, b)
	require.Equal(t, a.Binomial.AUC, b.Binomial.AUC)
	require.Equal(t, a.Binomial.PRAUC, b.Binomial.PRAUC)
	require.Equal(t, a.Binomial.Thresholds, b.Binomial.Thresholds)
	require.Equal(t, a.Binomial.Max, b.Binomial.Max)
	require.Equal(t, a.Binomial.GainsLift, b.Binomial.GainsLift)
	require.Equal(t, a.ConfusionTable(), b.ConfusionTable())

	my, mp, mw := multi(9, 300)
	rp := make([][]float64, 4)
	for k := range mp {
		rp[k] = repeat(mp[k], mw)
	}
	a, b = Multi(abcd, repeat(my, mw), rp, nil, macros), Multi(abcd, my, mp, mw, macros)
	approx(t, a, b)
	require.Equal(t, a.Multinomial.Confusion, b.Multinomial.Confusion)
	require.Equal(t, a.Multinomial.AUCTable, b.Multinomial.AUCTable)
	require.Equal(t, a.Multinomial.HitRatios, b.Multinomial.HitRatios)

	approx(t, Regress(repeat(y, w), repeat(p, w), nil, Options{}), Regress(y, p, w, Options{}))
}

// Rows of equal score may come in any order.
func TestBinary_OrderWithinTies(t *testing.T) {
	y, p, _ := binary(4, 5000, 20, 0.4)
	want := Binary(noYes, y, p, nil, auto).Binomial
	rand.New(rand.NewPCG(8, 8)).Shuffle(len(y), func(i, j int) { y[i], y[j], p[i], p[j] = y[j], y[i], p[j], p[i] })
	got := Binary(noYes, y, p, nil, auto).Binomial
	require.Equal(t, want.AUC, got.AUC)
	require.Equal(t, want.PRAUC, got.PRAUC)
	require.Equal(t, want.Thresholds, got.Thresholds)
	require.InDelta(t, want.LogLoss, got.LogLoss, 1e-12)
}

// Not a bit may depend on the number of threads, nor on how chunks are handed in.
func TestSameAtAnyThreads(t *testing.T) {
	const n = 150_000
	y, p, _ := binary(6, n, 0, 0.3)
	my, mp, _ := multi(6, n)
	w := make([]float64, n)
	for i := range w {
		w[i] = 1 / float64(1+i%7)
	}
	run := func(threads int) []*Metrics {
		opt := Options{AUC: AUCWeightedOVR, GainsLiftBins: -1, Threads: threads}
		return []*Metrics{Regress(my, p, w, opt), Binary(noYes, y, p, w, opt), Multi(abcd, my, mp, w, opt)}
	}
	want := run(1)
	for _, threads := range []int{2, 7} {
		old := runtime.GOMAXPROCS(threads)
		got := run(threads)
		runtime.GOMAXPROCS(old)
		require.Equal(t, fmt.Sprintf("%+v", flat(want)), fmt.Sprintf("%+v", flat(got)))
	}
	b, r, m := NewBinomial(noYes), NewRegression(nil), NewMultinomial(abcd, AUCWeightedOVR)
	b.GainsLiftBins = -1
	for lo := 0; lo < n; lo += 65536 {
		hi := min(n, lo+65536)
		r.Add(my[lo:hi], p[lo:hi], w[lo:hi])
		b.Add(y[lo:hi], p[lo:hi], w[lo:hi])
		m.Add(my[lo:hi], [][]float64{mp[0][lo:hi], mp[1][lo:hi], mp[2][lo:hi], mp[3][lo:hi]}, w[lo:hi])
	}
	require.Equal(t, fmt.Sprintf("%+v", flat(want)), fmt.Sprintf("%+v", flat([]*Metrics{r.Done(), b.Done(), m.Done()})))
}

// flat follows the pointers, so that printing shows every number (NaN included).
func flat(ms []*Metrics) []any {
	var out []any
	for _, m := range ms {
		out = append(out, m.MSE, m.R2, m.Rows, m.Weight)
		if r := m.Regression; r != nil {
			out = append(out, *r)
		}
		if b := m.Binomial; b != nil {
			out = append(out, b.LogLoss, b.AUC, b.PRAUC, b.KS, b.Thresholds, b.Max, *b.GainsLift)
		}
		if c := m.Multinomial; c != nil {
			out = append(out, c.LogLoss, c.Confusion, c.HitRatios, c.AUC, c.PRAUC, *c.AUCTable, *c.PRTable)
		}
	}
	return out
}

func TestRowsThatDoNotCount(t *testing.T) {
	m := Binary(noYes, []float64{0, 1, nan, 1, 2, 1, 0, 1}, []float64{0.2, 0.9, 0.5, nan, 0.4, 0.3, 0.6, 0.1}, []float64{1, 1, 1, 1, 1, 0, nan, -1}, auto)
	require.EqualValues(t, 2, m.Rows)
	require.Equal(t, 1.0, m.Binomial.AUC)
	m = Multi(abcd, []float64{0, 1, nan, 2, 4, -1}, [][]float64{{1, 0, 0, nan, 0, 0}, {0, 1, 0, 0, 0, 0}, {0, 0, 1, 0, 1, 0}, {0, 0, 0, 0, 0, 1}}, nil, macros)
	require.EqualValues(t, 2, m.Rows)
	require.Equal(t, 0.0, m.MSE)
	require.Equal(t, 1.0, m.Multinomial.HitRatios[0])
}

func TestEmpty(t *testing.T) {
	for name, m := range map[string]*Metrics{
		"regression": Regress(nil, nil, nil, Options{}), "binomial": Binary(noYes, nil, nil, nil, auto),
		"multinomial": Multi(abcd, nil, make([][]float64, 4), nil, macros),
	} {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, m.Rows)
			for _, s := range scalars {
				if v, _, ok := Value(m, s.name); ok && s.name != "err_count" {
					if s.kinds == classes && (s.name == "max_per_class_error" || s.name == "mean_per_class_accuracy" || s.name == "mean_per_class_error") {
						continue // classes without rows have no error
					}
					require.True(t, math.IsNaN(v), "%s is %v", s.name, v)
				}
			}
			require.NotPanics(t, func() { m.ThresholdTable(); m.MaxTable(); m.ConfusionTable(); m.HitRatioTable() })
		})
	}
}

// Nobody has memory for as many groups as may be asked for.
func TestBinary_GainsLiftBins(t *testing.T) {
	m := Binary(noYes, []float64{0, 1, 1, 0, 1}, []float64{0.1, 0.3, 0.5, 0.7, 0.9}, nil, Options{GainsLiftBins: math.MaxInt32})
	require.Equal(t, 5, m.Binomial.GainsLift.Rows())
}

// One class alone has no curve; nothing may divide by its weight.
func TestBinary_OneClass(t *testing.T) {
	ones := Binary(noYes, []float64{1, 1}, []float64{0.4, 0.8}, nil, Options{GainsLiftBins: 2})
	require.Equal(t, 1.0, ones.Binomial.AUC)
	require.Equal(t, 1.0, ones.Binomial.PRAUC)
	require.Equal(t, []any{1.0, 1.0}, ones.Binomial.GainsLift.Columns[3].Cells, "lift")
	require.Equal(t, []any{0.5, 1.0}, ones.Binomial.GainsLift.Columns[13].Cells, "KS")
	require.Equal(t, 0.0, ones.Binomial.MeanPerClassError)
	zeros := Binary(noYes, []float64{0, 0}, []float64{0.4, 0.8}, nil, auto)
	require.Equal(t, 0.0, zeros.Binomial.AUC)
	require.Nil(t, zeros.Binomial.GainsLift)
	require.Nil(t, zeros.ConfusionTable())
	_, ok := zeros.Binomial.MaxF1()
	require.False(t, ok)
}

func BenchmarkBinary(b *testing.B) {
	for _, steps := range []float64{0, 1000} {
		y, p, _ := binary(1, 1_000_000, steps, 0.3)
		b.Run(fmt.Sprintf("rows=1e6/steps=%g", steps), func(b *testing.B) {
			for b.Loop() {
				Binary(noYes, y, p, nil, Options{GainsLiftBins: -1, Threads: 1})
			}
		})
	}
}

func BenchmarkMulti(b *testing.B) {
	y, p, _ := multi(1, 1_000_000)
	b.Run("rows=1e6/classes=4", func(b *testing.B) {
		for b.Loop() {
			Multi(abcd, y, p, nil, Options{Threads: 1})
		}
	})
}
