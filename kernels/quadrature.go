package kernels

import "math"

// Legendre returns n points in (0, 1) and their weights: the integral over [0, 1] of a
// polynomial of degree up to 2n-1 is the sum of weight times its value at the points.
// They are the zeros of the n-th Legendre polynomial, found by Newton's method.
// Ref: Press et al., Numerical Recipes, section 4.6.
func Legendre(n int) (at, weight []float64) {
	at, weight = make([]float64, n), make([]float64, n)
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
		at[i], weight[i] = (1-x)/2, 1/((1-x*x)*slope*slope)
	}
	return at, weight
}
