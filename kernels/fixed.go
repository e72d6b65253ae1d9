package kernels

import (
	"errors"
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

// tally is an exact sum over rows: derivatives and weights in the units of the
// tree's format, and the number of rows.
type tally struct{ g, h, w, n int64 }

func (t *tally) add(o *tally) { t.g += o.g; t.h += o.h; t.w += o.w; t.n += o.n }
func (t *tally) sub(o *tally) { t.g -= o.g; t.h -= o.h; t.w -= o.w; t.n -= o.n }

// format says how the rows of one tree became integers, and how a few rows are
// summed in 64-bit cells, which differ only in cost from sums of tallies:
//
//	lanes  cell 0                   cell 1   cell 2   used for
//	1      g:26 | h:24 | count:14                     narrow
//	1      g:50        | count:14                     wide, the same h in all rows
//	2      g:50        | count:14   h                 wide
//	3      g:50        | count:14   h        w        wide with weights
//
// A cell is one addition a row. Up to cellRows rows cannot overflow a field.
type format struct {
	narrow  bool
	lanes   int
	sameH   int64   // h of every row, when it has no lane
	g, h, w float64 // value of one unit
	minH    int64   // least h of a child
}

const (
	narrowRows = 65536 // the narrow format needs more rows than this
	narrowG    = 4095  // units of g = 1
	narrowH    = 8188  // units of h = 1: 2047 for the largest, 1/4
	wideBits   = 30    // bits of the largest magnitude in the wide format

	cellRows  = 8192
	countBits = 14
	countMask = 1<<countBits - 1
	hMask     = 1<<24 - 1
	gShift    = countBits + 24
)

// unpack returns the sums that cells hold; b and c are 0 where there is no lane.
func (f *format) unpack(a, b, c int64) tally {
	n := a & countMask
	t := tally{g: a >> countBits, h: n * f.sameH, w: n, n: n}
	switch {
	case f.narrow:
		t.g, t.h = a>>gShift, a>>countBits&hMask
	case f.lanes > 1:
		t.h = b
		if f.lanes > 2 {
			t.w = c
		}
	}
	return t
}

// sum gives a tally its values.
func (f *format) sum(t tally) Sum {
	return Sum{G: float64(t.g) * f.g, H: float64(t.h) * f.h, W: float64(t.w) * f.w, N: t.n}
}

// rowSet is a run of rows with their integers, which move together:
//
//	a  narrow: g:16 | h:16 | row:32      wide: g:32 | row:32
//	b  wide, more than one lane: h:32 | w:32
type rowSet struct{ a, b []uint64 }

func (s rowSet) slice(lo, hi int) rowSet {
	if s.b == nil {
		return rowSet{a: s.a[lo:hi]}
	}
	return rowSet{a: s.a[lo:hi], b: s.b[lo:hi]}
}

// lanes writes the values that rows add to their cells.
func (s rowSet) lanes(f *format, v *[3][blockRows]int64) {
	v0 := v[0][:len(s.a)]
	if f.narrow {
		for i, a := range s.a {
			v0[i] = int64(a)>>48<<gShift + int64(a>>32&0xFFFF)<<countBits + 1
		}
		return
	}
	for i, a := range s.a {
		v0[i] = int64(a)>>32<<countBits + 1
	}
	if f.lanes > 1 {
		v1, v2 := v[1][:len(s.b)], v[2][:len(s.b)]
		for i, b := range s.b {
			v1[i], v2[i] = int64(b)>>32, int64(b&math.MaxUint32)
		}
	}
}

// unit returns the power of two that maps largest to at most 2^30.
func unit(largest float64) float64 {
	if largest == 0 {
		return 1
	}
	frac, e := math.Frexp(largest)
	if frac == 0.5 {
		e-- // a power of two itself
	}
	return math.Ldexp(1, e-wideBits)
}

// nearest rounds to the nearest whole number, ties to even.
func nearest(v float64) int64 {
	const shift = 0x1.8p52
	return int64(float64(v+shift) - shift)
}

// What Begin says of derivatives that it cannot take.
var (
	errNotFinite   = errors.New("derivatives are not finite")
	errOutOfBounds = errors.New("derivatives are out of the bounds |g| <= 1, 0 <= h <= 1/4")
)

// spread is what the wide format has to know of the rows in the sample.
type spread struct {
	rows             int
	maxG, maxH, minH float64
	bad              bool // a derivative is not finite
}

// quantise makes the rows of the sample into integers: all of the tree's
// arithmetic on sums is exact from here on.
type quantise struct {
	format
	derG, derH []float32
	weight     []float32 // nil for ones
	sample     []uint8   // nil for all
	key        uint32    // of the rounding draws
}

// in says whether a row is in the sample; rows of weight 0 never are.
func (q *quantise) in(row int) bool {
	return (q.sample == nil || q.sample[row] != 0) && (q.weight == nil || q.weight[row] != 0)
}

func (q *quantise) whole() bool { return q.sample == nil && q.weight == nil }

// run fills out in row order and returns the number of rows and their sum.
func (q *quantise) run(loops loops, threads int, weightUnit float64, out *rowSet) (int, tally, error) {
	rows := len(q.derG)
	var at []int // first place of each chunk in out
	all := spread{minH: math.Inf(1)}
	if !q.narrow || !q.whole() {
		for _, s := range par.Map(threads, rows, itemRows, func(_, lo, hi int) spread { return loops.measure(q, lo, hi) }) {
			at = append(at, all.rows)
			all.rows += s.rows
			all.maxG, all.maxH = max(all.maxG, s.maxG), max(all.maxH, s.maxH)
			all.minH = min(all.minH, s.minH)
			all.bad = all.bad || s.bad
		}
	} else {
		all.rows = rows
		for lo := 0; lo < rows; lo += itemRows {
			at = append(at, lo)
		}
	}
	if all.bad {
		return 0, tally{}, errNotFinite
	}
	if !q.narrow {
		q.choose(all, weightUnit)
	}
	if q.lanes > 1 && out.b == nil {
		out.b = Alloc[uint64](len(out.a))
	}
	type part struct {
		tally
		bad bool
	}
	var total tally
	for _, p := range par.Map(threads, rows, itemRows, func(c, lo, hi int) (p part) {
		p.tally, p.bad = loops.fill(q, *out, at[c], lo, hi)
		return p
	}) {
		if p.bad {
			return 0, tally{}, errOutOfBounds
		}
		total.add(&p.tally)
	}
	return all.rows, total, nil
}

// choose sets the wide format for derivatives of that spread.
func (q *quantise) choose(s spread, weightUnit float64) {
	q.g = unit(s.maxG)
	q.h = unit(s.maxH)
	q.lanes, q.w = 2, 1
	switch {
	case q.weight != nil:
		q.lanes, q.w = 3, weightUnit
	case s.rows == 0 || s.minH == s.maxH:
		q.lanes, q.sameH = 1, nearest(s.maxH/q.h)
	}
}

func (q *quantise) measure(lo, hi int) spread {
	s := spread{minH: math.Inf(1)}
	for r := lo; r < hi; r++ {
		if !q.in(r) {
			continue
		}
		s.rows++
		g, h := float64(q.derG[r]), float64(q.derH[r])
		s.bad = s.bad || g-g != 0 || h-h != 0
		s.minH = min(s.minH, h)
		s.maxG, s.maxH = max(s.maxG, math.Abs(g)), max(s.maxH, math.Abs(h))
	}
	return s
}

// fill writes the rows [lo, hi) of the sample from place at on.
func (q *quantise) fill(out rowSet, at, lo, hi int) (t tally, bad bool) {
	if q.narrow {
		return q.fillNarrow(out, at, lo, hi)
	}
	invG, invH, invW := 1/q.g, 1/q.h, 1/q.w
	for r := lo; r < hi; r++ {
		if !q.in(r) {
			continue
		}
		g, h, w := nearest(float64(q.derG[r])*invG), nearest(float64(q.derH[r])*invH), int64(1)
		if q.weight != nil {
			w = nearest(float64(q.weight[r]) * invW)
		}
		out.a[at] = uint64(g)<<32 | uint64(r)
		if q.lanes > 1 {
			out.b[at] = uint64(h)<<32 | uint64(w)
		}
		at++
		t.add(&tally{g, h, w, 1})
	}
	return t, false
}

// fillNarrow rounds at random, so that sums keep their expectation: a value v in
// units becomes the whole part of v + u, where u in [0, 1) are 16 bits of the
// row's draw, the upper half for g and the lower for h. g is moved by 8192
// before it is cut, so that cutting rounds down; the products are exact.
func (q *quantise) fillNarrow(out rowSet, at, lo, hi int) (t tally, bad bool) {
	for r := lo; r < hi; r++ {
		if !q.in(r) {
			continue
		}
		gr, hr := q.derG[r], q.derH[r]
		if !(gr >= -1 && gr <= 1 && hr >= 0 && hr <= 0.25) {
			return t, true
		}
		u := drawRow(q.key, uint32(r))
		g := int64(float64(gr)*narrowG+(8192+float64(u>>16)*(1.0/65536))) - 8192
		h := int64(float64(hr)*narrowH + float64(u&0xFFFF)*(1.0/65536))
		out.a[at] = uint64(g)<<48 | uint64(h)<<32 | uint64(r)
		at++
		t.g += g
		t.h += h
		t.n++
	}
	t.w = t.n
	return t, false
}
