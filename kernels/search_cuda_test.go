//go:build cuda

package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sumsCase is sums of some nodes over some columns, made without rows.
type sumsCase struct {
	name     string
	numbers  []int // bins of the columns, the one of missing rows included
	levels   []int // of those that are categorical
	nodes    int
	parts    int // runs of alike rows a node; columns with more bins have empty ones
	cfg      GrowerConfig
	format   format
	draw     func(r *rand.Rand) tally // sums of a part
	missing  float64                  // share of parts
	twins    bool                     // each column twice
	some     bool                     // nodes look at some columns each
	bounds   bool
	phi      bool
	minGain  float64
	scratch  int64
	evenBins bool // no bin of odd number has rows
	edge     bool // of one column of levels: noise that just pools one of them, or just does not
}

// plain makes parts of a few rows.
func plain(r *rand.Rand) tally {
	n := 1 + r.Int64N(40)
	return tally{g: r.Int64N(n<<31) - n<<30, h: r.Int64N(n << 30), w: n, n: n}
}

// few makes parts that are often alike, so that scores are.
func few(r *rand.Rand) tally { return tally{g: r.Int64N(3) - 1, h: 1, w: 1, n: 1} }

// single makes parts of one row.
func single(r *rand.Rand) tally {
	return tally{g: r.Int64N(2001) - 1000, h: 1 + r.Int64N(3), w: 1, n: 1}
}

var (
	wideFormat   = format{lanes: 3, g: 0x1p-30, h: 0x1p-31, w: 0x1p-3}
	narrowFormat = format{narrow: true, lanes: 1, g: 1.0 / narrowG, h: 1.0 / narrowH, w: 1}
	wholeFormat  = format{lanes: 3, g: 1, h: 1, w: 1}
)

func sumsCases() []sumsCase {
	mixed, levels := []int{1, 2, 17, 33, 256}, []int{2, 3, 5, 24, 40, 255}
	weighted := func(r *rand.Rand) tally {
		t := plain(r)
		t.w = r.Int64N(5) * r.Int64N(100)
		return t
	}
	below := func(r *rand.Rand) tally {
		t := plain(r)
		t.h -= t.n << 28
		return t
	}
	some := func(of func(r *rand.Rand) tally, share float64) func(*rand.Rand) tally {
		return func(r *rand.Rand) tally {
			t := of(r)
			if r.Float64() < share {
				t.h = 0
			}
			return t
		}
	}
	return []sumsCase{
		{name: "plain", numbers: mixed, levels: levels, nodes: 9, parts: 300, format: wideFormat, draw: plain, missing: 0.2},
		{name: "no missing", numbers: mixed, levels: levels, nodes: 9, parts: 300, format: wideFormat, draw: plain},
		{name: "all missing", numbers: mixed, levels: levels, nodes: 3, parts: 30, format: wideFormat, draw: plain, missing: 1},
		{name: "narrow", numbers: mixed, levels: levels, nodes: 9, parts: 200, format: narrowFormat, draw: func(r *rand.Rand) tally {
			n := 1 + r.Int64N(3000)
			return tally{g: r.Int64N(2*n*narrowG) - n*narrowG, h: r.Int64N(2047 * n), w: n, n: n}
		}, missing: 0.1},
		{name: "small", numbers: []int{3, 5}, levels: []int{2, 3, 7}, nodes: 40, parts: 4, format: wideFormat, draw: plain, missing: 0.2},
		{name: "sparse", numbers: mixed, levels: levels, nodes: 16, parts: 9, format: wideFormat, draw: plain, missing: 0.2},
		{name: "gaps", numbers: []int{40, 200}, nodes: 9, parts: 12, format: wideFormat, draw: plain, missing: 0.2, evenBins: true},
		{name: "one part", numbers: mixed, levels: levels, nodes: 9, parts: 1, format: wideFormat, draw: plain},
		{name: "ties", numbers: []int{9, 70, 300}, levels: []int{6, 70, 300}, nodes: 12, parts: 60, format: wholeFormat, draw: few, missing: 0.2},
		{name: "ties of columns", numbers: []int{9, 40}, levels: []int{6, 70}, nodes: 12, parts: 50, format: wideFormat, draw: plain, missing: 0.2, twins: true},
		{name: "ties, few parts", numbers: []int{9, 40}, levels: []int{6, 70}, nodes: 40, parts: 5, format: wholeFormat, draw: few, missing: 0.3, twins: true},
		{name: "weights", numbers: mixed, levels: levels, nodes: 9, parts: 200, cfg: GrowerConfig{MinRows: 600}, format: wideFormat, draw: weighted, missing: 0.1},
		{name: "least weight", numbers: mixed, levels: levels, nodes: 12, parts: 10, cfg: GrowerConfig{MinRows: 70}, format: wideFormat, draw: plain, missing: 0.3},
		{name: "least h", numbers: mixed, levels: levels, nodes: 12, parts: 10, format: format{lanes: 3, g: 0x1p-30, h: 0x1p-31, w: 0x1p-3, minH: 40 << 30}, draw: plain, missing: 0.3},
		{name: "lambda", numbers: mixed, levels: levels, nodes: 9, parts: 200, cfg: GrowerConfig{Lambda: 2.5}, format: wideFormat, draw: plain, missing: 0.1},
		{name: "no curvature", numbers: mixed, levels: levels, nodes: 9, parts: 30, format: wideFormat, draw: some(plain, 1), missing: 0.1},
		{name: "curvature of some", numbers: mixed, levels: levels, nodes: 14, parts: 12, format: wideFormat, draw: some(plain, 0.7), missing: 0.1},
		{name: "curvature below zero", numbers: mixed, levels: levels, nodes: 9, parts: 30, format: wideFormat, draw: below, missing: 0.1},
		{name: "curvature of few", numbers: []int{9, 40, 40}, nodes: 60, parts: 4, format: wideFormat, draw: some(plain, 0.8), missing: 0.1},
		{name: "lambda alone", numbers: mixed, levels: levels, nodes: 20, parts: 30, cfg: GrowerConfig{Lambda: 2.5}, format: wideFormat, draw: some(plain, 1), missing: 0.1},
		{name: "equal sides", numbers: []int{3, 70}, levels: []int{2}, nodes: 40, parts: 2, format: wholeFormat, draw: single},
		{name: "light rows", levels: []int{30, 255}, nodes: 40, parts: 60, format: wideFormat, draw: func(r *rand.Rand) tally {
			t := single(r)
			t.w = 1 + r.Int64N(8)
			return t
		}, missing: 0.1},
		{name: "light rows, two a level", levels: []int{30}, nodes: 60, parts: 60, format: wholeFormat, draw: single},
		{name: "ratios that vanish", levels: []int{9, 40}, nodes: 40, parts: 60, format: format{lanes: 2, g: 0x1p-150, h: 1, w: 1}, draw: plain, phi: true},
		{name: "pool among equals", levels: []int{40, 70}, nodes: 60, parts: 40, format: wholeFormat, draw: func(r *rand.Rand) tally {
			if r.IntN(3) > 0 {
				return tally{1, 1, 1, 1}
			}
			n := 30 + r.Int64N(30)
			return tally{n * (2*r.Int64N(2) - 1), n, n, n}
		}},
		{name: "just pooled", levels: []int{40}, nodes: 40, parts: 60, format: wideFormat, draw: plain, missing: 0.2, edge: true},
		{name: "just pooled, many levels", levels: []int{700}, nodes: 10, parts: 1500, format: wideFormat, draw: plain, missing: 0.2, edge: true},
		{name: "just pooled, noise of the tree", levels: []int{40}, nodes: 40, parts: 60, format: wideFormat, draw: plain, missing: 0.2, edge: true, phi: true},
		{name: "huge", numbers: mixed, levels: levels, nodes: 6, parts: 200, format: format{lanes: 2, g: 0x1p100, h: 0x1p70, w: 1}, draw: func(r *rand.Rand) tally {
			return tally{g: r.Int64N(1<<54) - 1<<53, h: r.Int64N(1 << 53), w: 1 << 31, n: 1 << 31}
		}, missing: 0.1},
		{name: "tiny", numbers: mixed, levels: levels, nodes: 6, parts: 200, format: format{lanes: 2, g: 0x1p-170, h: 0x1p-175, w: 1}, draw: plain, missing: 0.1},
		{name: "least gain", numbers: mixed, levels: levels, nodes: 12, parts: 300, format: wideFormat, draw: plain, missing: 0.1, minGain: 700},
		{name: "noise of the tree", numbers: mixed, levels: levels, nodes: 12, parts: 300, format: wideFormat, draw: plain, missing: 0.1, phi: true},
		{name: "many levels", numbers: []int{5}, levels: []int{700, 1025}, nodes: 6, parts: 3000, format: wideFormat, draw: plain, missing: 0.05},
		{name: "very many levels", numbers: []int{5}, levels: []int{5000, 40}, nodes: 3, parts: 20000, format: wideFormat, draw: plain, missing: 0.05, phi: true},
		{name: "little scratch", numbers: []int{5, 5, 5}, levels: []int{5000, 3}, nodes: 12, parts: 50, format: wideFormat, draw: plain, missing: 0.05, scratch: 3 * 8 * 8192},
		{name: "all bins", numbers: []int{65536}, levels: []int{65535}, nodes: 1, parts: 200000, format: wideFormat, draw: plain, missing: 0.01},
		{name: "many columns", numbers: slices.Repeat([]int{4, 9}, 30), levels: slices.Repeat([]int{7}, 300), nodes: 4, parts: 40, format: wideFormat, draw: plain, missing: 0.1},
		{name: "some columns", numbers: slices.Repeat(mixed, 3), levels: levels, nodes: 11, parts: 60, format: wideFormat, draw: plain, missing: 0.1, some: true},
		{name: "monotone without curvature", numbers: []int{9, 40}, nodes: 60, parts: 5, cfg: GrowerConfig{Monotone: []int8{1, -1}}, format: wideFormat, draw: some(plain, 0.7), missing: 0.1},
		{name: "monotone, curvature below zero", numbers: []int{9, 40}, nodes: 60, parts: 8, cfg: GrowerConfig{Monotone: []int8{1, -1}}, format: wideFormat, draw: below, missing: 0.1},
		{name: "monotone", numbers: slices.Repeat([]int{9, 40}, 3), levels: levels, nodes: 12, parts: 100, cfg: GrowerConfig{Monotone: []int8{1, -1, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0}}, format: wideFormat, draw: plain, missing: 0.1},
		{name: "bounds", numbers: slices.Repeat([]int{9, 40}, 3), levels: levels, nodes: 24, parts: 100, cfg: GrowerConfig{Monotone: []int8{1, -1, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0}, Lambda: 0.5}, format: wideFormat, draw: plain, missing: 0.1, bounds: true},
		{name: "bounds without curvature", numbers: slices.Repeat([]int{9, 40}, 3), nodes: 16, parts: 12, cfg: GrowerConfig{Monotone: []int8{1, -1, 0, 0, -1, 1}}, format: wideFormat, draw: some(plain, 0.8), missing: 0.1, bounds: true},
		{name: "ties under bounds", numbers: []int{9, 40}, nodes: 16, parts: 12, cfg: GrowerConfig{Monotone: []int8{1, -1, 1, -1}}, format: wholeFormat, draw: few, missing: 0.1, bounds: true, twins: true},
	}
}

// make returns a grower with the nodes of a case and their sums in host memory.
func (c *sumsCase) make(r *rand.Rand) *goGrower {
	b := &goBins{}
	add := func(bins, levels int) {
		for range 1 + b2i(c.twins) {
			b.feats = append(b.feats, feature{bins: bins, levels: levels})
		}
	}
	for _, bins := range c.numbers {
		add(bins, 0)
	}
	for _, k := range c.levels {
		add(k+1, k)
	}
	c.cfg.Seed = 7
	g, err := newGo(2).newGrower(b, c.cfg)
	if err != nil {
		panic(err)
	}
	g.minW = max(1, int64(c.cfg.MinRows))
	g.stage, g.quant.format, g.minGain = hostStage{g}, c.format, c.minGain
	for i := range c.nodes {
		n := growNode{Node: Node{ID: int32(i), Path: uint64(i + 1), Low: math.Inf(-1), High: math.Inf(1)}, parent: -1, left: -1, slot: g.slots.get()}
		hist, squares := g.slots.hist(n.slot), 0.0
		for range c.parts {
			t := c.draw(r)
			n.sum.add(&t)
			squares += float64(t.g) * float64(t.g) / float64(max(1, t.w)) * g.quant.squareUnit()
			last := 0
			for f := range b.feats {
				if k := b.feats[f].bins; f%2 == 0 || !c.twins {
					last = 0
					if k > 1 && r.Float64() >= c.missing {
						last = 1 + int(float64(k-1)*r.Float64()*(1-r.Float64()/2))
						if c.evenBins {
							last &^= 1
						}
					}
				}
				hist[g.layout.first[f]+last].add(&t)
			}
		}
		n.noise.squares = squares * math.Exp(2*r.NormFloat64())
		n.Sum = g.quant.sum(n.sum)
		if c.phi {
			n.noise.phi = n.noise.squares / max(n.Sum.H, 1e-300)
		}
		if c.bounds && i%5 > 0 {
			v := -n.Sum.G / (n.Sum.H + c.cfg.Lambda + 1e-9)
			if i%5 < 4 {
				n.Low = v - math.Abs(v)*r.ExpFloat64()
			}
			if i%5 > 1 {
				n.High = v + math.Abs(v)*r.ExpFloat64()
			}
		}
		if c.edge {
			g.toEdge(&n, r)
		}
		g.nodes = append(g.nodes, n)
	}
	return g
}

// toEdge gives a node the noise at which a level of its column begins to be pooled, or
// the number before: a limit that differs in its last bit gives another candidate.
func (g *goGrower) toEdge(n *growNode, r *rand.Rand) {
	s := finder{minW: g.minW}
	noise := &n.noise.squares
	if n.noise.phi > 0 {
		noise = &n.noise.phi
	}
	pools := func(bits uint64, level int) bool {
		*noise = math.Float64frombits(bits)
		s.begin(&g.quant.format, n)
		s.load(g.slots.hist(n.slot))
		s.ratios = nil
		for i := range s.vals {
			s.ratios = append(s.ratios, s.ratio(&s.vals[i]))
		}
		return float64(s.vals[level].h)*s.format.h < s.limit()
	}
	s.load(g.slots.hist(n.slot))
	level := r.IntN(len(s.vals))
	lo, hi := math.Float64bits(*noise*1e-9), math.Float64bits(*noise*1e9)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; pools(mid, level) {
			hi = mid
		} else {
			lo = mid
		}
	}
	*noise = math.Float64frombits(lo + uint64(n.ID%2))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// picks returns the columns that each node looks at.
func (c *sumsCase) picks(r *rand.Rand, g *goGrower) (ids []int32, out [][]int32) {
	for i := range g.nodes {
		ids = append(ids, int32(i))
		feats := g.feats
		if c.some {
			feats = slices.DeleteFunc(slices.Clone(feats), func(int32) bool { return r.IntN(3) > i%3 })
		}
		out = append(out, feats)
	}
	return ids, out
}

// deviceSums returns a stage with the sums of a grower on a device.
func deviceSums(t *testing.T, j *job, g *goGrower) *deviceStage {
	d := &deviceStage{job: j, g: g}
	check(t, j.run(func(s *scope) {
		d.bins = holdBins(s, 0, g.bins.feats)
		for i := range g.nodes {
			n := &g.nodes[i]
			uploadTo(s, d.slot(s, n.slot), g.slots.hist(n.slot))
		}
	}))
	t.Cleanup(func() {
		d.close()
		d.bins.Close()
	})
	return d
}

// seenOf tells which ways candidates went, so that the cases are known to take all.
func seenOf(seen map[string]int, g *goGrower, n *growNode, c *candidate) {
	if c.feature < 0 {
		seen["none"]++
		return
	}
	f := &g.bins.feats[c.feature]
	missing := g.slots.hist(n.slot)[g.layout.first[c.feature]].n > 0
	switch {
	case f.levels == 0:
		seen["number"]++
	case len(c.won) > int(c.at):
		seen["levels on both sides"]++
	default:
		seen["levels left"]++
	}
	if missing && c.missingLeft {
		seen["missing left"]++
	} else if missing {
		seen["missing right"]++
	}
	if f.levels > 0 && f.bins > 4096 {
		seen["keys in scratch"]++
	}
}

// Search gives the candidates of the go tier, to the bit.
func TestDeviceStage_Search(t *testing.T) {
	seen := map[string]int{}
	for i, c := range sumsCases() {
		t.Run(c.name, func(t *testing.T) {
			j := openTest(t)
			if c.scratch > 0 {
				defer func(was int64) { scratchBytes = was }(scratchBytes)
				scratchBytes = c.scratch
			}
			r := rand.New(rand.NewPCG(uint64(i), 31))
			g := c.make(r)
			ids, picked := c.picks(r, g)
			want, err := g.stage.search(ids, picked)
			check(t, err)
			d := deviceSums(t, j, g)
			if c.parts <= 60 { // leaves winners of other columns behind
				slices.Reverse(ids)
				slices.Reverse(picked)
				_, err := d.search(ids, picked)
				check(t, err)
				slices.Reverse(ids)
				slices.Reverse(picked)
			}
			for _, k := range []int{0, 1, len(ids)} { // memory grows, and is used again
				got, err := d.search(ids[:k], picked[:k])
				check(t, err)
				bins := 0
				for i := range got {
					bins += len(got[i].won)
					w, x := &want[i], &got[i]
					if w.feature < 0 || g.bins.feats[w.feature].levels == 0 {
						w.won = nil
					}
					if w.feature != x.feature || w.feature >= 0 && (w.score != x.score || w.at != x.at || w.missingLeft != x.missingLeft || w.left != x.left || !slices.Equal(w.won, x.won)) {
						t.Fatalf("node %d:\n got %+v\nwant %+v", i, short(x), short(w))
					}
					seenOf(seen, g, &g.nodes[i], w)
				}
				if bins > firstBins {
					seen["second copy"]++
				}
			}
		})
	}
	for _, way := range []string{"none", "number", "levels on both sides", "levels left", "missing left", "missing right", "keys in scratch", "second copy"} {
		if seen[way] == 0 {
			t.Errorf("no case of %s", way)
		}
	}
	t.Log(seen)
}

// short is a candidate without most of a long order.
func short(c *candidate) candidate {
	out := *c
	out.won = out.won[:min(20, len(out.won))]
	return out
}
