package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// isolate makes the random split of rows: the first feature, in an order drawn
// anew, with a place that leaves enough of its values on both sides.
func (t *naiveTree) isolate(rows []naiveRow, path uint64, feats []int) (Split, []naiveRow, []naiveRow) {
	key := Draw(t.cfg.Seed, t.in.Tree, purposePlace, path)
	draw := func(i int) float64 { return float64(mix64(key+golden*uint64(i+1))>>11) / (1 << 53) }
	feats = slices.Clone(feats)
	for i := range feats {
		j := i + int(draw(i+1)*float64(len(feats)-i))
		feats[i], feats[j] = feats[j], feats[i]
		f := feats[i]
		bin := func(r naiveRow) int { return t.bin[f][r.row] }
		rowsOf := func(in func(b int) bool) (out []naiveRow) {
			for _, r := range rows {
				if in(bin(r)) {
					out = append(out, r)
				}
			}
			return out
		}
		enough := func(b int) bool {
			l, r := t.sum(rowsOf(func(k int) bool { return k > 0 && k <= b })), t.sum(rowsOf(func(k int) bool { return k > b }))
			return l.N > 0 && r.N > 0 && l.W >= t.cfg.MinRows && r.W >= t.cfg.MinRows
		}
		var places []int // behind which there is enough on both sides
		for b := range t.bins.NumBins(f) {
			if enough(b) {
				places = append(places, b)
			}
		}
		if len(places) == 0 {
			continue
		}
		value := func(b int) float64 {
			if t.cfg.Values != nil && t.cfg.Values[f] != nil {
				return t.cfg.Values[f][b-1]
			}
			return float64(b)
		}
		first, last := places[0], places[len(places)-1]+1
		for len(rowsOf(func(k int) bool { return k == last })) == 0 {
			last++ // up to the next value there is
		}
		point := value(first)*(1-draw(0)) + value(last)*draw(0)
		b := first
		for b+1 < last && value(b+1) <= point {
			b++
		}
		out := Split{Feature: int32(f), Bin: b}
		l, r := t.sum(rowsOf(func(k int) bool { return k > 0 && k <= b })), t.sum(rowsOf(func(k int) bool { return k > b }))
		out.MissingLeft = l.W >= r.W
		left := func(k int) bool { return k > 0 && k <= b || k == 0 && out.MissingLeft }
		lr, rr := rowsOf(left), rowsOf(func(k int) bool { return !left(k) })
		out.Left, out.Right = t.sum(lr), t.sum(rr)
		if t.bins.Levels(f) > 0 {
			out.Bin, out.Set = 0, make([]uint64, (t.bins.NumBins(f)+63)/64)
			for k := 1; k <= b; k++ {
				out.Set[k/64] |= 1 << (k % 64)
			}
		}
		return out, lr, rr
	}
	return Split{Feature: -1}, nil, nil
}

// Places are drawn evenly between the values, and features evenly among those that
// can be split.
func TestGrower_RandomIsFair(t *testing.T) {
	v := []float64{0, 1, 2, 100}
	cols := []Column{{Values: v}, {Values: []float64{5, 5, 5, 5}}, {Values: []int8{0, 1, 2, 3}, Levels: 4}}
	b := newGo(1)
	bins, err := b.Quantize(cols, BinOptions{})
	check(t, err)
	g, err := b.NewGrower(bins, GrowerConfig{Seed: 2, MinRows: 1, MaxDepth: 1, Random: true, Values: [][]float64{v, nil, nil}})
	check(t, err)
	count := map[[2]int]float64{}
	const trees = 20000
	for k := range trees {
		root, err := g.Begin(TreeInput{Tree: uint64(k), G: MakeBuffer[float32](4), H: MakeBuffer[float32](4)})
		check(t, err)
		s := growWhole(t, g, root).Splits[0]
		place := s.Bin
		if s.Set != nil {
			place = int(s.Left.N)
		}
		count[[2]int{int(s.Feature), place}]++
	}
	for k, want := range map[[2]int]float64{
		{0, 1}: 0.005, {0, 2}: 0.005, {0, 3}: 0.49, {1, 1}: 0, {2, 1}: 1. / 6, {2, 2}: 1. / 6, {2, 3}: 1. / 6,
	} {
		if got := count[k] / trees; math.Abs(got-want) > 4*math.Sqrt(want/trees) {
			t.Errorf("feature %d, place %d: share %v, want %v", k[0], k[1], got, want)
		}
	}
}

// Huge values do not overflow on the way between them.
func TestGrower_RandomHuge(t *testing.T) {
	v := []float64{-math.MaxFloat64, 0, math.MaxFloat64}
	b := newGo(1)
	bins, err := b.Quantize([]Column{{Values: v}}, BinOptions{})
	check(t, err)
	g, err := b.NewGrower(bins, GrowerConfig{Seed: 2, MinRows: 1, MaxDepth: 5, Random: true, Values: [][]float64{v}})
	check(t, err)
	seen := map[int]bool{}
	for k := range 50 {
		root, err := g.Begin(TreeInput{Tree: uint64(k), G: MakeBuffer[float32](3), H: MakeBuffer[float32](3)})
		check(t, err)
		sub := growWhole(t, g, root)
		if len(sub.Splits) != 5 {
			t.Fatalf("%d nodes, want 5", len(sub.Splits))
		}
		seen[sub.Splits[0].Bin] = true
	}
	if !seen[1] || !seen[2] {
		t.Error("one of two places of equal size is never taken")
	}
}

// An outlier is alone sooner than others.
func TestGrower_RandomIsolates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 256
	cols, values := make([]Column, 3), make([][]float64, 3)
	for f := range cols {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		v[0] = 7
		cols[f].Values = v
		values[f] = slices.Clone(v)
		slices.Sort(values[f])
	}
	b := newGo(2)
	bins, err := b.Quantize(cols, BinOptions{Bins: n})
	check(t, err)
	g, err := b.NewGrower(bins, GrowerConfig{Seed: 2, MinRows: 1, MaxDepth: 8, Random: true, Values: values})
	check(t, err)
	depth := make([]float64, n)
	for k := range 100 {
		root, err := g.Begin(TreeInput{Tree: uint64(k), G: MakeBuffer[float32](n), H: MakeBuffer[float32](n)})
		check(t, err)
		sub := growWhole(t, g, root)
		for i, s := range sub.Splits {
			if s.Feature < 0 {
				for _, row := range g.Rows(s.Node) {
					depth[row] += float64(sub.Nodes[i].Depth) / 100
				}
			}
		}
	}
	if others := slices.Min(depth[1:]); depth[0] > 4 || depth[0] > others-0.5 {
		t.Errorf("mean depth %v of the outlier, at least %v of others", depth[0], others)
	}
}
