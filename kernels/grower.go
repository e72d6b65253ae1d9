package kernels

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/geyser-ml/geyser/kernels/par"
)

// defaultHistBytes is the histogram budget when none is given.
const defaultHistBytes = 256 << 20

// growNode is a node of the tree in the making.
type growNode struct {
	Node
	sum      tally
	lo, rows int   // places of its rows in a buffer
	side     uint8 // which buffer
	parent   int32 // -1 for the root
	left     int32 // its left child; the right one follows; -1 for a leaf
	slot     int32 // its histogram, -1 without
	found    bool  // Level found split
	split    Split
	leftSum  tally  // of the rows that split sends left
	reach    *reach // features it may use; nil for all of the tree's
	noise    noise
}

// goGrower grows trees in host memory. Everything that depends on threads is a
// sum of integers, or is written to places that no other thread writes.
type goGrower struct {
	cfg     GrowerConfig
	bins    *goBins
	threads int
	loops   loops
	layout  layout
	stage   stage
	failed  error // of Rows, which has no way to return it

	weightUnit float64
	minW       int64 // MinRows in units of weight, at least 1

	in      TreeInput
	quant   quantise
	sampled int
	minGain float64 // least gain below the root of this tree
	feats   []int32
	allowed [][]int32 // cfg.Allowed, each set ascending
	weigh   bool      // some feature has levels to weigh
	sparse  bool      // light nodes are summed by themselves, in the columns that they draw
	nodes   []growNode
	rows    [2]rowSet

	slots pool
	mu    sync.Mutex
	works []*work // idle scratch
	small []*subtree
	grown [][]growNode // scratch for subtrees
	made  []Subtree    // what Grow returns
}

// work is the scratch of one thread.
type work struct {
	finder finder
	table  [maxBins + 1]uint8 // by bin: 1 goes left; no index of two bytes needs a check
	block  *block
	cells  cells
	hist   []tally
	order  []int32
	in     []bool
	drawn  []int32
	extra  any // scratch of other loops
}

// NewGrower makes the grower of one training job over bins of this tier.
func (b *goBackend) NewGrower(bins Bins, cfg GrowerConfig) (Grower, error) {
	gb, ok := bins.(*goBins)
	if !ok {
		return nil, fmt.Errorf("bins of type %T: want those that tier %q made", bins, "go")
	}
	g, err := b.newGrower(gb, cfg)
	if err != nil {
		return nil, err
	}
	g.stage = hostStage{g}
	return g, nil
}

// newGrower makes a grower that has no stage yet.
func (b *goBackend) newGrower(gb *goBins, cfg GrowerConfig) (*goGrower, error) {
	g := &goGrower{cfg: cfg, bins: gb, threads: b.threads, layout: newLayout(gb), weightUnit: 1}
	g.loops = b.loops.bind(g)
	if cfg.Weights != nil {
		if cfg.Weights.Len() != gb.rows {
			return nil, fmt.Errorf("%d weights for %d rows", cfg.Weights.Len(), gb.rows)
		}
		largest := 0.0
		for r, w := range cfg.Weights.Host() {
			if !(w >= 0) || math.IsInf(float64(w), 0) {
				return nil, fmt.Errorf("weight %v of row %d: want a finite number that is not negative", w, r)
			}
			largest = max(largest, float64(w))
		}
		g.weightUnit = unit(largest)
	}
	g.minW = max(1, units(cfg.MinRows, g.weightUnit))
	budget := cfg.MaxBytes
	if budget <= 0 {
		budget = defaultHistBytes
	}
	const tallyBytes = 32
	g.slots = pool{size: g.layout.bins(), most: int(max(2, budget/int64(max(1, tallyBytes*g.layout.bins()))))}
	if err := cfg.checkConstraints(gb); err != nil {
		return nil, err
	}
	for _, set := range cfg.Allowed {
		set = slices.Clone(set)
		slices.Sort(set)
		g.allowed = append(g.allowed, set)
	}
	for f := range gb.feats {
		g.feats = append(g.feats, int32(f))
	}
	g.weigh = g.weighLevels()
	return g, nil
}

// Close gives the memory back.
func (g *goGrower) Close() {
	g.stage.close()
	g.slots.close()
	g.nodes = nil
}

// Derivatives returns the buffers that the stage has for them.
func (g *goGrower) Derivatives() (gr, h *Buffer[float32]) { return g.stage.derivatives() }

// Rest lets the stage rest.
func (g *goGrower) Rest() { g.stage.rest() }

// Begin forgets the previous tree, makes the derivatives into integers and
// returns the root. Derivatives that are not finite, or that break the promise of
// GrowerConfig.Bounded, are an error.
func (g *goGrower) Begin(in TreeInput) (Node, error) {
	rows := g.bins.rows
	if in.G.Len() != rows || in.H.Len() != rows || in.InSample != nil && in.InSample.Len() != rows {
		return Node{}, fmt.Errorf("derivatives or sample of another length than %d rows", rows)
	}
	for i, f := range in.Features {
		if f < 0 || int(f) >= len(g.bins.feats) || i > 0 && f <= in.Features[i-1] {
			return Node{}, fmt.Errorf("features %v: want ascending numbers below %d", in.Features, len(g.bins.feats))
		}
	}
	g.in = in
	g.quant = quantise{}
	if g.cfg.Bounded && g.cfg.Weights == nil && rows > narrowRows {
		g.quant.format = format{narrow: true, lanes: 1, g: 1.0 / narrowG, h: 1.0 / narrowH, w: 1}
		g.quant.key = uint32(drawKey(g.cfg.Seed, in.Tree, purposeRound))
	}
	n, sum, err := g.stage.begin(in)
	if err != nil {
		return Node{}, err
	}
	g.sampled = n
	g.quant.minH = g.leastH(sum)
	g.slots.reset()
	g.nodes = append(g.nodes[:0], growNode{
		Node: Node{Path: 1, Sum: g.quant.sum(sum), Low: math.Inf(-1), High: math.Inf(1)}, sum: sum, rows: n, parent: -1, left: -1, slot: -1,
	})
	if g.cfg.Allowed != nil {
		g.nodes[0].reach = newReach(g.allowed, g.treeFeatures())
	}
	if g.weigh && g.cfg.Bounded {
		if err := g.measureNoise([]int32{0}); err != nil {
			return Node{}, err
		}
	}
	g.minGain = 0 // the root's split sets it
	return g.nodes[0].Node, nil
}

// roomForRows sees to memory for the rows of a tree.
func (g *goGrower) roomForRows() {
	for i := range g.rows {
		if g.rows[i].a == nil {
			g.rows[i].a = Alloc[uint64](g.bins.rows)
		}
	}
}

// freeRows gives the memory of rows back.
func (g *goGrower) freeRows() {
	for i := range g.rows {
		Free(g.rows[i].a)
		Free(g.rows[i].b)
		g.rows[i] = rowSet{}
	}
}

// beginRows is stage.begin in host memory.
func (g *goGrower) beginRows(in TreeInput) (int, tally, error) {
	g.roomForRows()
	q := &g.quant
	q.derG, q.derH = in.G.Host(), in.H.Host()
	if g.cfg.Weights != nil {
		q.weight = g.cfg.Weights.Host()
	}
	if in.InSample != nil {
		q.sample = in.InSample.Host()
	}
	n, sum, err := q.run(g.loops, g.threads, g.weightUnit, &g.rows[0])
	if err != nil {
		return 0, tally{}, err
	}
	q.derG, q.derH = nil, nil // they may lie where rows are parted to
	for i := range g.rows {
		switch b := &g.rows[i].b; {
		case q.lanes == 1:
			Free(*b)
			*b = nil
		case *b == nil:
			*b = Alloc[uint64](g.bins.rows)
		}
	}
	return n, sum, nil
}

// units returns v in units, rounded up.
func units(v, unit float64) int64 {
	if n := math.Ceil(v / unit); n < math.MaxInt64/4 {
		return int64(n)
	}
	return math.MaxInt64 / 4
}

// leastH returns the least h of a child, given the sum of the tree's rows.
func (g *goGrower) leastH(sum tally) int64 {
	if g.cfg.MinH == 0 || sum.n == 0 {
		return 0
	}
	root := g.quant.sum(sum)
	return units(min(g.cfg.MinH, g.cfg.MinRows/5, 4*g.cfg.MinRows*root.H/root.W), g.quant.h)
}

// take returns scratch for one thread; put gives it back.
func (g *goGrower) take() *work {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.works); n > 0 {
		w := g.works[n-1]
		g.works = g.works[:n-1]
		return w
	}
	return &work{
		finder: finder{lambda: g.cfg.Lambda, minW: g.minW, monotone: g.cfg.Monotone},
		hist:   make([]tally, g.layout.bins()),
		order:  make([]int32, len(g.feats)),
		in:     make([]bool, len(g.feats)),
	}
}

func (g *goGrower) put(w *work) {
	g.mu.Lock()
	g.works = append(g.works, w)
	g.mu.Unlock()
}

// maySplit says whether a node could have a split at all.
func (g *goGrower) maySplit(depth int, t *tally) bool {
	return depth < g.cfg.MaxDepth && t.w >= 2*g.minW && t.h >= 2*g.quant.minH && t.n >= 2
}

// treeFeatures returns the columns that the tree may use.
func (g *goGrower) treeFeatures() []int32 {
	if g.in.Features != nil {
		return g.in.Features
	}
	return g.feats
}

// candidates returns the columns that a node is allowed to use.
func (g *goGrower) candidates(n *growNode) []int32 {
	if n.reach != nil {
		return n.reach.features
	}
	return g.treeFeatures()
}

// lookAgain is the least weight of a node that looks at all its candidates where none
// of those that it drew can be split.
// Why: a large node that ends by such a draw loses what it could tell; a small one
// that goes on fits noise.
const lookAgain = 64

// light says whether a node is searched in the columns that it draws alone, and has no
// histogram to leave to its children.
func (g *goGrower) light(n *growNode) bool {
	return g.sparse && n.Sum.W < lookAgain && (g.in.SplitRate > 0 && g.in.SplitRate < 1 || g.in.LevelRate > 0)
}

// tinyShare is more than rounding takes from a share of columns that is a whole number.
const tinyShare = 1e-9

// features returns the columns that a node looks at: its candidates, or as many of
// them as its rate says, drawn by its path. Where none of those can be split, a
// node of weight lookAgain looks at all. The result is valid until w is used again.
func (g *goGrower) features(n *growNode, w *work) []int32 {
	all := g.candidates(n)
	rate := g.in.SplitRate
	if rate <= 0 {
		rate = 1
	}
	if g.in.LevelRate > 0 {
		for range n.Depth {
			rate *= g.in.LevelRate
		}
	}
	k := max(1, int(rate*float64(len(all))+tinyShare))
	if k >= len(all) {
		return all
	}
	key := drawKey(g.cfg.Seed, g.in.Tree, purposeSplit)
	order, in := w.order[:len(all)], w.in[:len(all)]
	drawFeatures(drawAt(key, n.Path), k, order, in)
	picked := order[:0]
	for i, yes := range in {
		if yes {
			picked = append(picked, all[i])
		}
	}
	return picked
}

// Level returns the best split of each node, in the order given.
func (g *goGrower) Level(nodes []Node) ([]Split, error) {
	ids, err := g.leafIDs(nodes)
	if err != nil {
		return nil, err
	}
	if err := g.level(ids); err != nil {
		return nil, err
	}
	out := make([]Split, len(nodes))
	for i, id := range ids {
		out[i] = g.nodes[id].split
	}
	return out, nil
}

// leafIDs checks that nodes are leaves of this tree.
func (g *goGrower) leafIDs(nodes []Node) ([]int32, error) {
	ids := make([]int32, len(nodes))
	for i, n := range nodes {
		if n.ID < 0 || int(n.ID) >= len(g.nodes) || g.nodes[n.ID].left >= 0 {
			return nil, fmt.Errorf("node %d is no leaf of this tree", n.ID)
		}
		ids[i] = n.ID
	}
	return ids, nil
}

// level finds the splits of nodes, a batch at a time that fits the budget.
func (g *goGrower) level(ids []int32) error {
	var live []int32
	for _, id := range ids {
		n := &g.nodes[id]
		n.found, n.split = false, Split{Node: id, Feature: -1}
		if g.maySplit(n.Depth, &n.sum) {
			live = append(live, id)
		} else {
			g.release(id)
		}
	}
	for len(live) > 0 {
		k, err := g.histograms(live)
		if err == nil && g.weigh && !g.cfg.Bounded {
			err = g.measureNoise(live[:k])
		}
		if err == nil {
			err = g.search(live[:k])
		}
		if err != nil {
			return err
		}
		for _, id := range live[:k] {
			n := &g.nodes[id]
			right := n.sum
			right.sub(&n.leftSum)
			if !n.found || g.light(n) || !g.maySplit(n.Depth+1, &n.leftSum) && !g.maySplit(n.Depth+1, &right) {
				g.release(id)
			}
		}
		live = live[k:]
	}
	return nil
}

// search finds the split of each node from its histogram.
func (g *goGrower) search(ids []int32) error {
	if g.cfg.Random {
		return g.stage.isolate(ids)
	}
	picked := make([][]int32, len(ids))
	w := g.take()
	for i, id := range ids {
		picked[i] = g.features(&g.nodes[id], w)
		if len(picked[i]) > 0 && &picked[i][0] == &w.order[0] {
			picked[i] = append([]int32(nil), picked[i]...)
		}
	}
	g.put(w)
	if err := g.searchAmong(ids, picked); err != nil {
		return err
	}
	var again []int32
	var all [][]int32
	for i, id := range ids {
		n := &g.nodes[id]
		if c := g.candidates(n); !n.found && len(picked[i]) < len(c) && n.Sum.W >= lookAgain {
			again, all = append(again, id), append(all, c)
		}
	}
	if len(again) == 0 {
		return nil
	}
	return g.searchAmong(again, all)
}

// searchAmong is search with the columns that each node looks at.
func (g *goGrower) searchAmong(ids []int32, picked [][]int32) error {
	found, err := g.stage.search(ids, picked)
	if err != nil {
		return err
	}
	w := g.take()
	defer g.put(w)
	for i, id := range ids {
		f := found[i].feature
		if f < 0 {
			continue
		}
		n := &g.nodes[id]
		w.finder.begin(&g.quant.format, n)
		w.finder.best = found[i]
		own, _ := w.finder.threshold(g.minGain)
		n.split = w.finder.split(id, own, g.layout.width(int(f)), g.bins.feats[f].levels > 0)
		n.leftSum, n.found = found[i].left, true
		g.measureRoot(n)
	}
	return nil
}

// searchSums is stage.search in host memory.
func (g *goGrower) searchSums(ids []int32, picked [][]int32) []candidate {
	const wide = 32 // features of one piece of work
	type item struct{ at, lo, hi int }
	var items []item
	for i := range ids {
		for lo := 0; lo < len(picked[i]); lo += wide {
			items = append(items, item{i, lo, min(lo+wide, len(picked[i]))})
		}
	}
	found := make([]candidate, len(items))
	par.Do(g.threads, len(items), func(i int) {
		w := g.take()
		defer g.put(w)
		it := items[i]
		n := &g.nodes[ids[it.at]]
		w.finder.begin(&g.quant.format, n)
		_, w.finder.best.score = w.finder.threshold(g.minGain)
		g.loops.search(g, w, n, g.slots.hist(n.slot), picked[it.at][it.lo:it.hi])
		found[i] = w.finder.best
		found[i].won = slices.Clone(found[i].won)
	})
	best := make([]candidate, len(ids))
	for i := range best {
		best[i].feature = -1
	}
	for i, it := range items {
		if b := &best[it.at]; found[i].feature >= 0 && (b.feature < 0 || found[i].score > b.score) {
			*b = found[i]
		}
	}
	return best
}

// measureRoot sets the least gain of the tree when n is its root.
func (g *goGrower) measureRoot(n *growNode) {
	if n.Depth == 0 {
		g.minGain = g.cfg.MinGain * n.split.Gain
	}
}

// Apply parts the rows of the split nodes. The splits must be Level's.
func (g *goGrower) Apply(splits []Split) ([]Children, error) {
	ids := make([]int32, len(splits))
	for i := range splits {
		id := splits[i].Node
		if id < 0 || int(id) >= len(g.nodes) || !g.nodes[id].found || g.nodes[id].left >= 0 {
			return nil, fmt.Errorf("node %d has no split of Level to apply", id)
		}
		if splits[i].Feature != g.nodes[id].split.Feature {
			return nil, fmt.Errorf("node %d: split by column %d, Level gave column %d", id, splits[i].Feature, g.nodes[id].split.Feature)
		}
		g.divide(id)
		ids[i] = id
	}
	if err := g.part(ids); err != nil {
		return nil, err
	}
	out := make([]Children, len(splits))
	for i, id := range ids {
		l := g.nodes[id].left
		out[i] = Children{Left: g.nodes[l].Node, Right: g.nodes[l+1].Node}
	}
	return out, nil
}

// part moves the rows of nodes that have a split to the places of their children.
func (g *goGrower) part(ids []int32) error {
	if err := g.stage.part(ids); err != nil {
		return err
	}
	for _, id := range ids {
		n := &g.nodes[id]
		g.nodes[n.left].side, g.nodes[n.left+1].side = 1-n.side, 1-n.side
	}
	return nil
}

// divide appends the children of a node that has a split.
func (g *goGrower) divide(id int32) {
	n := &g.nodes[id]
	n.left = int32(len(g.nodes))
	l, r := g.children(n)
	g.nodes = append(g.nodes, l, r)
}

// children returns the nodes that the split of n makes; n.left must be known.
func (g *goGrower) children(n *growNode) (l, r growNode) {
	l = growNode{sum: n.leftSum, lo: n.lo, rows: int(n.leftSum.n), side: n.side, parent: n.ID, left: -1, slot: -1}
	l.Node = Node{ID: n.left, Path: 2 * n.Path, Depth: n.Depth + 1, Sum: n.split.Left}
	r = growNode{sum: n.sum, lo: n.lo + l.rows, rows: n.rows - l.rows, side: n.side, parent: n.ID, left: -1, slot: -1}
	r.sum.sub(&n.leftSum)
	r.Node = Node{ID: n.left + 1, Path: 2*n.Path + 1, Depth: n.Depth + 1, Sum: n.split.Right}
	l.noise.phi, r.noise.phi = n.noise.phi, n.noise.phi
	g.cfg.confine(n, &l, &r)
	return l, r
}
