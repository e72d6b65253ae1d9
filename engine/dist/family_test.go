package dist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels"
)

// A deviance is what its name says, never negative, and least where mu equals y.
func TestDeviance(t *testing.T) {
	require.Equal(t, 18.0, Gaussian{}.Deviance(2, 1, 4))
	require.InDelta(t, -2*3*math.Log(0.25), Bernoulli{}.Deviance(3, 1, 0.25), 1e-12)
	require.InDelta(t, -2*3*math.Log(0.75), Bernoulli{}.Deviance(3, 0, 0.25), 1e-12)
	require.InDelta(t, -2*math.Log(0.25), Multinomial{}.Deviance(1, 2, 0.25), 1e-12)
	require.InDelta(t, -2*math.Log(1e-15), Bernoulli{}.Deviance(1, 1, 0), 1e-9)
	require.Zero(t, Bernoulli{}.Deviance(1, 1, 1))
	require.InDelta(t, 2*3*(2*math.Log(2.0/5)+3), Poisson{}.Deviance(3, 2, 5), 1e-12)
	require.Equal(t, 10.0, Poisson{}.Deviance(1, 0, 5))
	require.InDelta(t, 2*3*(-math.Log(2.0/5)-0.6), Gamma{}.Deviance(3, 2, 5), 1e-12)
	require.Equal(t, math.Inf(1), Gamma{}.Deviance(1, 0, 5), "as H2O has it")
	require.InDelta(t, 2*2*math.Sqrt(9), Tweedie{Power: 1.5}.Deviance(1, 0, 9), 1e-12)
	require.Equal(t, 6.0, Laplace{}.Deviance(2, 1, 4))
	require.InDelta(t, 2*0.2*3, Quantile{Alpha: 0.8}.Deviance(2, 1, 4), 1e-12)
	require.InDelta(t, 2*0.8*3, Quantile{Alpha: 0.8}.Deviance(2, 4, 1), 1e-12)
	require.Equal(t, 2.0, Huber{Delta: 1.5}.Deviance(2, 1, 2))
	require.Equal(t, 2*1.5*(6-1.5), Huber{Delta: 1.5}.Deviance(2, 1, 4))
	for _, f := range all[4:] {
		for _, y := range []float64{0.1, 1, 7} {
			require.InDelta(t, 0, f.Deviance(1, y, y), 1e-12, f.Name())
			for _, mu := range []float64{0.01, 0.5, 3, 90} {
				require.Positive(t, f.Deviance(1, y, mu), "%s %v %v", f.Name(), y, mu)
				require.InDelta(t, 2*f.Deviance(1, y, mu), f.Deviance(2, y, mu), 1e-9, f.Name())
			}
		}
	}
}

func TestLinks(t *testing.T) {
	for _, f := range all {
		for _, mu := range []float64{0.01, 0.3, 0.5, 0.99} {
			require.InDelta(t, mu, f.LinkInv(f.Link(mu)), 1e-12, f.Name())
		}
	}
	require.Equal(t, 0.0, Bernoulli{}.LinkInv(-1000))
	require.Equal(t, 1.0, Bernoulli{}.LinkInv(1000))
	require.Equal(t, 1e19, Poisson{}.LinkInv(1000))
}

func TestLeaf(t *testing.T) {
	require.Equal(t, 1.5, Gaussian{}.Leaf(-3, 2, 1))
	require.Equal(t, -1.5, Bernoulli{}.Leaf(3, 2, 2))
	require.Equal(t, 1.0, Multinomial{}.Leaf(-3, 2, 3))
	for _, f := range all {
		require.Zero(t, f.Leaf(0, 0, 3), f.Name())
	}
	require.Equal(t, 1e4, Bernoulli{}.Leaf(-1, 0, 2))
	require.Equal(t, -1e4, Multinomial{}.Leaf(1, 1e-9, 3))
	require.Equal(t, -19.0, Poisson{}.Leaf(2, 2, 1), "no events")
	require.Equal(t, -19.0, Poisson{}.Leaf(2.0000001, 2, 1), "no events, rounded")
	require.Equal(t, 19.0, Poisson{}.Leaf(-1e30, 1e-30, 1))
	require.Equal(t, -19.0, Gamma{}.Leaf(3, 0, 1))
}

// The leaves of the families with a log link are where the deviance of their rows is
// least, whatever the scores were.
func TestLeaf_LogLinks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for _, f := range []Family{Poisson{}, Gamma{}, Tweedie{Power: 1.3}} {
		loss, a := f.Kernel()
		n := 50
		y, w, eta := make([]float32, n), make([]float32, n), make([]float64, n)
		for i := range y {
			y[i], w[i], eta[i] = float32(rng.ExpFloat64()), float32(rng.IntN(3)), rng.NormFloat64()
		}
		g, h := kernels.MakeBuffer[float32](n), kernels.MakeBuffer[float32](n)
		in := kernels.GradientInput{Y: kernels.NewBuffer(y), W: kernels.NewBuffer(w), Scores: []*kernels.Buffer[float64]{kernels.NewBuffer(eta)}, Param: a}
		require.NoError(t, kernels.CPU().Gradients(loss, in, []*kernels.Buffer[float32]{g}, []*kernels.Buffer[float32]{h}))
		var G, H float64
		for i := range n {
			G, H = G+float64(g.Host()[i]), H+float64(h.Host()[i])
		}
		total := func(v float64) (sum float64) {
			for i := range n {
				sum += f.Deviance(float64(w[i]), float64(y[i]), f.LinkInv(eta[i]+v))
			}
			return sum
		}
		v := f.Leaf(G, H, 1)
		for _, d := range []float64{-0.1, -0.001, 0.001, 0.1} {
			require.Less(t, total(v), total(v+d), f.Name())
		}
	}
}

// The values of leaves that constraints bind are Leaf(-v, 1): they must grow with v.
func TestLeaf_GrowsWithTheStep(t *testing.T) {
	for _, f := range []Family{Gaussian{}, Bernoulli{}, Tweedie{Power: 1.01}, Tweedie{Power: 1.5}, Tweedie{Power: 1.99}} {
		last := math.Inf(-1)
		for v := -20.0; v <= 20; v += 0.01 {
			now := f.Leaf(-v, 1, 2)
			require.GreaterOrEqual(t, now, last, "%s %v", f.Name(), v)
			last = now
		}
	}
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

func TestLeafOf(t *testing.T) {
	require.Equal(t, 3.0, Laplace{}.LeafOf([]float64{9, 1, 3}, nil))
	require.Equal(t, 2.0, Laplace{}.LeafOf([]float64{3, 1}, nil))
	require.Equal(t, 9.0, Laplace{}.LeafOf([]float64{9, 1, 3}, []float64{5, 1, 1}))
	require.InDelta(t, 1+0.8*2, Quantile{Alpha: 0.4}.LeafOf([]float64{9, 1, 3}, nil), 1e-12)
	// Median 2; what is left is -2, -1, 0, 1, 8 and cut to 1.5.
	require.InDelta(t, 2+(-1.5-1+0+1+1.5)/5, Huber{Delta: 1.5}.LeafOf([]float64{10, 0, 2, 3, 1}, nil), 1e-12)
	require.InDelta(t, 2+(-1.5*3-1+0+1+1.5*3)/9, Huber{Delta: 1.5}.LeafOf([]float64{10, 0, 2, 3, 1}, []float64{3, 3, 1, 1, 1}), 1e-12)
	for _, f := range all[7:] {
		require.Zero(t, f.(Ranked).LeafOf(nil, nil), f.Name())
	}
}

func TestFit(t *testing.T) {
	h := Huber{Alpha: 0.75, Delta: math.Inf(1)}.Fit([]float64{4, 0, 1, 3, 2}, nil)
	require.Equal(t, Huber{Alpha: 0.75, Delta: 3}, h)
	require.Equal(t, Huber{Alpha: 0.75}, h.(Huber).Fit(nil, nil))
}

// Quantiles against a sort of the repeated values.
func TestQuantileOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	for n := 1; n < 40; n++ {
		v, w := make([]float64, n), make([]float64, n)
		var repeated []float64
		for i := range v {
			v[i], w[i] = float64(rng.IntN(9)), float64(1+rng.IntN(4))
			repeated = append(repeated, slices.Repeat([]float64{v[i]}, int(w[i]))...)
		}
		for _, p := range []float64{0, 0.1, 0.5, 0.77, 1} {
			want := func(v []float64) float64 {
				s := slices.Sorted(slices.Values(v))
				at := p * float64(len(s)-1)
				lo := int(at)
				return s[lo] + (at-float64(lo))*(s[min(lo+1, len(s)-1)]-s[lo])
			}
			require.InDelta(t, want(v), QuantileOf(slices.Clone(v), nil, p), 1e-12)
			require.InDelta(t, want(repeated), QuantileOf(slices.Clone(v), slices.Clone(w), p), 1e-12)
		}
	}
	require.Equal(t, 5.0, QuantileOf([]float64{5}, []float64{0.1}, 0.9))
}

func TestKernel(t *testing.T) {
	bounded := []string{"bernoulli", "quasibinomial", "multinomial"}
	for k, f := range all {
		loss, param := f.Kernel()
		require.Equal(t, slices.Contains(bounded, f.Name()), f.Bounded())
		require.Equal(t, []kernels.Loss{
			kernels.Gaussian, kernels.Bernoulli, kernels.Bernoulli, kernels.Multinomial, kernels.Poisson, kernels.Gamma, kernels.Tweedie,
			kernels.Laplace, kernels.Pinball, kernels.Huber,
		}[k], loss)
		require.Equal(t, []float64{0, 0, 0, 0, 0, 0, 1.3, 0, 0.8, 1.5}[k], param)
	}
}
