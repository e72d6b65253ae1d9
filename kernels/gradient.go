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
func (b *goBackend) Gradients(loss Loss, in GradientInput, g, h *Buffer[float32]) error {
	if err := in.check(loss, g, h); err != nil {
		return err
	}
	scores := make([][]float64, len(in.Scores))
	for k, s := range in.Scores {
		scores[k] = s.Host()
	}
	var w []float32
	if in.W != nil {
		w = in.W.Host()
	}
	y, outG, outH := in.Y.Host(), g.HostWrite(), h.HostWrite()
	par.For(b.threads, len(y), 8192, func(_, lo, hi int) {
		c := gradientChunk{y: y[lo:hi], g: outG[lo:hi], h: outH[lo:hi]}
		if w != nil {
			c.w = w[lo:hi]
		}
		switch loss {
		case Gaussian:
			c.gaussian(scores[0][lo:hi])
		case Bernoulli:
			c.bernoulli(scores[0][lo:hi])
		default:
			c.multinomial(scores, lo, in.Class)
		}
	})
	return nil
}

func (in GradientInput) check(loss Loss, g, h *Buffer[float32]) error {
	want := 1
	switch loss {
	case Gaussian, Bernoulli:
	case Multinomial:
		want = max(1, len(in.Scores))
	default:
		return fmt.Errorf("loss %d has no kernel: want Gaussian, Bernoulli or Multinomial", loss)
	}
	if len(in.Scores) != want || in.Class < 0 || in.Class >= want {
		return fmt.Errorf("loss %d with %d score buffers and class %d", loss, len(in.Scores), in.Class)
	}
	n := in.Y.Len()
	same := g.Len() == n && h.Len() == n && (in.W == nil || in.W.Len() == n)
	for _, s := range in.Scores {
		same = same && s.Len() == n
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
