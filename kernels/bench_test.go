package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func BenchmarkQuantize(b *testing.B) {
	const n = 1000000
	r := rand.New(rand.NewPCG(95, 96))
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	for _, tier := range everyTier(b, 1) {
		for _, h := range []Histogram{Quantile, Uniform} {
			b.Run(fmt.Sprintf("backend=%s/rows=1e6/bins=256/rule=%d", tier.Name(), h), func(b *testing.B) {
				for b.Loop() {
					bins, err := tier.Quantize([]Column{{Values: v}}, BinOptions{Histogram: h})
					check(b, err)
					bins.Close()
				}
				perRow(b, n, "ns/value")
			})
		}
	}
}

func BenchmarkGradients(b *testing.B) {
	const n = 1000000
	r := rand.New(rand.NewPCG(97, 98))
	score, y := MakeBuffer[float64](n), MakeBuffer[float32](n)
	for i := range n {
		score.HostWrite()[i], y.HostWrite()[i] = r.NormFloat64(), float32(r.IntN(2))
	}
	g, h := MakeBuffer[float32](n), MakeBuffer[float32](n)
	for _, tier := range everyTier(b, 1) {
		for _, c := range []struct {
			name    string
			loss    Loss
			classes int
		}{{"gaussian", Gaussian, 1}, {"bernoulli", Bernoulli, 1}, {"multinomial", Multinomial, 3}} {
			b.Run(fmt.Sprintf("backend=%s/rows=1e6/loss=%s", tier.Name(), c.name), func(b *testing.B) {
				in := GradientInput{Y: y}
				var gs, hs []*Buffer[float32]
				for range c.classes {
					in.Scores, gs, hs = append(in.Scores, score), append(gs, g), append(hs, h)
				}
				for b.Loop() {
					check(b, tier.Gradients(c.loss, in, gs, hs))
				}
				perRow(b, n, "ns/row")
			})
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	const n, trees = 32768, 100
	r := rand.New(rand.NewPCG(99, 100))
	number := make([]Column, 28)
	for i := range number {
		v := make([]float64, n)
		for j := range v {
			v[j] = r.NormFloat64()
		}
		number[i].Values = v
	}
	out := [][]float64{make([]float64, n)}
	for _, c := range []struct {
		name string
		cols []Column
		f    *Forest
	}{
		{"mixed", mixedCols(r, n, 0.05), randomForest(r, trees, 10, 1)},
		{"numbers", number, numberForest(r, trees, 10)},
		{"flights", flights(n, 1).cols, grownForest(b, flights(200000, 1), trees, 10)},
	} {
		for _, tier := range everyTier(b, 1) {
			for _, rows := range []int{1, n} {
				b.Run(fmt.Sprintf("backend=%s/data=%s/rows=%d/trees=%d/depth=10", tier.Name(), c.name, rows, trees), func(b *testing.B) {
					check(b, tier.Predict(c.f, c.cols, 0, rows, 0, trees, out)) // the first call of a forest makes it ready
					for b.Loop() {
						check(b, tier.Predict(c.f, c.cols, 0, rows, 0, trees, out))
					}
					perRow(b, rows*trees, "ns/row/tree")
				})
			}
		}
	}
}

// numberForest makes complete trees over 28 columns of numbers in 254 bins.
func numberForest(r *rand.Rand, trees, depth int) *Forest {
	f := &Forest{}
	var add func(d int) int32
	add = func(d int) int32 {
		i := f.AddLeaf(0)
		f.Feature[i], f.Threshold[i] = int32(r.IntN(28)), float64(r.IntN(253)-126)/64
		f.Value[i], f.MissingLeft[i] = float32(r.NormFloat64()), uint8(r.IntN(2))
		if d > 0 {
			l := add(d - 1)
			rt := add(d - 1)
			f.Left[i], f.Right[i] = l, rt
		}
		return i
	}
	for range trees {
		f.Roots, f.Class = append(f.Roots, int32(len(f.Left))), append(f.Class, 0)
		add(depth)
	}
	return f
}

// grownForest boosts trees on data.
func grownForest(b *testing.B, t testTable, trees, depth int) *Forest {
	var f Forest
	boostEach(b, newGo(2), t, Bernoulli, trees, depth, func(bins Bins, s Subtree, leaves []LeafValue) { forestAdd(&f, bins, s, leaves) })
	return &f
}

func BenchmarkHistogram(b *testing.B) {
	r := rand.New(rand.NewPCG(91, 92))
	const n = 1000000
	for _, shape := range []struct{ features, bins int }{{7, 256}, {8, 256}, {28, 256}, {4, 1001}} {
		data := wideBins(r, n, slices.Repeat([]int{shape.bins - 1}, shape.features)...)
		l := newLayout(data)
		for _, share := range []int{1, 10, 100} {
			for _, kind := range []string{"narrow", "h"} {
				c := formats(r, n)[kind]
				var rows rowSet
				for i := range n {
					if r.IntN(share) == 0 {
						rows.a = append(rows.a, c.a[i])
						if c.b != nil {
							rows.b = append(rows.b, c.b[i])
						}
					}
				}
				name := fmt.Sprintf("backend=go/rows=1e6/share=1|%d/features=%d/bins=%d/format=%s", share, shape.features, shape.bins, kind)
				b.Run(name, func(b *testing.B) {
					hist, cells, blk := make([]tally, l.bins()), newCells(3, l.packCells()), new(block)
					for b.Loop() {
						for p := range l.packs() {
							from, to := l.pack(p)
							sumRows(data, &l, &c.f, rows, hist, &cells, blk, from, to)
						}
					}
					perRow(b, len(rows.a)*shape.features, "ns/row/feature")
				})
			}
		}
	}
}

func BenchmarkPartition(b *testing.B) {
	r := rand.New(rand.NewPCG(93, 94))
	const n = 1000000
	data := wideBins(r, n, 255, 1000)
	for feat, bins := range []int{256, 1001} {
		for _, kind := range []string{"narrow", "h"} {
			rows := formats(r, n)[kind].rowSet
			out := rowSet{a: make([]uint64, n), b: make([]uint64, n)}
			b.Run(fmt.Sprintf("backend=go/rows=1e6/bins=%d/format=%s", bins, kind), func(b *testing.B) {
				s := Split{Feature: int32(feat), Bin: bins / 3}
				g := &goGrower{bins: data, threads: 1, loops: goLoops{}, layout: newLayout(data), rows: [2]rowSet{rows, out}}
				k := g.countLeft(new(work), &s, rows.a)
				nodes := []growNode{{rows: n, left: 1, split: s}, {rows: k}, {lo: k, rows: n - k}}
				for b.Loop() {
					g.nodes = slices.Clone(nodes)
					g.partRows([]int32{0})
				}
				perRow(b, n, "ns/row")
			})
		}
	}
}

// perRow reports the time of one of n pieces of an operation.
func perRow(b *testing.B, n int, unit string) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), unit)
}
