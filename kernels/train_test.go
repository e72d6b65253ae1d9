package kernels

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// boost is a gradient boosting loop over one class, as an engine would run it.
func boost(tb testing.TB, b Backend, t testTable, loss Loss, trees, depth int) ([]float64, time.Duration) {
	return boostEach(tb, b, t, loss, trees, depth, func(Bins, Subtree, []LeafValue) {})
}

// boostEach is boost with a look at each tree.
func boostEach(tb testing.TB, b Backend, t testTable, loss Loss, trees, depth int, look func(Bins, Subtree, []LeafValue)) ([]float64, time.Duration) {
	start := time.Now()
	n := len(t.y)
	bins, err := b.Quantize(t.cols, BinOptions{})
	check(tb, err)
	quantised := time.Since(start)
	g, err := b.NewGrower(bins, GrowerConfig{Seed: 7, MinRows: 10, MaxDepth: depth, Bounded: loss == Bernoulli})
	check(tb, err)
	defer g.Close()
	y, score := NewBuffer(t.y), MakeBuffer[float64](n)
	G, H := MakeBuffer[float32](n), MakeBuffer[float32](n)
	for tree := range trees {
		check(tb, b.Gradients(loss, GradientInput{Y: y, Scores: []*Buffer[float64]{score}}, []*Buffer[float32]{G}, []*Buffer[float32]{H}))
		root, err := g.Begin(TreeInput{Tree: uint64(tree), G: G, H: H})
		check(tb, err)
		sub := growBelow(tb, g, root)
		var leaves []LeafValue
		for i, s := range sub[0].Splits {
			if sum := sub[0].Nodes[i].Sum; s.Feature < 0 {
				leaves = append(leaves, LeafValue{Node: s.Node, Value: float32(-0.1 * sum.G / (sum.H + 1e-9))})
			}
		}
		check(tb, g.Leaves(leaves, score, AllRows))
		look(bins, sub[0], leaves)
	}
	return score.Host(), quantised
}

func check(tb testing.TB, err error) {
	if err != nil {
		tb.Helper()
		tb.Fatal(err)
	}
}

func deviance(t testTable, score []float64) float64 {
	sum := 0.0
	for i, f := range score {
		sum += math.Log1p(math.Exp(f)) - float64(t.y[i])*f
	}
	return sum / float64(len(score))
}

func BenchmarkTrain(b *testing.B) {
	for _, rows := range []int{1e5, 1e6} {
		t := flights(rows, 1)
		for _, threads := range []int{1, 2} {
			for _, tier := range everyTier(b, threads) {
				b.Run(fmt.Sprintf("backend=%s/rows=%.0e/trees=10/depth=10/threads=%d", tier.Name(), float64(rows), threads), func(b *testing.B) {
					for b.Loop() {
						score, q := boost(b, tier, t, Bernoulli, 10, 10)
						b.ReportMetric(deviance(t, score), "deviance")
						b.ReportMetric(q.Seconds(), "binning-s")
					}
				})
			}
		}
	}
}
