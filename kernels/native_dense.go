//go:build cgo && amd64

package kernels

import (
	"sync"

	"github.com/geyser-ml/geyser/cgo/native"
	"github.com/geyser-ml/geyser/kernels/par"
)

// The activations are those of package native.
var (
	_ = [1]struct{}{}[Rectifier-native.Rectifier]
	_ = [1]struct{}{}[Tanh-native.Tanh]
	_ = [1]struct{}{}[Sigmoid-native.Sigmoid]
)

// Dense is that of the go tier in C: products are added one by one to the bias, in the
// order of Inner, each sum rounded once where the instruction set has such an operation.
func (b *nativeBackend) Dense(in DenseInput) error {
	if in.Inner == 0 {
		return b.goBackend.Dense(in)
	}
	x, err := in.host()
	if err != nil {
		return err
	}
	// Why: so much of a stays in a core's second cache, and a strip of b in its first.
	const depth, rows, cols = 256, 96, 256
	whole := par.Chunks(x.Cols, native.DenseCols) * native.DenseCols
	packed := takeFloats(min(depth, x.Inner) * whole)
	defer floats.Put(packed)
	for lo := 0; lo < x.Inner; lo += depth {
		hi := min(x.Inner, lo+depth)
		par.For(b.threads, x.Cols, cols, func(_, left, right int) {
			from, across, along := part(x.b, x.Cols, x.Inner, !x.TurnB, left, lo)
			b.c.DensePack(from, across, along, right-left, hi-lo, (*packed)[left*(hi-lo):])
		})
		x.tiles(b.threads, rows, cols, func(t tile) {
			if lo == 0 {
				x.start(t)
			}
			room := takeFloats(native.DenseRoom(t.rows(), hi-lo))
			defer floats.Put(room)
			from, across, along := part(x.a, x.Rows, x.Inner, x.TurnA, t.top, lo)
			b.c.Dense(from, across, along, t.rows(), (*packed)[t.left*(hi-lo):], t.cols(), hi-lo, *room, x.out[t.top*x.Cols+t.left:], x.Cols)
			if hi == x.Inner {
				x.finish(t, func(a Activation, v []float32) { b.c.Activate(int(a), v) })
			}
		})
	}
	return nil
}

// part is a matrix from one of its values on, with the ways to the next row and to the
// next column.
func part(v []float32, rows, cols int, turned bool, row, col int) (from []float32, across, along int) {
	across, along = cols, 1
	if turned {
		across, along = 1, rows
	}
	return v[row*across+col*along:], across, along
}

var floats = sync.Pool{New: func() any { return new([]float32) }}

// takeFloats returns scratch of n values, to be put back.
func takeFloats(n int) *[]float32 {
	v := floats.Get().(*[]float32)
	if cap(*v) < n {
		*v = make([]float32, n)
	}
	*v = (*v)[:n]
	return v
}
