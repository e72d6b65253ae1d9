package dist

import (
	"math"

	"github.com/geyser-ml/geyser/kernels"
)

// Gaussian is the normal distribution with the identity link.
type Gaussian struct{}

// Bernoulli is the distribution of two classes, 0 and 1, with the logit link.
type Bernoulli struct{}

// Quasibinomial is Bernoulli under another name.
//
// H2O: it takes a numeric response of two values and estimates it by the same
// quasi-likelihood.
type Quasibinomial struct{ Bernoulli }

// Name returns "quasibinomial".
func (Quasibinomial) Name() string { return "quasibinomial" }

// Multinomial is the distribution of several classes, numbered from 0, with a
// score for each and softmax.
type Multinomial struct{}

// Name returns "gaussian".
func (Gaussian) Name() string { return "gaussian" }

// Link returns mu.
func (Gaussian) Link(mu float64) float64 { return mu }

// LinkInv returns eta.
func (Gaussian) LinkInv(eta float64) float64 { return eta }

// Deviance returns w (y − mu)².
func (Gaussian) Deviance(w, y, mu float64) float64 { return w * (y - mu) * (y - mu) }

// Init returns the weighted mean of y − offset.
func (Gaussian) Init(y, w, offset []float64) float64 {
	var sum, weight float64
	each(y, w, offset, func(y, w, o float64) {
		sum += w * (y - o)
		weight += w
	})
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// Leaf returns −g/h.
func (Gaussian) Leaf(g, h float64, _ int) float64 { return step(g, h) }

// Bounded returns false: residuals have no bound.
func (Gaussian) Bounded() bool { return false }

// Kernel returns kernels.Gaussian.
func (Gaussian) Kernel() (kernels.Loss, float64) { return kernels.Gaussian, 0 }

// Name returns "bernoulli".
func (Bernoulli) Name() string { return "bernoulli" }

// Link returns the log odds of mu.
func (Bernoulli) Link(mu float64) float64 { return math.Log(mu / (1 - mu)) }

// LinkInv returns 1 / (1 + e^−eta).
func (Bernoulli) LinkInv(eta float64) float64 { return 1 / (1 + math.Exp(-eta)) }

// Deviance returns −2 w (y log mu + (1 − y) log(1 − mu)); a probability of 0
// counts as 1e-15.
func (Bernoulli) Deviance(w, y, mu float64) float64 {
	return -2 * w * (y*floorLog(mu) + (1-y)*floorLog(1-mu))
}

// Init returns the log odds of class 1, with offsets the intercept of the
// logistic regression that has no other coefficient. One class alone gives ±19,
// odds of about 1.8e8.
//
// H2O: with offsets it takes one Newton step from 0 and stays there, up to a few
// hundredths from the root in ordinary data and anywhere with large offsets.
func (b Bernoulli) Init(y, w, offset []float64) float64 {
	var ones, weight float64
	each(y, w, offset, func(y, w, _ float64) {
		ones += w * y
		weight += w
	})
	if weight == 0 {
		return 0
	}
	f := clamp(b.Link(ones/weight), maxLogOdds)
	if offset == nil || math.Abs(f) == maxLogOdds {
		return f
	}
	// Why: steps of at most 2 keep Newton's method from running away where the
	// offsets put most rows on the flat ends of mu.
	for range 100 {
		d, ok := newton(y, w, offset, f)
		if !ok {
			break
		}
		d = clamp(d, 2)
		f += d
		if math.Abs(d) < 1e-12 {
			break
		}
	}
	return f
}

// newton returns the step from f towards the root of Σ w (y − mu(f + o)), which
// falls strictly with f; false where the slope vanishes.
func newton(y, w, offset []float64, f float64) (step float64, ok bool) {
	var num, den float64
	each(y, w, offset, func(y, w, o float64) {
		mu := Bernoulli{}.LinkInv(f + o)
		num += w * (y - mu)
		den += w * mu * (1 - mu)
	})
	return num / den, den > 0
}

// Leaf returns −g/h, at most 1e4 from 0.
func (Bernoulli) Leaf(g, h float64, _ int) float64 { return clamp(step(g, h), maxLeaf) }

// Bounded returns true.
func (Bernoulli) Bounded() bool { return true }

// Kernel returns kernels.Bernoulli.
func (Bernoulli) Kernel() (kernels.Loss, float64) { return kernels.Bernoulli, 0 }

// Name returns "multinomial".
func (Multinomial) Name() string { return "multinomial" }

// Link returns log mu.
func (Multinomial) Link(mu float64) float64 { return math.Log(mu) }

// LinkInv returns e^eta, to be divided by the sum over the classes.
func (Multinomial) LinkInv(eta float64) float64 { return math.Exp(eta) }

// Deviance returns −2 w log mu, mu being the probability of the actual class;
// 0 counts as 1e-15.
func (Multinomial) Deviance(w, _, mu float64) float64 { return -2 * w * floorLog(mu) }

// Init returns 0: all classes start equal.
//
// H2O: a model of several classes reports init_f 0, whatever the shares of the
// classes are.
func (Multinomial) Init(_, _, _ []float64) float64 { return 0 }

// Leaf returns −g/h (K − 1)/K, at most 1e4 from 0.
func (Multinomial) Leaf(g, h float64, classes int) float64 {
	k := float64(classes)
	return clamp(step(g, h)*(k-1)/k, maxLeaf) // Friedman 2001, algorithm 6
}

// Bounded returns true.
func (Multinomial) Bounded() bool { return true }

// Kernel returns kernels.Multinomial.
func (Multinomial) Kernel() (kernels.Loss, float64) { return kernels.Multinomial, 0 }

const (
	// H2O: bounds leaf values of classes, which are exponentiated later.
	maxLeaf    = 1e4
	maxLogOdds = 19
	minProb    = 1e-15
)

// step is one Newton step; where the loss has no gradient it stays.
func step(g, h float64) float64 {
	if g == 0 {
		return 0
	}
	return -g / h
}

func clamp(v, limit float64) float64 { return max(-limit, min(v, limit)) }

func floorLog(p float64) float64 { return math.Log(max(p, minProb)) }

// each calls f for the rows that count.
func each(y, w, offset []float64, f func(y, w, o float64)) {
	for i, v := range y {
		wi, o := 1.0, 0.0
		if w != nil {
			wi = w[i]
		}
		if offset != nil {
			o = offset[i]
		}
		if wi > 0 && !math.IsNaN(v) && !math.IsNaN(o) {
			f(v, wi, o)
		}
	}
}
