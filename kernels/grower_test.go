package kernels

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// growCase is one tree to be grown in every way.
type growCase struct {
	name string
	cols []Column
	opt  BinOptions
	cfg  GrowerConfig
	in   TreeInput
}

// mixedCols makes columns of every kind for n rows.
func mixedCols(r *rand.Rand, n int, missing float64) []Column {
	few, many, code, codes := make([]float64, n), make([]float32, n), make([]int8, n), make([]int16, n)
	for i := range n {
		few[i], many[i] = float64(r.IntN(5)), float32(r.NormFloat64())
		code[i], codes[i] = int8(r.IntN(6)), int16(r.IntN(40)*r.IntN(2))
		if r.Float64() < missing {
			few[i], code[i] = math.NaN(), -1
		}
		if r.Float64() < missing {
			many[i], codes[i] = float32(math.NaN()), -1
		}
	}
	return []Column{{Values: few}, {Values: many}, {Values: code, Levels: 6}, {Values: codes, Levels: 40}}
}

func derivatives(r *rand.Rand, n int, h func() float64) (g, hh *Buffer[float32]) {
	a, b := make([]float32, n), make([]float32, n)
	for i := range a {
		a[i], b[i] = float32(r.NormFloat64()), float32(h())
	}
	return NewBuffer(a), NewBuffer(b)
}

func growCases() []growCase {
	r := rand.New(rand.NewPCG(11, 12))
	one := func() float64 { return 1 }
	var out []growCase
	add := func(name string, n int, missing float64, opt BinOptions, h func() float64, change func(*growCase)) {
		c := growCase{name: name, cols: mixedCols(r, n, missing), opt: opt, cfg: GrowerConfig{Seed: 9, MinRows: 1, MaxDepth: 4}}
		c.in.Tree = 3
		c.in.G, c.in.H = derivatives(r, n, h)
		if change != nil {
			change(&c)
		}
		out = append(out, c)
	}
	for _, n := range []int{0, 1, 2, 31, 32, 33} {
		add(fmt.Sprintf("rows=%d", n), n, 0.1, BinOptions{}, one, nil)
	}
	add("plain", 300, 0, BinOptions{Bins: 16}, one, func(c *growCase) { c.cfg.MinRows = 5 })
	add("missing", 300, 0.3, BinOptions{Bins: 16}, one, nil)
	add("curvature", 300, 0.1, BinOptions{Bins: 16}, r.Float64, func(c *growCase) { c.cfg.Lambda = 1 })
	add("least h", 300, 0.1, BinOptions{Bins: 16}, r.Float64, func(c *growCase) { c.cfg.MinRows, c.cfg.MinH = 10, 1.7 })
	add("least h of few rows", 300, 0.1, BinOptions{Bins: 16}, r.Float64, func(c *growCase) { c.cfg.MinRows, c.cfg.MinH = 6, 50 })
	add("least h of the mean", 300, 0.1, BinOptions{Bins: 16}, r.Float64, func(c *growCase) {
		scale(c.in.H, 0.01)
		c.cfg.MinRows, c.cfg.MinH = 5, 1
	})
	add("weights", 300, 0.1, BinOptions{Bins: 16}, r.Float64, func(c *growCase) {
		w := make([]float32, 300)
		for i := range w {
			w[i] = float32(r.IntN(4)) / 2
		}
		c.cfg.Weights, c.cfg.MinRows = NewBuffer(w), 7.25
	})
	add("sample", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) {
		s := make([]uint8, 300)
		for i := range s {
			s[i] = uint8(r.IntN(2))
		}
		c.in.InSample = NewBuffer(s)
	})
	add("empty sample", 40, 0.1, BinOptions{}, one, func(c *growCase) { c.in.InSample = MakeBuffer[uint8](40) })
	add("features", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) { c.in.Features = []int32{0, 2, 3} })
	add("drawn features", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) { c.in.SplitRate, c.in.LevelRate = 0.8, 0.7 })
	add("classes", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) {
		for i := range c.in.G.HostWrite() {
			c.in.G.HostWrite()[i] = -float32(r.IntN(8) / 6)
		}
		c.in.SplitRate, c.cfg.MinRows, c.cfg.MaxDepth = 0.4, 1, 20
	})
	add("least gain", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) { c.cfg.MinGain = 0.2; c.in.G = shifted(c.in.G, 0.3) })
	add("two bytes", 400, 0.1, BinOptions{Bins: 1000}, one, func(c *growCase) { c.cfg.MaxDepth = 2 })
	add("shared levels", 300, 0.1, BinOptions{Bins: 16, CatBins: 7}, one, nil)
	add("no curvature", 100, 0.1, BinOptions{Bins: 16}, func() float64 { return 0 }, nil)
	add("curvature of some", 100, 0.1, BinOptions{Bins: 16}, func() float64 { return float64(r.IntN(10) / 9) }, nil)
	add("pure", 100, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) { c.in.G = shifted(MakeBuffer[float32](100), 0.3) })
	add("huge", 100, 0, BinOptions{}, one, func(c *growCase) { scale(c.in.G, 1e37); scale(c.in.H, 1e30) })
	add("tiny", 100, 0, BinOptions{}, one, func(c *growCase) { scale(c.in.G, 1e-40); scale(c.in.H, 1e-44) })
	add("root only", 100, 0, BinOptions{}, one, func(c *growCase) { c.cfg.MaxDepth = 0 })
	add("deep", 200, 0.1, BinOptions{}, one, func(c *growCase) { c.cfg.MaxDepth = 30 })
	add("one histogram", 300, 0.1, BinOptions{Bins: 16}, one, func(c *growCase) { c.cfg.MaxBytes = 1 })
	add("many columns", 60, 0.1, BinOptions{Bins: 6}, one, func(c *growCase) {
		for len(c.cols) < 83 {
			c.cols = append(c.cols, mixedCols(r, 60, 0.1)...)
		}
		c.cfg.MaxDepth = 3
	})
	add("constant", 50, 0, BinOptions{}, one, func(c *growCase) {
		c.cols = []Column{{Values: make([]float64, 50)}, {}, {Values: make([]int8, 50), Levels: 1}}
	})
	add("no columns", 50, 0, BinOptions{}, one, func(c *growCase) { c.cols = []Column{{Values: make([]int8, 50)}} })
	bounded := func(c *growCase) {
		c.cfg.Bounded, c.cfg.MinRows, c.cfg.MaxDepth = true, 900, 3
		for i, h := range c.in.H.HostWrite() {
			c.in.G.HostWrite()[i] = max(-1, min(1, c.in.G.Host()[i]/3))
			c.in.H.HostWrite()[i] = h / 4
		}
	}
	add("narrow", 70000, 0.1, BinOptions{Bins: 4, CatBins: 4}, r.Float64, bounded)
	add("large and wide", 70000, 0.1, BinOptions{Bins: 4, CatBins: 4}, r.Float64, func(c *growCase) {
		bounded(c)
		c.cfg.Bounded = false
	})
	constraintCases(r, add)
	return out
}

func shifted(b *Buffer[float32], by float32) *Buffer[float32] {
	for i := range b.HostWrite() {
		b.HostWrite()[i] += by
	}
	return b
}

func scale(b *Buffer[float32], by float32) {
	for i := range b.HostWrite() {
		b.HostWrite()[i] *= by
	}
}

// testGrower compares Grow, Level with Apply, and Level one node at a time with
// each other and with the naive tree.
func testGrower(t *testing.T, b Backend) {
	for _, c := range growCases() {
		t.Run(c.name, func(t *testing.T) {
			bins, err := b.Quantize(c.cols, c.opt)
			check(t, err)
			g, err := b.NewGrower(bins, c.cfg)
			check(t, err)
			defer g.Close()
			want := growNaive(bins, c.cfg, c.in)
			for _, way := range []struct {
				name string
				grow func(testing.TB, Grower, Node) Subtree
			}{{"Grow", growWhole}, {"Level", growLevels}, {"best first", growSingly}, {"mixed", growMixed}} {
				root, err := g.Begin(c.in)
				check(t, err)
				got := way.grow(t, g, root)
				compareTrees(t, way.name, g, got, want)
			}
		})
	}
}

func growWhole(t testing.TB, g Grower, root Node) Subtree {
	return growBelow(t, g, root)[0]
}

// growBelow is Grow, or what stands for it in a tier that grows level by level alone.
func growBelow(t testing.TB, g Grower, nodes ...Node) []Subtree {
	subs, err := g.Grow(nodes)
	if errors.Is(err, ErrUnavailable) {
		for _, n := range nodes {
			subs = append(subs, growLevels(t, g, n))
		}
		return subs
	}
	check(t, err)
	subs = slices.Clone(subs) // the grower's next ones would replace them
	for i, s := range subs {
		subs[i] = Subtree{slices.Clone(s.Splits), slices.Clone(s.Nodes)}
	}
	return subs
}

// growLevels splits all nodes of a depth together.
func growLevels(t testing.TB, g Grower, root Node) Subtree { return growBy(t, g, root, math.MaxInt) }

// growSingly splits one node after the other.
func growSingly(t testing.TB, g Grower, root Node) Subtree { return growBy(t, g, root, 1) }

func growBy(t testing.TB, g Grower, root Node, batch int) Subtree {
	splits, kids := map[int32]Split{}, map[int32]Children{}
	for open := []Node{root}; len(open) > 0; {
		n := min(batch, len(open))
		found, err := g.Level(open[:n])
		check(t, err)
		var apply []Split
		for _, s := range found {
			splits[s.Node] = s
			if s.Feature >= 0 {
				apply = append(apply, s)
			}
		}
		children, err := g.Apply(apply)
		check(t, err)
		open = open[n:]
		for i, c := range children {
			kids[apply[i].Node] = c
			open = append(open, c.Left, c.Right)
		}
	}
	var out Subtree
	var walk func(n Node)
	walk = func(n Node) {
		out.Nodes, out.Splits = append(out.Nodes, n), append(out.Splits, splits[n.ID])
		if c, ok := kids[n.ID]; ok {
			walk(c.Left)
			walk(c.Right)
		}
	}
	walk(root)
	return out
}

// growMixed splits the root by Level and Apply, and leaves the rest to Grow.
func growMixed(t testing.TB, g Grower, root Node) Subtree {
	splits, err := g.Level([]Node{root})
	check(t, err)
	out := Subtree{Nodes: []Node{root}, Splits: splits}
	if splits[0].Feature < 0 {
		return out
	}
	kids, err := g.Apply(splits)
	check(t, err)
	for _, s := range growBelow(t, g, kids[0].Left, kids[0].Right) {
		out.Nodes, out.Splits = append(out.Nodes, s.Nodes...), append(out.Splits, s.Splits...)
	}
	return out
}

func compareTrees(t *testing.T, way string, g Grower, got Subtree, want *naiveTree) {
	t.Helper()
	if len(got.Splits) != len(want.splits) || len(got.Nodes) != len(got.Splits) {
		t.Fatalf("%s: %d nodes, want %d", way, len(got.Splits), len(want.splits))
	}
	leaf, seen := 0, map[int32]bool{}
	for i, s := range got.Splits {
		w := want.splits[i]
		if seen[s.Node] || got.Nodes[i].ID != s.Node {
			t.Fatalf("%s: node %d has number %d, split says %d", way, i, got.Nodes[i].ID, s.Node)
		}
		seen[s.Node] = true
		w.Node = s.Node
		if s.Feature != w.Feature || s.Bin != w.Bin || !slices.Equal(s.Set, w.Set) || s.MissingLeft != w.MissingLeft ||
			s.Gain != w.Gain || s.Left != w.Left || s.Right != w.Right {
			t.Fatalf("%s: node %d\n got %+v\nwant %+v", way, i, s, w)
		}
		if n := got.Nodes[i]; n.Low != want.bounds[i][0] || n.High != want.bounds[i][1] {
			t.Fatalf("%s: node %d has bounds %v and %v, want %v", way, i, n.Low, n.High, want.bounds[i])
		}
		if s.Feature >= 0 {
			if d := got.Nodes[i+1]; d.Sum != s.Left || d.Depth != got.Nodes[i].Depth+1 || d.Path != got.Nodes[i].Path*2 {
				t.Fatalf("%s: left child %+v of %+v", way, d, s)
			}
			continue
		}
		if rows := g.Rows(s.Node); !slices.Equal(rows, want.rowsOfLeaves[leaf]) {
			t.Fatalf("%s: leaf %d has rows %v, want %v", way, i, rows, want.rowsOfLeaves[leaf])
		}
		leaf++
	}
}
