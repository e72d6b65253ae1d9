package kernels

import (
	"math/bits"
	"sort"

	"github.com/geyser-ml/geyser/kernels/par"
)

// isolateAll is stage.isolate in host memory.
func (g *goGrower) isolateAll(ids []int32) {
	par.Do(g.threads, len(ids), func(i int) {
		w := g.take()
		defer g.put(w)
		n := &g.nodes[ids[i]]
		hist := g.slots.hist(n.slot)
		g.isolate(n, w, func(f int32) { w.finder.load(hist[g.layout.first[f]:g.layout.first[f+1]]) })
	})
}

// isolate makes the random split of a node; load shows the finder the node's bins
// of a feature. It reports whether there is one.
//
// Features come in an order drawn anew, and the first that can be split is: a fair
// draw among those that can be, at the cost of looking at one or few.
// Ref: Liu, Ting and Zhou 2008, Isolation forest, algorithm 2.
func (g *goGrower) isolate(n *growNode, w *work, load func(f int32)) bool {
	s := &w.finder
	s.begin(&g.quant.format, n)
	key := drawAt(drawKey(g.cfg.Seed, g.in.Tree, purposePlace), n.Path)
	w.drawn = append(w.drawn[:0], g.features(n, w)...)
	for i := range w.drawn {
		hi, _ := bits.Mul64(drawAt(key, uint64(i+1)), uint64(len(w.drawn)-i))
		j := i + int(hi)
		w.drawn[i], w.drawn[j] = w.drawn[j], w.drawn[i]
		f := w.drawn[i]
		load(f)
		first, last := s.span()
		if first >= last {
			continue
		}
		b := g.place(f, first, last, float64(drawAt(key, 0)>>11)/(1<<53))
		n.split, n.leftSum = s.cutAt(n.ID, f, b, g.layout.width(int(f)), g.bins.feats[f].levels > 0)
		n.found = true
		return true
	}
	return false
}

// span returns the first and the last bin between which a place leaves enough
// rows on both sides; the same or crossed where there is none.
func (s *finder) span() (first, last int) {
	w := int64(0)
	for i := 0; i < len(s.vals) && w < s.minW; i++ {
		w += s.vals[i].w
		first = int(s.bins[i])
	}
	w = 0
	for i := len(s.vals) - 1; i >= 0 && w < s.minW; i-- {
		w += s.vals[i].w
		last = int(s.bins[i])
	}
	return first, last
}

// place returns the bin from first to last-1 behind which the point lies that cuts
// the way from the one's value to the other's at the share u.
func (g *goGrower) place(f int32, first, last int, u float64) int {
	at := func(bin int) float64 { return float64(bin) }
	if g.cfg.Values != nil && g.cfg.Values[f] != nil {
		at = func(bin int) float64 { return g.cfg.Values[f][bin-1] }
	}
	point := float64(at(first)*(1-u)) + float64(at(last)*u)
	above := sort.Search(last-first, func(k int) bool { return at(first+k) > point })
	return first + max(0, above-1)
}

// cutAt returns the split that sends bins 1…b of the feature that is loaded left,
// and what goes left.
func (s *finder) cutAt(node, f int32, b, bins int, levels bool) (Split, tally) {
	var left tally
	for i := range s.vals {
		if int(s.bins[i]) <= b {
			left.add(&s.vals[i])
		}
	}
	missingLeft := 2*left.w >= s.total.w-s.missing.w
	if missingLeft {
		left.add(&s.missing)
	}
	return s.cut(node, f, b, bins, levels, missingLeft, left), left
}

// cut is cutAt where it is known what goes left.
func (s *finder) cut(node, f int32, b, bins int, levels, missingLeft bool, left tally) Split {
	right := s.total
	right.sub(&left)
	out := Split{Node: node, Feature: f, Bin: b, MissingLeft: missingLeft, Left: s.format.sum(left), Right: s.format.sum(right)}
	if levels {
		out.Bin, out.Set = 0, make([]uint64, (bins+63)/64)
		for k := 1; k <= b; k++ {
			out.Set[k/64] |= 1 << (k % 64)
		}
	}
	return out
}
