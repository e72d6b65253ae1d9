//go:build cuda

package kernels

import (
	"math"
	"unsafe"

	"gorgonia.org/cu"
)

var (
	searchColumns = newKernel("search_columns")
	searchNodes   = newKernel("search_nodes")
)

// Limits of a search, the same for all kernels that walk through the bins of columns.
const (
	mostThreads = 256      // of a block; search.h has it, too
	sharedKeys  = 4096     // levels of which a block keeps the order in shared memory
	winnerBytes = 48       // of Winner of search.cu
	foundWords  = 10       // of Found
	firstBins   = 32 << 10 // bins of levels that come back with the records; more come in a second copy
)

// scratchBytes bounds the memory for the order of columns of more levels. Blocks take one
// node after the other where it is not enough for all at once.
var scratchBytes int64 = 64 << 20

// searchRooms is the memory of searches.
type searchRooms struct {
	call, winners, keys, found room
	signs                      *memory // int8 a column: GrowerConfig.Monotone
	values                     *memory // float64 a bin: GrowerConfig.Values
}

func (r *searchRooms) free() {
	for _, m := range []*room{&r.call, &r.winners, &r.keys, &r.found} {
		m.free()
	}
	r.signs.free()
	r.values.free()
	r.signs, r.values = nil, nil
}

// pickedList is the columns of nodes, one node after the other; one with the columns of the
// node before shares them.
type pickedList struct {
	all    []uint64
	last   int // where those of the last node are
	widest int // most columns of a node
}

func (p *pickedList) add(feats []int32) {
	same := len(feats) == len(p.all)-p.last
	for i := 0; i < len(feats) && same; i++ {
		same = p.all[p.last+i] == uint64(feats[i])
	}
	if same {
		return
	}
	p.last = len(p.all)
	p.widest = max(p.widest, len(feats))
	for _, f := range feats {
		p.all = append(p.all, uint64(f))
	}
}

// searchThreads returns the threads of a block, a bin each, and the most bins of a column
// of levels.
func (d *deviceStage) searchThreads() (threads, levels int) {
	bins := 0
	for f := range d.g.bins.feats {
		v := &d.g.bins.feats[f]
		bins = max(bins, v.bins-1)
		if v.levels > 0 {
			levels = max(levels, v.bins-1)
		}
	}
	return max(32, min(mostThreads, (bins+31)/32*32)), levels
}

// search runs two kernels: the best split by each column of each node, and the best of
// each node. The scores to beat come from the host, records go back.
func (d *deviceStage) search(ids []int32, picked [][]int32) ([]candidate, error) {
	out := make([]candidate, len(ids))
	for i := range out {
		out[i].feature = -1
	}
	g := d.g
	threads, levels := d.searchThreads()
	f := &g.quant.format
	words := []uint64{
		math.Float64bits(g.cfg.Lambda), math.Float64bits(f.g), math.Float64bits(f.h), math.Float64bits(f.w), uint64(g.minW), uint64(f.minH), 0,
	}
	nodesAt := len(words)
	var lists pickedList
	w := g.take()
	for i, id := range ids {
		n := &g.nodes[id]
		lists.add(picked[i])
		w.finder.begin(f, n)
		_, need := w.finder.threshold(g.minGain)
		words = append(words, uint64(d.hist[n.slot].at()), uint64(n.sum.g), uint64(n.sum.h), uint64(n.sum.w), uint64(n.sum.n),
			math.Float64bits(need), math.Float64bits(n.Low), math.Float64bits(n.High), math.Float64bits(n.noise.phi), math.Float64bits(n.noise.squares),
			uint64(lists.last), uint64(len(picked[i])))
	}
	g.put(w)
	if lists.widest == 0 {
		return out, nil
	}
	words[nodesAt-1] = uint64(lists.widest)
	listAt := len(words)
	words = append(words, lists.all...)

	items := len(ids) * lists.widest
	blocks, keys := [2]int{min(items, mostBlocks), len(ids)}, 1 // a block may take several
	for keys < levels {
		keys *= 2
	}
	shared := 0
	if levels > 0 {
		shared = 32 * threads
	}
	if keys <= sharedKeys {
		shared += 8 * keys
	} else {
		most := int(max(1, scratchBytes/int64(8*keys)))
		blocks = [2]int{min(items, most), min(len(ids), most)}
	}
	// What comes back: how many bins of levels, the nodes, and the bins.
	head := 1 + foundWords*len(ids)
	first := min(len(ids)*levels, firstBins)
	back := make([]uint64, head+(first+3)/4)
	var bins []uint16
	err := d.job.run(func(s *scope) {
		call := sendTo(s, &d.seek.call, words)
		nodes, list := call+cu.DevicePtr(8*nodesAt), call+cu.DevicePtr(8*listAt)
		winners := d.seek.winners.of(s, winnerBytes*int64(items))
		found := d.seek.found.of(s, 8*int64(head)+2*int64(len(ids)*levels+3))
		records, won := found+8, found+cu.DevicePtr(8*head)
		scratch := cu.DevicePtr(0)
		if keys > sharedKeys {
			scratch = d.seek.keys.of(s, 8*int64(keys)*int64(blocks[0]))
		}
		if g.cfg.Monotone != nil && d.seek.signs == nil {
			d.seek.signs = holdOf[int8](s, len(g.cfg.Monotone))
			uploadTo(s, d.seek.signs.at(), g.cfg.Monotone)
		}
		s.zero(found, 8)
		s.launch(searchColumns, grid{x: blocks[0], block: threads, shared: shared}, call, nodes, list, d.bins.table, d.seek.signs, scratch, keys, winners, items)
		s.launch(searchNodes, grid{x: blocks[1], block: threads, shared: shared}, call, nodes, list, d.bins.table, scratch, keys, winners, len(ids), found, records, won)
		download(s, back, found)
		if s.err != nil {
			return
		}
		if used := int(back[0]); used <= first {
			bins = unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(back[head:]))), used)
		} else {
			bins = make([]uint16, used)
			download(s, bins, won)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		r := back[1+foundWords*i:][:foundWords]
		if int64(r[5]) < 0 {
			continue
		}
		c := &out[i]
		c.score, c.feature, c.at, c.missingLeft = math.Float64frombits(r[0]), int32(r[5]), int32(r[6]), r[7] != 0
		c.left = tally{int64(r[1]), int64(r[2]), int64(r[3]), int64(r[4])}
		c.won = bins[r[8]:][:r[9]:r[9]]
	}
	return out, nil
}
