package tree

import "math"

// rule is a quadrature on [0, 1]: the integral of a polynomial of degree up to
// 2 len(at) - 1 is the sum of weight times its values at the points.
type rule struct{ at, weight []float64 }

// legendre returns the Gauss-Legendre rule of n points: the zeros of the n-th
// Legendre polynomial, by Newton's method.
// Ref: Press et al., Numerical Recipes, section 4.6.
func legendre(n int) rule {
	r := rule{make([]float64, n), make([]float64, n)}
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		slope := 0.0
		for range 20 { // quadratic convergence from a good start: 5 would do
			p, before := 1.0, 0.0
			for k := range n {
				p, before = (float64(2*k+1)*x*p-float64(k)*before)/float64(k+1), p
			}
			slope = float64(n) * (x*p - before) / (x*x - 1)
			step := p / slope
			x -= step
			if math.Abs(step) < 1e-15 {
				break
			}
		}
		r.at[i], r.weight[i] = (1-x)/2, 1/((1-x*x)*slope*slope)
	}
	return r
}

// rules returns the rules that integrate products of up to players factors.
func rules(players int) []rule {
	out := make([]rule, (players+1)/2+1)
	for n := 1; n < len(out); n++ {
		out[n] = legendre(n)
	}
	return out
}
