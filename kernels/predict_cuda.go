//go:build cuda

package kernels

import (
	"runtime"
	"weak"

	"gorgonia.org/cu"

	"github.com/geyser-ml/geyser/kernels/par"
)

var predictKernel = newKernel("predict_ranks")

// Predict is that of the go tier, to the bit. The trees stay on the device, rows go there
// in chunks. Few rows are scored by the processor, and so are those that the device has an
// error with: see Fault.
func (b *cudaBackend) Predict(f *Forest, cols []Column, lo, hi, from, to int, out [][]float64) error {
	if hi-lo < b.scoring.limits.least {
		return b.Backend.Predict(f, cols, lo, hi, from, to, out)
	}
	c, err := rankedFor(f, cols, lo, hi, from, to, out)
	if c == nil {
		return err
	}
	if c.tooWide() {
		return b.Backend.Predict(f, cols, lo, hi, from, to, out)
	}
	defer runtime.KeepAlive(f)
	key := rankedKey{weak.Make(&f.Left[0]), from, to}
	rowBytes := c.rowBytes(cols) + 8*len(out)
	for at, n := lo, b.scoring.limits.chunk(hi-lo, rowBytes); at < hi; at += n {
		end := min(at+n, hi)
		if err := b.predict(f, c, key, cols, at, end, par.Part(out, at-lo, end-lo), int64(n*rowBytes)); err != nil {
			b.failed(err)
			return b.Backend.Predict(f, cols, at, hi, from, to, par.Part(out, at-lo, hi-lo))
		}
	}
	return nil
}

// predict scores a chunk. out does not change where there is an error: results come to
// other memory first, of one chunk at a time, as there is one goroutine that does this.
func (b *cudaBackend) predict(f *Forest, c *ranked, key rankedKey, cols []Column, lo, hi int, out [][]float64, scratch int64) error {
	n := hi - lo
	return b.job.run(func(s *scope) {
		d := b.treesOn(s, f, c, key, scratch)
		if s.err != nil {
			return
		}
		sums := Alloc[float64](len(out) * n)
		defer Free(sums)
		ranks := b.rank(s, d, cols, lo, hi)
		at := b.scoring.out.of(s, sizeOf[float64](len(sums)))
		for k := range out {
			uploadTo(s, at+cu.DevicePtr(8*k*n), out[k])
		}
		g := over(n, 128)
		g.y = c.classes()
		s.launch(predictKernel, g, d.nodes, d.value, d.bits, d.roots, d.first, ranks, at, n)
		download(s, sums, at)
		for k := 0; k < len(out) && s.err == nil; k++ {
			copy(out[k], sums[k*n:][:n])
		}
	})
}
