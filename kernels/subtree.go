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
	most := 0
	if g.layout.cells() <= maxSubtreeCells {
		most = g.loops.growRows(g)
	}
	var small, wave []int32
	route := func(id int32) {
		if n := &g.nodes[id]; n.rows <= most {
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
		if err := g.level(wave); err != nil {
			return nil, err
		}
		var split []int32
		for _, id := range wave {
			if g.nodes[id].found {
				g.divide(id)
				split = append(split, id)
			}
		}
		if err := g.part(split); err != nil {
			return nil, err
		}
		wave = wave[:0]
		for _, id := range split {
			l := g.nodes[id].left
			route(l)
			route(l + 1)
			if g.nodes[l].rows <= most && g.nodes[l+1].rows <= most {
				g.release(id)
			}
		}
	}
	g.finish(small)
	for len(g.made) < len(nodes) {
		g.made = append(g.made, Subtree{})
	}
	out := g.made[:len(nodes)]
	for i, n := range nodes {
		out[i] = Subtree{out[i].Splits[:0], out[i].Nodes[:0]}
		g.describe(n.ID, &out[i])
	}
	return out, nil
}

// finish grows small nodes to their ends, the largest first, and appends what
// they became in the order given.
func (g *goGrower) finish(ids []int32) {
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g.nodes[ids[b]].rows, g.nodes[ids[a]].rows) })
	for len(g.grown) < len(ids) {
		g.grown = append(g.grown, nil)
	}
	par.Do(g.threads, len(order), func(i int) {
		w := g.take()
		defer g.put(w)
		k := order[i]
		g.grown[k] = g.loops.grow(g, w, &g.nodes[ids[k]], g.grown[k][:0])
	})
	for i, id := range ids {
		// Node 0 of a subtree is the node itself; the others move behind all others.
		base := int32(len(g.nodes)) - 1
		for k, n := range g.grown[i] {
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
	if w.block == nil {
		w.block, w.cells = new(block), newCells(3, g.layout.packCells())
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
		if !s.search(g, w, n, level) {
			return
		}
		n.left = int32(len(s.nodes))
		left, right := g.children(n)
		l := int(n.left)
		s.nodes = append(s.nodes, left, right)
		n = &s.nodes[at]
		s.part(g, w, n, s.place[lo:lo+n.rows])

		small, large := l, l+1
		if right.rows < left.rows {
			small, large = l+1, l
		}
		smallLo := lo + s.nodes[small].lo - n.lo
		goSmall := s.maySplit(g, &s.nodes[small], smallLo)
		goLarge := s.maySplit(g, &s.nodes[large], lo+s.nodes[large].lo-n.lo)
		sumLarge := goLarge && s.nodes[large].rows > tinyRows
		if sumLarge || goSmall && s.nodes[small].rows > tinyRows {
			c := s.level(g, level+1)
			s.sum(g, w, c, s.place[smallLo:smallLo+s.nodes[small].rows])
			if sumLarge {
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

// maySplit says whether a node, whose first row is at place lo, could have a split.
func (s *subtree) maySplit(g *goGrower, n *growNode, lo int) bool {
	return g.maySplit(n.Depth, &n.sum) && (g.cfg.Random || !s.alike(g.quant.lanes, s.place[lo:lo+n.rows]))
}

// search finds the split of a node from the cells of a level or, where it has few
// rows, from those.
func (s *subtree) search(g *goGrower, w *work, n *growNode, level int) bool {
	f := &w.finder
	lo := n.lo - s.nodes[0].lo
	load := func(feat int32) {
		if n.rows <= tinyRows {
			s.loadRows(g, w, s.place[lo:lo+n.rows], feat)
		} else {
			f.loadCells(&s.levels[level], g.layout.cell[feat], g.layout.width(int(feat)))
		}
	}
	if g.cfg.Random {
		return g.isolate(n, w, load)
	}
	if g.weigh && !g.cfg.Bounded {
		n.noise.squares = s.squares(&g.quant.format, n).value(g.quant.squareUnit())
	}
	f.begin(&g.quant.format, n)
	own, need := f.threshold(g.minGain)
	f.best.score = need
	try := func(feats []int32) {
		for _, feat := range feats {
			load(feat)
			f.try(feat, g.bins.feats[feat].levels > 0)
		}
	}
	picked := g.features(n, w)
	try(picked)
	if all := g.candidates(n); f.best.feature < 0 && len(picked) < len(all) && n.Sum.W >= lookAgain {
		try(all)
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

// squares returns Σ g²/w of the rows of a node.
func (s *subtree) squares(f *format, n *growNode) (sum square) {
	lo := n.lo - s.nodes[0].lo
	for _, p := range s.place[lo : lo+n.rows] {
		b := uint64(0)
		if f.lanes > 1 {
			b = s.rows.b[p]
		}
		sum.add(f.squareOf(s.rows.a[p], b))
	}
	return sum
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
