//go:build cuda

package kernels

import "gorgonia.org/cu"

var (
	histogramSum     = newKernel("histogram_sum")
	histogramClear   = newKernel("histogram_clear")
	histogramSquares = newKernel("histogram_squares")
)

// Formats as histogram.cu numbers them.
const (
	deviceNarrow = iota
	deviceSameH
	deviceAnyH
	deviceWeighted
)

func (f *format) device() int {
	switch {
	case f.narrow:
		return deviceNarrow
	case f.lanes == 1:
		return deviceSameH
	case f.lanes == 2:
		return deviceAnyH
	}
	return deviceWeighted
}

const (
	sumThreads   = 512
	sumBlocks    = 1024           // blocks that keep any device busy
	leastSumRows = 2048           // of an item, for that
	packGroups   = 4              // words of a row that a block takes
	sharedCells  = (48 << 10) / 8 // of two words
	clearWords   = 4096           // of a block
)

// devicePack is what a block sums of each row; histogram.cu has the same.
type devicePack struct {
	wide, index   uint32 // number of the wide column, or first group
	groups, count uint32 // words of a row, at least 1, and columns
	from          uint32 // first bin of a wide column
	stride        uint32 // cells of a column
	column        [4 * packGroups]struct{ first, bins uint32 }
}

// devicePacks deals the columns out so that the cells of a pack fit shared memory. Only
// wide columns are cut.
func devicePacks(feats []deviceFeature, lanes int) (packs []devicePack) {
	cells := uint32(sharedCells / lanes)
	var narrow []deviceFeature
	widest := uint32(0)
	for _, f := range feats {
		if f.kind == 0 {
			narrow, widest = append(narrow, f), max(widest, packStride(f.bins))
			continue
		}
		tiles := (uint32(f.bins) + cells - 1) / cells
		for t := range tiles {
			from, to := uint32(f.bins)*t/tiles, uint32(f.bins)*(t+1)/tiles
			p := devicePack{wide: 1, index: uint32(f.index), groups: 1, count: 1, from: from, stride: to - from}
			p.column[0].first, p.column[0].bins = uint32(f.first)+from, to-from
			packs = append(packs, p)
		}
	}
	if len(narrow) == 0 {
		return packs
	}
	groups := (len(narrow) + 3) / 4
	most := min(packGroups, int(cells/(4*widest)))
	n := (groups + most - 1) / most
	for i := range n {
		from, to := groups*i/n, groups*(i+1)/n
		cols := narrow[4*from : min(4*to, len(narrow))]
		p := devicePack{index: uint32(from), groups: uint32(to - from), count: uint32(len(cols))}
		for k, f := range cols {
			p.column[k].first, p.column[k].bins = uint32(f.first), uint32(f.bins)
			p.stride = max(p.stride, packStride(f.bins))
		}
		packs = append(packs, p)
	}
	return packs
}

// packStride is the least number of cells for so many bins of a narrow column: equal
// bins of two columns shall lie in different banks.
func packStride(bins int32) uint32 { return uint32(bins+31) / 32 * 32 }

// sumPlan are the packs for formats of so many lanes, here and on the device.
type sumPlan struct {
	lanes  int
	packs  []devicePack
	shared int // bytes that the largest needs
	sent   bool
	room   room
}

// plan returns the packs for the format of this tree, with which few trees differ.
func (d *deviceStage) plan() *sumPlan {
	p, lanes := &d.sums, d.g.quant.lanes
	if p.lanes != lanes {
		p.lanes, p.packs, p.shared, p.sent = lanes, devicePacks(d.table(), lanes), 0, false
		for i := range p.packs {
			p.shared = max(p.shared, int(p.packs[i].count*p.packs[i].stride)*8*lanes)
		}
	}
	return p
}

// at returns where the packs are on the device.
func (p *sumPlan) at(s *scope) cu.DevicePtr {
	if !p.sent {
		sendTo(s, &p.room, p.packs)
		p.sent = s.err == nil
	}
	return p.room.memory.at()
}

// sumItem is a run of rows of a node; histogram.cu has the same.
type sumItem struct {
	hist, sibling, rows cu.DevicePtr
	count               uint32
	whole               uint32 // 1 when these are all rows of the node
}

// placeOf returns where the list of a node's rows starts.
func (d *deviceStage) placeOf(n *growNode) cu.DevicePtr {
	return d.rows[n.side].at() + cu.DevicePtr(sizeOf[uint32](n.lo))
}

// sum makes histograms: stage.sum. A node of one item writes its sums, those of others
// meet in a histogram that is clear; so does what they take from the sibling.
func (d *deviceStage) sum(jobs []histJob) error {
	total := 0
	for _, j := range jobs {
		total += d.g.nodes[j.node].rows
	}
	return d.sumBy(jobs, max(leastSumRows, min(cellRows, total*len(d.plan().packs)/sumBlocks)))
}

// sumBy is sum with so many rows in an item, at most cellRows.
func (d *deviceStage) sumBy(jobs []histJob, size int) error {
	f, plan := &d.g.quant.format, d.plan()
	return d.job.run(func(s *scope) {
		var items []sumItem
		var clear []cu.DevicePtr
		for _, j := range jobs {
			n := &d.g.nodes[j.node]
			it := sumItem{hist: d.slot(s, n.slot), whole: 1}
			if j.sibling >= 0 {
				it.sibling = d.slot(s, d.g.nodes[j.sibling].slot)
			}
			if n.rows > size {
				it.whole, clear = 0, append(clear, it.hist)
			}
			for lo := 0; lo == 0 || lo < n.rows; lo += size {
				it.rows = d.placeOf(n) + cu.DevicePtr(sizeOf[uint32](lo))
				it.count = uint32(min(size, n.rows-lo))
				items = append(items, it)
			}
		}
		sent, at := join(bytesOf(items), bytesOf(clear))
		p := sendTo(s, &d.records.sum, sent)
		words := 4 * d.g.layout.bins()
		s.launch(histogramClear, grid{x: len(clear) * ((words + clearWords - 1) / clearWords), block: 256}, p+cu.DevicePtr(at[1]), words)
		s.launch(histogramSum, grid{x: len(items) * len(plan.packs), block: sumThreads, shared: plan.shared},
			p, plan.at(s), d.bins.narrow, d.bins.wide, d.quant, d.weight, d.g.bins.rows, len(plan.packs), f.device(), f.sameH)
	})
}

// rowSpan is a run of rows of a node; histogram.cu has the same.
type rowSpan struct {
	rows        cu.DevicePtr
	count, node uint32
}

// squares returns the sums of squares of nodes: stage.squares.
func (d *deviceStage) squares(ids []int32) ([]square, error) {
	out := make([]square, len(ids))
	var spans []rowSpan
	for i, id := range ids {
		n := &d.g.nodes[id]
		for lo := 0; lo < n.rows; lo += cellRows {
			spans = append(spans, rowSpan{d.placeOf(n) + cu.DevicePtr(sizeOf[uint32](lo)), uint32(min(cellRows, n.rows-lo)), uint32(i)})
		}
	}
	return out, d.job.run(func(s *scope) {
		n, k := sizeOf[rowSpan](len(spans)), sizeOf[square](len(ids))
		p := d.records.square.of(s, n+k)
		sums := p + cu.DevicePtr(n)
		uploadTo(s, p, spans)
		s.zero(sums, k)
		s.launch(histogramSquares, grid{x: len(spans), block: 256}, p, d.quant, d.weight, sums)
		download(s, out, sums)
	})
}
