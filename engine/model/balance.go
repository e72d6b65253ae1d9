package model

import (
	"math"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// balance is how often the rows of each class stand in balanced data, and what that
// does to the shares of the classes.
type balance struct {
	factors        []float64 // mean copies of a row, by class
	prior, sampled []float64 // shares before and after
	expected       float64   // rows of balanced data, on average
}

// checkBalancing looks at the block of a training.
// H2O: without balance_classes the other two are not used, and without classes none.
func checkBalancing(f *param.Issues, b *Balancing, d *Data) {
	switch {
	case !b.BalanceClasses:
		if len(b.SamplingFactors) > 0 {
			f.Warn("class_sampling_factors", "Class sampling factors is only applicable if balancing classes.")
		}
		if b.MaxAfterBalance != 5 && b.MaxAfterBalance != 0 { // 0: of an algorithm without the block
			f.Warn("max_after_balance_size", "Only used with balanced classes")
		}
		return
	case d.Response != nil && d.Domain == nil:
		f.Warn("balance_classes", "Balance classes is only applicable to classification problems.")
		return
	case d.Weights != nil:
		f.Fail("balance_classes", "Balance classes and observation weights are not currently supported together.")
	}
	if !(b.MaxAfterBalance > 0) || math.IsInf(b.MaxAfterBalance, 1) {
		f.Fail("max_after_balance_size", "Max size after balancing needs to be positive, suggest 1.0f")
	}
	if n := len(b.SamplingFactors); n > 0 && n != len(d.Domain) {
		f.Fail("class_sampling_factors", "class_sampling_factors must have %d elements", len(d.Domain))
	}
	for i, v := range b.SamplingFactors {
		if !(v > 0) || math.IsInf(v, 1) {
			f.Fail("class_sampling_factors", "class_sampling_factors must be finite and larger than 0; that of class %d is %g", i, v)
		}
	}
	if f.Fatal() || d.Response == nil {
		return
	}
	if x := balanceOf(b, d); x != nil && x.expected > math.MaxInt32 {
		f.Fail("max_after_balance_size", "balancing would make about %.3g rows of %d; make max_after_balance_size smaller", x.expected, d.Rows)
	}
}

// balanceOf returns how data are to be balanced, nil for not at all. Without factors
// the classes become as frequent as the most frequent one.
// H2O: MRUtils.sampleFrameStratified.
func balanceOf(b *Balancing, d *Data) *balance {
	if !b.BalanceClasses || d.Domain == nil {
		return nil
	}
	counts, most := make([]float64, len(d.Domain)), 0.0
	for k, n := range d.Response.Stats().Counts {
		counts[k] = float64(n)
		most = max(most, counts[k])
	}
	x := &balance{factors: make([]float64, len(counts)), prior: shares(counts)}
	for k, n := range counts {
		if len(b.SamplingFactors) > 0 {
			x.factors[k] = b.SamplingFactors[k]
		} else if n > 0 {
			x.factors[k] = most / n
		}
		x.expected += x.factors[k] * n
	}
	if limit := b.MaxAfterBalance * float64(d.Rows); x.expected > limit {
		for k := range x.factors {
			x.factors[k] *= limit / x.expected
		}
		x.expected = limit
	}
	return x
}

// shares divides counts by their sum.
func shares(counts []float64) []float64 {
	sum, out := 0.0, make([]float64, len(counts))
	for _, n := range counts {
		sum += n
	}
	for k, n := range counts {
		out[k] = n / sum
	}
	return out
}

// purposeBalance keys the draws of copies, apart from those of algorithms.
const purposeBalance kernels.Purpose = 1<<32 + 1

// rows draws the rows of balanced data, ascending: each has the whole part of its
// class's factor in copies, and one more with the probability of the rest. It notes
// the shares of the classes that come out. A class that the draw would leave without
// any row keeps its first.
func (x *balance) rows(d *Data, seed uint64) []int {
	counts := make([]float64, len(x.factors))
	var out []int
	take := func(draw func(k, i int) int) {
		for i := range d.Rows {
			if k := d.Response.Code(i); k >= 0 {
				for range draw(k, i) {
					out = append(out, i)
					counts[k]++
				}
			}
		}
	}
	take(func(k, i int) int {
		whole, rest := math.Modf(x.factors[k])
		copies := int(whole)
		if float64(kernels.Draw(seed, 0, purposeBalance, uint64(i))>>11)/(1<<53) < rest {
			copies++
		}
		return copies
	})
	missing := false
	for k, n := range counts {
		missing = missing || n == 0 && x.prior[k] > 0
	}
	if missing {
		take(func(k, _ int) int {
			if counts[k] == 0 {
				return 1
			}
			return 0
		})
	}
	x.sampled = shares(counts)
	return out
}

// balanced returns the resampled data.
func (x *balance) balanced(d *Data, seed uint64) *Data {
	out := d.gather(x.rows(d, seed))
	out.balance = x
	return out
}

// Correct turns the probabilities of Model.Score into those of the data before
// balancing, in place. Without balancing it changes nothing.
func (i *Info) Correct(raw [][]float64) { correct(i.Prior, i.Sampled, raw) }

// correct is Correct.
// H2O: GenModel.correctProbabilities.
func correct(prior, sampled []float64, raw [][]float64) {
	if prior == nil {
		return
	}
	for i := range raw[0] {
		sum := 0.0
		for k, p := range raw {
			if prior[k] > 0 && sampled[k] > 0 {
				p[i] *= prior[k] / sampled[k]
			}
			sum += p[i]
		}
		if sum > 0 {
			for _, p := range raw {
				p[i] /= sum
			}
		}
	}
}
