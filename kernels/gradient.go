package kernels

import (
	"fmt"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Gradients writes the derivatives of the loss by the score f:
//
//	Gaussian     g = w (f - y)          h = w
//	Bernoulli    g = w (p - y)          h = w p (1-p)      p = 1/(1 + e^-f)
//	Multinomial  g = w (p - [y = k])    h = w p (1-p)      p = softmax_k(f)
//
// in float64, rounded once to float32, so the best value of a leaf is -G/(H+λ).
// Rows whose response is missing or whose weight is 0 get zeros; they must be
// kept out of the sample (TreeInput.InSample), or they count as rows.
func (b *goBackend) Gradients(loss Loss, in GradientInput, g, h []*Buffer[float32]) error {
	if err := in.check(loss, g, h); err != nil {
		return err
	}
	scores := make([][]float64, len(in.Scores))
	outG, outH := make([][]float32, len(g)), make([][]float32, len(g))
	for k, s := range in.Scores {
		scores[k], outG[k], outH[k] = s.Host(), g[k].HostWrite(), h[k].HostWrite()
	}
	var w []float32
	if in.W != nil {
		w = in.W.Host()
	}
	y := in.Y.Host()
	par.For(b.threads, len(y), 8192, func(_, lo, hi int) {
		for k := range scores {
			c := gradientChunk{y: y[lo:hi], g: outG[k][lo:hi], h: outH[k][lo:hi]}
			if w != nil {
				c.w = w[lo:hi]
			}
			switch loss {
			case Gaussian:
				c.gaussian(scores[k][lo:hi])
			case Bernoulli:
				c.bernoulli(scores[k][lo:hi])
			default:
				c.multinomial(scores, lo, k)
			}
		}
	})
	return nil
}

func (in GradientInput) check(loss Loss, g, h []*Buffer[float32]) error {
	want := 1
	switch loss {
	case Gaussian, Bernoulli:
	case Multinomial:
		want = max(1, len(in.Scores))
	default:
		return fmt.Errorf("loss %d has no kernel: want Gaussian, Bernoulli or Multinomial", loss)
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
type gradientChunk struct{ y, w, g, h []float32 }

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

func (c *gradientChunk) gaussian(f []float64) {
	for i, y := range c.y {
		c.set(i, f[i]-float64(y), 1)
	}
}

func (c *gradientChunk) bernoulli(f []float64) {
	for i, y := range c.y {
		p := 1 / (1 + exp(-f[i]))
		c.set(i, p-float64(y), p*(1-p))
	}
}

// multinomial subtracts the largest score first: no exponential overflows, and
// the sum, taken in class order, is at least 1.
func (c *gradientChunk) multinomial(scores [][]float64, lo, class int) {
	for i, y := range c.y {
		row := lo + i
		top := scores[0][row]
		for _, f := range scores[1:] {
			if f[row] > top {
				top = f[row]
			}
		}
		sum := 0.0
		for _, f := range scores {
			sum += exp(f[row] - top)
		}
		p, hit := exp(scores[class][row]-top)/sum, 0.0
		if y == float32(class) {
			hit = 1
		}
		c.set(i, p-hit, p*(1-p))
	}
}
