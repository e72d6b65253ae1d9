// Package tree grows and keeps decision trees for the algorithms that are made
// of them: gradient boosting, random forests, isolation forests. It drives a
// kernels.Grower level by level, turns its splits on bins into splits on values,
// and holds the result as one compact forest.
//
// A tree minimises the second-order expansion of a loss around the current
// scores (Ref: Friedman 2001; Chen and Guestrin 2016, eq. 6):
//
//	sum over leaves of  G v + (H + lambda) v² / 2
//
// with G and H the sums of first and second derivatives of a leaf's rows, whose
// best value is v = -G/(H + lambda) and whose gain decides the splits. H2O splits
// by the reduction of squared error of the residuals instead: the same for
// gaussian, another weighting for other losses.
package tree

import (
	"errors"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// Columns shows frame columns to kernels. The frame columns must stay reachable
// while the result is used.
func Columns(cols []*frame.Column) []kernels.Column {
	out := make([]kernels.Column, len(cols))
	for i, c := range cols {
		out[i] = kernels.Column{Values: raw(c), Levels: len(c.Domain())}
	}
	return out
}

// raw returns the typed slice of a column, nil when all values are missing.
func raw(c *frame.Column) any {
	switch c.DType() {
	case frame.I8:
		return frame.Values[int8](c)
	case frame.I16:
		return frame.Values[int16](c)
	case frame.I32:
		return frame.Values[int32](c)
	case frame.I64:
		return frame.Values[int64](c)
	case frame.F32:
		return frame.Values[float32](c)
	case frame.F64:
		return frame.Values[float64](c)
	}
	return nil
}

// Depth returns the depth limit that max_depth stands for, of which 0 is none.
func Depth(limit int) int {
	if limit == 0 {
		return math.MaxInt32
	}
	return limit
}

// Growth says what becomes of one tree.
type Growth struct {
	MaxDepth int
	// Value gives a leaf its value. Under monotone constraints it must be between the
	// bounds that the leaf's node has: Leaf.Cut makes it so.
	Value func(Leaf) float32
	// Monotone holds the direction of features, as GrowerConfig has them, for values that
	// are no Newton steps: splits by such a feature put a bound halfway between what
	// Value gives their two sides, and the values of the leaves below are cut to it.
	Monotone []int8
	// Scores gets each leaf's value added for those of its rows that Which names;
	// nil where nobody keeps scores.
	Scores *kernels.Buffer[float64]
	// Scored gives what the scores get in place of a leaf's value; nil for the value.
	Scored func(l Leaf, value float32) float32
	Which  kernels.Which
}

// Leaf is a leaf whose value is asked for.
type Leaf struct {
	kernels.Node
	grower kernels.Grower
}

// Rows returns the rows of the leaf that are in the sample, in row order.
func (l Leaf) Rows() []uint32 { return l.grower.Rows(l.ID) }

// Grow grows one tree and returns it. The scores are up to date when it returns.
func Grow(g kernels.Grower, in kernels.TreeInput, how Growth) (*Tree, error) {
	root, err := g.Begin(in)
	if err != nil {
		return nil, err
	}
	t := &Tree{nodes: []node{{Node: root, left: -1}}}
	if err := t.grow(g, how.MaxDepth); err != nil {
		return nil, err
	}
	if how.Monotone != nil {
		t.confine(g, how)
	}
	var leaves []kernels.LeafValue
	for i := range t.nodes {
		n := &t.nodes[i]
		if n.left >= 0 {
			continue
		}
		l := Leaf{n.Node, g}
		n.value = how.Value(l)
		if how.Monotone != nil {
			n.value = float32(l.Cut(float64(n.value)))
		}
		v := kernels.LeafValue{Node: n.ID, Value: n.value}
		if how.Scored != nil {
			v.Value = how.Scored(l, n.value)
		}
		leaves = append(leaves, v)
	}
	if how.Scores == nil {
		return t, nil
	}
	return t, g.Leaves(leaves, how.Scores, how.Which)
}

// confine sets the bounds of all nodes by Growth.Monotone. Parents stand before
// their children.
func (t *Tree) confine(g kernels.Grower, how Growth) {
	t.nodes[0].Low, t.nodes[0].High = math.Inf(-1), math.Inf(1)
	for i := range t.nodes {
		n := &t.nodes[i]
		if n.left < 0 {
			continue
		}
		l, r := &t.nodes[n.left], &t.nodes[n.right]
		l.Low, l.High, r.Low, r.High = n.Low, n.High, n.Low, n.High
		sign := how.Monotone[n.split.Feature]
		if sign == 0 {
			continue
		}
		value := func(of *node) float64 { return n.Cut(float64(how.Value(Leaf{of.Node, g}))) }
		mid := float64(float32(value(l)/2 + value(r)/2))
		if sign > 0 {
			l.High, r.Low = mid, mid
		} else {
			l.Low, r.High = mid, mid
		}
	}
}

// Tree is one tree as it was grown: splits on bins.
type Tree struct {
	nodes []node // the root first
}

// node is a leaf while left is negative.
type node struct {
	kernels.Node
	split       kernels.Split
	left, right int
	value       float32
}

// split parts the given nodes where that pays and returns their children.
func (t *Tree) split(g kernels.Grower, open []int) ([]int, error) {
	if len(open) == 0 {
		return nil, nil
	}
	handles := make([]kernels.Node, len(open))
	for k, i := range open {
		handles[k] = t.nodes[i].Node
	}
	splits, err := g.Level(handles)
	if err != nil {
		return nil, err
	}
	var apply []kernels.Split
	var parents []int
	for k, s := range splits {
		if s.Feature >= 0 {
			apply = append(apply, s)
			parents = append(parents, open[k])
		}
	}
	if len(apply) == 0 {
		return nil, nil
	}
	children, err := g.Apply(apply)
	if err != nil {
		return nil, err
	}
	var next []int
	for k, c := range children {
		i, at := parents[k], len(t.nodes)
		t.nodes = append(t.nodes, node{Node: c.Left, left: -1}, node{Node: c.Right, left: -1})
		t.nodes[i].split, t.nodes[i].left, t.nodes[i].right = apply[k], at, at+1
		next = append(next, at, at+1)
	}
	return next, nil
}

// grow grows all below the root, level by level where the tier has no other way.
func (t *Tree) grow(g kernels.Grower, maxDepth int) error {
	made, err := g.Grow([]kernels.Node{t.nodes[0].Node})
	if err == nil {
		at := 0
		t.nodes = slices.Grow(t.nodes, len(made[0].Nodes)-1)
		t.graft(0, made[0], &at)
		return nil
	}
	if !errors.Is(err, kernels.ErrUnavailable) {
		return err
	}
	for level := []int{0}; len(level) > 0; {
		var open []int
		for _, i := range level {
			if t.nodes[i].Depth < maxDepth {
				open = append(open, i)
			}
		}
		if level, err = t.split(g, open); err != nil {
			return err
		}
	}
	return nil
}

// graft hangs a subtree, given in depth-first order, below node i.
func (t *Tree) graft(i int, s kernels.Subtree, at *int) {
	k := *at
	*at++
	t.nodes[i].Node = s.Nodes[k]
	if s.Splits[k].Feature < 0 {
		return
	}
	t.nodes[i].split = s.Splits[k]
	l := len(t.nodes)
	t.nodes = append(t.nodes, node{left: -1})
	t.nodes[i].left = l
	t.graft(l, s, at)
	r := len(t.nodes)
	t.nodes = append(t.nodes, node{left: -1})
	t.nodes[i].right = r
	t.graft(r, s, at)
}

// Leaves returns the number of leaves.
func (t *Tree) Leaves() int { return (len(t.nodes) + 1) / 2 }
