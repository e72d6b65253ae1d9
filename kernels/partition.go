package kernels

import (
	"sync/atomic"

	"github.com/geyser-ml/geyser/kernels/par"
)

// A node's rows lie together in one of two buffers, in row order. To part them, two
// threads go through them, one up and one down, and write each row to its place in
// the other buffer:
//
//	node      [ 0 1 2 3 →         ← n-1 ]
//	children  [ L L →     ← L | R →   ← R ]
//
// Its split says how many go left, so both know where to begin, and no thread waits.
// With more threads than that, a node is cut into segments whose left rows are
// counted first. The order of rows is kept.

// partRun rows are taken at once from an end of a segment.
const partRun = 8192

// segment is a run of rows of a node.
type segment struct {
	node        *growNode
	lo, hi      int          // their places
	left, right int          // where those that go left, and right, begin in the other buffer
	lefts       int          // how many go left
	runs        atomic.Int64 // of partRun rows, that nobody has taken
}

// partRows is stage.part in host memory.
func (g *goGrower) partRows(nodes []int32) {
	segments := g.segments(nodes)
	par.Do(g.threads, 2*len(segments), func(i int) {
		s := &segments[i%len(segments)]
		if s.runs.Load() <= 0 {
			return
		}
		w := g.take()
		defer g.put(w)
		g.partEnd(w, s, i >= len(segments))
	})
}

// segments cuts nodes so that all threads have an end of one.
func (g *goGrower) segments(nodes []int32) []segment {
	total := 0
	for _, id := range nodes {
		total += g.nodes[id].rows
	}
	size := max(4*partRun, (2*total+g.threads-1)/max(g.threads, 1))
	count := 0
	for _, id := range nodes {
		count += par.Chunks(g.nodes[id].rows, size)
	}
	out := make([]segment, count)
	at := 0
	for _, id := range nodes {
		n := &g.nodes[id]
		for lo := n.lo; lo < n.lo+n.rows; lo += size {
			s := &out[at]
			s.node, s.lo, s.hi, s.lefts = n, lo, min(lo+size, n.lo+n.rows), -1
			if s.hi-s.lo == n.rows {
				s.lefts = g.nodes[n.left].rows
			}
			s.runs.Store(int64(par.Chunks(s.hi-s.lo, partRun)))
			at++
		}
	}
	par.Do(g.threads, count, func(i int) {
		if s := &out[i]; s.lefts < 0 {
			w := g.take()
			defer g.put(w)
			s.lefts = g.countLeft(w, &s.node.split, g.rows[s.node.side].a[s.lo:s.hi])
		}
	})
	for i := range out {
		s := &out[i]
		s.left, s.right = s.node.lo, g.nodes[s.node.left+1].lo
		if i > 0 && out[i-1].node == s.node {
			p := &out[i-1]
			s.left, s.right = p.left+p.lefts, p.right+p.hi-p.lo-p.lefts
		}
	}
	return out
}

// countLeft returns the number of rows that go left.
func (g *goGrower) countLeft(w *work, s *Split, rows []uint64) (n int) {
	f := &g.bins.feats[s.Feature]
	s.table(w.table[:f.bins])
	if f.narrow != nil {
		for _, a := range rows {
			n += int(w.table[f.narrow[uint32(a)]])
		}
		return n
	}
	for _, a := range rows {
		n += int(w.table[f.wide[uint32(a)]])
	}
	return n
}

// partEnd parts the rows of a segment from one end, run by run, until none is left.
// The last one to be taken may be shorter than the others.
func (g *goGrower) partEnd(w *work, s *segment, back bool) {
	f := &g.bins.feats[s.node.split.Feature]
	s.node.split.table(w.table[:f.bins])
	n := s.hi - s.lo
	rest := n - (par.Chunks(n, partRun)-1)*partRun
	at, left, right := s.lo, s.left, s.right
	if back {
		at, left, right = s.hi, s.left+s.lefts, s.right+n-s.lefts
	}
	from, to := g.rows[s.node.side], g.rows[1-s.node.side]
	for {
		runs := s.runs.Add(-1)
		if runs < 0 {
			return
		}
		size := partRun
		if runs == 0 {
			size = rest
		}
		if back {
			at -= size
			l := g.loops.part(f, w, from.slice(at, at+size), to, left, right, true)
			left, right = left-l, right-(size-l)
		} else {
			l := g.loops.part(f, w, from.slice(at, at+size), to, left, right, false)
			at, left, right = at+size, left+l, right+size-l
		}
	}
}

// partWords writes words whose rows go left to out from place left on, and the others
// from place right on; or, from the last one on, to the places before these. It
// returns how many went left. No branch to guess: each word has one place.
func partWords[T uint8 | uint16](table *[maxBins + 1]uint8, bins []T, rows, in, out []uint64, left, right int, back bool) (lefts int) {
	in = in[:len(rows)]
	first := left
	if back {
		for i := len(rows) - 1; i >= 0; i-- {
			goes := int(table[bins[uint32(rows[i])]])
			left -= goes
			right -= 1 - goes
			out[right^(left^right)&-goes] = in[i]
		}
		return first - left
	}
	for i, a := range rows {
		goes := int(table[bins[uint32(a)]])
		out[right^(left^right)&-goes] = in[i]
		left += goes
		right += 1 - goes
	}
	return left - first
}
