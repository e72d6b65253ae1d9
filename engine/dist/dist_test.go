package dist

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name    string
		classes int
		want    Family // nil where an error is
		field   string
		text    string
	}{
		{"", 0, Gaussian{}, "", ""}, {"AUTO", 1, Gaussian{}, "", ""}, {"auto", 2, Bernoulli{}, "", ""}, {"AUTO", 3, Multinomial{}, "", ""},
		{"gaussian", 0, Gaussian{}, "", ""}, {"bernoulli", 2, Bernoulli{}, "", ""}, {"multinomial", 2, Multinomial{}, "", ""},
		{"quasibinomial", 2, Quasibinomial{}, "", ""}, {"poisson", 0, Poisson{}, "", ""}, {"gamma", 0, Gamma{}, "", ""},
		{"tweedie", 0, Tweedie{Power: 1.5}, "", ""}, {"laplace", 0, Laplace{}, "", ""}, {"quantile", 0, Quantile{Alpha: 0.5}, "", ""},
		{"huber", 0, Huber{Alpha: 0.9, Delta: math.Inf(1)}, "", ""},
		{"gaussian", 2, nil, "distribution", "Gaussian requires the response to be numeric."},
		{"poisson", 2, nil, "distribution", "Poisson requires the response to be numeric."},
		{"huber", 3, nil, "distribution", "Huber requires the response to be numeric."},
		{"bernoulli", 3, nil, "distribution", "2-class categorical"}, {"bernoulli", 0, nil, "distribution", "2-class categorical"},
		{"quasibinomial", 0, nil, "distribution", "Quasibinomial requires the response to be binary."},
		{"multinomial", 0, nil, "distribution", "Multinomial requires an categorical response."},
		{"nonsense", 0, nil, "distribution", "Invalid distribution: nonsense; use one of AUTO, bernoulli"},
		{"ordinal", 3, nil, "distribution", "Invalid distribution: ordinal"}, {"modified_huber", 2, nil, "distribution", "Invalid distribution"},
	} {
		f, err := Resolve(c.name, Defaults(c.classes))
		if c.want != nil {
			require.NoError(t, err, c)
			require.Equal(t, c.want, f)
			continue
		}
		require.Error(t, err, c)
		require.Equal(t, errs.Invalid, errs.KindOf(err), c)
		require.Equal(t, c.field, errs.FieldOf(err))
		require.Contains(t, err.Error(), c.text)
	}
}

func TestResolve_Parameters(t *testing.T) {
	for _, c := range []struct {
		name, field string
		opt         func(v float64) Options
		good, bad   []float64
	}{
		{"tweedie", "tweedie_power", func(v float64) Options { return Options{TweediePower: v} }, []float64{1.001, 1.999}, []float64{1, 2, 0, math.NaN()}},
		{"quantile", "quantile_alpha", func(v float64) Options { return Options{QuantileAlpha: v} }, []float64{0, 0.3, 1}, []float64{-0.001, 1.001, math.NaN()}},
		{"huber", "huber_alpha", func(v float64) Options { return Options{HuberAlpha: v} }, []float64{0, 0.3, 1}, []float64{-0.001, 1.001, math.NaN()}},
	} {
		for _, v := range c.good {
			f, err := Resolve(c.name, c.opt(v))
			require.NoError(t, err)
			_, param := f.Kernel()
			if c.name != "huber" {
				require.Equal(t, v, param)
			}
		}
		for _, v := range c.bad {
			_, err := Resolve(c.name, c.opt(v))
			require.Equal(t, c.field, errs.FieldOf(err), "%s %v", c.name, v)
		}
	}
}

func TestCheckRange(t *testing.T) {
	for _, f := range []Family{Poisson{}, Gamma{}, Tweedie{Power: 1.5}} {
		require.NoError(t, CheckRange(f, 0))
		err := CheckRange(f, -1e-9)
		require.Equal(t, "response", errs.FieldOf(err))
		require.Contains(t, err.Error(), "Response must be non-negative for ")
	}
	for _, f := range []Family{Gaussian{}, Laplace{}, Quantile{Alpha: 0.1}, Huber{}} {
		require.NoError(t, CheckRange(f, -5))
	}
}

// golden is what testdata/golden.py has written.
type golden struct {
	Data  map[string][]float64
	Cases []struct {
		Family, Response string
		Weights          string
		Offset           bool
		Init             float64
		Deviance         *float64
	}
}

// The initial scores of H2O's GBM and the deviance of the model without trees. With
// offsets it takes one Newton step from 0 for two classes; here that step is only
// the way to check the data.
func TestInit_Golden(t *testing.T) {
	raw, err := os.ReadFile("testdata/init.json")
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(raw, &g))
	classes := map[string]int{"bernoulli": 2, "quasibinomial": 2, "multinomial": 3}
	for _, c := range g.Cases {
		var o []float64
		w := g.Data[c.Weights]
		if c.Offset {
			o = g.Data["offset"]
		}
		f, err := Resolve(c.Family, Options{Classes: classes[c.Family], TweediePower: 1.3, QuantileAlpha: 0.8, HuberAlpha: 0.7})
		require.NoError(t, err)
		y := g.Data[c.Response]
		got := f.Init(y, w, o)
		if c.Offset && classes[c.Family] == 2 {
			first, _ := newton(y, w, o, 0)
			require.InDelta(t, c.Init, first, 1e-12, c)
			last, _ := newton(y, w, o, got)
			require.InDelta(t, 0, last, 1e-12, c)
			require.InDelta(t, c.Init, got, 0.05, c)
			continue
		}
		require.InDelta(t, c.Init, got, 1e-12, c)
		if c.Deviance != nil {
			require.InEpsilon(t, *c.Deviance, deviance(f, y, w, o, got), 1e-6, c)
		}
	}
}

// deviance returns the mean deviance of predictions from the score f0.
func deviance(f Family, y, w, o []float64, f0 float64) float64 {
	at := func(v []float64, i int, other float64) float64 {
		if v == nil {
			return other
		}
		return v[i]
	}
	var errors, weights []float64
	for i := range y {
		if wi := at(w, i, 1); wi > 0 {
			errors, weights = append(errors, math.Abs(y[i]-f.LinkInv(f0+at(o, i, 0)))), append(weights, wi)
		}
	}
	if x, ok := f.(Fitted); ok {
		f = x.Fit(errors, weights)
	}
	var sum, weight float64
	for i := range y {
		sum += f.Deviance(at(w, i, 1), y[i], f.LinkInv(f0+at(o, i, 0)))
		weight += at(w, i, 1)
	}
	return sum / weight
}

// all has each family once.
var all = []Family{
	Gaussian{}, Bernoulli{}, Quasibinomial{}, Multinomial{}, Poisson{}, Gamma{}, Tweedie{Power: 1.3},
	Laplace{}, Quantile{Alpha: 0.8}, Huber{Alpha: 0.9, Delta: 1.5},
}

func TestInit_Edges(t *testing.T) {
	nan := math.NaN()
	for _, f := range all {
		require.Zero(t, f.Init(nil, nil, nil), f.Name())
		require.Zero(t, f.Init([]float64{nan, 1}, []float64{1, 0}, nil), f.Name())
	}
	require.Equal(t, 2.0, Gaussian{}.Init([]float64{1, nan, 3, 9, 5}, []float64{1, 1, 1, 0, nan}, nil))
	require.Equal(t, -19.0, Poisson{}.Init([]float64{0, 0}, nil, nil))
	require.Equal(t, 3.0, Laplace{}.Init([]float64{1, nan, 3, 9, 5}, []float64{1, 1, 1, 0, 1}, nil))
	require.Equal(t, 19.0, Bernoulli{}.Init([]float64{1, 1}, nil, []float64{1, 2}))
	require.Equal(t, -19.0, Bernoulli{}.Init([]float64{0, 0}, nil, nil))
	// Offsets that put every row on a flat end of the curve.
	y, o := []float64{0, 1, 0, 1}, []float64{40, 41, -40, 38}
	f0 := Bernoulli{}.Init(y, nil, o)
	var score float64
	for i := range y {
		score += y[i] - Bernoulli{}.LinkInv(f0+o[i])
	}
	require.InDelta(t, 0, score, 1e-6)
}
