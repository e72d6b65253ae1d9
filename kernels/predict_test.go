package kernels

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/geyser-ml/geyser/kernels/par"
)

// forestAdd appends a grown tree to a forest, with the values of its leaves.
func forestAdd(f *Forest, bins Bins, sub Subtree, values []LeafValue) {
	f.Roots, f.Class = append(f.Roots, int32(len(f.Left))), append(f.Class, 0)
	value := map[int32]float32{}
	for _, v := range values {
		value[v.Node] = v.Value
	}
	at := 0
	var add func() int32
	add = func() int32 {
		s := sub.Splits[at]
		at++
		i := f.AddLeaf(value[s.Node])
		if s.Feature < 0 {
			return i
		}
		f.Feature[i] = s.Feature
		if s.MissingLeft {
			f.MissingLeft[i] = 1
		}
		if levels := bins.Levels(int(s.Feature)); levels > 0 {
			f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), int32(levels)
			set := make([]uint64, (levels+63)/64)
			for c := range levels {
				if b := bins.BinOf(int(s.Feature), c); s.Set[b/64]>>(b%64)&1 != 0 {
					set[c/64] |= 1 << (c % 64)
				}
			}
			f.Sets = append(f.Sets, set...)
		} else {
			f.Threshold[i] = Threshold(bins, int(s.Feature), s.Bin)
		}
		l := add()
		r := add()
		f.Left[i], f.Right[i] = l, r
		return i
	}
	add()
}

// testLeaves boosts a few trees on a sample: the scores kept in training are those
// that the forest predicts, to the bit, for rows in the sample and outside.
func testLeaves(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, n := range []int{1, 33, 257, 3000, 20000} {
		cols := mixedCols(r, n, 0.1)
		for i := range n {
			if r.IntN(20) == 0 {
				cols[1].Values.([]float32)[i] = float32(math.Inf(r.IntN(2)*2 - 1))
			}
		}
		bins, err := b.Quantize(cols, BinOptions{CatBins: 20})
		check(t, err)
		g, err := b.NewGrower(bins, GrowerConfig{Seed: 1, MinRows: 3, MaxDepth: 6})
		check(t, err)
		score, outside, want := MakeBuffer[float64](n), MakeBuffer[float64](n), make([]float64, n)
		var f Forest
		for tree := range 4 {
			in := TreeInput{Tree: uint64(tree)}
			in.G, in.H = derivatives(r, n, func() float64 { return 1 })
			if tree > 0 {
				s := make([]uint8, n)
				for i := range s {
					s[i] = uint8(r.IntN(3) / tree)
				}
				in.InSample = NewBuffer(s)
			}
			root, err := g.Begin(in)
			check(t, err)
			sub := growWhole(t, g, root)
			var values []LeafValue
			for _, s := range sub.Splits {
				if s.Feature < 0 {
					values = append(values, LeafValue{s.Node, float32(r.NormFloat64())})
				}
			}
			check(t, g.Leaves(values, score, AllRows))
			check(t, g.Leaves(values, outside, OutsideRows))
			forestAdd(&f, bins, sub, values)
			if in.InSample == nil {
				continue
			}
			one := [][]float64{make([]float64, n)}
			check(t, b.Predict(&f, cols, 0, n, tree, tree+1, one))
			for i, v := range one[0] {
				if in.InSample.Host()[i] == 0 {
					want[i] += v
				}
			}
		}
		if !slices.Equal(outside.Host(), want) {
			t.Fatalf("%d rows: scores of rows outside the samples differ", n)
		}
		got := [][]float64{make([]float64, n)}
		check(t, b.Predict(&f, cols, 0, n, 0, len(f.Roots), got))
		for i, v := range got[0] {
			if v != score.Host()[i] {
				t.Fatalf("%d rows: row %d scores %v in training, %v by the forest", n, i, score.Host()[i], v)
			}
		}
		g.Close()
	}
}

// naivePredict walks one tree for one row.
func naivePredict(f *Forest, cols []Column, row, tree int) float64 {
	i := f.Roots[tree]
	for f.Left[i] >= 0 {
		var x [1]float64
		cols[f.Feature[i]].load(row, x[:])
		left := f.MissingLeft[i] == 1
		switch {
		case math.IsNaN(x[0]):
		case f.SetAt[i] < 0:
			left = x[0] <= f.Threshold[i]
		case x[0] >= 0 && x[0] < float64(f.SetLen[i]):
			c := int32(x[0])
			left = f.Sets[f.SetAt[i]+c/64]>>(c%64)&1 == 1
		}
		if i = f.Right[i]; left {
			i = f.Left[slices.Index(f.Right, i)]
		}
	}
	return float64(f.Value[i])
}

// randomForest makes complete trees of the given depth over mixedCols.
func randomForest(r *rand.Rand, trees, depth, classes int) *Forest {
	f := &Forest{}
	var add func(d int) int32
	add = func(d int) int32 {
		i, col := f.AddLeaf(0), int32(r.IntN(4))
		f.Feature[i], f.Threshold[i], f.Value[i], f.MissingLeft[i] = col, r.NormFloat64()+float64(col), float32(r.NormFloat64()), uint8(r.IntN(2))
		if col >= 2 {
			f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), int32(2+r.IntN(38))
			f.Sets = append(f.Sets, r.Uint64())
		}
		if d > 0 && r.IntN(8) > 0 {
			l := add(d - 1)
			rt := add(d - 1)
			f.Left[i], f.Right[i] = l, rt
		}
		return i
	}
	for t := range trees {
		f.Roots, f.Class = append(f.Roots, int32(len(f.Left))), append(f.Class, int32(t%classes))
		add(depth)
	}
	return f
}

func testPredict(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(31, 32))
	f := randomForest(r, 7, 5, 2)
	testPredictForest(t, b, f, mixedCols(r, 700, 0.2))
	for i := range f.SetAt { // numbers alone
		f.SetAt[i] = -1
	}
	numbers := *f
	numbers.Left = slices.Clone(f.Left) // another forest
	testPredictForest(t, b, &numbers, mixedCols(r, 700, 0.2))
	testPredictForest(t, b, &numbers, mixedCols(r, 700, 0))
}

// testPredictForest scores 700 rows by seven trees of two classes.
func testPredictForest(t *testing.T, b Backend, f *Forest, cols []Column) {
	t.Helper()
	for _, c := range []struct{ lo, hi, from, to int }{
		{0, 0, 0, 7}, {0, 1, 0, 7}, {3, 34, 0, 7}, {3, 35, 1, 3}, {3, 36, 2, 2}, {0, 700, 0, 7}, {100, 613, 3, 7}, {699, 700, 6, 7},
	} {
		n := c.hi - c.lo
		out := [][]float64{make([]float64, n+1), make([]float64, n+1)}
		want := [][]float64{make([]float64, n+1), make([]float64, n+1)}
		for k := range out {
			for i := range out[k] {
				out[k][i] = float64(k) + 0.5
				want[k][i] = out[k][i]
			}
		}
		check(t, b.Predict(f, cols, c.lo, c.hi, c.from, c.to, out))
		for i := range n {
			for tree := c.from; tree < c.to; tree++ {
				want[f.Class[tree]][i] += naivePredict(f, cols, c.lo+i, tree)
			}
		}
		for k := range out {
			if !slices.Equal(out[k], want[k]) {
				t.Fatalf("rows %d to %d, trees %d to %d, class %d:\n got %v\nwant %v", c.lo, c.hi, c.from, c.to, k, out[k], want[k])
			}
		}
	}
}

func TestPredict_OneRowAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	cols, f := mixedCols(r, 10, 0.2), randomForest(r, 10, 6, 1)
	out := [][]float64{{0}}
	for _, b := range everyTier(t, 1) {
		if n := testing.AllocsPerRun(100, func() { check(t, b.Predict(f, cols, 3, 4, 0, 10, out)) }); n > 0 {
			t.Errorf("%s: %v allocations", b.Name(), n)
		}
	}
}

// stump is a tree of one split, with values 1 left and 2 right.
func stump(f *Forest, col int32, threshold float64, missingLeft uint8, set []uint64, levels int32) {
	at := int32(len(f.Left))
	f.Roots, f.Class = append(f.Roots, at), append(f.Class, 0)
	f.Feature, f.Threshold = append(f.Feature, col, -1, -1), append(f.Threshold, threshold, 0, 0)
	f.Left, f.Right = append(f.Left, at+1, -1, -1), append(f.Right, at+2, -1, -1)
	f.MissingLeft, f.Value = append(f.MissingLeft, missingLeft, 0, 0), append(f.Value, 0, 1, 2)
	setAt := int32(-1)
	if set != nil {
		setAt = int32(len(f.Sets))
	}
	f.SetAt, f.SetLen, f.Sets = append(f.SetAt, setAt, -1, -1), append(f.SetLen, levels, 0, 0), append(f.Sets, set...)
}

// testPredictValues scores one row by one split.
func testPredictValues(t *testing.T, b Backend) {
	inf := math.Inf(1)
	odd := []uint64{0xAAAAAAAAAAAAAAAA, 0xAAAAAAAAAAAAAAAA}
	for _, c := range []struct {
		name        string
		col         Column
		threshold   float64
		missingLeft uint8
		set         []uint64
		levels      int32
		want        float64
	}{
		{"at the threshold", Column{Values: []float64{2}}, 2, 0, nil, 0, 1},
		{"next above", Column{Values: []float64{math.Nextafter(2, 3)}}, 2, 0, nil, 0, 2},
		{"two zeros", Column{Values: []float64{0}}, math.Copysign(0, -1), 0, nil, 0, 1},
		{"two zeros, other way", Column{Values: []float64{math.Copysign(0, -1)}}, 0, 0, nil, 0, 1},
		{"infinite value", Column{Values: []float64{inf}}, 1e308, 1, nil, 0, 2},
		{"least value", Column{Values: []float32{float32(-inf)}}, -1e308, 0, nil, 0, 1},
		{"all values left", Column{Values: []float64{inf}}, inf, 0, nil, 0, 1},
		{"missing right of all values", Column{Values: []float64{nan}}, inf, 0, nil, 0, 2},
		{"missing left", Column{Values: []float64{nan}}, -1, 1, nil, 0, 1},
		{"missing NaN with a sign", Column{Values: []float64{math.Copysign(nan, -1)}}, 1, 0, nil, 0, 2},
		{"no values left", Column{}, 1, 1, nil, 0, 1},
		{"no values right", Column{}, 1, 0, nil, 0, 2},
		{"sentinel", Column{Values: []int16{math.MinInt16}}, 0, 0, nil, 0, 2},
		{"in the set", Column{Values: []int16{65}, Levels: 70}, 0, 0, odd, 70, 1},
		{"not in the set", Column{Values: []int16{64}, Levels: 70}, 0, 1, odd, 70, 2},
		{"last level of a full word", Column{Values: []int16{127}, Levels: 128}, 0, 0, odd, 128, 1},
		{"missing by a full word", Column{Values: []int16{-1}, Levels: 128}, 0, 0, odd, 128, 2},
		{"beyond the levels, left", Column{Values: []int16{66}, Levels: 70}, 0, 1, odd, 65, 1},
		{"beyond the levels, right", Column{Values: []int16{65}, Levels: 70}, 0, 0, odd, 65, 2},
		{"missing category", Column{Values: []int8{-1}, Levels: 3}, 0, 1, odd[:1], 3, 1},
		{"code in floats", Column{Values: []float64{1}, Levels: 3}, 0, 0, odd[:1], 3, 1},
		{"no levels", Column{Values: []int8{0}, Levels: 3}, 0, 1, odd[:1], 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f Forest
			stump(&f, 0, c.threshold, c.missingLeft, c.set, c.levels)
			// Company: other thresholds and longer sets of the same column, and a use of it as the other kind.
			for _, x := range []float64{-5, 1.5, 7} {
				stump(&f, 0, x, 1, nil, 0)
			}
			stump(&f, 0, 0, 0, odd, 100)
			for _, trees := range []int{1, len(f.Roots)} {
				out := [][]float64{{0}}
				check(t, b.Predict(&f, []Column{c.col}, 0, 1, 0, trees, out))
				want := 0.0
				for tree := range trees {
					want += naivePredict(&f, []Column{c.col}, 0, tree)
				}
				if naivePredict(&f, []Column{c.col}, 0, 0) != c.want || out[0][0] != want {
					t.Fatalf("%d trees: %v, want %v", trees, out[0][0], want)
				}
			}
		})
	}
}

// A forest may grow after it has been scored, and copies of it share arrays.
func TestPredict_GrowingForest(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	cols, b := mixedCols(r, 600, 0.2), newGo(2)
	whole := randomForest(r, 40, 6, 1)
	grown := &Forest{}
	var copies []Forest
	var want [][]float64 // by number of trees
	sum := make([]float64, 600)
	for tree := range whole.Roots {
		end := len(whole.Left)
		if tree+1 < len(whole.Roots) {
			end = int(whole.Roots[tree+1])
		}
		at := len(grown.Left)
		grown.Roots, grown.Class = append(grown.Roots, int32(at)), append(grown.Class, 0)
		grown.Feature, grown.Threshold = append(grown.Feature, whole.Feature[at:end]...), append(grown.Threshold, whole.Threshold[at:end]...)
		grown.Left, grown.Right = append(grown.Left, whole.Left[at:end]...), append(grown.Right, whole.Right[at:end]...)
		grown.MissingLeft, grown.Value = append(grown.MissingLeft, whole.MissingLeft[at:end]...), append(grown.Value, whole.Value[at:end]...)
		grown.SetAt, grown.SetLen = append(grown.SetAt, whole.SetAt[at:end]...), append(grown.SetLen, whole.SetLen[at:end]...)
		grown.Sets = whole.Sets
		copies = append(copies, *grown)
		for row := range sum {
			sum[row] += naivePredict(whole, cols, row, tree)
		}
		want = append(want, slices.Clone(sum))
		out := [][]float64{make([]float64, 600)}
		check(t, b.Predict(grown, cols, 0, 600, 0, tree+1, out))
		if !slices.Equal(out[0], sum) {
			t.Fatalf("%d trees: wrong scores", tree+1)
		}
	}
	par.Do(8, 4*len(copies), func(i int) {
		f := &copies[i%len(copies)]
		out := [][]float64{make([]float64, 600)}
		check(t, b.Predict(f, cols, 0, 600, 0, len(f.Roots), out))
		if !slices.Equal(out[0], want[i%len(copies)]) {
			t.Errorf("copy of %d trees: wrong scores", len(f.Roots))
		}
	})
}

// What is kept of a forest goes when the forest goes.
func TestPredict_KeepsNoForestAlive(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	cols, out := mixedCols(r, 10, 0.2), [][]float64{{0}}
	kept := func() int {
		rankeds.mu.RLock()
		defer rankeds.mu.RUnlock()
		return len(rankeds.of)
	}
	before := kept()
	for range 20 {
		check(t, newGo(1).Predict(randomForest(r, 3, 6, 1), cols, 0, 1, 0, 3, out))
	}
	for range 1000 {
		if kept() <= before+1 {
			return
		}
		runtime.GC()
		runtime.Gosched()
	}
	t.Errorf("%d forests kept, %d before", kept(), before)
}
