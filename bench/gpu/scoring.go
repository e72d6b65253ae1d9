package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// scoring times predictions and contributions.
func (o *options) scoring(w io.Writer, _ kernels.DeviceSpeed) error {
	n, trees := 1_000_000, 100
	if o.toy {
		n, trees = 12_000, 2
	}
	fmt.Fprintf(w, "\n## Scoring\n\n%d rows of %d columns by %d trees of depth %d, from host memory and back.\n\n", n, o.columns, trees, o.depth)
	f, err := generate(n, o.columns, 0).frame()
	if err != nil {
		return err
	}
	m, err := train("gbm", f, o.device, o.settings(trees))
	if err != nil {
		return err
	}
	forest, cols := m.(*gbm.Model).Forest(), []*frame.Column{}
	for i := range o.columns {
		cols = append(cols, f.Lookup(fmt.Sprint("x", i)))
	}
	scores, phi := matrix(1, n), matrix(o.columns+1, n/10)
	t := newTable(w, "", "device s", "processor s", "ratio")
	for _, x := range []struct {
		name string
		f    func(b kernels.Backend) error
	}{
		{"predictions", func(b kernels.Backend) error { return forest.Score(b, cols, 0, n, 0, scores) }},
		{fmt.Sprintf("contributions of %d rows", n/10), func(b kernels.Backend) error {
			return forest.Contributions(context.Background(), b, cols, 0, n/10, 0, phi)
		}},
	} {
		took, err := o.both(x.f)
		if err != nil {
			return err
		}
		t.row(x.name, number(took[0]), number(took[1]), number(took[1]/took[0]))
	}
	return nil
}

// both times f on the device and on the processor: the second of two calls.
func (o *options) both(f func(b kernels.Backend) error) (took [2]float64, err error) {
	for i, name := range []string{o.device, kernels.Processor} {
		b, err := kernels.Open(name, 0)
		if err != nil {
			return took, err
		}
		for range 2 {
			if took[i], err = seconds(func() error { return f(b) }); err != nil {
				break
			}
		}
		if err == nil {
			err = kernels.Fault(b)
		}
		if e := b.Close(); err == nil {
			err = e
		}
		if err != nil {
			return took, err
		}
	}
	return took, nil
}

func matrix(columns, rows int) [][]float64 {
	out := make([][]float64, columns)
	for i := range out {
		out[i] = make([]float64, rows)
	}
	return out
}

// layers times layers of networks whose data stay where they are.
func (o *options) layers(w io.Writer, _ kernels.DeviceSpeed) error {
	sizes := [][3]int{{256, 200, 200}, {1024, 1024, 1024}, {4096, 4096, 4096}, {8192, 8192, 8192}}
	if o.toy {
		sizes = [][3]int{{33, 17, 9}}
	}
	fmt.Fprintf(w, "\n## Dense layers\n\n")
	t := newTable(w, "rows × inner × columns", "device GFLOP/s", "processor GFLOP/s", "ratio")
	for _, s := range sizes {
		in := kernels.DenseInput{
			Rows: s[0], Inner: s[1], Cols: s[2], Activation: kernels.Rectifier,
			A: ramp(s[0] * s[1]), B: ramp(s[1] * s[2]), Bias: ramp(s[2]), Out: kernels.MakeBuffer[float32](s[0] * s[2]),
		}
		took, err := o.both(func(b kernels.Backend) error { return b.Dense(in) })
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
