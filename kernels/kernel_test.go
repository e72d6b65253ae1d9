package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// formatRows is a format and rows in it.
type formatRows struct {
	f format
	rowSet
}

// formats returns one format of each kind, with rows that fit it.
func formats(r *rand.Rand, n int) map[string]formatRows {
	out := map[string]formatRows{
		"narrow":   {f: format{narrow: true, lanes: 1, g: 1.0 / narrowG, h: 1.0 / narrowH, w: 1}},
		"same h":   {f: format{lanes: 1, sameH: 1 << 30, g: 1, h: 1, w: 1}},
		"h":        {f: format{lanes: 2, g: 1, h: 1, w: 1}},
		"h and w":  {f: format{lanes: 3, g: 1, h: 1, w: 1}},
		"extremes": {f: format{lanes: 3, g: 1, h: 1, w: 1}},
	}
	for name, p := range out {
		p.a, p.b = make([]uint64, n), make([]uint64, n)
		for i := range n {
			g, h, w := r.Int64N(1<<31)-1<<30, r.Int64N(1<<30+1), r.Int64N(1<<30+1)
			if i%7 == 3 {
				h = 0
			}
			switch name {
			case "narrow":
				g, h = []int64{-narrowG, narrowG, r.Int64N(100)}[r.IntN(3)], []int64{2047, 2047, 0}[r.IntN(3)]
				p.a[i] = uint64(g)<<48 | uint64(h)<<32 | uint64(i)
				continue
			case "extremes":
				g, h, w = -1<<30, 1<<30, 1<<30
			}
			p.a[i] = uint64(g)<<32 | uint64(i)
			p.b[i] = uint64(h)<<32 | uint64(w)
		}
		if p.f.lanes == 1 {
			p.b = nil
		}
		out[name] = p
	}
	return out
}

// naiveTally is what one row adds.
func naiveTally(f *format, rows rowSet, i int) tally {
	t := tally{g: int64(rows.a[i]) >> 32, w: 1, n: 1, h: f.sameH}
	if f.narrow {
		t.g, t.h = int64(int16(rows.a[i]>>48)), int64(uint16(rows.a[i]>>32))
	}
	if f.lanes > 1 {
		t.h = int64(int32(rows.b[i] >> 32))
	}
	if f.lanes > 2 {
		t.w = int64(uint32(rows.b[i]))
	}
	return t
}

func naiveHistogram(b *goBins, l *layout, f *format, rows rowSet) []tally {
	hist := make([]tally, l.bins())
	for i, a := range rows.a {
		t := naiveTally(f, rows, i)
		for feat := range b.feats {
			hist[l.first[feat]+b.bin(feat, int(uint32(a)))].add(&t)
		}
	}
	return hist
}

// wideBins makes bins of features with the given numbers of levels.
func wideBins(r *rand.Rand, rows int, levels ...int) *goBins {
	var cols []Column
	for _, k := range levels {
		v := make([]int16, rows)
		for i := range v {
			v[i] = int16(r.IntN(k+1)) - 1
		}
		cols = append(cols, Column{Values: v, Levels: k})
	}
	b, err := newGo(1).Quantize(cols, BinOptions{CatBins: 2000})
	if err != nil {
		panic(err)
	}
	return b.(*goBins)
}

func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	layouts := map[string][]int{
		"one": {255}, "two": {3, 9}, "three": {1, 2, 255}, "five": {9, 9, 9, 9, 9}, "seven": {255, 7, 7, 7, 7, 7, 7}, "eight": {255, 1, 1, 1, 1, 1, 1, 255},
		"nine": {1, 2, 3, 4, 5, 6, 7, 8, 9}, "two bytes": {300, 256, 2000, 511, 512}, "both": {300, 5, 400, 255}, "many": slices.Repeat([]int{4, 300}, 40),
	}
	for name, levels := range layouts {
		for _, n := range []int{0, 1, 31, 32, 33, 1025, 8192, 20000} {
			if name == "many" && n > 2000 {
				continue
			}
			b := wideBins(r, n, levels...)
			l := newLayout(b)
			for kind, c := range formats(r, n) {
				order := r.Perm(n)[:n-n/5]
				slices.Sort(order)
				rows := rowSet{a: make([]uint64, len(order))}
				if c.b != nil {
					rows.b = make([]uint64, len(order))
				}
				for i, o := range order {
					rows.a[i] = c.a[o]
					if c.b != nil {
						rows.b[i] = c.b[o]
					}
				}
				got, cells := make([]tally, l.bins()), newCells(3, l.packCells())
				for p := range l.packs() {
					from, to := l.pack(p)
					sumRows(b, &l, &c.f, rows, got, &cells, new(block), from, to)
				}
				if want := naiveHistogram(b, &l, &c.f, rows); !slices.Equal(got, want) {
					t.Fatalf("%s, %d rows, %s: histograms differ", name, n, kind)
				}
				for k := range cells {
					if slices.ContainsFunc(cells[k], func(v int64) bool { return v != 0 }) {
						t.Fatalf("%s, %d rows, %s: cells are not clear", name, n, kind)
					}
				}
			}
		}
	}
}

// TestPartition parts rows between canaries, by many threads and few.
func TestPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	const canary = 0xDEAD
	loops := map[string]loops{}
	for _, tier := range everyTier(t, 1) {
		if strings.HasPrefix(tier.Name(), "cuda") {
			continue // it has no loops in host memory
		}
		g, err := tier.NewGrower(wideBins(r, 1, 2), GrowerConfig{})
		check(t, err)
		loops[tier.Name()] = g.(*goGrower).loops
	}
	for _, n := range []int{0, 1, 31, 33, partRun, 3*partRun + 1, 12*partRun - 1} {
		b := wideBins(r, n, 40, 300)
		for feat := range 2 {
			for _, kind := range []string{"none", "all", "some", "sorted"} {
				s := Split{Feature: int32(feat), Set: make([]uint64, 5), MissingLeft: kind != "none"}
				for i := range s.Set {
					s.Set[i] = map[string]uint64{"none": 0, "all": math.MaxUint64, "some": r.Uint64(), "sorted": r.Uint64()}[kind]
				}
				rows := formats(r, n)["h and w"].rowSet
				if kind == "sorted" { // the left ones first
					slices.SortStableFunc(rows.a, func(x, y uint64) int {
						side := func(a uint64) int {
							if bin := b.bin(feat, int(uint32(a))); bin == 0 || s.Set[bin/64]>>(bin%64)&1 == 1 {
								return 0
							}
							return 1
						}
						return side(x) - side(y)
					})
				}
				var left, right rowSet
				for i, a := range rows.a {
					bin, to := b.bin(feat, int(uint32(a))), &right
					if bin == 0 && s.MissingLeft || bin > 0 && s.Set[bin/64]>>(bin%64)&1 == 1 {
						to = &left
					}
					to.a, to.b = append(to.a, a), append(to.b, rows.b[i])
				}
				in := rowSet{a: slices.Concat([]uint64{canary}, rows.a, []uint64{canary}), b: slices.Concat([]uint64{canary}, rows.b, []uint64{canary})}
				wantA := slices.Concat([]uint64{canary}, left.a, right.a, []uint64{canary})
				wantB := slices.Concat([]uint64{canary}, left.b, right.b, []uint64{canary})
				for _, threads := range []int{1, 2, 3, 16} {
					for name, l := range loops {
						out := rowSet{a: slices.Repeat([]uint64{canary}, n+2), b: slices.Repeat([]uint64{canary}, n+2)}
						g := &goGrower{bins: b, threads: threads, loops: l, layout: newLayout(b), rows: [2]rowSet{in, out}}
						k := len(left.a)
						g.nodes = []growNode{{lo: 1, rows: n, left: 1, split: s}, {lo: 1, rows: k}, {lo: 1 + k, rows: n - k}}
						g.partRows([]int32{0})
						if !slices.Equal(out.a, wantA) || !slices.Equal(out.b, wantB) {
							t.Fatalf("%s, %d threads, %d rows, column %d, %s", name, threads, n, feat, kind)
						}
					}
				}
			}
		}
	}
}

// naiveSplit scores every prefix of a feature by floats, missing left and right.
func naiveSplit(s *finder, t []tally) (top float64) {
	top = math.Inf(-1)
	for _, missingLeft := range []bool{true, false} {
		for b := 1; b < len(t); b++ {
			var l tally
			if missingLeft {
				l.add(&t[0])
			}
			for i := 1; i <= b; i++ {
				l.add(&t[i])
			}
			r := s.total
			r.sub(&l)
			if l.n > 0 && r.n > 0 && l.w >= s.minW && r.w >= s.minW && l.h >= s.format.minH && r.h >= s.format.minH {
				top = max(top, float64(l.g*l.g)/(float64(l.h)+s.lambda)+float64(r.g*r.g)/(float64(r.h)+s.lambda))
			}
		}
	}
	return top
}

func TestSplit(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	f := format{lanes: 2, g: 1, h: 1, w: 1}
	for round := range 2000 {
		bins := make([]tally, 2+r.IntN(40))
		f.minH = r.Int64N(60)
		s := finder{lambda: float64(r.IntN(3)), minW: int64(1 + r.IntN(20))}
		var total tally
		for b := range bins {
			if r.IntN(3) > 0 {
				n := r.Int64N(9) + 1
				bins[b] = tally{r.Int64N(2001) - 1000, r.Int64N(50) + 1, n, n}
				total.add(&bins[b])
			}
		}
		s.begin(&f, &growNode{sum: total})
		s.best.score = math.Inf(-1)
		s.load(bins)
		s.try(5, false)
		want := naiveSplit(&s, bins)
		if math.IsInf(want, -1) {
			if s.best.feature != -1 {
				t.Fatalf("round %d: a split where none can be", round)
			}
			continue
		}
		if math.Abs(s.best.score-want) > 1e-9*want {
			t.Fatalf("round %d: score %v, want %v", round, s.best.score, want)
		}
		// Levels in their best order are at least as good as in the order of codes,
		// when there is no missing one and no least weight.
		s.begin(&f, &growNode{sum: total})
		s.best.score = math.Inf(-1)
		if s.minW == 1 && f.minH == 0 && bins[0].n == 0 {
			if s.try(5, true); s.best.score < want*(1-1e-12) {
				t.Fatalf("round %d: levels score %v, codes in order %v", round, s.best.score, want)
			}
		}
	}
}

func TestRadixSort(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	for _, n := range []int{0, 1, 2, 31, 33, 1000} {
		v := make([]float64, n)
		keys := make([]uint64, n)
		for i := range v {
			v[i] = math.Float64frombits(r.Uint64())
			if math.IsNaN(v[i]) {
				v[i] = 0
			}
			keys[i] = order64(v[i])
		}
		slices.Sort(v)
		for i, k := range radixSort(keys, make([]uint64, n), 0, 64) {
			if value64(k) != v[i] {
				t.Fatalf("%d values: place %d has %v, want %v", n, i, value64(k), v[i])
			}
		}
	}
	for _, v := range []float32{-1e30, -2, -1e-40, 0, 1e-40, 3, 1e30} {
		if next := math.Nextafter32(v, 1e38); order32(v) >= order32(next) {
			t.Errorf("order of %v and %v", v, next)
		}
	}
}

func TestDraw(t *testing.T) {
	if a, b := Draw(1, 2, 3, 4), Draw(1, 2, 3, 4); a != b {
		t.Error("two answers")
	}
	seen := map[uint64]bool{}
	for i := range uint64(4) {
		for j := range uint64(4) {
			for p := range Purpose(4) {
				for k := range uint64(100) {
					seen[Draw(i, j, p, k)] = true
				}
			}
		}
	}
	if len(seen) != 6400 {
		t.Errorf("%d different draws of 6400", len(seen))
	}
	// Each of five columns is drawn about as often, three at a time.
	count, in, order := make([]int, 5), make([]bool, 5), make([]int32, 5)
	for k := range uint64(10000) {
		drawFeatures(Draw(1, 1, purposeSplit, k), 3, order, in)
		n := 0
		for i, yes := range in {
			if yes {
				count[i]++
				n++
			}
		}
		if n != 3 {
			t.Fatalf("%d columns drawn", n)
		}
	}
	for i, n := range count {
		if n < 5800 || n > 6200 {
			t.Errorf("column %d drawn %d times of 6000", i, n)
		}
	}
	// Draws by row are even in both halves.
	var hi, lo float64
	for row := range uint32(100000) {
		u := drawRow(77, row)
		hi, lo = hi+float64(u>>16)/65536, lo+float64(u&0xFFFF)/65536
	}
	if math.Abs(hi/1e5-0.5) > 0.005 || math.Abs(lo/1e5-0.5) > 0.005 {
		t.Errorf("means %v and %v", hi/1e5, lo/1e5)
	}
}
