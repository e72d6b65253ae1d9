package xgboost

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/tree"
)

// planter turns trees over design features into a forest over predictors.
type planter struct {
	layout *design.Layout
	sparse bool // levels that a row does not have were missing, not 0
	forest *tree.Forest
	sets   map[setKey]int32 // where a set of codes lies in the forest's table
}

// setKey names a set of codes: all on one side but one code.
type setKey struct {
	column, code int
	others, one  bool // whether they go left
}

// newPlanter starts an empty forest.
func newPlanter(layout *design.Layout, sparse bool) *planter {
	return &planter{layout: layout, sparse: sparse, forest: &tree.Forest{Players: layout.Names}, sets: map[setKey]int32{}}
}

// add appends one tree. Nodes keep the library's numbers, counted from the root,
// which is what it calls its leaves.
func (p *planter) add(t *rawTree) error {
	f := p.forest
	root := int32(len(f.Feature))
	f.Roots = append(f.Roots, root)
	f.Class = append(f.Class, int32(t.group))
	for i := range t.left {
		at := f.AddLeaf(0, t.cover[i])
		if t.left[i] < 0 {
			f.Value[at] = t.scale * t.condition[i]
			continue
		}
		x := p.layout.Features[t.feature[i]]
		f.Feature[at], f.Player[at] = int32(x.Column), t.feature[i]
		f.Left[at], f.Right[at] = root+t.left[i], root+t.right[i]
		f.Gain[at] = t.gain[i]
		missing := t.missingLeft[i] != 0
		if x.Level >= 0 {
			missing = p.category(at, x, t.condition[i], missing)
		} else {
			f.Threshold[at] = below(t.condition[i])
		}
		if missing {
			f.MissingLeft[at] = 1
		}
	}
	if len(f.Sets) > mostSets {
		return fmt.Errorf("the splits by category take more than %d MiB", mostSets>>17)
	}
	return nil
}

// mostSets bounds the table of sets, in words: a file of a few bytes a split must not
// ask for as much as its columns have levels, each time.
const mostSets = 1 << 27

// category makes node at a split by the code of a category. In the design matrix
// the feature is 1 for rows of its level; for others it is 0 or, in a sparse one,
// missing. The result says whether a missing category goes left.
func (p *planter) category(at int32, x design.Feature, condition float32, missingLeft bool) bool {
	one, others := 1 < condition, 0 < condition
	if p.sparse {
		others = missingLeft
	}
	f, levels := p.forest, p.layout.Levels(x.Column)
	key := setKey{x.Column, x.Level, others, one}
	where, ok := p.sets[key]
	if !ok {
		where = int32(len(f.Sets))
		p.sets[key] = where
		set := make([]uint64, (levels+63)/64)
		for code := range levels {
			if others && code != x.Level || one && code == x.Level {
				set[code/64] |= 1 << (code % 64)
			}
		}
		f.Sets = append(f.Sets, set...)
	}
	f.SetAt[at], f.SetLen[at] = where, int32(levels)
	if x.Level == levels {
		return one
	}
	return others
}

// below returns the largest number whose design.Single is less than t: the library
// compares numbers of 32 bits by x < t, a forest those of 64 by v <= T, and with
// this T the two agree on every number.
func below(t float32) float64 {
	before := math.Nextafter32(t, float32(math.Inf(-1)))
	if !(t > -math.MaxFloat32) { // no number is narrowed to less
		return math.Inf(-1)
	}
	if math.IsInf(float64(t), 1) { // narrowing stops at the largest number, which is less
		return math.Inf(1)
	}
	// What lies below the middle of before and t is narrowed to before, what lies above
	// to t, the middle itself to the even one.
	middle := float64(before)/2 + float64(t)/2
	if float32(middle) < t {
		return middle
	}
	return math.Nextafter(middle, math.Inf(-1))
}
