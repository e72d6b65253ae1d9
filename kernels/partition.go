package kernels

import "github.com/geyser-ml/geyser/kernels/par"

// A node's rows lie together in one of two buffers, in row order. To part them,
// chunks of a node go to the same places of the other buffer, left rows first:
//
//	node      [ chunk 0 | chunk 1 | chunk 2 ]     one buffer
//	chunks    [ LLL RR  | L RRRR  | LL RRR  ]     the other
//	children  [ LLLLLL | RRRRRRRRR          ]     back in the first
//
// A node of one chunk is done after the first step, and stays in the other
// buffer. No chunk waits for another, and the order of rows is kept.

// partItem is one chunk of a node: places [lo, hi).
type partItem struct {
	node, lo, hi int
	left         int // rows that went left
}

// part moves the rows of nodes that have a split to the places of their children.
func (g *goGrower) part(nodes []int32) {
	var items []partItem
	for _, id := range nodes {
		n := &g.nodes[id]
		for lo := n.lo; lo < n.lo+n.rows; lo += itemRows {
			items = append(items, partItem{node: int(id), lo: lo, hi: min(lo+itemRows, n.lo+n.rows)})
		}
	}
	par.Do(g.threads, len(items), func(i int) {
		s := g.take()
		defer g.put(s)
		it := &items[i]
		n := &g.nodes[it.node]
		it.left = g.partChunk(&n.split, g.rows[n.side].slice(it.lo, it.hi), g.rows[1-n.side].slice(it.lo, it.hi), s)
	})
	var back []partItem
	for i := 0; i < len(items); {
		n := &g.nodes[items[i].node]
		end := i
		for end < len(items) && items[end].node == items[i].node {
			end++
		}
		side := 1 - n.side
		if end > i+1 {
			side = n.side
			back = append(back, items[i:end]...)
		}
		g.nodes[n.left].side, g.nodes[n.left+1].side = side, side
		i = end
	}
	g.putBack(back)
}

// putBack copies chunks of left and right rows to the nodes' own buffers.
func (g *goGrower) putBack(items []partItem) {
	before := make([]int, len(items)) // left rows in earlier chunks of the node
	for i := 1; i < len(items); i++ {
		if items[i].node == items[i-1].node {
			before[i] = before[i-1] + items[i-1].left
		}
	}
	par.Do(g.threads, len(items), func(i int) {
		it := items[i]
		n := &g.nodes[it.node]
		from, to := g.rows[1-n.side], g.rows[n.side]
		l := n.lo + before[i]
		r := g.nodes[n.left+1].lo + (it.lo - n.lo) - before[i]
		mid := it.lo + it.left
		to.slice(l, l+it.left).copy(from.slice(it.lo, mid))
		to.slice(r, r+it.hi-mid).copy(from.slice(mid, it.hi))
	})
}

// partChunk writes the rows of in to out, those that go left first, and returns
// their number.
func (g *goGrower) partChunk(s *Split, in, out rowSet, w *work) int {
	f := &g.bins.feats[s.Feature]
	s.table(w.table[:f.bins])
	if f.narrow != nil {
		return partRows(w, f.narrow, in, out)
	}
	return partRows(w, f.wide, in, out)
}

// partRows parts the words of rows by their bins.
func partRows[T uint8 | uint16](w *work, bins []T, in, out rowSet) int {
	if in.b != nil {
		partWords(w, bins, in.a, in.b, out.b)
	}
	return partWords(w, bins, in.a, in.a, out.a)
}

// partWords writes each word to both places and advances one: no branch to guess.
func partWords[T uint8 | uint16](w *work, bins []T, rows, in, out []uint64) int {
	in = in[:len(rows)]
	table, right := &w.table, &w.right
	l, r := 0, 0
	for i, a := range rows {
		v, left := in[i], int(table[bins[uint32(a)]])
		out[l], right[r&(itemRows-1)] = v, v
		l += left
		r += 1 - left
	}
	copy(out[l:], right[:r])
	return l
}
