//go:build cgo && amd64

package kernels

import (
	"slices"
	"unsafe"

	"github.com/geyser-ml/geyser/cgo/native"
)

// nativeLoops are the loops in C.
type nativeLoops struct {
	goLoops
	c native.Loops
}

// nativeJob are the loops of one grower.
type nativeJob struct {
	nativeLoops
	words []native.Word
	feats []native.Feature
	room  int // bins of the widest column
}

// nativeWork is scratch for one thread.
type nativeWork struct {
	cells   []int64
	search  []int64
	won     []uint16
	subtree []int64
	nodes   []native.Node
	sets    []uint64
}

func (l nativeLoops) bind(g *goGrower) loops {
	j := &nativeJob{nativeLoops: l}
	for w, word := range g.layout.words {
		nw := native.Word{Count: int32(len(word.feats)), Cell: int32(g.layout.start[w])}
		if word.wide {
			nw.Wide = 1
		}
		for k, f := range word.feats {
			nw.Feature[k] = int32(f)
		}
		j.words = append(j.words, nw)
	}
	for i := range g.bins.feats {
		f := &g.bins.feats[i]
		nf := native.Feature{
			Word: int32(f.word), Shift: int32(f.shift), Bins: int32(f.bins), Levels: int32(f.levels),
			First: int32(g.layout.first[i]), Cell: int32(g.layout.cell[i]),
		}
		if f.wide != nil {
			nf.Wide = 1
		}
		j.feats = append(j.feats, nf)
		j.room = max(j.room, f.bins)
	}
	return j
}

func (j *nativeJob) scratch(w *work) *nativeWork {
	if w.extra == nil {
		w.extra = &nativeWork{search: make([]int64, native.SearchScratch(j.room)), won: make([]uint16, j.room)}
	}
	return w.extra.(*nativeWork)
}

// formatOf returns a format as C has it.
func formatOf(f *format) native.Format {
	n := native.Format{SameH: f.sameH, G: f.g, H: f.h}
	switch {
	case f.narrow:
		n.Mode = native.Narrow
	case f.lanes == 1:
		n.Mode = native.SameH
	case f.lanes == 2:
		n.Mode = native.H
	default:
		n.Mode = native.HW
	}
	return n
}

// tallyOf is a sum that C made.
func tallyOf(t native.Tally) tally { return tally{t.G, t.H, t.W, t.N} }

// tallies shows sums to C, which has the same struct.
func tallies(t []tally) []native.Tally {
	return unsafe.Slice((*native.Tally)(unsafe.Pointer(unsafe.SliceData(t))), len(t))
}

func (l nativeLoops) measure(q *quantise, lo, hi int) spread {
	s := l.c.Measure(q.derG, q.derH, q.weight, q.sample, lo, hi)
	return spread{rows: int(s.Rows), maxG: s.MaxG, maxH: s.MaxH, minH: s.MinH, bad: s.Bad != 0}
}

func (l nativeLoops) fill(q *quantise, out rowSet, at, lo, hi int) (tally, bool) {
	f := formatOf(&q.format)
	var b []uint64
	if q.lanes > 1 {
		b = out.b[at:]
	}
	t, bad := l.c.Fill(&f, q.w, q.key, q.derG, q.derH, q.weight, q.sample, lo, hi, out.a[at:], b)
	return tallyOf(t), bad
}

func (l nativeLoops) squares(f *format, rows rowSet) (s square) {
	n := formatOf(f)
	s.high, s.low = l.c.Squares(&n, rows.a, rows.b)
	return s
}

func (l nativeLoops) subtract(large, small []tally) { l.c.Subtract(tallies(large), tallies(small)) }

func (l nativeLoops) add(scores []float64, rows []uint64, value float64) {
	l.c.Add(scores, rows, value)
}

func (l nativeLoops) part(f *feature, w *work, in, out rowSet, left, right int, back bool) int {
	return l.c.Part(f.narrow, f.wide, w.table[:], in.a, in.b, out.a, out.b, left, right, back)
}

func (j *nativeJob) sumRows(g *goGrower, w *work, rows rowSet, hist []tally, pack int) {
	f := formatOf(&g.quant.format)
	x := j.scratch(w)
	if need := g.layout.packCells() * f.Lanes(); len(x.cells) < need {
		x.cells = make([]int64, need)
	}
	from, to := g.layout.pack(pack)
	j.c.Sum(&f, j.words, j.feats, g.bins.data, len(j.words), rows.a, rows.b, from, to, x.cells, tallies(hist))
}

// searchOf says what C has to know for a search.
func (j *nativeJob) searchOf(g *goGrower, n *growNode) native.Search {
	return native.Search{
		Format: formatOf(&g.quant.format), Lambda: g.cfg.Lambda, MinW: g.minW, MinH: g.quant.minH, Total: native.Tally{G: n.sum.g, H: n.sum.h, W: n.sum.w, N: n.sum.n},
		UnitW: g.quant.w, Phi: n.noise.phi, Squares: n.noise.squares,
	}
}

func (j *nativeJob) search(g *goGrower, w *work, n *growNode, hist []tally, feats []int32) {
	if g.cfg.Monotone != nil {
		j.goLoops.search(g, w, n, hist, feats)
		return
	}
	x, s := j.scratch(w), j.searchOf(g, n)
	best := native.Best{Score: w.finder.best.score}
	j.c.Search(&s, j.feats, feats, tallies(hist), j.room, x.search, &best, x.won)
	if best.Feature >= 0 {
		w.finder.best = candidate{
			score: best.Score, feature: best.Feature, at: best.At, missingLeft: best.MissingLeft != 0,
			left: tallyOf(best.Left), won: x.won[:best.Levels],
		}
	}
}

// growBytes is what the bins of a subtree's rows may take: the second cache of a core.
const growBytes = 512 << 10

// growRows returns the most rows of a node that grow takes: the smaller trees are, the
// fewer times large data go through memory, and the larger, the evener is the work of
// the threads.
func (j *nativeJob) growRows(g *goGrower) int {
	if j.goes(g) {
		return j.goLoops.growRows(g)
	}
	most := min(native.GrowRows, growBytes/(8*len(j.words)))
	if g.threads > 1 {
		most = min(most, g.bins.rows/(8*g.threads))
	}
	return max(native.CellRows, most)
}

// goes says whether subtrees are grown in Go.
func (j *nativeJob) goes(g *goGrower) bool {
	return g.cfg.Monotone != nil || g.cfg.Allowed != nil || g.cfg.Random
}

func (j *nativeJob) grow(g *goGrower, w *work, root *growNode, out []growNode) []growNode {
	if j.goes(g) {
		return j.goLoops.grow(g, w, root, out)
	}
	first := *root
	first.left, first.found = -1, false
	if !g.maySplit(root.Depth, &root.sum) {
		return append(out, first)
	}
	t := native.Subtree{
		Search: j.searchOf(g, root), MinGain: g.minGain, MinGainShare: g.cfg.MinGain, Path: root.Path,
		DrawKey: drawKey(g.cfg.Seed, g.in.Tree, purposeSplit), Rate: g.in.SplitRate, LevelRate: g.in.LevelRate,
		MaxDepth: int64(g.cfg.MaxDepth), Depth: int64(root.Depth), Rows: int64(root.rows),
		Stride: int32(len(j.words)), Words: int32(len(j.words)), Features: int32(len(j.feats)),
		Cells: int64(g.layout.cells()), Room: int64(j.room),
	}
	if t.Rate <= 0 {
		t.Rate = 1
	}
	if g.weigh && !g.cfg.Bounded {
		t.Search.Weigh, t.Search.Squares = 1, g.quant.squareUnit()
	}
	// Each level has at most half the rows of the one above it, and at least one.
	const levels = 14
	t.Levels = int64(min(levels, g.cfg.MaxDepth-root.Depth+1))
	if root.rows > native.CellRows {
		t.Levels++ // both children of a large node have cells at a time
		t.Tallies = int64(g.layout.bins())
		for n := root.rows; n > native.CellRows; n /= 2 {
			t.Sums++
		}
	}
	x := j.scratch(w)
	if need := native.GrowScratch(&t); len(x.subtree) < need {
		x.subtree = make([]int64, need)
	}
	most := 2*root.rows - 1
	if d := g.cfg.MaxDepth - root.Depth; d < 17 {
		most = min(most, 2<<d-1)
	}
	if len(x.nodes) < most {
		x.nodes = make([]native.Node, most)
	}
	candidates := g.treeFeatures()
	t.Candidates = int32(len(candidates))
	rows := g.rows[root.side].slice(root.lo, root.lo+root.rows)
	for {
		try := t
		n := j.c.Grow(&try, j.words, j.feats, candidates, g.bins.data, rows.a, rows.b, x.subtree, x.nodes, x.sets)
		if n > 0 {
			if root.Depth == 0 { // the only subtree, so no other thread looks
				g.minGain = try.MinGain
			}
			return j.nodes(g, first, x.nodes[:n], x.sets, out)
		}
		x.sets = make([]uint64, max(1024, 2*len(x.sets)))
	}
}

// nodes appends the nodes that C made to those of the grower.
func (j *nativeJob) nodes(g *goGrower, root growNode, made []native.Node, sets []uint64, out []growNode) []growNode {
	words := 0
	for i := range made {
		if made[i].Set >= 0 {
			words += g.setWords(made[i].Feature)
		}
	}
	own := make([]uint64, words)
	out = slices.Grow(out, len(made))[:len(made)]
	out[0] = root
	for i := range made {
		m, n := &made[i], &out[i]
		n.split = Split{Node: n.ID, Feature: -1}
		if m.Left < 0 {
			continue
		}
		n.left, n.found, n.leftSum = m.Left, true, tallyOf(m.LeftSum)
		right := n.sum
		right.sub(&n.leftSum)
		n.split = Split{
			Node: n.ID, Feature: m.Feature, Bin: int(m.At), MissingLeft: m.MissingLeft != 0, Gain: m.Gain,
			Left: g.quant.sum(n.leftSum), Right: g.quant.sum(right),
		}
		if m.Set >= 0 {
			k := g.setWords(m.Feature)
			n.split.Bin, n.split.Set = 0, own[:k:k]
			copy(n.split.Set, sets[m.Set:])
			own = own[k:]
		}
		out[m.Left], out[m.Left+1] = g.children(n)
	}
	return out
}

// setWords returns the length of a set of bins of a feature.
func (g *goGrower) setWords(f int32) int { return (g.layout.width(int(f)) + 63) / 64 }
