package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/geyser-ml/geyser/kernels"
)

// products times cuBLAS.
func (o *options) products(w io.Writer) error {
	type size struct {
		p                 kernels.Product
		rows, inner, cols int
	}
	sizes := []size{
		{kernels.SinglePrecision, 256, 200, 200}, {kernels.SinglePrecision, 1024, 1024, 1024}, {kernels.SinglePrecision, 4096, 4096, 4096}, {kernels.SinglePrecision, 8192, 8192, 8192},
		{kernels.DoublePrecision, 1024, 1024, 1024}, {kernels.DoublePrecision, 4096, 4096, 4096},
		{kernels.Gram, 28, 1e6, 28}, {kernels.Gram, 200, 1e6, 200}, {kernels.Gram, 1000, 2e5, 1000},
	}
	if o.toy {
		sizes = []size{{kernels.SinglePrecision, 33, 17, 9}, {kernels.DoublePrecision, 33, 17, 9}, {kernels.Gram, 9, 500, 9}}
	}
	var t table
	for _, s := range sizes {
		took, err := kernels.MeasureProduct(o.device, s.p, s.rows, s.inner, s.cols)
		switch {
		case errors.Is(err, kernels.ErrUnavailable) && t.w == nil:
			fmt.Fprintf(w, "None: %s. CUBLAS_LIBRARY names the file of another place.\n", firstLines(err.Error(), 3))
			return nil
		case err != nil:
			return fmt.Errorf("%s of %d x %d x %d: %w", s.p, s.rows, s.inner, s.cols, err)
		case t.w == nil:
			fmt.Fprintf(w, "%s. dsyrk is XᵀX in float64, whose X has the inner number of rows: its GB/s are those of reading X once.\n\n", o.state().Dense)
			t = newTable(w, "product", "rows × inner × columns", "ms", "GFLOP/s", "GB/s")
		}
		ns, flop, bytes := float64(took.Nanoseconds()), 2*float64(s.rows)*float64(s.inner)*float64(s.cols), 4.0
		if s.p != kernels.SinglePrecision {
			bytes = 8
		}
		if s.p == kernels.Gram {
			flop, bytes = flop/2, bytes*float64(s.inner)*float64(s.rows)
		} else {
			bytes *= float64(s.rows)*float64(s.inner) + float64(s.inner)*float64(s.cols) + float64(s.rows)*float64(s.cols)
		}
		t.row(string(s.p), fmt.Sprintf("%d × %d × %d", s.rows, s.inner, s.cols), number(ns/1e6), number(flop/ns), number(bytes/ns))
	}
	return nil
}

// layers times layers of networks whose data stay where they are.
func (o *options) layers(w io.Writer) error {
	sizes := [][3]int{{256, 200, 200}, {1024, 1024, 1024}, {4096, 4096, 4096}, {8192, 8192, 8192}}
	if o.toy {
		sizes = [][3]int{{33, 17, 9}}
	}
	t := newTable(w, "rows × inner × columns", "device GFLOP/s", "processor GFLOP/s", "ratio")
	for _, s := range sizes {
		in := kernels.DenseInput{
			Rows: s[0], Inner: s[1], Cols: s[2], Activation: kernels.Rectifier,
			A: ramp(s[0] * s[1]), B: ramp(s[1] * s[2]), Bias: ramp(s[2]), Out: kernels.MakeBuffer[float32](s[0] * s[2]),
		}
		took, err := o.both(2, func(b kernels.Backend) error { return b.Dense(in) })
		if err != nil {
			return err
		}
		flop := 2 * float64(s[0]) * float64(s[1]) * float64(s[2])
		t.row(fmt.Sprintf("%d × %d × %d", s[0], s[1], s[2]), number(flop/took[0]/1e9), number(flop/took[1]/1e9), number(took[1]/took[0]))
	}
	return nil
}

// ramp returns n numbers between -1 and 1.
func ramp(n int) *kernels.Buffer[float32] {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i)))
	}
	return kernels.NewBuffer(v)
}
