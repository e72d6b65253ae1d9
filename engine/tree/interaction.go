package tree

import (
	"maps"
	"math"
	"slices"
	"strconv"
)

// Interaction sums up all chains of splits, each a child of the one before, that
// look at the same features, in any order.
type Interaction struct {
	Features []int   // ascending by name; players where the forest has them
	Gain     float64 // of all splits of the chains
	FScore   float64 // number of chains
	// WFScore sums the shares of the training weight that come to the last splits;
	// ExpectedGain sums the gains times these shares.
	WFScore, ExpectedGain float64
	Steps, Depths         float64 // sums of the number of the step and of the depth of the last split
	// Sums over the leaves that hang on the last split of chains from the root.
	HasLeaves               bool
	LeftValues, RightValues float64
	LeftCovers, RightCovers float64
}

// Interactions returns the interactions of up to maxInteraction+1 splits, below
// depth maxDepth, that begin at most maxStart below the root; a negative limit is
// none, for maxDepth too. name orders the features of an interaction. They come by
// number of splits, then by falling gain. classes is the number of trees a step.
// Ref: Foster 2016, Xgbfi; H2O: hex.FeatureInteraction.
func (f *Forest) Interactions(maxInteraction, maxDepth, maxStart, classes int, name func(feature int) string) []*Interaction {
	c := collector{f: f, maxInteraction: maxInteraction, maxDepth: maxDepth, name: name, found: map[string]*Interaction{}}
	for t, root := range f.Roots {
		c.step = t / max(classes, 1)
		c.starts(root, 1, 0, maxStart)
	}
	slices.SortStableFunc(c.order, func(a, b *Interaction) int {
		if d := len(a.Features) - len(b.Features); d != 0 {
			return d
		}
		switch {
		case a.Gain > b.Gain:
			return -1
		case a.Gain < b.Gain:
			return 1
		}
		return 0
	})
	return c.order
}

type collector struct {
	f                        *Forest
	maxInteraction, maxDepth int
	name                     func(int) string
	step                     int
	found                    map[string]*Interaction
	order                    []*Interaction
}

// starts begins a chain at each split from node i on. share is the part of the
// training weight that comes there.
func (c *collector) starts(i int32, share float64, depth, maxStart int) {
	if c.f.Left[i] < 0 || maxStart >= 0 && depth > maxStart {
		return
	}
	c.chain(i, nil, 0, share, depth, depth == 0)
	l, r := c.f.shares(i)
	c.starts(c.f.Left[i], share*l, depth+1, maxStart)
	c.starts(c.f.Right[i], share*r, depth+1, maxStart)
}

// chain adds the chain that ends at split i, and all longer ones.
func (c *collector) chain(i int32, before []int, gain, share float64, depth int, fromRoot bool) {
	f := c.f
	if f.Left[i] < 0 || c.maxDepth >= 0 && depth >= c.maxDepth {
		return
	}
	features := append(slices.Clone(before), int(f.player(i)))
	slices.SortFunc(features, func(a, b int) int {
		switch x, y := c.name(a), c.name(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return a - b
	})
	key := ""
	for _, j := range features {
		key += strconv.Itoa(j) + "|"
	}
	x := c.found[key]
	if x == nil {
		x = &Interaction{Features: features}
		c.found[key] = x
		c.order = append(c.order, x)
	}
	gain += float64(f.Gain[i])
	x.Gain += gain
	x.FScore++
	x.WFScore += share
	x.ExpectedGain += gain * share
	x.Steps += float64(c.step)
	x.Depths += float64(depth)
	if c.maxInteraction >= 0 && len(features) > c.maxInteraction {
		return
	}
	if fromRoot {
		if l := f.Left[i]; f.Left[l] < 0 {
			x.HasLeaves = true
			x.LeftValues += float64(f.Value[l])
			x.LeftCovers += float64(f.Cover[l])
		}
		if r := f.Right[i]; f.Left[r] < 0 {
			x.HasLeaves = true
			x.RightValues += float64(f.Value[r])
			x.RightCovers += float64(f.Cover[r])
		}
	}
	l, r := f.shares(i)
	c.chain(f.Left[i], features, gain, share*l, depth+1, fromRoot)
	c.chain(f.Right[i], features, gain, share*r, depth+1, fromRoot)
}

// Thresholds returns how often each value splits a feature (one of Players, or a
// predictor where there are none) above a depth, by ascending value; a negative depth
// is none. A split of categories has no value and counts as NaN, which comes last; that
// of a feature for one level counts as 1.
func (f *Forest) Thresholds(feature, maxDepth int) (values []float32, counts []int) {
	found, sets := map[float32]int{}, 0
	var walk func(i int32, depth int)
	walk = func(i int32, depth int) {
		if f.Left[i] < 0 || maxDepth >= 0 && depth >= maxDepth {
			return
		}
		at := f.Feature[i]
		if f.Player != nil {
			at = f.Player[i]
		}
		switch {
		case int(at) != feature:
		case f.SetAt[i] < 0:
			found[above(f.Threshold[i])]++
		case f.Player != nil:
			found[1]++
		default:
			sets++
		}
		walk(f.Left[i], depth+1)
		walk(f.Right[i], depth+1)
	}
	for _, root := range f.Roots {
		walk(root, 0)
	}
	values = slices.Sorted(maps.Keys(found))
	for _, v := range values {
		counts = append(counts, found[v])
	}
	if sets > 0 {
		values, counts = append(values, float32(math.NaN())), append(counts, sets)
	}
	return values, counts
}
