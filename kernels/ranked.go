package kernels

import (
	"slices"
	"sync"
)

// ranked is a range of trees made ready for scoring. Every value of a row becomes
// a small number once, its rank; then all splits, of numbers and categories, with
// and without missing values, are one and the same step: node.at says where the
// ranks of the column are, and bit node.off + rank whether to go right. There is
// no branch to guess, and the steps of different rows overlap.
//
// The rank of a category is its code, and each split has bits of its own. The rank
// of a number is how many thresholds of its column lie below it: it goes left of
// threshold j when its rank is at most j. With fewer than k thresholds in every
// column, all splits of numbers share two runs of bits, one for each way that
// missing values, whose rank is 2k, can go:
//
//	missing left   k zeros | k ones | k zeros        threshold j starts at k-1-j
//	missing right  k zeros | k ones | k ones
type ranked struct {
	columns []rankColumn // the first is that of leaves: 0 for all rows
	nodes   []rankNode   // tree after tree, level by level; siblings are neighbours
	value   []float32    // of leaves
	bits    []uint64
	trees   []rankTree
	width   int // number of columns that rows must have

	once    sync.Once
	short   []uint64 // nodes in one word, of loops that want them so; nil where they do not fit
	numbers bool     // they are those of numbers alone
}

// rankNode is a split. A leaf is a split that leads to itself.
type rankNode struct {
	off  uint64
	at   uint32
	next uint32 // left child; the right one follows
}

type rankTree struct {
	root         uint32
	class, depth int32
}

// rankColumn says how the values of a column become ranks.
type rankColumn struct {
	column int
	set    bool
	levels int      // of categories; missing ones have this rank
	cuts   []uint64 // of numbers: order64 keys of the thresholds, padded
	none   uint32   // of numbers: rank of missing values
}

// rank makes trees [from, to) of a forest ready.
func rank(f *Forest, from, to int) *ranked {
	c := &ranked{columns: make([]rankColumn, 1)}
	var order []int32 // nodes of f, in the new order
	var index rankIndex
	for _, root := range f.Roots[from:to] {
		t := rankTree{root: uint32(len(order)), class: f.Class[from+len(c.trees)]}
		order = append(order, root)
		for at, end := len(order)-1, len(order); ; t.depth++ {
			for ; at < end; at++ {
				i, n := order[at], rankNode{next: uint32(at)}
				if f.Left[i] >= 0 {
					n = rankNode{at: c.column(f, i, &index), next: uint32(len(order))}
					order = append(order, f.Left[i], f.Right[i])
				}
				c.nodes, c.value = append(c.nodes, n), append(c.value, f.Value[i])
			}
			if end = len(order); at == end {
				break
			}
		}
		c.trees = append(c.trees, t)
	}
	k := c.close()
	for at, i := range order {
		if f.Left[i] < 0 {
			continue
		}
		n := &c.nodes[at]
		col := &c.columns[n.at/rankRows]
		switch {
		case col.set:
			n.off = 64 * uint64(len(c.bits))
			c.addSet(f, i, col.levels)
			continue
		case f.MissingLeft[i] == 0:
			n.off = 3 * k
		}
		j, _ := slices.BinarySearch(col.cuts, order64(f.Threshold[i]+0))
		n.off += k - 1 - uint64(j)
	}
	return c
}

// rankIndex holds the place of the ranks of a column, split by thresholds and by
// sets; 0 stands for none yet.
type rankIndex [2][]uint32

// column returns where the ranks for node i of f are, and takes note of what its
// split asks for.
func (c *ranked) column(f *Forest, i int32, index *rankIndex) uint32 {
	j, set, kind := int(f.Feature[i]), f.SetAt[i] >= 0, 0
	if set {
		kind = 1
	}
	for len(index[kind]) <= j {
		index[kind] = append(index[kind], 0)
	}
	at := &index[kind][j]
	if *at == 0 {
		*at = uint32(len(c.columns))
		c.columns = append(c.columns, rankColumn{column: j, set: set})
		c.width = max(c.width, j+1)
	}
	if col := &c.columns[*at]; set {
		col.levels = max(col.levels, int(f.SetLen[i]))
	} else {
		col.cuts = append(col.cuts, order64(f.Threshold[i]+0))
	}
	return *at * rankRows
}

// close sorts the thresholds, writes the runs of bits for numbers and returns k.
func (c *ranked) close() uint64 {
	most := 0
	for i := range c.columns {
		col := &c.columns[i]
		slices.Sort(col.cuts)
		col.cuts = slices.Compact(col.cuts)
		most = max(most, len(col.cuts))
	}
	k := uint64(most + 1)
	for i := range c.columns {
		c.columns[i].none, c.columns[i].cuts = uint32(2*k), padCuts(c.columns[i].cuts)
	}
	c.bits = make([]uint64, (6*k+63)/64)
	for b := k; b < 6*k; b++ {
		if b < 2*k || b >= 4*k {
			c.bits[b/64] |= 1 << (b % 64)
		}
	}
	return k
}

// addSet appends the bits of a split of categories: those without a bit in the
// node's set, and the missing ones, go where missing goes.
func (c *ranked) addSet(f *Forest, i int32, levels int) {
	first, own := len(c.bits), int(f.SetLen[i])
	for _, w := range f.Sets[f.SetAt[i]:][:(own+63)/64] {
		c.bits = append(c.bits, ^w)
	}
	for len(c.bits) < first+levels/64+1 {
		c.bits = append(c.bits, 0)
	}
	for b := own; b <= levels; b++ {
		w := &c.bits[first+b/64]
		*w &^= 1 << (b % 64)
		if f.MissingLeft[i] == 0 {
			*w |= 1 << (b % 64)
		}
	}
}

// rank writes the ranks of values, which it may change.
func (c *rankColumn) rank(loops loops, x []float64, out []uint32) {
	if !c.set {
		loops.places32(c.cuts, x, out, 0, c.none)
		return
	}
	out = out[:len(x)]
	for i, v := range x {
		out[i] = uint32(c.levels)
		if v >= 0 && v < float64(c.levels) {
			out[i] = uint32(v)
		}
	}
}

// descend moves all rows of a block, each at a node, so many levels down.
//
// Why the test of a bit is a condition: it becomes one instruction and no branch,
// and needs no register of its own as a shift does. Why always a whole block: with
// a length to keep, the loop would spill its counter.
//
//go:noinline
func (c *ranked) descend(lanes *[rankRows]uint32, ranks []uint32, depth int) {
	nodes, bits, at := c.nodes, c.bits, lanes[:]
	for ; depth > 0; depth-- {
		for row, i := range at {
			n := &nodes[i]
			p := n.off + uint64(ranks[n.at+uint32(row)])
			right := uint32(0)
			if bits[p/64]&(1<<(p%64)) != 0 {
				right = 1
			}
			at[row] = n.next + right
		}
	}
}

// descendRow moves one row, at a node of each of several trees, so many levels down.
//
//go:noinline
func (c *ranked) descendRow(lanes, ranks []uint32, row, depth int) {
	nodes, bits := c.nodes, c.bits
	ranks = ranks[row:]
	for ; depth > 0; depth-- {
		for t, i := range lanes {
			n := &nodes[i]
			p := n.off + uint64(ranks[n.at])
			right := uint32(0)
			if bits[p/64]&(1<<(p%64)) != 0 {
				right = 1
			}
			lanes[t] = n.next + right
		}
	}
}
