package kernels

import (
	"fmt"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Gradients writes the derivatives of the loss by the score f, a being in.Param:
//
//	Gaussian     g = w (f - y)                  h = w
//	Bernoulli    g = w (p - y)                  h = w p (1-p)      p = 1/(1 + e^-f)
//	Multinomial  g = w (p - [y = k])            h = w p (1-p)      p = softmax_k(f)
//	Poisson      g = w (m - y)                  h = w m            m = e^f
//	Gamma        g = w (1 - q)                  h = w q            q = y e^-f
//	Tweedie      g = w (d - q)                  h = w ((2-a) d + (a-1) q)
//	                                            d = e^((2-a)f), q = y e^((1-a)f)
//	Laplace      g = w sign(f - y)              h = w
//	Pinball      g = w (1-a), -w a below y      h = w
//	Huber        g = w (f - y), cut to ±w a     h = w
//
// in float64, rounded once to float32, so the best value of a leaf is -G/(H+λ);
// the last three have no curvature, and their h makes that a step. Laplace and
// Pinball have g = 0 where f = y. Poisson, Gamma and Tweedie are cut to ±2^100.
// Rows whose response is missing or whose weight is 0 get zeros; they must be
// kept out of the sample (TreeInput.InSample), or they count as rows.
func (b *goBackend) Gradients(loss Loss, in GradientInput, g, h []*Buffer[float32]) error {
	if err := in.check(loss, g, h); err != nil {
		return err
	}
	x := in.host(g, h)
	par.For(b.threads, len(x.y), 8192, func(_, lo, hi int) {
		c := gradientChunk{y: x.y[lo:hi], w: x.weights(lo, hi), a: in.Param}
		if loss == Multinomial {
			c.multinomial(x.scores, x.g, x.h, lo)
			return
		}
		c.g, c.h = x.g[0][lo:hi], x.h[0][lo:hi]
		c.single(loss, x.scores[0][lo:hi])
	})
	return nil
}

// gradientHost is all that Gradients reads and writes, in the host's memory; w is
// nil for ones.
type gradientHost struct {
	scores [][]float64
	y, w   []float32
	g, h   [][]float32
}

func (in GradientInput) host(g, h []*Buffer[float32]) *gradientHost {
	x := &gradientHost{y: in.Y.Host()}
	if in.W != nil {
		x.w = in.W.Host()
	}
	for k, s := range in.Scores {
		x.scores, x.g, x.h = append(x.scores, s.Host()), append(x.g, g[k].HostWrite()), append(x.h, h[k].HostWrite())
	}
	return x
}

// weights returns those of rows [lo, hi), nil for ones.
func (x *gradientHost) weights(lo, hi int) []float32 {
	if x.w == nil {
		return nil
	}
	return x.w[lo:hi]
}

func (in GradientInput) check(loss Loss, g, h []*Buffer[float32]) error {
	want := 1
	switch loss {
	case Multinomial:
		want = max(1, len(in.Scores))
	case Tweedie:
		if !(in.Param > 1 && in.Param < 2) {
			return fmt.Errorf("power %v of Tweedie: want more than 1 and less than 2", in.Param)
		}
	case Pinball:
		if !(in.Param >= 0 && in.Param <= 1) {
			return fmt.Errorf("quantile %v of Pinball: want 0 to 1", in.Param)
		}
	case Huber:
		if !(in.Param >= 0) {
			return fmt.Errorf("bound %v of Huber: want 0 or more", in.Param)
		}
	default:
		if loss > Huber {
			return fmt.Errorf("loss %d has no kernel: want Gaussian to Huber", loss)
		}
	}
	if len(in.Scores) != want || len(g) != want || len(h) != want {
		return fmt.Errorf("loss %d with %d score buffers and derivatives of %d and %d", loss, len(in.Scores), len(g), len(h))
	}
	n := in.Y.Len()
	same := in.W == nil || in.W.Len() == n
	for k, s := range in.Scores {
		same = same && s.Len() == n && g[k].Len() == n && h[k].Len() == n
	}
	if !same {
		return fmt.Errorf("derivatives of %d rows: a buffer differs in length", n)
	}
	return nil
}

// gradientChunk is a run of rows of all inputs; w is nil for ones.
type gradientChunk struct {
	y, w, g, h []float32
	a          float64 // parameter of the loss
}

// set stores the derivatives of row i, given those of weight one.
func (c *gradientChunk) set(i int, g, h float64) {
	if c.w != nil {
		w := float64(c.w[i])
		if w == 0 {
			c.g[i], c.h[i] = 0, 0
			return
		}
		g, h = g*w, h*w
	}
	if c.y[i] != c.y[i] {
		g, h = 0, 0
	}
	c.g[i], c.h[i] = float32(g), float32(h)
}

// single takes the losses of one score.
func (c *gradientChunk) single(loss Loss, f []float64) {
	switch loss {
	case Gaussian:
		for i, y := range c.y {
			c.set(i, f[i]-float64(y), 1)
		}
	case Bernoulli:
		for i, y := range c.y {
			p := 1 / (1 + exp(-f[i]))
			c.set(i, p-float64(y), p*(1-p))
		}
	case Poisson:
		for i, y := range c.y {
			m := exp(f[i])
			c.setCut(i, m-float64(y), m)
		}
	case Gamma:
		for i, y := range c.y {
			q := float64(float64(y) * exp(-f[i]))
			c.setCut(i, 1-q, q)
		}
	case Tweedie:
		u, v := 2-c.a, 1-c.a
		for i, y := range c.y {
			d, q := exp(u*f[i]), float64(float64(y)*exp(v*f[i]))
			c.setCut(i, d-q, float64(u*d)-float64(v*q))
		}
	case Laplace:
		for i, y := range c.y {
			c.set(i, side(f[i], float64(y), 1, 1), 1)
		}
	case Pinball:
		for i, y := range c.y {
			c.set(i, side(f[i], float64(y), 1-c.a, c.a), 1)
		}
	case Huber:
		for i, y := range c.y {
			c.set(i, max(-c.a, min(c.a, f[i]-float64(y))), 1)
		}
	}
}

// side is above where f is over y, -below where it is under, and 0 between.
func side(f, y, above, below float64) float64 {
	switch {
	case f > y:
		return above
	case f < y:
		return -below
	}
	return 0
}

// setCut is set for losses that grow exponentially with the score.
func (c *gradientChunk) setCut(i int, g, h float64) {
	const most = 0x1p100 // Why: squares of sums of them are finite
	w := 1.0
	if c.w != nil {
		w = float64(c.w[i])
	}
	if w == 0 || c.y[i] != c.y[i] {
		c.g[i], c.h[i] = 0, 0
		return
	}
	c.g[i], c.h[i] = float32(max(-most, min(most, g*w))), float32(min(most, h*w))
}

// multinomial writes the derivatives of all classes for the rows from lo on, each
// exponential taken once. It subtracts the largest score first: no exponential
// overflows, and the sum, taken in class order, is at least 1.
func (c *gradientChunk) multinomial(scores [][]float64, g, h [][]float32, lo int) {
	const block = 512
	var top, sum [block]float64
	share := make([]float64, len(scores)*block) // e^(f - top), by class
	for from := 0; from < len(c.y); from += block {
		n := min(block, len(c.y)-from)
		at := lo + from
		copy(top[:], scores[0][at:at+n])
		for _, f := range scores[1:] {
			for i, v := range f[at : at+n] {
				top[i] = max(top[i], v)
			}
		}
		clear(sum[:])
		for k, f := range scores {
			e := share[k*block:]
			for i, v := range f[at : at+n] {
				e[i] = exp(v - top[i])
				sum[i] += e[i]
			}
		}
		part := gradientChunk{y: c.y[from : from+n]}
		if c.w != nil {
			part.w = c.w[from : from+n]
		}
		for k := range scores {
			part.g, part.h = g[k][at:at+n], h[k][at:at+n]
			for i, y := range part.y {
				p, hit := share[k*block+i]/sum[i], 0.0
				if y == float32(k) {
					hit = 1
				}
				part.set(i, p-hit, p*(1-p))
			}
		}
	}
}
