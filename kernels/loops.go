package kernels

// loops are the inner loops that a tier may have in another form. The forms differ in
// nothing but time: goLoops are the reference. Methods are called from several
// goroutines at once, each with its own scratch.
type loops interface {
	// bind returns the loops for one grower, whose bins and layout are known.
	bind(g *goGrower) loops
	// measure looks at the derivatives of rows [lo, hi).
	measure(q *quantise, lo, hi int) spread
	// fill writes the rows [lo, hi) of the sample as integers, from place at on.
	fill(q *quantise, out rowSet, at, lo, hi int) (sum tally, bad bool)
	// squares sums g²/w of rows.
	squares(f *format, rows rowSet) square
	// sumRows adds the bins of rows to the columns of group pack of a histogram.
	sumRows(g *goGrower, w *work, rows rowSet, hist []tally, pack int)
	// subtract takes the sums of small away from large.
	subtract(large, small []tally)
	// search looks for the best split of n among feats by its histogram, and leaves
	// it in w.finder.
	search(g *goGrower, w *work, n *growNode, hist []tally, feats []int32)
	// part writes rows to their places in out by w.table: partWords.
	part(f *feature, w *work, in, out rowSet, left, right int, back bool) int
	// growRows returns the most rows of a node that grow takes.
	growRows(g *goGrower) int
	// grow finishes the subtree below root in cache and appends its nodes to out.
	grow(g *goGrower, w *work, root *growNode, out []growNode) []growNode
	// add adds value to the scores of rows.
	add(scores []float64, rows []uint64, value float64)

	// places16 and places32 write for each value the number of cuts below it, plus
	// base, or none for NaN, and say whether there was one.
	places16(cuts []uint64, x []float64, out []uint16, base, none uint16) bool
	places32(cuts []uint64, x []float64, out []uint32, base, none uint32) bool
	// walk adds the leaf values of all trees to n rows of a block; their results start
	// at out[class][at].
	walk(c *ranked, b *rankBlock, n, at int, out [][]float64)
}

// goLoops are the loops in Go.
type goLoops struct{}

func (l goLoops) bind(*goGrower) loops { return l }

func (goLoops) measure(q *quantise, lo, hi int) spread { return q.measure(lo, hi) }

func (goLoops) fill(q *quantise, out rowSet, at, lo, hi int) (tally, bool) {
	return q.fill(out, at, lo, hi)
}

func (goLoops) squares(f *format, rows rowSet) square { return f.squares(rows) }

func (goLoops) sumRows(g *goGrower, w *work, rows rowSet, hist []tally, pack int) {
	if w.block == nil {
		w.block, w.cells = new(block), newCells(3, g.layout.packCells())
	}
	from, to := g.layout.pack(pack)
	sumRows(g.bins, &g.layout, &g.quant.format, rows, hist, &w.cells, w.block, from, to)
}

func (goLoops) subtract(large, small []tally) {
	small = small[:len(large)]
	for b := range large {
		large[b].sub(&small[b])
	}
}

func (goLoops) search(g *goGrower, w *work, n *growNode, hist []tally, feats []int32) {
	for _, f := range feats {
		w.finder.load(hist[g.layout.first[f]:g.layout.first[f+1]])
		w.finder.try(f, g.bins.feats[f].levels > 0)
	}
}

func (goLoops) part(f *feature, w *work, in, out rowSet, left, right int, back bool) int {
	if f.narrow != nil {
		if in.b != nil {
			partWords(&w.table, f.narrow, in.a, in.b, out.b, left, right, back)
		}
		return partWords(&w.table, f.narrow, in.a, in.a, out.a, left, right, back)
	}
	if in.b != nil {
		partWords(&w.table, f.wide, in.a, in.b, out.b, left, right, back)
	}
	return partWords(&w.table, f.wide, in.a, in.a, out.a, left, right, back)
}

func (goLoops) growRows(*goGrower) int { return cellRows }

func (goLoops) grow(g *goGrower, w *work, root *growNode, out []growNode) []growNode {
	s := g.takeSubtree()
	defer g.putSubtree(s)
	return append(out, s.run(g, w, root)...)
}

func (goLoops) add(scores []float64, rows []uint64, value float64) {
	for _, a := range rows {
		scores[uint32(a)] += value
	}
}

func (goLoops) places16(cuts []uint64, x []float64, out []uint16, base, none uint16) bool {
	return places(cuts, x, out, base, none)
}

func (goLoops) places32(cuts []uint64, x []float64, out []uint32, base, none uint32) bool {
	return places(cuts, x, out, base, none)
}

func (goLoops) walk(c *ranked, b *rankBlock, n, at int, out [][]float64) {
	for _, t := range c.trees {
		for r := range b.lanes {
			b.lanes[r] = t.root
		}
		c.descend(&b.lanes, b.ranks, int(t.depth))
		sum := out[t.class][at : at+n]
		for r, leaf := range b.lanes[:len(sum)] {
			sum[r] += float64(c.value[leaf])
		}
	}
}
