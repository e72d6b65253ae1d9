package tree

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/kernels"
)

// Forest is a growing list of trees in scoring form, with what inspection and
// explanation need beside it: the gain of each split and the weight of the
// training rows that reached each node. Slices only ever grow, so that a
// Snapshot may be read while more trees are added.
type Forest struct {
	kernels.Forest
	Gain  []float32 // of splits; 0 at leaves
	Cover []float32 // summed weights of the training rows
	// Player says, by node, which of Players a split looks at: the features of the
	// design matrix that the trees were grown on, several of which may come from one
	// predictor. Both are nil where trees were grown on the predictors themselves.
	Player  []int32
	Players []string
}

// Add appends a tree, nodes in depth-first, left-first order, its splits turned
// from bins to values. class is the class whose score it adds to.
func (f *Forest) Add(t *Tree, bins kernels.Bins, class int) {
	f.Roots = append(f.Roots, int32(len(f.Feature)))
	f.Class = append(f.Class, int32(class))
	f.add(t, 0, bins)
}

// add appends node i of t and all below it, and returns its place.
func (f *Forest) add(t *Tree, i int, bins kernels.Bins) int32 {
	n := &t.nodes[i]
	at := f.AddLeaf(n.value, float32(n.Sum.W))
	if n.left < 0 {
		return at
	}
	s := &n.split
	f.Feature[at], f.Gain[at] = s.Feature, float32(s.Gain)
	if s.MissingLeft {
		f.MissingLeft[at] = 1
	}
	if levels := bins.Levels(int(s.Feature)); levels > 0 {
		f.SetAt[at], f.SetLen[at] = int32(len(f.Sets)), int32(levels)
		f.addSet(s, bins, levels)
	} else {
		f.Threshold[at] = kernels.Threshold(bins, int(s.Feature), s.Bin)
	}
	left := f.add(t, n.left, bins)
	right := f.add(t, n.right, bins)
	f.Left[at], f.Right[at] = left, right
	return at
}

// addSet appends the levels that go left, by the bins that do.
func (f *Forest) addSet(s *kernels.Split, bins kernels.Bins, levels int) {
	at := len(f.Sets)
	for range (levels + 63) / 64 {
		f.Sets = append(f.Sets, 0)
	}
	set := f.Sets[at:]
	if bins.BinOf(int(s.Feature), levels-1) < levels { // several levels to a bin
		for c := range levels {
			b := bins.BinOf(int(s.Feature), c)
			set[c/64] |= s.Set[b/64] >> (b % 64) & 1 << (c % 64)
		}
		return
	}
	for i := range set { // level c has bin c+1
		set[i] = s.Set[i] >> 1
		if i+1 < len(s.Set) {
			set[i] |= s.Set[i+1] << 63
		}
	}
	if rest := levels % 64; rest != 0 {
		set[len(set)-1] &= 1<<rest - 1
	}
}

// AddLeaf appends a leaf that training rows of a summed weight reach, and returns its
// place. Writing to its places in the arrays makes a split of it.
func (f *Forest) AddLeaf(value, cover float32) int32 {
	f.Gain, f.Cover = append(f.Gain, 0), append(f.Cover, cover)
	if f.Players != nil {
		f.Player = append(f.Player, -1)
	}
	return f.Forest.AddLeaf(value)
}

// Reserve makes room for a forest of so many trees as soon as a tenth of them is there
// to say how large they are, and less room where later ones are smaller. Why: arrays
// that grow are copied, and snapshots keep what they were.
func (f *Forest) Reserve(trees int) {
	n := f.Trees()
	if n == 0 || 10*n < trees {
		return
	}
	if need, room := trees*len(f.Feature)/n, cap(f.Feature); room >= need && room <= 2*need {
		return
	}
	share := 1.05 * float64(trees) / float64(n)
	for _, s := range []*[]int32{&f.Roots, &f.Class, &f.Feature, &f.Left, &f.Right, &f.SetAt, &f.SetLen, &f.Player} {
		reserve(s, share)
	}
	for _, s := range []*[]float32{&f.Value, &f.Gain, &f.Cover} {
		reserve(s, share)
	}
	reserve(&f.Threshold, share)
	reserve(&f.MissingLeft, share)
	reserve(&f.Sets, share)
}

// reserve makes room for so many times what is there.
func reserve[T any](s *[]T, share float64) {
	if *s != nil {
		*s = append(make([]T, 0, int(share*float64(len(*s)))), *s...)
	}
}

// Snapshot returns the forest as it is now. Later Adds to one of the two do not
// show in the other.
func (f *Forest) Snapshot() *Forest {
	c := *f
	c.Roots, c.Class, c.Feature, c.Threshold = slices.Clip(f.Roots), slices.Clip(f.Class), slices.Clip(f.Feature), slices.Clip(f.Threshold)
	c.Left, c.Right, c.MissingLeft = slices.Clip(f.Left), slices.Clip(f.Right), slices.Clip(f.MissingLeft)
	c.SetAt, c.SetLen, c.Sets, c.Value = slices.Clip(f.SetAt), slices.Clip(f.SetLen), slices.Clip(f.Sets), slices.Clip(f.Value)
	c.Gain, c.Cover, c.Player = slices.Clip(f.Gain), slices.Clip(f.Cover), slices.Clip(f.Player)
	return &c
}

// Trees returns the number of trees.
func (f *Forest) Trees() int { return len(f.Roots) }

// Importance returns the summed gain of each of p predictors.
func (f *Forest) Importance(p int) []float64 {
	out := make([]float64, p)
	for i, j := range f.Feature {
		if j >= 0 {
			out[j] += float64(f.Gain[i])
		}
	}
	return out
}

// SizeBytes estimates the memory of the forest.
func (f *Forest) SizeBytes() int64 {
	return int64(len(f.Feature))*(4+8+4+4+1+4+4+4+4+4) + int64(len(f.Sets))*8 + int64(len(f.Roots))*8
}

// Summary returns H2O's model summary: one row about all trees.
func (f *Forest) Summary() *table.Table {
	trees := f.Trees()
	minD, maxD, sumD := math.MaxInt, 0, 0
	minL, maxL, sumL := math.MaxInt, 0, 0
	for _, r := range f.Roots {
		d, l := f.shape(r)
		minD, maxD, sumD = min(minD, d), max(maxD, d), sumD+d
		minL, maxL, sumL = min(minL, l), max(maxL, l), sumL+l
	}
	if trees == 0 {
		minD, minL = 0, 0
	}
	mean := func(s int) float64 { return float64(s) / float64(max(trees, 1)) }
	perClass := 1
	for _, c := range f.Class {
		perClass = max(perClass, int(c)+1)
	}
	t := table.New("Model Summary", "")
	t.Add("", table.String, "", "")
	t.Add("Number of Trees", table.Long, "", int64(trees/perClass))
	t.Add("Number of Internal Trees", table.Long, "", int64(trees))
	t.Add("Model Size in Bytes", table.Long, "", f.SizeBytes())
	t.Add("Min. Depth", table.Long, "", int64(minD))
	t.Add("Max. Depth", table.Long, "", int64(maxD))
	t.Add("Mean Depth", table.Double, "", mean(sumD))
	t.Add("Min. Leaves", table.Long, "", int64(minL))
	t.Add("Max. Leaves", table.Long, "", int64(maxL))
	t.Add("Mean Leaves", table.Double, "", mean(sumL))
	return t
}

// shape returns the depth and the number of leaves below a node.
func (f *Forest) shape(i int32) (depth, leaves int) {
	if f.Left[i] < 0 {
		return 0, 1
	}
	ld, ll := f.shape(f.Left[i])
	rd, rl := f.shape(f.Right[i])
	return max(ld, rd) + 1, ll + rl
}

// Check reports what is wrong with a forest that was read from a file: scoring
// must stay inside its arrays. kinds are those of the predictors.
func (f *Forest) Check(kinds []frame.Kind, classes int) error {
	n := len(f.Feature)
	for _, l := range []int{len(f.Threshold), len(f.Left), len(f.Right), len(f.MissingLeft), len(f.SetAt), len(f.SetLen), len(f.Value), len(f.Gain), len(f.Cover)} {
		if l != n {
			return fmt.Errorf("arrays of %d and %d nodes", n, l)
		}
	}
	if len(f.Roots) != len(f.Class) || len(f.Roots)%classes != 0 {
		return fmt.Errorf("%d roots, %d classes of trees, %d classes", len(f.Roots), len(f.Class), classes)
	}
	for i, r := range f.Roots {
		if r < 0 || int(r) >= n || f.Class[i] < 0 || int(f.Class[i]) >= classes {
			return fmt.Errorf("tree %d starts at node %d of %d, class %d of %d", i, r, n, f.Class[i], classes)
		}
	}
	inside := func(i int, child int32) bool { return int(child) > i && int(child) < n } // children stand behind, so a walk ends
	if len(f.Player) != 0 && f.Players == nil || f.Players != nil && len(f.Player) != n {
		return fmt.Errorf("players of %d nodes of %d, %d names", len(f.Player), n, len(f.Players))
	}
	for i := range n {
		if f.Left[i] < 0 {
			continue
		}
		if f.Players != nil && (f.Player[i] < 0 || int(f.Player[i]) >= len(f.Players)) {
			return fmt.Errorf("node %d: player %d of %d", i, f.Player[i], len(f.Players))
		}
		if !inside(i, f.Left[i]) || !inside(i, f.Right[i]) || f.Feature[i] < 0 || int(f.Feature[i]) >= len(kinds) {
			return fmt.Errorf("node %d: children %d and %d of %d, column %d of %d", i, f.Left[i], f.Right[i], n, f.Feature[i], len(kinds))
		}
		set := f.SetAt[i] >= 0
		if set != (kinds[f.Feature[i]] == frame.Enum) {
			return fmt.Errorf("node %d: split of another kind than column %d", i, f.Feature[i])
		}
		if set && (f.SetLen[i] < 0 || int(f.SetAt[i])+(int(f.SetLen[i])+63)/64 > len(f.Sets)) {
			return fmt.Errorf("node %d: set outside the table", i)
		}
	}
	return nil
}

// Rank returns names and values by descending value; equal ones keep their order.
func Rank(names []string, values []float64) ([]string, []float64) {
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	n, v := make([]string, len(names)), make([]float64, len(names))
	for i, j := range order {
		n[i], v[i] = names[j], values[j]
	}
	return n, v
}
