package tree

import (
	"encoding/binary"
	"sync"

	"github.com/geyser-ml/geyser/engine/frame"
)

// walkRows is the number of rows that go through a tree together.
const walkRows = 2048

// ones has a 1 in each byte.
const ones = 0x0101010101010101

// walker takes a block of rows through trees. A row has one byte in each lane; a
// lane of a path holds eight of its players, the bit of a player set as long as all
// its conditions on the path hold, so that eight rows are narrowed at a time.
type walker struct {
	f       *Forest
	cols    []*frame.Column
	lo, n   int
	columns []walkColumn
	left    []byte
	pattern []byte
	lanes   [][]byte // scratch, by depth

	plan     *plan
	from, to int
	visit    func(*group)
	path     []int32
	above    [][]byte // lanes of the path

	wide wideScratch
}

// walkColumn is a column of the block: values, and where they are missing.
type walkColumn struct {
	loaded  bool
	values  []float64
	missing []byte // 1 where missing; empty when nothing is
}

// walkers keeps walkers of one forest.
type walkers struct {
	f    *Forest
	pool sync.Pool
}

func newWalkers(f *Forest) *walkers { return &walkers{f: f} }

// get returns a walker for rows [lo, hi).
func (p *walkers) get(cols []*frame.Column, lo, hi int) *walker {
	w, _ := p.pool.Get().(*walker)
	if w == nil {
		w = &walker{f: p.f, left: make([]byte, walkRows), pattern: make([]byte, walkRows)}
	}
	if len(w.columns) < len(cols) {
		w.columns = make([]walkColumn, len(cols))
	}
	w.cols, w.lo, w.n = cols, lo, hi-lo
	for j := range w.columns {
		w.columns[j].loaded = false
	}
	return w
}

func (p *walkers) put(w *walker) {
	w.cols, w.plan, w.visit = nil, nil, nil
	p.pool.Put(w)
}

// run calls visit for groups [from, to) of a plan, the state of the path being that
// of the group.
func (w *walker) run(p *plan, from, to int, visit func(*group)) {
	w.plan, w.from, w.to, w.visit = p, from, to, visit
	w.path, w.above = w.path[:0], w.above[:0]
	w.walk(0, 0)
}

func (w *walker) walk(at, depth int) {
	n := &w.plan.nodes[at]
	if n.to <= w.from || n.from >= w.to {
		return
	}
	if n.group >= 0 {
		w.visit(&w.plan.groups[n.group])
		return
	}
	for len(w.lanes) < 2*depth+2 {
		w.lanes = append(w.lanes, make([]byte, walkRows))
	}
	left, mine := w.lanes[2*depth], w.lanes[2*depth+1]
	w.goesLeft(n.node, left)
	player, k := w.f.player(n.node), 0
	for k < len(w.path) && w.path[k] != player {
		k++
	}
	known, lane := k < len(w.path), k/8
	if !known {
		w.path = append(w.path, player)
	}
	var before []byte
	if lane < len(w.above) {
		before = w.above[lane]
	} else {
		w.above = append(w.above, nil)
	}
	w.above[lane] = mine
	narrow(mine[:w.n], before, left, uint(k%8), known, 0)
	w.walk(n.left, depth+1)
	narrow(mine[:w.n], before, left, uint(k%8), known, ones)
	w.walk(n.right, depth+1)
	if !known {
		w.path = w.path[:len(w.path)-1]
	}
	if w.above[lane] = before; before == nil {
		w.above = w.above[:lane]
	}
}

// narrow writes a lane whose bit of one player is that of before, where it is known
// there, and the condition that the row goes left, or right when flip is ones.
func narrow(dst, before, left []byte, bit uint, known bool, flip uint64) {
	keep := ^(uint64(ones) << bit)
	for i := 0; i < len(dst); i += 8 {
		c := (binary.LittleEndian.Uint64(left[i:]) ^ flip) << bit
		s := uint64(0)
		if before != nil {
			s = binary.LittleEndian.Uint64(before[i:])
		}
		if known {
			s &= c | keep
		} else {
			s |= c
		}
		binary.LittleEndian.PutUint64(dst[i:i+8:cap(dst)], s)
	}
}

// goesLeft writes 1 for rows that go left at split i, 0 for others.
func (w *walker) goesLeft(i int32, out []byte) {
	f := w.f
	c := w.column(f.Feature[i])
	out = out[:len(c.values)]
	if f.SetAt[i] >= 0 {
		set, levels := f.Sets[f.SetAt[i]:], float64(f.SetLen[i])
		for r, v := range c.values {
			b := f.MissingLeft[i]
			if v >= 0 && v < levels {
				code := uint(v)
				b = uint8(set[code/64] >> (code % 64) & 1)
			}
			out[r] = b
		}
		return
	}
	t := f.Threshold[i]
	for r, v := range c.values {
		b := uint8(0)
		if v <= t {
			b = 1
		}
		out[r] = b
	}
	if f.MissingLeft[i] == 1 && len(c.missing) > 0 {
		for r, m := range c.missing[:len(out)] {
			out[r] |= m
		}
	}
}

// column returns a column of the block.
func (w *walker) column(j int32) *walkColumn {
	c := &w.columns[j]
	if c.loaded {
		return c
	}
	c.loaded = true
	c.values = w.cols[j].Floats(w.lo, w.lo+w.n, c.values)
	c.missing = c.missing[:0]
	for r, v := range c.values {
		if v != v {
			if len(c.missing) == 0 {
				c.missing = append(c.missing, make([]byte, w.n)...)
			}
			c.missing[r] = 1
		}
	}
	return c
}

// patternOf returns the pattern of each row in a group that is not wide.
func (w *walker) patternOf(g *group) []byte {
	out := w.pattern[:w.n]
	if g.above > 0 {
		copy(out, w.above[0])
	} else {
		clear(out)
	}
	for k, i := range g.splits {
		w.goesLeft(i, w.left)
		bit := uint(g.above + k)
		for r := 0; r < len(out); r += 8 {
			p := binary.LittleEndian.Uint64(w.pattern[r:]) | binary.LittleEndian.Uint64(w.left[r:])<<bit
			binary.LittleEndian.PutUint64(w.pattern[r:], p)
		}
	}
	return out
}

// add adds what a group gives to the rows: out[player][at:].
func (w *walker) add(g *group, out [][]float64, at int) {
	if g.wide {
		w.addWide(g, out, at)
		return
	}
	if len(g.players) == 0 {
		return
	}
	pattern := w.patternOf(g)
	for k, player := range g.players {
		addTable(out[player][at:at+w.n], pattern, (*[patterns]float64)(g.table[patterns*k:]))
	}
}

func addTable(dst []float64, pattern []byte, table *[patterns]float64) {
	pattern = pattern[:len(dst)]
	for r := range dst {
		dst[r] += table[pattern[r]]
	}
}
