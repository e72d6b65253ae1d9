package kernels

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/geyser-ml/geyser/kernels/par"
)

// DenseInput is a layer of a network: Out = act(A·B + Bias). Matrices lie row after row.
// Their values are finite; what meets one that is not may be anything.
type DenseInput struct {
	Rows, Inner, Cols int

	A     *Buffer[float32] // Rows x Inner
	B     *Buffer[float32] // Inner x Cols
	Bias  *Buffer[float32] // one value a column; nil for zeros
	Out   *Buffer[float32] // Rows x Cols; none of the others
	TurnA bool             // A lies as Inner x Rows
	TurnB bool             // B lies as Cols x Inner

	Activation Activation
}

// Dense computes a layer. With u = 2⁻²⁴ and s the value before the activation, it is
// off by at most 2 Inner u (Σ|a||b| + |Bias|). The activation of that float32 is the
// same to the bit on every tier. A tier gives the same bits at any number of threads.
func (b *goBackend) Dense(in DenseInput) error {
	x, err := in.host()
	if err != nil {
		return err
	}
	// Why tiles of this size: gonum multiplies such on the caller's goroutine.
	x.tiles(b.threads, 64, 128, func(t tile) {
		c := blas32.General{Rows: t.rows(), Cols: t.cols(), Stride: x.Cols, Data: x.out[t.top*x.Cols+t.left:]}
		x.start(t)
		const depth = 128 // rows of b that stay in cache
		for lo := 0; lo < x.Inner; lo += depth {
			hi := min(x.Inner, lo+depth)
			a, turnA := general(x.a, x.Rows, x.Inner, x.TurnA, t.top, t.bottom, lo, hi)
			b, turnB := general(x.b, x.Inner, x.Cols, x.TurnB, lo, hi, t.left, t.right)
			blas32.Gemm(turnA, turnB, 1, a, b, 1, c)
		}
		x.finish(t, Activation.apply)
	})
	return nil
}

// general is rows [top, bottom) and columns [left, right) of a matrix of rows x cols, which
// lies turned or not, as gonum takes it.
func general(v []float32, rows, cols int, turned bool, top, bottom, left, right int) (blas32.General, blas.Transpose) {
	turn := blas.NoTrans
	if turned {
		turn = blas.Trans
		cols, top, bottom, left, right = rows, left, right, top, bottom
	}
	return blas32.General{Rows: bottom - top, Cols: right - left, Stride: cols, Data: v[top*cols+left:]}, turn
}

func (in *DenseInput) check() error {
	for _, n := range []struct {
		name string
		n    int
	}{{"Rows", in.Rows}, {"Inner", in.Inner}, {"Cols", in.Cols}} {
		if n.n < 0 {
			return fmt.Errorf("dense layer: %s is %d, want 0 or more", n.name, n.n)
		}
	}
	for _, m := range []struct {
		name       string
		b          *Buffer[float32]
		rows, cols int
	}{{"A", in.A, in.Rows, in.Inner}, {"B", in.B, in.Inner, in.Cols}, {"Out", in.Out, in.Rows, in.Cols}, {"Bias", in.Bias, 1, in.Cols}} {
		switch {
		case m.b == nil && m.name != "Bias":
			return fmt.Errorf("dense layer: %s is nil, want %d values", m.name, m.rows*m.cols)
		case m.b != nil && m.b.Len() != m.rows*m.cols:
			return fmt.Errorf("dense layer: %s has %d values, want %d x %d", m.name, m.b.Len(), m.rows, m.cols)
		case m.b == in.Out && m.name != "Out":
			return fmt.Errorf("dense layer: %s is Out, want a buffer of its own", m.name)
		}
	}
	if in.Activation > Sigmoid {
		return fmt.Errorf("dense layer: Activation %d has no kernel: want Identity to Sigmoid", in.Activation)
	}
	return nil
}

// denseHost is a layer in the host's memory; bias may be nil.
type denseHost struct {
	DenseInput
	a, b, bias, out []float32
}

func (in DenseInput) host() (*denseHost, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	x := &denseHost{DenseInput: in, a: in.A.Host(), b: in.B.Host(), out: in.Out.HostWrite()}
	if in.Bias != nil {
		x.bias = in.Bias.Host()
	}
	return x, nil
}

// tile is a part of a layer's output.
type tile struct{ top, bottom, left, right int }

func (t tile) rows() int { return t.bottom - t.top }
func (t tile) cols() int { return t.right - t.left }

// tiles calls f for each tile of the output, those side by side one after the other.
func (x *denseHost) tiles(threads, rows, cols int, f func(t tile)) {
	across := par.Chunks(x.Cols, cols)
	par.Do(threads, par.Chunks(x.Rows, rows)*across, func(i int) {
		top, left := i/across*rows, i%across*cols
		f(tile{top, min(x.Rows, top+rows), left, min(x.Cols, left+cols)})
	})
}

// start puts the bias into a tile.
func (x *denseHost) start(t tile) {
	for r := t.top; r < t.bottom; r++ {
		row := x.out[r*x.Cols:][t.left:t.right]
		if x.bias == nil {
			clear(row)
			continue
		}
		copy(row, x.bias[t.left:t.right])
	}
}

// finish lets apply make activations of a tile's values.
func (x *denseHost) finish(t tile, apply func(a Activation, v []float32)) {
	if x.Activation == Identity {
		return
	}
	for r := t.top; r < t.bottom; r++ {
		apply(x.Activation, x.out[r*x.Cols:][t.left:t.right])
	}
}
