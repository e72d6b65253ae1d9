package kernels

import "math"

// candidate is the best split of a node that has been seen so far. at counts the
// bins, or the levels in order, that go left.
type candidate struct {
	score       float64 // GL²/(HL+λ) + GR²/(HR+λ)
	feature, at int32   // feature is -1 as long as there is none
	missingLeft bool
	left        tally
}

// finder looks for the best split of one node. The rules, the same on every tier:
//
//   - Features are tried in ascending order; in each, first with missing rows on
//     the left, then, if the node has missing rows, with them on the right; in
//     each, places from the lowest. A later candidate must be strictly better.
//   - A place behind a bin without rows is no candidate.
//   - Both sides need rows, and weight minW.
//   - Sums are integers, and become float64 once, times the unit; then
//     (gl·gl·z + gr·gr·a) / (a·z) with a = hl+λ and z = hr+λ, products from the
//     left. Where a or z is not positive its side counts 0.
//   - Levels of a categorical that have rows are ordered by G/H, computed in
//     float64 (0 where H is 0) and rounded to float32, then by bin.
type finder struct {
	format *format
	lambda float64
	minW   int64
	total  tally
	best   candidate

	keys, tmp []uint64 // scratch: levels in order
	sorted    []tally
}

// threshold returns the score of the node as it is, and what a split must exceed.
// The floor keeps a split from living on rounding alone: of doubles (2⁻⁴⁶ of the
// score), and of derivatives (64 squared units of g a row, beyond the gain that
// the best order of hundreds of levels finds in random rounding).
func (s *finder) threshold(minGain float64) (own, need float64) {
	g, h := float64(s.total.g)*s.format.g, float64(s.total.h)*s.format.h
	noise := 0.0
	if d := h + s.lambda; d > 0 {
		own = g * g / d
		noise = 64 * s.format.g * s.format.g * float64(s.total.n) / d
	}
	return own, own + max(minGain, own*0x1p-46, noise)
}

// begin starts the search of a node.
func (s *finder) begin(f *format, total tally, need float64) {
	s.format, s.total = f, total
	s.best = candidate{score: need, feature: -1}
}

// feature tries all splits of one feature, whose bins hold t.
func (s *finder) feature(f int32, t []tally, levels bool) {
	vals := t[1:]
	if levels {
		vals = s.order(t)
	}
	if s.scan(t[0], vals) {
		s.best.feature, s.best.missingLeft = f, true
		if t[0].n == 0 {
			s.best.missingLeft = 2*s.best.left.w >= s.total.w
		}
	}
	if t[0].n > 0 && s.scan(tally{}, vals) {
		s.best.feature, s.best.missingLeft = f, false
	}
}

// order returns the bins with rows, missing left out, in the order of G/H. The
// low 16 bits of keys are their bins.
func (s *finder) order(t []tally) []tally {
	s.keys = s.keys[:0]
	for b := 1; b < len(t); b++ {
		if t[b].n == 0 {
			continue
		}
		r := 0.0
		if t[b].h != 0 {
			r = (float64(t[b].g) * s.format.g) / (float64(t[b].h) * s.format.h)
		}
		s.keys = append(s.keys, uint64(order32(float32(r)+0))<<16|uint64(b))
	}
	if len(s.keys) <= 24 {
		insertionSort(s.keys)
	} else {
		if cap(s.tmp) < len(s.keys) {
			s.tmp = make([]uint64, cap(s.keys))
		}
		sorted := radixSort(s.keys, s.tmp[:len(s.keys)], 16, 48)
		if &sorted[0] != &s.keys[0] {
			s.keys, s.tmp = sorted, s.keys
		}
	}
	s.sorted = s.sorted[:0]
	for _, k := range s.keys {
		s.sorted = append(s.sorted, t[uint16(k)])
	}
	return s.sorted
}

func insertionSort(keys []uint64) {
	for i := 1; i < len(keys); i++ {
		k, j := keys[i], i
		for ; j > 0 && keys[j-1] > k; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
	}
}

// scan tries to send left to the left side together with more and more of vals,
// and says whether it found a better split.
func (s *finder) scan(left tally, vals []tally) bool {
	var (
		unitG, unitH, lambda = s.format.g, s.format.h, s.lambda
		total, minW          = s.total, s.minW
		top                  = s.best.score
		found                = false
	)
	for i := range vals {
		v := &vals[i]
		if v.n == 0 {
			continue
		}
		left.add(v)
		rightW := total.w - left.w
		if rightW < minW || left.n == total.n {
			break
		}
		if left.w < minW {
			continue
		}
		gl, gr := float64(left.g)*unitG, float64(total.g-left.g)*unitG
		a, z := float64(left.h)*unitH+lambda, float64(total.h-left.h)*unitH+lambda
		score := float64(float64(gl*gl)*z) + float64(float64(gr*gr)*a)
		if a > 0 && z > 0 {
			score /= a * z
		} else {
			score = flatScore(gl, a, gr, z)
		}
		if score > top {
			top, found = score, true
			s.best.score, s.best.at, s.best.left = score, int32(i+1), left
		}
	}
	return found
}

// flatScore is the score when a side has no curvature.
func flatScore(gl, a, gr, z float64) float64 {
	switch {
	case a > 0:
		return gl * gl / a
	case z > 0:
		return gr * gr / z
	}
	return 0
}

// split turns the best candidate into a Split; t holds the bins of its feature.
// Bins without rows in the node go where missing goes.
func (s *finder) split(node int32, own float64, t []tally, levels bool) Split {
	right := s.total
	right.sub(&s.best.left)
	out := Split{
		Node: node, Feature: s.best.feature, MissingLeft: s.best.missingLeft, Gain: s.best.score - own,
		Left: s.format.sum(s.best.left), Right: s.format.sum(right),
	}
	if !levels {
		out.Bin = int(s.best.at)
		return out
	}
	out.Set = make([]uint64, (len(t)+63)/64)
	s.order(t)
	for _, k := range s.keys[:s.best.at] {
		b := uint16(k)
		out.Set[b/64] |= 1 << (b % 64)
	}
	if out.MissingLeft {
		for b := 1; b < len(t); b++ {
			if t[b].n == 0 {
				out.Set[b/64] |= 1 << (b % 64)
			}
		}
	}
	return out
}

// table writes, for each bin, 1 when it goes left and 0 otherwise.
func (s *Split) table(bins []uint8) {
	for b := range bins {
		left := b <= s.Bin
		if s.Set != nil {
			left = s.Set[b/64]>>(b%64)&1 != 0
		}
		bins[b] = 0
		if left {
			bins[b] = 1
		}
	}
	bins[0] = 0
	if s.MissingLeft {
		bins[0] = 1
	}
}

// Threshold returns the number t such that v <= t means that v is in bins 1…bin
// of feature f: +Inf for the last bin, where all values go left and missing ones
// right.
func Threshold(b Bins, f, bin int) float64 {
	if cuts := b.Cuts(f); bin <= len(cuts) {
		return cuts[bin-1]
	}
	return math.Inf(1)
}
