package tree

import "github.com/geyser-ml/geyser/kernels"

// rule is a quadrature on [0, 1]: the integral of a polynomial of degree up to
// 2 len(at) - 1 is the sum of weight times its values at the points.
type rule struct{ at, weight []float64 }

// rules returns the rules that integrate products of up to players factors.
func rules(players int) []rule {
	out := make([]rule, (players+1)/2+1)
	for n := 1; n < len(out); n++ {
		out[n].at, out[n].weight = kernels.Legendre(n)
	}
	return out
}
