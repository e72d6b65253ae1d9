package gbm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
)

// families are the distributions of numbers, with a response of newWorld's frames and
// the parameters that tests give them.
var families = []struct {
	name, response string
	kv             []string
	family         dist.Family
}{
	{"gaussian", "y", nil, dist.Gaussian{}},
	{"poisson", "count", nil, dist.Poisson{}},
	{"gamma", "positive", nil, dist.Gamma{}},
	{"tweedie", "count", []string{"tweedie_power", "1.3"}, dist.Tweedie{Power: 1.3}},
	{"laplace", "y", nil, dist.Laplace{}},
	{"quantile", "y", []string{"quantile_alpha", "0.8"}, dist.Quantile{Alpha: 0.8}},
	{"huber", "y", []string{"huber_alpha", "0.7"}, dist.Huber{Alpha: 0.7, Delta: math.Inf(1)}},
}

// newCounts is newWorld with the columns count and positive, which depend on the
// predictors as y does.
func newCounts(n int) world {
	w := newWorld(n)
	for key, f := range w {
		rng := rand.New(rand.NewPCG(uint64(f.NumRows()), 5))
		count, positive := make([]float64, f.NumRows()), make([]float64, f.NumRows())
		for i, y := range f.Lookup("y").Floats(0, f.NumRows(), nil) {
			mu := math.Exp(y / 2)
			positive[i] = mu * (0.5 + rng.Float64())
			for p := rng.ExpFloat64(); p < mu; p += rng.ExpFloat64() {
				count[i]++
			}
		}
		w[key] = with(with(f, "count", frame.NewReals(count)), "positive", frame.NewReals(positive))
	}
	return w
}

// only asks for a response of newCounts and no other column of it as predictor.
func only(response string, kv ...string) []string {
	return append([]string{"response_column", response, "ignored_columns", others(response)}, kv...)
}

func others(keep ...string) string {
	out := "["
	for _, name := range []string{"w", "y", "yb", "ym", "count", "positive"} {
		if !slices.Contains(keep, name) {
			if len(out) > 1 {
				out += ","
			}
			out += `"` + name + `"`
		}
	}
	return out + "]"
}

func predicted(t *testing.T, m model.Model, f *frame.Frame) []float64 {
	t.Helper()
	p, _, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	return p.Column(p.NumCols()-1).Floats(0, f.NumRows(), nil)
}

// Each distribution learns: the deviance falls from that of the start on, and the
// prediction is of the scale of the response.
func TestFamilies_Learn(t *testing.T) {
	w := newCounts(1500)
	for _, c := range families {
		t.Run(c.name, func(t *testing.T) {
			m := w.train(t, only(c.response, append(c.kv, "distribution", c.name, "ntrees", "40", "validation_frame", "test")...)...)
			info := m.Info()
			require.Equal(t, c.name, trial.Actual(m, "distribution"))
			require.Equal(t, c.family, m.Family())
			require.NotZero(t, info.Numbers["init_f"])
			before, after := info.History[0].Valid[2], info.History[len(info.History)-1].Valid[2]
			require.Less(t, after, 0.8*before)
			require.Equal(t, after, info.Valid.Regression.MeanResidualDeviance)
			perf := w.on(t, m, "test")
			require.Equal(t, after, perf.Regression.MeanResidualDeviance)
			y, mu := w["test"].Lookup(c.response).Floats(0, 750, nil), predicted(t, m, w["test"])
			require.InEpsilon(t, metrics.Regress(y, mu, nil, metrics.Options{Family: c.family}).Regression.MeanResidualDeviance, after, 1e-9)
			above := 0.0
			for i := range y {
				if y[i] > mu[i] {
					above++
				}
				if c.response != "y" {
					require.Positive(t, mu[i])
				}
			}
			if c.name == "quantile" {
				require.InDelta(t, 0.2, above/750, 0.06)
			}
			require.Equal(t, perf.RMSE, w.on(t, reread(t, m), "test").RMSE, "the file keeps the distribution")
		})
	}
}

// The first step of each distribution on two groups of rows, by hand.
func TestFamilies_FirstStep(t *testing.T) {
	a, b := []float64{1, 2, 2, 3, 12}, []float64{4, 6, 8, 10, 32}
	y := append(slices.Clone(a), b...)
	x := []float64{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}
	w := world{"train": frame.Must(frame.New([]string{"x", "y"}, []*frame.Column{frame.NewReals(x), frame.NewReals(y)}))}
	mean := func(v []float64) (s float64) {
		for _, x := range v {
			s += x / float64(len(v))
		}
		return s
	}
	// Median 5; absolute residuals 4 3 3 2 7 1 1 3 5 27, 0.7 of them up to 4.3 (place 6.3).
	const delta = 4 + 0.3
	huber := func(v []float64) float64 { // around the median of v
		m := slices.Sorted(slices.Values(v))[2]
		s := m
		for _, x := range v {
			s += max(-delta, min(delta, x-m)) / 5
		}
		return s
	}
	for _, c := range []struct {
		name        string
		init        float64
		left, right float64 // where a whole step leads, on the scale of scores
		kv          []string
	}{
		{"poisson", math.Log(8), math.Log(mean(a)), math.Log(mean(b)), nil},
		{"gamma", math.Log(8), math.Log(mean(a)), math.Log(mean(b)), nil},
		{"tweedie", math.Log(8), math.Log(mean(a)), math.Log(mean(b)), nil},
		{"laplace", 5, 2, 8, nil},
		{"quantile", 8 + 0.75*2, 3, 10, []string{"quantile_alpha", "0.75"}},
		{"huber", 5, huber(a), huber(b), []string{"huber_alpha", "0.7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := w.train(t, append(c.kv, "distribution", c.name, "ignored_columns", "[]", "ntrees", "1", "learn_rate", "0.5", "min_rows", "2", "max_depth", "1")...)
			if c.name == "quantile" {
				c.init = 8 + 0.75*2 // place 6.75 of 1 2 2 3 4 6 8 10 12 32
			}
			require.InDelta(t, c.init, m.Info().Numbers["init_f"], 1e-12)
			p := predicted(t, m, w["train"])
			for i, to := range []float64{c.left, c.right} {
				require.InDelta(t, m.Family().LinkInv((c.init+to)/2), p[9*i], 1e-5)
			}
		})
	}
}

// Weights count as repeated rows, and the order of rows does not matter, for each
// distribution.
func TestFamilies_WeightsAndOrder(t *testing.T) {
	w := newCounts(500)
	f := coarse(w["train"])
	var rows []int
	for i, k := range f.Lookup("w").Floats(0, 500, nil) {
		for range int(k) {
			rows = append(rows, i)
		}
	}
	shuffled := rand.New(rand.NewPCG(4, 4)).Perm(500)
	w["train"], w["repeated"], w["shuffled"] = f, f.Gather(rows), f.Gather(shuffled)
	for _, c := range families {
		t.Run(c.name, func(t *testing.T) {
			kv := append(slices.Clone(c.kv), "distribution", c.name, "ntrees", "8")
			weighted := only(c.response, append(kv, "weights_column", "w", "ignored_columns", others("w", c.response))...)
			a, b := w.train(t, weighted...), w.train(t, only(c.response, append(kv, "training_frame", "repeated")...)...)
			require.InDelta(t, b.Info().Numbers["init_f"], a.Info().Numbers["init_f"], 1e-12)
			require.InEpsilon(t, b.Info().Train.Regression.MeanResidualDeviance, a.Info().Train.Regression.MeanResidualDeviance, 1e-6)
			require.InDeltaSlice(t, predicted(t, b, f), predicted(t, a, f), 1e-5)
			plain, other := w.train(t, only(c.response, kv...)...), w.train(t, only(c.response, append(kv, "training_frame", "shuffled")...)...)
			require.InDeltaSlice(t, predicted(t, plain, f), predicted(t, other, f), 1e-6)
		})
	}
}

// Leaves of counts without an event are as low as they may be, and no score leaves
// the range in which deviances are finite.
func TestFamilies_EmptyGroups(t *testing.T) {
	n := 400
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i] = float64(i % 4)
		if i%4 == 3 {
			y[i] = 1e6
		}
	}
	w := world{"train": frame.Must(frame.New([]string{"x", "y"}, []*frame.Column{frame.NewReals(x), frame.NewReals(y)}))}
	for _, name := range []string{"poisson", "gamma", "tweedie"} {
		m := w.train(t, "distribution", name, "ignored_columns", "[]", "ntrees", "100", "learn_rate", "0.9")
		p := predicted(t, m, w["train"])
		require.InEpsilon(t, 2.5e5*math.Exp(-19), p[0], 0.01, name)
		require.InEpsilon(t, 1e6, p[3], 0.2, name) // gamma does not know zeros and stops early
	}
}

// A response far from 0 is as good as one near it.
func TestTrain_FarResponse(t *testing.T) {
	w := newWorld(600)
	y := w["train"].Lookup("y").Floats(0, 600, nil)
	for i := range y {
		y[i] = math.Round(1024*y[i]) / 1024
	}
	w["train"] = with(w["train"], "y", frame.NewReals(y))
	for _, d := range []string{"gaussian", "laplace", "huber"} {
		near := w.train(t, "distribution", d)
		shifted := slices.Clone(y)
		for i := range shifted {
			shifted[i] += 1 << 30
		}
		far := world{"train": with(w["train"], "y", frame.NewReals(shifted))}
		m := far.train(t, "distribution", d)
		p, q := predicted(t, near, w["train"]), predicted(t, m, w["train"])
		for i := range q {
			q[i] -= 1 << 30
		}
		require.InDeltaSlice(t, p, q, 1e-5, d)
		require.InEpsilon(t, near.Info().Train.MSE, m.Info().Train.MSE, 1e-5, d)
	}
}

// Quasibinomial takes numbers 0 and 1 and is otherwise bernoulli.
func TestTrain_Quasibinomial(t *testing.T) {
	w := newWorld(600)
	for key, f := range w {
		w[key] = with(f, "q", frame.NewReals(f.Lookup("yb").Floats(0, f.NumRows(), nil)))
	}
	kv := []string{"validation_frame", "test", "stopping_rounds", "3", "stopping_metric", "AUC"}
	a := w.train(t, append(kv, "response_column", "q", "ignored_columns", `["w","y","yb","ym"]`, "distribution", "quasibinomial")...)
	b := w.train(t, append(kv, "response_column", "yb", "ignored_columns", `["w","y","q","ym"]`)...)
	require.Equal(t, "quasibinomial", trial.Actual(a, "distribution"))
	require.Equal(t, model.Binomial, a.Info().Category)
	require.Equal(t, []string{"0", "1"}, a.Info().Classes())
	require.Equal(t, forest(t, b), forest(t, a))
	require.Equal(t, predicted(t, b, w["test"]), predicted(t, a, w["test"]))
	require.Equal(t, b.Info().Valid.Binomial.AUC, a.Info().Valid.Binomial.AUC)
	require.Equal(t, a.Info().Valid.Binomial.LogLoss, w.on(t, a, "test").Binomial.LogLoss)
}
