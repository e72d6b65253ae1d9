package tree

import "github.com/geyser-ml/geyser/engine/frame"

// Reach writes the leaves that rows [lo, hi) of cols come to, as nodes of the
// forest: out[tree][row-lo]. It may be called for different rows at the same time.
func (f *Forest) Reach(cols []*frame.Column, lo, hi int, out [][]int32) {
	f.descend(cols, lo, hi, func(tree, row int, leaf int32) { out[tree][row] = leaf }, nil)
}

// Frequencies adds how often rows [lo, hi) meet a split of each predictor on their
// ways through all trees: out[predictor][row-lo].
func (f *Forest) Frequencies(cols []*frame.Column, lo, hi int, out [][]int64) {
	f.descend(cols, lo, hi, nil, func(row int, split int32) { out[f.Feature[split]][row]++ })
}

// descend takes rows through all trees. Both functions may be nil.
func (f *Forest) descend(cols []*frame.Column, lo, hi int, leaf func(tree, row int, i int32), split func(row int, i int32)) {
	values := make([][]float64, len(cols))
	for from := lo; from < hi; from += walkRows {
		to := min(from+walkRows, hi)
		for j, c := range cols {
			values[j] = c.Floats(from, to, values[j])
		}
		for t, root := range f.Roots {
			for r := range to - from {
				i := root
				for f.Left[i] >= 0 {
					if split != nil {
						split(from-lo+r, i)
					}
					i = f.next(i, values[f.Feature[i]][r])
				}
				if leaf != nil {
					leaf(t, from-lo+r, i)
				}
			}
		}
	}
}

// next returns the child of split i that a value goes to.
func (f *Forest) next(i int32, v float64) int32 {
	left := false
	switch {
	case f.SetAt[i] < 0:
		left = v <= f.Threshold[i] || v != v && f.MissingLeft[i] == 1
	case v >= 0 && v < float64(f.SetLen[i]):
		left = f.Sets[f.SetAt[i]:][uint(v)/64]>>(uint(v)%64)&1 == 1
	default:
		left = f.MissingLeft[i] == 1
	}
	if left {
		return f.Left[i]
	}
	return f.Right[i]
}

// Paths returns the way to each leaf of a tree, by node: an L or R for each step.
func (f *Forest) Paths(tree int) map[int32]string {
	out := map[int32]string{}
	var walk func(i int32, way string)
	walk = func(i int32, way string) {
		if f.Left[i] < 0 {
			out[i] = way
			return
		}
		walk(f.Left[i], way+"L")
		walk(f.Right[i], way+"R")
	}
	walk(f.Roots[tree], "")
	return out
}

// Numbers returns the number of each node of a tree as people are shown it, and
// the nodes level by level. Splits are numbered level by level, all nodes counted;
// leaves come behind all of them in the same order. A tree that is a leaf has the
// number 0.
//
// H2O: hex.tree.DTree; a node is made, and numbered, before it is known to be a leaf,
// and then replaced by a leaf with a number of its own. XGBoost's trees, those with
// Players, are numbered level by level without such a gap.
func (f *Forest) Numbers(tree int) (number map[int32]int, nodes []int32) {
	nodes = []int32{f.Roots[tree]}
	for at := 0; at < len(nodes); at++ {
		if i := nodes[at]; f.Left[i] >= 0 {
			nodes = append(nodes, f.Left[i], f.Right[i])
		}
	}
	number = make(map[int32]int, len(nodes))
	leaves := len(nodes)
	for at, i := range nodes {
		number[i] = at
		if f.Left[i] < 0 && f.Players == nil && at > 0 {
			number[i] = leaves
			leaves++
		}
	}
	return number, nodes
}
