package kernels

import "github.com/geyser-ml/geyser/kernels/par"

// routes is a grown tree as rows walk it by their bins: small enough to stay in
// cache where the nodes that the tree was grown of do not.
type routes struct {
	steps []route // by node
	sets  []uint64
	value []float64 // of leaves, by node
}

// route is what a node does with a row: bit b of its set is 1 when bin b goes left.
type route struct {
	left  int32 // the left child, the right one follows; -1 for a leaf
	set   int32 // first word of its set
	word  uint16
	shift uint8
	bits  uint8 // of a bin
}

// routes returns the tree with these leaves.
func (g *goGrower) routes(values []LeafValue) *routes {
	t := &routes{steps: make([]route, len(g.nodes)), value: make([]float64, len(g.nodes))}
	for _, v := range values {
		t.value[v.Node] = float64(v.Value)
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.left < 0 {
			t.steps[i].left = -1
			continue
		}
		feat := int(n.split.Feature)
		word, shift, wide := g.bins.at(feat)
		t.steps[i] = route{n.left, int32(len(t.sets)), uint16(word), uint8(shift), 8}
		if wide {
			t.steps[i].bits = 16
		}
		t.add(&n.split, g.bins.feats[feat].bins)
	}
	return t
}

// add appends the set of a split on a feature of so many bins.
func (t *routes) add(s *Split, bins int) {
	at := len(t.sets)
	if s.Set != nil {
		t.sets = append(t.sets, s.Set...)
	} else {
		for lo := 0; lo < bins; lo += 64 {
			all := ^uint64(0)
			if n := s.Bin + 1 - lo; n < 64 {
				all = 1<<max(n, 0) - 1
			}
			t.sets = append(t.sets, all)
		}
	}
	t.sets[at] &^= 1
	if s.MissingLeft {
		t.sets[at] |= 1
	}
}

// routeRows rows go down together, level by level, so that many of their loads are
// under way at a time.
const routeRows = 512

// addOutside adds leaf values to the rows that are not in the sample.
func (g *goGrower) addOutside(values []LeafValue, scores []float64) {
	t := g.routes(values)
	par.For(g.threads, g.bins.rows, itemRows, func(_, lo, hi int) {
		var rows [routeRows]uint32
		n := 0
		for r := lo; r < hi; r++ {
			rows[n] = uint32(r)
			if !g.quant.in(r) {
				n++
			}
			if n == routeRows || r == hi-1 {
				t.walk(g.bins, rows[:n], scores)
				n = 0
			}
		}
	})
}

// walk adds the values of their leaves to the scores of some rows.
func (t *routes) walk(b *goBins, rows []uint32, scores []float64) {
	var at [routeRows]int32
	var open [routeRows]uint16 // places of rows that are not at a leaf
	n := 0
	if t.steps[0].left >= 0 {
		for ; n < len(rows); n++ {
			open[n] = uint16(n)
		}
	}
	stride := len(b.words)
	for n > 0 {
		still := 0
		for _, i := range open[:n] {
			s := &t.steps[at[i&(routeRows-1)]]
			bin := b.data[int(rows[i])*stride+int(s.word)] >> (s.shift & 63) & (1<<s.bits - 1)
			next := s.left + 1 - int32(t.sets[int(s.set)+int(bin>>6)]>>(bin&63)&1)
			at[i&(routeRows-1)] = next
			open[still] = i
			if t.steps[next].left >= 0 {
				still++
			}
		}
		n = still
	}
	for i, r := range rows {
		scores[r] += t.value[at[i&(routeRows-1)]]
	}
}
