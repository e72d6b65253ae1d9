package bench_test

import (
	"fmt"
	"testing"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// BenchmarkContributions explains predictions of 100 boosted trees: exact Shapley
// values of every predictor.
func BenchmarkContributions(b *testing.B) {
	const trees, depth = 100, 8
	for _, in := range kernelInputs() {
		f := boost(b, in, trees, depth)
		cols := columns(b, in)
		for _, rows := range []int{1, 10_000} {
			b.Run(fmt.Sprintf("data=%s/rows=%d/trees=%d/depth=%d", in.name, rows, trees, depth), func(b *testing.B) {
				out := make([][]float64, len(cols)+1)
				for k := range out {
					out[k] = make([]float64, rows)
				}
				for b.Loop() {
					check(b, f.Contributions(b.Context(), nil, cols, 0, rows, 0, out))
				}
				rate(b, rows)
			})
		}
	}
}

// boost grows trees on a table, at a learning rate of 0.1.
func boost(b *testing.B, in kernelInput, trees, depth int) *tree.Forest {
	backend, err := kernels.Open("auto", 0)
	check(b, err)
	defer func() { check(b, backend.Close()) }()
	bins, err := backend.Quantize(in.cols, kernels.BinOptions{})
	check(b, err)
	defer bins.Close()
	grower, err := backend.NewGrower(bins, kernels.GrowerConfig{Seed: 1, MinRows: 10, MaxDepth: depth, Bounded: true})
	check(b, err)
	defer grower.Close()
	g, h := kernels.MakeBuffer[float32](kernelRows), kernels.MakeBuffer[float32](kernelRows)
	scores := kernels.MakeBuffer[float64](kernelRows)
	arg := kernels.GradientInput{Y: kernels.NewBuffer(in.y), Scores: []*kernels.Buffer[float64]{scores}}
	f := &tree.Forest{}
	for range trees {
		check(b, backend.Gradients(kernels.Bernoulli, arg, []*kernels.Buffer[float32]{g}, []*kernels.Buffer[float32]{h}))
		t, err := tree.Grow(grower, kernels.TreeInput{G: g, H: h}, tree.Growth{MaxDepth: depth, Scores: scores, Value: func(l tree.Leaf) float32 {
			return float32(-0.1 * l.Sum.G / l.Sum.H)
		}})
		check(b, err)
		f.Add(t, bins, 0)
	}
	return f
}

// columns shows a table to the engine.
func columns(b *testing.B, in kernelInput) []*frame.Column {
	var out []*frame.Column
	for _, c := range in.cols {
		switch v := c.Values.(type) {
		case []float64:
			out = append(out, frame.NewFloats(v))
		case []int16:
			out = append(out, frame.NewEnum(v, make([]string, c.Levels)))
		default:
			b.Fatalf("column of %T", v)
		}
	}
	return out
}
