package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naiveGradient is the formula of each loss with the library's exponential.
func naiveGradient(loss Loss, f []float64, class int, y, w, a float64) (g, h float64) {
	if math.IsNaN(y) || w == 0 {
		return 0, 0
	}
	cut := func(v float64) float64 { return max(-0x1p100, min(0x1p100, v)) }
	sign := func(v float64) float64 {
		if v == 0 {
			return 0
		}
		return math.Copysign(1, v)
	}
	times := func(y, v float64) float64 { // 0 times infinity is 0
		if y == 0 {
			return 0
		}
		return y * v
	}
	d := f[0] - y
	switch loss {
	case Gaussian:
		return w * d, w
	case Bernoulli:
		p := 1 / (1 + math.Exp(-f[0]))
		return w * (p - y), w * p * (1 - p)
	case Poisson:
		return cut(w * (math.Exp(f[0]) - y)), cut(w * math.Exp(f[0]))
	case Gamma:
		q := times(y, math.Exp(-f[0]))
		return cut(w * (1 - q)), cut(w * q)
	case Tweedie:
		d, q := math.Exp(f[0]*(2-a)), times(y, math.Exp(f[0]*(1-a)))
		return cut(w * (d - q)), cut(w * ((2-a)*d + (a-1)*q))
	case Laplace:
		return w * sign(d), w
	case Pinball:
		return w * (sign(d)/2 + math.Abs(sign(d))*(0.5-a)), w
	case Huber:
		return w * sign(d) * math.Min(math.Abs(d), a), w
	}
	sum := 0.0
	for _, v := range f {
		sum += math.Exp(v - f[class])
	}
	p, hit := 1/sum, 0.0
	if int(y) == class {
		hit = 1
	}
	return w * (p - hit), w * p * (1 - p)
}

// gradientParam is the parameter that tests give a loss.
var gradientParam = map[Loss]float64{Tweedie: 1.3, Pinball: 0.8, Huber: 1.5}

func testGradients(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, loss := range []Loss{Gaussian, Bernoulli, Multinomial, Poisson, Gamma, Tweedie, Laplace, Pinball, Huber} {
		for _, n := range []int{0, 1, 31, 32, 33, 511, 513, 10000} {
			for _, weighted := range []bool{false, true} {
				in := GradientInput{Param: gradientParam[loss]}
				y, w := make([]float32, n), make([]float32, n)
				k := 1
				if loss == Multinomial {
					k = 3
				}
				scores := make([][]float64, k)
				for i := range y {
					y[i], w[i] = float32(r.IntN(max(2, k))), float32(r.IntN(4))
					if r.IntN(10) == 0 {
						y[i] = float32(math.NaN())
					}
				}
				for c := range scores {
					scores[c] = make([]float64, n)
					for i := range y {
						scores[c][i] = r.NormFloat64() * math.Exp(r.NormFloat64()*2)
						if r.IntN(10) == 0 {
							scores[c][i] = float64(r.IntN(2)) // where y may be
						}
					}
					in.Scores = append(in.Scores, NewBuffer(scores[c]))
				}
				in.Y = NewBuffer(y)
				if weighted {
					in.W = NewBuffer(w)
				}
				g, h := make([]*Buffer[float32], k), make([]*Buffer[float32], k)
				for c := range k {
					g[c], h[c] = MakeBuffer[float32](n), MakeBuffer[float32](n)
				}
				check(t, b.Gradients(loss, in, g, h))
				sameGradients(t, loss, in, g, h)
				for i := range y {
					f, wi := make([]float64, k), 1.0
					for c := range f {
						f[c] = scores[c][i]
					}
					if weighted {
						wi = float64(w[i])
					}
					for c := range k {
						G, H := naiveGradient(loss, f, c, float64(y[i]), wi, in.Param)
						if !near(g[c].Host()[i], G) || !near(h[c].Host()[i], H) {
							t.Fatalf("loss %d row %d of %d: g %v h %v, want %v %v", loss, i, n, g[c].Host()[i], h[c].Host()[i], G, H)
						}
					}
				}
			}
		}
	}
}

// sameGradients compares derivatives with those of the reference, to the bit.
func sameGradients(t *testing.T, loss Loss, in GradientInput, g, h []*Buffer[float32]) {
	t.Helper()
	n := in.Y.Len()
	wantG, wantH := make([]*Buffer[float32], len(g)), make([]*Buffer[float32], len(g))
	for k := range g {
		wantG[k], wantH[k] = MakeBuffer[float32](n), MakeBuffer[float32](n)
	}
	check(t, newGo(1).Gradients(loss, in, wantG, wantH))
	differ := func(a, b float32) bool { return math.Float32bits(a) != math.Float32bits(b) }
	for k := range g {
		for i := range n {
			if differ(g[k].Host()[i], wantG[k].Host()[i]) || differ(h[k].Host()[i], wantH[k].Host()[i]) {
				t.Fatalf("loss %d row %d class %d: g %v h %v, the reference has %v %v",
					loss, i, k, g[k].Host()[i], h[k].Host()[i], wantG[k].Host()[i], wantH[k].Host()[i])
			}
		}
	}
}

// Scores far out give finite derivatives.
func TestGradients_Extremes(t *testing.T) {
	for _, b := range everyTier(t, 1) {
		t.Run(b.Name(), func(t *testing.T) { testExtremes(t, b) })
	}
}

func testExtremes(t *testing.T, b Backend) {
	for _, loss := range []Loss{Gaussian, Bernoulli, Poisson, Gamma, Tweedie, Laplace, Pinball, Huber} {
		in := GradientInput{
			Y: NewBuffer([]float32{1, 0, 1e18, 1e18}), Param: gradientParam[loss],
			Scores: []*Buffer[float64]{NewBuffer([]float64{-1e4, 1e4, -300, 300})},
		}
		g, h := []*Buffer[float32]{MakeBuffer[float32](4)}, []*Buffer[float32]{MakeBuffer[float32](4)}
		check(t, b.Gradients(loss, in, g, h))
		sameGradients(t, loss, in, g, h)
		for _, v := range append(g[0].Host(), h[0].Host()...) {
			if x := float64(v); math.IsNaN(x) || math.Abs(x) > 0x1p100 {
				t.Errorf("loss %d: g %v, h %v", loss, g[0].Host(), h[0].Host())
				break
			}
		}
	}
	classes := GradientInput{Y: NewBuffer([]float32{0, 1, 2, 7})} // one response is none of them
	g, h := make([]*Buffer[float32], 3), make([]*Buffer[float32], 3)
	for k := range g {
		far := []float64{1e4, -1e4, 300, math.Inf(-1)}
		classes.Scores = append(classes.Scores, NewBuffer([]float64{far[k], 0, far[k+1], -far[k]}))
		g[k], h[k] = MakeBuffer[float32](4), MakeBuffer[float32](4)
	}
	check(t, b.Gradients(Multinomial, classes, g, h))
	sameGradients(t, Multinomial, classes, g, h)
}

// Where a response takes the first bits of a sum away, the last ones are those of the
// reference.
func TestGradients_LastBits(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for loss, response := range map[Loss]func(f float64) float64{
		Poisson: math.Exp,
		Tweedie: func(f float64) float64 { return 0.7 * math.Exp(0.7*f) / (-0.3 * math.Exp(-0.3*f)) }, // h vanishes
	} {
		f, y := make([]float64, 4000), make([]float32, 4000)
		for i := range f {
			f[i] = r.NormFloat64() * 4
			if i < 4 { // where a term of exp that is not fused shows
				f[i] = []float64{2.466026, 3.120006, -0.223191, -4.573926}[i]
			}
			y[i] = float32(response(f[i]))
		}
		in := GradientInput{Y: NewBuffer(y), Scores: []*Buffer[float64]{NewBuffer(f)}, Param: gradientParam[loss]}
		g, h := []*Buffer[float32]{MakeBuffer[float32](len(y))}, []*Buffer[float32]{MakeBuffer[float32](len(y))}
		for _, b := range everyTier(t, 1) {
			check(t, b.Gradients(loss, in, g, h))
			sameGradients(t, loss, in, g, h)
		}
	}
}

func TestGradients_Refused(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		loss  Loss
		param float64
	}{{Tweedie, 1}, {Tweedie, 2}, {Tweedie, nan}, {Pinball, -0.1}, {Pinball, 1.1}, {Pinball, nan}, {Huber, -1}, {Huber, nan}, {Huber + 1, 0}} {
		one := []*Buffer[float32]{MakeBuffer[float32](1)}
		in := GradientInput{Y: MakeBuffer[float32](1), Scores: []*Buffer[float64]{MakeBuffer[float64](1)}, Param: c.param}
		if newGo(1).Gradients(c.loss, in, one, one) == nil {
			t.Errorf("loss %d with parameter %v was taken", c.loss, c.param)
		}
	}
}

func near(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-7*(1+math.Abs(want))
}

func TestExp(t *testing.T) {
	worst := 0.0
	r := rand.New(rand.NewPCG(1, 1))
	for range 300000 {
		x := (r.Float64() - 0.5) * 1400
		if r.IntN(2) == 0 {
			x = r.NormFloat64()
		}
		worst = max(worst, math.Abs(exp(x)/math.Exp(x)-1))
	}
	if worst > 4.5e-16 {
		t.Errorf("relative error %v", worst)
	}
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Inf(1), exp(708)}, {math.Inf(-1), exp(-708)}, {-1e9, exp(-708)},
	} {
		if got := exp(c.x); got != c.want {
			t.Errorf("exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	// The same bits on every machine: a checksum of a thousand values.
	sum := uint64(0)
	for i := range 1000 {
		sum = sum*31 + math.Float64bits(exp(float64(i-500)/7))
	}
	if want := uint64(0x9b791a750257b3b1); sum != want {
		t.Errorf("checksum %#x, want %#x", sum, want)
	}
}
