package main

import (
	"fmt"
	"io"
	"time"

	"github.com/geyser-ml/geyser/kernels"
)

// shape is what kernels are timed on.
type shape struct{ rows, columns, bins int }

// shapes are those of the report: rows of 28 columns, and some of more bins.
func (o *options) shapes() []shape {
	if o.toy {
		return []shape{{o.cells[0], o.columns, 255}}
	}
	var out []shape
	for _, n := range o.cells {
		out = append(out, shape{n, 28, 255})
	}
	return append(out, shape{1e6, 28, 1023})
}

// leastBytes tells what a kernel has to move at least for a row of so many columns, all
// rows being in one node; 0 where that is not known.
func leastBytes(kernel string, columns int) float64 {
	groups := float64((columns + 3) / 4) // words of four bins
	switch kernel {
	case "quantize":
		return 5 * float64(columns) // values, bins
	case "gradient":
		return 8 + 4 + 8 // score, response; derivatives
	case "fixed_measure":
		return 8 // derivatives
	case "fixed_fill":
		return 8 + 8 + 4 // derivatives; integers and number of the row
	case "histogram_sum":
		return 4*groups + 4 + 8 // bins; number and integers of the row
	case "partition_count":
		return 4 + 4 // number of the row, a word of bins
	case "partition_move":
		return 4 + 4 + 4 // the same, and the number once more
	case "leaf_add":
		return 4 + 16 // number of the row; score
	}
	return 0
}

// kernels times the kernels of one tree with one split.
func (o *options) kernels(w io.Writer) error {
	speed, err := o.speed()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "One tree with one split, each kernel by itself, by the clock of the device: about %.1f µs of each launch are its start. The last columns are what the kernel "+
		"has to move at least, over the time, and its share of the memory's speed.\n\n", micro(speed.Gap))
	t := newTable(w, "rows × columns, bins", "kernel", "launches", "ms", "ns / row / column", "GB/s", "% of roofline")
	for _, s := range o.shapes() {
		times, err := o.profile(s)
		if err != nil {
			return fmt.Errorf("%d rows, %d columns: %w", s.rows, s.columns, err)
		}
		for _, k := range times {
			ns := float64(k.Time.Nanoseconds()) / rounds
			rate, share := "", ""
			if b := leastBytes(k.Name, s.columns); b > 0 && ns > 0 {
				gbs := b * float64(s.rows) / ns
				rate = number(gbs)
				if speed.Peak > 0 {
					share = number(100 * gbs / speed.Peak)
				}
			}
			t.row(fmt.Sprintf("%s × %d, %d", count(s.rows), s.columns, s.bins), k.Name, number(float64(k.Launches)/rounds),
				number(ns/1e6), number(ns/float64(s.rows)/float64(s.columns)), rate, share)
		}
	}
	return nil
}

// rounds is how often a tree is grown for its times, and waking how long before them: the
// clocks of a device that rests are low.
const (
	rounds = 4
	waking = 100 * time.Millisecond
)

// profile grows trees with one split and returns what their kernels took, after some that
// are not timed.
func (o *options) profile(s shape) ([]kernels.KernelTime, error) {
	d := generate(s.rows, s.columns)
	b, err := kernels.Open(o.device, 0)
	if err != nil {
		return nil, err
	}
	defer b.Close() //nolint:errcheck // memory goes either way
	bins, err := b.Quantize(d.raw(), kernels.BinOptions{Bins: s.bins})
	if err != nil {
		return nil, err
	}
	defer bins.Close()
	g, err := b.NewGrower(bins, kernels.GrowerConfig{Seed: 1, MinRows: 1, MaxDepth: 1, Bounded: true})
	if err != nil {
		return nil, err
	}
	defer g.Close()
	grad, hess := kernels.MakeBuffer[float32](s.rows), kernels.MakeBuffer[float32](s.rows)
	in := kernels.GradientInput{Y: kernels.NewBuffer(d.y), Scores: []*kernels.Buffer[float64]{kernels.MakeBuffer[float64](s.rows)}}
	tree := func(i int) error {
		again, err := b.QuantizeLike(bins, d.raw())
		if err != nil {
			return err
		}
		again.Close()
		if err := b.Gradients(kernels.Bernoulli, in, []*kernels.Buffer[float32]{grad}, []*kernels.Buffer[float32]{hess}); err != nil {
			return err
		}
		root, err := g.Begin(kernels.TreeInput{Tree: uint64(i), G: grad, H: hess})
		if err != nil {
			return err
		}
		splits, err := g.Level([]kernels.Node{root})
		if err != nil {
			return err
		}
		if splits[0].Feature < 0 {
			return fmt.Errorf("nothing to split")
		}
		children, err := g.Apply(splits)
		if err != nil {
			return err
		}
		values := []kernels.LeafValue{{Node: children[0].Left.ID, Value: -0.1}, {Node: children[0].Right.ID, Value: 0.1}}
		return g.Leaves(values, in.Scores[0], kernels.AllRows)
	}
	for begin := time.Now(); err == nil && time.Since(begin) < waking; {
		err = tree(0)
	}
	if err != nil {
		return nil, err
	}
	stop, err := kernels.ProfileDevice(o.device)
	if err != nil {
		return nil, err
	}
	for i := range rounds {
		if err == nil {
			err = tree(i + 1)
		}
	}
	return stop(), err
}
