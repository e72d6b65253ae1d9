package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naivePath is what the splits above a node leave to it.
type naivePath struct {
	low, high float64
	used      []int32
}

func (p naivePath) bound() bool { return p.low > math.Inf(-1) || p.high < math.Inf(1) }

// may says whether one of the sets holds f and all features of the path.
func (p naivePath) may(sets [][]int32, f int32) bool {
	return sets == nil || slices.ContainsFunc(sets, func(set []int32) bool {
		return !slices.ContainsFunc(append(slices.Clone(p.used), f), func(u int32) bool { return !slices.Contains(set, u) })
	})
}

// leaf is the value of a leaf between the bounds.
func (t *naiveTree) leaf(s Sum, p naivePath) float64 {
	v := 0.0
	if d := s.H + t.cfg.Lambda; d > 0 {
		v = -s.G / d
	}
	return math.Max(p.low, math.Min(p.high, v))
}

// bounded is twice what that leaf takes off the loss.
func (t *naiveTree) bounded(s Sum, p naivePath) float64 {
	d, v := s.H+t.cfg.Lambda, t.leaf(s, p)
	if d <= 0 {
		return 0
	}
	return -(float64(2*s.G*v) + float64(d*v*v))
}

// wrongWay says whether values would fall where they must rise, or the reverse.
func (t *naiveTree) wrongWay(f int, l, r Sum, p naivePath) bool {
	return t.cfg.Monotone != nil && float64(t.cfg.Monotone[f])*(t.leaf(r, p)-t.leaf(l, p)) < 0
}

// below returns the paths of the children.
func (t *naiveTree) below(s Split, p naivePath) (l, r naivePath) {
	p.used = append(slices.Clone(p.used), s.Feature)
	l, r = p, p
	if t.cfg.Monotone != nil {
		mid := t.leaf(s.Left, p)/2 + t.leaf(s.Right, p)/2
		switch t.cfg.Monotone[s.Feature] {
		case 1:
			l.high, r.low = mid, mid
		case -1:
			l.low, r.high = mid, mid
		}
	}
	return l, r
}

// constraintCases are trees under constraints, and random ones.
func constraintCases(r *rand.Rand, add func(string, int, float64, BinOptions, func() float64, func(*growCase))) {
	one := func() float64 { return 1 }
	few := BinOptions{Bins: 16}
	monotone := func(signs ...int8) func(*growCase) {
		return func(c *growCase) { c.cfg.Monotone, c.cfg.MaxDepth = signs, 6 }
	}
	add("rising", 400, 0, few, one, monotone(1, 1, 0, 0))
	add("falling", 400, 0.2, few, one, monotone(-1, -1, 0, 0))
	add("both ways", 400, 0.2, few, r.Float64, monotone(1, -1, 0, 0))
	add("one feature rising", 400, 0.2, few, r.Float64, monotone(0, 1, 0, 0))
	add("rising, curved, with lambda", 400, 0.2, few, r.Float64, func(c *growCase) {
		monotone(1, 1, 0, 0)(c)
		c.cfg.Lambda, c.cfg.MinGain = 3, 0.01
	})
	add("rising without curvature", 200, 0.2, few, func() float64 { return float64(r.IntN(2)) }, monotone(1, -1, 0, 0))
	add("no feature constrained", 300, 0.1, few, one, monotone(0, 0, 0, 0))
	add("rising, narrow", 70000, 0.1, BinOptions{Bins: 4, CatBins: 4}, r.Float64, func(c *growCase) {
		monotone(1, -1, 0, 0)(c)
		c.cfg.Bounded, c.cfg.MinRows, c.cfg.MaxDepth = true, 900, 3
		for i, h := range c.in.H.HostWrite() {
			c.in.G.HostWrite()[i] = max(-1, min(1, c.in.G.Host()[i]/3))
			c.in.H.HostWrite()[i] = h / 4
		}
	})
	allowed := func(sets ...[]int32) func(*growCase) {
		return func(c *growCase) { c.cfg.Allowed = sets }
	}
	add("apart", 300, 0.1, few, one, allowed([]int32{0}, []int32{1}, []int32{2}, []int32{3}))
	add("pairs", 300, 0.1, few, one, allowed([]int32{3, 0}, []int32{1, 2}, []int32{0, 1}))
	add("some never", 300, 0.1, few, one, allowed([]int32{0, 2}))
	add("no set", 100, 0.1, few, one, func(c *growCase) { c.cfg.Allowed = [][]int32{} })
	add("sets and drawn features", 300, 0.1, few, one, func(c *growCase) {
		allowed([]int32{0, 1, 2}, []int32{1, 3})(c)
		c.in.SplitRate, c.in.Features = 0.5, []int32{0, 1, 3}
	})
	add("sets and rising", 300, 0.1, few, one, func(c *growCase) {
		allowed([]int32{0, 1, 2}, []int32{1, 3})(c)
		monotone(1, -1, 0, 0)(c)
	})
	random := func(c *growCase) { c.cfg.Random, c.cfg.MaxDepth = true, 9 }
	for _, n := range []int{0, 1, 2, 33} {
		add(fmt.Sprintf("random, rows=%d", n), n, 0.1, BinOptions{}, one, random)
	}
	add("random", 300, 0.1, BinOptions{}, one, random)
	add("random, drawn features", 300, 0.3, few, one, func(c *growCase) {
		random(c)
		c.in.SplitRate, c.in.Features = 0.5, []int32{1, 2, 3}
	})
	add("random, weights", 300, 0.1, few, one, func(c *growCase) {
		random(c)
		w := make([]float32, 300)
		for i := range w {
			w[i] = float32(r.IntN(4)) / 2
		}
		c.cfg.Weights, c.cfg.MinRows = NewBuffer(w), 3.25
	})
	add("random, values", 300, 0.1, few, one, func(c *growCase) {
		random(c)
		c.cfg.Values = make([][]float64, 4)
		for b := range 5 {
			c.cfg.Values[0] = append(c.cfg.Values[0], math.Pow(9, float64(b)))
		}
	})
	add("random, sets", 300, 0.1, few, one, func(c *growCase) {
		random(c)
		allowed([]int32{0, 1}, []int32{2, 3})(c)
	})
	add("random, many rows", 9000, 0.1, few, one, func(c *growCase) {
		random(c)
		c.cfg.MaxDepth, c.cfg.MinRows = 4, 40
	})
}

// A boosted model never falls along a rising feature, nor rises along a falling
// one, whatever the others are, missing or not.
func TestGrower_Monotone(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	const n = 3000
	cols := mixedCols(r, n, 0.1)
	up, down := make([]float64, n), make([]float64, n)
	y := make([]float32, n)
	for i := range n {
		up[i], down[i] = math.Round(40*r.Float64())/4, r.NormFloat64()
		y[i] = float32(math.Sin(up[i]) + up[i]/4 - down[i]*down[i]*down[i]/3 + r.NormFloat64()*0.3)
		if r.IntN(9) == 0 {
			up[i] = math.NaN()
		}
	}
	cols = append(cols, Column{Values: up}, Column{Values: down})
	for _, lambda := range []float64{0, 2} {
		for _, loss := range []Loss{Gaussian, Bernoulli} {
			y := slices.Clone(y)
			for i := range y {
				if loss == Bernoulli {
					y[i] = max(0, min(1, float32(math.Round(float64(y[i])))))
				}
			}
			b := newGo(2)
			bins, err := b.Quantize(cols, BinOptions{})
			check(t, err)
			g, err := b.NewGrower(bins, GrowerConfig{Seed: 1, MinRows: 3, MaxDepth: 6, Lambda: lambda, Monotone: []int8{0, 0, 0, 0, 1, -1}})
			check(t, err)
			f := &Forest{}
			score, G, H := MakeBuffer[float64](n), MakeBuffer[float32](n), MakeBuffer[float32](n)
			for k := range 12 {
				check(t, b.Gradients(loss, GradientInput{Y: NewBuffer(y), Scores: []*Buffer[float64]{score}}, []*Buffer[float32]{G}, []*Buffer[float32]{H}))
				root, err := g.Begin(TreeInput{Tree: uint64(k), G: G, H: H})
				check(t, err)
				sub := growBelow(t, g, root)
				var leaves []LeafValue
				at := 0
				f.Roots, f.Class = append(f.Roots, int32(len(f.Feature))), append(f.Class, 0)
				addSplits(f, bins, sub[0], &at, func(n Node) float32 {
					v := float32(0.5 * n.Cut(-n.Sum.G/(n.Sum.H+lambda)))
					leaves = append(leaves, LeafValue{Node: n.ID, Value: v})
					return v
				})
				check(t, g.Leaves(leaves, score, AllRows))
			}
			if used := slices.Contains(f.Feature, 4) && slices.Contains(f.Feature, 5); !used {
				t.Fatal("the constrained features are not used")
			}
			testMonotone(t, b, f, cols, 4, 1)
			testMonotone(t, b, f, cols, 5, -1)
			g.Close()
		}
	}
}

// addSplits appends the subtree from place *at on.
func addSplits(f *Forest, bins Bins, s Subtree, at *int, value func(Node) float32) int32 {
	i, k := f.AddLeaf(0), *at
	*at++
	split := &s.Splits[k]
	feat := int(split.Feature)
	f.Feature[i] = split.Feature
	if feat < 0 {
		f.Value[i] = value(s.Nodes[k])
		return i
	}
	if split.MissingLeft {
		f.MissingLeft[i] = 1
	}
	if n := bins.Levels(feat); n > 0 {
		f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), int32(n)
		set := make([]uint64, (n+63)/64)
		for c := range n {
			if b := bins.BinOf(feat, c); split.Set[b/64]>>(b%64)&1 == 1 {
				set[c/64] |= 1 << (c % 64)
			}
		}
		f.Sets = append(f.Sets, set...)
	} else {
		f.Threshold[i] = Threshold(bins, feat, split.Bin)
	}
	l := addSplits(f, bins, s, at, value)
	r := addSplits(f, bins, s, at, value)
	f.Left[i], f.Right[i] = l, r
	return i
}

// testMonotone scores rows of cols with feature f at ascending values.
func testMonotone(t *testing.T, b Backend, forest *Forest, cols []Column, f int, sign float64) {
	t.Helper()
	const rows = 200
	last := make([]float64, rows)
	for step := range 50 {
		at := slices.Clone(cols)
		v := make([]float64, rows)
		for i := range v {
			v[i] = float64(step)/2 - 12
		}
		at[f] = Column{Values: v}
		for k := range at {
			if k != f {
				at[k] = firstRows(at[k], rows)
			}
		}
		out := make([]float64, rows)
		check(t, b.Predict(forest, at, 0, rows, 0, len(forest.Roots), [][]float64{out}))
		for i := range out {
			if step > 0 && sign*(out[i]-last[i]) < 0 {
				t.Fatalf("feature %d, row %d: %v after %v at %v", f, i, out[i], last[i], v[0])
			}
		}
		last = out
	}
}

func firstRows(c Column, n int) Column {
	switch v := c.Values.(type) {
	case []float64:
		c.Values = v[:n]
	case []float32:
		c.Values = v[:n]
	case []int8:
		c.Values = v[:n]
	case []int16:
		c.Values = v[:n]
	}
	return c
}

// Every path of a tree stays inside one set.
func TestGrower_Allowed(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	sets := [][]int32{{0, 1}, {1, 2, 3}, {5}}
	cols := append(mixedCols(r, 2000, 0.1), mixedCols(r, 2000, 0.1)...)
	g, h := derivatives(r, 2000, r.Float64)
	b := newGo(1)
	bins, err := b.Quantize(cols, BinOptions{})
	check(t, err)
	gr, err := b.NewGrower(bins, GrowerConfig{Seed: 1, MinRows: 2, MaxDepth: 8, Allowed: sets})
	check(t, err)
	root, err := gr.Begin(TreeInput{G: g, H: h})
	check(t, err)
	sub := growWhole(t, gr, root)
	seen := map[int32]bool{}
	at := 0
	var walk func(path []int32)
	walk = func(path []int32) {
		f := sub.Splits[at].Feature
		at++
		if f < 0 {
			if !slices.ContainsFunc(sets, func(set []int32) bool {
				return !slices.ContainsFunc(path, func(u int32) bool { return !slices.Contains(set, u) })
			}) {
				t.Fatalf("path %v is in no set", path)
			}
			return
		}
		seen[f] = true
		path = append(slices.Clone(path), f)
		walk(path)
		walk(path)
	}
	walk(nil)
	if len(seen) < 3 || seen[4] || seen[6] || seen[7] {
		t.Fatalf("split by %v", seen)
	}
}

func TestGrower_ErrConstraints(t *testing.T) {
	cols := []Column{{Values: []float64{1, 2, 3}}, {Values: []int8{0, 1, 0}, Levels: 2}}
	b := newGo(1)
	bins, err := b.Quantize(cols, BinOptions{})
	check(t, err)
	for name, cfg := range map[string]GrowerConfig{
		"too few signs":       {Monotone: []int8{1}},
		"large sign":          {Monotone: []int8{2, 0}},
		"categorical":         {Monotone: []int8{0, 1}},
		"feature below":       {Allowed: [][]int32{{0, -1}}},
		"feature above":       {Allowed: [][]int32{{2}}},
		"random and monotone": {Random: true, Monotone: []int8{1, 0}},
		"values of features":  {Random: true, Values: [][]float64{nil}},
		"values of bins":      {Random: true, Values: [][]float64{{1, 2}, nil}},
		"values descend":      {Random: true, Values: [][]float64{{1, 3, 2}, nil}},
		"infinite values":     {Random: true, Values: [][]float64{{1, 2, math.Inf(1)}, nil}},
		"no number":           {Random: true, Values: [][]float64{{math.NaN(), 2, 3}, nil}},
	} {
		if _, err := b.NewGrower(bins, cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
