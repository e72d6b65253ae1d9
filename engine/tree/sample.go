package tree

import (
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Purposes of random draws.
const (
	drawRows = kernels.FreePurpose + iota
	drawColumns
	drawHistogram
)

// Sampling is how the rows of trees are drawn: each row by itself, without
// replacement.
type Sampling struct {
	Seed     uint64
	Rate     float64   // share of the rows, in (0, 1]
	PerClass []float64 // share by response class, instead of Rate; empty for none
}

// Whole reports whether every row is in every sample.
func (s *Sampling) Whole() bool {
	for _, r := range s.PerClass {
		if r < 1 {
			return false
		}
	}
	return len(s.PerClass) > 0 || s.Rate >= 1
}

// Rows returns one byte a row, 1 for those that tree is grown on. class gives the
// response class of a row, negative where it is missing; it is asked only where
// sampling goes by class.
func (s *Sampling) Rows(tree uint64, rows, threads int, class func(row int) int) []uint8 {
	in := make([]uint8, rows)
	s.Draw(tree, in, threads, class)
	return in
}

// Draw is Rows for a slice that is there, whatever it holds.
func (s *Sampling) Draw(tree uint64, in []uint8, threads int, class func(row int) int) {
	par.For(threads, len(in), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			rate := s.Rate
			if len(s.PerClass) > 0 {
				rate = 0
				if c := class(i); c >= 0 {
					rate = s.PerClass[c]
				}
			}
			in[i] = 0
			if share(kernels.Draw(s.Seed, tree, drawRows, uint64(i))) < rate {
				in[i] = 1
			}
		}
	})
}

// Features draws a share of n columns for a tree, at least one, in ascending
// order; nil stands for all.
func Features(seed, tree uint64, n int, rate float64) []int32 {
	k := max(1, int(rate*float64(n)+1e-9)) // of whole numbers rounding takes less
	if k >= n {
		return nil
	}
	// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): exactly k.
	out := make([]int32, 0, k)
	for i := range n {
		u := share(kernels.Draw(seed, tree, drawColumns, uint64(i)))
		if u*float64(n-i) < float64(k-len(out)) {
			out = append(out, int32(i))
		}
	}
	return out
}

// share maps 64 random bits to [0, 1).
func share(u uint64) float64 { return float64(u>>11) / (1 << 53) }
