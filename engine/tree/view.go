package tree

import "math"

// Side says where missing values go.
type Side uint8

// Sides of a split. None is that of leaves, and of splits that missing values do
// not come to.
const (
	None Side = iota
	GoLeft
	GoRight
)

// ViewNode is a node as people look at it.
type ViewNode struct {
	Node        int32 // of the forest
	ID          int   // its number, see Numbers
	Left, Right int   // numbers of the children, -1 for a leaf
	Parent      int   // place of the parent in the view, -1 for the root
	Child       int   // place of the left child, which the right one follows; -1 for a leaf
	IsLeft      bool
	// Feature is the predictor that a split looks at, -1 for a leaf; Player the
	// feature of the design matrix that it stands for, -1 where the forest has none.
	Feature, Player int
	// Threshold is the least float32 that goes right; NaN for leaves and categories.
	Threshold float32
	Missing   Side
	// Levels are the codes of the parent's column that come to this node, where the
	// parent splits a categorical column; nil otherwise.
	Levels []int
	// Value is the value of a leaf; of a split the mean of the leaves below, by the
	// training weight.
	Value float64
}

// View returns the nodes of a tree, level by level, the root first. levels holds the
// number of levels by predictor.
func (f *Forest) View(tree int, levels []int) []ViewNode {
	number, nodes := f.Numbers(tree)
	out := make([]ViewNode, len(nodes))
	out[0].Parent = -1
	next := 1
	for at, i := range nodes {
		v := &out[at]
		v.Node, v.ID, v.Left, v.Right, v.Child, v.Feature, v.Player = i, number[i], -1, -1, -1, -1, -1
		v.Value, v.Threshold = f.mean(i), float32(math.NaN())
		if f.Left[i] < 0 {
			continue
		}
		v.Left, v.Right, v.Feature = number[f.Left[i]], number[f.Right[i]], int(f.Feature[i])
		if f.Players != nil {
			v.Player = int(f.Player[i])
		}
		if f.SetAt[i] < 0 {
			v.Threshold = above(f.Threshold[i])
		}
		if f.missingReaches(out, at) {
			v.Missing = GoRight
			if f.MissingLeft[i] == 1 {
				v.Missing = GoLeft
			}
		}
		v.Child = next
		out[next].Parent, out[next].IsLeft, out[next+1].Parent = at, true, at
		if f.SetAt[i] >= 0 {
			for c := range levels[v.Feature] {
				if !f.levelReaches(out, at, c) {
					continue
				}
				child := &out[next+1]
				if f.next(i, float64(c)) == f.Left[i] {
					child = &out[next]
				}
				child.Levels = append(child.Levels, c)
			}
		}
		next += 2
	}
	return out
}

// above returns the least float32 above x; v <= x is v < above(x) for all v that
// are float32 themselves.
func above(x float64) float32 {
	t := float32(x)
	if float64(t) <= x {
		t = math.Nextafter32(t, float32(math.Inf(1)))
	}
	return t
}

// missingReaches reports whether a missing value of the column that node at splits
// comes that far: earlier splits of the column may have sent it elsewhere.
func (f *Forest) missingReaches(nodes []ViewNode, at int) bool {
	for c := at; nodes[c].Parent >= 0; c = nodes[c].Parent {
		p := &nodes[nodes[c].Parent]
		if p.Feature == nodes[at].Feature && (p.Missing == GoLeft) != nodes[c].IsLeft {
			return false
		}
	}
	return true
}

// levelReaches is missingReaches for a category.
func (f *Forest) levelReaches(nodes []ViewNode, at, code int) bool {
	for c := at; nodes[c].Parent >= 0; c = nodes[c].Parent {
		p := &nodes[nodes[c].Parent]
		if p.Feature == nodes[at].Feature && f.next(p.Node, float64(code)) != nodes[c].Node {
			return false
		}
	}
	return true
}
