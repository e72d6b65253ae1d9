//go:build cuda

package kernels

import (
	"slices"

	"gorgonia.org/cu"
)

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
	wide          uint32 // 1 for a wide column
	groups, count uint32 // words of a row, at least 1, and columns in them
	from          uint32 // first bin of a wide column
	stride        uint32 // cells of a column
	used          uint32 // bit f is 1 where column f is one of those that are summed
	index         [packGroups]uint32
	column        [4 * packGroups]struct{ first, bins uint32 }
}

// packWord is a word of a row, with those of its columns that are summed.
type packWord struct {
	index uint32
	of    [4]*deviceFeature
}

// devicePacks deals columns out, in ascending order, so that the cells of a pack fit
// shared memory. Only wide columns are cut; words without a column are not read.
func devicePacks(feats []deviceFeature, lanes int) (packs []devicePack) {
	cells := uint32(sharedCells / lanes)
	var words []packWord
	widest := uint32(0)
	for i := range feats {
		f := &feats[i]
		if f.kind == 0 {
			if n := len(words); n == 0 || words[n-1].index != uint32(f.index) {
				words = append(words, packWord{index: uint32(f.index)})
			}
			words[len(words)-1].of[f.shift/8] = f
			widest = max(widest, packStride(f.bins))
			continue
		}
		tiles := (uint32(f.bins) + cells - 1) / cells
		for t := range uint64(tiles) {
			from, to := uint32(uint64(f.bins)*t/uint64(tiles)), uint32(uint64(f.bins)*(t+1)/uint64(tiles))
			p := devicePack{wide: 1, groups: 1, count: 1, from: from, stride: to - from, used: 1}
			p.index[0] = uint32(f.index)
			p.column[0].first, p.column[0].bins = uint32(f.first)+from, to-from
			packs = append(packs, p)
		}
	}
	if len(words) == 0 {
		return packs
	}
	most := min(packGroups, int(cells/(4*widest)))
	n := (len(words) + most - 1) / most
	for i := range n {
		part := words[len(words)*i/n : len(words)*(i+1)/n]
		p := devicePack{groups: uint32(len(part))}
		for k, word := range part {
			p.index[k] = word.index
			for byte, f := range word.of {
				if at := 4*k + byte; f != nil {
					p.column[at].first, p.column[at].bins = uint32(f.first), uint32(f.bins)
					p.used, p.count = p.used|1<<at, uint32(at+1)
					p.stride = max(p.stride, packStride(f.bins))
				}
			}
		}
		packs = append(packs, p)
	}
	return packs
}

// packStride is the least number of cells for so many bins of a narrow column: equal
// bins of two columns shall lie in different banks.
func packStride(bins int32) uint32 { return uint32(bins+31) / 32 * 32 }

// sumPlan are the packs of some columns for formats of so many lanes, here and on the
// device.
type sumPlan struct {
	lanes    int
	features []int32
	packs    []devicePack
	where    []packPlace // of all columns; those that are not summed have no pack
	shared   int         // bytes that the largest pack needs
	sent     bool
	room     room
}

// packPlace is the packs that sum a column, and its number there.
type packPlace struct{ first, packs, column uint32 }

// placesOf finds columns, of which there are n, in packs.
func placesOf(packs []devicePack, features []int32, table []deviceFeature) []packPlace {
	out := make([]packPlace, len(table))
	byFirst := make(map[uint32]int32, len(features)) // by the place of bin 0
	for _, f := range features {
		byFirst[uint32(table[f].first)] = f
	}
	for i := range packs {
		p := &packs[i]
		for k, c := range p.column {
			if p.used>>k&1 == 0 {
				continue
			}
			place := &out[byFirst[c.first-p.from]]
			if place.packs == 0 {
				place.first, place.column = uint32(i), uint32(k)
			}
			place.packs++
		}
	}
	return out
}

// plan returns the packs of the columns that this tree may use, for its format. Sums of
// other columns stay undefined, and nobody looks at them.
func (d *deviceStage) plan() *sumPlan {
	p, lanes, features := &d.sums, d.g.quant.lanes, d.g.candidates(&d.g.nodes[0])
	if p.lanes == lanes && slices.Equal(p.features, features) {
		return p
	}
	var table []deviceFeature
	for _, f := range features {
		table = append(table, d.table()[f])
	}
	p.lanes, p.features, p.packs, p.shared, p.sent = lanes, slices.Clone(features), devicePacks(table, lanes), 0, false
	p.where = placesOf(p.packs, features, d.table())
	for i := range p.packs {
		p.shared = max(p.shared, int(p.packs[i].count*p.packs[i].stride)*8*lanes)
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
	mask                uint64 // 1 more than the place of its masks; 0 where all columns are summed
}

// appendMasks appends for each pack the columns that a node looks at.
func (d *deviceStage) appendMasks(masks []uint32, n *growNode, w *work) []uint32 {
	p, at := &d.sums, len(masks)
	masks = append(masks, make([]uint32, len(p.packs))...)
	for _, f := range d.g.features(n, w) {
		place := p.where[f]
		for k := range place.packs {
			masks[at+int(place.first+k)] |= 1 << place.column
		}
	}
	return masks
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
	var masks []uint32
	of := make([]uint64, len(jobs))
	w := d.g.take()
	for i, j := range jobs {
		if n := &d.g.nodes[j.node]; j.sibling < 0 && d.g.light(n) {
			of[i] = uint64(len(masks)) + 1
			masks = d.appendMasks(masks, n, w)
		}
	}
	d.g.put(w)
	return d.job.run(func(s *scope) {
		var items []sumItem
		var clear []cu.DevicePtr
		for i, j := range jobs {
			n := &d.g.nodes[j.node]
			it := sumItem{hist: d.slot(s, n.slot), whole: 1, mask: of[i]}
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
		sent, at := join(bytesOf(items), bytesOf(clear), bytesOf(masks))
		p := sendTo(s, &d.records.sum, sent)
		words := 4 * d.g.layout.bins()
		blocks := (words + clearWords - 1) / clearWords
		for lo, hi := range launches(len(clear), blocks) {
			s.launch(histogramClear, grid{x: (hi - lo) * blocks, block: 256}, p+cu.DevicePtr(at[1]+sizeOf[cu.DevicePtr](lo)), words)
		}
		for lo, hi := range launches(len(items), len(plan.packs)) {
			s.launch(histogramSum, grid{x: (hi - lo) * len(plan.packs), block: sumThreads, shared: plan.shared}, p+cu.DevicePtr(sizeOf[sumItem](lo)),
				plan.at(s), p+cu.DevicePtr(at[2]), d.bins.narrow, d.bins.wide, d.quant, d.weight, d.g.bins.rows, len(plan.packs), f.device(), f.sameH)
		}
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
