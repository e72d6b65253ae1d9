package kernels

import (
	"cmp"
	"slices"

	"github.com/geyser-ml/geyser/kernels/par"
)

// maxSubtreeCells bounds the cells of one lane of a subtree that is grown in
// cache (1 MB); wider data go level by level.
const maxSubtreeCells = 1 << 17

// subtree finishes a node of at most cellRows rows in the cache of one core: its
// bins and derivatives are copied together once, rows are places of two bytes,
// and cells need no flush. Searches see the same sums as Level's, so the nodes
// are the same.
type subtree struct {
	words  [][cellRows]uint64
	value  [3][cellRows]int64
	rows   rowSet // copy of the node's rows, by place
	place  [cellRows]uint16
	right  [cellRows]uint16
	levels []cells // one for each smaller child on the way down
	nodes  []growNode
}

// Grow finishes the subtrees below nodes: large ones level by level, small ones
// each in one core's cache.
func (g *goGrower) Grow(nodes []Node) ([]Subtree, error) {
	inCache := g.layout.cells() <= maxSubtreeCells
	var small, wave []int32
	route := func(id int32) {
		if n := &g.nodes[id]; inCache && n.rows <= cellRows {
			g.release(id)
			small = append(small, id)
		} else {
			wave = append(wave, id)
		}
	}
	if _, err := g.leafIDs(nodes); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		route(n.ID)
	}
	for len(wave) > 0 {
		g.level(wave)
		var split []int32
		for _, id := range wave {
			if g.nodes[id].found {
				g.divide(id)
				split = append(split, id)
			}
		}
		g.part(split)
		wave = wave[:0]
		for _, id := range split {
			l := g.nodes[id].left
			route(l)
			route(l + 1)
			if inCache && g.nodes[l].rows <= cellRows && g.nodes[l+1].rows <= cellRows {
				g.release(id)
			}
		}
	}
	g.finish(small)
	out := make([]Subtree, len(nodes))
	for i, n := range nodes {
		g.describe(n.ID, &out[i])
	}
	return out, nil
}

// finish grows small nodes to their ends, the largest first, and appends what
// they became in the order given.
func (g *goGrower) finish(ids []int32) {
	order := slices.Clone(ids)
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(g.nodes[b].rows, g.nodes[a].rows) })
	made := make(map[int32][]growNode, len(ids))
	grown := make([][]growNode, len(order))
	par.Do(g.threads, len(order), func(i int) {
		w := g.take()
		defer g.put(w)
		s := g.takeSubtree()
		defer g.putSubtree(s)
		grown[i] = slices.Clone(s.run(g, w, &g.nodes[order[i]]))
	})
	for i, id := range order {
		made[id] = grown[i]
	}
	for _, id := range ids {
		// Node 0 of a subtree is the node itself; the others move behind all others.
		base := int32(len(g.nodes)) - 1
		for k, n := range made[id] {
			if n.left >= 0 {
				n.left += base
			}
			n.parent = -1 // its histogram is gone
			if k == 0 {
				n.ID, n.split.Node = id, id
				g.nodes[id] = n
				continue
			}
			n.ID, n.split.Node = base+int32(k), base+int32(k)
			g.nodes = append(g.nodes, n)
		}
	}
}

// describe appends the subtree of a node, depth first and left first.
func (g *goGrower) describe(id int32, out *Subtree) {
	stack := []int32{id}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &g.nodes[id]
		s := Split{Node: id, Feature: -1}
		if n.left >= 0 {
			s = n.split
			stack = append(stack, n.left+1, n.left)
		}
		out.Splits = append(out.Splits, s)
		out.Nodes = append(out.Nodes, n.Node)
	}
}

func (g *goGrower) takeSubtree() *subtree {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.small); n > 0 {
		s := g.small[n-1]
		g.small = g.small[:n-1]
		return s
	}
	return &subtree{words: make([][cellRows]uint64, len(g.bins.words))}
}

func (g *goGrower) putSubtree(s *subtree) {
	g.mu.Lock()
	g.small = append(g.small, s)
	g.mu.Unlock()
}

// run grows the subtree of one node and leaves the rows in the order of its
// leaves. The result is valid until the next run.
func (s *subtree) run(g *goGrower, w *work, root *growNode) []growNode {
	s.nodes = append(s.nodes[:0], *root)
	s.nodes[0].left, s.nodes[0].found = -1, false
	if !g.maySplit(root.Depth, &root.sum) {
		return s.nodes
	}
	rows := g.rows[root.side].slice(root.lo, root.lo+root.rows)
	s.load(g, w, rows)
	s.sum(g, w, s.level(g, 0), s.place[:root.rows])
	s.grow(g, w, 0, 0, 0)
	for i, p := range s.place[:root.rows] {
		rows.a[i] = s.rows.a[p]
	}
	if rows.b != nil {
		for i, p := range s.place[:root.rows] {
			rows.b[i] = s.rows.b[p]
		}
	}
	return s.nodes
}

// load copies the node's rows and their bins together.
func (s *subtree) load(g *goGrower, w *work, rows rowSet) {
	s.rows.a = append(s.rows.a[:0], rows.a...)
	if rows.b != nil {
		s.rows.b = append(s.rows.b[:0], rows.b...)
	}
	for lo := 0; lo < len(rows.a); lo += blockRows {
		part := rows.slice(lo, min(lo+blockRows, len(rows.a)))
		for p := range g.layout.packs() {
			from, to := g.layout.pack(p)
			w.block.gather(g.bins, &g.quant.format, part, from, to)
			for k := from; k < to; k++ {
				copy(s.words[k][lo:], w.block.words[k-from][:len(part.a)])
			}
		}
		for k := range g.quant.lanes {
			copy(s.value[k][lo:], w.block.value[k][:len(part.a)])
		}
	}
	for i := range rows.a {
		s.place[i] = uint16(i)
	}
}

// level returns the cells of that depth of smaller children, zeroed.
func (s *subtree) level(g *goGrower, at int) *cells {
	for len(s.levels) <= at {
		s.levels = append(s.levels, cells{})
	}
	c := &s.levels[at]
	for k := range g.quant.lanes {
		if c[k] == nil {
			c[k] = make([]int64, g.layout.cells())
			continue
		}
		clear(c[k])
	}
	return c
}

// sum adds the rows at places to cells.
func (s *subtree) sum(g *goGrower, w *work, c *cells, places []uint16) {
	l := &g.layout
	for lo := 0; lo < len(places); lo += blockRows {
		part := places[lo:min(lo+blockRows, len(places))]
		for k := range g.quant.lanes {
			from, to := &s.value[k], w.block.value[k][:len(part)]
			for i, p := range part {
				to[i] = from[p&(cellRows-1)]
			}
		}
		for k := range s.words {
			from, to := &s.words[k], w.block.words[0][:len(part)]
			for i, p := range part {
				to[i] = from[p&(cellRows-1)]
			}
			for v := range g.quant.lanes {
				addWord(l, k, c[v][l.start[k]:l.start[k+1]], to, w.block.value[v][:len(part)])
			}
		}
	}
}

// grow splits node at, whose cells are those of depth level and whose first row
// is at place lo, and everything below it.
func (s *subtree) grow(g *goGrower, w *work, at, lo, level int) {
	for {
		n := &s.nodes[at]
		n.found, n.split = false, Split{Node: n.ID, Feature: -1}
		if !s.search(g, w, n, &s.levels[level]) {
			return
		}
		n.left = int32(len(s.nodes))
		left, right := n.children()
		l := int(n.left)
		s.nodes = append(s.nodes, left, right)
		n = &s.nodes[at]
		s.part(g, w, n, s.place[lo:lo+n.rows])

		small, large := l, l+1
		if right.rows < left.rows {
			small, large = l+1, l
		}
		goSmall := g.maySplit(s.nodes[small].Depth, &s.nodes[small].sum)
		goLarge := g.maySplit(s.nodes[large].Depth, &s.nodes[large].sum)
		smallLo := lo + s.nodes[small].lo - n.lo
		if goSmall || goLarge {
			c := s.level(g, level+1)
			s.sum(g, w, c, s.place[smallLo:smallLo+s.nodes[small].rows])
			if goLarge {
				s.levels[level].sub(g.quant.lanes, c)
			}
		}
		if goSmall {
			s.grow(g, w, small, smallLo, level+1)
		}
		if !goLarge {
			return
		}
		at, lo = large, lo+s.nodes[large].lo-s.nodes[at].lo
	}
}

// search finds the split of a node from its cells.
func (s *subtree) search(g *goGrower, w *work, n *growNode, c *cells) bool {
	f := &w.finder
	f.begin(&g.quant.format, n.sum, 0)
	own, need := f.threshold(g.minGain)
	f.best.score = need
	for _, feat := range g.features(n.Path, n.Depth, w) {
		f.loadCells(c, g.layout.cell[feat], g.layout.width(int(feat)))
		f.try(feat, g.bins.feats[feat].levels > 0)
	}
	best := f.best.feature
	if best < 0 {
		return false
	}
	n.split = f.split(n.ID, own, g.layout.width(int(best)), g.bins.feats[best].levels > 0)
	n.leftSum, n.found = f.best.left, true
	g.measureRoot(n) // a root here is the only subtree, so no other thread looks
	return true
}

// part moves the places of rows that go left to the front.
func (s *subtree) part(g *goGrower, w *work, n *growNode, places []uint16) {
	feat := int(n.split.Feature)
	n.split.table(w.table[:g.layout.width(feat)])
	word, shift, wide := g.bins.at(feat)
	bins, table, right := &s.words[word], &w.table, &s.right
	l, r := 0, 0
	mask := uint16(0xFF)
	if wide {
		mask = 0xFFFF
	}
	for _, p := range places {
		left := int(table[uint16(bins[p&(cellRows-1)]>>(shift&63))&mask])
		places[l], right[r&(cellRows-1)] = p, p
		l += left
		r += 1 - left
	}
	copy(places[l:], right[:r])
}

// sub subtracts other from the first lanes of c.
func (c *cells) sub(lanes int, other *cells) {
	for k := range lanes {
		a, b := c[k], other[k][:len(c[k])]
		for i := range a {
			a[i] -= b[i]
		}
	}
}
