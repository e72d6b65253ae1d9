package bench_test

import (
	"fmt"
	"testing"

	"github.com/geyser-ml/geyser/kernels"
)

// BenchmarkPredict scores by 100 trees: a frame, and one row at a time.
func BenchmarkPredict(b *testing.B) {
	const trees, depth = 100, 10
	backend, err := kernels.Open("auto", 0)
	check(b, err)
	defer func() { check(b, backend.Close()) }()
	for _, in := range kernelInputs() {
		f := boost(b, in, trees, depth)
		for _, rows := range []int{1, kernelRows} {
			b.Run(fmt.Sprintf("data=%s/rows=%d/trees=%d/depth=%d", in.name, rows, trees, depth), func(b *testing.B) {
				out := [][]float64{make([]float64, rows)}
				b.ReportAllocs()
				for b.Loop() {
					clear(out[0])
					check(b, backend.Predict(&f.Forest, in.cols, 0, rows, 0, trees, out))
				}
				rate(b, rows)
			})
		}
	}
}
