package drf

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"runtime"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// train grows the forest step by step.
func train(ctx context.Context, t *model.Task, p Params) (model.Model, error) {
	f, err := newForester(ctx, t, &p)
	if err != nil {
		return nil, err
	}
	defer f.close()
	stop := model.NewStopper(p.Stopping)
	every := p.Every(p.NTrees, t.Rows(), p.Stopping.Rounds)
	first := f.steps() + 1
	for step := first; step <= p.NTrees; step++ {
		if err := f.grow(ctx, step-1); err != nil {
			return nil, err
		}
		if p.Stopping.Rounds == 0 && t.Deadline.IsZero() {
			f.forest.Reserve(p.NTrees * f.width)
		}
		late := t.Late()
		if (step-first+1)%every == 0 || step == p.NTrees || late {
			if err := f.measure(step); err != nil {
				return nil, err
			}
			if t.Valid != nil {
				late = stop.Stop(f.onValid) || late
			} else {
				late = stop.Stop(f.onTrain) || late
			}
			t.Publish(f.snapshot())
		}
		t.Progress(float64(step)/float64(p.NTrees), fmt.Sprintf("Built %d trees.", step))
		if late {
			break
		}
	}
	return f.snapshot(), nil
}

// forester is the state of one training.
type forester struct {
	t        *model.Task
	p        *Params
	width    int // trees a step
	mtries   int
	backend  kernels.Backend
	bins     []kernels.Bins   // one for each histogram rule in use
	growers  []kernels.Grower // one for each of bins
	centre   float64
	mean     []float64                  // of what each tree of a step predicts
	g        []*kernels.Buffer[float32] // first derivatives by tree of a step
	h, w     *kernels.Buffer[float32]   // second derivatives; weights, nil for ones
	codes    []int32                    // response classes, -1 where missing; nil unless sampling goes by class
	counts   []uint8                    // 1 for rows that have a response and a weight; nil for all
	rows     *kernels.Buffer[uint8]     // the sample of a step; nil until there is one
	samples  []sample
	bag      bag
	forest   *tree.Forest
	valid    [][]float64      // sums of trees for the validation rows
	scored   int              // trees already in valid
	onTrain  *metrics.Metrics // of the last measurement
	onValid  *metrics.Metrics
	timeline model.Timeline
}

// newForester quantises the data and takes up the forest that is to be continued.
func newForester(ctx context.Context, t *model.Task, p *Params) (_ *forester, err error) {
	d := t.Train
	f := &forester{t: t, p: p, width: perStep(p, t), mtries: p.columns(len(d.Columns), t.Category), forest: &tree.Forest{}, timeline: model.Timeline{Started: t.Now()}}
	if f.backend, err = kernels.Open(t.Backend, t.Threads); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	cols := tree.Columns(d.Columns)
	for _, opt := range p.Histograms(p.HistogramType) {
		bins, err := f.backend.Quantize(cols, opt)
		if err != nil {
			return nil, err
		}
		f.bins = append(f.bins, bins)
	}
	runtime.KeepAlive(d)
	f.load(d)
	for i := range f.bins {
		g, err := f.backend.NewGrower(f.bins[i], kernels.GrowerConfig{
			Seed: t.Seed, MinRows: p.MinRows, MinGain: p.MinSplitImprovement, MaxDepth: tree.Depth(p.MaxDepth), Weights: f.w,
		})
		if err != nil {
			return nil, err
		}
		f.growers = append(f.growers, g)
	}
	f.bag = newBag(d.Rows, f.width)
	if v := t.Valid; v != nil {
		for range f.width {
			f.valid = append(f.valid, make([]float64, v.Rows))
		}
	}
	f.timeline.Add(f.timeline.Started, model.Scored{})
	if t.Continue != nil {
		if err = f.resume(ctx, t.Continue.(*Model)); err != nil {
			return nil, err
		}
	}
	own := tree.Sampling{Seed: t.Seed, Rate: p.SampleRate, PerClass: p.SampleRatePerClass}
	if n := len(f.samples); n == 0 || !reflect.DeepEqual(f.samples[n-1].Sampling, own) {
		f.samples = append(f.samples, sample{f.steps(), own})
	}
	return f, nil
}

// steps returns the number of steps grown so far.
func (f *forester) steps() int { return f.forest.Trees() / f.width }

// load brings what trees predict into buffers of derivatives: the centred response,
// or 0 and 1 for classes, whose sums are exact without a centre.
func (f *forester) load(d *model.Data) {
	y := d.Response.Floats(0, d.Rows, nil)
	var w []float64
	if d.Weights != nil {
		w = d.Weights.Floats(0, d.Rows, nil)
		f.w = kernels.MakeBuffer[float32](d.Rows)
	}
	weight := func(i int) float64 {
		switch {
		case math.IsNaN(y[i]):
			return 0
		case w == nil:
			return 1
		}
		return w[i]
	}
	f.mean = make([]float64, f.width)
	f.h = kernels.MakeBuffer[float32](d.Rows)
	h := f.h.HostWrite()
	all := 0.0
	for i := range y {
		wi := weight(i)
		all += wi
		h[i] = float32(wi)
		if f.w != nil {
			f.w.HostWrite()[i] = float32(w[i])
		}
		if wi == 0 && f.counts == nil {
			f.counts = make([]uint8, d.Rows)
			for j := range i {
				f.counts[j] = 1
			}
		} else if wi > 0 && f.counts != nil {
			f.counts[i] = 1
		}
	}
	for k := range f.width {
		target := f.target(k)
		for i := range y {
			if wi := weight(i); wi > 0 {
				f.mean[k] += wi / all * target(y[i])
			}
		}
		if f.t.Category == model.Regression {
			f.centre = f.mean[0]
		}
		g := kernels.MakeBuffer[float32](d.Rows)
		host := g.HostWrite()
		for i := range y {
			if wi := weight(i); wi > 0 {
				host[i] = float32(wi * (f.centre - target(y[i])))
			}
		}
		f.g = append(f.g, g)
	}
	if len(f.p.SampleRatePerClass) > 0 {
		f.codes = d.Response.Codes(0, d.Rows, nil)
	}
}

// target returns what tree k of a step predicts: the response, or whether it is a
// class, for one tree of two classes the second.
func (f *forester) target(k int) func(y float64) float64 {
	if f.t.Category == model.Regression {
		return func(y float64) float64 { return y }
	}
	if f.width == 1 {
		k = 1
	}
	return func(y float64) float64 {
		if int(y) == k {
			return 1
		}
		return 0
	}
}

// grow adds the trees of one step, all on the same rows.
func (f *forester) grow(ctx context.Context, step int) error {
	which := tree.Histogram(f.p.HistogramType, f.t.Seed, step)
	in := f.sample(step)
	for k := range f.width {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := uint64(step*f.width + k)
		input := kernels.TreeInput{Tree: id, G: f.g[k], H: f.h, InSample: in, LevelRate: f.p.ColSampleRateChange}
		input.Features = tree.Features(f.t.Seed, id, len(f.t.Train.Columns), f.p.ColSampleRatePerTree)
		choice := len(input.Features)
		if input.Features == nil {
			choice = len(f.t.Train.Columns)
		}
		input.SplitRate = min(1, float64(f.mtries)/float64(choice))
		value := func(l tree.Leaf) float32 {
			v := f.mean[k]
			if l.Sum.H > 0 {
				v = f.centre - l.Sum.G/l.Sum.H
			}
			if f.t.Category != model.Regression {
				v = max(0, min(1, v))
			}
			return float32(v)
		}
		tr, err := tree.Grow(f.growers[which], input, tree.Growth{MaxDepth: tree.Depth(f.p.MaxDepth), Value: value, Scores: f.bag.sums[k], Which: kernels.OutsideRows})
		if err != nil {
			return err
		}
		f.forest.Add(tr, f.bins[which], k)
	}
	if in != nil {
		f.bag.count(in.Host(), f.counts, f.t.Threads)
	}
	return nil
}

// sample draws the rows of a step, until the next one; nil stands for all.
func (f *forester) sample(step int) *kernels.Buffer[uint8] {
	s := &f.samples[len(f.samples)-1].Sampling
	if s.Whole() {
		if f.counts != nil && f.rows == nil {
			f.rows = kernels.NewBuffer(f.counts)
		}
		return f.rows
	}
	if f.rows == nil {
		f.rows = kernels.MakeBuffer[uint8](f.t.Train.Rows)
	}
	in := f.rows.HostWrite()
	s.Draw(uint64(step), in, f.t.Threads, func(i int) int { return int(f.codes[i]) })
	for i, c := range f.counts {
		in[i] &= c
	}
	return f.rows
}

// measure adds an entry to the scoring history.
func (f *forester) measure(step int) error {
	sums, err := tree.Scores(f.bag.sums)
	if err != nil {
		return err
	}
	for _, g := range f.growers {
		g.Rest()
	}
	f.onTrain = f.t.MeasureBy(f.t.Train, f.respond(sums, func(i int) float64 { return float64(f.bag.seen[i]) }))
	f.onTrain.Description = "Metrics reported on Out-Of-Bag training samples"
	if v := f.t.Valid; v != nil {
		if err := f.forest.ScoreAll(f.backend, f.t.Threads, v.Columns, f.scored, f.valid); err != nil {
			return err
		}
		f.scored = f.forest.Trees()
		f.onValid = f.t.MeasureBy(v, f.respond(f.valid, func(int) float64 { return float64(step) }))
		f.onValid.Description = "Validation metrics"
	}
	f.timeline.Add(f.t.Now(), model.NewScored(step, f.t.Category, f.onTrain, f.onValid))
	return nil
}

// respond returns what turns rows of sums into predictions.
func (f *forester) respond(sums [][]float64, trees func(row int) float64) func(lo, hi int, dst [][]float64) {
	return func(lo, hi int, dst [][]float64) {
		respond(f.t.Category, par.Part(sums, lo, hi), func(i int) float64 { return trees(lo + i) }, dst)
	}
}

// snapshot returns the model as it is now.
func (f *forester) snapshot() *Model {
	info := model.NewInfo(f.t)
	f.timeline.Show(info, "Number of Trees")
	info.Numbers = map[string]float64{"init_f": 0}
	info.Summary = f.forest.Summary()
	info.Train, info.Valid = f.onTrain, f.onValid
	info.SetThreshold(info.Train)
	info.SetThreshold(info.Valid)
	m := &Model{info: info, forest: f.forest.Snapshot(), width: f.width, samples: f.samples}
	info.Importance = model.ImportanceTable(m.Importances())
	return m
}

// close gives back what the kernels hold.
func (f *forester) close() {
	for _, g := range f.growers {
		g.Close()
	}
	for _, b := range f.bins {
		b.Close()
	}
	for _, g := range append(f.g, f.h, f.w) {
		g.Close()
	}
	f.rows.Close()
	for _, s := range f.bag.sums {
		s.Close()
	}
	if f.backend != nil {
		f.backend.Close() //nolint:errcheck // memory goes either way
	}
}
