package kernels

import (
	"math"
	"slices"
)

// candidate is the best split of a node that has been seen so far. at is the last
// bin that goes left, or how many bins of won do.
type candidate struct {
	score       float64 // GL²/(HL+λ) + GR²/(HR+λ)
	feature, at int32   // feature is -1 as long as there is none
	missingLeft bool
	left        tally
	won         []uint16 // of levels: their bins in order
}

// finder looks for the best split of one node. The rules, the same on every tier:
//
//   - Features are tried in ascending order; in each, first with missing rows on
//     the left, then, if the node has missing rows, with them on the right; in
//     each, places from the lowest. A later candidate must be strictly better.
//   - A place behind a bin without rows is no candidate.
//   - Both sides need rows, weight minW and h minH.
//   - Sums are integers, and become float64 once, times the unit; then
//     (gl·gl·z + gr·gr·a) / (a·z) with a = hl+λ and z = hr+λ, products from the
//     left. Where a or z is not positive its side counts 0.
//   - Levels of a categorical that have rows are ordered by G/H, computed in
//     float64 (0 where H is 0) and rounded to float32, then by bin; those that
//     are mostly noise stand as one (rare.go), behind levels of the same G/H.
type finder struct {
	format *format
	lambda float64
	minW   int64
	total  tally
	best   candidate

	monotone  []int8  // by feature; nil for no constraint
	low, high float64 // bounds of the node's values

	// The feature that is tried: the bins with rows, ascending, and their sums.
	missing tally
	bins    []uint16
	vals    []tally
	room    []uint16 // where bins are

	noise  noise     // of the node's rows
	ratios []float64 // G/H by level
	rare   []uint16  // places in vals of the levels that are pooled

	keys, tmp []uint64 // scratch: places in vals, in the order of G/H
	sorted    []tally
	won       []uint16 // where best.won is
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
		if s.bound() {
			own = s.boundScore(g, d)
		}
		noise = 64 * s.format.g * s.format.g * float64(s.total.n) / d
	}
	return own, own + max(minGain, math.Abs(own)*0x1p-46, noise)
}

// begin starts the search of a node.
func (s *finder) begin(f *format, n *growNode) {
	s.format, s.total, s.low, s.high, s.noise = f, n.sum, n.Low, n.High, n.noise
	s.best = candidate{feature: -1}
}

// load makes t the feature that is tried.
func (s *finder) load(t []tally) {
	s.missing, s.room, s.vals = t[0], s.room[:0], s.vals[:0]
	for b := 1; b < len(t); b++ {
		if t[b].n != 0 {
			s.room, s.vals = append(s.room, uint16(b)), append(s.vals, t[b])
		}
	}
	s.bins = s.room
}

// loadCells is load from cells: those of so many bins from place at on.
//
// Why two loops: in small nodes a branch on whether a bin has rows is guessed
// wrong too often.
func (s *finder) loadCells(c *cells, at, width int) {
	s.room, s.vals = slices.Grow(s.room[:0], width), slices.Grow(s.vals[:0], width)
	first, bins, n := c[0][at:][:width], s.room[:width], 0
	for b, v := range first {
		if uint(n) >= uint(len(bins)) {
			break // never
		}
		bins[n] = uint16(b)
		n += int(uint64(v|-v) >> 63)
	}
	s.missing, s.bins = tally{}, bins[:n]
	if n > 0 && bins[0] == 0 {
		s.missing, s.bins = c.tally(s.format, at), bins[1:n]
	}
	s.vals = s.vals[:len(s.bins)]
	if s.format.narrow {
		for i, b := range s.bins {
			a := first[b]
			n := a & countMask
			s.vals[i] = tally{g: a >> gShift, h: a >> countBits & hMask, w: n, n: n}
		}
		return
	}
	for i, b := range s.bins {
		s.vals[i] = c.tally(s.format, at+int(b))
	}
}

// try tries all splits of the feature that is loaded.
func (s *finder) try(f int32, levels bool) {
	vals, bins := s.vals, s.bins
	if levels {
		vals, bins = s.order(), nil
	}
	left := s.scanOf(f, s.missing, vals, bins)
	if left {
		s.best.feature, s.best.missingLeft = f, true
		if s.missing.n == 0 {
			s.best.missingLeft = 2*s.best.left.w >= s.total.w
		}
	}
	right := s.missing.n > 0 && s.scanOf(f, tally{}, vals, bins)
	if right {
		s.best.feature, s.best.missingLeft = f, false
	}
	if levels && (left || right) {
		s.keep()
	}
}

// scanOf is scan by the feature, under the constraints there are.
func (s *finder) scanOf(f int32, left tally, vals []tally, bins []uint16) bool {
	if s.monotone == nil {
		return s.scan(left, vals, bins)
	}
	return s.scanMonotone(s.monotone[f], left, vals, bins)
}

// pooled stands in keys for the levels that are pooled.
const pooled = math.MaxUint16

// order returns the sums in the order of G/H, those of rare levels as one. The low
// 16 bits of keys are their places.
func (s *finder) order() []tally {
	s.keys, s.rare, s.ratios = s.keys[:0], s.rare[:0], s.ratios[:0]
	for i := range s.vals {
		s.ratios = append(s.ratios, s.ratio(&s.vals[i]))
	}
	limit := s.limit()
	var pool tally
	for i := range s.vals {
		if float64(s.vals[i].h)*s.format.h < limit {
			pool.add(&s.vals[i])
			s.rare = append(s.rare, uint16(i))
			continue
		}
		s.keys = append(s.keys, uint64(order32(float32(s.ratios[i])+0))<<16|uint64(i))
	}
	if len(s.rare) > 0 {
		s.keys = append(s.keys, uint64(order32(float32(s.ratio(&pool))+0))<<16|pooled)
	}
	if n := len(s.keys); n <= 24 {
		insertionSort(s.keys)
	} else {
		s.tmp = slices.Grow(s.tmp[:0], n)[:n]
		if sorted := radixSort(s.keys, s.tmp, 16, 48); &sorted[0] != &s.keys[0] {
			s.keys, s.tmp = sorted, s.keys
		}
	}
	s.sorted = s.sorted[:0]
	for _, k := range s.keys {
		if uint16(k) == pooled {
			s.sorted = append(s.sorted, pool)
		} else {
			s.sorted = append(s.sorted, s.vals[uint16(k)])
		}
	}
	return s.sorted
}

// ratio returns G/H, 0 where H is 0.
func (s *finder) ratio(t *tally) float64 {
	if t.h == 0 {
		return 0
	}
	return (float64(t.g) * s.format.g) / (float64(t.h) * s.format.h)
}

// keep takes note of the order for split, in which so many levels, pooled ones as
// one, become so many bins.
func (s *finder) keep() {
	levels := int(s.best.at)
	s.won = s.won[:0]
	for i, k := range s.keys {
		if uint16(k) == pooled {
			for _, i := range s.rare {
				s.won = append(s.won, s.bins[i])
			}
		} else {
			s.won = append(s.won, s.bins[uint16(k)])
		}
		if i+1 == levels {
			s.best.at = int32(len(s.won))
		}
	}
	s.best.won = s.won
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
// and says whether it found a better split. A place is named by its bin, or by its
// number where bins is nil.
func (s *finder) scan(left tally, vals []tally, bins []uint16) bool {
	var (
		unitG, unitH, lambda = s.format.g, s.format.h, s.lambda
		total, minW, minH    = s.total, s.minW, s.format.minH
		top                  = s.best.score
		at                   = -1
	)
	for i := range vals {
		left.add(&vals[i])
		if total.w-left.w < minW || left.n == total.n {
			break
		}
		if left.w < minW || left.h < minH || total.h-left.h < minH {
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
			top, at, s.best.left = score, i, left
		}
	}
	if at < 0 {
		return false
	}
	s.best.score, s.best.at = top, int32(at+1)
	if bins != nil {
		s.best.at = behind(bins, at)
	}
	return true
}

// behind returns the last bin that goes left of a cut behind bins[at]: half way to
// the next one with rows.
// Why: rows that fall between the two belong to neither side more than to the other;
// in deep trees, where most bins are empty, a cut close to one costs much.
func behind(bins []uint16, at int) int32 {
	if at+1 == len(bins) {
		return int32(bins[at])
	}
	return (int32(bins[at]) + int32(bins[at+1]) - 1) / 2
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

// split turns the best candidate into a Split of a feature of so many bins. Bins
// without rows in the node go where missing goes.
func (s *finder) split(node int32, own float64, bins int, levels bool) Split {
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
	out.Set = make([]uint64, (bins+63)/64)
	if !out.MissingLeft {
		for _, b := range s.best.won[:s.best.at] {
			out.Set[b/64] |= 1 << (b % 64)
		}
		return out
	}
	for b := 1; b < bins; b++ {
		out.Set[b/64] |= 1 << (b % 64)
	}
	for _, b := range s.best.won[s.best.at:] {
		out.Set[b/64] &^= 1 << (b % 64)
	}
	return out
}

// table writes, for each bin, 1 when it goes left and 0 otherwise.
func (s *Split) table(bins []uint8) {
	if s.Set == nil {
		clear(bins)
		for b := range bins[:min(len(bins), s.Bin+1)] {
			bins[b] = 1
		}
	} else {
		for b := range bins {
			bins[b] = uint8(s.Set[b/64] >> (b % 64) & 1)
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
