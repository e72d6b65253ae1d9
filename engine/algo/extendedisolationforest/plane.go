package extendedisolationforest

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/geyser-ml/geyser/kernels"
)

// forest is all trees in arrays of nodes, a left child right behind its parent.
// Node i is a leaf when Right[i] is 0. The plane of node i has K columns and
// coefficients from place Plane[i]·K on.
type forest struct {
	K      int
	Roots  []int32
	Right  []int32
	Plane  []int32
	Level  []float64 // p·n of a plane; length of path of a leaf
	Cols   []int32
	Coefs  []float64
	Shapes []shape
}

// shape is what the summary says of a tree.
type shape struct {
	Depth, Leaves    int64
	Isolated, Shared int64 // rows of the sample that are alone in their leaf, and others
	Empty            int64 // planes that have all rows on one side
}

// averageSearch is c(m), the mean length of an unsuccessful search among m keys.
func averageSearch(m int) float64 {
	switch {
	case m < 2:
		return 0
	case m == 2:
		return 1
	}
	const euler = 0.5772156649
	return 2*(math.Log(float64(m-1))+euler) - 2*float64(m-1)/float64(m)
}

// depthLimit is the depth at which a tree of so many rows ends.
func depthLimit(rows int) int { return bits.Len(uint(rows - 1)) }

// Purposes of random draws.
const (
	drawSample = kernels.FreePurpose + iota
	drawPlanes
)

// stream draws one number after the other for a tree.
type stream struct {
	seed, tree uint64
	purpose    kernels.Purpose
	next       uint64
}

func (s *stream) bits() uint64 {
	s.next++
	return kernels.Draw(s.seed, s.tree, s.purpose, s.next-1)
}

// below returns a whole number in [0, n).
func (s *stream) below(n int) int {
	hi, _ := bits.Mul64(s.bits(), uint64(n))
	return int(hi)
}

// share returns a number in [0, 1).
func (s *stream) share() float64 { return float64(s.bits()>>11) / (1 << 53) }

// normal returns a standard normal number. Ref: Box and Muller 1958.
func (s *stream) normal() float64 {
	return math.Sqrt(-2*math.Log(1-s.share())) * math.Cos(2*math.Pi*s.share())
}

// sample draws k of n rows without replacement, ascending.
// Ref: Floyd in Bentley 1987, A sample of brilliance.
func sample(s *stream, n, k int) []int {
	in := make(map[int]bool, k)
	out := make([]int, 0, k)
	for j := n - k; j < n; j++ {
		i := s.below(j + 1)
		if in[i] {
			i = j
		}
		in[i] = true
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// planter grows one tree on a sample.
type planter struct {
	stream
	x      [][]float64 // values by column
	limit  int
	forest forest // of the one tree
	cols   []int32
	rows   []int32
	score  []float64
}

// plant grows a tree on the sample x, given by column.
func plant(s stream, x [][]float64, k int) *forest {
	n := len(x[0])
	p := &planter{stream: s, x: x, limit: depthLimit(n), forest: forest{K: k, Roots: []int32{0}, Shapes: []shape{{}}}}
	p.rows, p.score = make([]int32, n), make([]float64, n)
	for i := range p.rows {
		p.rows[i] = int32(i)
	}
	for j := range x {
		p.cols = append(p.cols, int32(j))
	}
	p.grow(p.rows, 0)
	return &p.forest
}

// grow appends the node of rows and all below it (Hariri, Kind and Brunner 2019,
// algorithm 2).
func (p *planter) grow(rows []int32, depth int) {
	f, stat := &p.forest, &p.forest.Shapes[0]
	at := len(f.Right)
	f.Right, f.Plane, f.Level = append(f.Right, 0), append(f.Plane, -1), append(f.Level, 0)
	if depth >= p.limit || len(rows) <= 1 {
		f.Level[at] = float64(depth) + averageSearch(len(rows))
		stat.Depth = max(stat.Depth, int64(depth))
		stat.Leaves++
		if len(rows) == 1 {
			stat.Isolated++
		} else {
			stat.Shared += int64(len(rows))
		}
		return
	}
	f.Plane[at] = int32(len(f.Cols) / f.K)
	f.Level[at] = p.draw(rows)
	left := p.part(rows, f.Level[at])
	if left == 0 || left == len(rows) {
		stat.Empty++
	}
	p.grow(rows[:left], depth+1)
	f.Right[at] = int32(len(f.Right))
	p.grow(rows[left:], depth+1)
}

// draw appends a plane through the rows and returns its level.
func (p *planter) draw(rows []int32) float64 {
	level := 0.0
	for i := range p.forest.K { // the first steps of a shuffle
		j := i + p.below(len(p.cols)-i)
		p.cols[i], p.cols[j] = p.cols[j], p.cols[i]
		coef, u := p.normal(), p.share()
		lo, hi := p.spread(int(p.cols[i]), rows)
		p.forest.Cols, p.forest.Coefs = append(p.forest.Cols, p.cols[i]), append(p.forest.Coefs, coef)
		level += float64((float64(lo*(1-u)) + float64(hi*u)) * coef)
	}
	return level
}

// spread returns the least and the greatest value of a column in rows; both are 0
// where all are missing.
func (p *planter) spread(j int, rows []int32) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		if v := p.x[j][r]; v == v {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return 0, 0
	}
	return lo, hi
}

// part moves the rows on the left of the plane drawn last to the front and returns
// their number.
func (p *planter) part(rows []int32, level float64) int {
	f := &p.forest
	first := len(f.Cols) - f.K
	left := 0
	for i, r := range rows {
		s := 0.0
		for k := first; k < len(f.Cols); k++ {
			s += float64(p.x[f.Cols[k]][r] * f.Coefs[k])
		}
		if s <= level {
			rows[i], rows[left] = rows[left], r
			left++
		}
	}
	return left
}

// add appends the trees of another forest.
func (f *forest) add(o *forest) {
	node, plane := int32(len(f.Right)), int32(len(f.Cols)/f.K)
	for _, r := range o.Roots {
		f.Roots = append(f.Roots, r+node)
	}
	for i := range o.Right {
		right, at := o.Right[i], o.Plane[i]
		if right > 0 {
			right, at = right+node, at+plane
		}
		f.Right, f.Plane = append(f.Right, right), append(f.Plane, at)
	}
	f.Level, f.Cols, f.Coefs = append(f.Level, o.Level...), append(f.Cols, o.Cols...), append(f.Coefs, o.Coefs...)
	f.Shapes = append(f.Shapes, o.Shapes...)
}

// snapshot returns the forest as it is now; later adds do not show in it.
func (f *forest) snapshot() *forest {
	c := *f
	return &c
}

// lengths adds the length of path of each row through trees [from, to) to out. x
// holds the values by column.
func (f *forest) lengths(x [][]float64, from, to int, out []float64) {
	for _, root := range f.Roots[from:to] {
		for r := range out {
			i := root
			for f.Right[i] != 0 {
				first, s := int(f.Plane[i])*f.K, 0.0
				for k := first; k < first+f.K; k++ {
					s += float64(x[f.Cols[k]][r] * f.Coefs[k])
				}
				if s <= f.Level[i] {
					i++
				} else {
					i = f.Right[i]
				}
			}
			out[r] += f.Level[i]
		}
	}
}

// check reports what is wrong with a forest that was read from a file: a walk must
// end, and stay inside the arrays.
func (f *forest) check(cols int) error {
	n, planes := len(f.Right), 0
	if f.K < 1 || f.K > max(1, cols) || len(f.Plane) != n || len(f.Level) != n || len(f.Coefs) != len(f.Cols) || len(f.Shapes) != len(f.Roots) {
		return fmt.Errorf("planes of %d columns, %d nodes with %d planes and %d levels, %d shapes", f.K, n, len(f.Plane), len(f.Level), len(f.Shapes))
	}
	planes = len(f.Cols) / f.K
	for _, r := range f.Roots {
		if r < 0 || int(r) >= n {
			return fmt.Errorf("root %d of %d nodes", r, n)
		}
	}
	for i, r := range f.Right {
		if r == 0 {
			continue
		}
		if int(r) <= i+1 || int(r) >= n || f.Plane[i] < 0 || int(f.Plane[i]) >= planes {
			return fmt.Errorf("node %d of %d: right child %d, plane %d of %d", i, n, r, f.Plane[i], planes)
		}
	}
	for _, j := range f.Cols {
		if j < 0 || int(j) >= cols {
			return fmt.Errorf("column %d of %d", j, cols)
		}
	}
	return nil
}
