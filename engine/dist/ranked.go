package dist

import (
	"cmp"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/kernels"
)

// Laplace is the double exponential distribution with the identity link: absolute
// errors, estimating the median.
type Laplace struct{ identity }

// Quantile estimates the Alpha-quantile, with the identity link.
type Quantile struct {
	identity
	Alpha float64
}

// Huber has squared errors up to Delta and absolute ones beyond, with the identity
// link. Delta is the Alpha-quantile of the absolute errors; infinite until Fit.
type Huber struct {
	identity
	Alpha, Delta float64
}

// identity is what the families above have in common.
type identity struct{}

// Link returns mu.
func (identity) Link(mu float64) float64 { return mu }

// LinkInv returns eta.
func (identity) LinkInv(eta float64) float64 { return eta }

// Bounded returns false.
func (identity) Bounded() bool { return false }

// Leaf returns −g/h.
func (identity) Leaf(g, h float64, _ int) float64 { return step(g, h) }

// Name returns "laplace".
func (Laplace) Name() string { return "laplace" }

// Deviance returns w |y − mu|.
func (Laplace) Deviance(w, y, mu float64) float64 { return w * math.Abs(y-mu) }

// Init returns the weighted median of y − offset.
func (Laplace) Init(y, w, offset []float64) float64 { return initQuantile(y, w, offset, 0.5) }

// LeafOf returns the weighted median of the residuals.
func (Laplace) LeafOf(r, w []float64) float64 { return QuantileOf(r, w, 0.5) }

// Kernel returns kernels.Laplace.
func (Laplace) Kernel() (kernels.Loss, float64) { return kernels.Laplace, 0 }

// Name returns "quantile".
func (Quantile) Name() string { return "quantile" }

// Deviance returns w Alpha (y − mu) above mu and w (1 − Alpha)(mu − y) below.
func (q Quantile) Deviance(w, y, mu float64) float64 {
	if y > mu {
		return w * q.Alpha * (y - mu)
	}
	return w * (1 - q.Alpha) * (mu - y)
}

// Init returns the weighted Alpha-quantile of y − offset.
func (q Quantile) Init(y, w, offset []float64) float64 { return initQuantile(y, w, offset, q.Alpha) }

// LeafOf returns the weighted Alpha-quantile of the residuals.
func (q Quantile) LeafOf(r, w []float64) float64 { return QuantileOf(r, w, q.Alpha) }

// Kernel returns kernels.Pinball and Alpha.
func (q Quantile) Kernel() (kernels.Loss, float64) { return kernels.Pinball, q.Alpha }

// Name returns "huber".
func (Huber) Name() string { return "huber" }

// Deviance returns w (y − mu)² up to |y − mu| = Delta and w Delta (2 |y − mu| − Delta)
// beyond.
func (h Huber) Deviance(w, y, mu float64) float64 {
	r := math.Abs(y - mu)
	if r <= h.Delta {
		return w * r * r
	}
	return w * h.Delta * (2*r - h.Delta)
}

// Init returns the weighted median of y − offset.
func (Huber) Init(y, w, offset []float64) float64 { return initQuantile(y, w, offset, 0.5) }

// LeafOf returns the median of the residuals plus the mean of what is left of them,
// cut to Delta. Ref: Friedman 2001, algorithm 4.
func (h Huber) LeafOf(r, w []float64) float64 {
	median := QuantileOf(r, w, 0.5)
	var sum, weight float64
	each(r, w, nil, func(r, w, _ float64) {
		sum += w * clamp(r-median, h.Delta)
		weight += w
	})
	if weight == 0 {
		return 0
	}
	return median + sum/weight
}

// Fit returns the family with the Alpha-quantile of the absolute errors as Delta.
func (h Huber) Fit(errors, w []float64) Family {
	h.Delta = QuantileOf(errors, w, h.Alpha)
	return h
}

// Kernel returns kernels.Huber and Delta.
func (h Huber) Kernel() (kernels.Loss, float64) { return kernels.Huber, h.Delta }

// initQuantile returns the weighted p-quantile of y − offset.
func initQuantile(y, w, offset []float64, p float64) float64 {
	r, v := make([]float64, 0, len(y)), []float64(nil)
	each(y, w, offset, func(y, wi, o float64) {
		r = append(r, y-o)
		if w != nil {
			v = append(v, wi)
		}
	})
	return QuantileOf(r, v, p)
}

// QuantileOf returns the p-quantile of values, 0 <= p <= 1, interpolated between
// neighbours; 0 without values. w holds weights above 0, nil for ones: weight k
// counts as the value k times. It reorders both slices.
//
// H2O: with W the sum of weights it is at place p (W − 1) of the repeated values
// (hex.quantile.Quantile, interpolation).
func QuantileOf(values, w []float64, p float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	if w == nil {
		at := p * float64(n-1)
		lo := int(at)
		a := selectAt(values, lo)
		if lo+1 >= n {
			return a
		}
		return between(a, slices.Min(values[lo+1:]), at-float64(lo))
	}
	sortBoth(values, w)
	total := 0.0
	for _, x := range w {
		total += x
	}
	at := max(0, p*(total-1))
	lo := math.Floor(at)
	return between(ranked(values, w, lo), ranked(values, w, lo+1), at-lo)
}

// between returns a + t (b − a), without leaving [a, b].
func between(a, b, t float64) float64 {
	if a == b || t == 0 {
		return a
	}
	return a*(1-t) + b*t
}

// ranked returns the value at a place of the repeated values, the last one beyond
// their end.
func ranked(values, w []float64, place float64) float64 {
	sum := 0.0
	for i, x := range w {
		if sum += x; sum > place {
			return values[i]
		}
	}
	return values[len(values)-1]
}

// sortBoth sorts values and carries the weights along.
func sortBoth(values, w []float64) {
	type pair struct{ v, w float64 }
	pairs := make([]pair, len(values))
	for i := range pairs {
		pairs[i] = pair{values[i], w[i]}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.v, b.v) })
	for i, x := range pairs {
		values[i], w[i] = x.v, x.w
	}
}

// selectAt parts values so that place k holds what a sort would put there, with
// nothing larger before and nothing smaller behind, and returns it.
// Ref: Hoare 1961, Algorithm 65: Find; the pivot is the median of three.
func selectAt(values []float64, k int) float64 {
	for lo, hi := 0, len(values)-1; lo < hi; {
		pivot := median3(values[lo], values[lo+(hi-lo)/2], values[hi])
		i, j := lo, hi
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return values[k]
		}
	}
	return values[k]
}

func median3(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }
