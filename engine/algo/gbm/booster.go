package gbm

import (
	"math"
	"runtime"
	"slices"

	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// booster is the state of one training.
type booster struct {
	t       *model.Task
	p       *Params
	family  dist.Family
	link    bool // the link is not the identity
	backend kernels.Backend
	bins    []kernels.Bins   // one for each histogram rule in use
	growers []kernels.Grower // one for each of bins
	// in holds the response less center and the scores less center, so that a response
	// far from 0 keeps its digits in 32 bits.
	in       kernels.GradientInput
	center   float64
	g, h     []*kernels.Buffer[float32] // derivatives by class; those of the first are the grower's
	counts   []uint8                    // 1 for rows that have a response and a weight; nil for all
	rows     *kernels.Buffer[uint8]     // the sample of a step; nil until there is one
	sign     []int8                     // monotone constraints by column; nil for none
	forest   *tree.Forest
	done     int // steps
	samples  []sampling
	init     float64
	valid    []*kernels.Buffer[float64] // scores of the validation rows by class
	scored   int                        // trees already in valid
	residual []float64                  // scratch: of a leaf's rows, with their weights
	weight   []float64
	onTrain  *metrics.Metrics // of the last measurement
	onValid  *metrics.Metrics
	timeline model.Timeline
}

// newBooster quantises the data and sets the first scores: those of the model to be
// continued, where there is one.
func newBooster(t *model.Task, p *Params) (_ *booster, err error) {
	d := t.Train
	b := &booster{t: t, p: p, forest: &tree.Forest{}, timeline: model.Timeline{Started: t.Now()}, family: p.family(len(d.Domain)), sign: signs(p, d)}
	if b.backend, err = kernels.Open(t.Backend, t.Threads); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	b.load(d)
	cols := tree.Columns(d.Columns)
	for _, opt := range p.Histograms(p.HistogramType) {
		bins, err := b.backend.Quantize(cols, opt)
		if err != nil {
			return nil, err
		}
		b.bins = append(b.bins, bins)
	}
	runtime.KeepAlive(d)
	for i := range b.bins {
		g, err := b.backend.NewGrower(b.bins[i], b.config())
		if err != nil {
			return nil, err
		}
		b.growers = append(b.growers, g)
	}
	if v := t.Valid; v != nil {
		b.valid = b.start(v, 0)
	}
	if from, ok := t.Continue.(*Model); ok {
		if err := b.resume(from); err != nil {
			return nil, err
		}
	}
	b.samples = append(b.samples, sampling{From: b.done, Sampling: b.sampling()})
	return b, nil
}

// leastInformation is the least sum of h = p(1-p) in a leaf of classes: the Newton step of
// such a leaf has a standard error of 1. DESIGN.md has the measurements.
const leastInformation = 1

// config returns what all trees share.
func (b *booster) config() kernels.GrowerConfig {
	c := kernels.GrowerConfig{
		Seed: b.t.Seed, MinRows: b.p.MinRows, MinGain: b.p.MinSplitImprovement,
		MaxDepth: tree.Depth(b.p.MaxDepth), Weights: b.in.W, Bounded: b.family.Bounded(), Monotone: b.sign,
	}
	if c.Bounded {
		c.MinH = leastInformation
	}
	for _, set := range b.p.InteractionConstr {
		allowed := []int32{}
		for _, name := range set {
			if j := slices.Index(b.t.Train.Names, name); j >= 0 {
				allowed = append(allowed, int32(j))
			}
		}
		c.Allowed = append(c.Allowed, allowed)
	}
	return c
}

// signs returns the monotone constraints by column, nil for none.
func signs(p *Params, d *model.Data) []int8 {
	var out []int8
	for _, c := range p.MonotoneConstraints {
		j := slices.Index(d.Names, c.Key)
		if j < 0 || c.Value == 0 {
			continue
		}
		if out == nil {
			out = make([]int8, len(d.Names))
		}
		out[j] = 1
		if c.Value < 0 {
			out[j] = -1
		}
	}
	return out
}

// load brings response, weights and first scores into buffers.
func (b *booster) load(d *model.Data) {
	b.init = b.first(d)
	if b.link = b.family.LinkInv(0) != 0 || d.Domain != nil; !b.link {
		b.center = b.init
	}
	b.in.Y = narrow(b.t.Threads, d.Response, b.center)
	if d.Weights != nil {
		b.in.W = narrow(b.t.Threads, d.Weights, 0)
	}
	b.in.Scores = b.start(d, b.center)
	b.g, b.h = make([]*kernels.Buffer[float32], len(b.in.Scores)), make([]*kernels.Buffer[float32], len(b.in.Scores))
	for c := range b.g[1:] {
		b.g[c+1], b.h[c+1] = kernels.MakeBuffer[float32](d.Rows), kernels.MakeBuffer[float32](d.Rows)
	}
	y := b.in.Y.Host()
	for i := range y {
		if math.IsNaN(float64(y[i])) || b.in.W != nil && b.in.W.Host()[i] == 0 {
			if b.counts == nil {
				b.counts = slices.Repeat([]uint8{1}, d.Rows)
			}
			b.counts[i] = 0
		}
	}
}

// first returns the score before the first tree.
func (b *booster) first(d *model.Data) float64 {
	if from, ok := b.t.Continue.(*Model); ok {
		return from.init
	}
	var w, o []float64
	if d.Weights != nil {
		w = d.Weights.Floats(0, d.Rows, nil)
	}
	if d.Offset != nil {
		o = d.Offset.Floats(0, d.Rows, nil)
	}
	return b.family.Init(d.Response.Floats(0, d.Rows, nil), w, o)
}

// start returns the scores before the first tree less center, by class.
func (b *booster) start(d *model.Data, center float64) []*kernels.Buffer[float64] {
	scores := make([]*kernels.Buffer[float64], width(len(d.Domain)))
	for c := range scores {
		scores[c] = kernels.MakeBuffer[float64](d.Rows)
		s := scores[c].HostWrite()
		if d.Offset != nil {
			d.Offset.Floats(0, d.Rows, s)
		}
		for i := range s {
			s[i] += b.init - center
		}
	}
	return scores
}

// width returns the number of scores of a response of so many classes.
func width(classes int) int {
	if classes > 2 {
		return classes
	}
	return 1
}

// narrow returns the values of a column less center in 32 bits.
func narrow(threads int, c *frame.Column, center float64) *kernels.Buffer[float32] {
	b := kernels.MakeBuffer[float32](c.Len())
	out := b.HostWrite()
	par.For(threads, len(out), par.Rows, func(_, lo, hi int) {
		for i, v := range c.Floats(lo, hi, nil) {
			out[lo+i] = float32(v - center)
		}
	})
	return b
}

// sampling returns how rows are drawn; without a seed where all are taken.
func (b *booster) sampling() tree.Sampling {
	s := tree.Sampling{Seed: b.t.Seed, Rate: b.p.SampleRate, PerClass: b.p.SampleRatePerClass}
	if s.Whole() {
		return tree.Sampling{Rate: 1}
	}
	return s
}

// close gives back what the kernels hold.
func (b *booster) close() {
	for _, g := range b.growers {
		g.Close()
	}
	for _, x := range b.bins {
		x.Close()
	}
	b.in.Y.Close()
	b.in.W.Close()
	b.rows.Close()
	for _, s := range slices.Concat(b.in.Scores, b.valid) {
		s.Close()
	}
	if len(b.g) > 0 {
		for c := range b.g[1:] {
			b.g[c+1].Close()
			b.h[c+1].Close()
		}
	}
	if b.backend != nil {
		b.backend.Close() //nolint:errcheck // memory goes either way
	}
}
