package xgboost

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strconv"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels"
)

// train runs the rounds, and measures between them.
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	// Why: see package libxgboost.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b, err := newTraining(t, &p)
	if err != nil {
		return nil, err
	}
	defer b.close()
	stop := newStopper(&p)
	every := interval(&p, t)
	if err := b.measure(b.first, false); err != nil {
		return nil, err
	}
	t.Publish(b.snapshot())
	for round := b.first; round < p.NTrees; round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := b.x.Update(round, b.train); err != nil {
			return nil, explained(err)
		}
		done := round + 1
		last := done == p.NTrees || t.Late()
		if done%every == 0 || last {
			if err := b.measure(done, last); err != nil {
				return nil, err
			}
			if stop.stop(b) && !last {
				last = true
				if err := b.measure(done, true); err != nil {
					return nil, err
				}
			}
			t.Publish(b.snapshot())
		}
		t.Progress(float64(done)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", done))
		if last {
			break
		}
	}
	return b.snapshot(), nil
}

// The scores of a growing model are measured about so often: until so many rows
// have been looked at, but often enough to see where training leads.
const (
	measuredRows = 1_000_000 // where somebody waits for what is measured
	glancedRows  = 200_000   // where nobody does
	fewest       = 5         // measurements
	perRound     = 10        // measurements for each stopping round
)

// interval returns the number of rounds between two measurements.
// Why: H2O measures by the clock, which no two runs share.
func interval(p *Params, t *model.Task) int {
	switch {
	case p.EachIteration:
		return 1
	case p.TreeInterval > 0:
		return p.TreeInterval
	}
	budget, least := glancedRows, 1
	if t.Valid != nil || p.Stopping.Rounds > 0 {
		budget, least = measuredRows, fewest
	}
	times := max(least, perRound*p.Stopping.Rounds, budget/max(t.Rows(), 1))
	return (p.NTrees + times - 1) / times
}

// training is the state of one training.
type training struct {
	t        *model.Task
	p        *Params
	layout   *design.Layout
	native   []setting
	train    *libxgboost.Matrix
	valid    *libxgboost.Matrix // nil unless the library measures on it
	x        *libxgboost.Booster
	first    int // rounds that were there before
	core     core
	plant    *planter
	linear   *Linear // as far as it has been learnt; nil for trees
	backend  kernels.Backend
	sides    [2]side // training and validation
	timeline model.Timeline
}

// side is training or validation data as they are measured.
type side struct {
	data   *model.Data      // nil without validation
	scores [][]float64      // by class
	scored int              // trees in scores
	on     *metrics.Metrics // of the last full measurement
	own    float64          // of the last measurement by the library's metric
}

// newTraining hands the data to the library and sets the first scores.
func newTraining(t *model.Task, p *Params) (_ *training, err error) {
	lib, err := library()
	if err != nil {
		return nil, err
	}
	b := &training{t: t, p: p, layout: layoutOf(t.Train), timeline: model.Timeline{Started: t.Now()}}
	b.sides[0].data, b.sides[1].data = t.Train, t.Valid
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.backend, err = kernels.Open(t.Backend, t.Threads); err != nil {
		return nil, err
	}
	threads, classes := p.threads(t), len(t.Train.Domain)
	b.native = p.native(b.layout, classes, threads, t.Seed)
	b.core = core{sparse: p.DMatrixType == "sparse", link: linkOf(p.objective(classes)), family: t.Family, rounds: -1}
	if b.train, err = b.matrix(t.Train, threads); err != nil {
		return nil, err
	}
	known := []*libxgboost.Matrix{b.train}
	if t.Valid != nil && p.EvalMetric != "" {
		if b.valid, err = b.matrix(t.Valid, threads); err != nil {
			return nil, err
		}
		known = append(known, b.valid)
	}
	settings := sent(b.native, lib.Version)
	if kept, _ := p.histograms(b.layout, int64(t.Train.Rows)); kept > 0 && p.Backend != "gpu" { // versions before 2.0 do not look at it
		settings = append(settings, [2]string{"max_cached_hist_node", strconv.FormatInt(min(kept, math.MaxUint16), 10)})
	}
	if b.x, err = libxgboost.NewBooster(settings, known...); err != nil {
		return nil, explained(err)
	}
	if c, ok := t.Continue.(trained); ok {
		if err := b.resume(c, settings); err != nil {
			return nil, err
		}
	}
	b.plant = newPlanter(b.layout, b.core.sparse)
	return b, nil
}

// resume goes on from a finished model.
func (b *training) resume(c trained, settings [][2]string) error {
	if err := b.x.Load(c.learnt().saved); err != nil {
		return explained(err)
	}
	for _, s := range settings {
		if err := b.x.Set(s[0], s[1]); err != nil {
			return explained(err)
		}
	}
	b.first = c.learnt().rounds
	b.timeline.Resume(c.Info())
	return nil
}

// matrix hands data to the library. Rows without weight are left out: they must not
// place thresholds either.
func (b *training) matrix(d *model.Data, threads int) (_ *libxgboost.Matrix, err error) {
	only := weighted(d.Weights)
	of := func(c *frame.Column) *frame.Column {
		if only == nil || c == nil {
			return c
		}
		return c.Gather(only)
	}
	cols := make([]*frame.Column, len(d.Columns))
	for i, c := range d.Columns {
		cols[i] = of(c)
	}
	var m *libxgboost.Matrix
	if b.core.sparse {
		s := b.layout.Sparse(cols, threads)
		m, err = libxgboost.CSR(s.Indptr, s.Indices, s.Values, s.Columns, threads)
	} else {
		m, err = libxgboost.Columns(b.layout.Dense(cols, threads), threads)
	}
	if err != nil {
		return nil, explained(err)
	}
	for _, f := range []struct {
		name string
		col  *frame.Column
	}{{"label", of(d.Response)}, {"weight", of(d.Weights)}, {"base_margin", of(d.Offset)}} {
		if f.col == nil {
			continue
		}
		if err := m.Set(f.name, narrow(f.col)); err != nil {
			m.Close()
			return nil, explained(err)
		}
	}
	return m, nil
}

// weighted lists the rows that have a weight; nil stands for all.
func weighted(weights *frame.Column) []int {
	if weights == nil || weights.Stats().Zeros == 0 {
		return nil
	}
	rows := make([]int, 0, weights.Len())
	for i, w := range weights.Floats(0, weights.Len(), nil) {
		if w != 0 {
			rows = append(rows, i)
		}
	}
	return rows
}

func narrow(c *frame.Column) []float32 {
	out := make([]float32, c.Len())
	for i, v := range c.Floats(0, c.Len(), nil) {
		out[i] = design.Single(v)
	}
	return out
}
