package kernels

import (
	"runtime"
	"sync/atomic"

	"github.com/geyser-ml/geyser/kernels/par"
)

// A node's rows lie together in one of two buffers, in row order. To part them,
// chunks of a node are split into scratch, and from there copied to the places of
// the children in the other buffer:
//
//	node      [ chunk 0 | chunk 1 | chunk 2 ]     one buffer
//	scratch   LLL RR      L RRRR    LL RRR        of the thread, in its cache
//	children  [ LLLLLL | RRRRRRRRR          ]     the other buffer
//
// A chunk must know how many rows went left before it, which the chunk before it
// says as soon as it has counted: chunks are taken in order, so that one is done or
// at work. The order of rows is kept.

// partRows rows are parted together: they and the scratch stay in cache.
const partRows = 16384

// partItem is one chunk of a node: places [lo, hi).
type partItem struct {
	node, lo, hi int
	first        bool
	done         atomic.Int64 // 1 + rows that went left here and before, 0 as long as they are not known
}

// failed stands in for a count that a panic has prevented.
const failed = -1

// part moves the rows of nodes that have a split to the places of their children.
func (g *goGrower) part(nodes []int32) {
	count := 0
	for _, id := range nodes {
		count += par.Chunks(g.nodes[id].rows, partRows)
	}
	items := make([]partItem, count)
	at := 0
	for _, id := range nodes {
		n := &g.nodes[id]
		g.nodes[n.left].side, g.nodes[n.left+1].side = 1-n.side, 1-n.side
		for lo := n.lo; lo < n.lo+n.rows; lo += partRows {
			it := &items[at]
			it.node, it.lo, it.hi, it.first = int(id), lo, min(lo+partRows, n.lo+n.rows), lo == n.lo
			at++
		}
	}
	par.Do(g.threads, len(items), func(i int) {
		it := &items[i]
		defer it.done.CompareAndSwap(0, failed)
		w := g.take()
		defer g.put(w)
		g.partItem(w, it, items[:i])
	})
}

// partItem parts one chunk; the last of earlier is the one before it.
func (g *goGrower) partItem(w *work, it *partItem, earlier []partItem) {
	n := &g.nodes[it.node]
	in, out := g.rows[n.side].slice(it.lo, it.hi), g.rows[1-n.side]
	w.roomForRows(in.b != nil)
	whole := len(in.a) == n.rows
	left := w.left
	if whole {
		left = out.slice(it.lo, it.hi) // right ones overwrite what is too much
	}
	l := g.loops.part(g, w, &n.split, in, left)
	before := 0
	if !it.first {
		before = await(&earlier[len(earlier)-1])
		if before == failed {
			return
		}
	}
	it.done.Store(int64(1 + before + l))
	if !whole {
		out.slice(n.lo+before, n.lo+before+l).copy(left.slice(0, l))
	}
	r := g.nodes[n.left+1].lo + it.lo - n.lo - before
	out.slice(r, r+len(in.a)-l).copy(w.right.slice(0, len(in.a)-l))
}

// await waits for the count of a chunk that another thread is at work on.
func await(it *partItem) int {
	for spin := 0; ; spin++ {
		switch v := it.done.Load(); {
		case v > 0:
			return int(v) - 1
		case v == failed:
			return failed
		case spin > 100:
			runtime.Gosched()
		}
	}
}

// roomForRows sees to scratch for the rows of a chunk.
func (w *work) roomForRows(b bool) {
	for _, s := range []*rowSet{&w.left, &w.right} {
		if s.a == nil {
			s.a = make([]uint64, partRows)
		}
		if b && s.b == nil {
			s.b = make([]uint64, partRows)
		}
	}
}

// partChunk writes the rows of in that go left to left, the others to w.right, and
// returns the number of left ones.
func (g *goGrower) partChunk(s *Split, in, left rowSet, w *work) int {
	f := &g.bins.feats[s.Feature]
	s.table(w.table[:f.bins])
	if f.narrow != nil {
		return partSets(w, f.narrow, in, left)
	}
	return partSets(w, f.wide, in, left)
}

// partSets parts the words of rows by their bins.
func partSets[T uint8 | uint16](w *work, bins []T, in, left rowSet) int {
	if in.b != nil {
		partWords(&w.table, bins, in.a, in.b, left.b, w.right.b)
	}
	return partWords(&w.table, bins, in.a, in.a, left.a, w.right.a)
}

// partWords writes each word to both places and advances one: no branch to guess.
func partWords[T uint8 | uint16](table *[maxBins + 1]uint8, bins []T, rows, in, left, right []uint64) int {
	in, left, right = in[:len(rows)], left[:len(rows)], right[:partRows]
	l, r := 0, 0
	for i, a := range rows {
		v, goes := in[i], int(table[bins[uint32(a)]])
		left[l], right[r&(partRows-1)] = v, v
		l += goes
		r += 1 - goes
	}
	return l
}
