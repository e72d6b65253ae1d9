package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/geyser-ml/geyser/engine/algo/gbm"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
)

// forest trains one on the device, and returns it with the columns of its rows.
func (o *options) forest(rows, trees int) (*tree.Forest, []*frame.Column, error) {
	f, err := generate(rows, o.columns).frame()
	if err != nil {
		return nil, nil, err
	}
	m, err := train("gbm", f, o.device, o.settings(trees))
	if err != nil {
		return nil, nil, err
	}
	var cols []*frame.Column
	for i := range o.columns {
		cols = append(cols, f.Lookup(fmt.Sprint("x", i)))
	}
	return m.(*gbm.Model).Forest(), cols, nil
}

// scoring times predictions and contributions.
func (o *options) scoring(w io.Writer) error {
	n, trees := 1_000_000, 100
	if o.toy {
		n, trees = 12_000, 2
	}
	fmt.Fprintf(w, "%s rows of %d columns by %d trees of depth %d, from host memory and back.\n\n", count(n), o.columns, trees, o.depth)
	forest, cols, err := o.forest(n, trees)
	if err != nil {
		return err
	}
	scores, phi := matrix(1, n), matrix(o.columns+1, n/10)
	t := newTable(w, "", "device s", "processor s", "ratio")
	for _, x := range []struct {
		name string
		f    func(b kernels.Backend) error
	}{
		{"predictions", func(b kernels.Backend) error { return forest.Score(b, cols, 0, n, 0, scores) }},
		{fmt.Sprintf("contributions of %s rows", count(n/10)), func(b kernels.Backend) error {
			return forest.Contributions(context.Background(), b, cols, 0, n/10, 0, phi)
		}},
	} {
		took, err := o.both(2, x.f)
		if err != nil {
			return err
		}
		t.row(x.name, number(took[0]), number(took[1]), number(took[1]/took[0]))
	}
	return nil
}

// both times f on the device, whatever its size, and on the processor: the least of so
// many calls, at least two, the first of which does not count.
func (o *options) both(calls int, f func(b kernels.Backend) error) (took [2]float64, err error) {
	for i, name := range []string{o.device, kernels.Processor} {
		b, err := kernels.Open(name, 0)
		if err != nil {
			return took, err
		}
		kernels.ScoreFrom(b, 0)
		took[i] = math.Inf(1)
		for call := range calls {
			var s float64
			if s, err = seconds(func() error { return f(b) }); err != nil {
				break
			}
			if call > 0 {
				took[i] = min(took[i], s)
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
