package kernels

import (
	"fmt"
	"slices"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Leaves adds each leaf's value to the score of its rows. Rows outside the sample
// find their leaf by their bins.
func (g *goGrower) Leaves(values []LeafValue, scores *Buffer[float64], which Which) error {
	if scores.Len() != g.bins.rows {
		return fmt.Errorf("%d scores for %d rows", scores.Len(), g.bins.rows)
	}
	for _, v := range values {
		if int(v.Node) >= len(g.nodes) || v.Node < 0 || g.nodes[v.Node].left >= 0 {
			return fmt.Errorf("node %d is no leaf of this tree", v.Node)
		}
	}
	if g.failed != nil {
		return g.failed
	}
	return g.stage.leaves(values, scores, which)
}

// addLeaves is stage.leaves in host memory.
func (g *goGrower) addLeaves(values []LeafValue, scores *Buffer[float64], which Which) {
	type item struct {
		side   uint8
		lo, hi int
		value  float64
	}
	var items []item
	for _, v := range values {
		n := &g.nodes[v.Node]
		if which == OutsideRows {
			break
		}
		for lo := n.lo; lo < n.lo+n.rows; lo += itemRows {
			items = append(items, item{n.side, lo, min(lo+itemRows, n.lo+n.rows), float64(v.Value)})
		}
	}
	s := scores.HostWrite()
	par.Do(g.threads, len(items), func(i int) {
		it := &items[i]
		g.loops.add(s, g.rows[it.side].a[it.lo:it.hi], it.value)
	})
	if g.sampled < g.bins.rows {
		g.addOutside(values, s)
	}
}

// Rows returns the rows of a node that are in the sample, in row order. An error comes
// up in Leaves.
func (g *goGrower) Rows(node int32) []uint32 {
	out := g.appendRows(nil, node)
	if g.nodes[node].left >= 0 {
		slices.Sort(out)
	}
	return out
}

func (g *goGrower) appendRows(out []uint32, node int32) []uint32 {
	n := &g.nodes[node]
	if n.left >= 0 {
		return g.appendRows(g.appendRows(out, n.left), n.left+1)
	}
	rows, err := g.stage.list(n)
	if err != nil && g.failed == nil {
		g.failed = err
	}
	return append(out, rows...)
}
