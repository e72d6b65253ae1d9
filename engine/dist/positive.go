package dist

import (
	"math"

	"github.com/geyser-ml/geyser/kernels"
)

// Poisson is the distribution of counts, with the log link.
type Poisson struct{ logLink }

// Gamma is the distribution of positive numbers whose spread grows with their mean,
// with the log link.
type Gamma struct{ logLink }

// Tweedie is the compound of Poisson and gamma with variance mu^Power, 1 < Power < 2,
// with the log link: positive numbers with a share of zeros.
type Tweedie struct {
	logLink
	Power float64
}

// logLink is what the families above have in common.
type logLink struct{}

const (
	// H2O: bounds logarithms of means (GBM.truncatePreds, LogExpUtil).
	maxLog  = 19
	maxMean = 1e19
)

// Link returns log mu.
func (logLink) Link(mu float64) float64 { return math.Log(mu) }

// LinkInv returns e^eta, at most 1e19.
func (logLink) LinkInv(eta float64) float64 { return math.Min(math.Exp(eta), maxMean) }

// Bounded returns false.
func (logLink) Bounded() bool { return false }

// Name returns "poisson".
func (Poisson) Name() string { return "poisson" }

// Deviance returns 2 w (y log(y / mu) − (y − mu)).
func (Poisson) Deviance(w, y, mu float64) float64 { return 2 * w * (timesLog(y, y/mu) - (y - mu)) }

// Init returns log(Σ w y / Σ w e^offset).
func (Poisson) Init(y, w, offset []float64) float64 {
	return logRatio(y, w, offset, func(y, o float64) (num, den float64) { return y, math.Exp(o) })
}

// Leaf returns log(Σ w y / Σ w mu), the exact minimum, at most 19 from 0.
func (Poisson) Leaf(g, h float64, _ int) float64 { return logStep(h-g, h) }

// Kernel returns kernels.Poisson.
func (Poisson) Kernel() (kernels.Loss, float64) { return kernels.Poisson, 0 }

// Name returns "gamma".
func (Gamma) Name() string { return "gamma" }

// Deviance returns 2 w ((y − mu) / mu − log(y / mu)), infinite where y is 0.
func (Gamma) Deviance(w, y, mu float64) float64 { return 2 * w * ((y-mu)/mu - math.Log(y/mu)) }

// Init returns log(Σ w y e^−offset / Σ w).
func (Gamma) Init(y, w, offset []float64) float64 {
	return logRatio(y, w, offset, func(y, o float64) (num, den float64) { return y * math.Exp(-o), 1 })
}

// Leaf returns log(Σ w y / mu / Σ w), the exact minimum, at most 19 from 0.
func (Gamma) Leaf(g, h float64, _ int) float64 { return logStep(h, g+h) }

// Kernel returns kernels.Gamma.
func (Gamma) Kernel() (kernels.Loss, float64) { return kernels.Gamma, 0 }

// Name returns "tweedie".
func (Tweedie) Name() string { return "tweedie" }

// Deviance returns 2 w (y^(2−p) / ((1−p)(2−p)) − y mu^(1−p) / (1−p) + mu^(2−p) / (2−p)).
func (t Tweedie) Deviance(w, y, mu float64) float64 {
	a, b := 1-t.Power, 2-t.Power
	return 2 * w * (math.Pow(y, b)/(a*b) - y*math.Pow(mu, a)/a + math.Pow(mu, b)/b)
}

// Init returns log(Σ w y e^((1−p) offset) / Σ w e^((2−p) offset)).
func (t Tweedie) Init(y, w, offset []float64) float64 {
	return logRatio(y, w, offset, func(y, o float64) (num, den float64) {
		return y * math.Exp((1-t.Power)*o), math.Exp((2 - t.Power) * o)
	})
}

// Leaf returns log(N / D), N = Σ w y mu^(1−p), D = Σ w mu^(2−p), the exact minimum,
// at most 19 from 0: g = D − N and h = (2−p) D + (p−1) N.
func (t Tweedie) Leaf(g, h float64, _ int) float64 {
	return logStep(h-(2-t.Power)*g, h+(t.Power-1)*g)
}

// Kernel returns kernels.Tweedie and the power.
func (t Tweedie) Kernel() (kernels.Loss, float64) { return kernels.Tweedie, t.Power }

// logRatio returns the logarithm of a ratio of weighted sums.
func logRatio(y, w, offset []float64, of func(y, o float64) (num, den float64)) float64 {
	var num, den float64
	each(y, w, offset, func(y, w, o float64) {
		a, b := of(y, o)
		num += w * a
		den += w * b
	})
	switch {
	case den == 0:
		return 0
	case num == 0:
		return -maxLog
	}
	return math.Log(num / den)
}

// logStep returns log(num/den) within bounds. Why: sums of derivatives are rounded,
// so that a numerator of zeros may come out below 0.
func logStep(num, den float64) float64 {
	switch {
	case num == den:
		return 0
	case !(num > 0):
		return -maxLog
	case !(den > 0):
		return maxLog
	}
	return clamp(math.Log(num/den), maxLog)
}

// timesLog returns y log q, 0 where y is 0.
func timesLog(y, q float64) float64 {
	if y == 0 {
		return 0
	}
	return y * math.Log(q)
}
