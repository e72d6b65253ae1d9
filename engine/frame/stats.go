package frame

import (
	"math"
	"runtime"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Stats describes a column's values. Infinities take no part in anything but
// their own counts and Zeros.
type Stats struct {
	Missing int64 // rows without a value
	// Zeros counts zeros: code 0 of categories, all-zero UUIDs, never text.
	// H2O: an infinity counts as a zero (RollupStats keeps non-zero counts of finite
	// values alone).
	Zeros          int64
	PosInf, NegInf int64

	// Min, Max and the five smallest and largest values, repeats included, NaN
	// where there are fewer. Of categories the codes; NaN for text and UUIDs.
	Min, Max   float64
	Mins, Maxs [5]float64

	// Mean and Sigma (n-1 in the denominator). Of categories over the codes, NaN
	// for more than two levels. NaN for text and UUIDs.
	// H2O: without any value the mean is 0 and sigma -0, with one value sigma is 0.
	Mean, Sigma float64

	Whole     bool    // every value is a whole number; false for text and UUIDs
	Counts    []int64 // Enum: rows by level
	NumLevels int     // Enum: levels that occur
}

// Stats returns the column's statistics, computed on the first call. The caller
// must not change Counts.
func (c *Column) Stats() *Stats {
	c.once.Do(func() {
		switch {
		case c.kind == Enum:
			c.stats = c.enumStats()
		case c.kind == String || c.kind == UUID:
			c.stats = c.plainStats()
		default:
			c.stats = c.numberStats()
		}
		runtime.KeepAlive(c)
	})
	return &c.stats
}

// plainStats covers text and UUIDs: counts alone.
func (c *Column) plainStats() Stats {
	s := noStats()
	if c.valid != nil {
		s.Missing = int64(c.n) - ones(c.valid)
	}
	if v, ok := c.values.([]byte); ok && c.kind == UUID {
		for i := range c.n {
			if has(c.valid, i) && [16]byte(v[16*i:]) == [16]byte{} {
				s.Zeros++
			}
		}
	}
	return s
}

// enumStats follows from the count of each level.
func (c *Column) enumStats() Stats {
	s := noStats()
	switch v := c.values.(type) {
	case []int8:
		s.Counts = countCodes(v, len(c.domain))
	case []int16:
		s.Counts = countCodes(v, len(c.domain))
	case []int32:
		s.Counts = countCodes(v, len(c.domain))
	}
	n, lo, hi := int64(0), 0, 0
	for k, m := range s.Counts {
		if m == 0 {
			continue
		}
		n += m
		s.NumLevels++
		for ; m > 0 && lo < len(s.Mins); m-- {
			s.Mins[lo] = float64(k)
			lo++
		}
	}
	for k := len(s.Counts) - 1; k >= 0 && hi < len(s.Maxs); k-- {
		for m := s.Counts[k]; m > 0 && hi < len(s.Maxs); m-- {
			s.Maxs[hi] = float64(k)
			hi++
		}
	}
	s.Min, s.Max = s.Mins[0], s.Maxs[0]
	s.Missing = int64(c.n) - n
	s.Whole = true
	if len(s.Counts) > 0 {
		s.Zeros = s.Counts[0]
	}
	if len(c.domain) <= 2 {
		m := moments{n: n}
		if n > 0 && len(c.domain) == 2 {
			m.mean = float64(s.Counts[1]) / float64(n)
			m.m2 = float64(s.Counts[0]) * m.mean
		}
		s.Mean, s.Sigma = m.mean, m.sigma()
	}
	return s
}

// countCodes counts each level. Whole numbers add up in any order, so the number
// of parts may depend on the threads.
func countCodes[T int8 | int16 | int32](v []T, levels int) []int64 {
	size := max(par.Rows, 4*levels, (len(v)+par.Threads(0)-1)/par.Threads(0))
	total := make([]int64, levels)
	for _, part := range par.Map(0, len(v), size, func(_, lo, hi int) []int64 {
		// Why: two tables, as runs of one level would wait for their own last store.
		even, odd := make([]int64, levels+1), make([]int64, levels+1)
		i := lo
		for ; i+1 < hi; i += 2 {
			even[v[i]+1]++
			odd[v[i+1]+1]++
		}
		if i < hi {
			even[v[i]+1]++
		}
		for k, m := range odd {
			even[k] += m
		}
		return even[1:]
	}) {
		for k, m := range part {
			total[k] += m
		}
	}
	return total
}

// numberStats covers numbers, times and Bad.
func (c *Column) numberStats() Stats {
	var parts []*tally
	switch v, full := c.values, c.valid == nil; v := v.(type) {
	case []int8:
		parts = tallies(v, full, present[int8])
	case []int16:
		parts = tallies(v, full, present[int16])
	case []int32:
		parts = tallies(v, full, present[int32])
	case []int64:
		parts = tallies(v, full, present[int64])
	case []float32:
		parts = tallies(v, full, finites[float32])
	case []float64:
		parts = tallies(v, full, finites[float64])
	}
	all := newTally()
	for _, t := range parts {
		all.merge(t)
	}
	s := noStats()
	s.PosInf, s.NegInf = all.posInf, all.negInf
	s.Missing = int64(c.n) - all.n - all.posInf - all.negInf
	s.Zeros = all.zeros + all.posInf + all.negInf
	s.Mean, s.Sigma = all.mean, all.sigma()
	s.Whole = all.whole
	for i := range min(all.n, int64(len(s.Mins))) {
		s.Mins[i], s.Maxs[i] = all.mins[i], all.maxs[i]
	}
	s.Min, s.Max = s.Mins[0], s.Maxs[0]
	return s
}

// noStats returns statistics with every number unknown.
func noStats() Stats {
	nan := math.NaN()
	s := Stats{Min: nan, Max: nan, Mean: nan, Sigma: nan}
	for i := range s.Mins {
		s.Mins[i], s.Maxs[i] = nan, nan
	}
	return s
}

// moments holds the count, the mean and the sum of squared deviations from it.
type moments struct {
	n        int64
	mean, m2 float64
}

// add joins two sets of values.
// Ref: Chan, Golub and LeVeque 1979, eq. 2.1.
func (m *moments) add(o moments) {
	if o.n == 0 {
		return
	}
	n, d := float64(m.n+o.n), o.mean-m.mean
	m.mean += float64(d * float64(o.n) / n)
	m.m2 += o.m2 + float64(d*d*float64(m.n)*float64(o.n)/n)
	m.n += o.n
}

func (m *moments) sigma() float64 {
	if m.n == 1 {
		return 0
	}
	return math.Sqrt(m.m2 / float64(m.n-1))
}
