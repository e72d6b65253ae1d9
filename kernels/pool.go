package kernels

import (
	"sync"

	"github.com/geyser-ml/geyser/kernels/par"
)

// pool holds the histograms of a tree: at most so many that the budget is kept.
type pool struct {
	size, most int
	slots      []*slot
	free       []int32
}

type slot struct {
	mu    sync.Mutex
	tally []tally
}

func (p *pool) hist(s int32) []tally { return p.slots[s].tally }

// reset frees all histograms.
func (p *pool) reset() {
	p.free = p.free[:0]
	for s := len(p.slots) - 1; s >= 0; s-- {
		p.free = append(p.free, int32(s))
	}
}

// room returns how many histograms can still be had.
func (p *pool) room() int { return len(p.free) + p.most - len(p.slots) }

// get returns a histogram of zeros.
func (p *pool) get() int32 {
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		clear(p.slots[s].tally)
		return s
	}
	p.slots = append(p.slots, &slot{tally: Alloc[tally](p.size)})
	return int32(len(p.slots) - 1)
}

// close gives the memory back.
func (p *pool) close() {
	for _, s := range p.slots {
		Free(s.tally)
	}
	*p = pool{}
}

// release gives the histogram of a node back.
func (g *goGrower) release(id int32) {
	if n := &g.nodes[id]; n.slot >= 0 {
		g.slots.free = append(g.slots.free, n.slot)
		n.slot = -1
	}
}

// histJob makes the histogram of a node, and by subtraction that of its sibling,
// which lies where the parent's was.
type histJob struct{ node, sibling int32 }

// histograms makes the histograms of as many of the first nodes as the budget
// allows, and returns their number.
func (g *goGrower) histograms(ids []int32) (int, error) {
	var jobs []histJob
	busy := map[int32]bool{} // nodes whose histograms this batch reads
	k := 0
	for ; k < len(ids); k++ {
		n := &g.nodes[ids[k]]
		if n.slot >= 0 {
			busy[n.ID] = true
			continue
		}
		job := histJob{n.ID, -1}
		if p := n.parent; p >= 0 && g.nodes[p].slot >= 0 {
			l := g.nodes[p].left
			job = histJob{l, l + 1}
			if g.nodes[l+1].rows < g.nodes[l].rows {
				job = histJob{l + 1, l}
			}
			// The larger child takes the parent's place at once, so that it is kept.
			g.nodes[job.sibling].slot, g.nodes[p].slot = g.nodes[p].slot, -1
			busy[job.sibling] = true
		}
		if !g.evict(busy) {
			if job.sibling >= 0 {
				g.nodes[n.parent].slot, g.nodes[job.sibling].slot = g.nodes[job.sibling].slot, -1
			}
			break
		}
		g.nodes[job.node].slot = g.slots.get()
		busy[job.node] = true
		jobs = append(jobs, job)
	}
	return k, g.stage.sum(jobs)
}

// evict sees to room for one histogram, by dropping one that is not busy.
//
// Why the latest node's: nodes are asked for in order, so an early one is needed
// sooner. What was dropped is summed from its rows when it is needed.
func (g *goGrower) evict(busy map[int32]bool) bool {
	for id := int32(len(g.nodes)) - 1; g.slots.room() == 0; id-- {
		if id < 0 {
			return false
		}
		if !busy[id] {
			g.release(id)
		}
	}
	return true
}

// sumRows is stage.sum in host memory: first sums of rows, by chunks and groups of
// words, then subtractions.
func (g *goGrower) sumRows(jobs []histJob) {
	type item struct {
		node         *growNode
		lo, hi, pack int
	}
	var items []item
	for _, j := range jobs {
		n := &g.nodes[j.node]
		for lo := n.lo; lo < n.lo+n.rows; lo += itemRows {
			for p := range g.layout.packs() {
				items = append(items, item{n, lo, min(lo+itemRows, n.lo+n.rows), p})
			}
		}
	}
	par.Do(g.threads, len(items), func(i int) {
		w := g.take()
		defer g.put(w)
		it := items[i]
		s := g.slots.slots[it.node.slot]
		rows := g.rows[it.node.side].slice(it.lo, it.hi)
		if it.hi-it.lo == it.node.rows {
			g.loops.sumRows(g, w, rows, s.tally, it.pack)
			return
		}
		g.loops.sumRows(g, w, rows, w.hist, it.pack)
		from, to := g.layout.pack(it.pack)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, word := range g.layout.words[from:to] {
			for _, f := range word.feats {
				merge(s.tally[g.layout.first[f]:g.layout.first[f+1]], w.hist[g.layout.first[f]:g.layout.first[f+1]])
			}
		}
	})
	par.Do(g.threads, len(jobs), func(i int) {
		if j := jobs[i]; j.sibling >= 0 {
			g.loops.subtract(g.slots.hist(g.nodes[j.sibling].slot), g.slots.hist(g.nodes[j.node].slot))
		}
	})
}

// merge adds from to into, and clears it.
func merge(into, from []tally) {
	from = from[:len(into)]
	for b := range into {
		into[b].add(&from[b])
		from[b] = tally{}
	}
}
