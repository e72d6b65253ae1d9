// Package bench_test holds scenarios that are measured as a whole: kernels,
// parsing, training, the API, and the start of the process. Data come from
// fixed seeds; a training reports the accuracy that it reached, too.
package bench_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/geyser-ml/geyser/bench/data"
	"github.com/geyser-ml/geyser/kernels"
)

// kernelRows is small enough for a gate of many runs and large enough for
// several chunks of rows.
const kernelRows = 200_000

// kernelInput is one table as kernels see it.
type kernelInput struct {
	name string
	cols []kernels.Column
	y    []float32
}

func kernelInputs() []kernelInput {
	var all []kernelInput
	for name, t := range map[string]*data.Table{"flights": data.Flights(kernelRows, 1), "numbers": data.Numbers(kernelRows, 10, 1)} {
		in := kernelInput{name: name, y: t.Late}
		for c, values := range t.Values {
			in.cols = append(in.cols, kernels.Column{Values: values, Levels: len(t.Levels[c])})
		}
		all = append(all, in)
	}
	if all[0].name > all[1].name {
		all[0], all[1] = all[1], all[0]
	}
	return all
}

// forEach runs a benchmark on each table and reports rows per second; f returns
// what is measured, for n rows each time.
func forEach(b *testing.B, f func(b *testing.B, backend kernels.Backend, in kernelInput) func()) {
	backend, err := kernels.Open("auto", 0)
	check(b, err)
	defer func() { check(b, backend.Close()) }()
	for _, in := range kernelInputs() {
		b.Run(fmt.Sprintf("backend=%s/data=%s/rows=%d", backend.Name(), in.name, kernelRows), func(b *testing.B) {
			once := f(b, backend, in)
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
			rate(b, kernelRows)
		})
	}
}

// rate reports rows per second.
func rate(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkKernelQuantize(b *testing.B) {
	forEach(b, func(b *testing.B, backend kernels.Backend, in kernelInput) func() {
		return func() {
			bins, err := backend.Quantize(in.cols, kernels.BinOptions{})
			check(b, err)
			bins.Close()
		}
	})
}

func BenchmarkKernelGradients(b *testing.B) {
	forEach(b, func(b *testing.B, backend kernels.Backend, in kernelInput) func() {
		g, h := kernels.MakeBuffer[float32](kernelRows), kernels.MakeBuffer[float32](kernelRows)
		scores := kernels.MakeBuffer[float64](kernelRows)
		arg := kernels.GradientInput{Y: kernels.NewBuffer(in.y), Scores: []*kernels.Buffer[float64]{scores}}
		return func() {
			check(b, backend.Gradients(kernels.Bernoulli, arg, []*kernels.Buffer[float32]{g}, []*kernels.Buffer[float32]{h}))
		}
	})
}

func BenchmarkKernelTree(b *testing.B) {
	forEach(b, func(b *testing.B, backend kernels.Backend, in kernelInput) func() {
		bins, err := backend.Quantize(in.cols, kernels.BinOptions{})
		check(b, err)
		b.Cleanup(bins.Close)
		grower, err := backend.NewGrower(bins, kernels.GrowerConfig{Seed: 1, MinRows: 10, MaxDepth: 8, Bounded: true})
		check(b, err)
		b.Cleanup(grower.Close)
		g, h := kernels.MakeBuffer[float32](kernelRows), kernels.MakeBuffer[float32](kernelRows)
		scores := kernels.MakeBuffer[float64](kernelRows)
		arg := kernels.GradientInput{Y: kernels.NewBuffer(in.y), Scores: []*kernels.Buffer[float64]{scores}}
		check(b, backend.Gradients(kernels.Bernoulli, arg, []*kernels.Buffer[float32]{g}, []*kernels.Buffer[float32]{h}))
		return func() {
			root, err := grower.Begin(kernels.TreeInput{G: g, H: h})
			check(b, err)
			check(b, deepen(grower, root, scores))
		}
	})
}

// deepen grows one tree level by level and adds its leaves to the scores.
func deepen(grower kernels.Grower, root kernels.Node, scores *kernels.Buffer[float64]) error {
	var leaves []kernels.LeafValue
	for nodes := []kernels.Node{root}; len(nodes) > 0; {
		splits, err := grower.Level(nodes)
		if err != nil {
			return err
		}
		var apply []kernels.Split
		for i, s := range splits {
			if s.Feature >= 0 {
				apply = append(apply, s)
				continue
			}
			leaves = append(leaves, kernels.LeafValue{Node: nodes[i].ID, Value: 0.1})
		}
		nodes = nodes[:0]
		children, err := grower.Apply(apply)
		if err != nil {
			return err
		}
		for _, c := range children {
			nodes = append(nodes, c.Left, c.Right)
		}
	}
	return grower.Leaves(leaves, scores, kernels.AllRows)
}

// BenchmarkKernelDense computes layers on both tiers of the processor, one after the
// other, so that they can be compared on a busy machine.
func BenchmarkKernelDense(b *testing.B) {
	for _, shape := range []struct {
		name              string
		rows, inner, cols int
		turn              bool
	}{{"forward", 1024, 200, 200, true}, {"backward", 1024, 200, 200, false}, {"wide", 512, 784, 1024, true}, {"row", 1, 200, 200, true}} {
		for _, tier := range []string{"go", "native"} {
			backend, err := kernels.Open(tier, 0)
			if errors.Is(err, kernels.ErrUnavailable) {
				continue
			}
			check(b, err)
			r := rand.New(rand.NewPCG(1, 2))
			random := func(n int) *kernels.Buffer[float32] {
				v := make([]float32, n)
				for i := range v {
					v[i] = float32(r.NormFloat64())
				}
				return kernels.NewBuffer(v)
			}
			in := kernels.DenseInput{Rows: shape.rows, Inner: shape.inner, Cols: shape.cols, TurnB: shape.turn, Activation: kernels.Rectifier,
				A: random(shape.rows * shape.inner), B: random(shape.inner * shape.cols), Bias: random(shape.cols), Out: random(shape.rows * shape.cols)}
			b.Run(fmt.Sprintf("backend=%s/layer=%s/rows=%d/inner=%d/cols=%d", backend.Name(), shape.name, shape.rows, shape.inner, shape.cols), func(b *testing.B) {
				for b.Loop() {
					check(b, backend.Dense(in))
				}
				b.ReportMetric(2*float64(shape.rows*shape.inner*shape.cols)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
			check(b, backend.Close())
		}
	}
}
