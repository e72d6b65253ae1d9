package kernels

import "math"

// Activation is the function at the end of a dense layer.
type Activation uint8

// Activations, of s. All take NaN to NaN.
const (
	Identity  Activation = iota // s
	Rectifier                   // max(0, s)
	Tanh                        // tanh s
	Sigmoid                     // 1/(1 + e^-s)
)

// apply replaces values by their activations: computed in double from explicit steps
// and rounded once, so that tiers do not differ.
func (a Activation) apply(v []float32) {
	switch a {
	case Rectifier:
		for i, s := range v {
			if s < 0 {
				v[i] = 0
			}
		}
	case Tanh:
		for i, s := range v {
			v[i] = float32(tanh(float64(s)))
		}
	case Sigmoid:
		for i, s := range v {
			v[i] = float32(1 / (1 + exp(-float64(s))))
		}
	}
}

// tanh is (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x. Where that cancels, it is
// the Taylor polynomial of degree 7; its relative error is below 2^-36 there.
func tanh(x float64) float64 {
	if m := math.Abs(x); !(m < 0.0625) {
		e := exp(-2 * m)
		return math.Copysign((1-e)/(1+e), x)
	}
	s := float64(x * x)
	p := math.FMA(s, -17.0/315, 2.0/15)
	p = math.FMA(p, s, -1.0/3)
	return math.FMA(float64(x*s), p, x)
}
