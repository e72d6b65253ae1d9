//go:build cuda

package kernels

import "gorgonia.org/cu"

var randomSplits = newKernel("random_splits")

// randomSplit is RandomSplit of random.cu.
type randomSplit struct {
	left                      tally
	feature, bin, missingLeft int64
}

// isolate makes the random splits of all nodes in one launch. Columns are drawn on the
// device: most nodes look at one or two of many.
func (d *deviceStage) isolate(ids []int32) error {
	g := d.g
	if len(ids) == 0 {
		return nil
	}
	var lists pickedList
	var words []uint64
	w := g.take()
	place := drawKey(g.cfg.Seed, g.in.Tree, purposePlace)
	for _, id := range ids {
		n := &g.nodes[id]
		feats := g.features(n, w)
		lists.add(feats)
		words = append(words, uint64(d.hist[n.slot].at()), uint64(n.sum.g), uint64(n.sum.h), uint64(n.sum.w), uint64(n.sum.n),
			drawAt(place, n.Path), uint64(lists.last), uint64(len(feats)))
	}
	listAt := len(words)
	words = append(words, lists.all...)
	threads, _ := d.searchThreads()
	splits := make([]randomSplit, len(ids))
	values := d.binValues()
	err := d.job.run(func(s *scope) {
		nodes := sendTo(s, &d.seek.call, words)
		if values != nil && d.seek.values == nil {
			d.seek.values = holdOf[float64](s, len(values))
			uploadTo(s, d.seek.values.at(), values)
		}
		order := d.seek.winners.of(s, 4*int64(len(ids))*int64(lists.widest))
		found := d.seek.found.of(s, sizeOf[randomSplit](len(ids)))
		s.launch(randomSplits, grid{x: len(ids), block: threads}, nodes, nodes+cu.DevicePtr(8*listAt), d.bins.table, d.seek.values, g.minW, order, lists.widest, found)
		download(s, splits, found)
	})
	if err == nil {
		for i, id := range ids {
			if r := &splits[i]; r.feature >= 0 {
				n, f := &g.nodes[id], int(r.feature)
				w.finder.begin(&g.quant.format, n)
				n.split = w.finder.cut(id, int32(f), int(r.bin), g.layout.width(f), g.bins.feats[f].levels > 0, r.missingLeft != 0, r.left)
				n.leftSum, n.found = r.left, true
			}
		}
	}
	g.put(w)
	return err
}

// binValues returns the value of each bin of a histogram, or nil where it has been asked
// before or bins are their numbers.
func (d *deviceStage) binValues() (out []float64) {
	g := d.g
	if g.cfg.Values == nil || d.seek.values != nil {
		return nil
	}
	for f, v := range g.cfg.Values {
		out = append(out, 0) // missing
		for b := 1; b < g.bins.feats[f].bins; b++ {
			x := float64(b)
			if v != nil {
				x = v[b-1]
			}
			out = append(out, x)
		}
	}
	return out
}
