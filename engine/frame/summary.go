package frame

import (
	"math"
	"runtime"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Probabilities are those of a Summary's percentiles.
var Probabilities = [17]float64{0.001, 0.01, 0.1, 0.2, 0.25, 0.3, 1.0 / 3, 0.4, 0.5, 0.6, 2.0 / 3, 0.7, 0.75, 0.8, 0.9, 0.99, 0.999}

// Summary is a histogram of equal bins, the first of which starts at Base, and
// the percentiles read off it.
type Summary struct {
	Base, Stride float64
	Bins         []int64
	Percentiles  [len(Probabilities)]float64
}

const (
	numberBins = 1000     // most bins of numbers
	levelBins  = 10000000 // most bins of categories
)

// Summary returns the histogram of the finite values of a column. Whole numbers get
// a bin each while they span fewer than 1000. Text, UUIDs and columns without a
// value have no bins, and a Base, Stride and percentiles of NaN.
//
// H2O: RollupStats.computeHisto. Percentiles come from the bins and are within one
// Stride of type 7; a constant column has one bin and no percentiles.
func (c *Column) Summary() Summary {
	st := c.Stats()
	s := Summary{Base: st.Min, Bins: []int64{}}
	for i := range s.Percentiles {
		s.Percentiles[i] = math.NaN()
	}
	if st.Min != st.Min {
		s.Stride = math.NaN()
		return s
	}
	n, span := int64(c.n)-st.Missing-st.PosInf-st.NegInf, st.Max-st.Min
	extra := 0.0
	if st.Whole {
		extra = 1
	}
	bins := numberBins
	if span == 0 {
		s.Bins, s.Stride = []int64{n}, extra
		return s
	}
	if st.Whole && span < math.MaxInt32 {
		most := numberBins
		if c.kind == Enum {
			most = levelBins
		}
		bins = min(int(span)+1, most)
	}
	s.Stride = (span + extra) / float64(bins)
	if c.kind == Enum && bins == int(span)+1 {
		s.Bins = append(s.Bins, st.Counts[int(st.Min):int(st.Max)+1]...)
	} else {
		s.Bins = c.histogram(s.Base, s.Stride, bins)
	}
	s.percentiles(n)
	return s
}

// histogram counts finite values by bin; the last bin takes what rounding pushes
// beyond it.
func (c *Column) histogram(base, stride float64, bins int) []int64 {
	total := make([]int64, bins)
	size := max(par.Rows, 4*bins)
	for _, part := range par.Map(0, c.n, size, func(_, lo, hi int) []int64 {
		out := make([]int64, bins)
		var buf [blockRows]float64
		for ; lo < hi; lo += blockRows {
			for _, x := range c.Floats(lo, min(lo+blockRows, hi), buf[:0]) {
				if x-x == 0 {
					out[min(int((x-base)/stride), bins-1)]++
				}
			}
		}
		return out
	}) {
		for k, m := range part {
			total[k] += m
		}
	}
	runtime.KeepAlive(c)
	return total
}

// percentiles reads the quantiles of n values off the bins: the start of the bin
// that holds the value of the wanted rank, or between two bins a point between
// their starts.
func (s *Summary) percentiles(n int64) {
	bin, next, seen := -1, 0, int64(0)
	for i, p := range Probabilities {
		rank := 1 + p*float64(n-1) // type 7, counted from 1
		k := int64(rank)
		for seen < k {
			bin++
			seen += s.Bins[bin]
		}
		s.Percentiles[i] = s.Base + s.Stride*float64(bin)
		if h := rank - float64(k); h > 0 && seen == k {
			for next = max(next, bin+1); s.Bins[next] == 0; {
				next++
			}
			s.Percentiles[i] += h * s.Stride * float64(next-bin)
		}
	}
}
