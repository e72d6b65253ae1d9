package kernels

import (
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/geyser-ml/geyser/kernels/par"
)

// rankRows is the number of rows that go through all trees together: their ranks
// stay in cache, and a tree is read once for all of them.
const rankRows = 256

// fewRows is the number of rows below which rows go one by one through many trees
// at a time: a single walk waits for memory at each step.
const fewRows = 64

// Predict adds the leaf values of trees [from, to) to out for rows [lo, hi) of
// cols: out[class][row-lo]. Trees are added in order, in float64, so that the
// result equals the scores that Grower.Leaves keeps, to the bit. The first call of
// a range of trees makes it ready, for all later ones.
func (b *goBackend) Predict(f *Forest, cols []Column, lo, hi, from, to int, out [][]float64) error {
	c, err := rankedFor(f, cols, lo, hi, from, to, out)
	if c == nil {
		return err
	}
	if hi-lo <= rankRows {
		c.predict(b.loops, cols, lo, hi-lo, 0, out)
		return nil
	}
	par.For(b.threads, hi-lo, rankRows, func(_, a, z int) { c.predict(b.loops, cols, lo+a, z-a, a, out) })
	return nil
}

// rankedFor checks what Predict is asked for and returns the trees, nil where there is
// nothing to do. out is nil where classes do not matter.
func rankedFor(f *Forest, cols []Column, lo, hi, from, to int, out [][]float64) (*ranked, error) {
	if from < 0 || to > len(f.Roots) || from > to {
		return nil, fmt.Errorf("trees %d to %d of a forest of %d", from, to, len(f.Roots))
	}
	for k := range out {
		if len(out[k]) < hi-lo {
			return nil, fmt.Errorf("class %d: room for %d rows, want %d", k, len(out[k]), hi-lo)
		}
	}
	for t, class := range f.Class[from:to] {
		if out != nil && int(class) >= len(out) {
			return nil, fmt.Errorf("tree %d is of class %d of %d", from+t, class, len(out))
		}
	}
	n, err := rowsOf(cols)
	if err != nil {
		return nil, err
	}
	if lo < 0 || hi < lo || hi > n && n > 0 {
		return nil, fmt.Errorf("rows %d to %d of columns of %d", lo, hi, n)
	}
	if from == to || lo == hi {
		return nil, nil
	}
	c := rankedOf(f, from, to)
	if c.width > len(cols) {
		return nil, fmt.Errorf("%d columns, the trees need %d", len(cols), c.width)
	}
	return c, nil
}

// rankBlock is scratch for the rows of a block.
type rankBlock struct {
	value [rankRows]float64
	lanes [rankRows]uint32
	ranks []uint32  // column after column
	sums  []float64 // scratch of loops: results, class after class
	short []uint16  // scratch of loops: ranks
}

var rankBlocks = sync.Pool{New: func() any { return new(rankBlock) }}

// predict scores n rows from row lo on; their results start at out[class][at].
func (c *ranked) predict(loops loops, cols []Column, lo, n, at int, out [][]float64) {
	b := rankBlocks.Get().(*rankBlock)
	defer rankBlocks.Put(b)
	if need := len(c.columns) * rankRows; len(b.ranks) < need {
		b.ranks = make([]uint32, need)
	}
	few := n < len(c.trees) && n < fewRows
	for i, col := range c.columns[1:] {
		cols[col.column].load(lo, b.value[:n])
		ranks := b.ranks[(i+1)*rankRows:][:rankRows]
		col.rank(loops, b.value[:n], ranks)
		if !few {
			clear(ranks[n:]) // what another forest has left may lead out of this one's bits
		}
	}
	if few {
		for r := range n {
			c.row(b, r, at+r, out)
		}
		return
	}
	loops.walk(c, b, n, at, out)
}

// row scores row r of the block.
func (c *ranked) row(b *rankBlock, r, at int, out [][]float64) {
	for from := 0; from < len(c.trees); from += rankRows {
		trees, depth := c.trees[from:min(from+rankRows, len(c.trees))], 0
		lanes := b.lanes[:len(trees)]
		for i := range trees {
			lanes[i], depth = trees[i].root, max(depth, int(trees[i].depth))
		}
		c.descendRow(lanes, b.ranks, r, depth)
		for i, leaf := range lanes {
			out[trees[i].class][at] += float64(c.value[leaf])
		}
	}
}

// rankedKey names a range of trees by the identity of their nodes. A weak pointer
// never equals that of another array, even one that later lies at its address.
type rankedKey struct {
	left     weak.Pointer[int32]
	from, to int
}

// rankeds keeps the ranges of trees that have been scored, as long as their forest
// is in use.
var rankeds struct {
	mu sync.RWMutex
	of map[rankedKey]func() *ranked
}

// rankedOf returns a range of trees, made ready once.
func rankedOf(f *Forest, from, to int) *ranked {
	key := rankedKey{weak.Make(&f.Left[0]), from, to}
	rankeds.mu.RLock()
	made := rankeds.of[key]
	rankeds.mu.RUnlock()
	if made == nil {
		made = keepRanked(f, key)
	}
	return made()
}

func keepRanked(f *Forest, key rankedKey) func() *ranked {
	rankeds.mu.Lock()
	defer rankeds.mu.Unlock()
	if made := rankeds.of[key]; made != nil {
		return made
	}
	if rankeds.of == nil {
		rankeds.of = map[rankedKey]func() *ranked{}
	}
	g := *f
	made := sync.OnceValue(func() *ranked { return rank(&g, key.from, key.to) })
	rankeds.of[key] = made
	runtime.AddCleanup(&f.Left[0], func(key rankedKey) {
		rankeds.mu.Lock()
		delete(rankeds.of, key)
		rankeds.mu.Unlock()
	}, key)
	return made
}
