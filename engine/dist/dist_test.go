package dist

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/kernels"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name    string
		classes int
		want    string
		kind    errs.Kind
	}{
		{"", 0, "gaussian", 0}, {"AUTO", 1, "gaussian", 0}, {"auto", 2, "bernoulli", 0}, {"AUTO", 3, "multinomial", 0},
		{"gaussian", 0, "gaussian", 0}, {"bernoulli", 2, "bernoulli", 0}, {"multinomial", 2, "multinomial", 0},
		{"gaussian", 2, "", errs.Invalid}, {"bernoulli", 3, "", errs.Invalid}, {"bernoulli", 0, "", errs.Invalid},
		{"multinomial", 0, "", errs.Invalid}, {"nonsense", 0, "", errs.Invalid}, {"poisson", 0, "", errs.Unavailable},
		{"tweedie", 0, "", errs.Unavailable}, {"quasibinomial", 2, "", errs.Unavailable},
	} {
		f, err := Resolve(c.name, c.classes)
		if c.want != "" {
			require.NoError(t, err, c)
			require.Equal(t, c.want, f.Name())
			continue
		}
		require.Error(t, err, c)
		require.Equal(t, c.kind, errs.KindOf(err), c)
		require.Equal(t, "distribution", errs.FieldOf(err))
		require.Contains(t, err.Error(), c.name)
	}
}

// The initial scores of H2O's GBM, see testdata/golden.py. With offsets it takes
// one Newton step from 0; here that step is only the way to check the data.
func TestInit_Golden(t *testing.T) {
	raw, err := os.ReadFile("testdata/init.json")
	require.NoError(t, err)
	var g struct {
		Data  map[string][]float64
		Cases []struct {
			Family          string
			Weights, Offset bool
			Init            float64
		}
	}
	require.NoError(t, json.Unmarshal(raw, &g))
	classes := map[string]int{"bernoulli": 2, "multinomial": 3}
	for _, c := range g.Cases {
		var w, o []float64
		if c.Weights {
			w = g.Data["w"]
		}
		if c.Offset {
			o = g.Data["offset"]
		}
		f, err := Resolve("AUTO", classes[c.Family])
		require.NoError(t, err)
		y := g.Data[c.Family]
		got := f.Init(y, w, o)
		if c.Offset && c.Family == "bernoulli" {
			first, _ := newton(y, w, o, 0)
			require.InDelta(t, c.Init, first, 1e-12, c)
			last, _ := newton(y, w, o, got)
			require.InDelta(t, 0, last, 1e-12, c)
			require.InDelta(t, c.Init, got, 0.05, c)
			continue
		}
		require.InDelta(t, c.Init, got, 1e-12, c)
	}
}

func TestInit_Edges(t *testing.T) {
	nan := math.NaN()
	for _, f := range []Family{Gaussian{}, Bernoulli{}, Multinomial{}} {
		require.Zero(t, f.Init(nil, nil, nil), f.Name())
		require.Zero(t, f.Init([]float64{nan, 1}, []float64{1, 0}, nil), f.Name())
	}
	require.Equal(t, 2.0, Gaussian{}.Init([]float64{1, nan, 3, 9, 5}, []float64{1, 1, 1, 0, nan}, nil))
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

// A deviance is what its name says, never negative, and least where mu equals y.
func TestDeviance(t *testing.T) {
	require.Equal(t, 18.0, Gaussian{}.Deviance(2, 1, 4))
	require.InDelta(t, -2*3*math.Log(0.25), Bernoulli{}.Deviance(3, 1, 0.25), 1e-12)
	require.InDelta(t, -2*3*math.Log(0.75), Bernoulli{}.Deviance(3, 0, 0.25), 1e-12)
	require.InDelta(t, -2*math.Log(0.25), Multinomial{}.Deviance(1, 2, 0.25), 1e-12)
	require.InDelta(t, -2*math.Log(1e-15), Bernoulli{}.Deviance(1, 1, 0), 1e-9)
	require.Zero(t, Bernoulli{}.Deviance(1, 1, 1))
}

func TestLinks(t *testing.T) {
	for _, f := range []Family{Gaussian{}, Bernoulli{}, Multinomial{}} {
		for _, mu := range []float64{0.01, 0.3, 0.5, 0.99} {
			require.InDelta(t, mu, f.LinkInv(f.Link(mu)), 1e-12, f.Name())
		}
	}
	require.Equal(t, 0.0, Bernoulli{}.LinkInv(-1000))
	require.Equal(t, 1.0, Bernoulli{}.LinkInv(1000))
}

func TestLeaf(t *testing.T) {
	require.Equal(t, 1.5, Gaussian{}.Leaf(-3, 2, 1))
	require.Equal(t, -1.5, Bernoulli{}.Leaf(3, 2, 2))
	require.Equal(t, 1.0, Multinomial{}.Leaf(-3, 2, 3))
	for _, f := range []Family{Gaussian{}, Bernoulli{}, Multinomial{}} {
		require.Zero(t, f.Leaf(0, 0, 3), f.Name())
	}
	require.Equal(t, 1e4, Bernoulli{}.Leaf(-1, 0, 2))
	require.Equal(t, -1e4, Multinomial{}.Leaf(1, 1e-9, 3))
}

// One Newton step from the initial score on the whole data moves nowhere.
func TestLeaf_RootIsStationary(t *testing.T) {
	y, o := []float64{0, 1, 1, 0, 1}, []float64{.3, -1, 2, 0, .1}
	f := Bernoulli{}
	f0 := f.Init(y, nil, o)
	var g, h float64
	for i := range y {
		mu := f.LinkInv(f0 + o[i])
		g += mu - y[i]
		h += mu * (1 - mu)
	}
	require.InDelta(t, 0, f.Leaf(g, h, 2), 1e-10)
}

func TestKernel(t *testing.T) {
	for f, want := range map[Family]kernels.Loss{Gaussian{}: kernels.Gaussian, Bernoulli{}: kernels.Bernoulli, Multinomial{}: kernels.Multinomial} {
		loss, ok := f.Kernel()
		require.True(t, ok)
		require.Equal(t, want, loss)
		require.Equal(t, want != kernels.Gaussian, f.Bounded())
	}
}
