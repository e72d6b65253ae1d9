package frame

import (
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

// blockRows is the size of a block of values, which stays in the first-level cache
// while it is gone through more than once.
const blockRows = 2048

// tally gathers the statistics of numbers, block by block.
type tally struct {
	moments
	zeros, posInf, negInf int64
	whole                 bool
	mins, maxs            [5]float64 // sorted; infinite where there are fewer values
	buf                   [blockRows]float64
}

func newTally() *tally {
	t := &tally{whole: true}
	for i := range t.mins {
		t.mins[i], t.maxs[i] = math.Inf(1), math.Inf(-1)
	}
	return t
}

// tallies adds up each chunk of v; unpack leaves out what is missing, full
// says that nothing is. Why: long chunks, as each looks for its extremes anew.
func tallies[T Fixed](v []T, full bool, unpack func(t *tally, v []T) []float64) []*tally {
	return par.Map(0, len(v), 4*par.Rows, func(_, lo, hi int) *tally {
		t := newTally()
		for ; lo < hi; lo += blockRows {
			if b := v[lo:min(lo+blockRows, hi)]; !full || !addBlock(t, b) {
				addBlock(t, unpack(t, b))
			}
		}
		return t
	})
}

// present returns the integers that are not missing. The conditional increment
// compiles to a conditional move, so that it does not matter where they are.
func present[T int8 | int16 | int32 | int64](t *tally, v []T) []float64 {
	k, low := 0, sentinel[T]()
	for _, x := range v {
		t.buf[k&(blockRows-1)] = float64(x)
		if x != low {
			k++
		}
	}
	return t.buf[:k]
}

// finites returns the finite floats and counts the infinite ones.
func finites[T float32 | float64](t *tally, v []T) []float64 {
	k := 0
	for _, x := range v {
		y := float64(x)
		t.buf[k&(blockRows-1)] = y
		switch {
		case y-y == 0:
			k++
		case y > 0:
			t.posInf++
		case y < 0:
			t.negInf++
		}
	}
	return t.buf[:k]
}

// addBlock adds a block of finite values; where one is not, it adds none and
// returns false.
//
// Deviations are taken from the mean of the blocks before, for the first from its
// own: what that loses by cancellation is small beside the deviation between the
// blocks, which counts as well. Two running sums hide the latency of additions;
// their order is fixed, and the conversions keep compilers from fusing products
// into sums on some machines only.
func addBlock[T Fixed](t *tally, v []T) bool {
	if len(v) == 0 {
		return true
	}
	centre := t.mean
	if t.n == 0 {
		for _, x := range v {
			centre += float64(x) / float64(len(v))
		}
	}
	var s0, s1, q0, q1 float64
	lo := float64(v[0])
	hi := lo
	even := len(v) &^ 1
	for i := 0; i < even; i += 2 {
		a, b := float64(v[i]), float64(v[i+1])
		if a < lo {
			lo = a
		}
		if a > hi {
			hi = a
		}
		if b < lo {
			lo = b
		}
		if b > hi {
			hi = b
		}
		a, b = a-centre, b-centre
		s0, s1 = s0+a, s1+b
		q0, q1 = q0+float64(a*a), q1+float64(b*b)
	}
	if even < len(v) {
		x := float64(v[even])
		lo, hi = min(lo, x), max(hi, x)
		s0, q0 = s0+(x-centre), q0+float64((x-centre)*(x-centre))
	}
	n, sum := float64(len(v)), s0+s1
	if sum-sum != 0 && !finite(v) {
		return false
	}
	m := moments{n: int64(len(v)), mean: lo} // of a constant, exactly
	if lo < hi {
		m.mean = centre + sum/n
		m.m2 = max(q0+q1-float64(sum*(sum/n)), 0)
	}
	t.add(m)
	extend(t, v, lo, hi)
	if lo <= 0 && hi >= 0 {
		t.zeros += zeros(v)
	}
	t.whole = t.whole && whole(v)
	return true
}

// finite reports whether there is neither NaN nor infinity in v.
func finite[T Fixed](v []T) bool {
	var a, b T // zero times anything else is not zero
	for ; len(v) >= 2; v = v[2:] {
		a, b = a+v[0]*0, b+v[1]*0
	}
	for _, x := range v {
		a += x * 0
	}
	return a+b == 0
}

func zeros[T Fixed](v []T) int64 {
	n := int64(0)
	for _, x := range v {
		if math.Float64bits(float64(x))<<1 == 0 { // Why: no jump, unlike x == 0
			n++
		}
	}
	return n
}

// whole reports whether all values are whole numbers.
func whole[T Fixed](v []T) bool {
	if T(1)/2 == 0 {
		return true // an integer type
	}
	for _, x := range v {
		if y := float64(x); y != float64(int64(y)) && y != math.Trunc(y) {
			return false
		}
	}
	return true
}

// extend updates the five smallest and largest by a block between lo and hi.
// Sorted blocks are walked from the end where the extremes are.
func extend[T Fixed](t *tally, v []T, lo, hi float64) {
	const last = len(t.mins) - 1
	if lo < t.mins[last] {
		walk(v, v[len(v)-1] < v[0], func(x float64) {
			if x < t.mins[last] {
				i := last
				for ; i > 0 && x < t.mins[i-1]; i-- {
					t.mins[i] = t.mins[i-1]
				}
				t.mins[i] = x
			}
		})
	}
	if hi > t.maxs[last] {
		walk(v, v[len(v)-1] > v[0], func(x float64) {
			if x > t.maxs[last] {
				i := last
				for ; i > 0 && x > t.maxs[i-1]; i-- {
					t.maxs[i] = t.maxs[i-1]
				}
				t.maxs[i] = x
			}
		})
	}
}

func walk[T Fixed](v []T, backwards bool, visit func(x float64)) {
	for i := range v {
		if backwards {
			i = len(v) - 1 - i
		}
		visit(float64(v[i]))
	}
}

// merge adds the tally of later rows.
func (t *tally) merge(o *tally) {
	t.add(o.moments)
	t.zeros += o.zeros
	t.posInf += o.posInf
	t.negInf += o.negInf
	t.whole = t.whole && o.whole
	if o.n > 0 {
		extend(t, o.mins[:], o.mins[0], math.Inf(-1))
		extend(t, o.maxs[:], math.Inf(1), o.maxs[0])
	}
}
