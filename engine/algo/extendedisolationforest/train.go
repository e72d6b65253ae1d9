package extendedisolationforest

import (
	"context"
	"fmt"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/kernels/par"
)

// train grows the trees, as many at a time as there are threads (Hariri, Kind and
// Brunner 2019, algorithm 1).
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	b := &builder{
		t: t, p: &p, forest: &forest{K: p.ExtensionLevel + 1}, timeline: model.Timeline{Started: t.Now()},
		onTrain: metrics.Detect(nil, nil, nil, metrics.Options{}),
	}
	every := p.NTrees
	if !p.DisableTrainingMetrics {
		every = p.Every(p.NTrees, t.Train.Rows, 0)
		b.record(0)
	}
	for step := 0; step < p.NTrees; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := min(par.Threads(t.Threads), every-step%every, p.NTrees-step)
		b.grow(step, batch)
		step += batch
		if step%every == 0 || step == p.NTrees {
			if err := b.measure(ctx); err != nil {
				return nil, err
			}
			if !p.DisableTrainingMetrics {
				b.record(step)
			}
			t.Publish(b.snapshot())
		}
		t.Progress(float64(step)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", step))
	}
	return b.snapshot(), ctx.Err()
}

// builder is the state of one training.
type builder struct {
	t        *model.Task
	p        *Params
	forest   *forest
	scored   int       // trees that total holds
	total    []float64 // length of path of the training rows, over all trees
	onTrain  *metrics.Metrics
	timeline model.Timeline
}

// grow adds trees from number first on.
func (b *builder) grow(first, trees int) {
	grown := make([]*forest, trees)
	par.Do(b.t.Threads, trees, func(i int) {
		id, d := uint64(first+i), b.t.Train
		rows := sample(&stream{seed: b.t.Seed, tree: id, purpose: drawSample}, d.Rows, b.p.SampleSize)
		x := make([][]float64, len(d.Columns))
		for j, c := range d.Columns {
			x[j] = finite(c.Gather(rows).Floats(0, len(rows), nil))
		}
		grown[i] = plant(stream{seed: b.t.Seed, tree: id, purpose: drawPlanes}, x, b.forest.K)
	})
	for _, f := range grown {
		b.forest.add(f)
	}
}

// measure scores the training rows.
func (b *builder) measure(ctx context.Context) error {
	d := b.t.Train
	if b.total == nil {
		b.total = make([]float64, d.Rows)
	}
	if err := par.ForErr(ctx, b.t.Threads, d.Rows, 16384, func(_, lo, hi int) error {
		walk(b.forest, d.Columns, lo, hi, b.scored, len(b.forest.Roots), b.total[lo:hi])
		return nil
	}); err != nil {
		return err
	}
	b.scored = len(b.forest.Roots)
	score, length := make([]float64, d.Rows), make([]float64, d.Rows)
	for i, l := range b.total {
		length[i] = l / float64(b.scored)
		score[i] = scoreOf(length[i], b.p.SampleSize)
	}
	b.onTrain = metrics.Detect(score, length, nil, metrics.Options{Threads: b.t.Threads})
	b.onTrain.Description = "Extended Isolation Forest Metrics"
	return nil
}

// walk adds the lengths of path of rows [lo, hi) to out, a few rows at a time, whose
// values stay in cache.
func walk(f *forest, cols []*frame.Column, lo, hi, from, to int, out []float64) {
	const rows = 512
	x := make([][]float64, len(cols))
	for at := lo; at < hi; at += rows {
		end := min(hi, at+rows)
		for j, c := range cols {
			x[j] = finite(c.Floats(at, end, x[j]))
		}
		f.lengths(x, from, to, out[at-lo:end-lo])
	}
}

// finite brings infinite and huge values to a size whose products with coefficients
// can be added up, in place.
func finite(v []float64) []float64 {
	const most = 1e150
	for i, x := range v {
		if x < -most || x > most {
			v[i] = max(-most, min(most, x))
		}
	}
	return v
}

// record adds an entry to the scoring history.
func (b *builder) record(step int) {
	b.timeline.Add(b.t.Now(), model.NewScored(step, b.t.Category, b.onTrain, nil))
}

// snapshot returns the model as it is now.
func (b *builder) snapshot() *Model {
	info := model.NewInfo(b.t)
	b.timeline.Show(info, "Number of Trees")
	info.Train, info.Threshold = b.onTrain, 0.5 // H2O: the threshold is never used
	m := &Model{info: info, forest: b.forest.snapshot(), sample: b.p.SampleSize}
	info.Summary = m.summary(b.p)
	return m
}
