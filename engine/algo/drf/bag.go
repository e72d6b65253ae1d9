package drf

import (
	"context"
	"runtime"
	"slices"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// bag adds up what trees say of the rows that they were not grown on.
type bag struct {
	sums []*kernels.Buffer[float64] // by tree of a step
	seen []int32                    // steps that a row is out of the bag of
}

func newBag(rows, width int) bag {
	b := bag{seen: make([]int32, rows)}
	for range width {
		b.sums = append(b.sums, kernels.MakeBuffer[float64](rows))
	}
	return b
}

// count notes one more step that was grown on the rows in in. Rows that do not
// count, where counts says so, are never seen.
func (b *bag) count(in, counts []uint8, threads int) {
	par.For(threads, len(in), par.Rows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if in[i] == 0 && (counts == nil || counts[i] != 0) {
				b.seen[i]++
			}
		}
	})
}

// resume takes up the trees and the history of a finished model, and adds up what
// its trees say of the rows that they were not grown on.
func (f *forester) resume(ctx context.Context, m *Model) error {
	f.forest = m.forest.Snapshot()
	f.samples = slices.Clone(m.samples)
	f.timeline.Resume(m.info)
	d := f.t.Train
	rows := max(16384, kernels.ScoreRows(f.backend)/f.width) // each thread has sums of so many
	codes := []int32(nil)
	if d.Domain != nil {
		codes = d.Response.Codes(0, d.Rows, nil)
	}
	for step := range m.steps() {
		in := m.Sampled(step, d.Rows, codes)
		for i, c := range f.counts {
			in[i] &= c
		}
		err := par.ForErr(ctx, f.t.Threads, d.Rows, rows, func(_, lo, hi int) error {
			out := make([][]float64, f.width)
			for k := range out {
				out[k] = make([]float64, hi-lo)
			}
			if err := f.backend.Predict(&f.forest.Forest, tree.Columns(d.Columns), lo, hi, step*f.width, (step+1)*f.width, out); err != nil {
				return err
			}
			for k := range out {
				sums := f.bag.sums[k].HostWrite()
				for i, v := range out[k] {
					if in[lo+i] == 0 {
						sums[lo+i] += v
					}
				}
			}
			return nil
		})
		runtime.KeepAlive(d)
		if err != nil {
			return err
		}
		f.bag.count(in, f.counts, f.t.Threads)
	}
	return nil
}

var _ model.Sampler = (*Model)(nil)
