package kernels

import (
	"fmt"
	"math"
	"slices"
)

// checkConstraints reports what is wrong with Monotone, Allowed, Random and Values
// for these bins.
func (c *GrowerConfig) checkConstraints(b Bins) error {
	p := b.Features()
	if c.Monotone != nil && len(c.Monotone) != p {
		return fmt.Errorf("%d monotone constraints for %d features", len(c.Monotone), p)
	}
	for f, sign := range c.Monotone {
		if sign < -1 || sign > 1 || sign != 0 && b.Levels(f) > 0 {
			return fmt.Errorf("monotone constraint %d on feature %d: want -1, 0 or 1, and 0 for a categorical", sign, f)
		}
	}
	for _, set := range c.Allowed {
		for _, f := range set {
			if f < 0 || int(f) >= p {
				return fmt.Errorf("allowed features %v: want numbers below %d", set, p)
			}
		}
	}
	if c.Random && c.Monotone != nil {
		return fmt.Errorf("random splits know no derivatives, so no monotone constraints")
	}
	if c.Values != nil && len(c.Values) != p {
		return fmt.Errorf("values of %d features for %d", len(c.Values), p)
	}
	for f, v := range c.Values {
		bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
		if v != nil && (len(v) != b.NumBins(f)-1 || !slices.IsSorted(v) || slices.ContainsFunc(v, bad)) {
			return fmt.Errorf("values of feature %d: want one for each of %d bins, ascending and finite", f, b.NumBins(f)-1)
		}
	}
	return nil
}

// reach is what a node may still use under GrowerConfig.Allowed.
type reach struct {
	sets     [][]int32 // those that hold every feature on the path, each ascending
	features []int32   // of the tree, in one of the sets; ascending
}

// newReach returns the reach of a node whose tree may use the given features.
func newReach(sets [][]int32, of []int32) *reach {
	r := &reach{sets: sets}
	for _, set := range sets {
		r.features = append(r.features, set...)
	}
	slices.Sort(r.features)
	r.features = slices.DeleteFunc(slices.Compact(r.features), func(f int32) bool {
		_, in := slices.BinarySearch(of, f)
		return !in
	})
	return r
}

// below returns the reach of the children of a split by feature f. The reach of no
// constraint is nil.
func (r *reach) below(f int32) *reach {
	if r == nil {
		return nil
	}
	var sets [][]int32
	for _, set := range r.sets {
		if _, in := slices.BinarySearch(set, f); in {
			sets = append(sets, set)
		}
	}
	if len(sets) == len(r.sets) {
		return r
	}
	return newReach(sets, r.features)
}

// value is that of a leaf with derivatives g and d = h + λ, between the bounds.
func (s *finder) value(g, d float64) float64 {
	v := 0.0
	if d > 0 {
		v = -g / d
	}
	return max(s.low, min(s.high, v))
}

// bound says whether the values below the node are bounded.
func (s *finder) bound() bool { return !math.IsInf(s.low, -1) || !math.IsInf(s.high, 1) }

// boundScore is what a leaf with that value takes off the loss, twice: g²/d where
// the bounds do not bind.
func (s *finder) boundScore(g, d float64) float64 {
	if d <= 0 {
		return 0
	}
	v := s.value(g, d)
	return -(float64(2*g*v) + float64(float64(d*v)*v))
}

// scanMonotone is scan under monotone constraints: in a node with bounds both sides
// count what leaves with values between the bounds would take off, and by a
// feature of that sign the left value must not be on the wrong side of the right
// one. Missing rows count where they go.
func (s *finder) scanMonotone(sign int8, left tally, vals []tally, bins []uint16) bool {
	at, bound := -1, s.bound()
	for i := range vals {
		left.add(&vals[i])
		if s.total.w-left.w < s.minW || left.n == s.total.n {
			break
		}
		if left.w < s.minW || left.h < s.format.minH || s.total.h-left.h < s.format.minH {
			continue
		}
		gl, gr := float64(left.g)*s.format.g, float64(s.total.g-left.g)*s.format.g
		a, z := float64(left.h)*s.format.h+s.lambda, float64(s.total.h-left.h)*s.format.h+s.lambda
		if l, r := s.value(gl, a), s.value(gr, z); sign > 0 && l > r || sign < 0 && l < r {
			continue
		}
		score := 0.0
		switch {
		case bound:
			score = s.boundScore(gl, a) + s.boundScore(gr, z)
		case a > 0 && z > 0:
			score = (float64(float64(gl*gl)*z) + float64(float64(gr*gr)*a)) / (a * z)
		default:
			score = flatScore(gl, a, gr, z)
		}
		if score > s.best.score {
			at, s.best.score, s.best.left = i, score, left
		}
	}
	if at < 0 {
		return false
	}
	s.best.at = int32(at + 1)
	if bins != nil {
		s.best.at = behind(bins, at)
	}
	return true
}

// confine gives the children of n their bounds and their reach. A split by a
// monotone feature puts a bound between the two, halfway between their values;
// any other split hands the bounds down.
// Ref: the basic method of XGBoost and LightGBM.
func (c *GrowerConfig) confine(n, l, r *growNode) {
	l.Low, l.High, r.Low, r.High = n.Low, n.High, n.Low, n.High
	l.reach = n.reach.below(n.split.Feature)
	r.reach = l.reach
	if c.Monotone == nil || c.Monotone[n.split.Feature] == 0 {
		return
	}
	s := finder{low: n.Low, high: n.High}
	mid := s.value(l.Sum.G, l.Sum.H+c.Lambda)/2 + s.value(r.Sum.G, r.Sum.H+c.Lambda)/2
	if c.Monotone[n.split.Feature] > 0 {
		l.High, r.Low = mid, mid
	} else {
		l.Low, r.High = mid, mid
	}
}
