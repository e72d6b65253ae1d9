package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// forestAdd appends a grown tree to a forest, with the values of its leaves.
func forestAdd(f *Forest, bins Bins, sub Subtree, values []LeafValue) {
	f.Roots, f.Class = append(f.Roots, int32(len(f.Left))), append(f.Class, 0)
	at := 0
	var add func() int32
	add = func() int32 {
		s := sub.Splits[at]
		at++
		i := len(f.Left)
		f.Feature, f.Threshold, f.Value = append(f.Feature, s.Feature), append(f.Threshold, 0), append(f.Value, 0)
		f.Left, f.Right, f.MissingLeft = append(f.Left, -1), append(f.Right, -1), append(f.MissingLeft, 0)
		f.SetAt, f.SetLen = append(f.SetAt, -1), append(f.SetLen, 0)
		if s.Feature < 0 {
			for _, v := range values {
				if v.Node == s.Node {
					f.Value[i] = v.Value
				}
			}
			return int32(i)
		}
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
		return int32(i)
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
		score := MakeBuffer[float64](n)
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
			check(t, g.Leaves(values, score))
			forestAdd(&f, bins, sub, values)
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
		case int32(x[0]) < f.SetLen[i]:
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
		i := len(f.Left)
		col := int32(r.IntN(4))
		f.Feature, f.Threshold, f.Value = append(f.Feature, col), append(f.Threshold, r.NormFloat64()+float64(col)), append(f.Value, float32(r.NormFloat64()))
		f.Left, f.Right, f.MissingLeft = append(f.Left, -1), append(f.Right, -1), append(f.MissingLeft, uint8(r.IntN(2)))
		f.SetAt, f.SetLen = append(f.SetAt, -1), append(f.SetLen, 0)
		if col >= 2 {
			f.SetAt[i], f.SetLen[i] = int32(len(f.Sets)), int32(2+r.IntN(38))
			f.Sets = append(f.Sets, r.Uint64())
		}
		if d > 0 && r.IntN(8) > 0 {
			l := add(d - 1)
			rt := add(d - 1)
			f.Left[i], f.Right[i] = l, rt
		}
		return int32(i)
	}
	for t := range trees {
		f.Roots, f.Class = append(f.Roots, int32(len(f.Left))), append(f.Class, int32(t%classes))
		add(depth)
	}
	return f
}

func testPredict(t *testing.T, b Backend) {
	r := rand.New(rand.NewPCG(31, 32))
	cols := mixedCols(r, 700, 0.2)
	f := randomForest(r, 7, 5, 2)
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
	cols, f, b := mixedCols(r, 10, 0.2), randomForest(r, 10, 6, 1), newGo(1)
	out := [][]float64{{0}}
	if n := testing.AllocsPerRun(100, func() { check(t, b.Predict(f, cols, 3, 4, 0, 10, out)) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
